mod flat_images;
mod names;
mod statistics;

use std::borrow::Borrow;
use std::iter;

use autodiff_mini::{Tape, Var};
use ndarray::ArrayD;

use crate::{Content, Entry, Kind, Layer, Real, ShapeError, Tensor};

pub use statistics::Statistics;

/// A sequence of layers, whose shapes are checked when the network is built.
///
/// ```
/// use nn_layers::{Activation, Dense, Sequential};
/// # use ndarray_rand::rand::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// let network = Sequential::<f32>::on(&[784])
///     .then(Dense::new(784, 32, &mut rng))
///     .then(Activation::Relu)
///     .then(Dense::new(32, 10, &mut rng))
///     .build()?;
/// assert_eq!(network.output_shape(), [10]);
///
/// let mistake = Sequential::<f32>::on(&[784]).then(Dense::new(28, 10, &mut rng)).build();
/// let message = "layer 0: Dense(28 to 10) takes [28] but got shape [784]";
/// assert_eq!(mistake.unwrap_err().to_string(), message);
/// # Ok::<(), nn_layers::ShapeError>(())
/// ```
///
/// # Clones
///
/// A clone shares its arrays with the original until one of the two is changed, such as by a step
/// of an optimizer. A tape identifies a parameter by its array. So if a network and a fresh clone
/// are trained on one tape, each gradient is the sum over both.
#[derive(Debug, Clone)]
pub struct Sequential<F: Real> {
    layers: Vec<Box<dyn Layer<F>>>,
    /// The shape of one sample before the first layer and after each layer.
    shapes: Vec<Vec<usize>>,
}

/// A layer of a [`Sequential`] and its place in the network.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Placed<'a> {
    /// The kind of the layer.
    pub kind: Kind,
    /// The number of the layer in the names of a weights file.
    pub number: usize,
    /// The shape of one sample before and after the layer.
    pub shapes: [&'a [usize]; 2],
    /// The image `[height, width, channels]` that a flat row represents before and after the layer,
    /// if any. In memory its features are channels last, in a weights file channels first.
    pub images: [Option<[usize; 3]>; 2],
}

/// A builder of a [`Sequential`].
#[derive(Debug)]
pub struct SequentialBuilder<F: Real>(Result<Sequential<F>, ShapeError>);

impl<F: Real> SequentialBuilder<F> {
    /// Appends a layer.
    #[must_use]
    pub fn then(self, layer: impl Layer<F> + 'static) -> Self {
        Self(self.0.and_then(|mut network| {
            let number = network.layers.len();
            let shape = layer.output_shape(network.output_shape());
            let shape = shape.map_err(|e| ShapeError { layer: format!("layer {number}: {}", e.layer), ..e })?;
            network.layers.push(Box::new(layer));
            network.shapes.push(shape);
            Ok(network)
        }))
    }

    /// Returns the network.
    ///
    /// # Errors
    ///
    /// If a layer does not accept the output of the previous one. The error names the first such
    /// layer.
    pub fn build(self) -> Result<Sequential<F>, ShapeError> {
        self.0
    }
}

impl<F: Real> Sequential<F> {
    /// Starts a network for samples of this shape, without the batch axis.
    pub fn on(input_shape: &[usize]) -> SequentialBuilder<F> {
        SequentialBuilder(Ok(Self { layers: Vec::new(), shapes: vec![input_shape.to_vec()] }))
    }

    /// Returns the shape of one input sample.
    pub fn input_shape(&self) -> &[usize] {
        &self.shapes[0]
    }

    /// Returns the shape of one output sample.
    pub fn output_shape(&self) -> &[usize] {
        self.shapes.last().expect("the input's shape at least")
    }

