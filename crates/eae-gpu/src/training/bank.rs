//! A memory bank on the device: rows of recent steps, where the newest replace the oldest, in the
//! order of [`Bank`].

use eae::objective::Bank;

use super::kernels::{Small, run};
use super::words::Word;
use crate::device::Recording;
use crate::{Error, Gpu, GpuMatrix, Result};

/// Coordinate of rows that are not filled yet. They are so far away that they are never neighbors,
/// but the square is finite.
const NOWHERE: f32 = 1e15;

#[derive(Debug)]
pub(super) struct GpuBank {
    /// The rows, preceded by the rows that are searched together with them.
    all: GpuMatrix,
    rows: GpuMatrix,
    /// The rows that the last step replaced, in case it fails.
    replaced: GpuMatrix,
    /// The word of a step with the index of the next rows.
    word: Word,
    /// Number of rows that have been stored so far.
    kept: usize,
}

impl GpuBank {
    /// Creates a bank of at most `most` rows, of which a step adds at most `new`, preceded by
    /// `before` other rows.
    pub(super) fn new(gpu: &Gpu, before: usize, most: usize, new: usize, columns: usize, word: Word) -> Result<Self> {
        let all = gpu.matrix(before + most, columns)?;
        let rows = all.part(before * columns, most, columns);
        let replaced = gpu.zeros(new.min(most), columns)?;
        let bank = Self { all, rows, replaced, word, kept: 0 };
        bank.fill(&[])?;
        Ok(bank)
    }

    fn fill(&self, numbers: &[f32]) -> Result<()> {
        let mut all = vec![NOWHERE; self.most() * self.columns()];
        all[..numbers.len()].copy_from_slice(numbers);
        self.rows.write(&all)
    }

    /// Returns the rows with those before them.
    pub(super) fn all(&self) -> &GpuMatrix {
        &self.all
    }

    pub(super) fn rows(&self) -> &GpuMatrix {
        &self.rows
    }

    pub(super) fn replaced(&self) -> &GpuMatrix {
        &self.replaced
    }

    pub(super) fn word(&self) -> Word {
        self.word
    }

    pub(super) fn most(&self) -> usize {
        self.rows.shape()[0]
    }

    pub(super) fn columns(&self) -> usize {
        self.rows.shape()[1]
    }

    /// Returns the number of filled rows.
    pub(super) fn len(&self) -> usize {
        self.kept.min(self.most())
    }

    /// Returns the number of filled rows after the next step.
    pub(super) fn len_with_next(&self) -> usize {
        (self.kept + self.replaced.shape()[0]).min(self.most())
    }

    /// Returns the place of the next step's rows, in entries.
    pub(super) fn at(&self) -> u32 {
        (self.kept % self.most() * self.columns()) as u32
    }

    /// Counts the rows of a step that was made.
    pub(super) fn keep(&mut self) {
        self.kept += self.replaced.shape()[0];
        // Reset the counter so that it does not grow forever.
        if self.kept >= 2 * self.most() {
            self.kept -= self.most();
        }
    }

    /// Records the copy of the rows that a step replaced back to their places.
    pub(super) fn undo(&self, recording: &mut Recording<'_>, step: &GpuMatrix) -> Result<()> {
        let ([rows, columns], most) = (self.replaced.shape(), self.most() * self.columns());
        let numbers = rows * columns;
        let words = [numbers as u32, most as u32, self.word as u32, 0, self.rows.bind().1];
        run(recording, Small::Copy, &[&self.replaced, step, &self.rows], &words, numbers.div_ceil(256))
    }

    /// Downloads the rows and the index of the oldest.
    pub(super) fn read(&self) -> Result<Bank<f32>> {
        if self.kept == 0 {
            return Ok(Bank::default());
        }
        let next = if self.kept < self.most() { 0 } else { self.kept % self.most() };
        Ok(Bank::new(self.rows.part(0, self.len(), self.columns()).read()?, next))
    }

    /// # Errors
    ///
    /// If the rows do not fit this bank.
    pub(super) fn check(&self, name: &str, bank: &Bank<f32>) -> Result<()> {
        let (rows, columns) = bank.view().dim();
        let fits = rows <= self.most() && columns == self.columns() && (bank.next() == 0 || rows == self.most());
        if rows == 0 || fits {
            return Ok(());
        }
        let (most, expected) = (self.most(), self.columns());
        Err(Error::Shape(format!(
            "the bank of {name} has {rows} rows of {columns}; expected at most {most} rows of {expected}: train on the CPU"
        )))
    }

    /// Uploads the rows of a bank that was checked.
    pub(super) fn write(&mut self, bank: &Bank<f32>) -> Result<()> {
        self.fill(bank.view().as_standard_layout().as_slice().expect("in memory order"))?;
        self.kept = bank.view().nrows() + bank.next();
        Ok(())
    }
}
