use autodiff_mini::{Parts, Sink, Var};
use ndarray::{Array1, IxDyn};

use crate::kernels::{deviations, gradient_sums, normalize, normalize_backward};
use crate::layer::same_shape;
use crate::weighted::in_order;
use crate::{Axes, Content, Entry, Kind, Layer, Real, ShapeError, Tensor};

/// Batch normalization without gamma and beta: every feature along the last axis gets mean 0 and
/// variance 1 over the batch (Ioffe and Szegedy, ICML 2015).
///
/// ```text
/// y = (x - mean) / sqrt(variance + eps)
/// ```
///
/// In training the mean and the (biased) variance are those of the batch, and the gradient flows
/// through both. The layer maintains running averages of the mean and of the unbiased variance,
/// which replace the batch statistics in evaluation. To scale and shift the result, as hidden
/// layers often do, add an [`Affine`](crate::Affine) after this layer.
///
/// On the tape of a [part of a batch](autodiff_mini::Parts), the statistics are those of the whole
/// batch in both passes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchNorm<F: Real> {
    /// The running mean, of shape `[features]`.
    pub running_mean: Tensor<F>,
    /// The running variance, of shape `[features]`.
    pub running_var: Tensor<F>,
    /// Number of batches in the averages.
    pub batches: u64,
    /// Constant added to the variance, 1e-5 by default.
    pub eps: f64,
    /// Weight of a new batch in the running averages, 0.1 by default.
    pub momentum: f64,
}

impl<F: Real> BatchNorm<F> {
    /// Creates a layer with running mean 0, running variance 1, `eps` 1e-5 and `momentum` 0.1.
    ///
    /// # Panics
    ///
    /// If `features` is 0.
    pub fn new(features: usize) -> Self {
        assert!(features > 0, "batch normalization of 0 features; there must be at least 1");
        let (running_mean, running_var) = (Tensor::zeros(IxDyn(&[features])), Tensor::ones(IxDyn(&[features])));
        Self { running_mean, running_var, batches: 0, eps: 1e-5, momentum: 0.1 }
    }

    fn features(&self) -> usize {
        self.running_mean.len()
    }

    /// Returns the input in memory order, as rows of features.
    fn rows(&self, x: Tensor<F>) -> Tensor<F> {
        let features = self.features();
        assert!(x.shape().last() == Some(&features), "`BatchNorm` of {features} features on shape {:?}", x.shape());
        in_order(x)
    }

    /// Returns `1 / sqrt(variance + eps)`.
    fn scale(&self, var: &[f64]) -> Vec<f64> {
        var.iter().map(|var| (var + self.eps).sqrt().recip()).collect()
    }
}

impl<F: Real> Layer<F> for BatchNorm<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let rows = self.rows(x.value());
        let mut y = x.tape().pool().array(rows.raw_dim());
        let [mean, var] = [&self.running_mean, &self.running_var].map(vector);
        let scale = self.scale(&var);
        normalize(slice(&rows), [&mean, &scale], y.as_slice_mut().expect("a fresh array"));
        let scale = Array1::from_vec(scale).mapv(F::from_f64);
        x.tape().custom(&[x], y, move |g, sink: &mut Sink<'_, F>| sink.add(0, g * &scale))
    }

    /// # Panics
    ///
    /// If there is only a single value per feature, because its variance is undefined, and as the
    /// trait's method.
    fn train<'t>(&mut self, x: Var<'t, F>) -> Var<'t, F> {
        let rows = self.rows(x.value());
        let mut batch = Moments::new(self.features());
        batch.add(&rows);
        let parts = x.tape().parts().cloned();
        if let Some(parts) = &parts {
            batch = batch.of_all(parts.as_ref());
        }
        assert!(
            batch.count > 1.0,
            "batch normalization needs at least two values per feature but got shape {:?}",
            rows.shape()
        );
        let momentum = self.momentum;
        let follow = |running: &mut F, &new: &f64| {
            *running = F::from_f64((1.0 - momentum) * running.into_f64() + momentum * new);
        };
        self.running_mean.iter_mut().zip(&batch.mean).for_each(|(running, new)| follow(running, new));
        self.running_var.iter_mut().zip(&batch.variance(1.0)).for_each(|(running, new)| follow(running, new));
        self.batches += 1;

        let mut y = x.tape().pool().array(rows.raw_dim());
        let scale = self.scale(&batch.variance(0.0));
        normalize(slice(&rows), [&batch.mean, &scale], y.as_slice_mut().expect("a fresh array"));
        let (y, count) = (y.into_shared(), batch.count);
        x.tape().custom(&[x], y.clone(), move |g, sink: &mut Sink<'_, F>| {
            let mut g = if g.is_standard_layout() { g } else { g.as_standard_layout().into_owned() };
            let ordered = "in memory order";
            let mut sums = gradient_sums(slice(&y), &scale, g.as_slice().expect(ordered));
            if let Some(parts) = &parts {
                sums = sums_of_all(parts.as_ref(), &sums);
            }
            let means = sums.map(|sums| sums.into_iter().map(|sum| sum / count).collect::<Vec<_>>());
            normalize_backward(
                slice(&y),
                &scale,
                means.each_ref().map(Vec::as_slice),
                g.as_slice_mut().expect(ordered),
            );
            sink.add(0, g);
        })
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        same_shape(self, self.features(), input)
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        let axes = Axes::Features;
        vec![
            Entry { name: "running_mean", content: Content::Statistic(&mut self.running_mean), axes },
            Entry { name: "running_var", content: Content::Statistic(&mut self.running_var), axes },
            Entry { name: "num_batches_tracked", content: Content::Count(&mut self.batches), axes },
        ]
    }

    fn kind(&self) -> Kind {
        Kind::BatchNorm { features: self.features(), eps: self.eps, momentum: self.momentum }
    }

    fn recalibrate(&mut self, inputs: &mut dyn Iterator<Item = Tensor<F>>) {
        let mut moments = Moments::new(self.features());
        inputs.for_each(|x| moments.add(&self.rows(x)));
        if moments.count > 0.0 {
            self.running_mean = tensor(&moments.mean);
            self.running_var = tensor(&moments.variance(0.0));
        }
    }
}

