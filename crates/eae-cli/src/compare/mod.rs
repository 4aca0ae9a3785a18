//! The parts of `eae compare`: rows as they are written, what a trained model is judged by, the table.

mod curves;
mod report;
mod row;
mod scores;

pub(crate) use curves::draw;
pub(crate) use report::{Report, RowScores};
pub(crate) use row::{ROWS, Row};
pub(crate) use scores::{Judge, Scores, first, flat};
