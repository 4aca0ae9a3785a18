//! Reading and writing weights files.

use std::fs;

use autodiff_mini::Tape;
use ndarray::{ArrayD, array};
use ndarray_rand::rand::SeedableRng;
use nn_layers::{
    Activation, Affine, BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, Sequential, Unflatten, Weights,
    WeightsError, Window,
};
use rand_chacha::ChaCha8Rng;

use crate::random;

/// Returns a network with every kind of layer and several channels next to the flat parts, so that
/// reordering matters.
fn network(seed: u64) -> Sequential<f64> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let window = Window::square(4, 2, 1);
    Sequential::on(&[8, 6, 2])
        .then(Conv2d::new(2, 3, window, rng))
        .then(BatchNorm::new(3))
        .then(Affine::new(3))
        .then(Activation::Relu)
        .then(Flatten::new([4, 3, 3]))
        .then(BatchNorm::new(36))
        .then(Dense::new(36, 5, rng))
        .then(Activation::Tanh)
        .then(Dense::new(5, 24, rng))
        .then(Activation::Relu)
        .then(Unflatten::new([4, 3, 2]))
        .then(ConvTranspose2d::new(2, 1, window, rng))
        .build()
        .unwrap()
}

fn value(network: &Sequential<f64>) -> ArrayD<f64> {
    network.forward(Tape::without_gradients().constant(random(&[3, 8, 6, 2], 1))).value().into_owned()
}

