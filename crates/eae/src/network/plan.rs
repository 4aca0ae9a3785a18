use ndarray_rand::rand::Rng;
use nn_layers::{Affine, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, Unflatten};

use super::{Ending, LayerSpec, Network, NetworkError};
use crate::Float;

/// Largest number of entries of one sample after a layer. A larger number is a typing error or an
/// attack.
const MOST_NUMBERS: usize = 1 << 24;
/// Largest number of weights of a network.
const MOST_WEIGHTS: usize = 1 << 30;
/// Largest number of layers of a network.
const MOST_LAYERS: usize = 256;

/// Networks with all their shapes, before any memory is allocated.
#[derive(Debug)]
pub(crate) struct Plan([Chain; 2]);

impl Plan {
    pub(super) fn new(
        network: &Network,
        image: [usize; 3],
        latent: usize,
        ending: Ending,
    ) -> Result<Self, NetworkError> {
        let mut encoder = Chain::new("encoder", "image", &image)?;
        network.encoder.iter().copied().chain(ending.layers(latent)).try_for_each(|layer| encoder.push(layer))?;
        let mut decoder = Chain::new("decoder", "code", &[latent])?;
        network.decoder.iter().try_for_each(|&layer| decoder.push(layer))?;
        decoder.end(image)?;
        Ok(Self([encoder, decoder]))
    }

    /// Returns the plan unchanged if the decoder's output is unbounded.
    pub(crate) fn linear(self) -> Result<Self, NetworkError> {
        let [_, decoder] = &self.0;
        let last =
            decoder.layers.iter().rev().find(|layer| !matches!(layer, LayerSpec::Flatten | LayerSpec::Unflatten(_)));
        match last.filter(|layer| layer.activation().is_some()) {
            None => Ok(self),
            Some(last) => Err(decoder.error(
                None,
                format!("ends in `{last}`, but the columns of vectors are unbounded: remove the activation at the end"),
            )),
        }
    }

    /// Returns the number of entries of the networks' weights and running statistics.
    pub(crate) fn numbers(&self) -> usize {
        self.0.iter().map(|chain| chain.numbers).sum()
    }

    /// Builds the encoder and the decoder. Their weights are drawn in this order.
    pub(crate) fn build<F: Float, R: Rng + ?Sized>(&self, rng: &mut R) -> [Sequential<F>; 2] {
        self.0.each_ref().map(|chain| chain.build(rng))
    }
}

/// A sequence of layers.
#[derive(Debug)]
struct Chain {
    network: &'static str,
    from: &'static str,
    /// The shape of one sample before the first layer and after each layer.
    shapes: Vec<Vec<usize>>,
    layers: Vec<LayerSpec>,
    numbers: usize,
}

impl Chain {
    fn new(network: &'static str, from: &'static str, input: &[usize]) -> Result<Self, NetworkError> {
        let chain = Self { network, from, shapes: vec![input.to_vec()], layers: Vec::new(), numbers: 0 };
        match size(input) {
            Some(_) => Ok(chain),
            None => Err(chain.error(None, format!("takes samples of 1 to {MOST_NUMBERS} numbers"))),
        }
    }

    fn output(&self) -> &[usize] {
        self.shapes.last().expect("the input's shape at least")
    }

    fn push(&mut self, layer: LayerSpec) -> Result<(), NetworkError> {
        // Flattening before these layers is implied.
        if matches!(layer, LayerSpec::Dense(_) | LayerSpec::Unflatten(_)) && self.output().len() == 3 {
            self.push(LayerSpec::Flatten)?;
        }
        let wrong = |problem: String| self.error(Some(layer), problem);
        if layer == LayerSpec::Affine && self.layers.last() != Some(&LayerSpec::BatchNorm) {
            return Err(wrong("must follow a `batch-norm`".to_owned()));
        }
        let (output, numbers) = layer.on(self.output()).map_err(wrong)?;
        if size(&output).is_none() {
            return Err(wrong(format!(
                "makes samples of shape {output:?}; a sample can have at most {MOST_NUMBERS} numbers"
            )));
        }
        let numbers = self.numbers.saturating_add(numbers);
        if numbers > MOST_WEIGHTS {
            return Err(wrong(format!(
                "brings the number of weights to {numbers}; a network can have at most {MOST_WEIGHTS}"
            )));
        }
        if self.layers.len() == MOST_LAYERS {
            return Err(wrong(format!("is one too many; a network can have at most {MOST_LAYERS} layers")));
        }
        self.numbers = numbers;
        self.shapes.push(output);
        self.layers.push(layer);
        Ok(())
    }

