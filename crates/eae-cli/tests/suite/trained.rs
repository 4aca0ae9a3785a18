//! The commands that use a trained model. All tests share one model.

use std::fs::{self, File};
use std::path::Path;

use eae::Autoencoder;
use eae::data::digits;
use eae::sampler::normal;
use ndarray::{Array1, Array2, Array4, ArrayView4, Axis, s};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use nn_layers::Weights;
use serde_json::{Value, json};

use crate::support::model::{data, run};
use crate::support::program::{eae, json as lines, stderr, stdout, succeeds};
use crate::support::transcript::Transcript;

/// Runs a command on the model in a folder and returns its JSON.
fn used(folder: &Path, command: &str, arguments: &[&str]) -> Value {
    let output = succeeds(folder, &[&[command, run(), "--json"], arguments].concat());
    let [report] = &lines(&output)[..] else { panic!("one document") };
    report.clone()
}

/// Reads an array with the channels first, and returns it as `[n, height, width, channels]`.
fn images(path: &Path) -> Array4<f32> {
    let array = Array4::<f32>::read_npy(File::open(path).unwrap()).unwrap();
    array.permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned()
}

fn codes(path: &Path) -> Array2<f32> {
    Array2::read_npy(File::open(path).unwrap()).unwrap()
}

fn close(a: ArrayView4<'_, f32>, b: ArrayView4<'_, f32>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

/// Returns width and height of a PNG file.
fn size(path: &Path) -> [u32; 2] {
    let bytes = fs::read(path).unwrap();
    assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n");
    [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()))
}

#[test]
fn samples_with_a_temperature_their_codes_and_single_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sample = |temperature: &str| {
        let more =
            ["--n", "7", "--sampler", "normal", "--temperature", temperature, "--codes", "codes.npy", "--out", "x.npy"];
        let report = used(folder, "sample", &more);
        assert_eq!((&report["shape"], &report["codes"]), (&json!([7, 1, 28, 28]), &json!("codes.npy")));
        (images(&folder.join("x.npy")), codes(&folder.join("codes.npy")))
    };
    let (whole, drawn) = sample("1");
    assert_eq!(drawn, normal::<f32>(7, 4, 0));
    assert_eq!(sample("0.5").1, &drawn * 0.5);
    let (same, none) = sample("0");
    assert!(none.iter().all(|z| *z == 0.0) && same.outer_iter().all(|image| image == same.index_axis(Axis(0), 0)));

    // The written codes decode to the same images, also from a table.
    used(folder, "sample", &["--n", "7", "--sampler", "normal", "--codes", "codes.csv", "--out", "samples/"]);
    used(folder, "decode", &["--codes", "codes.csv", "--out", "y.npy"]);
    assert_eq!(images(&folder.join("y.npy")), whole);
    let mut names: Vec<_> =
        fs::read_dir(folder.join("samples")).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!((names.len(), names[6].to_str()), (7, Some("000006.png")));
    assert_eq!(size(&folder.join("samples/000006.png")), [28, 28]);
    used(folder, "decode", &["--codes", "codes.csv", "--out", "y.png", "--columns", "4", "--zoom", "2"]);
    assert_eq!(size(&folder.join("y.png")), [4 * 57 + 1, 2 * 57 + 1]);
}

