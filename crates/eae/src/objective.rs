use autodiff_mini::{Sink, Var};
use knn_entropy::{ClosePoints, Error, KozachenkoLeonenko};
use ndarray::{ArcArray, Ix2, IxDyn, arr0};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Autoencoder, Float};

/// What an entropic autoencoder minimises (Ghose, Rashwan and Poupart, UAI 2020):
///
/// ```text
/// E |x - D(N(E(x)))|^2 - lambda H(Z)
/// ```
///
/// the squared error summed over pixels and averaged over the batch, less `lambda` times the Kozachenko-Leonenko estimate,
/// in nats, of the entropy of the batch of codes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// The weight of the entropy, in squared error per nat.
    pub lambda: f64,
    /// The estimate uses the distance to each code's k-th nearest neighbour in the batch. In more than a few dimensions 1
    /// has the least bias.
    pub k: usize,
    /// Codes closer than this count as this far apart and do not repel each other, so that two equal images in a batch
    /// are no error. Codes have variance 1; neighbours are typically more than 1 apart.
    pub floor: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self { lambda: 2.0, k: 1, floor: 1e-6 }
    }
}

/// The loss of one batch and what it is made of.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'t, F: Float> {
    /// `mse - lambda * entropy`.
    pub loss: Var<'t, F>,
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: Var<'t, F>,
    /// The entropy of the codes in nats.
    pub entropy: Var<'t, F>,
    /// The codes `[batch, latent]`.
    pub codes: Var<'t, F>,
    /// The reconstructions.
    pub output: Var<'t, F>,
}

impl Objective {
    /// The terms for a batch of images `x`, in training mode, the entropy weighted by `lambda` in place of
    /// [`Objective::lambda`] (it may be on its way up).
    ///
    /// # Errors
    ///
    /// If the entropy of the codes cannot be estimated: they are not finite, or not more than `k`.
    pub fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        lambda: f64,
    ) -> Result<Terms<'t, F>, Error> {
        let codes = model.encoder.train(x);
        let output = model.decoder.train(codes);
        let mse = squared_error(output, x);
        let entropy = entropy(codes, &self.estimator())?;
        Ok(Terms { loss: mse - entropy * F::from_f64(lambda), mse, entropy, codes, output })
    }

    /// The estimator of the entropy.
    pub fn estimator(&self) -> KozachenkoLeonenko<'static> {
        KozachenkoLeonenko::new(self.k).close_points(ClosePoints::Floor(self.floor))
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
    let (value, gradient) = estimator.entropy_and_gradient(codes.view())?;
    Ok(z.tape().custom(&[z], arr0(F::from_f64(value)), move |g, sink: &mut Sink<'_, F>| sink.add(0, gradient * g[[]])))
}

/// Numbers that one thread deals with at a time.
const BLOCK: usize = 1 << 16;

/// `sum (y - x)^2 / batch`, and its gradient, which is known on the way.
///
/// # Panics
///
/// If the shapes differ.
pub fn squared_error<'t, F: Float>(y: Var<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
    let (a, b) = (in_memory_order(y), in_memory_order(x));
    assert!(a.shape() == b.shape(), "`squared_error` of shapes {:?} and {:?}", a.shape(), b.shape());
    let batch = a.shape().first().map_or(1.0, |&n| n as f64);
    let mut difference = y.tape().pool().array(a.raw_dim());
    let ordered = "in memory order";
    let blocks = a.as_slice().expect(ordered).par_chunks(BLOCK).zip(b.as_slice().expect(ordered).par_chunks(BLOCK));
    // In double precision: a single-precision sum of tens of thousands of squares would lose the last digits. Each block on
    // its own, and then in their order: the same for every number of threads.
    let differences = difference.as_slice_mut().expect(ordered).par_chunks_mut(BLOCK);
    let sums: Vec<f64> = blocks.zip(differences).map(subtract).collect();
    let sum = sums.iter().fold(0.0, |sum, part| sum + part);
    y.tape().custom(&[y, x], arr0(F::from_f64(sum / batch)), move |g, sink: &mut Sink<'_, F>| {
        let factor = F::from_f64(2.0 / batch) * g[[]];
        if sink.wants(1) {
            sink.add(1, difference.mapv(|u| -factor * u));
        }
        let numbers = difference.as_slice_mut().expect(ordered).par_chunks_mut(BLOCK);
        numbers.for_each(|block| block.iter_mut().for_each(|u| *u *= factor));
        sink.add(0, difference);
    })
}

/// `difference = a - b`, and the sum of its squares: 16 at a time, or each would wait for the one before.
fn subtract<F: Float>(((a, b), difference): ((&[F], &[F]), &mut [F])) -> f64 {
    let mut sums = [0.0; 16];
    for ((a, b), to) in a.chunks(16).zip(b.chunks(16)).zip(difference.chunks_mut(16)) {
        for (((&a, &b), to), sum) in a.iter().zip(b).zip(to).zip(&mut sums) {
            *to = a - b;
            *sum += to.into_f64() * to.into_f64();
        }
    }
    sums.iter().sum()
}

fn in_memory_order<F: Float>(x: Var<'_, F>) -> ArcArray<F, IxDyn> {
    let x = x.value();
    if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::gradcheck;
    use ndarray::ArrayD;

    fn spiral(n: usize, d: usize) -> ArrayD<f64> {
        ArrayD::from_shape_fn(vec![n, d], |i| (1.0 + i[0] as f64 * 0.7 + i[1] as f64).sin() * (1.0 + 0.3 * i[0] as f64))
    }

    #[test]
    fn gradients() {
        for k in [1, 3] {
            gradcheck(|x| entropy(x[0], &KozachenkoLeonenko::new(k)).unwrap(), &[spiral(12, 3)]).unwrap();
        }
        gradcheck(
            |x| squared_error(x[0], x[1]),
            &[spiral(4, 3), spiral(3, 4).into_shape_with_order(vec![4, 3]).unwrap()],
        )
        .unwrap();
    }
}
