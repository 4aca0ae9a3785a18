use autodiff_mini::Var;

use crate::{Kind, Layer, Real, ShapeError};

/// Flattens an image of a known shape `[height, width, channels]` to a row. The features are in
/// memory order, channels last. Weights files have channels first, and reading and writing convert
/// between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten {
    image: [usize; 3],
}

/// Turns a flat row into an image of a known shape `[height, width, channels]`. The inverse of
/// [`Flatten`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unflatten {
    image: [usize; 3],
}

impl Flatten {
    /// Creates a layer for images of shape `[height, width, channels]`.
    pub const fn new(image: [usize; 3]) -> Self {
        Self { image }
    }
}

impl Unflatten {
    /// Creates a layer that produces images of shape `[height, width, channels]`.
    pub const fn new(image: [usize; 3]) -> Self {
        Self { image }
    }
}

impl<F: Real> Layer<F> for Flatten {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        x.reshape(&[x.shape()[0], self.image.iter().product()])
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        if input == self.image {
            Ok(vec![input.iter().product()])
        } else {
            Err(ShapeError::new(Layer::<F>::kind(self), format_args!("{:?}", self.image), input))
        }
    }

    fn kind(&self) -> Kind {
        Kind::Flatten { image: self.image }
    }
}

impl<F: Real> Layer<F> for Unflatten {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let [height, width, channels] = self.image;
        x.reshape(&[x.shape()[0], height, width, channels])
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let features: usize = self.image.iter().product();
        if input == [features] {
            Ok(self.image.to_vec())
        } else {
            Err(ShapeError::new(Layer::<F>::kind(self), format_args!("[{features}]"), input))
        }
    }

    fn kind(&self) -> Kind {
        Kind::Unflatten { image: self.image }
    }
}
