//! What the crate promises, seen from outside. Whoever wants to know whether to trust it should
//! begin with `convergence`.

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
