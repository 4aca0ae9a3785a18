//! Tests of the explorer through HTTP: its page, its numbers, and its end.

mod hostile;
mod rows;

use std::fs;
use std::path::Path;

use ndarray::{Array2, Array3, Array4};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use serde_json::{Value, json};

use crate::support::program::{interrupt, succeeds};
use crate::support::server::Explorer;
use crate::support::transcript::Transcript;

/// Returns a folder with the data files and a short training run.
fn trained(data: &str, epochs: &str, batch: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_digits(&folder.path().join("digits"));
    let images = Array4::<u8>::from_shape_fn((60, 3, 5, 4), |(n, c, y, x)| color([n, c, y, x]));
    images.write_npy(fs::File::create(folder.path().join("color.npy")).unwrap()).unwrap();
    let sizes = ["--epochs", epochs, "--batch", batch, "--latent", "4"];
    let network = ["train", "--model", "mlp", "--objective", "bn-ae", "--data", data, "--quiet", "--out", "run"];
    succeeds(folder.path(), &[&network[..], &sizes].concat());
    folder
}

/// Writes some of the embedded digits as MNIST files.
fn write_digits(folder: &Path) {
    let digits = ::eae::data::digits::<f32>().train;
    let labels = digits.labels.as_ref().unwrap();
    fs::create_dir(folder).unwrap();
    for (part, range) in [("train", 0..600_u32), ("t10k", 600..800)] {
        let places: Vec<usize> = range.clone().map(|place| place as usize).collect();
        let pixels: Vec<u8> = digits.select(&places).pixels.iter().map(|x| (x * 255.0).round() as u8).collect();
        let labels: Vec<u8> = places.iter().map(|&place| labels[place]).collect();
        for (what, sides, bytes) in [("images-idx3", &[28, 28][..], pixels), ("labels-idx1", &[], labels)] {
            let axes = [&[range.len() as u32], sides].concat();
            let mut file = vec![0, 0, 8, axes.len() as u8];
            file.extend(axes.iter().flat_map(|axis| axis.to_be_bytes()));
            file.extend(bytes);
            fs::write(folder.join(format!("{part}-{what}-ubyte")), file).unwrap();
        }
    }
}

/// Returns the value of a pixel of the synthetic color images.
fn color([n, c, y, x]: [usize; 4]) -> u8 {
    (31 * n + 97 * c + 11 * y * n + 7 * x) as u8
}

#[test]
fn routes_and_errors() {
    let folder = trained("mnist:digits", "20", "100");
    let explorer = Explorer::start(folder.path(), &["run"]);
    the_page(&explorer);
    numbers(&explorer, folder.path());
    hostile::wrong_requests(&explorer);
    hostile::hostile_requests(&explorer);
    hostile::many_clients(&explorer);
    numbers(&explorer, folder.path());
}