/// The mean of each feature and the sum of its squared deviations, accumulated over batches (Chan,
/// Golub and LeVeque, 1979). Each batch takes one pass over the differences from its first row.
/// Without the subtraction, a feature with a large mean would lose its variance to rounding.
struct Moments {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    fn new(features: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; features], squares: vec![0.0; features] }
    }

    /// Adds rows of features, in memory order.
    fn add<F: Real>(&mut self, rows: &Tensor<F>) {
        let features = self.mean.len();
        if rows.is_empty() {
            return;
        }
        let rows = slice(rows);
        let count = (rows.len() / features) as f64;
        let shift: Vec<f64> = rows[..features].iter().map(|x| x.into_f64()).collect();
        let [sums, squares] = deviations(rows, &shift);
        let mean: Vec<f64> = shift.iter().zip(&sums).map(|(shift, sum)| shift + sum / count).collect();
        let of_rows = |(squares, sum): (&f64, &f64)| (squares - sum * (sum / count)).max(0.0);
        let squares: Vec<f64> = squares.iter().zip(&sums).map(of_rows).collect();
        self.merge(count, &mean, &squares);
    }

    /// Returns the moments of all parts of a batch, merged in their order.
    fn of_all(self, parts: &dyn Parts) -> Self {
        let mut merged = Self::new(self.mean.len());
        for part in &*parts.gather([&[self.count], &self.mean[..], &self.squares].concat()) {
            let (mean, squares) = part[1..].split_at(self.mean.len());
            merged.merge(part[0], mean, squares);
        }
        merged
    }

    fn merge(&mut self, count: f64, mean: &[f64], squares: &[f64]) {
        if count == 0.0 {
            return;
        }
        let total = self.count + count;
        for c in 0..mean.len() {
            let step = mean[c] - self.mean[c];
            self.squares[c] += squares[c] + self.count * count / total * step * step;
            self.mean[c] += step * count / total;
        }
        self.count = total;
    }

    fn variance(&self, ddof: f64) -> Vec<f64> {
        self.squares.iter().map(|squares| squares / (self.count - ddof)).collect()
    }
}

/// Returns two sums for each feature over all parts of a batch, added in their order.
fn sums_of_all(parts: &dyn Parts, [first, second]: &[Vec<f64>; 2]) -> [Vec<f64>; 2] {
    let features = first.len();
    let mut sums = vec![0.0; 2 * features];
    for part in &*parts.gather([&first[..], second].concat()) {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    let second = sums.split_off(features);
    [sums, second]
}

fn slice<F: Real>(rows: &Tensor<F>) -> &[F] {
    rows.as_slice().expect("rows in memory order")
}

fn vector<F: Real>(x: &Tensor<F>) -> Vec<f64> {
    x.iter().map(|x| x.into_f64()).collect()
}

fn tensor<F: Real>(numbers: &[f64]) -> Tensor<F> {
    numbers.iter().map(|&x| F::from_f64(x)).collect::<Array1<F>>().into_dyn().into_shared()
}
