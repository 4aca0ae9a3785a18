use std::fmt::{self, Debug};

use autodiff_mini::Var;
use thiserror::Error;

use crate::{Activation, Entry, Kind, Real, Tensor};

/// A function of a batch, with its own parameters. The first axis is the batch. Images are
/// `[batch, height, width, channels]`.
///
/// A layer is a plain struct. Evaluation borrows it by shared reference. Training borrows it by
/// unique reference, because batch normalization then updates its running statistics. There is no
/// mode flag that a caller could forget to set.
pub trait Layer<F: Real>: Debug + Send + Sync + CloneLayer<F> {
    /// Evaluates the layer in evaluation mode.
    ///
    /// # Panics
    ///
    /// If the shape does not fit. [`Layer::output_shape`] checks this beforehand.
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F>;

    /// Evaluates the layer in training mode.
    ///
    /// # Panics
    ///
    /// See [`Layer::forward`].
    fn train<'t>(&mut self, x: Var<'t, F>) -> Var<'t, F> {
        self.forward(x)
    }

    /// Returns `activation` of the layer's value, computed in one pass over the memory, or `None`
    /// if the layer does not support it. A layer that does must not distinguish training and
    /// evaluation.
    ///
    /// # Panics
    ///
    /// See [`Layer::forward`].
    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Option<Var<'t, F>> {
        let _ = (x, activation);
        None
    }

    /// Returns the kind of the layer, for export and for fusion with the previous layer.
    fn kind(&self) -> Kind {
        Kind::Other
    }

    /// Returns the shape of one output sample for an input sample of this shape, without the batch
    /// axis.
    ///
    /// # Errors
    ///
    /// If the layer does not accept the shape.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError>;

    /// Returns all arrays of the layer, in a fixed order.
    fn state(&mut self) -> Vec<Entry<'_, F>> {
        Vec::new()
    }

    /// Returns true if PyTorch has the layer as part of the previous module, as
    /// [`Affine`](crate::Affine) is part of batch normalization. The layer then has no number of
    /// its own in the names of a weights file.
    fn joins_previous(&self) -> bool {
        false
    }

    /// Replaces running statistics by the exact statistics of `inputs`, which are only computed if
    /// requested. A layer without running statistics ignores the call.
    fn recalibrate(&mut self, inputs: &mut dyn Iterator<Item = Tensor<F>>) {
        let _ = inputs;
    }

    /// Returns true if feature `i` of the output depends only on feature `i` of the input. Such
    /// layers preserve the order of the features. A [`Dense`](crate::Dense) layer starts a new
    /// order.
    fn keeps_features(&self) -> bool {
        true
    }
}

/// Clones a boxed layer. Every `Clone` layer implements this trait.
pub trait CloneLayer<F: Real> {
    /// Returns a boxed clone.
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

/// Returns the output shape of a layer with a fixed number of features that maps each feature to
/// itself.
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

/// A layer got a shape that it does not accept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[error("{layer} takes {takes} but got shape {got:?}")]
pub struct ShapeError {
    /// The layer and its sizes.
    pub layer: String,
    /// The accepted shape.
    pub takes: String,
    /// The actual shape.
    pub got: Vec<usize>,
}

impl ShapeError {
    /// Creates the error that `layer` accepts `takes` but got shape `got`.
    pub fn new(layer: impl fmt::Display, takes: impl fmt::Display, got: &[usize]) -> Self {
        Self { layer: layer.to_string(), takes: takes.to_string(), got: got.to_vec() }
    }
}
