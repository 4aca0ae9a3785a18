//! Rows of the last steps, the newest in place of the oldest, in the order in which `eae` keeps them.

use nn_layers::Weights;

use super::Word;
use super::state::ReadError;
use crate::{Gpu, GpuMatrix, Result};

/// Far from everything, and its square is a number: rows that are not there yet are nobody's neighbours.
const NOWHERE: f32 = 1e15;

#[derive(Debug)]
pub(super) struct Ring {
    /// Behind as many rows as are searched with them.
    all: GpuMatrix,
    rows: GpuMatrix,
    /// The word of a step that says where the next go.
    word: Word,
    /// Rows that have been kept so far.
    kept: usize,
}

impl Ring {
    /// Of at most so many rows, behind `before` others.
    pub(super) fn new(gpu: &Gpu, before: usize, most: usize, columns: usize, word: Word) -> Result<Self> {
        let all = gpu.matrix(before + most, columns)?;
        let rows = all.part(before * columns, most, columns);
        let ring = Self { all, rows, word, kept: 0 };
        ring.fill(&[])?;
        Ok(ring)
    }

    fn fill(&self, numbers: &[f32]) -> Result<()> {
        let mut all = vec![NOWHERE; self.most() * self.columns()];
        all[..numbers.len()].copy_from_slice(numbers);
        self.rows.write(&all)
    }

    /// They, and the rows before them.
    pub(super) fn all(&self) -> &GpuMatrix {
        &self.all
    }

    pub(super) fn rows(&self) -> &GpuMatrix {
        &self.rows
    }

    pub(super) fn word(&self) -> Word {
        self.word
    }

    pub(super) fn most(&self) -> usize {
        self.rows.shape()[0]
    }

    fn columns(&self) -> usize {
        self.rows.shape()[1]
    }

    /// Rows that are there.
    pub(super) fn len(&self) -> usize {
        self.kept.min(self.most())
    }

    /// Rows that will be there with so many more.
    pub(super) fn len_with(&self, rows: usize) -> usize {
        (self.kept + rows.min(self.most())).min(self.most())
    }

    /// Where the next go, in numbers.
    pub(super) fn at(&self) -> u32 {
        (self.kept % self.most() * self.columns()) as u32
    }

    /// So many have been kept; of more than there is room for the first.
    pub(super) fn keep(&mut self, rows: usize) {
        self.kept += rows.min(self.most());
        // So that it does not grow for ever.
        if self.kept >= 2 * self.most() {
            self.kept -= self.most();
        }
    }

    /// Puts the rows under a name, and the place of the next.
    pub(super) fn write(&self, name: &str, weights: &mut Weights) -> Result<()> {
        if self.kept > 0 {
            let (rows, columns) = (self.len(), self.columns());
            let read = self.rows.part(0, rows, columns).read()?;
            weights.insert(name, &read.into_dyn());
            let next = if self.kept < self.most() { 0 } else { self.kept % self.most() };
            weights.insert_count(format!("{name}.next"), next as u64);
        }
        Ok(())
    }

    /// Takes them from there, if they are there.
    pub(super) fn read(&mut self, name: &str, weights: &Weights) -> std::result::Result<(), ReadError> {
        self.kept = 0;
        let Some(shape) = weights.shape(name) else {
            return Ok(self.fill(&[])?);
        };
        let wrong = |problem: String| ReadError::Bank(format!("`{name}` {problem}"));
        let &[rows, columns] = shape else {
            return Err(wrong(format!("has shape {shape:?}, it must be rows")));
        };
        if rows == 0 || rows > self.most() || columns != self.columns() {
            let expected = [self.most(), self.columns()];
            return Err(wrong(format!("has shape {shape:?}, and there is room for {expected:?}")));
        }
        let next = weights.get_count(&format!("{name}.next"))? as usize;
        if next >= rows || (next > 0 && rows < self.most()) {
            return Err(wrong(format!("has {rows} rows, and the next to go is said to be {next}")));
        }
        let numbers = weights.get::<f32>(name, shape)?;
        self.fill(numbers.as_standard_layout().as_slice().expect("in memory order"))?;
        self.kept = rows + next;
        Ok(())
    }
}
