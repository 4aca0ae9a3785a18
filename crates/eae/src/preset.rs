use std::fmt;
use std::str::FromStr;

use ndarray_rand::rand::Rng;
use nn_layers::{
    Activation, Affine, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, SequentialBuilder, ShapeError,
    Unflatten, Window,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Float;

/// A pair of networks, ready made. For an entropic autoencoder the encoder ends in batch normalisation without gamma and beta,
/// and nothing after it: that is what holds the code at mean 0 and variance 1 by construction. For others see [`Ending`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Preset {
    /// Dense layers of 512 and 256, for small images of any size.
    Mlp,
    /// Convolutions to 32 and 64 channels, each halving the image, and a dense layer of 256, for 28 x 28 pixels.
    Conv28,
    /// Convolutions to 64, 128 and 256 channels, each halving the image, for 32 x 32 pixels.
    Conv32,
    /// The network of the paper, and of the regularised autoencoders before it, for 32 x 32 pixels: convolutions to 128, 256,
    /// 512 and 1024 channels, and batch normalisation with gamma and beta after each layer but the last.
    Paper32,
}

/// How an encoder ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// In batch normalisation without gamma and beta.
    #[default]
    Normalised,
    /// In the code as it is.
    Plain,
    /// In the mean of each number of the code, and after those the logarithm of the variance of each.
    MeanAndLogVariance,
}

impl Ending {
    /// From `inputs` numbers to a code of `latent`.
    fn append<F: Float, R: Rng + ?Sized>(
        self,
        encoder: SequentialBuilder<F>,
        inputs: usize,
        latent: usize,
        rng: &mut R,
    ) -> SequentialBuilder<F> {
        match self {
            Self::Normalised => encoder.then(Dense::new(inputs, latent, rng)).then(BatchNorm::new(latent)),
            Self::Plain => encoder.then(Dense::new(inputs, latent, rng)),
            Self::MeanAndLogVariance => encoder.then(Dense::new(inputs, 2 * latent, rng)),
        }
    }
}

/// There is no preset of this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no network `{0}`; there are mlp, conv28, conv32 and paper32")]
pub struct UnknownPreset(String);

