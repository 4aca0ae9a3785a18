//! Neighbors of points that lie on several ranks.

mod counts;
mod neighbors;
mod pending;
mod questions;

pub(crate) use counts::{Balls, count};
pub use neighbors::Search;
pub(crate) use neighbors::check_k;
pub use questions::Asked;