    /// Evaluates the network in evaluation mode.
    ///
    /// # Panics
    ///
    /// If the samples of the batch do not have the shape [`input_shape`](Sequential::input_shape).
    pub fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        self.check(x);
        forward(&self.layers, x)
    }

    /// Returns the number of layers, including activations.
    #[expect(clippy::len_without_is_empty, reason = "networks without layers are not useful")]
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Returns the layers, from the first to the last. Their arrays have the names and layouts of
    /// [`write`](Sequential::write).
    pub fn layers(&self) -> impl Iterator<Item = Placed<'_>> {
        let (numbers, images) = (self.numbers(), self.flat_images());
        self.layers.iter().enumerate().map(move |(i, layer)| Placed {
            kind: layer.kind(),
            number: numbers[i],
            shapes: [&self.shapes[i], &self.shapes[i + 1]],
            images: [images[i], images[i + 1]],
        })
    }

    /// Returns the number of trainable values of each layer.
    pub fn parameter_counts(&self) -> Vec<usize> {
        // Listing the state needs a unique reference, so clone the layers as `write` does.
        let mut layers = self.layers.clone();
        let count = |entry: Entry<'_, F>| if let Content::Parameter(tensor) = entry.content { tensor.len() } else { 0 };
        layers.iter_mut().map(|layer| layer.state().into_iter().map(count).sum()).collect()
    }

    /// Returns the values after each of these numbers of layers, in evaluation mode. Layers after
    /// the last of them are not evaluated.
    ///
    /// # Panics
    ///
    /// If the numbers decrease, if there are fewer layers, and in the cases of
    /// [`forward`](Sequential::forward).
    pub fn forward_through<'t, const N: usize>(&self, layers: [usize; N], x: Var<'t, F>) -> [Var<'t, F>; N] {
        self.check(x);
        let (mut at, mut value) = (0, x);
        layers.map(|end| {
            value = forward(&self.layers[at..end], value);
            at = end;
            value
        })
    }

    /// Evaluates the network in training mode.
    ///
    /// # Panics
    ///
    /// See [`forward`](Sequential::forward).
    pub fn train<'t>(&mut self, x: Var<'t, F>) -> Var<'t, F> {
        self.check(x);
        train(&mut self.layers, x)
    }

    /// Evaluates the network in training mode. Returns the values after each of these numbers of
    /// layers, and the output.
    ///
    /// # Panics
    ///
    /// If the numbers decrease, if there are fewer layers, and in the cases of
    /// [`forward`](Sequential::forward).
    pub fn train_through<'t, const N: usize>(
        &mut self,
        layers: [usize; N],
        x: Var<'t, F>,
    ) -> ([Var<'t, F>; N], Var<'t, F>) {
        self.check(x);
        let (mut at, mut value) = (0, x);
        let inner = layers.map(|end| {
            value = train(&mut self.layers[at..end], value);
            at = end;
            value
        });
        (inner, train(&mut self.layers[at..], value))
    }

    fn check(&self, x: Var<'_, F>) {
        let (shape, expected) = (x.shape(), self.input_shape());
        assert!(
            shape.get(1..) == Some(expected),
            "a network for samples of shape {expected:?} got a batch of shape {shape:?}"
        );
    }

    /// Returns the arrays of all layers, in order.
    pub fn state(&mut self) -> impl Iterator<Item = Entry<'_, F>> {
        self.layers.iter_mut().flat_map(|layer| layer.state())
    }

    /// Returns the trainable parameters, in a fixed order.
    pub fn parameters(&mut self) -> Vec<&mut Tensor<F>> {
        self.state()
            .filter_map(|entry| if let Content::Parameter(tensor) = entry.content { Some(tensor) } else { None })
            .collect()
    }

    /// Replaces the running statistics of every batch normalization by the exact mean and variance
    /// of its input over all of `batches`, in evaluation mode. Layers are processed in order,
    /// because each depends on the previous ones. `batches` is called once for each batch
    /// normalization. If there are no batches, nothing changes.
    pub fn recalibrate<I: Iterator<Item = ArrayD<F>>>(&mut self, batches: impl Fn() -> I) {
        for i in 0..self.layers.len() {
            let (before, rest) = self.layers.split_at_mut(i);
            let input = |batch| forward(before, Tape::without_gradients().constant(batch)).value();
            rest[0].recalibrate(&mut iter::once_with(&batches).flatten().map(input));
        }
    }
}

/// Evaluates a sequence of layers in evaluation mode.
fn forward<'t, F: Real>(layers: &[Box<dyn Layer<F>>], x: Var<'t, F>) -> Var<'t, F> {
    pass(layers.iter(), x, |layer, x| layer.forward(x))
}

/// Evaluates a sequence of layers in training mode.
fn train<'t, F: Real>(layers: &mut [Box<dyn Layer<F>>], x: Var<'t, F>) -> Var<'t, F> {
    pass(layers.iter_mut(), x, |layer, x| layer.train(x))
}

/// Evaluates a sequence of layers, each by `value`. A layer fuses the activation after it, if it
/// can.
fn pass<'t, F: Real, L: Borrow<Box<dyn Layer<F>>>>(
    layers: impl Iterator<Item = L>,
    mut x: Var<'t, F>,
    value: impl Fn(L, Var<'t, F>) -> Var<'t, F>,
) -> Var<'t, F> {
    let mut layers = layers.peekable();
    while let Some(layer) = layers.next() {
        let fused = layers.peek().and_then(|next| match next.borrow().kind() {
            Kind::Activation(activation) => layer.borrow().forward_then(x, activation),
            _ => None,
        });
        x = match fused {
            Some(y) => {
                layers.next();
                y
            }
            None => value(layer, x),
        };
    }
    x
}
