//! The entropic autoencoder itself.

use autodiff_mini::{Sink, Var};
use knn_entropy::{ClosePoints, Error, KozachenkoLeonenko, Weighting};
use ndarray::{Array2, ArrayView2, Axis, Ix2, arr0};
use serde::{Deserialize, Serialize};

use super::draws::divergence_of_draws;
use super::{Context, Criterion, Ending, Setting, Terms, squared_error};
use crate::metrics::chi_quantiles;
use crate::{Autoencoder, Float};

/// What an entropic autoencoder minimises (Ghose, Rashwan and Poupart, UAI 2020):
///
/// ```text
/// E |x - D(N(E(x)))|^2 - lambda H(Z)
/// ```
///
/// the squared error summed over pixels and averaged over the batch, less `lambda` times the Kozachenko-Leonenko estimate,
/// in nats, of the entropy of the batch of codes.
///
/// [`bank`](Eae::bank), [`radius`](Eae::radius) and [`draws`](Eae::draws) go beyond the paper: from about 8 dimensions on and at any practical size of
/// a batch, the estimate is larger on the sphere of radius `sqrt(d)` than for N(0, I), so that its maximum is not what samples
/// are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Eae {
    /// The weight of the entropy, in squared error per nat.
    pub lambda: f64,
    /// The estimate uses the distance to each code's k-th nearest neighbour. In more than a few dimensions 1 has the least
    /// bias.
    pub k: usize,
    /// Whether it uses the mean over the first `k` neighbours instead of the k-th.
    pub mean: bool,
    /// Neighbours are also looked for among so many codes of the steps before, which get no gradient: the estimate is that of
    /// a larger sample, and sees holes that a batch is too small for. 0 is the paper's objective. So many images are known to
    /// [`draws`](Eae::draws), too.
    pub bank: usize,
    /// The weight of `sum_i (|z|_(i) - q_i)^2 / n`, which pulls the sorted distances from the origin to the quantiles that they
    /// have under N(0, I). 0 is the paper's objective.
    pub radius: f64,
    /// The weight, in squared error per nat and feature, of the divergence of decoded draws from N(0, I) from the images, as the
    /// encoder sees both. 0 is the paper's objective; above 0, a step decodes and encodes twice as many pictures.
    pub draws: f64,
    /// Codes closer than this count as this far apart and do not repel each other, so that two equal images in a batch
    /// are no error. Codes have variance 1; neighbours are typically more than 1 apart.
    pub floor: f64,
}

impl Default for Eae {
    fn default() -> Self {
        Self { lambda: 2.0, k: 1, mean: false, bank: 0, radius: 0.0, draws: 0.0, floor: 1e-6 }
    }
}

impl Eae {
    /// The estimator of the entropy.
    pub fn estimator(&self) -> KozachenkoLeonenko<'static> {
        let estimator = KozachenkoLeonenko::new(self.k).close_points(ClosePoints::Floor(self.floor));
        if self.mean { estimator.weighting(Weighting::Mean) } else { estimator }
    }
}

impl Criterion for Eae {
    fn ending(&self) -> Ending {
        Ending::Normalised
    }

    fn k(&self) -> usize {
        self.k
    }

