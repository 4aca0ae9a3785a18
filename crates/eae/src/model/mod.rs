//! The model: an encoder and a decoder.

mod description;
mod error;
mod weights;

use std::cell::Cell;

use ndarray::{Array, Array2, Array4, ArrayD, ArrayView, ArrayView2, ArrayView4, Axis, Dimension, RemoveAxis};
use ndarray_rand::rand::SeedableRng;
use nn_layers::{Kind, Placed, Sequential, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::Float;
use crate::data::{self, Columns, DataError, Source};
use crate::network::{Architecture, Ending, Preset};
use description::Description;

pub use error::ModelError;

/// Number of samples evaluated at a time, to bound the memory of the tape.
const EVALUATION_BATCH: usize = 250;

/// An encoder from images to codes and a decoder from codes to images. A model of vectors treats
/// each vector as an image of one row, with its [`Columns`] standardized.
#[derive(Debug, Clone)]
pub struct Autoencoder<F: Float> {
    // Private because the shapes of the networks must fit together and the encoder must take images
    // of three axes.
    pub(crate) encoder: Sequential<F>,
    pub(crate) decoder: Sequential<F>,
    description: Option<Description>,
}

impl<F: Float> Autoencoder<F> {
    /// Creates a preset or a [described](crate::Network) network for images
    /// `[height, width, channels]` and codes of dimension `latent`. The seed determines the
    /// weights.
    ///
    /// # Errors
    ///
    /// If the networks do not take images of this shape, or `latent` is not from 1 to 65 536.
    pub fn new(
        architecture: impl Into<Architecture>,
        image: [usize; 3],
        latent: usize,
        seed: u64,
    ) -> Result<Self, ModelError> {
        Self::with_ending(architecture, image, latent, Ending::Normalized, seed)
    }

    /// Creates a model whose encoder has another ending, for objectives that need one.
    ///
    /// # Errors
    ///
    /// See [`new`](Autoencoder::new).
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

    /// Creates a model of vectors, as [`data::from_table`](crate::data::from_table) reads them: as
    /// images of one row. Because the values are not limited to the range from 0 to 1, a preset's
    /// decoder ends without an activation.
    ///
    /// # Errors
    ///
    /// In the cases of [`new`](Autoencoder::new), or if the described network's decoder ends in an
    /// activation.
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

    /// Creates a model from your own layers, which need not have a description. The encoder should
    /// end in [`BatchNorm`](nn_layers::BatchNorm). Otherwise nothing bounds the code, and its
    /// entropy can grow without limit.
    ///
    /// # Errors
    ///
    /// If the encoder does not take images `[height, width, channels]`, or the decoder does not map
    /// the encoder's codes back to images of that shape.
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

    /// Returns the encoder. It maps images `[batch, height, width, channels]` to codes
    /// `[batch, latent]`, or to means and logarithms of variances `[batch, 2 latent]` (see
    /// [`Ending`]).
    pub fn encoder(&self) -> &Sequential<F> {
        &self.encoder
    }

    /// Returns the decoder, which maps codes to images.
    pub fn decoder(&self) -> &Sequential<F> {
        &self.decoder
    }

    /// Returns the encoder and the decoder for running them in training mode or changing their
    /// weights.
    ///
    /// Do not replace a network by one of another shape. The methods of the model would then panic.
    pub fn networks_mut(&mut self) -> [&mut Sequential<F>; 2] {
        [&mut self.encoder, &mut self.decoder]
    }

    /// Returns the preset from which the model was made, if any.
    pub fn preset(&self) -> Option<Preset> {
        match self.architecture()? {
            Architecture::Preset(preset) => Some(*preset),
            Architecture::Own(_) => None,
        }
    }

    /// Returns the description of the networks, or `None` for a model from your own layers.
    pub fn architecture(&self) -> Option<&Architecture> {
        self.description.as_ref().map(|description| &description.model)
    }

    /// Returns the ending of the encoder, if the networks were described.
    pub fn ending(&self) -> Option<Ending> {
        self.description.as_ref().map(|description| description.ending)
    }

    /// Returns the columns of a model of vectors, with which values are converted back to their own
    /// units.
    pub fn columns(&self) -> Option<&Columns> {
        self.description.as_ref()?.columns.as_ref()
    }

    /// Returns the latent dimension.
    pub fn latent(&self) -> usize {
        self.decoder.input_shape()[0]
    }

    /// Returns the number of encoder layers before the layers that produce a code. Those are the
    /// last layer with weights and everything after it.
    pub fn trunk_len(&self) -> usize {
        let weighted = |layer: Placed<'_>| {
            matches!(layer.kind, Kind::Dense { .. } | Kind::Conv2d { .. } | Kind::ConvTranspose2d { .. } | Kind::Other)
        };
        let layers: Vec<bool> = self.encoder.layers().map(weighted).collect();
        layers.iter().rposition(|&weighted| weighted).unwrap_or(0)
    }

    /// Returns the number of encoder layers before the first dense layer: the convolutions, with
    /// their activations.
    pub fn front_len(&self) -> usize {
        let mut layers = self.encoder.layers();
        let dense = layers.position(|layer| matches!(layer.kind, Kind::Dense { .. }));
        dense.map_or(self.trunk_len(), |dense| dense.min(self.trunk_len()))
    }

    /// Returns true if the trunk's outputs can differ between training and evaluation mode.
    pub(crate) fn trunk_has_modes(&self) -> bool {
        self.encoder.layers().take(self.trunk_len()).any(has_modes)
    }

    /// Returns true if the decoder's outputs can differ between training and evaluation mode.
    pub(crate) fn decoder_has_modes(&self) -> bool {
        self.decoder.layers().any(has_modes)
    }

    /// Returns the number of features that the trunk produces.
    pub(crate) fn trunk_width(&self) -> usize {
        self.width_after(self.trunk_len())
    }

    /// Returns the number of features that the convolutions produce.
    pub fn front_width(&self) -> usize {
        self.width_after(self.front_len())
    }

    /// Returns the number of values after this many layers of the encoder.
    fn width_after(&self, layers: usize) -> usize {
        let last = layers.checked_sub(1).and_then(|last| self.encoder.layers().nth(last));
        last.map_or(self.encoder.input_shape(), |layer| layer.shapes[1]).iter().product()
    }

    /// Returns the height, width and channels of the images.
    pub fn image_shape(&self) -> [usize; 3] {
        self.encoder.input_shape().try_into().expect("encoders take images")
    }

    /// Returns the codes `[batch, latent]` of images `[batch, height, width, channels]`. If the
    /// encoder also gives variances, these are the means.
    ///
    /// # Panics
    ///
    /// If the images are not of [`image_shape`](Autoencoder::image_shape).
    pub fn encode(&self, images: ArrayView4<'_, F>) -> Array2<F> {
        let codes: Array2<F> = in_batches(&self.encoder, images);
        let latent = self.latent();
        if codes.ncols() > latent { codes.slice_axis(Axis(1), (..latent).into()).to_owned() } else { codes }
    }

    /// Returns the codes of images from any source, such as a file, as
    /// [`encode`](Autoencoder::encode) computes them. Only one batch of images is in memory at a
    /// time.
    ///
    /// # Errors
    ///
    /// If the images cannot be read.
    ///
    /// # Panics
    ///
    /// See [`encode`](Autoencoder::encode).
    pub fn encode_all(&self, images: impl Source<F>) -> Result<Array2<F>, DataError> {
        let mut codes = Array2::zeros((images.len(), self.latent()));
        let rows = codes.axis_chunks_iter_mut(Axis(0), EVALUATION_BATCH);
        for (batch, mut rows) in data::batches(&images, EVALUATION_BATCH).zip(rows) {
            rows.assign(&self.encode(batch?.view()));
        }
        Ok(codes)
    }

    /// Decodes codes to images.
    ///
    /// # Panics
    ///
    /// If the codes are not of dimension [`latent`](Autoencoder::latent).
    pub fn decode(&self, codes: ArrayView2<'_, F>) -> Array4<F> {
        in_batches(&self.decoder, codes)
    }

    /// Encodes images and decodes their codes.
    ///
    /// # Panics
    ///
    /// See [`encode`](Autoencoder::encode).
    pub fn reconstruct(&self, images: ArrayView4<'_, F>) -> Array4<F> {
        self.decode(self.encode(images).view())
    }

    /// Returns the trainable parameters, in a fixed order.
    pub fn parameters(&mut self) -> Vec<&mut Tensor<F>> {
        let mut parameters = self.encoder.parameters();
        parameters.extend(self.decoder.parameters());
        parameters
    }

    /// Replaces the running statistics of every batch normalization by the exact ones over
    /// `images`, so that their codes have mean 0 and variance 1 in evaluation mode, too.
    ///
    /// # Errors
    ///
    /// If the images cannot be read. The model is then unchanged.
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
}

