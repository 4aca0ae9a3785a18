//! Describes a network as a list of layers for the script of a page.

use nn_layers::{Activation, Kind, Placed, Sequential, Weights, WeightsError, Window};
use serde_json::{Value, json};
use thiserror::Error;

use super::numbers::{Numbers, Place};

/// Reason why a model cannot be exported as a page.
#[derive(Debug, Error)]
pub(crate) enum PageError {
    #[error("layer {place}, {kind}: a page does not support this layer; export with --onnx")]
    Layer { place: usize, kind: Kind },
    #[error("the model's images have {0} channels, but a page shows images of 1 or 3 channels; export with --onnx")]
    Channels(usize),
    #[error(
        "the page would have {0} bytes, which is too large for a browser; export with --onnx, or train a smaller model"
    )]
    TooLarge(usize),
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Returns the layers of a network and adds their arrays to `numbers`. On a page, rows and images
/// are in channels-first order, as in a weights file.
pub(super) fn described(network: &Sequential<f32>, numbers: &mut Numbers) -> Result<Vec<Value>, PageError> {
    let mut weights = Weights::default();
    network.write("", &mut weights);
    let mut list = Vec::new();
    let placed: Vec<Placed<'_>> = network.layers().collect();
    if let Some(&[Some(image), _]) = placed.first().map(|first| &first.images) {
        list.extend(channels_first(image));
    }
    for (place, layer) in placed.iter().enumerate() {
        list.extend(one(layer, place, &weights, numbers)?);
    }
    Ok(list)
}

fn one(layer: &Placed<'_>, place: usize, weights: &Weights, numbers: &mut Numbers) -> Result<Vec<Value>, PageError> {
    let Placed { kind, number, images, shapes, .. } = *layer;
    let get = |entry: &str| {
        let name = format!("{number}.{entry}");
        weights.get::<f32>(&name, weights.shape(&name).unwrap_or_default())
    };
    let mut weighted = |kind: &str| -> Result<Value, PageError> {
        let (weight, bias) = (numbers.add(get("weight")?), numbers.add_single(get("bias")?));
        Ok(json!({"kind": kind, "weight": weight, "bias": bias}))
    };
    let sliding = |mut described: Value, inputs: usize, Window { kernel, stride, padding, .. }: Window| {
        let [before, after] = shapes.map(|shape| &shape[..2]);
        let sizes = json!({
            "inputs": inputs, "kernel": kernel, "stride": stride, "padding": padding, "before": before, "after": after,
        });
        described.as_object_mut().expect("an object").extend(sizes.as_object().expect("an object").clone());
        vec![described]
    };
    Ok(match kind {
        Kind::Dense { .. } => vec![weighted("dense")?],
        Kind::Affine { .. } => vec![weighted("affine")?],
        Kind::Conv2d { inputs, window, .. } => sliding(weighted("conv")?, inputs, window),
        Kind::ConvTranspose2d { inputs, window, .. } => sliding(weighted("conv-transpose")?, inputs, window),
        Kind::BatchNorm { eps, .. } => {
            let (mean, variance) = (get("running_mean")?, get("running_var")?);
            let scale = variance.mapv(|variance| 1.0 / (f64::from(variance) + eps).sqrt());
            let shift = -(mean.mapv(f64::from) * &scale);
            let [weight, bias]: [Place; 2] =
                [scale, shift].map(|array| numbers.add_single(array.into_iter().map(|x| x as f32)));
            vec![json!({"kind": "affine", "weight": weight, "bias": bias})]
        }
        Kind::Activation(activation) => {
            let (name, slope) = match activation {
                Activation::Relu => ("relu", 0.0),
                Activation::LeakyRelu(slope) => ("leaky-relu", slope),
                Activation::Sigmoid => ("sigmoid", 0.0),
                Activation::Tanh => ("tanh", 0.0),
                Activation::Softplus => ("softplus", 0.0),
                _ => return Err(PageError::Layer { place, kind }),
            };
            vec![json!({"kind": "activation", "name": name, "slope": slope})]
        }
        Kind::Flatten { .. } => Vec::new(),
        // Features of an image of another shape have another order in channels-first layout.
        Kind::Unflatten { image } => match images[0] {
            Some(before) if before != image => channels_last(before).into_iter().chain(channels_first(image)).collect(),
            _ => Vec::new(),
        },
        _ => return Err(PageError::Layer { place, kind }),
    })
}

/// Returns the permutation from channels-last to channels-first order, if the orders differ.
fn channels_first([height, width, channels]: [usize; 3]) -> Option<Value> {
    (height * width > 1 && channels > 1)
        .then(|| json!({"kind": "permute", "shape": [height, width, channels], "order": [2, 0, 1]}))
}

fn channels_last([height, width, channels]: [usize; 3]) -> Option<Value> {
    (height * width > 1 && channels > 1)
        .then(|| json!({"kind": "permute", "shape": [channels, height, width], "order": [1, 2, 0]}))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::numbers::Precision;
    use super::*;
    use autodiff_mini::Var;
    use nn_layers::{BatchNorm, Flatten, Layer, ShapeError, Unflatten};

    /// Layer of another crate, which no export knows.
    #[derive(Debug, Clone)]
    pub(crate) struct Own;

    impl Layer<f32> for Own {
        fn forward<'t>(&self, x: Var<'t, f32>) -> Var<'t, f32> {
            x
        }

        fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
            Ok(input.to_vec())
        }
    }

    fn kinds(network: &Sequential<f32>) -> Result<Vec<String>, PageError> {
        let layers = described(network, &mut Numbers::new(Precision::Half))?;
        Ok(layers.iter().map(|layer| layer["kind"].as_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn rows_that_are_images_are_permuted() {
        let code = Sequential::on(&[12]).then(Unflatten::new([2, 2, 3])).then(BatchNorm::new(3)).build().unwrap();
        assert_eq!(kinds(&code).unwrap(), ["permute", "affine"]);
        let reshaped = Sequential::on(&[2, 3, 4]).then(Flatten::new([2, 3, 4])).then(Unflatten::new([3, 2, 4]));
        assert_eq!(kinds(&reshaped.build().unwrap()).unwrap(), ["permute", "permute"]);
        let gray = Sequential::on(&[12]).then(Unflatten::new([3, 4, 1])).build().unwrap();
        assert!(kinds(&gray).unwrap().is_empty());
    }

    #[test]
    fn unsupported_layers_are_named_in_the_error() {
        let network = Sequential::on(&[3]).then(Activation::Relu).then(Own).build().unwrap();
        let error = kinds(&network).unwrap_err().to_string();
        assert_eq!(error, "layer 1, a layer of another crate: a page does not support this layer; export with --onnx");
    }
}
