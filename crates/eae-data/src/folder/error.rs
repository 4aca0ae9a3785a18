use std::path::PathBuf;
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a folder is not a data set of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A folder without images.
    #[error(
        "{folder} has no images: files that end in .png, .jpg, .gif, .webp, .bmp or .tif are looked for, at any depth"
    )]
    NoImages {
        /// The folder.
        folder: PathBuf,
    },
    /// A file in the place of a folder.
    #[error("{path} is one image, a training needs a folder of them")]
    OneFile {
        /// The file.
        path: PathBuf,
    },
    /// A folder with files that could be images, of which none is.
    #[error("{folder} has no image that can be used{}", .skipped.in_words())]
    NoneUsable {
        /// The folder.
        folder: PathBuf,
        /// The files.
        skipped: Skipped,
    },
    /// A folder with files that could be images, of which too few are.
    #[error("{folder} has {good} image{}, a training needs at least two, one of them to hold out{}", if *.good == 1 { "" } else { "s" }, .skipped.in_words())]
    TooFew {
        /// The folder.
        folder: PathBuf,
        /// How many there are.
        good: usize,
        /// The other files.
        skipped: Skipped,
    },
    /// A file that should be an image.
    #[error("{path} is no image that can be used: {problem}")]
    Image {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: ImageProblem,
    },
    /// A size that images cannot be brought to.
    #[error("images of {side} x {side} pixels; a side must be from 1 to {most}")]
    Side {
        /// Height and width.
        side: usize,
        /// The largest.
        most: usize,
    },
    /// Decoded images that cannot be written to the cache.
    #[error("cannot keep the decoded images in {path}: {reason}; name another folder for them in EAE_CACHE")]
    Cache {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A file of decoded images that was changed since.
    #[error("{path} is damaged: image {image} is not as it was written; delete the file, it is made again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first such image.
        image: usize,
    },
}

/// Bytes that an image may take in a file, and while it is decoded: some 80 million pixels. A file
/// that claims to be larger is most likely made to do harm, and each thread has one at a time.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Why a file is no image.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImageProblem {
    /// The system could not read it.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// It is far too large.
    #[error("it has {0} bytes, more than the {MOST_BYTES} that are looked at")]
    Large(u64),
    /// It is of a kind that is not read.
    #[error("such files are not read; convert it to PNG or JPEG")]
    Unread,
    /// The end is missing.
    #[error("the end of the image is missing")]
    Truncated,
    /// It is damaged, or something else.
    #[error("{0}")]
    Decode(String),
}

impl From<io::Error> for ImageProblem {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<image::ImageError> for ImageProblem {
    fn from(error: image::ImageError) -> Self {
        Self::Decode(error.to_string())
    }
}

/// The files that are no images.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Skipped {
    /// How many.
    pub count: usize,
    /// Their places among the files that could be images, in the order of their names.
    pub(super) places: Vec<usize>,
    /// The first few, with what is wrong.
    pub first: Vec<(String, String)>,
}

impl Skipped {
    /// To be put after a sentence: nothing if there are none.
    pub(super) fn in_words(&self) -> String {
        if self.count == 0 { String::new() } else { format!("; {self}") }
    }
}

/// How many, and what is wrong with the first.
impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, first, .. } = self;
        write!(f, "{count} {} no image that can be used: ", if *count == 1 { "file is" } else { "files are" })?;
        let named: Vec<String> = first.iter().map(|(file, problem)| format!("{file} ({problem})")).collect();
        write!(f, "{}{}", named.join(", "), if *count > first.len() { ", ..." } else { "" })
    }
}
