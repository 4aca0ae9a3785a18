//! Tests of `eae export`. `.ci/run` tests the files in onnxruntime if Python has it.

use std::fs;

use crate::support::data::{with_digits, with_rows};
use crate::support::program::{eae, json, stderr, succeeds};

#[test]
fn networks_are_exported() {
    let folder = with_digits();
    let folder = folder.path();
    // The encoder of a VAE has two outputs.
    let quick = ["--epochs", "1", "--batch", "450", "--latent", "4", "--no-report", "--quiet", "--out", "run"];
    let data = ["train", "--model", "mlp", "--objective", "vae", "--data", "npy:digits.npy"];
    succeeds(folder, &[&data[..], &quick].concat());

    let output = succeeds(folder, &["export", "run", "--onnx", "--sampler", "gmm", "--json"]);
    let drawn = json(&succeeds(folder, &["sample", "run", "--sampler", "gmm", "--n", "2", "--out", "a.npy", "--json"]));
    let expected = serde_json::json!({
        "encoder": "run/encoder.onnx", "decoder": "run/decoder.onnx", "generator": "run/generator.onnx",
        "inputs": ["noise", "uniform"], "sampler": "gmm", "draws_from": drawn[0]["draws_from"],
        "opset": 17, "shape": [1, 28, 28], "latent": 4,
    });
    assert_eq!(json(&output), [expected]);
    let read = |file: &str| fs::read(folder.join(file)).unwrap();
    let (encoder, decoder) = (read("run/encoder.onnx"), read("run/decoder.onnx"));
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(&encoder, "log_variance") && !has(&decoder, "log_variance"));
    // The metadata describe the model, as in the weights file.
    assert!([&encoder, &decoder].into_iter().all(|file| has(file, r#"{"model":"mlp","image":[28,28,1],"latent":4,"#)));

    // The generator contains the description of its sampler: the best one if none is named.
    let generator = read("run/generator.onnx");
    assert!(has(&generator, drawn[0]["draws_from"].as_str().unwrap()) && has(&generator, "uniform"));
    let output = succeeds(folder, &["export", "run", "--onnx", "--out", "best", "--json"]);
    let best = json(&succeeds(folder, &["sample", "run", "--n", "2", "--out", "a.npy", "--json"]));
    let [exported, best] =
        [&json(&output)[0], &best[0]].map(|said| [said["sampler"].clone(), said["draws_from"].clone()]);
    assert_eq!(exported, best);

    // The weights file alone gives the same files, in a folder that export creates.
    let output =
        succeeds(folder, &["export", "run/model.safetensors", "--onnx", "--sampler", "normal", "--out", "a/b"]);
    assert!(output.stdout.is_empty());
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("a/b/generator.onnx, which turns noise into draws from N(0, I)")
    );
    assert!((read("a/b/encoder.onnx"), read("a/b/decoder.onnx")) == (encoder, decoder));
    assert!(!has(&read("a/b/generator.onnx"), "uniform"));

    // The generator with refined draws contains the encoder.
    assert!(!has(&read("a/b/generator.onnx"), "encoder.1.weight"));
    let output = succeeds(folder, &["export", "run", "--onnx", "--sampler", "refined", "--out", "a/c", "--json"]);
    let report = &json(&output)[0];
    assert_eq!((&report["sampler"], &report["draws_from"]), (&"refined".into(), &"N(0, I), refined once".into()));
    assert_eq!(report["inputs"], serde_json::json!(["noise"]));
    assert!(has(&read("a/c/generator.onnx"), "encoder.1.weight"));

    let output = eae(folder, &["export", "run", "--html", "--onnx", "--sampler", "refined", "--out", "a/d"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("--sampler is refined, which needs the encoder, but the page of --html has only"), "{said}");
    assert!(said.contains("normal, sphere, gaussian"), "{said}");
    assert!(!folder.join("a/d").exists());
}

#[test]
fn a_model_is_exported_as_a_page() {
    let folder = with_rows();
    let folder = folder.path();
    let quick = ["--epochs", "1", "--batch", "50", "--latent", "2", "--no-report", "--quiet", "--out", "run"];
    succeeds(folder, &[&["train", "--data", "csv:rows.csv", "--model", "net.toml"][..], &quick].concat());

    let output = succeeds(folder, &["export", "run", "--html", "--sampler", "gaussian", "--json"]);
    let page = fs::read_to_string(folder.join("run/model.html")).unwrap();
    let expected = serde_json::json!({
        "page": {"file": "run/model.html", "bytes": page.len(), "bits": 32},
        "sampler": "gaussian", "draws_from": "a Gaussian", "shape": [3], "latent": 2,
    });
    assert_eq!(json(&output), [expected]);
    assert!(page.contains("<title>run: new rows</title>") && page.contains("a Gaussian") && page.contains("N(0, I)"));
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="));

    // Both formats at once print one line each.
    let output = succeeds(folder, &["export", "run", "--html", "--onnx", "--sampler", "normal", "--out", "a"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.contains("wrote a/model.html, ") && said.contains(" kB with weights of 32 bits"), "{said}");
    assert!(said.ends_with("its first sampler is N(0, I)\n"), "{said}");
}
