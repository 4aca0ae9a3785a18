use std::fmt;

use crate::{Activation, Window};

/// The kind of a layer with all settings that are not in its arrays. Together with the arrays, this
/// is enough to export the layer to another program.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// An [`Activation`].
    Activation(Activation),
    /// An [`Affine`](crate::Affine).
    Affine {
        /// Number of features of the input and the output.
        features: usize,
    },
    /// A [`BatchNorm`](crate::BatchNorm).
    BatchNorm {
        /// Number of features of the input and the output.
        features: usize,
        /// Constant added to the variance.
        eps: f64,
        /// The weight of a new batch in the running averages.
        momentum: f64,
    },
    /// A [`Conv2d`](crate::Conv2d).
    Conv2d {
        /// Number of input channels.
        inputs: usize,
        /// Number of output channels.
        outputs: usize,
        /// Size, stride and padding of the filters.
        window: Window,
    },
    /// A [`ConvTranspose2d`](crate::ConvTranspose2d).
    ConvTranspose2d {
        /// Number of input channels.
        inputs: usize,
        /// Number of output channels.
        outputs: usize,
        /// Size, stride and padding of the filters of the transposed convolution.
        window: Window,
    },
    /// A [`Dense`](crate::Dense).
    Dense {
        /// Number of input features.
        inputs: usize,
        /// Number of output features.
        outputs: usize,
    },
    /// A [`Flatten`](crate::Flatten).
    Flatten {
        /// Shape of the input, `[height, width, channels]`.
        image: [usize; 3],
    },
    /// An [`Unflatten`](crate::Unflatten).
    Unflatten {
        /// Shape of the output, `[height, width, channels]`.
        image: [usize; 3],
    },
    /// A layer defined outside this crate.
    Other,
}

/// Formats the layer and its sizes for messages.
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
