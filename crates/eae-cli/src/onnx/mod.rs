//! Writes networks as ONNX files.
//!
//! The graph is like that of PyTorch's exporter: images are `[batch, channels, height, width]`, and
//! arrays have the names, layouts and order of features of a weights file. If an input or output
//! row is a flattened image, the graph permutes the row, so that a code has the same order of
//! numbers as in the rest of the program.

mod chain;
mod columns;
mod proto;
mod sampler;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, HashMap};

use eae::data::Columns;
use nn_layers::{Activation, Kind, Placed, Sequential, Weights, WeightsError, Window};
use prost::Message;
use thiserror::Error;

use crate::sampling::Chosen;
use chain::{Chain, float, integer, integers};
use proto::kind::{TENSOR_DOUBLE, TENSOR_FLOAT};
pub(crate) use sampler::{NOISE, inputs};

/// Version of the operator set: that of ONNX 1.12, which runtimes support since 2022.
pub(crate) const OPSET: i64 = 17;
/// Version of the file format that belongs to [`OPSET`].
const IR_VERSION: i64 = 8;

/// Reason why a network cannot be exported.
#[derive(Debug, Error)]
pub(crate) enum ExportError {
    #[error("layer {place}, {kind}: {problem}")]
    Layer { place: usize, kind: Kind, problem: &'static str },
    #[error("the file would have {0} bytes, but an ONNX file must have fewer than 2^31; export a smaller network")]
    TooLarge(usize),
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Properties of a file besides the layers.
pub(crate) struct Interface<'a> {
    /// Name of the network, and prefix of the names in the graph.
    pub(crate) name: &'a str,
    /// Description, in one sentence.
    pub(crate) about: &'a str,
    /// Draws that turn noise into codes, if the input is noise.
    pub(crate) draws: Option<Draws<'a>>,
    /// Name of the input.
    pub(crate) input: &'a str,
    /// Names of the outputs. Several outputs are equal parts of the output of the network.
    pub(crate) outputs: &'a [&'a str],
    /// Columns of the input and of the output, if they are vectors in the units of the data.
    pub(crate) columns: [Option<&'a Columns>; 2],
    pub(crate) metadata: &'a HashMap<String, String>,
}

/// Draws of codes for a decoder.
#[derive(Clone, Copy)]
pub(crate) struct Draws<'a> {
    pub(crate) chosen: &'a Chosen,
    /// Encoder of the model, for a refinement.
    pub(crate) encoder: &'a Sequential<f32>,
}

/// Prefix of the encoder's names in the graph of a decoder.
const ENCODER: &str = "encoder";

/// Returns the content of the ONNX file of a network.
pub(crate) fn export(network: &Sequential<f32>, interface: &Interface<'_>) -> Result<Vec<u8>, ExportError> {
    let Interface { name, about, draws, input, outputs, columns: [columns_in, columns_out], metadata } = *interface;
    let mut weights = Weights::default();
    network.write(name, &mut weights);
    if let Some(Draws { chosen, encoder }) = draws
        && chosen.refinement.is_some()
    {
        encoder.write(ENCODER, &mut weights);
    }
    let mut chain = Chain::new(input, &weights);
    let mut inputs = vec![value(input, network.input_shape(), columns_in)];
    if let Some(Draws { chosen: Chosen { sampler, refinement }, encoder }) = draws {
        inputs.extend(sampler::inputs(sampler)[1..].iter().map(|name| value(name, &[1], None)));
        sampler::draw(&mut chain, sampler);
        if let Some(refinement) = refinement {
            chain.prefix = "refined.";
            layers(&mut chain, name, network)?;
            layers(&mut chain, ENCODER, encoder)?;
            chain.prefix = "";
            sampler::standardize(&mut chain, encoder.output_shape()[0], refinement);
        }
    }
    if let Some(columns) = columns_in {
        columns::standardize(&mut chain, &format!("{name}.{input}"), columns);
    }
    layers(&mut chain, name, network)?;
    if let Some(columns) = columns_out {
        columns::restore(&mut chain, &format!("{name}.{}", outputs[0]), columns);
    }
    let shape = network.output_shape();
    chain.give(outputs, shape[0]);
    let part = if let [features] = shape { vec![features / outputs.len()] } else { shape.to_vec() };
    let graph = proto::Graph {
        node: chain.nodes,
        name: name.to_owned(),
        initializer: chain.constants,
        input: inputs,
        output: outputs.iter().map(|output| value(output, &part, columns_out)).collect(),
    };
    // A hash map has no fixed order, but the file of a model should be reproducible.
    let metadata: BTreeMap<_, _> = metadata.iter().collect();
    let entry = |(key, value): (&String, &String)| proto::Entry { key: key.clone(), value: value.clone() };
    let model = proto::Model {
        ir_version: IR_VERSION,
        producer_name: "eae".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: about.to_owned(),
        graph,
        opset_import: vec![proto::OperatorSet { domain: String::new(), version: OPSET }],
        metadata_props: metadata.into_iter().map(entry).collect(),
    };
    let bytes = model.encoded_len();
    if i32::try_from(bytes).is_err() {
        return Err(ExportError::TooLarge(bytes));
    }
    Ok(model.encode_to_vec())
}

