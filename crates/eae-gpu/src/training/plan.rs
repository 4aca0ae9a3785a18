//! The translation of networks to operations on the device, and the layout of their parameters.

use nn_layers::{Activation, Kind, Placed, Sequential};

use crate::convolution::Geometry;
use crate::product::Curve;
use crate::{Error, Result};

/// A layer with its activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stage {
    /// The index of the layer in its network.
    pub(super) layer: usize,
    pub(super) op: Op,
    pub(super) activation: Option<Activation>,
    /// Number of entries of a sample before and after the layer.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// The beginning of its weight in the matrix of all parameters, or of its mean in the matrix of
    /// all statistics. Its other arrays follow immediately.
    pub(super) at: usize,
}

/// The operation of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    Dense,
    /// A convolution to this many channels.
    Conv {
        geometry: Geometry,
        channels: usize,
    },
    /// A transposed convolution from this many channels.
    ConvTranspose {
        geometry: Geometry,
        channels: usize,
    },
    BatchNorm {
        eps: f64,
        momentum: f64,
    },
}

impl Stage {
    /// Returns the numbers of rows and columns of its weight, as a factor of products, and the
    /// number of biases after it.
    pub(super) fn weight(&self) -> ([usize; 2], usize) {
        match self.op {
            Op::Dense => ([self.outputs, self.inputs], self.outputs),
            Op::Conv { geometry, channels } => ([channels, geometry.unfolded(0)[1]], channels),
            Op::ConvTranspose { geometry, channels } => ([channels, geometry.unfolded(0)[1]], geometry.image[2]),
            Op::BatchNorm { .. } => ([0, 0], 0),
        }
    }
}

/// The beginning of an array in a matrix, and its shape.
pub(super) type Array = (usize, Vec<usize>);

/// The layout of all arrays in one matrix of parameters and one of statistics.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) numbers: usize,
    /// The beginning and the shape of each array, in the order of the networks.
    pub(super) arrays: Vec<Array>,
    pub(super) statistics: usize,
    /// The beginning and the length of each statistic.
    pub(super) running: Vec<(usize, usize)>,
}

impl Plan {
    /// Plans the stages of the next network.
    pub(super) fn stages(&mut self, network: &Sequential<f32>) -> Result<Vec<Stage>> {
        let mut stages: Vec<Stage> = Vec::new();
        for (place, layer) in network.layers().enumerate() {
            let [inputs, outputs] = layer.shapes.map(|shape| shape.iter().product());
            let mut push = |op, at| stages.push(Stage { layer: place, op, activation: None, inputs, outputs, at });
            match layer.kind {
                Kind::Dense { inputs, outputs } => push(Op::Dense, self.weight(vec![outputs, inputs], outputs)),
                Kind::Conv2d { inputs, outputs, window } => {
                    let geometry = Geometry { image: image(&layer, 0), positions: positions(&layer, 1), window };
                    let [u, v] = window.kernel;
                    let at = self.weight(vec![outputs, u, v, inputs], outputs);
                    push(Op::Conv { geometry, channels: outputs }, at);
                }
                Kind::ConvTranspose2d { inputs, outputs, window } => {
                    let geometry = Geometry { image: image(&layer, 1), positions: positions(&layer, 0), window };
                    let [u, v] = window.kernel;
                    let at = self.weight(vec![inputs, u, v, outputs], outputs);
                    push(Op::ConvTranspose { geometry, channels: inputs }, at);
                }
                // Batch normalization after an activation, or of images, would be possible, but no
                // supported network has it.
                Kind::BatchNorm { features, eps, momentum }
                    if layer.shapes[0] == [features] && follows_dense(&stages) =>
                {
                    let at = self.statistics;
                    self.running.extend([(at, features), (at + features, features)]);
                    self.statistics += 2 * features;
                    let op = Op::BatchNorm { eps, momentum };
                    stages.push(Stage { layer: place, op, activation: None, inputs, outputs, at });
                }
                // The entries stay in place.
                Kind::Flatten { .. } | Kind::Unflatten { .. } => {}
                Kind::Activation(new) => match stages.last_mut() {
                    Some(Stage { op: Op::Dense | Op::Conv { .. } | Op::ConvTranspose { .. }, activation, .. })
                        if activation.is_none() && Curve::of(new).is_some() =>
                    {
                        *activation = Some(new);
                    }
                    _ => return Err(unsupported(&layer)),
                },
                _ => return Err(unsupported(&layer)),
            }
        }
        Ok(stages)
    }

    /// Returns the place for a weight of this shape with this many biases.
    fn weight(&mut self, shape: Vec<usize>, biases: usize) -> usize {
        // Each layer begins at an aligned place. The row sums of a gradient are written after it,
        // which is where the biases are.
        let at = self.numbers.next_multiple_of(64);
        let numbers: usize = shape.iter().product();
        self.arrays.extend([(at, shape), (at + numbers, vec![biases])]);
        self.numbers = at + numbers + biases;
        at
    }
}

fn follows_dense(stages: &[Stage]) -> bool {
    matches!(stages.last(), Some(Stage { op: Op::Dense, activation: None, .. }))
}

fn image(layer: &Placed<'_>, side: usize) -> [usize; 3] {
    layer.shapes[side].try_into().expect("convolutions are of images")
}

fn positions(layer: &Placed<'_>, side: usize) -> [usize; 2] {
    let [height, width, _] = image(layer, side);
    [height, width]
}

fn unsupported(layer: &Placed<'_>) -> Error {
    Error::Unsupported(format!(
        "layer {}, {}, cannot be trained on the GPU, which supports dense layers and convolutions, each followed by at most one activation, \
         and batch normalization of rows after a dense layer, as in mlp, conv28, deep28 and conv32; train on the CPU",
        layer.number, layer.kind
    ))
}
