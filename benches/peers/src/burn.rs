//! The network in burn, built from the functions that the layers of `burn::nn` call. The batch
//! normalization layer of `burn::nn` always trains gamma and beta; here they are constants.

use ::burn::tensor::activation::{relu, sigmoid};
use ::burn::tensor::module::{batch_norm_train, conv_transpose2d, conv2d, linear};
use ::burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use ::burn::tensor::{Device, Gradients, Tensor, TensorData};
use ndarray::ArrayD;

use crate::{Arrays, LATENT, Peer};

/// The network in burn, on one of burn's backends.
pub(crate) struct Burn {
    name: &'static str,
    device: Device,
    conv: [Layer<4>; 2],
    dense: [Layer<2>; 4],
    transposed: [Layer<4>; 2],
    images: Tensor<4>,
}

/// Weights and biases of one layer. The weights have `D` axes.
struct Layer<const D: usize> {
    name: &'static str,
    weight: Tensor<D>,
    bias: Tensor<1>,
}

impl Burn {
    /// Uses the backend that burn recommends for the CPU.
    pub(crate) fn flex(parameters: &Arrays, images: &ArrayD<f32>) -> Self {
        Self::new("burn-flex", Device::flex(), parameters, images)
    }

    /// Uses the older backend, on ndarray.
    #[expect(deprecated, reason = "burn recommends flex, but many programs still use ndarray")]
    pub(crate) fn ndarray(parameters: &Arrays, images: &ArrayD<f32>) -> Self {
        Self::new("burn-ndarray", Device::ndarray(), parameters, images)
    }

    fn new(name: &'static str, device: Device, parameters: &Arrays, images: &ArrayD<f32>) -> Self {
        let device = device.autodiff();
        Self {
            name,
            conv: ["encoder.0", "encoder.2"].map(|name| Layer::new(name, parameters, &device)),
            dense: ["encoder.5", "encoder.7", "decoder.0", "decoder.2"]
                .map(|name| Layer::new(name, parameters, &device)),
            transposed: ["decoder.5", "decoder.7"].map(|name| Layer::new(name, parameters, &device)),
            images: Tensor::from_data(data(images), &device),
            device,
        }
    }

    fn forward(&self) -> Tensor<4> {
        let [first, second] = &self.conv;
        let x = relu(first.conv(self.images.clone()));
        let x = relu(second.conv(x));

        let [wide, code, wide_again, small] = &self.dense;
        let x = relu(wide.dense(x.flatten(1, 3)));
        let [gamma, beta] = [Tensor::ones([LATENT], &self.device), Tensor::zeros([LATENT], &self.device)];
        let codes = batch_norm_train(code.dense(x), gamma, beta, 1e-5).output;
        let x = relu(wide_again.dense(codes));
        let x = relu(small.dense(x));

        let [first, second] = &self.transposed;
        let x = relu(first.transposed(x.reshape([-1, 64, 7, 7])));
        sigmoid(second.transposed(x))
    }
}

impl Peer for Burn {
    fn name(&self) -> &'static str {
        self.name
    }

    fn step(&mut self, gradients: Option<&mut Arrays>) -> f32 {
        let batch = self.images.dims()[0];
        let difference = self.forward() - self.images.clone();
        let loss = (difference.clone() * difference).sum() / batch as f32;
        let found = loss.backward();
        self.device.sync().expect("the device works");
        if let Some(gradients) = gradients {
            self.conv.iter().chain(&self.transposed).for_each(|layer| layer.export(&found, gradients));
            self.dense.iter().for_each(|layer| layer.export(&found, gradients));
        }
        loss.into_scalar()
    }
}

impl<const D: usize> Layer<D> {
    fn new(name: &'static str, parameters: &Arrays, device: &Device) -> Self {
        let array = |what| &parameters[&format!("{name}.{what}")];
        let weight = Tensor::from_data(data(&reordered(array("weight"))), device).require_grad();
        let bias = Tensor::from_data(data(array("bias")), device).require_grad();
        Self { name, weight, bias }
    }

    fn export(&self, found: &Gradients, gradients: &mut Arrays) {
        let [weight, bias] = ["weight", "bias"].map(|what| format!("{}.{what}", self.name));
        let expected = "the loss depends on it";
        gradients.insert(weight, reordered(&array(self.weight.grad(found).expect(expected))));
        gradients.insert(bias, array(self.bias.grad(found).expect(expected)));
    }
}

impl Layer<4> {
    fn conv(&self, x: Tensor<4>) -> Tensor<4> {
        conv2d(x, self.weight.clone(), Some(self.bias.clone()), ConvOptions::new([2, 2], [1, 1], [1, 1], 1))
    }

    fn transposed(&self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvTransposeOptions::new([2, 2], [1, 1], [0, 0], [1, 1], 1);
        conv_transpose2d(x, self.weight.clone(), Some(self.bias.clone()), options)
    }
}

impl Layer<2> {
    fn dense(&self, x: Tensor<2>) -> Tensor<2> {
        linear(x, self.weight.clone(), Some(self.bias.clone()))
    }
}

/// Converts between the layouts of PyTorch and burn. PyTorch's matrices are `[outputs, inputs]`,
/// burn's are `[inputs, outputs]`. Filters have the same layout in both.
fn reordered(weight: &ArrayD<f32>) -> ArrayD<f32> {
    if weight.ndim() == 2 { weight.t().as_standard_layout().into_owned() } else { weight.clone() }
}

fn data(array: &ArrayD<f32>) -> TensorData {
    TensorData::new(array.iter().copied().collect(), array.shape().to_vec())
}

fn array<const D: usize>(tensor: Tensor<D>) -> ArrayD<f32> {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().try_to_vec().expect("single precision");
    ArrayD::from_shape_vec(shape, values).expect("the number of elements is the same")
}
