use std::path::PathBuf;
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::table::counted;

/// A reason why a folder is not a data set of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder has no images.
    #[error("{folder} has no images; images end in .png, .jpg, .gif, .webp, .bmp or .tif and may be at any depth")]
    NoImages {
        /// The folder.
        folder: PathBuf,
    },
    /// The path is a file, not a folder.
    #[error("{path} is a single image; training needs a folder of images")]
    OneFile {
        /// The file.
        path: PathBuf,
    },
    /// None of the files that could be images is valid.
    #[error("{folder} has no usable image{}", .skipped.in_words())]
    NoneUsable {
        /// The folder.
        folder: PathBuf,
        /// The skipped files.
        skipped: Skipped,
    },
    /// Too few of the files that could be images are valid.
    #[error("{folder} has {}; training needs at least two, one of them held out{}", counted(*.good, "usable image"), .skipped.in_words())]
    TooFew {
        /// The folder.
        folder: PathBuf,
        /// The number of valid images.
        good: usize,
        /// The skipped files.
        skipped: Skipped,
    },
    /// A file is not a valid image.
    #[error("{path} cannot be used as an image: {problem}")]
    Image {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: ImageProblem,
    },
    /// The requested size is out of range.
    #[error("the side is {side}; it must be from 1 to {most}")]
    Side {
        /// Height and width.
        side: usize,
        /// The largest side.
        most: usize,
    },
    /// The decoded images cannot be written to the cache.
    #[error("cannot write the decoded images to {path}: {reason}; choose another folder with EAE_CACHE")]
    Cache {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// A cache file has changed since it was written.
    #[error("{path} is damaged: image {image} has changed; delete the file, and it will be made again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first damaged image.
        image: usize,
    },
}

/// Largest number of bytes of an image, both in a file and decoded: about 80 million pixels. A file
/// that claims to be larger is probably malicious, and each thread decodes one image at a time.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// A reason why a file is not a valid image.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImageProblem {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// The file is too large.
    #[error("it has {0} bytes; the limit is {MOST_BYTES}")]
    Large(u64),
    /// The format is not supported.
    #[error("this format is not supported; convert the file to PNG or JPEG")]
    Unread,
    /// The end is missing.
    #[error("the end of the image is missing")]
    Truncated,
    /// The file is damaged, or is not an image.
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

/// The files that are not valid images.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Skipped {
    /// Number of files.
    pub count: usize,
    /// Indices among the files that could be images, in the order of their names.
    pub(super) places: Vec<usize>,
    /// The first few files, with the problem of each.
    pub first: Vec<(String, String)>,
}

impl Skipped {
    /// Returns a phrase to append to a sentence, or an empty string if there are no files.
    pub(super) fn in_words(&self) -> String {
        if self.count == 0 { String::new() } else { format!("; {self}") }
    }
}

/// Formats the number of files and the problems of the first few.
impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, first, .. } = self;
        write!(
            f,
            "{count} {}: ",
            if *count == 1 { "file cannot be used as an image" } else { "files cannot be used as images" }
        )?;
        let named: Vec<String> = first.iter().map(|(file, problem)| format!("{file} ({problem})")).collect();
        write!(f, "{}{}", named.join(", "), if *count > first.len() { ", ..." } else { "" })
    }
}
