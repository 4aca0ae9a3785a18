//! Estimators of differential entropy.

mod kozachenko_leonenko;

pub use kozachenko_leonenko::{ClosePoints, KozachenkoLeonenko};
