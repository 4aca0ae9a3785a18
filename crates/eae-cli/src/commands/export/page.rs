//! A model as one page.

use std::path::{Path, PathBuf};

use eae::sampler::Sampler;
use serde::Serialize;

use super::written;
use crate::failure::Failure;
use crate::html::{self, Subject};
use crate::run_folder::{Trained, class_prefix};

/// What was written.
#[derive(Serialize)]
pub(super) struct File {
    file: PathBuf,
    bytes: usize,
    /// The bits of a weight.
    bits: usize,
    /// By how much weights of 16 bits change a pixel at most, of 1, if that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<f32>,
}

impl File {
    /// Says what was written.
    pub(super) fn describe(&self, sampler: &Sampler, why: &str) -> String {
        let Self { file, bytes, bits, difference } = self;
        let size = if *bytes < 1_000_000 {
            format!("{} kB", bytes.div_ceil(1000))
        } else {
            format!("{:.1} MB", *bytes as f64 / 1e6)
        };
        let measured = match (bits, difference) {
            (16, Some(difference)) => format!(", which change no pixel by more than {difference:.1e} of 1"),
            (_, Some(difference)) => format!(", as those of 16 would change a pixel by {difference:.1e} of 1"),
            _ => String::new(),
        };
        let file = file.display();
        format!("wrote {file}, {size} with weights of {bits} bits{measured}; it opens with {sampler}{why}")
    }
}

/// Writes the page into the folder `out`.
pub(super) fn write(
    trained: &Trained,
    [run, out]: [&Path; 2],
    sampler: &Sampler,
    label: Option<&str>,
    seed: u64,
) -> Result<File, Failure> {
    let mut classes = Vec::new();
    for (class, name) in trained.classes() {
        let fitted = trained.fitted(&class_prefix(class))?.expect("a class has samplers");
        classes.push((name, fitted.best().sampler.clone()));
    }
    // With a class, what its sampler is beside is the best of all codes.
    let of_all = if label.is_some() { trained.samplers()?.swap_remove(0) } else { sampler.clone() };
    let title = title(run);
    let subject = Subject { title: &title, model: &trained.model, sampler: &of_all, classes: &classes, label };
    let page = html::page(&subject, seed).map_err(|e| Failure::other(format!("{}: {e}", trained.file.display())))?;
    let file = written(out, "model.html", page.content.as_bytes())?;
    Ok(File { file, bytes: page.content.len(), bits: page.bits, difference: page.difference })
}

/// Names the model by its folder, or by its file without the ending.
fn title(run: &Path) -> String {
    let whole = run.canonicalize().unwrap_or_else(|_| run.to_path_buf());
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}
