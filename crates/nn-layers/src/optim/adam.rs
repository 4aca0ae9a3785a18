use ndarray::ArrayD;

use super::{Optimizer, pairs};
use crate::kernels::{AdamStep, adam};
use crate::{Real, Tensor, Weights, WeightsError};

/// The Adam optimizer (Kingma and Ba, ICLR 2015). The step of each entry is its mean gradient
/// divided by its root mean square.
///
/// ```text
/// m <- beta1 m + (1 - beta1) g,    v <- beta2 v + (1 - beta2) g^2
/// x <- x - rate / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)
/// ```
///
/// The results agree with `torch.optim.Adam` and `AdamW`.
#[derive(Debug, Clone)]
pub struct Adam<F: Real> {
    /// Decay rate of the mean, 0.9 by default.
    pub beta1: f64,
    /// Decay rate of the mean square, 0.999 by default.
    pub beta2: f64,
    /// Constant that avoids division by 0, 1e-8 by default.
    pub eps: f64,
    /// The weight decay.
    pub decay: Decay,
    moments: Vec<Option<AdamMoments<F>>>,
}

/// The kind of weight decay, which pulls parameters toward 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Decay {
    /// No decay.
    #[default]
    None,
    /// L2 regularization, which replaces `g` by `g + w x`. PyTorch's `Adam(weight_decay=w)`.
    L2(f64),
    /// Decoupled decay, `x <- x - rate w x` before each step: AdamW (Loshchilov and Hutter, ICLR
    /// 2019).
    Decoupled(f64),
}

/// The moments of the gradients of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamMoments<F> {
    /// The moving average of the gradients, `m`.
    pub first: ArrayD<F>,
    /// The moving average of the squared gradients, `v`.
    pub second: ArrayD<F>,
    /// The number of steps made, `t`.
    pub steps: i32,
}

impl<F: Real> Default for Adam<F> {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: Decay::None, moments: Vec::new() }
    }
}

impl<F: Real> Adam<F> {
    /// Creates an optimizer with this decay and the default settings otherwise.
    pub fn with_decay(decay: Decay) -> Self {
        Self { decay, ..Self::default() }
    }

    /// Sets the moments of the parameters, one entry per parameter. `None` stands for a parameter
    /// without a gradient so far.
    #[must_use]
    pub fn with_moments(self, moments: Vec<Option<AdamMoments<F>>>) -> Self {
        Self { moments, ..self }
    }

    /// Returns the moments of each parameter, which are empty before the first step.
    pub fn moments(&self) -> &[Option<AdamMoments<F>>] {
        &self.moments
    }
}

/// Reading and writing for checkpoints.
impl<F: Real> Adam<F> {
    /// Adds the moments of each parameter as `prefix.0.first`, `prefix.0.second` and
    /// `prefix.0.steps`, and so on.
    pub fn write(&self, prefix: &str, weights: &mut Weights) {
        for (place, moments) in self.moments.iter().enumerate() {
            let Some(AdamMoments { first, second, steps }) = moments else { continue };
            weights.insert(format!("{prefix}.{place}.first"), first);
            weights.insert(format!("{prefix}.{place}.second"), second);
            weights.insert_count(format!("{prefix}.{place}.steps"), *steps as u64);
        }
    }

    /// Reads the moments that [`write`](Adam::write) added, for parameters of these shapes.
    ///
    /// # Errors
    ///
    /// If a tensor is missing beside another, has another shape, or is not a valid moment. The
    /// optimizer is then unchanged.
    pub fn read(&mut self, prefix: &str, weights: &Weights, shapes: &[Vec<usize>]) -> Result<(), WeightsError> {
        let moments = |(place, shape): (usize, &Vec<usize>)| {
            let [first, second, steps] = ["first", "second", "steps"].map(|name| format!("{prefix}.{place}.{name}"));
            // This parameter has never had a gradient.
            if weights.shape(&first).is_none() && weights.shape(&second).is_none() {
                return Ok(None);
            }
            let (first, variance) = (weights.get(&first, shape)?, weights.get(&second, shape)?);
            weights.refuse_negative(&second, &variance)?;
            let steps = i32::try_from(weights.get_count(&steps)?).unwrap_or(i32::MAX);
            Ok(Some(AdamMoments { first, second: variance, steps }))
        };
        self.moments = shapes.iter().enumerate().map(moments).collect::<Result<_, WeightsError>>()?;
        Ok(())
    }
}

impl<F: Real> Optimizer<F> for Adam<F> {
    fn update(&mut self, learning_rate: f64, parameters: Vec<&mut Tensor<F>>, gradients: &[Option<ArrayD<F>>]) {
        let [beta1, beta2, eps] = [self.beta1, self.beta2, self.eps].map(F::from_f64);
        let [one_minus_beta1, one_minus_beta2] = [1.0 - self.beta1, 1.0 - self.beta2].map(F::from_f64);
        let (l2, keep) = match self.decay {
            Decay::None => (F::zero(), F::one()),
            Decay::L2(weight) => (F::from_f64(weight), F::one()),
            Decay::Decoupled(weight) => (F::zero(), F::from_f64(1.0 - learning_rate * weight)),
        };
        self.moments.resize_with(parameters.len(), || None);
        for ((x, g), moments) in pairs(parameters, gradients).zip(&mut self.moments) {
            let Some(g) = g else { continue };
            let moments = moments.get_or_insert_with(|| {
                let zeros = ArrayD::zeros(g.raw_dim());
                AdamMoments { first: zeros.clone(), second: zeros, steps: 0 }
            });
            moments.steps = moments.steps.saturating_add(1);
            let [correction1, correction2] = [self.beta1, self.beta2].map(|beta| 1.0 - beta.powi(moments.steps));
            let rate = F::from_f64(learning_rate / correction1);
            let root = F::from_f64(correction2.sqrt().recip());
            let step = AdamStep { beta1, beta2, one_minus_beta1, one_minus_beta2, l2, keep, rate, root, eps };
            let ordered = "a gradient in memory order, and moments like it";
            if !x.is_standard_layout() {
                *x = x.as_standard_layout().into_owned().into_shared();
            }
            let (x, g) = (x.as_slice_mut().expect(ordered), g.as_standard_layout());
            let [m, v] = [&mut moments.first, &mut moments.second].map(|m| m.as_slice_mut().expect(ordered));
            adam(step, x, [m, v], g.as_slice().expect(ordered));
        }
    }
}