    /// Checks that the output is the image, or a row with the same number of entries.
    fn end(&mut self, image: [usize; 3]) -> Result<(), NetworkError> {
        let numbers: usize = image.iter().product();
        match *self.output() {
            [n] if n == numbers => self.push(LayerSpec::Unflatten(image)),
            [n] => Err(self.error(
                None,
                format!("ends in a row of {n} but must end in the {numbers} of {image:?}: end it in `dense {numbers}`"),
            )),
            ref output if *output == image => Ok(()),
            ref output => {
                let problem = format!(
                    "ends in {output:?} but must end in {image:?}: a conv makes (size + 2 padding - kernel) / stride + 1 of each \
                     side, a conv-transpose (size - 1) stride + kernel - 2 padding"
                );
                Err(self.error(None, problem))
            }
        }
    }

    fn error(&self, layer: Option<LayerSpec>, problem: String) -> NetworkError {
        let names = [self.from.to_owned()].into_iter().chain(self.layers.iter().map(LayerSpec::to_string));
        let shapes = names.zip(self.shapes.iter().cloned()).collect();
        NetworkError { network: self.network, shapes, layer: layer.map(|layer| layer.to_string()), problem }
    }

    fn build<F: Float, R: Rng + ?Sized>(&self, rng: &mut R) -> Sequential<F> {
        let mut network = Sequential::on(&self.shapes[0]);
        for (&layer, input) in self.layers.iter().zip(&self.shapes) {
            let features = *input.last().expect("no sample is a single number");
            network = match layer {
                LayerSpec::Dense(n) => network.then(Dense::new(features, n, rng)),
                LayerSpec::Conv(n, window) => network.then(Conv2d::new(features, n, window, rng)),
                LayerSpec::ConvTranspose(n, window) => network.then(ConvTranspose2d::new(features, n, window, rng)),
                LayerSpec::BatchNorm => network.then(BatchNorm::new(features)),
                LayerSpec::Affine => network.then(Affine::new(features)),
                LayerSpec::Flatten => network.then(Flatten::new([input[0], input[1], input[2]])),
                LayerSpec::Unflatten(image) => network.then(Unflatten::new(image)),
                LayerSpec::Relu
                | LayerSpec::LeakyRelu(_)
                | LayerSpec::Sigmoid
                | LayerSpec::Tanh
                | LayerSpec::Softplus => network.then(layer.activation().expect("an activation")),
            };
        }
        network.build().expect("layers of the planned shapes")
    }
}

