//! An invertible map between codes and N(0, I).

mod density;
mod directions;
mod marginal;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, Axis};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::index;
use nn_layers::Weights;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use self::marginal::{Levels, Marginal};
use super::error::{FitError, LARGEST, ReadError, checked};
use super::normal;
use super::tensors::{axes, means, numbers};
use crate::Float;
use crate::linalg::{eigen, moments, orthogonality_error};

/// Number of codes that one task processes.
const BLOCK: usize = 1024;

/// Largest number of codes used to search directions. Maps are fitted to all codes.
const SEARCHED: usize = 4096;

/// Relative variance below which a direction counts as constant, as a fraction of the largest
/// variance.
const FLAT: f64 = 1e-10;

/// An invertible map from codes to N(0, I), built layer by layer without training. Each layer
/// rotates the codes so that the first axes are the directions in which they are least normal, then
/// maps each coordinate to N(0, 1) separately (Laparra, Camps-Valls and Malo, "Iterative
/// Gaussianization", IEEE Transactions on Neural Networks 22, 2011). The directions are searched as
/// by Dai and Seljak, "Sliced Iterative Normalizing Flows", ICML 2021.
///
/// Before the layers, codes are shifted and scaled along the eigenvectors of their covariance to
/// mean 0 and covariance I. The map of a coordinate is a monotone rational quadratic spline through
/// its quantiles. It deviates from the identity only as far as the data differ from normal by more
/// than chance, so surplus layers do little harm. A layer without any such coordinate is left out.
///
/// If codes lie in a plane, draws do too, to 1e-5 of their largest standard deviation.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussianization {
    mean: Array1<f64>,
    /// The eigenvectors as rows.
    directions: Array2<f64>,
    /// The standard deviation along each eigenvector.
    scale: Array1<f64>,
    layers: Vec<Layer>,
}

#[derive(Debug, Clone, PartialEq)]
struct Layer {
    /// The rotation, with orthonormal rows.
    rotation: Array2<f64>,
    /// The map of each coordinate after the rotation, all with the same number of knots.
    marginals: Vec<Marginal>,
}

impl Gaussianization {
    /// Fits up to `layers` layers to the rows of `codes` `[n, d]`. Each layer sorts all codes `d`
    /// times and up to 4096 of them `28 d` times.
    ///
    /// # Errors
    ///
    /// If there are no layers, fewer than 20 codes or no columns, or the codes are not finite.
    pub fn fit<F: Float>(codes: ArrayView2<'_, F>, layers: usize, seed: u64) -> Result<Self, FitError> {
        if layers == 0 {
            return Err(FitError::NoLayers);
        }
        let codes = checked(codes, 20)?;
        let (n, d) = codes.dim();
        let (mean, covariance) = moments(codes.view());
        let (variances, vectors) = eigen(covariance.view()).expect("a covariance");
        let largest = variances.fold(0.0_f64, |most, &x| most.max(x));
        let least = FLAT * if largest > 0.0 { largest } else { 1.0 };
        let scale = variances.mapv(|x| x.max(least).sqrt());
        let mut fitted = Self { mean, directions: vectors.reversed_axes(), scale, layers: Vec::new() };

        let mut z = fitted.standardize(codes);
        // Fill constant directions with normal noise, so that layers do not try to fit them.
        let noise = normal::<f64>(n, d, seed);
        for (i, _) in variances.iter().enumerate().filter(|(_, x)| **x <= least) {
            z.column_mut(i).assign(&noise.column(i));
        }
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let levels = Levels::new(n);
        for _ in 0..layers {
            let some = index::sample(rng, n, n.min(SEARCHED)).into_vec();
            let rotation = directions::worst(z.select(Axis(0), &some).view(), rng);
            let rotated = z.dot(&rotation.t());
            let of_column = |i: usize| {
                let mut sorted = rotated.column(i).to_vec();
                sorted.sort_unstable_by(f64::total_cmp);
                Marginal::fit(&sorted, &levels)
            };
            let marginals: Vec<Option<Marginal>> = (0..d).into_par_iter().map(of_column).collect();
            if marginals.iter().all(Option::is_none) {
                continue;
            }
            let marginals = marginals.into_iter().map(|map| map.unwrap_or_else(|| Marginal::identity(&levels)));
            let layer = Layer { rotation, marginals: marginals.collect() };
            in_blocks(&mut z, |block| layer.forward(block));
            fitted.layers.push(layer);
        }
        Ok(fitted)
    }

    /// Returns the dimension of the codes.
    pub fn latent(&self) -> usize {
        self.mean.len()
    }