#[test]
fn layers_have_kinds_and_numbers() {
    let network = network(1);
    let kinds: Vec<_> = network.layers().map(|layer| layer.kind.to_string()).collect();
    let expected = "Conv2d(2 to 3, 4 x 4), BatchNorm(3), Affine(3), Relu, Flatten, BatchNorm(36), Dense(36 to 5), Tanh, \
                    Dense(5 to 24), Relu, Unflatten to [4, 3, 2], ConvTranspose2d(2 to 1, 4 x 4)";
    assert_eq!(kinds.join(", "), expected);
    let numbers: Vec<_> = network.layers().map(|layer| layer.number).collect();
    assert_eq!(numbers, [0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "the numbers match the names below");
    let (taken, made) = (Some([4, 3, 3]), Some([4, 3, 2]));
    let images: Vec<_> = network.layers().map(|layer| layer.images[0]).collect();
    assert_eq!(images, [None, None, None, None, None, taken, taken, None, None, made, made, None]);
    let shapes = network.layers().nth(5).unwrap().shapes;
    assert_eq!(shapes, [[36], [36]]);
}

#[test]
fn written_weights_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let mut network_a = network(1);
    network_a.train(Tape::new().constant(random(&[5, 8, 6, 2], 2)));
    let mut weights = Weights::default();
    network_a.write("net", &mut weights);
    weights.metadata.insert("model".into(), "a test".into());
    weights.save(&path).unwrap();

    let weights = Weights::read(&path).unwrap();
    assert_eq!(weights.metadata["model"], "a test");
    let names: Vec<_> = weights.names().collect();
    let expected = [
        "net.0.bias",
        "net.0.weight",
        "net.1.bias",
        "net.1.num_batches_tracked",
        "net.1.running_mean",
        "net.1.running_var",
        "net.1.weight",
        "net.10.bias",
        "net.10.weight",
        "net.4.num_batches_tracked",
        "net.4.running_mean",
        "net.4.running_var",
        "net.5.bias",
        "net.5.weight",
        "net.7.bias",
        "net.7.weight",
    ];
    assert_eq!(names, expected, "numbered as in `nn.Sequential`, where `Affine` is part of the batch normalization");
    assert_eq!(weights.shape("net.0.weight"), Some(&[3, 2, 4, 4][..]));
    assert_eq!(weights.shape("net.10.weight"), Some(&[2, 1, 4, 4][..]));
    assert_eq!(weights.get_count("net.1.num_batches_tracked").unwrap(), 1);

    let mut network_b = network(2);
    assert_ne!(value(&network_b), value(&network_a));
    network_b.read("net", &weights).unwrap();
    assert_eq!(value(&network_b), value(&network_a));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn flat_features_are_channels_first_in_a_file() {
    // A dense layer after a flatten, which selects pixel (1, 0) of channel 1 of a 2 x 2 image with
    // 3 channels.
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut network =
        Sequential::<f64>::on(&[2, 2, 3]).then(Flatten::new([2, 2, 3])).then(Dense::new(12, 1, rng)).build().unwrap();
    let mut weights = Weights::default();
    let mut pick = ArrayD::<f64>::zeros(vec![1, 12]);
    pick[[0, 4 + 2]] = 1.0; // Channel 1, then row 1, column 0.
    weights.insert("e.1.weight", &pick);
    weights.insert("e.1.bias", &array![0.0].into_dyn());
    network.read("e", &weights).unwrap();
    let x = random(&[1, 2, 2, 3], 3);
    let tape = Tape::without_gradients();
    assert_eq!(network.forward(tape.constant(x.clone())).scalar(), x[[0, 1, 0, 1]]);
}

#[test]
fn precisions_are_converted() {
    let mut weights = Weights::default();
    weights.insert("single", &array![0.1_f32].into_dyn());
    weights.insert("double", &array![0.1_f64].into_dyn());
    assert_eq!(weights.get::<f64>("single", &[1]).unwrap()[0], f64::from(0.1_f32));
    assert_eq!(weights.get::<f32>("double", &[1]).unwrap()[0], 0.1_f32);
}

#[test]
fn errors_name_the_tensor_and_change_nothing() {
    let mut complete = Weights::default();
    network(1).write("net", &mut complete);
    let mut target = network(2);
    let before = value(&target);
    let mut error = |change: &dyn Fn(&mut Weights)| {
        let mut weights = complete.clone();
        change(&mut weights);
        let error = target.read("net", &weights).unwrap_err();
        assert_eq!(value(&target), before);
        error
    };
    let unexpected = error(&|w| w.insert("net.99.weight", &array![1.0].into_dyn()));
    assert!(matches!(unexpected, WeightsError::Unexpected { name, .. } if name == "net.99.weight"));
    let shape = error(&|w| w.insert("net.10.bias", &array![1.0, 2.0].into_dyn()));
    assert!(shape.to_string().ends_with("`net.10.bias` has shape [2], but the network needs [1]"), "{shape}");
    let not_finite = error(&|w| w.insert("net.10.bias", &array![f64::NAN].into_dyn()));
    assert!(matches!(not_finite, WeightsError::NotFinite { position: 0, .. }));
    let negative = error(&|w| w.insert("net.1.running_var", &array![1.0, -0.5, 1.0].into_dyn()));
    assert!(matches!(negative, WeightsError::Negative { position: 1, .. }), "{negative}");
    let kind = error(&|w| w.insert_count("net.10.bias", 1));
    assert!(matches!(kind, WeightsError::Shape { .. }), "{kind}");
    let kind = error(&|w| w.insert("net.1.num_batches_tracked", &array![1.0].into_dyn()));
    assert!(matches!(kind, WeightsError::Kind { .. }), "{kind}");
    let missing = network(2).read("other", &complete).unwrap_err();
    assert!(matches!(missing, WeightsError::Missing { name, .. } if name.starts_with("other.0.")));
    // A prefix ends at a dot, so `net` does not include `network.0.weight`.
    complete.insert("network.0.weight", &array![1.0].into_dyn());
    target.read("net", &complete).unwrap();
}

#[test]
fn broken_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.safetensors");
    assert!(matches!(Weights::read(&path), Err(WeightsError::Io { .. })));
    let mut weights = Weights::default();
    weights.insert("x", &random(&[4, 5], 1));
    weights.save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Weights::read(&path).unwrap_err();
        assert!(matches!(error, WeightsError::Format { .. }) && error.to_string().contains("broken.safetensors"));
    }
    // A header that claims 2^60 bytes.
    fs::write(&path, [&(1_u64 << 60).to_le_bytes()[..], b"{}"].concat()).unwrap();
    assert!(matches!(Weights::read(&path), Err(WeightsError::Format { .. })));
}

