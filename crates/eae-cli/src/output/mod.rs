//! What commands leave: images, vectors and codes, in the format that a name asks for, whole or not
//! at all; and results on standard output.

#[macro_use]
mod print;
mod codes;
mod csv;
mod images;
mod names;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

pub(crate) use codes::{Codes, of_codes};
pub(crate) use images::{Images, shape, shape_of};
pub(crate) use names::{Names, needs_csv, write_table};
pub(crate) use print::{all_printed, note, print_bytes, print_json, print_line, print_lines, remark};

use crate::failure::Failure;

/// What is made is held in memory, 3 kB a digit.
pub(crate) const MOST: usize = 1_000_000;

/// The images that a command makes, and where they go.
#[derive(clap::Args)]
pub(crate) struct Flags {
    /// What to write: a .png picture of all images; a .npy array [n, channels, height, width] of
    /// 32-bit numbers from 0 to 1; or, ending in /, a folder, new or empty, of single pictures
    /// 000000.png, 000001.png and so on. Of vectors a .csv text or a .npy array [n, columns] of
    /// 64-bit numbers, in the units of the training data.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Each pixel as a square of so many; by default 3 in a picture of all, and 1 in single ones.
    #[arg(long)]
    pub(crate) zoom: Option<usize>,
}

impl Flags {
    pub(crate) fn target(&self) -> Result<Images, Failure> {
        Images::new(&self.out, self.zoom)
    }
}

/// Says so before the work is done.
fn needs_parent(path: &Path) -> Result<(), Failure> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => {
            Err(Failure::other(format!("{}: there is no folder {}", path.display(), folder.display())))
        }
        _ => Ok(()),
    }
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// A number of things that a flag asks for.
pub(crate) fn within(flag: &str, value: usize, range: RangeInclusive<usize>) -> Result<(), Failure> {
    let (least, most) = range.clone().into_inner();
    if range.contains(&value) {
        return Ok(());
    }
    Err(Failure::usage(format!("{flag} is {value}, it must be from {least} to {most}")))
}

/// Rows of steps; no more of them than there can be images.
pub(crate) fn rows(rows: usize, steps: usize) -> Result<(), Failure> {
    within("--steps", steps, 2..=1000)?;
    if rows.saturating_mul(steps) > MOST {
        return Err(Failure::usage(format!("{rows} rows of {steps} images are too many, there can be {MOST} images")));
    }
    Ok(())
}
