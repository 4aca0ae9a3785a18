use std::mem;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Ix2, Slice};
use nn_layers::{Weights, WeightsError};
use rand_chacha::ChaCha8Rng;

use super::Critic;
use crate::Float;
use crate::normal::chi_quantiles;

/// The memory of an objective from one step to the next.
#[derive(Debug, Clone, Default)]
pub struct Banks<F: Float> {
    /// Codes of previous steps.
    pub codes: Bank<F>,
    /// Features of the images of previous steps: the outputs of the encoder's trunk.
    pub features: Bank<F>,
    /// Features of the decoded draws of previous steps.
    pub draws: Bank<F>,
    /// The critic of decoded draws, from the first step that needs it.
    pub critic: Option<Critic<F>>,
    /// True if the current step created the critic.
    new_critic: bool,
    /// The most recently requested dimension, and its quantiles.
    quantiles: (usize, Vec<f64>),
}

impl<F: Float> Banks<F> {
    /// Returns the quantiles of the distance from the origin for `n` codes in `d` dimensions. They
    /// are cached from one step to the next.
    pub fn chi_quantiles(&mut self, d: usize, n: usize) -> &[f64] {
        if self.quantiles.0 != d || self.quantiles.1.len() != n {
            self.quantiles = (d, chi_quantiles(d, n));
        }
        &self.quantiles.1
    }
}

impl<F: Float> Banks<F> {
    /// Returns the critic, for rows of this many features, and creates it if there is none yet.
    pub(super) fn critic_of(&mut self, features: usize, draws: &ChaCha8Rng) -> &mut Critic<F> {
        self.new_critic |= self.critic.is_none();
        self.critic.get_or_insert_with(|| Critic::new(features, draws))
    }

    /// Returns the banks of another tape, which computes another part of the batch. That tape needs
    /// only the critic.
    pub(crate) fn beside(&self) -> Self {
        Self { critic: self.critic.clone(), ..Self::default() }
    }

    /// Begins a step. Previous steps can no longer be undone.
    pub(crate) fn begin(&mut self) {
        self.new_critic = false;
        for bank in [&mut self.codes, &mut self.features, &mut self.draws] {
            bank.undo.before = None;
        }
    }

    /// Restores the rows from before the current step. The critic has not been trained yet.
    pub(crate) fn undo(&mut self) {
        if self.new_critic {
            self.critic = None;
        }
        for bank in [&mut self.codes, &mut self.features, &mut self.draws] {
            bank.undo();
        }
    }
}

/// A memory bank: the rows of recent steps, where the newest replace the oldest.
#[derive(Debug, Clone, Default)]
pub struct Bank<F> {
    rows: Array2<F>,
    next: usize,
    undo: Undo<F>,
}

/// The information needed to undo the last [`Bank::keep`].
#[derive(Debug, Clone, Default)]
struct Undo<F> {
    /// The previous number of rows, and the previous index of the next row.
    before: Option<(usize, usize)>,
    /// The replaced rows, from that index on.
    replaced: Vec<F>,
    /// All rows, if the bank was emptied first.
    emptied: Option<Array2<F>>,
}

impl<F: Float> Bank<F> {
    /// Creates a bank of these rows, of which row `next` is the oldest.
    ///
    /// # Panics
    ///
    /// If row `next` does not exist, unless there are no rows and `next` is 0.
    pub fn new(rows: Array2<F>, next: usize) -> Self {
        assert!(next < rows.nrows().max(1), "`next` is {next} but there are {} rows", rows.nrows());
        Self { rows, next, undo: Undo::default() }
    }

