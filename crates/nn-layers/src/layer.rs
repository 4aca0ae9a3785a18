use std::fmt::{self, Debug};

use autodiff_mini::Var;
use thiserror::Error;

use crate::{Activation, Entry, Kind, Real, Tensor};

/// A function of a batch with parameters of its own. The first axis is the batch; images are
/// `[batch, height, width, channels]`.
///
/// A layer is a plain struct. Evaluation takes it by shared reference; training by unique
/// reference, because batch normalization keeps running statistics then. There is no mode to forget
/// to set.
pub trait Layer<F: Real>: Debug + Send + Sync + CloneLayer<F> {
    /// The layer's value, in evaluation mode.
    ///
    /// # Panics
    ///
    /// If the shape does not fit; see [`Layer::output_shape`] to know beforehand.
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F>;

    /// The layer's value, in training mode.
    ///
    /// # Panics
    ///
    /// As [`Layer::forward`].
    fn train<'t>(&mut self, x: Var<'t, F>) -> Var<'t, F> {
        self.forward(x)
    }

    /// Returns `activation` of the layer's value, in one pass over the memory; nothing if the layer
    /// cannot do that. Training and evaluation are the same to a layer that can.
    ///
    /// # Panics
    ///
    /// As [`Layer::forward`].
    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Option<Var<'t, F>> {
        let _ = (x, activation);
        None
    }

    /// What it is, for whoever writes it down, or does it together with the layer before it.
    fn kind(&self) -> Kind {
        Kind::Other
    }

    /// The shape that comes out for one sample of this shape, batch axis left out.
    ///
    /// # Errors
    ///
    /// If the layer cannot take it.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError>;

    /// All that the layer holds, in a fixed order.
    fn state(&mut self) -> Vec<Entry<'_, F>> {
        Vec::new()
    }

    /// Whether PyTorch has it as part of the module before it, as [`Affine`](crate::Affine) is part
    /// of the batch normalization: then it takes no number in the names of a weights file.
    fn joins_previous(&self) -> bool {
        false
    }

    /// Replaces running statistics by the exact ones of `inputs`, which are worked out only if they
    /// are asked for. A layer that has none ignores them.
    fn recalibrate(&mut self, inputs: &mut dyn Iterator<Item = Tensor<F>>) {
        let _ = inputs;
    }

    /// Whether feature `i` of its output comes from feature `i` of its input alone. Between such
    /// layers the order of the features is the same; a [`Dense`](crate::Dense) starts a new
    /// one.
    fn keeps_features(&self) -> bool {
        true
    }
}

/// Clones a layer behind a box. Every `Clone` layer has it.
pub trait CloneLayer<F: Real> {
    /// A clone in a box of its own.
    fn clone_boxed(&self) -> Box<dyn Layer<F>>;
}

impl<F: Real, L: Layer<F> + Clone + 'static> CloneLayer<F> for L {
    fn clone_boxed(&self) -> Box<dyn Layer<F>> {
        Box::new(self.clone())
    }
}

impl<F: Real> Clone for Box<dyn Layer<F>> {
    fn clone(&self) -> Self {
        self.as_ref().clone_boxed()
    }
}

/// The shape of a layer that has a number of features and changes none of them into another.
pub(crate) fn same_shape<F: Real>(
    layer: &impl Layer<F>,
    features: usize,
    input: &[usize],
) -> Result<Vec<usize>, ShapeError> {
    if input.last() == Some(&features) {
        Ok(input.to_vec())
    } else {
        Err(ShapeError::new(layer.kind(), format_args!("[.., {features}]"), input))
    }
}

/// A layer was given a shape that it cannot take.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[error("{layer} takes {takes}, got shape {got:?}")]
pub struct ShapeError {
    /// Which layer, with its sizes.
    pub layer: String,
    /// What it takes.
    pub takes: String,
    /// What it got.
    pub got: Vec<usize>,
}

impl ShapeError {
    /// `layer` takes `takes`, got shape `got`.
    pub fn new(layer: impl fmt::Display, takes: impl fmt::Display, got: &[usize]) -> Self {
        Self { layer: layer.to_string(), takes: takes.to_string(), got: got.to_vec() }
    }
}
