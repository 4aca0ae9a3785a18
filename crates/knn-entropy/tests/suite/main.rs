//! Tests of the public API. To judge whether the estimates can be trusted, start with
//! `convergence`.

mod consistency;
mod convergence;
mod degenerate;
mod exact;
mod gradients;
mod hostile;
mod invariance;
mod jensen_shannon;
mod neighbors;
mod nonuniform;
mod published;
mod reference;
mod series;
mod surrogates;
mod ties;
mod windows;

#[path = "../support/everything.rs"]
mod everything;
#[path = "../support/samples.rs"]
mod samples;

use samples::{autoregression, normal};