/// Returns true if the layer's outputs can differ between training and evaluation mode.
fn has_modes(layer: Placed<'_>) -> bool {
    matches!(layer.kind, Kind::BatchNorm { .. } | Kind::Other)
}

fn batches<F: Float, D: Dimension + RemoveAxis>(samples: ArrayView<'_, F, D>) -> impl Iterator<Item = ArrayD<F>> {
    let count = samples.len_of(Axis(0));
    (0..count).step_by(EVALUATION_BATCH).map(move |start| {
        let range = start..count.min(start + EVALUATION_BATCH);
        samples.slice_axis(Axis(0), range.into()).to_owned().into_dyn()
    })
}

/// Evaluates a network in evaluation mode, batch by batch.
pub(crate) fn in_batches<F: Float, D: Dimension + RemoveAxis, E: Dimension>(
    network: &Sequential<F>,
    samples: ArrayView<'_, F, D>,
) -> Array<F, E> {
    let mut shape = vec![samples.len_of(Axis(0))];
    shape.extend(network.output_shape());
    let mut values = ArrayD::zeros(shape);
    for (batch, mut value) in batches(samples).zip(values.axis_chunks_iter_mut(Axis(0), EVALUATION_BATCH)) {
        value.assign(&F::evaluate(network, batch));
    }
    values.into_dimensionality().expect("the network's output shape")
}
