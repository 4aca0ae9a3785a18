use std::cell::Cell;
use std::path::Path;

use autodiff_mini::Tape;
use ndarray::{Array, Array2, Array4, ArrayD, ArrayView, ArrayView2, ArrayView4, Axis, Dimension, RemoveAxis};
use ndarray_rand::rand::SeedableRng;
use nn_layers::{Sequential, Tensor, Weights, WeightsError};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::data::{self, Columns, DataError, Source};
use crate::description::{Description, KEY, MOST_LATENT};
use crate::network::{Architecture, NetworkError};
use crate::{Ending, Float, Preset};

/// Samples evaluated at a time, to bound what a tape holds.
const EVALUATION_BATCH: usize = 250;

/// An encoder from images to codes and a decoder back; or from vectors, which it takes and gives as images of one row, each of
/// their [`Columns`] standardised.
#[derive(Debug, Clone)]
pub struct Autoencoder<F: Float> {
    /// From images `[batch, height, width, channels]` to codes `[batch, latent]`; or to means and logarithms of variances
    /// `[batch, 2 latent]`, see [`Ending`].
    pub encoder: Sequential<F>,
    /// From codes to images.
    pub decoder: Sequential<F>,
    description: Option<Description>,
}

/// Why there is no model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The networks do not take images of this shape, or vectors of so many numbers.
    #[error("{architecture} does not take {samples}: {source}")]
    Network {
        /// The preset, or that it is none.
        architecture: String,
        /// Of which shape.
        samples: String,
        /// Which layer does not fit.
        source: Box<NetworkError>,
    },
    /// Networks that do not go together.
    #[error(
        "an encoder takes [height, width, channels] to [latent] or [2 latent] and the decoder back, these take {:?} to {:?} and {:?} to {:?}",
        .0[0], .0[1], .0[2], .0[3]
    )]
    Networks(Box<[Vec<usize>; 4]>),
    /// A code of no numbers, or of absurdly many.
    #[error("a code of {0} numbers; it must have from 1 to {MOST_LATENT}")]
    Latent(usize),
    /// The weights could not be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file says that it is of a model that cannot be.
    #[error("{path}: {source}")]
    Unfit {
        /// The file.
        path: String,
        /// Why it cannot be.
        source: Box<ModelError>,
    },
    /// The file does not say what model it is of.
    #[error("{path}: {problem}; a file of this program says in `__metadata__` under `{KEY}` what model it is of")]
    Description {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

impl<F: Float> Autoencoder<F> {
    /// A preset, or a [described](crate::Network) network, for images `[height, width, channels]` and codes of `latent` numbers,
    /// its weights drawn by `seed`.
    ///
    /// # Errors
    ///
    /// If the networks do not take such images, or `latent` is not from 1 to 65 536.
    pub fn new(
        architecture: impl Into<Architecture>,
        image: [usize; 3],
        latent: usize,
        seed: u64,
    ) -> Result<Self, ModelError> {
        Self::with_ending(architecture, image, latent, Ending::Normalised, seed)
    }

    /// The same with another end of the encoder, for other objectives.
    ///
    /// # Errors
    ///
    /// As [`new`](Autoencoder::new).
    pub fn with_ending(
        architecture: impl Into<Architecture>,
        image: [usize; 3],
        latent: usize,
        ending: Ending,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let model = architecture.into();
        Self::described(Description { model, image, latent, ending, columns: None }, seed)
    }

    /// The same for vectors, as [`data::from_table`](crate::data::from_table) reads them: images of one row. As their numbers are
    /// not from 0 to 1, a preset's decoder ends without an activation.
    ///
    /// # Errors
    ///
    /// As [`new`](Autoencoder::new), or if the described network's decoder ends in an activation.
    pub fn for_vectors(
        architecture: impl Into<Architecture>,
        columns: Columns,
        latent: usize,
        ending: Ending,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let (model, image) = (architecture.into(), [1, columns.len(), 1]);
        Self::described(Description { model, image, latent, ending, columns: Some(columns) }, seed)
    }

    fn described(description: Description, seed: u64) -> Result<Self, ModelError> {
        let [encoder, decoder] = description.plan()?.build(&mut ChaCha8Rng::seed_from_u64(seed));
        Ok(Self { encoder, decoder, description: Some(description) })
    }

    /// Networks of your own layers, which need not be those that can be described. The encoder should end in [`BatchNorm`](nn_layers::BatchNorm): without it nothing holds the
    /// code, and its entropy can grow without bound.
    ///
    /// # Errors
    ///
    /// If the encoder does not take images `[height, width, channels]`, or the decoder does not take the encoder's codes
    /// back to such images.
    pub fn from_networks(encoder: Sequential<F>, decoder: Sequential<F>) -> Result<Self, ModelError> {
        let shapes = [encoder.input_shape(), encoder.output_shape(), decoder.input_shape(), decoder.output_shape()];
        match shapes {
            [[_, _, _], [end], [latent], image]
                if *latent > 0 && [*latent, 2 * *latent].contains(end) && image == shapes[0] =>
            {
                Ok(Self { encoder, decoder, description: None })
            }
            _ => Err(ModelError::Networks(Box::new(shapes.map(<[usize]>::to_vec)))),
        }
    }

    /// The preset that it was made from, if it was.
    pub fn preset(&self) -> Option<Preset> {
        match self.architecture()? {
            Architecture::Preset(preset) => Some(*preset),
            Architecture::Own(_) => None,
        }
    }

    /// Its networks as they are described, if they can be.
    pub fn architecture(&self) -> Option<&Architecture> {
        self.description.as_ref().map(|description| &description.model)
    }

    /// How the encoder ends, if the networks were described.
    pub fn ending(&self) -> Option<Ending> {
        self.description.as_ref().map(|description| description.ending)
    }

    /// If it is of vectors: what their numbers are, and how they come back to their own units.
    pub fn columns(&self) -> Option<&Columns> {
        self.description.as_ref()?.columns.as_ref()
    }

    /// The numbers in a code.
    pub fn latent(&self) -> usize {
        self.decoder.input_shape()[0]
    }

    /// Height, width and channels of the images.
    pub fn image_shape(&self) -> [usize; 3] {
        self.encoder.input_shape().try_into().expect("encoders take images")
    }

    /// The codes `[batch, latent]` of images `[batch, height, width, channels]`; the means, where the encoder also says
    /// variances.
    ///
    /// # Panics
    ///
    /// If the images are not of [`image_shape`](Autoencoder::image_shape).
    pub fn encode(&self, images: ArrayView4<'_, F>) -> Array2<F> {
        let codes: Array2<F> = in_batches(&self.encoder, images);
        let latent = self.latent();
        if codes.ncols() > latent { codes.slice_axis(Axis(1), (..latent).into()).to_owned() } else { codes }
    }

    /// The codes of images that may be in a file, a batch of them in memory at a time: the same as [`encode`](Autoencoder::encode)
    /// has them.
    ///
    /// # Errors
    ///
    /// If the images cannot be read.
    ///
    /// # Panics
    ///
    /// As `encode`.
    pub fn encode_all(&self, images: impl Source<F>) -> Result<Array2<F>, DataError> {
        let mut codes = Array2::zeros((images.len(), self.latent()));
        let rows = codes.axis_chunks_iter_mut(Axis(0), EVALUATION_BATCH);
        for (batch, mut rows) in data::batches(&images, EVALUATION_BATCH).zip(rows) {
            rows.assign(&self.encode(batch?.view()));
        }
        Ok(codes)
    }

    /// The images of codes.
    ///
    /// # Panics
    ///
    /// If the codes are not of [`latent`](Autoencoder::latent) numbers.
    pub fn decode(&self, codes: ArrayView2<'_, F>) -> Array4<F> {
        in_batches(&self.decoder, codes)
    }

    /// The images that come back: decoded from their own codes.
    ///
    /// # Panics
    ///
    /// As [`encode`](Autoencoder::encode).
    pub fn reconstruct(&self, images: ArrayView4<'_, F>) -> Array4<F> {
        self.decode(self.encode(images).view())
    }

    /// What an optimiser changes, in a fixed order.
    pub fn parameters(&mut self) -> Vec<&mut Tensor<F>> {
        let mut parameters = self.encoder.parameters();
        parameters.extend(self.decoder.parameters());
        parameters
    }

    /// Replaces the running statistics of every batch normalisation by the exact ones over `images`, so that the code of
    /// these images has mean 0 and variance 1 in evaluation mode, too.
    ///
    /// # Errors
    ///
    /// If the images cannot be read. The model is then as it was.
    pub fn recalibrate(&mut self, images: impl Source<F>) -> Result<(), DataError> {
        let mut next = self.clone();
        let (images, failed) = (&images, &Cell::new(None));
        next.encoder.recalibrate(|| {
            let batches = data::batches(images, EVALUATION_BATCH);
            batches.map_while(move |batch| batch.map(Array4::into_dyn).map_err(|error| failed.set(Some(error))).ok())
        });
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let codes = next.encode_all(images)?;
        next.decoder.recalibrate(|| batches(codes.view()));
        *self = next;
        Ok(())
    }

    /// All weights and a description, as a file that [`load`](Autoencoder::load) reads and whose `encoder.` and `decoder.`
    /// tensors PyTorch's `load_state_dict` takes.
    pub fn to_weights(&self) -> Weights {
        let mut weights = Weights::default();
        self.encoder.write("encoder", &mut weights);
        self.decoder.write("decoder", &mut weights);
        if let Some(description) = &self.description {
            description.write(&mut weights);
        }
        weights
    }

    /// Writes [`to_weights`](Autoencoder::to_weights) to a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        Ok(self.to_weights().save(path)?)
    }

    /// Reads a described model that [`save`](Autoencoder::save) wrote. One of your own layers is made with them, and then given
    /// its weights by [`read`](Autoencoder::read).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or does not hold such a model.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let weights = Weights::read(path)?;
        let mut model = Self::described(Description::read(&weights, path)?, 0)?;
        model.read(&weights)?;
        Ok(model)
    }

    /// A model with given weights, for instance of a PyTorch model of the same layers.
    ///
    /// # Errors
    ///
    /// If the networks do not take such images, or the weights are not those of such a model.
    pub fn from_weights(
        architecture: impl Into<Architecture>,
        image: [usize; 3],
        latent: usize,
        weights: &Weights,
    ) -> Result<Self, ModelError> {
        let mut model = Self::new(architecture, image, latent, 0)?;
        model.read(weights)?;
        Ok(model)
    }

    /// Takes all weights from a file's `encoder.` and `decoder.` tensors; whatever else is in it is not looked at.
    ///
    /// # Errors
    ///
    /// If they are not those of these networks. The model is then as it was.
    pub fn read(&mut self, weights: &Weights) -> Result<(), ModelError> {
        let mut next = self.clone();
        next.encoder.read("encoder", weights)?;
        next.decoder.read("decoder", weights)?;
        *self = next;
        Ok(())
    }
}

fn batches<F: Float, D: Dimension + RemoveAxis>(samples: ArrayView<'_, F, D>) -> impl Iterator<Item = ArrayD<F>> {
    let count = samples.len_of(Axis(0));
    (0..count).step_by(EVALUATION_BATCH).map(move |start| {
        let range = start..count.min(start + EVALUATION_BATCH);
        samples.slice_axis(Axis(0), range.into()).to_owned().into_dyn()
    })
}

/// A network's values in evaluation mode.
pub(crate) fn in_batches<F: Float, D: Dimension + RemoveAxis, E: Dimension>(
    network: &Sequential<F>,
    samples: ArrayView<'_, F, D>,
) -> Array<F, E> {
    let mut shape = vec![samples.len_of(Axis(0))];
    shape.extend(network.output_shape());
    let mut values = ArrayD::zeros(shape);
    for (batch, mut value) in batches(samples).zip(values.axis_chunks_iter_mut(Axis(0), EVALUATION_BATCH)) {
        let tape = Tape::without_gradients();
        value.assign(&network.forward(tape.constant(batch)).value());
    }
    values.into_dimensionality().expect("the network's output shape")
}
