//! Writes a model as one HTML page.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{PAGE, written};
use crate::failure::Failure;
use crate::html::{self, Subject};
use crate::run_folder::Trained;
use crate::sampling::{self, Chosen};

/// Description of the written page.
#[derive(Serialize)]
pub(super) struct File {
    file: PathBuf,
    bytes: usize,
    /// Number of bits of a weight.
    bits: usize,
    /// Largest change of a pixel value, from 0 to 1, by 16-bit weights. `None` if not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<f32>,
}

impl File {
    /// Returns one line that describes the written page.
    pub(super) fn describe(&self, chosen: &Chosen, why: &str) -> String {
        let Self { file, bytes, bits, difference } = self;
        let size = if *bytes < 1_000_000 {
            format!("{} kB", bytes.div_ceil(1000))
        } else {
            format!("{:.1} MB", *bytes as f64 / 1e6)
        };
        let measured = match (bits, difference) {
            (16, Some(difference)) => format!(", which change pixel values (0 to 1) by at most {difference:.1e}"),
            (_, Some(difference)) => {
                format!(", because 16 bits would change pixel values (0 to 1) by up to {difference:.1e}")
            }
            _ => String::new(),
        };
        let file = file.display();
        format!("wrote {file}, {size} with weights of {bits} bits{measured}; its first sampler is {chosen}{why}")
    }
}

/// Checks that a page can make the chosen draws.
pub(super) fn check(trained: &Trained, chosen: &Chosen) -> Result<(), Failure> {
    if chosen.refinement.is_some() {
        let names = trained.samplers()?.iter().map(sampling::flag).collect::<Vec<_>>().join(", ");
        let problem = "--sampler is refined, which needs the encoder, but the page of --html has only the decoder";
        return Err(Failure::usage(format!("{problem}; use one of {names}")));
    }
    Ok(())
}

/// Writes the page into the folder `out`.
pub(super) fn write(
    trained: &Trained,
    [run, out]: [&Path; 2],
    chosen: &Chosen,
    label: Option<&str>,
    seed: u64,
) -> Result<File, Failure> {
    let classes = Vec::from_iter(trained.class_samplers()?.into_iter().map(|(_, name, sampler)| (name, sampler)));
    // With a label, the page also offers the best sampler of all codes beside those of the classes.
    let of_all = if label.is_some() { trained.samplers()?.swap_remove(0) } else { chosen.sampler.clone() };
    let title = title(run);
    let subject = Subject { title: &title, model: &trained.model, sampler: &of_all, classes: &classes, label };
    let page = html::page(&subject, seed).map_err(|e| Failure::other(e).at(&trained.file))?;
    let file = written(out, PAGE, page.content.as_bytes())?;
    Ok(File { file, bytes: page.content.len(), bits: page.bits, difference: page.difference })
}

/// Returns the name of the run folder, or of the weights file without its extension.
fn title(run: &Path) -> String {
    let whole = run.canonicalize().unwrap_or_else(|_| run.to_path_buf());
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}