    /// Returns the number of layers.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Returns the mean `[d]` of the codes.
    pub fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    /// Returns the eigenvectors of the covariance as rows `[d, d]`, each times its standard
    /// deviation. After the inverse of all layers, a row is multiplied by this matrix and the mean
    /// is added.
    pub fn scaled_directions(&self) -> Array2<f64> {
        &self.directions * &self.scale.view().insert_axis(Axis(1))
    }

    /// Returns the rotation of each layer `[layers, d, d]`. The inverse of a layer maps each
    /// coordinate by the inverse of its spline, and then multiplies the row by the rotation.
    pub fn rotations(&self) -> Array3<f64> {
        let (count, d) = (self.layers.len(), self.latent());
        Array3::from_shape_fn((count, d, d), |(l, i, j)| self.layers[l].rotation[[i, j]])
    }

    /// Returns the knots of the spline of each coordinate in each layer, `[layers, d, knots]`: the
    /// positions in the coordinates of the codes, the positions in those of N(0, 1), and the
    /// slopes.
    pub fn knots(&self) -> [Array3<f64>; 3] {
        let knots = self.layers.first().map_or(0, |layer| layer.marginals[0].x.len());
        let of = |part: fn(&Marginal) -> &[f64]| {
            let at = |(l, i, j): (usize, usize, usize)| part(&self.layers[l].marginals[i])[j];
            Array3::from_shape_fn((self.layers.len(), self.latent(), knots), at)
        };
        [of(|map| &map.x), of(|map| &map.y), of(|map| &map.slopes)]
    }

    /// Maps codes `[n, d]` to values that are close to N(0, I) if the codes follow the fitted
    /// distribution.
    ///
    /// # Panics
    ///
    /// If the codes do not have dimension [`latent`](Gaussianization::latent).
    pub fn forward<F: Float>(&self, codes: ArrayView2<'_, F>) -> Array2<F> {
        let mut z = self.standardize(codes.mapv(F::into_f64));
        in_blocks(&mut z, |block| self.layers.iter().fold(block, |block, layer| layer.forward(block)));
        z.mapv(F::from_f64)
    }

    /// Maps `z` `[n, d]` back to codes.
    ///
    /// # Panics
    ///
    /// See [`forward`](Gaussianization::forward).
    pub fn inverse<F: Float>(&self, z: ArrayView2<'_, F>) -> Array2<F> {
        let mut z = z.mapv(F::into_f64);
        in_blocks(&mut z, |block| self.layers.iter().rfold(block, |block, layer| layer.inverse(block)));
        ((z * &self.scale).dot(&self.directions) + &self.mean).mapv(F::from_f64)
    }

    /// Returns `n` draws: the codes that belong to the draws of [`normal()`] with the same seed.
    ///
    /// A seed gives the same codes in both precisions, and the first rows of a larger sample equal
    /// those of a smaller one.
    pub fn sample<F: Float>(&self, n: usize, seed: u64) -> Array2<F> {
        self.tempered(n, seed, 1.0)
    }

    /// Returns draws whose underlying draws from N(0, I) are scaled by `temperature`.
    pub(super) fn tempered<F: Float>(&self, n: usize, seed: u64, temperature: f64) -> Array2<F> {
        self.inverse((normal::<f64>(n, self.latent(), seed) * temperature).view()).mapv(F::from_f64)
    }

    fn standardize(&self, codes: Array2<f64>) -> Array2<f64> {
        (codes - &self.mean).dot(&self.directions.t()) / &self.scale
    }

    /// Adds the `mean`, `directions` and `scale` under `prefix.`, in double precision. If there are
    /// layers, also adds the `rotations` `[layers, d, d]` and the knots `x` and `y`
    /// `[layers, d, knots]` of all of them.
    pub(super) fn write(&self, prefix: &str, weights: &mut Weights) {
        weights.insert(format!("{prefix}.mean"), &self.mean.clone().into_dyn());
        weights.insert(format!("{prefix}.directions"), &self.directions.clone().into_dyn());
        weights.insert(format!("{prefix}.scale"), &self.scale.clone().into_dyn());
        if self.layers.is_empty() {
            return;
        }
        let [x, y, _] = self.knots();
        for (tensor, array) in [("rotations", self.rotations()), ("x", x), ("y", y)] {
            weights.insert(format!("{prefix}.{tensor}"), &array.into_dyn());
        }
    }