    fn settings(&self) -> Vec<Setting> {
        vec![
            Setting::count("k", self.k),
            Setting::weight("lambda", self.lambda),
            Setting::weight("radius", self.radius),
            Setting::weight("draws", self.draws),
            Setting::positive("floor", self.floor),
        ]
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Error> {
        let codes = model.encoder.train(x);
        let output = model.decoder.train(codes);
        let mse = squared_error(output, x);
        let entropy = entropy_with_bank(codes, &self.estimator(), context.banks.codes.view())?;
        context.banks.codes.keep(codes, self.bank);
        let mut penalty = -(entropy * F::from_f64(context.share * self.lambda));
        if self.radius > 0.0 {
            penalty = penalty + radius(codes) * F::from_f64(context.share * self.radius);
        }
        if self.draws > 0.0 && context.share > 0.0 {
            let divergence = divergence_of_draws(model, x, self.floor, self.bank, context)?;
            penalty = penalty + divergence * F::from_f64(context.share * self.draws);
        }
        Ok(Terms { loss: mse + penalty, mse, entropy: Some(entropy), codes, output })
    }
}

/// The entropy of the rows of `z` in nats, as an operation on the tape: the estimator crate knows its gradient.
///
/// # Errors
///
/// As [`KozachenkoLeonenko::entropy`].
///
/// # Panics
///
/// If `z` is not a matrix.
pub fn entropy<'t, F: Float>(z: Var<'t, F>, estimator: &KozachenkoLeonenko<'_>) -> Result<Var<'t, F>, Error> {
    let codes = z.value().into_dimensionality::<Ix2>().expect("codes are rows of a matrix");
    entropy_with_bank(z, estimator, ArrayView2::from_shape((0, codes.ncols()), &[]).expect("no rows"))
}

fn entropy_with_bank<'t, F: Float>(
    z: Var<'t, F>,
    estimator: &KozachenkoLeonenko<'_>,
    bank: ArrayView2<'_, F>,
) -> Result<Var<'t, F>, Error> {
    let codes = z.value().into_dimensionality::<Ix2>().expect("codes are rows of a matrix");
    let (value, gradient) = estimator.entropy_and_gradient_with_bank(codes.view(), bank)?;
    Ok(z.tape().custom(&[z], arr0(F::from_f64(value)), move |g, sink: &mut Sink<'_, F>| sink.add(0, gradient * g[[]])))
}

/// `sum_i (|z|_(i) - q_i)^2 / n` for the sorted distances of the rows of `z` from the origin and the quantiles `q_i` of the
/// chi distribution at `(i - 1/2) / n`: the squared 2-Wasserstein distance of the two, but for the discretisation.
///
/// # Panics
///
/// If `z` is not a matrix.
pub fn radius<F: Float>(z: Var<'_, F>) -> Var<'_, F> {
    let codes = z.value().into_dimensionality::<Ix2>().expect("codes are rows of a matrix");
    let (n, d) = codes.dim();
    let radii: Vec<f64> =
        codes.rows().into_iter().map(|z| z.iter().map(|z| z.into_f64().powi(2)).sum::<f64>().sqrt()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| radii[a].total_cmp(&radii[b]));
    let mut value = 0.0;
    let mut gradient = Array2::zeros((n, d));
    for (&row, quantile) in order.iter().zip(chi_quantiles(d, n)) {
        let off = radii[row] - quantile;
        value += off * off / n as f64;
        // A code at the origin has no direction to be moved in.
        if radii[row] > 0.0 {
            let factor = F::from_f64(2.0 * off / (n as f64 * radii[row]));
            gradient.row_mut(row).assign(&(&codes.row(row) * factor));
        }
    }
    z.tape().custom(&[z], arr0(F::from_f64(value)), move |g, sink: &mut Sink<'_, F>| sink.add(0, gradient * g[[]]))
}

/// What is kept of the steps before.
#[derive(Debug, Clone, Default)]
pub struct Banks<F> {
    /// Codes.
    pub codes: Bank<F>,
    /// What the encoder made of the images before its last layer.
    pub features: Bank<F>,
}

/// Rows of the last steps, the newest in place of the oldest.
#[derive(Debug, Clone, Default)]
pub struct Bank<F> {
    codes: Array2<F>,
    next: usize,
}

impl<F: Float> Bank<F> {
    /// What there is by now.
    pub fn view(&self) -> ArrayView2<'_, F> {
        self.codes.view()
    }

    /// Adds the rows of `codes`, and keeps at most so many.
    pub(super) fn keep(&mut self, codes: Var<'_, F>, most: usize) {
        let codes = codes.value().into_dimensionality::<Ix2>().expect("codes are rows of a matrix");
        if self.codes.ncols() != codes.ncols() || self.codes.nrows() > most {
            (self.codes, self.next) = (Array2::zeros((0, codes.ncols())), 0);
        }
        for code in codes.rows().into_iter().take(most) {
            if self.codes.nrows() < most {
                self.codes.push(Axis(0), code).expect("as many numbers");
            } else {
                self.codes.row_mut(self.next).assign(&code);
                self.next = (self.next + 1) % most;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::{Tape, gradcheck};
    use ndarray::ArrayD;

    fn spiral(n: usize, d: usize) -> ArrayD<f64> {
        ArrayD::from_shape_fn(vec![n, d], |i| (1.0 + i[0] as f64 * 0.7 + i[1] as f64).sin() * (1.0 + 0.3 * i[0] as f64))
    }

    #[test]
    fn gradients() {
        for k in [1, 3] {
            gradcheck(|x| entropy(x[0], &KozachenkoLeonenko::new(k)).unwrap(), &[spiral(12, 3)]).unwrap();
        }
        let bank = spiral(9, 3).into_dimensionality().unwrap() + 0.3;
        let estimator = Eae { k: 2, mean: true, ..Eae::default() }.estimator();
        gradcheck(|x| entropy_with_bank(x[0], &estimator, bank.view()).unwrap(), &[spiral(12, 3)]).unwrap();
        gradcheck(|x| radius(x[0]), &[spiral(12, 3)]).unwrap();
    }

    #[test]
    fn radii_of_the_normal_distribution_cost_next_to_nothing_and_a_shell_its_distance() {
        let cost = |codes: Array2<f64>| {
            let tape = Tape::new();
            radius(tape.constant(codes)).scalar()
        };
        let mut codes = crate::sampler::normal::<f64>(10_000, 16, 3);
        // The variance of a sorted sample about its quantiles is of the order of 1 / n.
        assert!(cost(codes.clone()) < 1e-3);
        codes.rows_mut().into_iter().for_each(|mut z| z *= 4.0 / z.dot(&z).sqrt());
        // (E|z| - 4)^2 + Var |z| under N(0, I).
        let [mean, sd] = crate::metrics::normal_radius(16);
        assert!((cost(codes) - (mean - 4.0).powi(2) - sd * sd).abs() < 1e-3);
    }

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
}
