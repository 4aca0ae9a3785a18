//! Tests of `report.html`.

use std::fs;
use std::path::Path;

use ndarray::Array4;
use ndarray_npy::WriteNpyExt;
use serde_json::Value;

use crate::support::data::with_digits;
use crate::support::program::{json, stderr, stdout, succeeds};
use crate::support::transcript::Transcript;

const TRAIN: [&str; 8] = ["train", "--model", "mlp", "--epochs", "2", "--batch", "300", "--quiet"];

/// Asserts that the page is well-formed, loads nothing from elsewhere and describes its pictures.
fn check(page: &str) {
    const VOID: [&str; 3] = ["meta", "img", "link"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag that ends");
        let (text, tag) = (&rest[..start], &rest[start + 1..end]);
        assert!(!text.contains("NaN") && text.trim() != "inf", "{text}");
        // Encoded pictures may contain these letters by chance.
        assert!(tag.starts_with("img ") || !tag.contains("NaN") && !tag.contains("inf"), "<{tag}>");
        rest = &rest[end + 1..];
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "in {open:?}");
        } else if !tag.starts_with('!') {
            let name = tag.split_ascii_whitespace().next().unwrap();
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "<{tag}>");
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    assert_eq!(open, [""; 0], "left open");
    assert_eq!(page.matches("<script").count(), 1, "the script that enlarges pictures is the only one");
    for elsewhere in ["http://", "https://", "<script ", "<link", "<iframe", "@import", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    assert!(page.matches(" src=\"").count() == page.matches(" src=\"data:image/png;base64,").count());
    // All pictures have descriptions for screen readers.
    assert_eq!(page.matches("<img ").count(), page.matches(" alt=\"").count());
    assert_eq!(page.matches("role=\"img\"").count(), page.matches("<desc>").count());
}

/// Returns all numbers of the page at full precision.
fn numbers(page: &str) -> Vec<f64> {
    page.split("<data value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

fn read(run: &Path) -> String {
    fs::read_to_string(run.join("report.html")).unwrap()
}

#[test]
fn the_report_agrees_with_evaluate() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Special characters in the name of a folder are escaped.
    let name = "<script>alert('\"&";
    let bright = |n: usize, i: usize, j: usize| {
        let [y, x] = [i as f64 - 8.0 - (n * 7 % 13) as f64, j as f64 - 8.0 - (n * 5 % 11) as f64];
        (255.0 * (-(x * x + y * y) / (10 + n % 17) as f64).exp()) as u8
    };
    let spots = Array4::from_shape_fn((2000, 1, 28, 28), |(n, _, i, j)| bright(n, i, j));
    spots.write_npy(fs::File::create(folder.join("spots.npy")).unwrap()).unwrap();
    let data = ["--data", "npy:spots.npy", "--latent", "4", "--out", name];
    // Without --quiet, the last argument, `eae train` prints the warnings.
    let said = stdout(&succeeds(folder, &[&TRAIN[..TRAIN.len() - 1], &data].concat()));
    let warnings = said.lines().filter(|line| line.starts_with("- ")).count();
    assert!(warnings > 0, "no warning about a training of 12 steps: {said}");
    let page = read(&folder.join(name));
    let listed = page.split("<ul class=\"warnings\">").nth(1).unwrap().split("</ul>").next().unwrap();
    assert_eq!(warnings, listed.matches("<li>").count());
    check(&page);
    assert!(page.contains("<h1>&lt;script&gt;alert('&quot;&amp;</h1>"));
    for id in ["notes", "pictures", "training", "quality", "codes", "settings", "again"] {
        assert!(page.contains(&format!("<section id=\"{id}\">")) && page.contains(&format!("href=\"#{id}\"")), "{id}");
    }
    for part in ["mlp, ", "1\u{202f}800 training images", "batch_size = 300"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains(folder.to_str().unwrap()), "the page contains the folder of the data");
    // There are two grids of samples, reconstructions, interpolations, and a traversal for each of
    // the four dimensions.
    assert_eq!(page.matches("<img ").count(), 2 + 2 + 4);
    // Every picture and every chart can be enlarged.
    let enlarged = page.matches("<button class=\"enlarge\"").count();
    assert_eq!(enlarged, 8 + page.matches("<figure class=\"chart").count());
    for part in [
        "GMT</time> with eae 0.",
        "density fitted to the codes, Frechet distance",
        "no fitted density, Frechet distance",
        "held out, after each epoch",
        "The codes of held-out images differ from draws from N(0, I) in",
        "<details><summary>The 11 checks</summary>",
        "A close copy is a sample that is closer to one of ",
    ] {
        assert!(page.contains(part), "{part}");
    }

    let evaluated = succeeds(folder, &["evaluate", name, "--json"]);
    let evaluated = &json(&evaluated)[0];
    let mut expected = vec![&evaluated["reconstruction_error"]];
    for check in evaluated["codes"].as_object().unwrap().values().filter(|check| check.is_object()) {
        expected.extend([&check["value"], &check["expected"]]);
    }
    for quality in evaluated["samples"].as_array().unwrap().iter().chain([&evaluated["floor"]]) {
        expected.extend([&quality["frechet"], &quality["kernel"]["mean"]]);
        expected.extend(quality["neighbors"].as_object().unwrap().values());
    }
    expected.extend(evaluated["samples"].as_array().unwrap().iter().map(|s| &s["memorization"]["share_close"]));
    let found = numbers(&page);
    assert!(expected.len() > 50 && found.len() > 50, "{} {}", expected.len(), found.len());
    for number in expected.iter().map(|number| number.as_f64().unwrap()) {
        assert!(found.contains(&number), "{number} is missing");
    }

    // A second report is identical. Another seed gives other draws.
    let again = succeeds(folder, &["report", name, "--json"]);
    assert_eq!(json(&again)[0]["report"].as_str(), Some(&*format!("{name}/report.html")));
    assert!(read(&folder.join(name)) == page, "a second report differs");
    succeeds(folder, &["report", name, "--seed", "7"]);
    assert!(read(&folder.join(name)) != page, "another seed gives an identical report");
}

/// Color images, no labels, very few images, one latent dimension and one epoch: sections are
/// shorter but remain correct.
#[test]
fn a_report_of_few_images() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let images = Array4::<u8>::from_shape_fn((80, 3, 6, 5), |(n, c, i, j)| (37 * n + 50 * c + 7 * i * j) as u8);
    images.write_npy(fs::File::create(folder.join("few.npy")).unwrap()).unwrap();
    let small = ["--data", "npy:few.npy", "--epochs", "1", "--batch", "20", "--latent", "1", "--out", "run"];
    let trained = succeeds(folder, &[&TRAIN[..3], &["--quiet"], &small[..]].concat());
    assert!(stdout(&trained).contains("\n- "), "--quiet hides progress, not warnings");
    assert!(stderr(&trained).is_empty(), "no density was fitted to 72 codes: {}", stderr(&trained));
    let page = read(&folder.join("run"));
    check(&page);
    assert!(
        page.contains("100 held-out samples are needed, but there are 8")
            && page.contains("The 8 held-out images are too few"),
        "{page}"
    );
    assert!(
        !page.contains("Correlations") && page.contains("6 × 5 pixels, color") && page.contains("1 latent dimension)")
    );

    // The data have moved.
    fs::rename(folder.join("few.npy"), folder.join("moved.npy")).unwrap();
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["report", "run"], 2);
    transcript.check("data that have moved");
    succeeds(folder, &["report", "run", "--data", "npy:moved.npy"]);
    assert!(read(&folder.join("run")).contains("; this report uses npy:moved.npy"));
}