impl Preset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mlp, Self::Conv28, Self::Conv32, Self::Paper32];

    /// Height and width of the images that it is made for.
    pub const fn side(self) -> usize {
        match self {
            Self::Mlp | Self::Conv28 => 28,
            Self::Conv32 | Self::Paper32 => 32,
        }
    }

    /// The name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mlp => "mlp",
            Self::Conv28 => "conv28",
            Self::Conv32 => "conv32",
            Self::Paper32 => "paper32",
        }
    }

    /// The encoder, from images `[height, width, channels]` to codes of `latent` numbers, which ends as said, and the decoder,
    /// back to images with values from 0 to 1.
    ///
    /// # Errors
    ///
    /// If the preset does not take images of this shape.
    pub fn build<F: Float, R: Rng + ?Sized>(
        self,
        image: [usize; 3],
        latent: usize,
        ending: Ending,
        rng: &mut R,
    ) -> Result<[Sequential<F>; 2], ShapeError> {
        match self {
            Self::Mlp => mlp(image, latent, ending, rng),
            Self::Conv28 => conv28(image, latent, ending, rng),
            Self::Conv32 => conv32(image, latent, ending, rng),
            Self::Paper32 => paper32(image, latent, ending, rng),
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

type Networks<F> = Result<[Sequential<F>; 2], ShapeError>;

fn mlp<F: Float, R: Rng + ?Sized>(image: [usize; 3], latent: usize, ending: Ending, rng: &mut R) -> Networks<F> {
    let pixels = image.iter().product();
    let encoder = Sequential::on(&image)
        .then(Flatten::new(image))
        .then(Dense::new(pixels, 512, rng))
        .then(Activation::Relu)
        .then(Dense::new(512, 256, rng))
        .then(Activation::Relu);
    let encoder = ending.append(encoder, 256, latent, rng).build()?;
    let decoder = Sequential::on(&[latent])
        .then(Dense::new(latent, 256, rng))
        .then(Activation::Relu)
        .then(Dense::new(256, 512, rng))
        .then(Activation::Relu)
        .then(Dense::new(512, pixels, rng))
        .then(Activation::Sigmoid)
        .then(Unflatten::new(image))
        .build()?;
    Ok([encoder, decoder])
}

fn conv28<F: Float, R: Rng + ?Sized>(image: [usize; 3], latent: usize, ending: Ending, rng: &mut R) -> Networks<F> {
    let halving = Window::square(4, 2, 1);
    let ([_, _, channels], small) = (image, [7, 7, 64]);
    let encoder = Sequential::on(&image)
        .then(Conv2d::new(channels, 32, halving, rng))
        .then(Activation::Relu)
        .then(Conv2d::new(32, 64, halving, rng))
        .then(Activation::Relu)
        .then(Flatten::new(small))
        .then(Dense::new(7 * 7 * 64, 256, rng))
        .then(Activation::Relu);
    let encoder = ending.append(encoder, 256, latent, rng).build()?;
    let decoder = Sequential::on(&[latent])
        .then(Dense::new(latent, 256, rng))
        .then(Activation::Relu)
        .then(Dense::new(256, 7 * 7 * 64, rng))
        .then(Activation::Relu)
        .then(Unflatten::new(small))
        .then(ConvTranspose2d::new(64, 32, halving, rng))
        .then(Activation::Relu)
        .then(ConvTranspose2d::new(32, channels, halving, rng))
        .then(Activation::Sigmoid)
        .build()?;
    Ok([encoder, decoder])
}

fn conv32<F: Float, R: Rng + ?Sized>(image: [usize; 3], latent: usize, ending: Ending, rng: &mut R) -> Networks<F> {
    let halving = Window::square(4, 2, 1);
    let ([_, _, channels], small) = (image, [4, 4, 256]);
    let encoder = Sequential::on(&image)
        .then(Conv2d::new(channels, 64, halving, rng))
        .then(Activation::Relu)
        .then(Conv2d::new(64, 128, halving, rng))
        .then(Activation::Relu)
        .then(Conv2d::new(128, 256, halving, rng))
        .then(Activation::Relu)
        .then(Flatten::new(small));
    let encoder = ending.append(encoder, 4 * 4 * 256, latent, rng).build()?;
    let decoder = Sequential::on(&[latent])
        .then(Dense::new(latent, 4 * 4 * 256, rng))
        .then(Activation::Relu)
        .then(Unflatten::new(small))
        .then(ConvTranspose2d::new(256, 128, halving, rng))
        .then(Activation::Relu)
        .then(ConvTranspose2d::new(128, 64, halving, rng))
        .then(Activation::Relu)
        .then(ConvTranspose2d::new(64, channels, halving, rng))
        .then(Activation::Sigmoid)
        .build()?;
    Ok([encoder, decoder])
}

fn paper32<F: Float, R: Rng + ?Sized>(image: [usize; 3], latent: usize, ending: Ending, rng: &mut R) -> Networks<F> {
    let halving = Window::square(4, 2, 1);
    let [_, _, channels] = image;
    let mut encoder = Sequential::on(&image);
    let mut width = channels;
    for filters in [128, 256, 512, 1024] {
        encoder = encoder.then(Conv2d::new(width, filters, halving, rng));
        encoder = encoder.then(BatchNorm::new(filters)).then(Affine::new(filters)).then(Activation::Relu);
        width = filters;
    }
    let encoder = encoder.then(Flatten::new([2, 2, 1024]));
    let encoder = ending.append(encoder, 2 * 2 * 1024, latent, rng).build()?;
    let mut decoder = Sequential::on(&[latent])
        .then(Dense::new(latent, 8 * 8 * 1024, rng))
        .then(Unflatten::new([8, 8, 1024]))
        .then(BatchNorm::new(1024))
        .then(Affine::new(1024))
        .then(Activation::Relu);
    for (inputs, outputs) in [(1024, 512), (512, 256)] {
        decoder = decoder.then(ConvTranspose2d::new(inputs, outputs, halving, rng));
        decoder = decoder.then(BatchNorm::new(outputs)).then(Affine::new(outputs)).then(Activation::Relu);
    }
    let decoder = decoder
        .then(ConvTranspose2d::new(256, channels, Window::square(3, 1, 1), rng))
        .then(Activation::Sigmoid)
        .build()?;
    Ok([encoder, decoder])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_rand::rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn encoder_and_decoder_meet() {
        for (preset, image, latent, parameters) in [
            // As counted by `sum(p.numel() for p in model.parameters())` in PyTorch.
            (Preset::Mlp, [28, 28, 1], 16, 1_075_488),
            (Preset::Conv28, [28, 28, 1], 16, 1_684_177),
            (Preset::Conv32, [32, 32, 3], 64, 1_845_955),
            (Preset::Paper32, [32, 32, 1], 16, 22_689_937),
        ] {
            let rng = &mut ChaCha8Rng::seed_from_u64(0);
            let [mut encoder, mut decoder] = preset.build::<f32, _>(image, latent, Ending::Normalised, rng).unwrap();
            assert_eq!((encoder.output_shape(), decoder.input_shape()), (&[latent][..], &[latent][..]));
            assert_eq!((encoder.input_shape(), decoder.output_shape()), (&image[..], &image[..]));
            let count: usize =
                [&mut encoder, &mut decoder].into_iter().flat_map(|n| n.parameters()).map(|p| p.len()).sum();
            assert_eq!(count, parameters, "{preset}");
            assert_eq!(preset.name().parse(), Ok(preset));
        }
    }

    #[test]
    fn a_wrong_size_is_an_error_that_names_the_layer() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let error = Preset::Conv28.build::<f32, _>([32, 32, 1], 16, Ending::Plain, rng).unwrap_err();
        assert_eq!(error.to_string(), "layer 4: Flatten takes [7, 7, 64], got shape [8, 8, 64]");
        assert_eq!(
            "conv29".parse::<Preset>().unwrap_err().to_string(),
            "no network `conv29`; there are mlp, conv28, conv32 and paper32"
        );
    }
}
