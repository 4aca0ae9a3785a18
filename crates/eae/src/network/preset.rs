use std::fmt;
use std::str::FromStr;

use nn_layers::Window;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::LayerSpec::{self, Affine, BatchNorm, Conv, ConvTranspose, Dense, Relu, Sigmoid, Unflatten};
use super::Network;

/// A predefined encoder and decoder. For an entropic autoencoder the encoder ends in batch
/// normalization without gamma and beta, which holds the code at mean 0 and variance 1 by
/// construction. [`Ending`](super::Ending) lists the endings for other objectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Preset {
    /// Dense layers of 512 and 256, for small images of any size.
    Mlp,
    /// Convolutions to 32 and 64 channels, each halving the image, and a dense layer of 256.
    /// Designed for 28 x 28 pixels; accepts any height and width that are multiples of 4.
    Conv28,
    /// The encoder of [`Conv28`](Preset::Conv28), and its decoder after two more dense layers, of
    /// 512. Neighboring codes can then differ more, so that fewer draws from N(0, I) are between
    /// two kinds of images.
    Deep28,
    /// Convolutions to 64, 128 and 256 channels, each halving the image. Designed for 32 x 32
    /// pixels; accepts any height and width that are multiples of 8.
    Conv32,
    /// The network of the paper, and of the regularized autoencoders before it, for 32 x 32 pixels:
    /// convolutions to 128, 256, 512 and 1024 channels, and batch normalization with gamma and beta
    /// after each layer but the last.
    Paper32,
}

/// The name does not match any preset.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown network `{0}`; the presets are mlp, conv28, deep28, conv32 and paper32")]
pub struct UnknownPreset(String);

impl Preset {
    /// All presets.
    pub const ALL: [Self; 5] = [Self::Mlp, Self::Conv28, Self::Deep28, Self::Conv32, Self::Paper32];

    /// Height and width of the images for which the preset was designed.
    pub const fn side(self) -> usize {
        match self {
            Self::Mlp | Self::Conv28 | Self::Deep28 => 28,
            Self::Conv32 | Self::Paper32 => 32,
        }
    }

    /// Returns true if the preset takes images `[height, width, channels]`, which requires that its
    /// convolutions halve both sides without remainder.
    pub fn takes(self, [height, width, _]: [usize; 3]) -> bool {
        let multiples = |of: usize| [height, width].iter().all(|side| side % of == 0 && *side > 0);
        match self {
            Self::Mlp => true,
            Self::Conv28 | Self::Deep28 => multiples(4),
            Self::Conv32 => multiples(8),
            Self::Paper32 => [height, width] == [32; 2],
        }
    }

    /// Returns the images that the preset takes, as a phrase after the word "images".
    pub(crate) const fn sides(self) -> &'static str {
        match self {
            Self::Mlp => "of any size",
            Self::Conv28 | Self::Deep28 => "whose sides are multiples of 4",
            Self::Conv32 => "whose sides are multiples of 8",
            Self::Paper32 => "of 32 x 32 pixels",
        }
    }

    /// Returns the preset that suits images `[height, width, channels]`: convolutions if both sides
    /// can be halved often enough, dense layers otherwise and for very small images.
    pub fn for_image(image: [usize; 3]) -> Self {
        let least = image[0].min(image[1]);
        if Self::Conv32.takes(image) && least >= 32 {
            Self::Conv32
        } else if Self::Deep28.takes(image) && least >= 12 {
            Self::Deep28
        } else {
            Self::Mlp
        }
    }

    /// Returns the name used on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mlp => "mlp",
            Self::Conv28 => "conv28",
            Self::Deep28 => "deep28",
            Self::Conv32 => "conv32",
            Self::Paper32 => "paper32",
        }
    }

    /// Returns the layers for images `[height, width, channels]` with values from 0 to 1. A preset
    /// that does not take these images is reported when a model is made.
    pub fn network(self, image: [usize; 3]) -> Network {
        match self {
            Self::Mlp => mlp(numbers(image)),
            Self::Conv28 => conv28(image),
            Self::Deep28 => deep28(image),
            Self::Conv32 => conv32(image),
            Self::Paper32 => paper32(image[2]),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        let known = Self::ALL.into_iter().find(|preset| preset.name() == name);
        known.ok_or_else(|| UnknownPreset(name.to_owned()))
    }
}

