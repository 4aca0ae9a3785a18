use autodiff_mini::{Sink, Var};
use ndarray::{Array1, Array2, ArrayView2, Axis, Ix2, IxDyn, Zip};

use crate::{Content, Entry, Float, Layer, Layout, ShapeError, Tensor};

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
    pub(crate) fn rows(&self, x: &Tensor<F>) -> ndarray::ArcArray2<F> {
        let features = self.features();
        assert!(x.shape().last() == Some(&features), "`BatchNorm` of {features} features on shape {:?}", x.shape());
        as_rows(x.clone())
    }

    /// Replaces the running averages by the mean and variance of everything that `moments` has seen.
    pub(crate) fn set_statistics(&mut self, moments: &Moments) {
        self.running_mean = moments.mean.mapv(F::from_f64).into_dyn().into_shared();
        self.running_var = moments.variance(0.0).mapv(F::from_f64).into_dyn().into_shared();
    }

    /// `(x - mean) scale`, and the scale `1 / sqrt(variance + eps)`. In `f64`, because before batch normalisation a mean is
    /// often many times its standard deviation, and its rounding would be magnified as often.
    fn normalise(&self, rows: ArrayView2<'_, F>, mean: &Array1<f64>, var: &Array1<f64>) -> (Array2<F>, Array1<f64>) {
        let scale = var.mapv(|var| (var + self.eps).sqrt().recip());
        let mut y = rows.to_owned();
        for mut row in y.rows_mut() {
            Zip::from(&mut row).and(mean).and(&scale).for_each(|y, &mean, &scale| {
                *y = F::from_f64((y.into_f64() - mean) * scale);
            });
        }
        (y, scale)
    }
}

impl<F: Float> Layer<F> for BatchNorm<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let input = x.value();
        let rows = self.rows(&input);
        let (y, scale) = self.normalise(rows.view(), &vector(&self.running_mean), &vector(&self.running_var));
        let y = y.into_shape_with_order(input.raw_dim()).expect("as many elements");
        let scale = scale.mapv(F::from_f64);
        x.tape().custom(&[x], y, move |g, sink: &mut Sink<'_, F>| sink.add(0, g * &scale))
    }

    /// # Panics
    ///
    /// Also if a feature has a single value, whose variance says nothing.
    fn train<'t>(&mut self, x: Var<'t, F>) -> Var<'t, F> {
        let input = x.value();
        let rows = self.rows(&input);
        let count = rows.nrows();
        assert!(count > 1, "batch normalisation needs at least two values a feature, got shape {:?}", input.shape());
        let mut batch = Moments::new(self.features());
        batch.add(rows.view());
        let momentum = self.momentum;
        let follow = |running: &mut F, &new: &f64| {
            *running = F::from_f64((1.0 - momentum) * running.into_f64() + momentum * new);
        };
        self.running_mean.zip_mut_with(&batch.mean, follow);
        self.running_var.zip_mut_with(&batch.variance(1.0), follow);
        self.batches += 1;

        let (y, scale) = self.normalise(rows.view(), &batch.mean, &batch.variance(0.0));
        let y = y.into_shape_with_order(input.raw_dim()).expect("as many elements").into_shared();
        let saved = y.clone();
        // dx = scale (g - mean of g - y mean of (g y)): the two means are how x moves the batch's mean and variance. Of
        // three numbers close to each other little may be left, so this is in `f64`, too.
        x.tape().custom(&[x], y, move |g, sink: &mut Sink<'_, F>| {
            let shape = g.raw_dim();
            let (mut dx, y) = (as_rows(g.into_shared()).into_owned(), as_rows(saved));
            let mut mean_g = Array1::<f64>::zeros(scale.len());
            let mut mean_gy = mean_g.clone();
            for (g, y) in dx.rows().into_iter().zip(y.rows()) {
                Zip::from(&mut mean_g).and(&mut mean_gy).and(g).and(y).for_each(|mean, mean_gy, &g, &y| {
                    let share = g.into_f64() / count as f64;
                    *mean += share;
                    *mean_gy += share * y.into_f64();
                });
            }
            for (mut g, y) in dx.rows_mut().into_iter().zip(y.rows()) {
                Zip::from(&mut g).and(y).and(&mean_g).and(&mean_gy).and(&scale).for_each(
                    |g, &y, &mean, &gy, &scale| {
                        *g = F::from_f64(scale * (g.into_f64() - mean - y.into_f64() * gy));
                    },
                );
            }
            sink.add(0, dx.into_shape_with_order(shape).expect("as many elements"));
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

    fn as_batch_norm(&mut self) -> Option<&mut BatchNorm<F>> {
        Some(self)
    }
}

/// The mean of each feature and the sum of its squared deviations, over batches one after the other (Chan, Golub and
/// LeVeque, 1979). Each batch in two passes and in `f64`: one pass over single-precision squares loses the variance of a
/// feature whose mean is large.
pub(crate) struct Moments {
    count: f64,
    mean: Array1<f64>,
    squares: Array1<f64>,
}

impl Moments {
    pub(crate) fn new(features: usize) -> Self {
        Self { count: 0.0, mean: Array1::zeros(features), squares: Array1::zeros(features) }
    }

    pub(crate) fn add<F: Float>(&mut self, rows: ArrayView2<'_, F>) {
        let count = rows.nrows() as f64;
        if count == 0.0 {
            return;
        }
        let mut mean = Array1::zeros(self.mean.len());
        rows.rows().into_iter().for_each(|row| mean.zip_mut_with(&row, |sum, x| *sum += x.into_f64()));
        mean /= count;
        for row in rows.rows() {
            Zip::from(&mut self.squares)
                .and(row)
                .and(&mean)
                .for_each(|sum, &x, &mean| *sum += (x.into_f64() - mean).powi(2));
        }
        let total = self.count + count;
        let weight = self.count * count / total;
        Zip::from(&mut self.mean).and(&mut self.squares).and(&mean).for_each(|mean, squares, &new| {
            let step = new - *mean;
            *squares += weight * step * step;
            *mean += step * count / total;
        });
        self.count = total;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0.0
    }

    fn variance(&self, ddof: f64) -> Array1<f64> {
        &self.squares / (self.count - ddof)
    }
}

fn as_rows<F: Float>(x: Tensor<F>) -> ndarray::ArcArray2<F> {
    let features = x.len_of(Axis(x.ndim() - 1));
    let rows = x.len().checked_div(features).unwrap_or(0);
    let x = if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() };
    x.into_shape_with_order((rows, features)).expect("as many elements").into_dimensionality::<Ix2>().expect("a matrix")
}

fn vector<F: Float>(x: &Tensor<F>) -> Array1<f64> {
    x.iter().map(|x| x.into_f64()).collect()
}
