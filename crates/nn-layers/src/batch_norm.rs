use autodiff_mini::{Sink, Var};
use ndarray::{ArcArray2, Array1, Axis, Dimension, Ix2, IxDyn};

use crate::kernels::Finish;
use crate::kernels::features::{each, two_sums};
use crate::{Content, Entry, Float, Kind, Layer, Layout, ShapeError, Tensor};

/// Batch normalisation without gamma and beta: every feature, the last axis, gets mean 0 and variance 1 over the batch
/// (Ioffe and Szegedy, ICML 2015).
///
/// ```text
/// y = (x - mean) / sqrt(variance + eps)
/// ```
///
/// In training the mean and the (biased) variance are those of the batch, and the gradient flows through both; running
/// averages of the mean and of the unbiased variance are kept. In evaluation the running averages take their place. For
/// the scale and shift that hidden layers often want, let an [`Affine`](crate::Affine) follow.
#[derive(Debug, Clone)]
pub struct BatchNorm<F: Float> {
    /// The running mean, of shape `[features]`.
    pub running_mean: Tensor<F>,
    /// The running variance, of shape `[features]`.
    pub running_var: Tensor<F>,
    /// How many batches the averages have seen.
    pub batches: u64,
    /// Added to the variance; 1e-5.
    pub eps: f64,
    /// The weight of a new batch in the running averages; 0.1.
    pub momentum: f64,
}

impl<F: Float> BatchNorm<F> {
    /// With running mean 0, running variance 1, `eps` 1e-5 and `momentum` 0.1.
    pub fn new(features: usize) -> Self {
        let (running_mean, running_var) = (Tensor::zeros(IxDyn(&[features])), Tensor::ones(IxDyn(&[features])));
        Self { running_mean, running_var, batches: 0, eps: 1e-5, momentum: 0.1 }
    }

    pub(crate) fn features(&self) -> usize {
        self.running_mean.len()
    }

    /// The input as rows of features.
    pub(crate) fn rows(&self, x: &Tensor<F>) -> ArcArray2<F> {
        let features = self.features();
        assert!(x.shape().last() == Some(&features), "`BatchNorm` of {features} features on shape {:?}", x.shape());
        as_rows(x.clone())
    }

    /// Replaces the running averages by the mean and variance of everything that `moments` has seen.
    pub(crate) fn set_statistics(&mut self, moments: &Moments) {
        self.running_mean = tensor(&moments.mean);
        self.running_var = tensor(&moments.variance(0.0));
    }

    /// `(x - mean) scale`, and the scale `1 / sqrt(variance + eps)`.
    fn normalise(&self, rows: &[F], mean: &[f64], var: &[f64], to: &mut [F]) -> Vec<f64> {
        let scale: Vec<f64> = var.iter().map(|var| (var + self.eps).sqrt().recip()).collect();
        let of_features = [mean, &scale, &scale];
        each(to, rows, of_features, Finish::default(), |_, x, [mean, scale, _]| (x - mean) * scale);
        scale
    }
}

