//! From networks to what the device does for them, and where it keeps their numbers.

use nn_layers::{Activation, Kind, Placed, Sequential};

use crate::convolution::Geometry;
use crate::product::Curve;
use crate::{Error, Result};

/// A layer with its activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stage {
    /// The place of the layer in its network.
    pub(super) layer: usize,
    pub(super) op: Op,
    pub(super) activation: Option<Activation>,
    /// Numbers of a sample, before and after it.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Where its weight begins in the matrix of all parameters, or its mean in that of all
    /// statistics. What else it has follows at once.
    pub(super) at: usize,
}

/// What a layer does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    Dense,
    /// A convolution to so many channels.
    Conv {
        geometry: Geometry,
        channels: usize,
    },
    /// The transpose of a convolution, from so many channels.
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
    /// The rows and columns of its weight as products take it, and how many biases there are behind
    /// it.
    pub(super) fn weight(&self) -> ([usize; 2], usize) {
        match self.op {
            Op::Dense => ([self.outputs, self.inputs], self.outputs),
            Op::Conv { geometry, channels } => ([channels, geometry.unfolded(0)[1]], channels),
            Op::ConvTranspose { geometry, channels } => ([channels, geometry.unfolded(0)[1]], geometry.image[2]),
            Op::BatchNorm { .. } => ([0, 0], 0),
        }
    }
}

/// Where everything is in one matrix of all parameters and one of all statistics.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) numbers: usize,
    /// Of each array its first place and its shape, in the networks' order.
    pub(super) arrays: Vec<(usize, Vec<usize>)>,
    pub(super) statistics: usize,
    /// Of each statistic its first place and its length.
    pub(super) running: Vec<(usize, usize)>,
}

impl Plan {
    /// The stages of the next network.
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
                // After a layer's activation, or of images, it would be no harder, but nothing that is trained here has
                // it.
                Kind::BatchNorm { features, eps, momentum }
                    if layer.shapes[0] == [features] && follows_dense(&stages) =>
                {
                    let at = self.statistics;
                    self.running.extend([(at, features), (at + features, features)]);
                    self.statistics += 2 * features;
                    let op = Op::BatchNorm { eps, momentum };
                    stages.push(Stage { layer: place, op, activation: None, inputs, outputs, at });
                }
                // Numbers stay where they are.
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

    /// The place of a weight of this shape with so many biases.
    fn weight(&mut self, shape: Vec<usize>, biases: usize) -> usize {
        // Each layer begins where a kernel's view may. The row sums of a gradient are written behind it:
        // that is where biases are.
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
        "layer {}, {}, is not trained on the GPU, which knows dense layers and convolutions, each followed by at most one activation, \
         and batch normalisation of rows after a dense layer, as in mlp, conv28 and conv32; train on the CPU",
        layer.number, layer.kind
    ))
}