#[test]
fn refined_draws_are_the_codes_of_decoded_draws() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let drawn = |sampler: &str| {
        let more = ["--n", "7", "--temperature", "0.5", "--codes", "codes.npy", "--out", "x.npy", "--sampler", sampler];
        (used(folder, "sample", &more), codes(&folder.join("codes.npy")), images(&folder.join("x.npy")))
    };
    let (_, z, before) = drawn("normal");
    let (report, refined, after) = drawn("refined");
    assert_eq!((&report["sampler"], &report["draws_from"]), (&json!("refined"), &json!("N(0, I), refined once")));
    let file = Path::new(run()).join("model.safetensors");
    let model = Autoencoder::<f32>::load(&file).unwrap();
    let weights = Weights::read(&file).unwrap();
    let of = |tensor: &str| weights.get::<f64>(&format!("sampler.refined.{tensor}"), &[4]).unwrap();
    let expected = (model.encode(before.view()).mapv(f64::from) - of("mean")) / of("deviation");
    assert!((&refined.mapv(f64::from) - &expected).iter().all(|e| e.abs() < 1e-4), "{refined} {expected}");
    assert!((&refined - &z).iter().any(|e| e.abs() > 0.1));
    assert!(close(model.decode(refined.view()).view(), after.view()));
    let output = succeeds(folder, &["sample", run(), "--sampler", "refined", "--out", "x.npy"]);
    assert!(stderr(&output).ends_with("decoded from draws from N(0, I), refined once\n"), "{}", stderr(&output));

    // A file with networks alone, and a damaged one.
    model.to_weights().save(folder.join("networks.safetensors")).unwrap();
    let mut damaged = weights;
    damaged.insert("sampler.refined.deviation", &Array1::<f64>::zeros(4).into_dyn());
    damaged.save(folder.join("damaged.safetensors")).unwrap();
    let draw = |file: &str, sampler: &str| {
        eae(folder, &["sample", file, "--n", "7", "--temperature", "0.5", "--sampler", sampler, "--out", "x.npy"])
    };
    // The refinement of the first is estimated with the seed of the training, 0.
    assert!(draw("networks.safetensors", "refined").status.success());
    assert_eq!(images(&folder.join("x.npy")), after);
    let output = draw("damaged.safetensors", "refined");
    assert_eq!(output.status.code(), Some(2));
    let problem = "damaged.safetensors: `sampler.refined.deviation` holds 0 at position 0; a standard";
    assert!(stderr(&output).contains(problem), "{}", stderr(&output));
    assert!(draw("damaged.safetensors", "normal").status.success());
}

#[test]
fn decoding_the_codes_of_images_reconstructs_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let report = used(folder, "encode", &["--part", "test", "--out", "test.npy"]);
    let named = format!("npy:{}", data().display());
    assert_eq!(report, json!({"out": "test.npy", "shape": [100, 4], "data": named, "part": "test", "warnings": []}));
    used(folder, "decode", &["--codes", "test.npy", "--out", "decoded.npy"]);
    let report = used(folder, "reconstruct", &["--n", "100", "--out", "back.npy"]);
    let back = images(&folder.join("back.npy"));
    assert_eq!(images(&folder.join("decoded.npy")), back);

    let held_out = digits::<f32>().train.pixels.slice_move(s![900..1000, .., .., ..]);
    let errors = report["errors"].as_array().unwrap();
    for (i, error) in errors.iter().enumerate() {
        let [image, back] = [held_out.view(), back.view()].map(|images| images.index_axis_move(Axis(0), i));
        let expected: f64 = image.iter().zip(back).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        assert!((error.as_f64().unwrap() - expected).abs() < 1e-9 * expected, "image {i}: {error}, not {expected}");
    }
    let mean = errors.iter().map(|error| error.as_f64().unwrap()).sum::<f64>() / 100.0;
    assert!((report["reconstruction_error"].as_f64().unwrap() - mean).abs() < 1e-9 * mean);
    // The evaluation at the end of the training.
    let evaluation = used(folder, "info", &[])["evaluation"]["reconstruction_error"].as_f64().unwrap();
    assert!((evaluation - mean).abs() < 1e-6 * mean, "{evaluation}, not {mean}");

    used(folder, "reconstruct", &["--n", "7", "--columns", "2", "--zoom", "1", "--out", "pairs.png"]);
    assert_eq!(size(&folder.join("pairs.png")), [4 * 29 + 1, 4 * 29 + 1]);
    let shown = stdout(&succeeds(folder, &["reconstruct", run(), "--n", "3"]));
    assert!(shown.lines().count() >= 4, "too few lines: {shown}");

    for part in ["train", "all"] {
        used(folder, "encode", &["--part", part, "--out", &format!("{part}.npy")]);
    }
    let [train, test, all] = ["train", "test", "all"].map(|part| codes(&folder.join(part).with_extension("npy")));
    assert_eq!((all.slice(s![..900, ..]), all.slice(s![900.., ..])), (train.view(), test.view()));
    // Batch normalization was calibrated on the images of the training.
    assert!(train.mean_axis(Axis(0)).unwrap().iter().all(|mean| mean.abs() < 1e-3));

    // Data other than the training data, with a weights file that does not name any.
    let some = held_out.slice(s![..20, .., .., ..]).permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned();
    some.write_npy(File::create(folder.join("some.npy")).unwrap()).unwrap();
    let weights = Path::new(run()).join("model.safetensors");
    let arguments = ["encode", weights.to_str().unwrap(), "--data", "npy:some.npy", "--out", "some.csv"];
    succeeds(folder, &arguments);
    used(folder, "decode", &["--codes", "some.csv", "--out", "some.npy"]);
    assert!(close(images(&folder.join("some.npy")).view(), back.slice(s![..20, .., .., ..])));
}