#[test]
fn a_write_error_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no such folder").join("w.safetensors");
    let error = Weights::default().save(&missing).unwrap_err();
    assert!(matches!(error, WeightsError::Io { .. }) && error.to_string().contains("no such folder"));
}

/// The permissions are those of any other new file.
#[cfg(unix)]
#[test]
fn model_files_have_default_permissions() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let [model, other] = ["w.safetensors", "other"].map(|name| folder.path().join(name));
    Weights::default().save(&model).unwrap();
    fs::write(&other, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&model), mode(&other));
}

/// Flips every bit of a file. Reading it must either report the damage or return the original
/// content.
#[test]
fn flipped_bits_are_detected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let mut weights = Weights::default();
    weights.insert("a", &array![1.0_f32, -2.5, 0.0].into_dyn());
    weights.insert("b", &array![[7.0_f64]].into_dyn());
    weights.insert_count("c", 3);
    weights.metadata.insert("what".into(), "a \"test\"\n".into());
    weights.save(&path).unwrap();
    let content = |weights: &Weights| {
        let a: ArrayD<f32> = weights.get("a", &[3]).unwrap();
        let b: ArrayD<f64> = weights.get("b", &[1, 1]).unwrap();
        (weights.names().map(str::to_owned).collect::<Vec<_>>(), a, b, weights.get_count("c").unwrap())
    };
    let (file, whole) = (fs::read(&path).unwrap(), Weights::read(&path).unwrap());
    assert_eq!((content(&whole), whole.metadata.len()), (content(&weights), 1));
    let mut damaged = 0;
    for bit in 0..8 * file.len() {
        let mut file = file.clone();
        file[bit / 8] ^= 1 << (bit % 8);
        match Weights::parse(&file, "x") {
            // A flip in the name of the checksum's entry removes the checksum.
            Ok(weights) => assert!(
                content(&weights) == content(&whole) && weights.metadata["what"] == whole.metadata["what"],
                "bit {bit}"
            ),
            Err(WeightsError::Damaged { path, expected, found }) => {
                assert!(path.as_os_str() == "x" && expected != found);
                damaged += 1;
            }
            Err(WeightsError::Format { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(damaged > 8 * 28, "the bits of all numbers must be protected: {damaged}");
}

/// Metadata entries are sorted, and files of other programs have no checksum.
#[test]
fn equal_weights_give_equal_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |entries: &[&str]| {
        let mut weights = Weights::default();
        weights.metadata.extend(entries.iter().map(|key| ((*key).to_owned(), (*key).to_owned())));
        weights.insert("a", &array![1.0_f32].into_dyn());
        let path = folder.path().join("a.safetensors");
        weights.save(&path).unwrap();
        fs::read(path).unwrap()
    };
    let keys = ["e", "a", "d", "b", "c", "crc32"];
    let reversed: Vec<_> = keys.iter().rev().copied().collect();
    assert!(file(&keys) == file(&reversed));

    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let foreign = [&(header.len() as u64).to_le_bytes()[..], header, &1.0_f32.to_le_bytes()].concat();
    let weights = Weights::parse(&foreign, "foreign").unwrap();
    assert_eq!(weights.get::<f32>("a", &[1]).unwrap(), array![1.0].into_dyn());
    // This also holds without any tensors.
    let path = folder.path().join("nothing.safetensors");
    Weights::default().save(&path).unwrap();
    assert_eq!(Weights::read(path).unwrap().names().count(), 0);
}

/// The file of a bare `nn.Sequential` in PyTorch has names without a prefix.
#[test]
fn an_empty_prefix_adds_no_dot() {
    let (saved, mut read) = (network(1), network(2));
    let mut weights = Weights::default();
    saved.write("", &mut weights);
    assert!(weights.names().any(|name| name == "0.weight") && weights.names().all(|name| !name.starts_with('.')));
    read.read("", &weights).unwrap();
    assert_eq!(value(&read), value(&saved));
    weights.insert("other.weight", &ArrayD::<f64>::zeros(vec![1]));
    let error = read.read("", &weights).unwrap_err();
    assert!(matches!(&error, WeightsError::Unexpected { name, .. } if name == "other.weight"), "{error}");
}
