//! Tests that read exported files with prost, and with onnxruntime if Python has it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use autodiff_mini::Tape;
use eae::Float;
use ndarray::{ArrayD, Axis};
use ndarray_npy::WriteNpyExt;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::Uniform;
use nn_layers::{
    Activation, Affine, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, Unflatten, Window,
};
use prost::Message;
use rand_chacha::ChaCha8Rng;

use super::proto::{Model, Node, Tensor};
use super::*;
use crate::html::Own;

/// Returns random numbers from `-bound` to `bound`.
pub(crate) fn noise(shape: &[usize], bound: f32, seed: u64) -> ArrayD<f32> {
    let within = Uniform::new_inclusive(-bound, bound).unwrap();
    ArrayD::random_using(shape, within, &mut ChaCha8Rng::seed_from_u64(seed))
}

/// File with its inputs and expected outputs. Images are in channels-last order.
pub(crate) struct Case<'a> {
    pub(crate) file: Vec<u8>,
    pub(crate) inputs: Vec<(&'a str, ArrayD<f64>)>,
    pub(crate) outputs: Vec<(&'a str, ArrayD<f64>)>,
}

impl<'a> Case<'a> {
    /// Creates the case of a network whose outputs are equal parts with these names. In double
    /// precision, the expected outputs have no rounding errors of their own.
    pub(crate) fn new<F: Float>(
        file: Vec<u8>,
        network: &Sequential<F>,
        (name, input): (&'a str, &ArrayD<f32>),
        names: &[&'a str],
    ) -> Self {
        let tape = Tape::without_gradients();
        let output = network.forward(tape.constant(input.mapv(|x| F::from_f64(x.into()))));
        let output = output.value().mapv(F::into_f64);
        let parts = output.axis_chunks_iter(Axis(1), output.len_of(Axis(1)) / names.len());
        let outputs = names.iter().copied().zip(parts.map(|part| part.to_owned())).collect();
        Self { file, inputs: vec![(name, input.mapv(f64::from))], outputs }
    }
}

/// Runs each file with `tests/run_onnx.py` and compares the outputs.
pub(crate) fn runtime_agrees(cases: &[Case<'_>]) {
    let python = std::env::var("EAE_PYTHON").expect("EAE_PYTHON names a Python with onnxruntime and numpy");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: String, array: &ArrayD<f64>| {
        let axes = if array.ndim() == 4 { vec![0, 3, 1, 2] } else { (0..array.ndim()).collect() };
        let array = array.view().permuted_axes(axes);
        array.as_standard_layout().write_npy(File::create(folder.path().join(name)).unwrap()).unwrap();
    };
    for (number, Case { file, inputs, outputs }) in cases.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.onnx")), file).unwrap();
        inputs.iter().for_each(|(name, input)| write(format!("{number}.in.{name}.npy"), input));
        outputs.iter().for_each(|(name, output)| write(format!("{number}.out.{name}.npy"), output));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run_onnx.py");
    let status = Command::new(python).arg(script).arg(folder.path()).status().unwrap();
    assert!(status.success(), "the outputs of onnxruntime differ; see its messages above");
}

fn exported(network: &Sequential<f32>, outputs: &[&str]) -> Result<Vec<u8>, ExportError> {
    let metadata = &HashMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]);
    export(
        network,
        &Interface { name: "net", about: "A test", draws: None, input: "in", outputs, columns: [None; 2], metadata },
    )
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(3)
}

const HALVING: Window = Window::new([4, 2], [2, 1], [1, 0]);

#[test]
fn graph_matches_the_export_of_pytorch() {
    let network = Sequential::on(&[8, 6, 2])
        .then(Conv2d::new(2, 3, HALVING, &mut rng()))
        .then(BatchNorm::new(3))
        .then(Affine::new(3))
        .then(Activation::LeakyRelu(0.2))
        .then(Flatten::new([4, 5, 3]))
        .then(Dense::new(60, 4, &mut rng()))
        .then(BatchNorm::new(4))
        .build()
        .unwrap();
    let model = Model::decode(&exported(&network, &["mean", "rest"]).unwrap()[..]).unwrap();
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
    let metadata: Vec<_> = model.metadata_props.iter().map(|entry| (&*entry.key, &*entry.value)).collect();
    assert_eq!(metadata, [("a", "1"), ("b", "2")]);
    let node =
        |Node { op_type, input, output, .. }: &Node| format!("{op_type} {} -> {}", input.join(" "), output.join(" "));
    let nodes: Vec<_> = model.graph.node.iter().map(node).collect();
    let expected = [
        "Conv in net.0.weight net.0.bias -> net.0",
        "BatchNormalization net.0 net.1.weight net.1.bias net.1.running_mean net.1.running_var -> net.1",
        "LeakyRelu net.1 -> net.2",
        "Flatten net.2 -> net.3",
        "Gemm net.3 net.4.weight net.4.bias -> net.4",
        "BatchNormalization net.4 net.5.weight net.5.bias net.5.running_mean net.5.running_var -> net.5",
        "Split net.5 parts -> mean rest",
    ];
    assert_eq!(nodes, expected);
    let ints = |name: &str| &model.graph.node[0].attribute.iter().find(|a| a.name == name).unwrap().ints[..];
    assert_eq!([ints("kernel_shape"), ints("strides"), ints("pads")], [&[4, 2][..], &[2, 1], &[1, 0, 1, 0]]);

    // Every array equals that of a weights file, except the gamma and beta of the last layer,
    // which has none.
    let mut weights = Weights::default();
    network.write("net", &mut weights);
    for Tensor { name, dims, raw_data, .. } in &model.graph.initializer {
        let numbers: Vec<f32> = raw_data.chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap())).collect();
        let shape: Vec<usize> = dims.iter().map(|&side| side as usize).collect();
        match &**name {
            "parts" => assert_eq!(*raw_data, [2_i64.to_le_bytes(), 2_i64.to_le_bytes()].concat()),
            "net.5.weight" => assert_eq!(numbers, [1.0; 4]),
            "net.5.bias" => assert_eq!(numbers, [0.0; 4]),
            name => assert_eq!(numbers, weights.get::<f32>(name, &shape).unwrap().into_raw_vec_and_offset().0),
        }
    }
    let value = |value: &proto::Value| {
        let sizes = value.kind.tensor.shape.dim.iter();
        let sizes = sizes.map(|size| size.dim_param.clone().unwrap_or_else(|| size.dim_value.unwrap().to_string()));
        format!("{} {}", value.name, sizes.collect::<Vec<_>>().join(" "))
    };
    let graph = &model.graph;
    let ends: Vec<_> = graph.input.iter().chain(&graph.output).map(value).collect();
    assert_eq!(ends, ["in batch 2 8 6", "mean batch 2", "rest batch 2"]);
}

