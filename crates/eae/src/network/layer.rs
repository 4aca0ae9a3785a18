use std::fmt;
use std::str::FromStr;

use nn_layers::{Activation, Window};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Largest size of a layer. Larger numbers are typing errors, and products of a few such sizes do
/// not overflow.
const MOST: usize = 1 << 24;

/// Default slope of a leaky ReLU, as in PyTorch.
const LEAKY_SLOPE: f64 = 0.01;

/// A layer of a [`Network`](super::Network) and its text form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum LayerSpec {
    /// `dense 256`: a fully connected layer with 256 outputs. An image is flattened first.
    Dense(usize),
    /// `conv 32 kernel=4 stride=2 padding=1`: a convolution with 32 output channels. The stride
    /// defaults to 1 and the padding to 0. `kernel=1x4` is one row high and four columns wide.
    Conv(usize, Window),
    /// `conv-transpose 32 kernel=4 stride=2 padding=1`: a transposed convolution with 32 output
    /// channels.
    ConvTranspose(usize, Window),
    /// `batch-norm`: normalizes each channel to mean 0 and variance 1.
    BatchNorm,
    /// `affine`, after a `batch-norm`: its gamma and beta.
    Affine,
    /// `relu`.
    Relu,
    /// `leaky-relu 0.2`: a ReLU with slope 0.2 below 0. The default slope is 0.01.
    LeakyRelu(f64),
    /// `sigmoid`.
    Sigmoid,
    /// `tanh`.
    Tanh,
    /// `softplus`.
    Softplus,
    /// `flatten`: turns an image into a row. A dense layer does so by itself.
    Flatten,
    /// `unflatten 7 7 64`: turns a row, or an image of another shape, into an image of this height,
    /// width and channels.
    Unflatten([usize; 3]),
}

/// A text that does not describe a layer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a layer: {problem}")]
pub struct LayerError {
    text: String,
    problem: String,
}

const KNOWN: &str = "the layers are `dense N`, `conv N kernel=K stride=S padding=P`, `conv-transpose N kernel=K stride=S padding=P`, \
    `batch-norm`, `affine`, `relu`, `leaky-relu SLOPE`, `sigmoid`, `tanh`, `softplus`, `flatten` and \
    `unflatten HEIGHT WIDTH CHANNELS`";

impl FromStr for LayerSpec {
    type Err = LayerError;

    fn from_str(text: &str) -> Result<Self, LayerError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        parse(&words).map_err(|problem| LayerError { text: text.to_owned(), problem })
    }
}

fn parse(words: &[&str]) -> Result<LayerSpec, String> {
    Ok(match *words {
        ["dense", n] => LayerSpec::Dense(size(n)?),
        ["conv", n, ref how @ ..] => LayerSpec::Conv(size(n)?, window(how)?),
        ["conv-transpose", n, ref how @ ..] => LayerSpec::ConvTranspose(size(n)?, window(how)?),
        ["batch-norm"] => LayerSpec::BatchNorm,
        ["affine"] => LayerSpec::Affine,
        ["relu"] => LayerSpec::Relu,
        ["leaky-relu"] => LayerSpec::LeakyRelu(LEAKY_SLOPE),
        ["leaky-relu", slope] => match slope.parse() {
            Ok(slope) if f64::is_finite(slope) => LayerSpec::LeakyRelu(slope),
            _ => return Err(format!("the slope is {slope}; it must be a finite number")),
        },
        ["sigmoid"] => LayerSpec::Sigmoid,
        ["tanh"] => LayerSpec::Tanh,
        ["softplus"] => LayerSpec::Softplus,
        ["flatten"] => LayerSpec::Flatten,
        ["unflatten", height, width, channels] => LayerSpec::Unflatten([size(height)?, size(width)?, size(channels)?]),
        _ => return Err(KNOWN.to_owned()),
    })
}

fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|size| (1..=MOST).contains(size));
    size.ok_or_else(|| format!("`{text}` must be a whole number from 1 to {MOST}"))
}

