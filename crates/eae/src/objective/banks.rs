use autodiff_mini::Var;
use ndarray::{Array2, ArrayView2, Axis, Ix2};
use nn_layers::Weights;

use crate::normal::chi_quantiles;
use crate::{CheckpointError, Float};

/// What is kept from one step to the next.
#[derive(Debug, Clone, Default)]
pub struct Banks<F> {
    /// Codes.
    pub codes: Bank<F>,
    /// What the encoder made of the images before its last layer.
    pub features: Bank<F>,
    /// For codes of so many numbers.
    quantiles: (usize, Vec<f64>),
}

impl<F> Banks<F> {
    /// The quantiles of the distance from the origin for `n` codes of `d` numbers: the same ones in every step.
    pub fn chi_quantiles(&mut self, d: usize, n: usize) -> &[f64] {
        if self.quantiles.0 != d || self.quantiles.1.len() != n {
            self.quantiles = (d, chi_quantiles(d, n));
        }
        &self.quantiles.1
    }
}

/// Rows of the last steps, the newest in place of the oldest.
#[derive(Debug, Clone, Default)]
pub struct Bank<F> {
    rows: Array2<F>,
    next: usize,
}

impl<F: Float> Bank<F> {
    /// What there is by now.
    pub fn view(&self) -> ArrayView2<'_, F> {
        self.rows.view()
    }

    /// Puts the rows under a name, if there are any.
    pub(crate) fn write(&self, name: &str, weights: &mut Weights) {
        if !self.rows.is_empty() {
            weights.insert(name, &self.rows.to_owned().into_dyn());
            weights.insert_count(format!("{name}.next"), self.next as u64);
        }
    }

    /// Takes them from there, if they are there.
    pub(crate) fn read(&mut self, name: &str, weights: &Weights) -> Result<(), CheckpointError> {
        *self = Self::default();
        if let Some(shape) = weights.shape(name) {
            let all = weights.get(name, shape)?.into_dimensionality::<Ix2>();
            let wrong = |what: String| CheckpointError::Description(format!("its `{name}` {what}"));
            let rows = all.map_err(|_| wrong(format!("has shape {shape:?}, it must be rows")))?;
            let next = weights.get_count(&format!("{name}.next"))?;
            let Some(next) = usize::try_from(next).ok().filter(|&next| next < rows.nrows()) else {
                return Err(wrong(format!("has {} rows, and the next to go is said to be {next}", rows.nrows())));
            };
            (self.rows, self.next) = (rows, next);
        }
        Ok(())
    }

    /// Adds the rows of `new`, and keeps at most so many.
    pub(super) fn keep(&mut self, new: Var<'_, F>, most: usize) {
        let new = new.value().into_dimensionality::<Ix2>().expect("rows of a matrix");
        if self.rows.ncols() != new.ncols() || self.rows.nrows() > most {
            (self.rows, self.next) = (Array2::zeros((0, new.ncols())), 0);
        }
        for row in new.rows().into_iter().take(most) {
            if self.rows.nrows() < most {
                self.rows.push(Axis(0), row).expect("as many numbers");
            } else {
                self.rows.row_mut(self.next).assign(&row);
                self.next = (self.next + 1) % most;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::Tape;

    #[test]
    fn the_bank_keeps_the_newest() {
        let tape = Tape::new();
        let mut bank = Bank::default();
        let rows = |from: usize| Array2::from_shape_fn((3, 2), |(i, j)| (10 * (from + i) + j) as f64);
        for from in [0, 3, 6] {
            bank.keep(tape.constant(rows(from)), 5);
        }
        let mut firsts: Vec<f64> = bank.view().column(0).to_vec();
        firsts.sort_by(f64::total_cmp);
        assert_eq!(firsts, [40.0, 50.0, 60.0, 70.0, 80.0]);
        bank.keep(tape.constant(rows(0)), 0);
        assert_eq!(bank.view().dim(), (0, 2));
    }

    #[test]
    fn quantiles_are_those_of_what_is_asked_for() {
        let mut banks = Banks::<f64>::default();
        for (d, n) in [(3, 10), (4, 10), (4, 11), (4, 11)] {
            assert_eq!(banks.chi_quantiles(d, n), chi_quantiles(d, n));
        }
    }
}