/// Checks that every file of the page exists, and that the page loads nothing from other servers.
fn the_page(explorer: &Explorer) {
    let page = explorer.get("/");
    assert_eq!(page.status, 200);
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'self';",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-resource-policy: same-origin",
        "cache-control: no-store",
    ] {
        assert!(page.head.contains(header), "{header}: {}", page.head);
    }
    assert!(!page.head.contains("access-control"), "{}", page.head);
    let mut seen = vec!["/".to_owned()];
    let mut wanted = vec![String::from_utf8(page.body).unwrap()];
    while let Some(text) = wanted.pop() {
        assert!(
            !text.contains("://") || text.contains("http://www.w3.org/2000/svg"),
            "the page refers to another server: {text}"
        );
        // `src="/app.js"`, `href="/style.css"`, `from "/ask.js"`
        let quoted = text.split('"').skip(1).step_by(2);
        for name in quoted.filter(|name| name.starts_with('/') && name.contains('.')) {
            if name.ends_with(".json") || seen.iter().any(|known| known == name) {
                continue;
            }
            let file = explorer.get(name);
            assert_eq!(file.status, 200, "{name}");
            seen.push(name.to_owned());
            wanted.push(String::from_utf8(file.body).unwrap());
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
    let head = explorer.ask("HEAD", "/style.css", "", b"");
    assert!(head.status == 200 && head.body.is_empty(), "{head:?}");
}

/// Checks that codes and pictures equal those of the other commands.
fn numbers(explorer: &Explorer, folder: &Path) {
    let model = explorer.get("/model.json").json();
    assert_eq!((&model["run"], &model["network"]), (&"run".into(), &"mlp".into()));
    assert_eq!((&model["image"], &model["latent"], &model["held_out"]), (&json!([28, 28, 1]), &4.into(), &200.into()));
    assert_eq!(model["samplers"], json!(["mixture", "normal", "sphere", "gaussian", "gaussianization", "refined"]));
    // Batch normalization gives the training codes mean 0 and variance 1.
    for (name, expected) in [("mean", 0.0), ("sd", 1.0)] {
        let values: Vec<f64> = serde_json::from_value(model[name].clone()).unwrap();
        assert!(values.len() == 4 && values.iter().all(|x| (x - expected).abs() < 0.25), "{name}: {values:?}");
    }

    assert_eq!(model["effect"].as_array().unwrap().len(), 4);
    // These are the square roots of quantiles of chi-squared with four degrees of freedom.
    let radius: [f64; 2] = serde_json::from_value(model["radius"].clone()).unwrap();
    assert!((radius[0] - 0.7107_f64.sqrt()).abs() < 1e-3 && (radius[1] - 9.4877_f64.sqrt()).abs() < 1e-3, "{radius:?}");
    let report = explorer.get(model["report"].as_str().unwrap());
    assert!(report.status == 200 && report.head.contains("style-src 'unsafe-inline'"), "{}", report.head);
    assert_eq!(report.body, fs::read(folder.join("run/report.html")).unwrap());

    let images = explorer.get("/images?first=7&n=2");
    let codes = explorer.get("/codes.json?n=2&first=7").json();
    assert_eq!((images.body.len(), codes["codes"].as_array().unwrap().len()), (2 * 784, 2));
    // The embedded digits are bytes, so encoding the bytes gives the code of the image.
    let encoded = explorer.ask("POST", "/encode", "", &images.body[784..]).json();
    let numbers = |codes: &Value| serde_json::from_value::<Vec<Vec<f64>>>(codes["codes"].clone()).unwrap();
    let (kept, again) = (numbers(&codes), numbers(&encoded));
    assert!(kept[1].iter().zip(&again[0]).all(|(a, b)| (a - b).abs() < 1e-4), "{kept:?} {again:?}");
    let decoded = explorer.post("/decode", &codes);
    assert!(decoded.status == 200 && decoded.body.len() == 2 * 784 && decoded.body.iter().any(|&x| x > 128));
    // The decoded picture is nearer to its own image than to the other one.
    let distance =
        |a: &[u8], b: &[u8]| -> f64 { a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum() };
    assert_ne!(decoded.body[..784], decoded.body[784..]);
    let (own, other) =
        (distance(&decoded.body[..784], &images.body[..784]), distance(&decoded.body[..784], &images.body[784..]));
    assert!(own < other, "{own} {other}");

    let samplers = model["samplers"].as_array().unwrap().iter().map(|sampler| ("sampler", "--sampler", sampler));
    let class = &model["classes"][3];
    assert_eq!(class, &json!({ "label": 3, "name": "3" }));
    for (key, flag, sampler) in samplers.chain([("label", "--label", &class["label"])]) {
        let wanted = json!({ key: sampler, "temperature": 0.5, "seed": 3, "n": 2 });
        let drawn = numbers(&explorer.post("/sample", wanted).json());
        let named = sampler.as_str().map_or_else(|| sampler.to_string(), str::to_owned);
        let flags = [flag, &named, "--temperature", "0.5", "--seed", "3", "--n", "2"];
        succeeds(folder, &[&["sample", "run", "--out", "x.npy", "--codes", "codes.npy"], &flags[..]].concat());
        let codes = Array2::<f32>::read_npy(fs::File::open(folder.join("codes.npy")).unwrap()).unwrap();
        let same = codes.iter().zip(drawn.iter().flatten()).all(|(&a, b)| (f64::from(a) - b).abs() < 1e-6);
        assert!(same && drawn.len() == 2, "{sampler}: {codes} {drawn:?}");
    }

    let map = explorer.get("/map.json").json();
    let points: Vec<[f64; 2]> = serde_json::from_value(map["points"].clone()).unwrap();
    let labels = map["labels"].as_array().unwrap();
    assert_eq!((points.len(), labels.len()), (200, 200));
    // The position that the page computes for a code equals that of the server.
    let axes: Vec<[f64; 2]> = serde_json::from_value(map["axes"].clone()).unwrap();
    for axis in [0, 1] {
        let origin = map["origin"][axis].as_f64().unwrap();
        let place = origin + kept[0].iter().zip(&axes).map(|(x, by)| x * by[axis]).sum::<f64>();
        assert!((place - points[7][axis]).abs() < 1e-4, "{place} {:?}", points[7]);
    }
}

/// Tests a run on color images without labels, a weights file alone, and a port in use.
#[test]
fn color_images_and_missing_data() {
    let folder = trained("npy:color.npy", "1", "10");
    let folder = folder.path();
    let explorer = Explorer::start(folder, &["run"]);
    let model = explorer.get("/model.json").json();
    assert_eq!((&model["image"], &model["held_out"]), (&json!([5, 4, 3]), &6.into()));
    assert_eq!(
        model["samplers"],
        json!(["gaussian", "normal", "sphere", "gaussianization", "refined"]),
        "too few codes for a mixture"
    );
    // The bytes are those of the data, channels last.
    let image = explorer.get("/images?first=1&n=1").body;
    let expected = Array3::from_shape_fn((5, 4, 3), |(y, x, c)| color([55, c, y, x]));
    assert_eq!(image, expected.into_raw_vec_and_offset().0);
    assert_eq!(explorer.ask("POST", "/encode", "", &image).status, 200);
    let map = explorer.get("/map.json").json();
    assert_eq!((map["points"].as_array().unwrap().len(), &map["labels"]), (6, &Value::Null));

    fs::copy(folder.join("run/model.safetensors"), folder.join("alone.safetensors")).unwrap();
    let explorer = Explorer::start(folder, &["alone.safetensors", "--host", "localhost"]);
    assert!(explorer.address.starts_with("localhost:"));
    let model = explorer.get("/model.json").json();
    assert_eq!((&model["held_out"], &model["sd"].as_array().unwrap().len()), (&0.into(), &4));
    assert_eq!((explorer.get("/map.json").said().0, explorer.get("/report.html").said().0), (404, 404));
    assert_eq!((&model["report"], &model["classes"]), (&Value::Null, &json!([])));
    assert_eq!(explorer.get("/images?first=0&n=1").said().0, 404);

    let port = explorer.address.split(':').next_back().unwrap();
    let mut transcript = Transcript::new(folder).name(port, "PORT");
    transcript.refused(&["serve", "run", "--host", "localhost", "--port", port], 1);
    transcript.check("a port that is taken");
    an_interrupt_ends(explorer);
}

/// Checks that Ctrl-C ends the program with exit code 0.
fn an_interrupt_ends(mut explorer: Explorer) {
    // An open connection does not keep the program from ending.
    let _idle = explorer.connect();
    #[cfg(unix)]
    {
        interrupt(&explorer.child);
        assert_eq!(explorer.child.wait().unwrap().code(), Some(0));
    }
}
