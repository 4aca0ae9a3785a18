//! Output of the commands: files of images, vectors and codes, and results on standard output.
//!
//! The name of a file decides its format. A file is written completely or not at all.

#[macro_use]
mod print;
mod codes;
mod csv;
mod images;
mod kept;
mod names;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

pub(crate) use codes::{Codes, of_codes};
pub(crate) use images::{Images, how_many, shape, shape_of};
pub(crate) use kept::{Input, keep};
pub(crate) use names::{Names, needs_csv, write_table};
pub(crate) use print::{
    all_printed, counted, note, print_bytes, print_json, print_line, print_lines, remark, rows_that,
};

use crate::failure::Failure;

/// Largest number of images to write, because they are held in memory.
pub(crate) const MOST: usize = 1_000_000;

/// Text of `--out` in `--help`, in lines that fit beside its indent.
const OUT: &str = "\
Output: NAME.png, NAME.npy, NAME.csv or NAME/. The name decides what is
written. For a model of images:

NAME.png  one picture of all images
NAME.npy  an array [n, channels, height, width] of 32-bit numbers from
          0 to 1
NAME/     a new or empty folder, for single pictures 000000.png,
          000001.png and so on

For a model of vectors, in the units of the training data:

NAME.csv  a table
NAME.npy  an array [n, columns] of 64-bit numbers";

/// The flags for the images that a command writes.
#[derive(clap::Args)]
pub(crate) struct Flags {
    /// Output: NAME.png, NAME.npy, or NAME/ for a folder of pictures; NAME.csv or NAME.npy for a
    /// model of vectors.
    #[arg(long, long_help = OUT)]
    pub(crate) out: PathBuf,
    /// Enlarge each pixel to a square of this side [default: 3 in one picture, 1 in a folder of
    /// pictures].
    #[arg(long)]
    pub(crate) zoom: Option<usize>,
}

impl Flags {
    pub(crate) fn target(&self) -> Result<Images, Failure> {
        Images::new(&self.out, self.zoom)
    }
}

/// Fails if the folder of a file does not exist.
fn needs_parent(path: &Path) -> Result<(), Failure> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => Err(Failure::other(format!(
            "{}: there is no folder {}; create it, or choose another path",
            path.display(),
            folder.display()
        ))),
        _ => Ok(()),
    }
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// Fails if the value of a flag is out of range.
pub(crate) fn within(flag: &str, value: usize, range: RangeInclusive<usize>) -> Result<(), Failure> {
    let (least, most) = range.clone().into_inner();
    if range.contains(&value) {
        return Ok(());
    }
    Err(Failure::usage(format!("{flag} is {value}; it must be between {least} and {most}")))
}

/// Fails if rows of this many steps are too many images.
pub(crate) fn rows(rows: usize, steps: usize) -> Result<(), Failure> {
    within("--steps", steps, 2..=1000)?;
    if rows.saturating_mul(steps) > MOST {
        return Err(Failure::usage(format!(
            "{rows} rows of {steps} steps are too many; there can be at most {MOST} steps in total; use a smaller --steps"
        )));
    }
    Ok(())
}