#[test]
fn paths_begin_and_end_at_reconstructions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    used(folder, "reconstruct", &["--n", "10", "--out", "back.npy"]);
    used(folder, "encode", &["--part", "test", "--out", "codes.npy"]);
    let (back, z) = (images(&folder.join("back.npy")), codes(&folder.join("codes.npy")));
    for way in ["linear", "spherical"] {
        let report = used(folder, "interpolate", &["--n", "2", "--steps", "5", "--way", way, "--out", "paths.npy"]);
        assert_eq!((&report["shape"], &report["pairs"]), (&json!([10, 1, 28, 28]), &json!([[0, 1], [2, 3]])));
        assert_eq!(report["way"], way);
        let ends = images(&folder.join("paths.npy")).select(Axis(0), &[0, 4, 5, 9]);
        assert!(close(ends.view(), back.slice(s![..4, .., .., ..])), "{way}");
    }
    let chosen = ["--from", "9", "--to", "3", "--steps", "3", "--way", "linear"];
    let report = used(folder, "interpolate", &[&chosen[..], &["--out", "way.npy"]].concat());
    assert_eq!(report["pairs"], json!([[9, 3]]));
    let middle = (&z.row(9) + &z.row(3)) / 2.0;
    middle.insert_axis(Axis(0)).write_npy(File::create(folder.join("middle.npy")).unwrap()).unwrap();
    used(folder, "decode", &["--codes", "middle.npy", "--out", "decoded.npy"]);
    let (way, middle) = (images(&folder.join("way.npy")), images(&folder.join("decoded.npy")));
    let expected = [back.slice(s![9..10, .., .., ..]), middle.view(), back.slice(s![3..4, .., .., ..])];
    assert!(close(way.view(), ndarray::concatenate(Axis(0), &expected).unwrap().view()));
    used(folder, "interpolate", &[&chosen[..], &["--zoom", "1", "--out", "way.png"]].concat());
    assert_eq!(size(&folder.join("way.png")), [3 * 29 + 1, 30]);
}

