//! From networks to what the device does for them.

use nn_layers::{Activation, Kind, Sequential};

use crate::product::Curve;
use crate::{Error, Result};

/// A layer of both networks, one after the other, with its activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stage {
    Dense { inputs: usize, outputs: usize, activation: Option<Activation> },
    BatchNorm { features: usize, eps: f64 },
}

impl Stage {
    pub(super) fn outputs(self) -> usize {
        match self {
            Self::Dense { outputs, .. } => outputs,
            Self::BatchNorm { features, .. } => features,
        }
    }
}

/// The stages of a network.
pub(super) fn stages(network: &Sequential<f32>) -> Result<Vec<Stage>> {
    let mut stages: Vec<Stage> = Vec::new();
    for layer in network.layers() {
        match layer.kind {
            Kind::Dense { inputs, outputs } => stages.push(Stage::Dense { inputs, outputs, activation: None }),
            Kind::BatchNorm { features, eps } if layer.shapes[0] == [features] => {
                stages.push(Stage::BatchNorm { features, eps });
            }
            // Numbers stay where they are.
            Kind::Flatten { .. } | Kind::Unflatten { .. } => {}
            Kind::Activation(new) => match stages.last_mut() {
                Some(Stage::Dense { activation: activation @ None, .. }) if Curve::of(new).is_some() => {
                    *activation = Some(new);
                }
                _ => return Err(unsupported(layer.number, &layer.kind)),
            },
            _ => return Err(unsupported(layer.number, &layer.kind)),
        }
    }
    Ok(stages)
}

fn unsupported(number: usize, kind: &Kind) -> Error {
    Error::Unsupported(format!(
        "layer {number}, {kind}, is not trained on the GPU, which knows dense layers, each followed by at most one activation, \
         and batch normalisation of rows, as in `mlp`; train on the CPU"
    ))
}