impl<F: Float> Layer<F> for BatchNorm<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let rows = self.rows(&x.value());
        let mut y = x.tape().pool().array(x.value().raw_dim());
        let [mean, var] = [&self.running_mean, &self.running_var].map(vector);
        let scale = self.normalise(slice(&rows), &mean, &var, y.as_slice_mut().expect("a fresh array"));
        let scale = Array1::from_vec(scale).mapv(F::from_f64);
        x.tape().custom(&[x], y, move |g, sink: &mut Sink<'_, F>| sink.add(0, g * &scale))
    }

    /// # Panics
    ///
    /// Also if a feature has a single value, whose variance says nothing.
    fn train<'t>(&mut self, x: Var<'t, F>) -> Var<'t, F> {
        let shape = x.value().raw_dim();
        let rows = self.rows(&x.value());
        let count = rows.nrows() as f64;
        assert!(
            rows.nrows() > 1,
            "batch normalisation needs at least two values a feature, got shape {:?}",
            shape.slice()
        );
        let mut batch = Moments::new(self.features());
        batch.add(&rows);
        let momentum = self.momentum;
        let follow = |running: &mut F, &new: &f64| {
            *running = F::from_f64((1.0 - momentum) * running.into_f64() + momentum * new);
        };
        self.running_mean.iter_mut().zip(&batch.mean).for_each(|(running, new)| follow(running, new));
        self.running_var.iter_mut().zip(&batch.variance(1.0)).for_each(|(running, new)| follow(running, new));
        self.batches += 1;

        let mut y = x.tape().pool().array(shape);
        let to = y.as_slice_mut().expect("a fresh array");
        let scale = self.normalise(slice(&rows), &batch.mean, &batch.variance(0.0), to);
        let y = y.into_shared();
        // dx = scale (g - mean of g - y mean of (g y)): the two means are how x moves the batch's mean and variance.
        x.tape().custom(&[x], y.clone(), move |g, sink: &mut Sink<'_, F>| {
            let mut g = if g.is_standard_layout() { g } else { g.as_standard_layout().into_owned() };
            let ordered = "in memory order";
            let (saved, gradient) = (y.as_slice().expect(ordered), g.as_slice_mut().expect(ordered));
            let [g_mean, gy_mean] = two_sums(gradient, saved, &scale, |g, y, _| [g, g * y]);
            let [g_mean, gy_mean] =
                [g_mean, gy_mean].map(|sums| sums.into_iter().map(|sum| sum / count).collect::<Vec<_>>());
            let of_features = [&g_mean[..], &gy_mean, &scale];
            each(gradient, saved, of_features, Finish::default(), |g, y, [mean, gy, scale]| {
                scale * (g - mean - y * gy)
            });
            sink.add(0, g);
        })
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let features = self.features();
        if input.last() == Some(&features) {
            Ok(input.to_vec())
        } else {
            Err(ShapeError::new(format_args!("BatchNorm({features})"), format_args!("[.., {features}]"), input))
        }
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        let layout = Layout::Features;
        vec![
            Entry { name: "running_mean", content: Content::Statistic(&mut self.running_mean), layout },
            Entry { name: "running_var", content: Content::Statistic(&mut self.running_var), layout },
            Entry { name: "num_batches_tracked", content: Content::Count(&mut self.batches), layout },
        ]
    }

    fn kind(&self) -> Kind {
        Kind::BatchNorm { features: self.features(), eps: self.eps }
    }

    fn as_batch_norm(&mut self) -> Option<&mut BatchNorm<F>> {
        Some(self)
    }
}

/// The mean of each feature and the sum of its squared deviations, over batches one after the other (Chan, Golub and
/// LeVeque, 1979). Each batch in one pass: of the differences from its first row, or a feature whose mean is large would lose
/// its variance.
pub(crate) struct Moments {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    pub(crate) fn new(features: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; features], squares: vec![0.0; features] }
    }

    pub(crate) fn add<F: Float>(&mut self, rows: &ArcArray2<F>) {
        let count = rows.nrows() as f64;
        if rows.is_empty() {
            return;
        }
        let shift: Vec<f64> = rows.row(0).iter().map(|x| x.into_f64()).collect();
        let [sums, squares] =
            two_sums(slice(rows), slice(rows), &shift, |x, _, shift| [x - shift, (x - shift).powi(2)]);
        let total = self.count + count;
        for c in 0..shift.len() {
            let mean = sums[c] / count;
            let step = shift[c] + mean - self.mean[c];
            self.squares[c] += (squares[c] - sums[c] * mean).max(0.0) + self.count * count / total * step * step;
            self.mean[c] += step * count / total;
        }
        self.count = total;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0.0
    }

    fn variance(&self, ddof: f64) -> Vec<f64> {
        self.squares.iter().map(|squares| squares / (self.count - ddof)).collect()
    }
}

fn as_rows<F: Float>(x: Tensor<F>) -> ArcArray2<F> {
    let features = x.len_of(Axis(x.ndim() - 1));
    let rows = x.len().checked_div(features).unwrap_or(0);
    let x = if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() };
    x.into_shape_with_order((rows, features)).expect("as many elements").into_dimensionality::<Ix2>().expect("a matrix")
}

fn slice<F: Float>(rows: &ArcArray2<F>) -> &[F] {
    rows.as_slice().expect("rows in memory order")
}

fn vector<F: Float>(x: &Tensor<F>) -> Vec<f64> {
    x.iter().map(|x| x.into_f64()).collect()
}

fn tensor<F: Float>(numbers: &[f64]) -> Tensor<F> {
    numbers.iter().map(|&x| F::from_f64(x)).collect::<Array1<F>>().into_dyn().into_shared()
}