#[test]
fn a_run_without_a_report() {
    let folder = with_digits();
    let folder = folder.path();
    let run = folder.join("run");
    let small = ["--data", "npy:digits.npy", "--epochs", "1", "--latent", "2", "--no-report", "--out", "run", "--json"];
    let trained = succeeds(folder, &[&TRAIN[..3], &["--batch", "90", "--quiet"], &small[..]].concat());
    assert!(!run.join("report.html").exists());
    assert_eq!(json(&trained).last().map(|line| &line["kind"]), Some(&Value::from("result")));
    fs::write(run.join("model.safetensors"), "broken").unwrap();
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["report", "run"], 2);
    transcript.check("a model that is damaged");
    assert!(!run.join("report.html").exists());
}

/// A report of vectors has no pictures, and its texts mention vectors instead of images.
#[test]
fn a_report_of_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = |i: usize| {
        let [a, b] = [(0.7 * i as f64).sin(), (i * i % 97) as f64];
        format!("{a},{b},{}", a + 0.01 * b)
    };
    let rows: Vec<String> = (0..1200).map(row).collect();
    fs::write(folder.join("table.csv"), rows.join("\n")).unwrap();
    let small = ["--data", "csv:table.csv", "--epochs", "1", "--latent", "2", "--lambda", "0.1", "--out", "run"];
    let trained = succeeds(folder, &[&TRAIN[..3], &["--batch", "100", "--quiet"], &small[..]].concat());
    assert!(trained.stderr.is_empty(), "{}", stderr(&trained));
    let page = read(&folder.join("run"));
    check(&page);
    for part in [
        "1\u{202f}080 training vectors and 120 held-out vectors, 3 standardized columns",
        "training vectors",
        "error, standardized",
        "500 rows decoded",
        "<strong>column 1</strong> KS 0.",
        "generated, codes from N(0, I)",
        "column 0 and column 2",
        "in real rows and",
        "Generated minus real",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<img") && !page.contains("id=\"pictures\"") && !page.contains("images"));
}

/// Reports of wide tables leave out covariances, which would take hours.
#[test]
fn a_report_of_a_wide_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = |i: usize| (0..1500).map(|j| (i * (j % 7 + 1) % 11).to_string()).collect::<Vec<_>>().join(",");
    let rows: Vec<String> = (0..60).map(row).collect();
    fs::write(folder.join("wide.csv"), rows.join("\n")).unwrap();
    fs::write(folder.join("small.toml"), "encoder = ['dense 8', 'relu']\ndecoder = ['dense 1500']\n").unwrap();
    let small =
        ["--epochs", "1", "--batch", "20", "--latent", "2", "--draws", "0", "--critic", "0", "--quiet", "--out", "run"];
    succeeds(folder, &[&["train", "--data", "csv:wide.csv", "--model", "small.toml"], &small[..]].concat());
    let page = read(&folder.join("run"));
    check(&page);
    for part in
        ["Frechet distances of 1500 columns take too long", "only 12 of 1500 are shown", "32 most different columns"]
    {
        assert!(page.contains(part), "{part}");
    }
}
