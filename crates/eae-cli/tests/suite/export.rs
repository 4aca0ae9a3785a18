//! Models for other programs. What these make of them is tested where a Python with onnxruntime is: see `.ci/run`.

use std::fs;

use ::eae::{Autoencoder, Ending, Preset};

use crate::{eae, json, refused, stderr};

#[test]
fn both_networks_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("run")).unwrap();
    let model = Autoencoder::<f32>::with_ending(Preset::Mlp, [28, 28, 1], 4, Ending::MeanAndLogVariance, 0).unwrap();
    model.save(folder.join("run/model.safetensors")).unwrap();

    let output = eae(folder, &["export", "run", "--onnx", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = serde_json::json!({
        "encoder": "run/encoder.onnx", "decoder": "run/decoder.onnx", "opset": 17, "shape": [1, 28, 28], "latent": 4,
    });
    assert_eq!(json(&output), [expected]);
    let read = |file: &str| fs::read(folder.join(file)).unwrap();
    let (encoder, decoder) = (read("run/encoder.onnx"), read("run/decoder.onnx"));
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(&encoder, "log_variance") && !has(&decoder, "log_variance"));
    // What model it is, as the weights file says it.
    assert!([&encoder, &decoder].into_iter().all(|file| has(file, r#"{"model":"mlp","image":[28,28,1],"latent":4,"#)));

    // The same from the file alone, into a folder that is not there yet.
    let output = eae(folder, &["export", "run/model.safetensors", "--onnx", "--out", "a/b"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", stderr(&output));
    assert!((read("a/b/encoder.onnx"), read("a/b/decoder.onnx")) == (encoder, decoder));

    for (arguments, code, message) in [
        (&["export", "run"][..], 2, "--onnx"),
        (&["export", "nowhere", "--onnx"], 2, "nowhere: "),
        (&["export", "run/encoder.onnx", "--onnx"], 2, "encoder.onnx: not a valid safetensors file"),
        (&["export", "run", "--onnx", "--out", "run/encoder.onnx"], 1, "run/encoder.onnx: "),
    ] {
        refused(folder, arguments, code, message);
    }
}
