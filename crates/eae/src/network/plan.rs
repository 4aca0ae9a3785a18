use ndarray_rand::rand::Rng;
use nn_layers::{Affine, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, Unflatten};

use super::{Ending, LayerSpec, Network, NetworkError};
use crate::Float;

/// Numbers of one sample after a layer: more is a slip of the finger, or the work of somebody who
/// wants to see the program fail.
const MOST_NUMBERS: usize = 1 << 24;
/// Numbers that a network holds.
const MOST_WEIGHTS: usize = 1 << 30;
/// Layers of a network.
const MOST_LAYERS: usize = 256;

/// Networks with all their shapes, before anything is allocated.
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

    /// Itself, if the decoder can give any number.
    pub(crate) fn linear(self) -> Result<Self, NetworkError> {
        let [_, decoder] = &self.0;
        let last =
            decoder.layers.iter().rev().find(|layer| !matches!(layer, LayerSpec::Flatten | LayerSpec::Unflatten(_)));
        match last.filter(|layer| layer.activation().is_some()) {
            None => Ok(self),
            Some(last) => Err(decoder.error(
                None,
                format!(
                    "ends in `{last}`, but the columns of vectors are of any numbers: end it without an activation"
                ),
            )),
        }
    }

    /// How many numbers the networks hold, statistics included.
    pub(crate) fn numbers(&self) -> usize {
        self.0.iter().map(|chain| chain.numbers).sum()
    }

    /// Encoder and decoder, their weights drawn in this order.
    pub(crate) fn build<F: Float, R: Rng + ?Sized>(&self, rng: &mut R) -> [Sequential<F>; 2] {
        self.0.each_ref().map(|chain| chain.build(rng))
    }
}

/// Layers one after the other.
#[derive(Debug)]
struct Chain {
    network: &'static str,
    from: &'static str,
    /// The shape of one sample before each layer and after the last.
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
        // As nobody would want it otherwise, it need not be said.
        if matches!(layer, LayerSpec::Dense(_) | LayerSpec::Unflatten(_)) && self.output().len() == 3 {
            self.push(LayerSpec::Flatten)?;
        }
        let wrong = |problem: String| self.error(Some(layer), problem);
        if layer == LayerSpec::Affine && self.layers.last() != Some(&LayerSpec::BatchNorm) {
            return Err(wrong("takes what a `batch-norm` gives: write it after one".to_owned()));
        }
        let (output, numbers) = layer.on(self.output()).map_err(wrong)?;
        if size(&output).is_none() {
            return Err(wrong(format!("makes {output:?}, a sample can have at most {MOST_NUMBERS} numbers")));
        }
        let numbers = self.numbers.saturating_add(numbers);
        if numbers > MOST_WEIGHTS {
            return Err(wrong(format!("brings the weights to {numbers}, a network can have {MOST_WEIGHTS}")));
        }
        if self.layers.len() == MOST_LAYERS {
            return Err(wrong(format!("is one too many, a network can have {MOST_LAYERS} layers")));
        }
        self.numbers = numbers;
        self.shapes.push(output);
        self.layers.push(layer);
        Ok(())
    }

    /// It must be the image, or all its numbers in a row.
    fn end(&mut self, image: [usize; 3]) -> Result<(), NetworkError> {
        let numbers: usize = image.iter().product();
        match *self.output() {
            [n] if n == numbers => self.push(LayerSpec::Unflatten(image)),
            [n] => Err(self.error(
                None,
                format!(
                    "ends in a row of {n}, it must end in the {numbers} of {image:?}: `dense {numbers}` makes them"
                ),
            )),
            ref output if *output == image => Ok(()),
            ref output => {
                let problem = format!(
                    "ends in {output:?}, it must end in {image:?}: a conv makes (size + 2 padding - kernel) / stride + 1 of each \
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

/// The numbers of a sample, if they are not none and not too many.
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

    /// Every kind of layer, with windows that are not square, do not divide and skip pixels: what
    /// is planned is what is made, and it learns.
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
    fn what_does_not_fit_is_shown_below_all_that_does() {
        let error =
            plan([28, 28, 1], &["conv 32 kernel=4 stride=2 padding=1", "relu", "conv 64 kernel=17", "relu"], &[]);
        let expected = "`conv 64 kernel=17 stride=1 padding=0` of the encoder takes a kernel of at most 14 here: the image and its \
                        padding have no room for more
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
                "make one of the row of 8 with `unflatten HEIGHT WIDTH CHANNELS`",
            ),
            (&["affine"], none, "takes what a `batch-norm` gives: write it after one"),
            (&["dense 8", "flatten"], none, "this is a row already: leave it out"),
            (&["dense 12", "unflatten 2 3 4"], none, "`unflatten 2 3 2` would"),
            (&["dense 12", "unflatten 5 1 1"], none, "of three whose product is 12"),
            (&["dense 16777216", "dense 1000"], none, "a network can have 1073741824"),
            (none, &["unflatten 1 1 3", "conv-transpose 1 kernel=3 padding=2"], "so it takes less padding"),
            (none, &["unflatten 1 1 3", "conv-transpose 1 kernel=16777216"], "at most 16777216 numbers"),
            (
                none,
                &["dense 5"],
                "the decoder ends in a row of 5, it must end in the 784 of [28, 28, 1]: `dense 784` makes them",
            ),
            (none, &["dense 27", "unflatten 3 9 1"], "the decoder ends in [3, 9, 1], it must end in [28, 28, 1]: "),
            (&["relu"; 300], none, "a network can have 256 layers"),
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