/// Returns the number of entries of a sample, or `None` if it is 0 or above the limit.
fn size(shape: &[usize]) -> Option<usize> {
    let product = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
    product.filter(|size| (1..=MOST_NUMBERS).contains(size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::ArrayD;
    use ndarray_rand::rand::SeedableRng;
    use nn_layers::{Weights, optim};
    use rand_chacha::ChaCha8Rng;

    fn layers(text: &[&str]) -> Vec<LayerSpec> {
        text.iter().map(|layer| layer.parse().unwrap()).collect()
    }

    fn plan(image: [usize; 3], encoder: &[&str], decoder: &[&str]) -> Result<Plan, NetworkError> {
        Network { encoder: layers(encoder), decoder: layers(decoder) }.plan(image, 3, Ending::Normalized)
    }

    /// Builds every kind of layer, with windows that are not square, do not divide the image and
    /// skip pixels. The network must have the planned shapes, and it must learn.
    #[test]
    fn networks_are_as_planned() {
        let encoder = [
            "conv 4 kernel=3x2 stride=2x1 padding=1x0",
            "batch-norm",
            "affine",
            "leaky-relu 0.1",
            "conv 5 kernel=1 stride=3",
            "softplus",
            "flatten",
            "tanh",
            "dense 7",
        ];
        let decoder = [
            "dense 12",
            "batch-norm",
            "relu",
            "unflatten 2 3 2",
            "conv-transpose 3 kernel=5x2 stride=3x1 padding=1x0",
            "conv-transpose 2 kernel=3x4 stride=1 padding=0x1",
            "sigmoid",
        ];
        let plan = plan([8, 5, 2], &encoder, &decoder).unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let [mut encoder, mut decoder] = plan.build::<f64, _>(rng);
        assert_eq!(
            (encoder.output_shape(), decoder.input_shape(), decoder.output_shape()),
            (&[3][..], &[3][..], &[8, 5, 2][..])
        );
        let mut weights = Weights::default();
        encoder.write("encoder", &mut weights);
        decoder.write("decoder", &mut weights);
        assert_eq!(plan.numbers(), weights.element_count());

        let images =
            ArrayD::from_shape_fn(vec![6, 8, 5, 2], |i| 0.5 + 0.5 * ((i[0] * 3 + i[1] * i[2] + i[3]) as f64).sin());
        let mut adam = optim::Adam::default();
        let mut errors = Vec::new();
        for _ in 0..40 {
            let tape = autodiff_mini::Tape::new();
            let x = tape.constant(images.clone());
            let error = (decoder.train(encoder.train(x)) - x).square().sum();
            errors.push(error.scalar());
            let error = error.id();
            let gradients = tape.backward(error);
            let mut parameters = encoder.parameters();
            parameters.extend(decoder.parameters());
            assert!(parameters.iter().all(|parameter| gradients.wrt(parameter).is_some()));
            optim::Optimizer::step(&mut adam, 1e-2, &mut parameters, gradients);
        }
        assert!(errors[39] < 0.7 * errors[0], "{} to {}", errors[0], errors[39]);
    }

    #[test]
    fn errors_list_the_layers_that_fit() {
        let error =
            plan([28, 28, 1], &["conv 32 kernel=4 stride=2 padding=1", "relu", "conv 64 kernel=17", "relu"], &[]);
        let expected =
            "`conv 64 kernel=17 stride=1 padding=0` of the encoder takes a kernel of at most 14 here: a larger one \
                        does not fit into the image and its padding
  image                                 [28, 28, 1]
  conv 32 kernel=4 stride=2 padding=1   [14, 14, 32]
  relu                                  [14, 14, 32]
  conv 64 kernel=17 stride=1 padding=0  does not fit";
        assert_eq!(error.unwrap_err().to_string(), expected);
        let none: &[&str] = &[];
        for (encoder, decoder, expected) in [
            (
                &["dense 8", "conv 2 kernel=3"][..],
                none,
                "but its input is a row of 8: put `unflatten HEIGHT WIDTH CHANNELS` before it",
            ),
            (&["affine"], none, "must follow a `batch-norm`"),
            (&["dense 8", "flatten"], none, "its input is already a row: leave it out"),
            (&["dense 12", "unflatten 2 3 4"], none, "use `unflatten 2 3 2`"),
            (&["dense 12", "unflatten 5 1 1"], none, "use three numbers whose product is 12"),
            (&["dense 16777216", "dense 1000"], none, "a network can have at most 1073741824"),
            (none, &["unflatten 1 1 3", "conv-transpose 1 kernel=3 padding=2"], "use less padding"),
            (none, &["unflatten 1 1 3", "conv-transpose 1 kernel=16777216"], "at most 16777216 numbers"),
            (
                none,
                &["dense 5"],
                "the decoder ends in a row of 5 but must end in the 784 of [28, 28, 1]: end it in `dense 784`",
            ),
            (none, &["dense 27", "unflatten 3 9 1"], "the decoder ends in [3, 9, 1] but must end in [28, 28, 1]: "),
            (&["relu"; 300], none, "a network can have at most 256 layers"),
        ] {
            let error = plan([28, 28, 1], encoder, decoder).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        for image in [[0, 28, 1], [1 << 60, 1 << 60, 1]] {
            let error = plan(image, none, none).unwrap_err().to_string();
            assert!(error.starts_with("the encoder takes samples of 1 to 16777216 numbers\n  image  ["), "{error}");
        }
    }
}