#[test]
fn traversals_go_through_their_center() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    used(folder, "encode", &["--part", "test", "--out", "codes.npy"]);
    let z = codes(&folder.join("codes.npy")).row(6).to_owned();
    let more = ["--image", "6", "--dims", "3,0", "--steps", "5", "--range", "2", "--out", "rows.npy"];
    let report = used(folder, "traverse", &more);
    assert_eq!(
        (&report["shape"], &report["dims"], &report["image"]),
        (&json!([10, 1, 28, 28]), &json!([3, 0]), &json!(6))
    );
    let mut expected = Array2::from_shape_fn((10, 4), |(_, i)| z[i]);
    for (i, added) in [-2.0, -1.0, 0.0, 1.0, 2.0].into_iter().enumerate() {
        expected[[i, 3]] += added;
        expected[[5 + i, 0]] += added;
    }
    expected.write_npy(File::create(folder.join("expected.npy")).unwrap()).unwrap();
    used(folder, "decode", &["--codes", "expected.npy", "--out", "decoded.npy"]);
    assert!(close(images(&folder.join("rows.npy")).view(), images(&folder.join("decoded.npy")).view()));

    let report = used(folder, "traverse", &["--out", "rows.png", "--zoom", "1"]);
    assert_eq!((&report["center"], &report["dims"]), (&json!([0.0, 0.0, 0.0, 0.0]), &json!([0, 1, 2, 3])));
    assert_eq!(size(&folder.join("rows.png")), [11 * 29 + 1, 4 * 29 + 1]);
}

#[test]
fn info_describes_a_run_folder_and_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let report = used(folder, "info", &[]);
    assert_eq!((&report["state"], &report["resumable"]), (&json!("finished"), &json!(false)));
    assert_eq!((&report["epoch"]["epoch"], &report["config"]["latent"]), (&json!(2), &json!(4)));
    let model = &report["model"];
    let parameters = 785 * 512 + 513 * 256 + 257 * 4 + 5 * 256 + 257 * 512 + 513 * 784;
    assert_eq!((&model["parameters"], &model["preset"]), (&json!(parameters), &json!("mlp")));
    let dense = json!({"layer": "Dense(784 to 512)", "output": [512], "parameters": 785 * 512});
    assert_eq!(model["encoder"][1], dense);
    assert_eq!(model["samplers"], json!(["mixture", "normal", "sphere", "gaussian", "gaussianization", "refined"]));
    let files: Vec<_> = report["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert!(files.contains(&"metrics.jsonl") && files.is_sorted(), "{files:?}");

    // The printed text is a file of settings, with the rest in comments.
    let text = stdout(&succeeds(folder, &["info", run()]));
    let config = fs::read_to_string(Path::new(run()).join("config.toml")).unwrap();
    let [printed, config] = [&text, &config].map(|text| toml::from_str::<toml::Value>(text).unwrap());
    assert_eq!(printed, config);
    for part in ["# encoder", "#   Dense(784 to 512)", "#   reconstruction_error = ", "#   model.safetensors"] {
        assert!(text.contains(part), "no {part} in {text}");
    }

    // An interrupted training without a model, whose log ends within a line.
    let cut = folder.join("cut");
    fs::create_dir(&cut).unwrap();
    for (from, to) in [("config.toml", "config.toml"), ("model.safetensors", "checkpoint.safetensors")] {
        fs::copy(Path::new(run()).join(from), cut.join(to)).unwrap();
    }
    fs::write(cut.join("metrics.jsonl"), "{\"kind\":\"epoch\",\"epoch\":1}\n{\"kind\":\"ep").unwrap();
    let [report] = &lines(&eae(folder, &["info", "cut", "--json"]))[..] else { panic!("one document") };
    assert_eq!((&report["state"], &report["resumable"]), (&json!("unfinished"), &json!(true)));
    assert_eq!((&report["epoch"], &report["evaluation"]), (&json!({"epoch": 1}), &Value::Null));
    assert_eq!(report["model"]["parameters"], parameters);
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["sample", "cut", "--out", "x.png"], 2);
    transcript.check("a training that was interrupted");

    let file = Path::new(run()).join("model.safetensors");
    let [report] = &lines(&eae(folder, &["info", file.to_str().unwrap(), "--json"]))[..] else {
        panic!("one document")
    };
    assert_eq!((&report["state"], &report["config"]), (&json!("weights"), &Value::Null));
    assert_eq!(&report["model"]["decoder"], &model["decoder"]);
}
