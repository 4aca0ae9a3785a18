use std::fmt;

use crate::{Activation, Window};

/// What a layer is, and all of it that is not in its arrays: enough, with those, to write it down
/// for another program.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// An [`Activation`].
    Activation(Activation),
    /// An [`Affine`](crate::Affine).
    Affine {
        /// Of its input, and its output.
        features: usize,
    },
    /// A [`BatchNorm`](crate::BatchNorm).
    BatchNorm {
        /// Of its input, and its output.
        features: usize,
        /// Added to the variance.
        eps: f64,
        /// The weight of a new batch in the running averages.
        momentum: f64,
    },
    /// A [`Conv2d`](crate::Conv2d).
    Conv2d {
        /// Channels that it takes.
        inputs: usize,
        /// Channels that it gives.
        outputs: usize,
        /// How its filters slide.
        window: Window,
    },
    /// A [`ConvTranspose2d`](crate::ConvTranspose2d).
    ConvTranspose2d {
        /// Channels that it takes.
        inputs: usize,
        /// Channels that it gives.
        outputs: usize,
        /// How the filters of the convolution slide that it is the transpose of.
        window: Window,
    },
    /// A [`Dense`](crate::Dense).
    Dense {
        /// Features that it takes.
        inputs: usize,
        /// Features that it gives.
        outputs: usize,
    },
    /// A [`Flatten`](crate::Flatten).
    Flatten {
        /// What it makes flat, `[height, width, channels]`.
        image: [usize; 3],
    },
    /// An [`Unflatten`](crate::Unflatten).
    Unflatten {
        /// What it makes, `[height, width, channels]`.
        image: [usize; 3],
    },
    /// A layer that is not of this crate.
    Other,
}

/// As messages have it: the layer and its sizes.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut filters = |name: &str, inputs: usize, outputs: usize, window: Window| {
            let [height, width] = window.kernel;
            write!(f, "{name}({inputs} to {outputs}, {height} x {width})")
        };
        match *self {
            Self::Conv2d { inputs, outputs, window } => filters("Conv2d", inputs, outputs, window),
            Self::ConvTranspose2d { inputs, outputs, window } => filters("ConvTranspose2d", inputs, outputs, window),
            Self::Activation(activation) => write!(f, "{activation:?}"),
            Self::Affine { features } => write!(f, "Affine({features})"),
            Self::BatchNorm { features, .. } => write!(f, "BatchNorm({features})"),
            Self::Dense { inputs, outputs } => write!(f, "Dense({inputs} to {outputs})"),
            Self::Flatten { .. } => f.write_str("Flatten"),
            Self::Unflatten { image } => write!(f, "Unflatten to {image:?}"),
            Self::Other => f.write_str("a layer of another crate"),
        }
    }
}