    pub(super) fn read(prefix: &str, weights: &Weights) -> Result<Self, ReadError> {
        let name = |tensor| format!("{prefix}.{tensor}");
        let [d] = axes(weights, &name("mean"), "[d], d at least 1")?;
        let mean = means(weights, &name("mean"), [d])?;
        let directions: Array2<f64> =
            weights.get(&name("directions"), &[d, d])?.into_dimensionality().expect("two axes");
        refuse_skewed(&name("directions"), directions.view().insert_axis(Axis(0)))?;
        let scale = numbers(weights, &name("scale"), [d], "a standard deviation is above 0 and at most 1e101", |x| {
            x > 0.0 && x <= 10.0 * LARGEST
        })?;
        let mut layers = Vec::new();
        if weights.shape(&name("rotations")).is_some() {
            let [count, ..] = axes::<3>(weights, &name("rotations"), "[layers, d, d], all at least 1")?;
            let rotations = weights.get(&name("rotations"), &[count, d, d])?;
            let rotations: Array3<f64> = rotations.into_dimensionality().expect("three axes");
            refuse_skewed(&name("rotations"), rotations.view())?;
            let [x, y] = [knots(weights, &name("x"), [count, d])?, knots(weights, &name("y"), [count, d])?];
            if x.dim() != y.dim() {
                let (found, expected) = (y.shape().to_vec(), "the shape of the knots `x`");
                return Err(ReadError::Shape { name: name("y"), found, expected });
            }
            for (l, rotation) in rotations.outer_iter().enumerate() {
                let row = |knots: &Array3<f64>, i| knots.index_axis(Axis(0), l).row(i).to_vec();
                let marginals = (0..d).map(|i| Marginal::new(row(&x, i), row(&y, i))).collect();
                layers.push(Layer { rotation: rotation.to_owned(), marginals });
            }
        }
        Ok(Self { mean, directions, scale, layers })
    }
}

impl Layer {
    fn forward(&self, block: Array2<f64>) -> Array2<f64> {
        let mut block = block.dot(&self.rotation.t());
        for (mut column, map) in block.axis_iter_mut(Axis(1)).zip(&self.marginals) {
            column.mapv_inplace(|x| map.forward(x));
        }
        block
    }

    fn inverse(&self, mut block: Array2<f64>) -> Array2<f64> {
        for (mut column, map) in block.axis_iter_mut(Axis(1)).zip(&self.marginals) {
            column.mapv_inplace(|y| map.inverse(y));
        }
        block.dot(&self.rotation)
    }
}

/// Replaces each block of rows by the result of `work`.
fn in_blocks(codes: &mut Array2<f64>, work: impl Fn(Array2<f64>) -> Array2<f64> + Sync) {
    let mut blocks: Vec<_> = codes.axis_chunks_iter_mut(Axis(0), BLOCK).collect();
    blocks.par_iter_mut().for_each(|block| {
        let after = work(block.to_owned());
        block.assign(&after);
    });
}

/// Checks that the rows of each matrix are orthonormal, so that its transpose is its inverse.
fn refuse_skewed(name: &str, matrices: ArrayView3<'_, f64>) -> Result<(), ReadError> {
    for (index, matrix) in matrices.outer_iter().enumerate() {
        let error = orthogonality_error(matrix);
        // The error is NaN if squares overflow.
        if error.is_nan() || error > 1e-9 {
            return Err(ReadError::NotOrthogonal { name: name.to_owned(), index, error });
        }
    }
    Ok(())
}

/// Reads knots `[layers, d, knots]`, at least two and increasing.
fn knots(weights: &Weights, name: &str, [layers, d]: [usize; 2]) -> Result<Array3<f64>, ReadError> {
    /// Smallest step between knots. Fitted steps are from 1e-5 to 1e3. Far outside this range,
    /// slopes and their products would overflow.
    const LEAST: f64 = 1e-9;
    const MOST: f64 = 1e9;
    let expected = "[layers, d, knots], at least two knots";
    let [_, _, count] = axes(weights, name, expected)?;
    if count < 2 {
        return Err(ReadError::Shape { name: name.to_owned(), found: vec![layers, d, count], expected });
    }
    let knots =
        numbers(weights, name, [layers, d, count], "a knot is at most 1e9 in absolute value", |x| x.abs() <= MOST)?;
    let values = knots.as_slice().expect("in order, as read");
    let stays = |i: &usize| !i.is_multiple_of(count) && values[*i] - values[i - 1] < LEAST;
    match (0..values.len()).find(stays) {
        Some(position) => Err(ReadError::Value {
            name: name.to_owned(),
            value: values[position],
            position,
            needed: "a knot is at least 1e-9 above the one before it",
        }),
        None => Ok(knots),
    }
}

#[cfg(test)]
mod tests;
