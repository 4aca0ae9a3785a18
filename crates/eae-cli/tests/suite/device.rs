//! The device of a training, in programs with and without the feature `gpu`, with and without a
//! GPU.

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

/// Runs the program with these environment variables as the only ones that choose a device.
fn eae(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(folder, arguments).envs(variables.iter().copied()).output().unwrap()
}

fn ended(output: &Output, code: i32, expected: &str) {
    let message = stderr(output);
    assert!(output.status.code() == Some(code) && message.contains(expected), "{:?}: {message}", output.status);
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_program_without_gpu_support_names_the_feature() {
    let folder = with_digits();
    let folder = folder.path();
    ended(
        &eae(folder, &[&TRAIN[..], &["--device", "gpu"]].concat(), &[]),
        2,
        "this program was built without GPU support; rebuild it with",
    );
    assert!(!folder.join("runs").exists(), "a run folder was created");
    ended(&eae(folder, &[&TRAIN[..], &["--device", "auto"]].concat(), &[]), 0, "using the CPU");
}

#[cfg(feature = "gpu")]
mod with_the_feature {
    use super::*;
    use serde_json::Value;

    /// Variable that hides all drivers.
    const NO_DRIVER: (&str, &str) = ("VK_DRIVER_FILES", "/nonexistent");
    const SOFTWARE: (&str, &str) = ("EAE_GPU_ADAPTER", "llvmpipe");

    /// Returns true if Mesa's software adapter exists. With `EAE_GPU_TESTS=require` it must exist.
    fn software(folder: &Path) -> bool {
        let there =
            String::from_utf8(eae(folder, &["gpu", "info", "--json"], &[]).stdout).unwrap().contains("llvmpipe");
        if !there {
            assert!(std::env::var("EAE_GPU_TESTS").as_deref() != Ok("require"), "there is no llvmpipe");
            eprintln!("SKIPPED: there is no llvmpipe");
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
        assert!(!folder.join("runs").exists(), "a run folder was created");
        let fallen_back = on("auto", &[]);
        ended(&fallen_back, 0, "warning: using the CPU: no usable GPU (found: none)");
        assert_eq!(stderr(&fallen_back).matches("using the CPU").count(), 1);
        let info = eae(folder, &["gpu", "info"], &[NO_DRIVER]);
        assert!(
            info.status.success() && String::from_utf8(info.stdout).unwrap().contains("no usable GPU (found: none)")
        );
        ended(&eae(folder, &["gpu", "bench"], &[NO_DRIVER]), 1, "no usable GPU");
    }

    /// The default objective trains on a software adapter to about the same losses as on the CPU.
    #[test]
    fn a_software_adapter_trains_if_it_is_named() {
        let folder = with_digits();
        let folder = folder.path();
        if !software(folder) {
            return;
        }
        let on = |device: &str, out: &str, more: &[&str]| {
            eae(folder, &[&TRAIN[..], &["--device", device, "--out", out], more].concat(), &[SOFTWARE])
        };
        // A software adapter is not chosen by itself.
        let unnamed = eae(folder, &["gpu", "info", "--json"], &[]);
        let listed: Vec<Value> = serde_json::from_slice(&unnamed.stdout).unwrap();
        let llvmpipe = listed.iter().find(|one| one["name"].as_str().unwrap().contains("llvmpipe")).unwrap();
        assert!(llvmpipe["taken"] == false && llvmpipe["why_not"].as_str().unwrap().contains("software"), "{llvmpipe}");

        ended(&on("gpu", "there", &[]), 0, "training on llvmpipe");
        ended(&on("cpu", "here", &[]), 0, "");
        let last = |run: &str| -> Value {
            let log = std::fs::read_to_string(folder.join(run).join("metrics.jsonl")).unwrap();
            let mut lines = log.lines().rev().map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines.find(|line| line["kind"] == "epoch").unwrap()
        };
        let [there, here] = ["there", "here"].map(last);
        // The two round differently, so their trainings diverge slowly.
        for key in ["mse", "entropy"] {
            let [there, here] = [&there, &here].map(|epoch| epoch[key].as_f64().unwrap());
            assert!((there - here).abs() < 0.02 * here.abs().max(1.0), "{key}: {there} there and {here} here");
        }
        let refused = on("gpu", "vae", &["--objective", "vae"]);
        ended(&refused, 2, "the objective vae cannot be trained on the GPU");
        ended(&on("auto", "vae", &["--objective", "vae"]), 0, "using the CPU: the objective vae");
    }

    #[test]
    fn timings_of_a_software_adapter_come_with_a_warning() {
        let folder = with_digits();
        if !software(folder.path()) {
            return;
        }
        let bench = eae(folder.path(), &["gpu", "bench", "--short", "--repeats", "1", "--json"], &[SOFTWARE]);
        ended(&bench, 0, "is a software adapter; its timings say nothing about a GPU");
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
