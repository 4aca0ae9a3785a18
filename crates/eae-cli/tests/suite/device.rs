//! Where steps are made: in a program with the feature `gpu` and in one without, where there is a
//! device and where there is none.

use std::path::Path;
use std::process::Output;

use crate::support::data::with_digits;
use crate::support::program::{command, stderr};

const TRAIN: [&str; 12] = [
    "train",
    "--model",
    "mlp",
    "--data",
    "npy:digits.npy",
    "--epochs",
    "1",
    "--batch",
    "100",
    "--latent",
    "4",
    "--no-report",
];

/// Runs the program with these variables alone of those that choose a device.
fn eae(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments).envs(variables.iter().copied()).output().unwrap()
}

fn ended(output: &Output, code: i32, expected: &str) {
    let said = stderr(output);
    assert!(output.status.code() == Some(code) && said.contains(expected), "{:?}: {said}", output.status);
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_program_that_knows_no_gpu_says_so() {
    let folder = with_digits();
    let folder = folder.path();
    ended(
        &eae(folder, &[&TRAIN[..], &["--device", "gpu"]].concat(), &[]),
        2,
        "this program knows no GPU: build it with",
    );
    assert!(!folder.join("runs").exists(), "nothing was begun");
    ended(&eae(folder, &[&TRAIN[..], &["--device", "auto"]].concat(), &[]), 0, "using the CPU");
}

#[cfg(feature = "gpu")]
mod with_the_feature {
    use super::*;
    use serde_json::Value;

    /// As on a machine without a driver.
    const NO_DRIVER: (&str, &str) = ("VK_DRIVER_FILES", "/nonexistent");
    const SOFTWARE: (&str, &str) = ("EAE_GPU_ADAPTER", "llvmpipe");

    /// Whether there is Mesa's software; where `EAE_GPU_TESTS=require`, there must be.
    fn software(folder: &Path) -> bool {
        let there =
            String::from_utf8(eae(folder, &["gpu", "info", "--json"], &[]).stdout).unwrap().contains("llvmpipe");
        if !there {
            assert!(std::env::var("EAE_GPU_TESTS").as_deref() != Ok("require"), "there is no llvmpipe");
            eprintln!("SKIPPED, for want of llvmpipe");
        }
        there
    }

    #[test]
    fn without_a_driver() {
        let folder = with_digits();
        let folder = folder.path();
        let on = |device: &str, variables: &[(&str, &str)]| {
            eae(folder, &[&TRAIN[..], &["--device", device]].concat(), &[&[NO_DRIVER][..], variables].concat())
        };
        ended(&on("gpu", &[]), 2, "no usable GPU (found: none); install the driver");
        ended(&on("auto", &[("EAE_GPU", "require")]), 2, "no usable GPU");
        ended(&on("auto", &[("EAE_GPU", "perhaps")]), 2, "EAE_GPU is `perhaps`; it must be `off`, `auto` or `require`");
        ended(&on("gpu", &[("EAE_GPU", "off")]), 2, "switched off by EAE_GPU=off");
        ended(&on("gpu", &[SOFTWARE]), 2, "no adapter `llvmpipe` (found: none)");
        assert!(!folder.join("runs").exists(), "nothing was begun");
        let fallen_back = on("auto", &[]);
        ended(&fallen_back, 0, "eae: using the CPU: no usable GPU (found: none)");
        assert_eq!(stderr(&fallen_back).matches("using the CPU").count(), 1);
        let info = eae(folder, &["gpu", "info"], &[NO_DRIVER]);
        assert!(
            info.status.success() && String::from_utf8(info.stdout).unwrap().contains("no usable GPU (found: none)")
        );
        ended(&eae(folder, &["gpu", "bench"], &[NO_DRIVER]), 1, "no usable GPU");
    }

    /// The objective and all else by default; what was begun there is gone on with here.
    #[test]
    fn trained_on_software_that_is_named() {
        let folder = with_digits();
        let folder = folder.path();
        if !software(folder) {
            return;
        }
        let on = |device: &str, out: &str, more: &[&str]| {
            eae(folder, &[&TRAIN[..], &["--device", device, "--out", out], more].concat(), &[SOFTWARE])
        };
        // Were there a card as well, it would be taken.
        let unnamed = eae(folder, &["gpu", "info", "--json"], &[]);
        let listed: Vec<Value> = serde_json::from_slice(&unnamed.stdout).unwrap();
        let llvmpipe = listed.iter().find(|one| one["name"].as_str().unwrap().contains("llvmpipe")).unwrap();
        assert!(llvmpipe["taken"] == false && llvmpipe["why_not"].as_str().unwrap().contains("software"), "{llvmpipe}");

        ended(&on("gpu", "there", &[]), 0, "steps are made on llvmpipe");
        ended(&on("cpu", "here", &[]), 0, "");
        let last = |run: &str| -> Value {
            let log = std::fs::read_to_string(folder.join(run).join("metrics.jsonl")).unwrap();
            let mut lines = log.lines().rev().map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines.find(|line| line["kind"] == "epoch").unwrap()
        };
        let [there, here] = ["there", "here"].map(last);
        // Rounded differently, they part, and the divergence of a few draws the most.
        for key in ["mse", "entropy"] {
            let [there, here] = [&there, &here].map(|epoch| epoch[key].as_f64().unwrap());
            assert!((there - here).abs() < 0.02 * here.abs().max(1.0), "{key}: {there} there and {here} here");
        }
        let refused = on("gpu", "vae", &["--objective", "vae"]);
        ended(&refused, 2, "the objective vae cannot be trained on the GPU");
        ended(&on("auto", "vae", &["--objective", "vae"]), 0, "using the CPU: the objective vae");
    }

    #[test]
    fn software_is_no_gpu_to_be_timed() {
        let folder = with_digits();
        if !software(folder.path()) {
            return;
        }
        let bench = eae(folder.path(), &["gpu", "bench", "--short", "--repeats", "1", "--json"], &[SOFTWARE]);
        ended(&bench, 0, "is software: these are no figures of a GPU");
        let found: Value = serde_json::from_slice(&bench.stdout).unwrap();
        assert_eq!(found["software"], true);
        let timings = found["timings"].as_array().unwrap();
        assert!(timings.len() > 2);
        for timing in timings {
            for rate in ["wall_gflops", "processor_gflops"] {
                assert!(timing[rate].as_f64().unwrap() > 0.0, "{timing}");
            }
            assert!(timing["off"].as_f64().unwrap() < 1e-3, "{timing}");
        }
    }
}
