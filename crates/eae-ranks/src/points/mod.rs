//! Points that lie on several ranks.

mod bounds;
mod exchange;
mod held;
mod partition;
mod rows;

pub(crate) use bounds::Boxes;
pub(crate) use exchange::{exchange, send_home};
pub(crate) use held::{Points, PointsAside, samples};
pub use partition::Partition;
pub(crate) use partition::SAMPLE;
pub(crate) use rows::spread;
pub use rows::{Array, Rows, row_range};
