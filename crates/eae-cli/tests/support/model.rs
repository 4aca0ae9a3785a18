//! A small model for the tests that use one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::data::write_digits;
use super::program::succeeds;

/// Arguments of a quick training of 36 steps on the file of [`write_digits`].
pub(crate) const TRAIN: [&str; 12] = [
    "train",
    "--model",
    "mlp",
    "--epochs",
    "2",
    "--batch",
    "50",
    "--latent",
    "4",
    "--no-report",
    "--data",
    "npy:digits.npy",
];

/// Returns the path of the training data of [`run`].
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("digits.npy")
}

/// Returns the run folder of a model, which is trained once for all tests.
pub(crate) fn run() -> &'static str {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    let run = RUN.get_or_init(|| {
        let run = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trained");
        let _ = fs::remove_dir_all(&run);
        write_digits(&data());
        succeeds(
            run.parent().unwrap(),
            &[&TRAIN[..], &["--draws", "0", "--critic", "0", "--quiet", "--out", "trained"]].concat(),
        );
        run
    });
    run.to_str().unwrap()
}
