//! The parts of `eae compare`: rows, curves and the table.

mod curves;
mod report;
mod row;

pub(crate) use curves::draw;
pub(crate) use report::{Report, RowScores};
pub(crate) use row::{ROWS, Row};
