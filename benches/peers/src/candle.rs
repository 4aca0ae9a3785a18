//! The network in candle, built from the layers of `candle-nn`.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{
    Activation, BatchNorm, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Linear, Module, Sequential,
    seq,
};
use ndarray::ArrayD;

use crate::{Arrays, LATENT, Peer};

/// The network in candle, on the CPU.
pub(crate) struct Candle {
    parameters: BTreeMap<String, Var>,
    network: Sequential,
    images: Tensor,
}

impl Candle {
    /// Builds the network with `parameters`, for `images` of shape
    /// `[batch, channels, height, width]`.
    pub(crate) fn new(parameters: &Arrays, images: &ArrayD<f32>) -> Result<Self> {
        let variable = |(name, array): (&String, _)| Ok((name.clone(), Var::from_tensor(&tensor(array)?)?));
        let parameters = parameters.iter().map(variable).collect::<Result<_>>()?;
        Ok(Self { network: network(&parameters)?, parameters, images: tensor(images)? })
    }

    fn step(&self, gradients: Option<&mut Arrays>) -> Result<f32> {
        let output = self.network.forward(&self.images)?;
        let loss = ((output - &self.images)?.sqr()?.sum_all()? / self.images.dim(0)? as f64)?;
        let found = loss.backward()?;
        if let Some(gradients) = gradients {
            for (name, variable) in &self.parameters {
                let gradient = found.get(variable).expect("the loss depends on it");
                let values = gradient.flatten_all()?.to_vec1()?;
                let array =
                    ArrayD::from_shape_vec(gradient.dims(), values).expect("the number of elements is the same");
                gradients.insert(name.clone(), array);
            }
        }
        loss.to_scalar()
    }
}

impl Peer for Candle {
    fn name(&self) -> &'static str {
        "candle"
    }

    fn step(&mut self, gradients: Option<&mut Arrays>) -> f32 {
        Self::step(self, gradients).expect("candle computes a step")
    }
}

fn network(parameters: &BTreeMap<String, Var>) -> Result<Sequential> {
    let of = |layer: &str| {
        let [weight, bias] = ["weight", "bias"].map(|what| parameters[&format!("{layer}.{what}")].as_tensor().clone());
        (weight, Some(bias))
    };
    let conv = |layer| {
        let (weight, bias) = of(layer);
        Conv2d::new(weight, bias, Conv2dConfig { padding: 1, stride: 2, ..Conv2dConfig::default() })
    };
    let transposed = |layer| {
        let (weight, bias) = of(layer);
        let config = ConvTranspose2dConfig { padding: 1, stride: 2, ..ConvTranspose2dConfig::default() };
        ConvTranspose2d::new(weight, bias, config)
    };
    let dense = |layer| {
        let (weight, bias) = of(layer);
        Linear::new(weight, bias)
    };
    let [mean, var] = [0_f32, 1.0].map(|value| Tensor::full(value, LATENT, &Device::Cpu));
    let norm = BatchNorm::new_no_bias(LATENT, mean?, var?, 1e-5)?;
    Ok(seq()
        .add(conv("encoder.0"))
        .add(Activation::Relu)
        .add(conv("encoder.2"))
        .add(Activation::Relu)
        .add_fn(|x| x.flatten_from(1))
        .add(dense("encoder.5"))
        .add(Activation::Relu)
        .add(dense("encoder.7"))
        .add_fn(move |x| norm.forward_train(x))
        .add(dense("decoder.0"))
        .add(Activation::Relu)
        .add(dense("decoder.2"))
        .add(Activation::Relu)
        .add_fn(|x| x.reshape(((), 64, 7, 7)))
        .add(transposed("decoder.5"))
        .add(Activation::Relu)
        .add(transposed("decoder.7"))
        .add(Activation::Sigmoid))
}

fn tensor(array: &ArrayD<f32>) -> Result<Tensor> {
    Tensor::from_slice(array.as_slice().expect("in memory order"), array.shape(), &Device::Cpu)
}
