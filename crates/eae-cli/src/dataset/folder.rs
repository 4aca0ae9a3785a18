//! `images:FOLDER`: folders of images, and the progress of reading them.

use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;
use std::sync::Mutex;

use eae::data::{Channels, DataError, ImageFolder, Split, Stored};
use serde::{Deserialize, Serialize};

use super::TrainingSet;
use super::table::Options;
use crate::progress::Bar;

/// The settings of a folder of images in `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Folder {
    #[serde(rename = "images")]
    pub(crate) folder: PathBuf,
    /// Height and width, or `None` for those of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channels: Option<Channels>,
    #[serde(default)]
    pub(crate) split_seed: u64,
    #[serde(default)]
    pub(crate) strict: bool,
}

/// The flags for folders of images and for tables.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Flags {
    /// images: side in pixels that images are resized to after a square crop from their center
    /// [default: suits the model].
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    /// images: gray or rgb [default: suits the model, or rgb].
    #[arg(long, value_parser = channels)]
    channels: Option<Channels>,
    /// images: seed that selects the tenth of the images (at most 10 000) to hold out [default:
    /// 0].
    #[arg(long, value_name = "SEED")]
    split_seed: Option<u64>,
    /// images: stop at a file that is not an image instead of skipping and naming it.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    pub(super) table: Options,
}

fn channels(text: &str) -> Result<Channels, String> {
    match text {
        "gray" | "grey" => Ok(Channels::Gray),
        "rgb" => Ok(Channels::Rgb),
        _ => Err("use `gray` or `rgb`".to_owned()),
    }
}

impl Flags {
    /// Returns true if any flag for a folder of images is given.
    pub(crate) fn any(&self) -> bool {
        self.size.is_some() || self.channels.is_some() || self.split_seed.is_some() || self.strict
    }
}

impl Folder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, size: None, channels: None, split_seed: 0, strict: false }
    }

    /// Applies the flags.
    pub(crate) fn with(self, flags: &Flags) -> Self {
        Self {
            size: flags.size.or(self.size),
            channels: flags.channels.or(self.channels),
            split_seed: flags.split_seed.unwrap_or(self.split_seed),
            strict: flags.strict || self.strict,
            ..self
        }
    }

    /// Fills in size and channels where they are not given.
    pub(crate) fn brought_to(self, side: usize, channels: Channels) -> Self {
        Self { size: self.size.or(Some(side)), channels: self.channels.or(Some(channels)), ..self }
    }

    /// Reads the images from the cache, or decodes them.
    pub(crate) fn load(&self, quiet: bool) -> Result<Split<f32, Stored>, DataError> {
        let mut decoding = Decoding::new(quiet);
        let split = self.images().load(&cache(), &mut |done, all| decoding.show(done, all))?;
        drop(decoding);
        self.remark(&split.train);
        Ok(split)
    }

    /// Reads all images with none held out, or a single image if the path is a file.
    pub(crate) fn whole(&self) -> Result<TrainingSet, DataError> {
        if self.folder.is_file() {
            return Ok(TrainingSet::Memory(self.images().file()?));
        }
        let mut decoding = Decoding::new(false);
        let stored = self.images().whole(&cache(), &mut |done, all| decoding.show(done, all))?;
        drop(decoding);
        self.remark(&stored);
        Ok(TrainingSet::File(stored))
    }

    fn images(&self) -> ImageFolder {
        ImageFolder::new(&self.folder, self.size.unwrap_or(28))
            .channels(self.channels.unwrap_or_default())
            .split_seed(self.split_seed)
            .strict(self.strict)
    }

    /// Prints the skipped files, and a warning if the decoded images could not be cached.
    fn remark(&self, stored: &Stored) {
        let (skipped, folder) = (stored.skipped(), self.folder.display());
        if skipped.count > 0 {
            once(format!("images:{folder}: {skipped}"));
        }
        if let Some(problem) = stored.not_cached() {
            once(format!(
                "warning: cannot write the decoded images of {folder} to {}: {problem}; they are kept in memory and decoded \
                 again by each command; choose another folder with EAE_CACHE",
                stored.path().display()
            ));
        }
    }
}

/// Prints a remark, unless it was printed before: a command can open the data twice.
fn once(text: String) {
    static PRINTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if PRINTED.lock().is_ok_and(|mut printed| printed.insert(text.clone())) {
        errln!("{text}");
    }
}

/// Returns the folder for decoded images: `EAE_CACHE`, or `eae` in the user's cache folder.
fn cache() -> PathBuf {
    let folder = |name: &str| env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let own = || folder("XDG_CACHE_HOME").or_else(|| folder("LOCALAPPDATA")).map(|folder| folder.join("eae"));
    let home = || env::home_dir().map(|home| home.join(".cache").join("eae"));
    folder("EAE_CACHE").or_else(own).or_else(home).unwrap_or_else(|| env::temp_dir().join("eae"))
}

/// The progress of decoding on standard error: a bar on a terminal, a line per tenth elsewhere, and
/// nothing if `quiet`.
struct Decoding {
    bar: Bar,
    tenths: usize,
}

impl Decoding {
    fn new(quiet: bool) -> Self {
        Self { bar: Bar::new(quiet), tenths: 0 }
    }

    fn show(&mut self, done: usize, all: usize) {
        self.bar.show(done, all, &[format!("read {done} of {all} images")]);
        let tenths = 10 * done / all;
        if self.bar.in_lines && tenths > self.tenths {
            errln!("read {done} of {all} images");
        }
        self.tenths = tenths;
    }
}