#[test]
fn unsupported_layers_are_named_in_the_error() {
    let start = || Sequential::<f32>::on(&[2, 3, 4]).then(Activation::Relu);
    let cases = [
        (start().then(Own), "layer 1, a layer of another crate: ONNX has no operator for this layer"),
        (start().then(Affine::new(4)), "layer 1, Affine(4): this layer can only be exported after a BatchNorm"),
        (
            start().then(Flatten::new([2, 3, 4])).then(Unflatten::new([3, 2, 4])),
            "layer 2, Unflatten to [3, 2, 4]: the row was an image of another shape",
        ),
    ];
    for (network, expected) in cases {
        let error = exported(&network.build().unwrap(), &["out"]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// Covers every layer and activation, and rows that are flattened images at the input, at the
/// output and in between.
///
/// Needs a Python with onnxruntime and numpy: `EAE_PYTHON=python3 cargo test -p eae-cli onnxruntime
/// -- --ignored`.
#[test]
#[ignore = "needs onnxruntime"]
fn onnxruntime_agrees_for_every_layer() {
    let rng = &mut rng();
    let mut norm = BatchNorm::new(40);
    norm.running_mean = noise(&[40], 1.0, 1).into_shared();
    norm.running_var = noise(&[40], 0.5, 2).mapv(|x| x + 0.6).into_shared();
    norm.eps = 1e-3;
    let mut affine = Affine::new(40);
    affine.weight = noise(&[40], 1.0, 3).into_shared();
    affine.bias = noise(&[40], 1.0, 4).into_shared();
    let networks = [
        Sequential::on(&[7, 6, 3])
            .then(Conv2d::new(3, 2, HALVING, rng))
            .then(Activation::Softplus)
            .then(ConvTranspose2d::new(2, 4, HALVING, rng))
            .then(Activation::LeakyRelu(-0.3)),
        Sequential::on(&[6, 5, 2])
            .then(Conv2d::new(2, 4, Window::new([3, 2], [3, 1], [1, 0]), rng))
            .then(Activation::Tanh)
            .then(Conv2d::new(4, 5, Window::square(1, 1, 0), rng))
            .then(Flatten::new([2, 4, 5]))
            .then(norm.clone())
            .then(affine.clone()),
        Sequential::on(&[40])
            .then(norm)
            .then(affine)
            .then(Activation::Sigmoid)
            .then(Unflatten::new([2, 4, 5]))
            .then(ConvTranspose2d::new(5, 1, Window::new([2, 3], [1, 2], [0, 1]), rng)),
        Sequential::on(&[40]),
    ];
    let networks = networks.map(|network| network.build().unwrap());
    let cases = networks.iter().map(|network| {
        let input = noise(&[&[3], network.input_shape()].concat(), 2.0, 5);
        Case::new(exported(network, &["out"]).unwrap(), network, ("in", &input), &["out"])
    });
    runtime_agrees(&cases.collect::<Vec<_>>());
}