/// Adds the nodes of all layers. Rows that are flattened images are permuted at both ends.
fn layers(chain: &mut Chain<'_>, name: &str, network: &Sequential<f32>) -> Result<(), ExportError> {
    let layers: Vec<_> = network.layers().collect();
    let ends = layers.first().zip(layers.last()).map(|(first, last)| [first.images[0], last.images[1]]);
    // With a single channel or a single pixel, both orders are the same.
    let matters = |[height, width, channels]: &[usize; 3]| height * width > 1 && *channels > 1;
    let [image_in, image_out] = ends.unwrap_or_default().map(|image| image.filter(matters));
    if let Some([height, width, channels]) = image_in {
        chain.reorder(&format!("{name}.input"), [height, width, channels], [2, 0, 1]);
    }
    for place in 0..layers.len() {
        layer(chain, name, &layers, place)?;
    }
    if let Some([height, width, channels]) = image_out {
        chain.reorder(&format!("{name}.output"), [channels, height, width], [1, 2, 0]);
    }
    Ok(())
}

/// Adds the node of a layer. An `Affine` after a `BatchNorm` is part of the node of the latter.
fn layer(chain: &mut Chain<'_>, prefix: &str, layers: &[Placed<'_>], place: usize) -> Result<(), ExportError> {
    let Placed { kind, number, images, .. } = layers[place];
    let name = format!("{prefix}.{number}");
    let of = |entry: &str| format!("{name}.{entry}");
    match kind {
        Kind::Dense { .. } => {
            let constants = [chain.array(of("weight"))?, chain.array(of("bias"))?];
            chain.then("Gemm", &name, &constants, vec![integer("transB", 1)]);
        }
        Kind::Conv2d { window, .. } => {
            let constants = [chain.array(of("weight"))?, chain.array(of("bias"))?];
            chain.then("Conv", &name, &constants, sliding(window));
        }
        Kind::ConvTranspose2d { window, .. } => {
            let constants = [chain.array(of("weight"))?, chain.array(of("bias"))?];
            chain.then("ConvTranspose", &name, &constants, sliding(window));
        }
        // The node includes the gamma and beta of an `Affine` layer that follows.
        Kind::BatchNorm { features, eps, .. } => {
            let constants = [
                chain.features(of("weight"), features, 1.0)?,
                chain.features(of("bias"), features, 0.0)?,
                chain.array(of("running_mean"))?,
                chain.array(of("running_var"))?,
            ];
            chain.then("BatchNormalization", &name, &constants, vec![float("epsilon", eps)]);
        }
        Kind::Affine { .. } => match place.checked_sub(1).map(|before| layers[before].kind) {
            Some(Kind::BatchNorm { .. }) => {}
            _ => {
                return Err(ExportError::Layer {
                    place,
                    kind,
                    problem: "this layer can only be exported after a BatchNorm",
                });
            }
        },
        Kind::Activation(Activation::Relu) => chain.then("Relu", &name, &[], Vec::new()),
        Kind::Activation(Activation::LeakyRelu(slope)) => {
            chain.then("LeakyRelu", &name, &[], vec![float("alpha", slope)]);
        }
        Kind::Activation(Activation::Sigmoid) => chain.then("Sigmoid", &name, &[], Vec::new()),
        Kind::Activation(Activation::Tanh) => chain.then("Tanh", &name, &[], Vec::new()),
        Kind::Activation(Activation::Softplus) => chain.then("Softplus", &name, &[], Vec::new()),
        Kind::Flatten { .. } => chain.then("Flatten", &name, &[], vec![integer("axis", 1)]),
        Kind::Unflatten { image } if images[0] != Some(image) => {
            let problem = "the row was an image of another shape, and its features have another order in ONNX";
            return Err(ExportError::Layer { place, kind, problem });
        }
        Kind::Unflatten { image: [height, width, channels] } => chain.reshape(&name, [channels, height, width]),
        _ => return Err(ExportError::Layer { place, kind, problem: "ONNX has no operator for this layer" }),
    }
    Ok(())
}

/// Returns the attributes of a convolution with this window.
fn sliding(window: Window) -> Vec<proto::Attribute> {
    let Window { kernel, stride, padding: [vertical, horizontal], .. } = window;
    let pads = [vertical, horizontal, vertical, horizontal];
    vec![integers("kernel_shape", &kernel), integers("strides", &stride), integers("pads", &pads)]
}

/// Returns an input or output of the graph: a batch of samples of this shape, or of vectors.
fn value(name: &str, sample: &[usize], columns: Option<&Columns>) -> proto::Value {
    let batch = proto::Dimension { dim_value: None, dim_param: Some("batch".to_owned()) };
    let (elem_type, sample) = match (columns, sample) {
        (Some(columns), _) => (TENSOR_DOUBLE, vec![columns.len()]),
        (None, &[height, width, channels]) => (TENSOR_FLOAT, vec![channels, height, width]),
        (None, _) => (TENSOR_FLOAT, sample.to_vec()),
    };
    let sides = sample.into_iter().map(|side| proto::Dimension { dim_value: Some(side as i64), dim_param: None });
    let shape = proto::Shape { dim: [batch].into_iter().chain(sides).collect() };
    let tensor = proto::TensorType { elem_type, shape };
    proto::Value { name: name.to_owned(), kind: proto::Type { tensor } }
}