/// Returns the number of entries of an image. A number that is too large for any network is
/// reported when the network is planned.
fn numbers(image: [usize; 3]) -> usize {
    image.iter().fold(1, |product, &side| product.saturating_mul(side))
}

const HALVING: Window = Window::square(4, 2, 1);

const fn conv(channels: usize) -> LayerSpec {
    Conv(channels, HALVING)
}

const fn back(channels: usize) -> LayerSpec {
    ConvTranspose(channels, HALVING)
}

fn mlp(pixels: usize) -> Network {
    Network {
        encoder: vec![Dense(512), Relu, Dense(256), Relu],
        decoder: vec![Dense(256), Relu, Dense(512), Relu, Dense(pixels), Sigmoid],
    }
}

fn conv28([height, width, channels]: [usize; 3]) -> Network {
    let small = [height / 4, width / 4, 64];
    Network {
        encoder: vec![conv(32), Relu, conv(64), Relu, Dense(256), Relu],
        decoder: vec![
            Dense(256),
            Relu,
            Dense(numbers(small)),
            Relu,
            Unflatten(small),
            back(32),
            Relu,
            back(channels),
            Sigmoid,
        ],
    }
}

fn deep28(image: [usize; 3]) -> Network {
    let Network { encoder, decoder } = conv28(image);
    Network { encoder, decoder: [vec![Dense(512), Relu, Dense(512), Relu], decoder].concat() }
}

fn conv32([height, width, channels]: [usize; 3]) -> Network {
    let small = [height / 8, width / 8, 256];
    Network {
        encoder: vec![conv(64), Relu, conv(128), Relu, conv(256), Relu],
        decoder: vec![
            Dense(numbers(small)),
            Relu,
            Unflatten(small),
            back(128),
            Relu,
            back(64),
            Relu,
            back(channels),
            Sigmoid,
        ],
    }
}

fn paper32(channels: usize) -> Network {
    let then_normalized = |layer| [layer, BatchNorm, Affine, Relu];
    let encoder = [128, 256, 512, 1024].map(|n| then_normalized(conv(n)));
    let mut decoder = vec![Dense(8 * 8 * 1024)];
    decoder.extend(then_normalized(Unflatten([8, 8, 1024])));
    decoder.extend([512, 256].map(|n| then_normalized(back(n))).as_flattened());
    decoder.extend([ConvTranspose(channels, Window::square(3, 1, 1)), Sigmoid]);
    Network { encoder: encoder.as_flattened().to_vec(), decoder }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Autoencoder;

    #[test]
    fn encoder_and_decoder_fit_together() {
        for (preset, image, latent, parameters) in [
            // Counted by `sum(p.numel() for p in model.parameters())` in PyTorch.
            (Preset::Mlp, [28, 28, 1], 16, 1_075_488),
            (Preset::Conv28, [28, 28, 1], 16, 1_684_177),
            (Preset::Conv32, [32, 32, 3], 64, 1_845_955),
            (Preset::Paper32, [32, 32, 1], 16, 22_689_937),
            // Counted by hand.
            (Preset::Deep28, [28, 28, 1], 16, 2_082_513),
            (Preset::Conv28, [64, 48, 3], 16, 6_381_203),
            (Preset::Conv32, [64, 40, 1], 8, 1_487_497),
        ] {
            let mut model = Autoencoder::<f32>::new(preset, image, latent, 0).unwrap();
            assert_eq!((model.encoder.output_shape(), model.decoder.input_shape()), (&[latent][..], &[latent][..]));
            assert_eq!((model.encoder.input_shape(), model.decoder.output_shape()), (&image[..], &image[..]));
            assert_eq!(model.parameters().iter().map(|p| p.len()).sum::<usize>(), parameters, "{preset}");
            assert_eq!(preset.name().parse(), Ok(preset));
        }
        assert_eq!(
            "conv29".parse::<Preset>().unwrap_err().to_string(),
            "unknown network `conv29`; the presets are mlp, conv28, deep28, conv32 and paper32"
        );
    }
}
