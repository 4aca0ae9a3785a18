//! The parts of `eae compare`: rows, curves and the table.

mod curves;
mod finished;
mod report;
mod row;

pub(crate) use curves::draw;
pub(crate) use finished::{Finished, SCORES, Trained};
pub(crate) use report::{Report, RowScores};
pub(crate) use row::{ROWS, Row};