    /// Returns the rows in the order of storage.
    pub fn view(&self) -> ArrayView2<'_, F> {
        self.rows.view()
    }

    /// Returns the index of the oldest row, which is replaced next once the bank is full.
    pub fn next(&self) -> usize {
        self.next
    }

    /// Adds the rows to `weights` under `name`, if there are any.
    pub(crate) fn write(&self, name: &str, weights: &mut Weights) {
        if !self.rows.is_empty() {
            weights.insert(name, &self.rows.to_owned().into_dyn());
            weights.insert_count(format!("{name}.next"), self.next as u64);
        }
    }

    /// Reads the rows, with this number of columns, from `weights`. If they are absent, the bank is
    /// empty.
    pub(crate) fn read(name: &str, weights: &Weights, columns: usize) -> Result<Self, WeightsError> {
        let Some(shape) = weights.shape(name) else { return Ok(Self::default()) };
        let rows = weights.get(name, &[shape.first().copied().unwrap_or(0), columns])?;
        let rows = rows.into_dimensionality::<Ix2>().expect("two axes were asked for");
        let next = weights.get_count_below(&format!("{name}.next"), rows.nrows() as u64)?;
        Ok(Self::new(rows, next as usize))
    }

    /// Adds the rows of `new`. The bank holds at most `most` rows.
    pub(super) fn keep(&mut self, new: ArrayView2<'_, F>, most: usize) {
        self.undo.before = Some((self.rows.nrows(), self.next));
        self.undo.replaced.clear();
        self.undo.emptied = None;
        if self.rows.ncols() != new.ncols() || self.rows.nrows() > most {
            let all = mem::replace(&mut self.rows, Array2::zeros((0, new.ncols())));
            (self.undo.emptied, self.next) = (Some(all), 0);
        }
        for row in new.rows().into_iter().take(most) {
            if self.rows.nrows() < most {
                self.rows.push(Axis(0), row).expect("as many numbers");
            } else {
                let mut oldest = self.rows.row_mut(self.next);
                self.undo.replaced.extend(&oldest);
                oldest.assign(&row);
                self.next = (self.next + 1) % most;
            }
        }
    }

    /// Undoes the last [`keep`](Bank::keep) if it belongs to the current step.
    fn undo(&mut self) {
        let Some((rows, next)) = self.undo.before.take() else { return };
        self.next = next;
        if let Some(all) = self.undo.emptied.take() {
            self.rows = all;
            return;
        }
        let (count, columns) = self.rows.dim();
        for (i, row) in self.undo.replaced.chunks_exact(columns.max(1)).enumerate() {
            self.rows.row_mut((next + i) % count).assign(&ArrayView1::from(row));
        }
        if rows < count {
            self.rows = self.rows.slice_axis(Axis(0), Slice::from(..rows)).to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_rows_are_kept() {
        let mut bank = Bank::default();
        let rows = |from: usize| Array2::from_shape_fn((3, 2), |(i, j)| (10 * (from + i) + j) as f64);
        for from in [0, 3, 6] {
            bank.keep(rows(from).view(), 5);
        }
        let mut firsts: Vec<f64> = bank.view().column(0).to_vec();
        firsts.sort_by(f64::total_cmp);
        assert_eq!(firsts, [40.0, 50.0, 60.0, 70.0, 80.0]);
        bank.keep(rows(0).view(), 0);
        assert_eq!(bank.view().dim(), (0, 2));
    }

    #[test]
    fn a_step_can_be_undone_once() {
        let rows = |from: usize| Array2::from_shape_fn((3, 2), |(i, j)| (10 * (from + i) + j) as f64);
        // Empty, filled by the step, full and wrapped around, and emptied because the size has
        // changed.
        for (kept, most) in [(0, 5), (1, 5), (2, 5), (3, 5), (2, 4)] {
            let mut banks = Banks::default();
            (0..kept).for_each(|step| banks.codes.keep(rows(3 * step).view(), 5));
            let (before, next) = (banks.codes.view().to_owned(), banks.codes.next());
            banks.begin();
            banks.codes.keep(rows(90).view(), most);
            assert_ne!(banks.codes.view(), before);
            for _ in 0..2 {
                banks.undo();
                assert_eq!((banks.codes.view(), banks.codes.next()), (before.view(), next), "{kept}, {most}");
            }
        }
    }

    #[test]
    fn quantiles_match_the_request() {
        let mut banks = Banks::<f64>::default();
        for (d, n) in [(3, 10), (4, 10), (4, 11), (4, 11)] {
            assert_eq!(banks.chi_quantiles(d, n), chi_quantiles(d, n));
        }
    }
}
