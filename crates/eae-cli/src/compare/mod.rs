//! The parts of `eae compare`: rows as they are written, what a trained model is judged by, the
//! table.

mod curves;
mod report;
mod row;

pub(crate) use curves::draw;
pub(crate) use report::{Report, RowScores};
pub(crate) use row::{ROWS, Row};