/// Parses `4`, or `4x2` for 4 rows and 2 columns.
fn pair(text: &str, size: impl Fn(&str) -> Result<usize, String>) -> Result<[usize; 2], String> {
    let (rows, columns) = text.split_once('x').unwrap_or((text, text));
    Ok([size(rows)?, size(columns)?])
}

fn window(words: &[&str]) -> Result<Window, String> {
    let (mut kernel, mut stride, mut padding) = (None, None, None);
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let known = match key {
            "kernel" => kernel.replace(pair(value, size)?),
            "stride" => stride.replace(pair(value, size)?),
            "padding" => padding.replace(pair(value, |text| if text == "0" { Ok(0) } else { size(text) })?),
            _ => return Err(format!("`{word}` is unknown; the options are kernel=K, stride=S and padding=P")),
        };
        if known.is_some() {
            return Err(format!("`{key}` is given twice"));
        }
    }
    let kernel = kernel.ok_or("the kernel is missing; write it as in `conv 32 kernel=4 stride=2 padding=1`")?;
    let [stride, padding] = [stride.unwrap_or([1; 2]), padding.unwrap_or([0; 2])];
    match (0..2).find(|&i| padding[i] >= kernel[i]) {
        Some(i) => {
            Err(format!("the padding is {}; it must be smaller than the kernel, which is {}", padding[i], kernel[i]))
        }
        None => Ok(Window::new(kernel, stride, padding)),
    }
}

impl LayerSpec {
    /// Returns the activation that this layer applies, if it is one.
    pub fn activation(self) -> Option<Activation> {
        match self {
            Self::Relu => Some(Activation::Relu),
            Self::LeakyRelu(slope) => Some(Activation::LeakyRelu(slope)),
            Self::Sigmoid => Some(Activation::Sigmoid),
            Self::Tanh => Some(Activation::Tanh),
            Self::Softplus => Some(Activation::Softplus),
            _ => None,
        }
    }

    /// Returns the shape of a sample after the layer and the number of weights of the layer, or a
    /// message that says what would fit.
    pub(super) fn on(self, input: &[usize]) -> Result<(Vec<usize>, usize), String> {
        let weights = |inputs: usize, outputs: usize| inputs.saturating_mul(outputs).saturating_add(outputs);
        let convolved = |outputs: usize, window: Window, size: Option<[usize; 2]>, channels: usize| {
            let [height, width] = size?;
            let inputs = window.kernel.iter().fold(channels, |product, &side| product.saturating_mul(side));
            Some((vec![height, width, outputs], weights(inputs, outputs)))
        };
        match (self, input) {
            (Self::Dense(n), &[inputs]) => Ok((vec![n], weights(inputs, n))),
            (Self::Conv(n, window), &[height, width, channels]) => {
                convolved(n, window, window.convolved([height, width]), channels).ok_or_else(|| {
                    let most = [0, 1].map(|i| input[i] + 2 * window.padding[i]);
                    format!(
                        "takes a kernel of at most {} here: a larger one does not fit into the image and its padding",
                        Pair(most)
                    )
                })
            }
            (Self::ConvTranspose(n, window), &[height, width, channels]) => {
                convolved(n, window, window.transposed([height, width]), channels).ok_or_else(|| {
                    "leaves no pixels: each side becomes (size - 1) stride + kernel - 2 padding; use less padding"
                        .to_owned()
                })
            }
            (Self::Conv(..) | Self::ConvTranspose(..), &[n]) => Err(format!(
                "takes an image, but its input is a row of {n}: put `unflatten HEIGHT WIDTH CHANNELS` before it"
            )),
            (Self::BatchNorm, &[.., features]) => Ok((input.to_vec(), 2 * features + 1)),
            (Self::Affine, &[.., features]) => Ok((input.to_vec(), 2 * features)),
            (Self::Flatten, &[height, width, channels]) => Ok((vec![height * width * channels], 0)),
            (Self::Flatten, &[_]) => Err("takes an image, but its input is already a row: leave it out".to_owned()),
            (Self::Unflatten(image), &[n]) if image.iter().try_fold(1, |p: usize, &q| p.checked_mul(q)) == Some(n) => {
                Ok((image.to_vec(), 0))
            }
            (Self::Unflatten([height, width, _]), &[n]) => Err(match height.checked_mul(width) {
                Some(pixels) if n % pixels == 0 => {
                    format!("does not fit a row of {n}: use `unflatten {height} {width} {}`", n / pixels)
                }
                _ => format!("does not fit a row of {n}: use three numbers whose product is {n}"),
            }),
            _ => Ok((input.to_vec(), 0)),
        }
    }
}

