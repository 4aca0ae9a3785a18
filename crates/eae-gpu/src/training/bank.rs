//! A memory bank on the device: rows of the last steps, the newest in place of the oldest, in the
//! order of [`Bank`].

use eae::objective::Bank;

use super::words::Word;
use crate::{Error, Gpu, GpuMatrix, Result};

/// Far from everything, and its square is a number: rows that are not there yet are nobody's
/// neighbors.
const NOWHERE: f32 = 1e15;

#[derive(Debug)]
pub(super) struct GpuBank {
    /// The rows behind as many others as are searched with them.
    all: GpuMatrix,
    rows: GpuMatrix,
    /// The rows that the last step replaced, should it fail.
    replaced: GpuMatrix,
    /// The word of a step that says where the next go.
    word: Word,
    /// Rows that have been kept so far.
    kept: usize,
}

impl GpuBank {
    /// A bank of at most `most` rows, of which a step brings at most `new`, behind `before` others.
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

    /// The rows, and those before them.
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

    /// Rows that are there.
    pub(super) fn len(&self) -> usize {
        self.kept.min(self.most())
    }

    /// Rows that are there with those of the next step.
    pub(super) fn len_with_next(&self) -> usize {
        (self.kept + self.replaced.shape()[0]).min(self.most())
    }

    /// The place of the next step's rows, in numbers.
    pub(super) fn at(&self) -> u32 {
        (self.kept % self.most() * self.columns()) as u32
    }

    /// Counts the rows of a step that was made.
    pub(super) fn keep(&mut self) {
        self.kept += self.replaced.shape()[0];
        // So that it does not grow for ever.
        if self.kept >= 2 * self.most() {
            self.kept -= self.most();
        }
    }

    /// The rows, and which is the oldest.
    pub(super) fn read(&self) -> Result<Bank<f32>> {
        if self.kept == 0 {
            return Ok(Bank::default());
        }
        let next = if self.kept < self.most() { 0 } else { self.kept % self.most() };
        Ok(Bank::new(self.rows.part(0, self.len(), self.columns()).read()?, next))
    }

    /// # Errors
    ///
    /// If the rows are not those of such a bank.
    pub(super) fn check(&self, name: &str, bank: &Bank<f32>) -> Result<()> {
        let (rows, columns) = bank.view().dim();
        let fits = rows <= self.most() && columns == self.columns() && (bank.next() == 0 || rows == self.most());
        if rows == 0 || fits {
            return Ok(());
        }
        let (most, expected) = (self.most(), self.columns());
        Err(Error::Shape(format!(
            "the bank of {name} is of {rows} rows of {columns}, expected at most {most} of {expected}; train on the CPU"
        )))
    }

    /// Takes the rows of a bank that was checked.
    pub(super) fn write(&mut self, bank: &Bank<f32>) -> Result<()> {
        self.fill(bank.view().as_standard_layout().as_slice().expect("in memory order"))?;
        self.kept = bank.view().nrows() + bank.next();
        Ok(())
    }
}