/// Rows and columns, displayed as one number if they are equal.
struct Pair([usize; 2]);

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, columns] = self.0;
        if rows == columns { write!(f, "{rows}") } else { write!(f, "{rows}x{columns}") }
    }
}

/// Formats the layer in the syntax that is parsed.
impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = |Window { kernel, stride, padding, .. }| {
            format!("kernel={} stride={} padding={}", Pair(kernel), Pair(stride), Pair(padding))
        };
        match *self {
            Self::Dense(n) => write!(f, "dense {n}"),
            Self::Conv(n, window) => write!(f, "conv {n} {}", how(window)),
            Self::ConvTranspose(n, window) => write!(f, "conv-transpose {n} {}", how(window)),
            Self::BatchNorm => f.write_str("batch-norm"),
            Self::Affine => f.write_str("affine"),
            Self::Relu => f.write_str("relu"),
            Self::LeakyRelu(slope) => write!(f, "leaky-relu {slope}"),
            Self::Sigmoid => f.write_str("sigmoid"),
            Self::Tanh => f.write_str("tanh"),
            Self::Softplus => f.write_str("softplus"),
            Self::Flatten => f.write_str("flatten"),
            Self::Unflatten([height, width, channels]) => write!(f, "unflatten {height} {width} {channels}"),
        }
    }
}

impl TryFrom<String> for LayerSpec {
    type Error = LayerError;

    fn try_from(text: String) -> Result<Self, LayerError> {
        text.parse()
    }
}

impl From<LayerSpec> for String {
    fn from(layer: LayerSpec) -> Self {
        layer.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for text in [
            "dense 256",
            "conv 32 kernel=4 stride=2 padding=1",
            "conv 8 kernel=1x5 stride=1x2 padding=0x2",
            "conv-transpose 1 kernel=3 stride=1 padding=1",
            "batch-norm",
            "affine",
            "relu",
            "leaky-relu 0.2",
            "sigmoid",
            "tanh",
            "softplus",
            "flatten",
            "unflatten 7 5 64",
        ] {
            assert_eq!(text.parse::<LayerSpec>().unwrap().to_string(), text);
        }
        let short: LayerSpec = " conv  32  padding=1 kernel=3 ".parse().unwrap();
        assert_eq!(short.to_string(), "conv 32 kernel=3 stride=1 padding=1");
        assert_eq!("leaky-relu".parse(), Ok(LayerSpec::LeakyRelu(0.01)));
    }

    #[test]
    fn invalid_layers_are_errors() {
        for (text, expected) in [
            ("", "`` is not a layer: the layers are `dense N`, "),
            ("dens 3", "`dens 3` is not a layer: the layers are `dense N`, "),
            ("dense", "the layers are `dense N`, "),
            ("dense 0", "`0` must be a whole number from 1 to 16777216"),
            ("dense 99999999999999999999", "` must be a whole number from 1 to 16777216"),
            ("conv 32", "the kernel is missing; write it as in `conv 32 kernel=4 stride=2 padding=1`"),
            ("conv 32 4 2 1", "`4` is unknown; the options are kernel=K, stride=S and padding=P"),
            ("conv 32 kernel=4x", "`` must be a whole number"),
            ("conv 32 kernel=4 kernel=3", "`kernel` is given twice"),
            ("conv 32 kernel=3x1 padding=1", "the padding is 1; it must be smaller than the kernel, which is 1"),
            ("leaky-relu nan", "the slope is nan; it must be a finite number"),
            ("unflatten 784", "the layers are `dense N`, "),
        ] {
            let error = text.parse::<LayerSpec>().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
