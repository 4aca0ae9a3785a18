//! Folders of images, decoded once into a cache.

mod cache;
mod decode;
mod error;
mod listing;
mod writer;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ndarray::{Array4, NdFloat};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::fingerprint::Fingerprint;
use crate::number::pixel;
use crate::{DataError, Images, Source, Split, select};
use decode::square;
use error::MOST_BYTES;
use listing::{Listing, is_unread};
use writer::{CacheFile, Writer};

pub use cache::Stored;
pub use decode::Channels;
pub use error::{FolderError, ImageProblem, Skipped};

/// A folder of images (PNG, JPEG, GIF, WebP, BMP and TIFF) at any depth. Each image is cropped to
/// its centered square and resized. Names that begin with a dot are ignored.
///
/// The pixels are decoded once, on all threads, into a cache file. Later runs with the same files
/// and settings reuse this file. Training reads it one batch at a time, so the folder may be larger
/// than memory. If the file cannot be written, up to a gigabyte of pixels is kept in memory
/// instead, see [`Stored::not_cached`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageFolder {
    /// The path of the folder. If all images lie in subfolders, of which there are at most 256, the
    /// label of an image is the number of its subfolder in the order of names.
    pub folder: PathBuf,
    /// Height and width after resizing.
    pub side: usize,
    /// Gray, or red, green and blue.
    pub channels: Channels,
    /// Seed of the choice of held-out images.
    pub split_seed: u64,
    /// If true, a file that is not a valid image is an error. Otherwise it is skipped and listed in
    /// [`Stored::skipped`].
    pub strict: bool,
}

/// Largest number of held-out images, which are kept in memory.
const MOST_HELD_OUT: usize = 10_000;

/// Largest number of values in held-out images: half a gigabyte in single precision.
const MOST_HELD_OUT_NUMBERS: usize = 1 << 27;

/// Largest side. A larger number is a typing error.
const MOST_SIDE: usize = 4096;

/// Largest number of bytes of decoded images that are kept in memory if the cache file cannot be
/// written.
const MOST_IN_MEMORY: usize = 1 << 30;

/// Number of images that each thread decodes between writes.
const AT_ONCE: usize = 16;

/// Number of invalid files that are named in a message.
const NAMED: usize = 5;

impl ImageFolder {
    /// Creates a data set of the images of a folder, in color and resized to `side` x `side`
    /// pixels.
    pub fn new(folder: impl Into<PathBuf>, side: usize) -> Self {
        Self { folder: folder.into(), side, channels: Channels::Rgb, split_seed: 0, strict: false }
    }

    /// Sets the channels of the pixels.
    #[must_use]
    pub fn channels(self, channels: Channels) -> Self {
        Self { channels, ..self }
    }

    /// Sets the seed of the choice of held-out images, 0 by default.
    #[must_use]
    pub fn split_seed(self, split_seed: u64) -> Self {
        Self { split_seed, ..self }
    }

    /// Sets whether a file that is not a valid image is an error.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// Loads the images: a tenth, chosen by the seed and at most 10 000, held out in memory, and
    /// the others in the cache file. The cache file is created if it does not exist, belongs to
    /// other files or is damaged. `progress` receives the number of processed files and the total
    /// number.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or has fewer than two images, the cache can neither be written
    /// nor kept in memory, or, if `strict`, for the first file that is not a valid image.
    pub fn load<F: NdFloat>(
        &self,
        cache: &Path,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Split<F, Stored>, DataError> {
        self.open(cache, progress, &|all| self.split(all))
    }

    /// Returns all images in the order of their names, in the cache file of
    /// [`load`](ImageFolder::load).
    ///
    /// # Errors
    ///
    /// In the cases of [`load`](ImageFolder::load), except that a single image is allowed.
    pub fn whole(&self, cache: &Path, progress: &mut dyn FnMut(usize, usize)) -> Result<Stored, DataError> {
        self.open(cache, progress, &|all| Ok(Some(all)))
    }

    /// Returns the single image of a path that is a file and not a folder. The cache is not used.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a valid image.
    pub fn file<F: NdFloat>(&self) -> Result<Images<F>, DataError> {
        self.check_side()?;
        let path = &self.folder;
        let bytes = self.pixels(path).map_err(|problem| FolderError::Image { path: path.clone(), problem })?;
        let [height, width, channels] = self.image();
        let pixels = Array4::from_shape_vec((1, height, width, channels), bytes.into_iter().map(pixel).collect());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Images::new(pixels.expect("the image is a square of this side")).files(Some(vec![name])))
    }

    fn check_side(&self) -> Result<(), FolderError> {
        match self.side {
            1..=MOST_SIDE => Ok(()),
            side => Err(FolderError::Side { side, most: MOST_SIDE }),
        }
    }

    /// Returns the result of `part` for all images, which are decoded unless they are in the cache.
    /// `part` returns `None` for a damaged file.
    fn open<T>(
        &self,
        cache: &Path,
        progress: &mut dyn FnMut(usize, usize),
        part: &dyn Fn(Stored) -> Result<Option<T>, DataError>,
    ) -> Result<T, DataError> {
        self.check_side()?;
        let listing = Listing::new(&self.folder)?;
        let path = cache.join(format!("images-{:016x}.cache", self.name()?));
        if let Some(images) = self.cached(&path, &listing, part)? {
            return Ok(images);
        }
        let size = self.image().iter().product::<usize>().saturating_mul(listing.files.len());
        match self.fill(cache, &path, &listing, progress, part) {
            Err(DataError::Folder(FolderError::Cache { reason, .. })) if size <= MOST_IN_MEMORY => {
                let mut writer = Writer::in_memory();
                let (labels, skipped) = self.decode(&mut writer, &path, &listing, progress)?;
                let failed = |reason| FolderError::Cache { path: path.clone(), reason };
                let bytes = writer.finish(listing.fingerprint, self.image(), labels, skipped).map_err(failed)?;
                let all = Stored::in_memory(bytes, &path, &listing, self.image(), &reason);
                Ok(all.map(part).transpose()?.flatten().ok_or_else(|| failed(reason))?)
            }
            result => result,
        }
    }

    /// Creates the cache file and returns the result of `part`.
    fn fill<T>(
        &self,
        cache: &Path,
        path: &Path,
        listing: &Listing,
        progress: &mut dyn FnMut(usize, usize),
        part: &dyn Fn(Stored) -> Result<Option<T>, DataError>,
    ) -> Result<T, DataError> {
        let failed = |reason| FolderError::Cache { path: path.to_path_buf(), reason };
        fs::create_dir_all(cache).map_err(failed)?;
        let lock = File::create(path.with_extension("lock")).map_err(failed)?;
        // If files cannot be locked, two programs may do the same work.
        let _ = lock.lock();
        // Another program may have created the file in the meantime.
        if let Some(images) = self.cached(path, listing, part)? {
            return Ok(images);
        }
        let mut writer = Writer::create(path).map_err(failed)?;
        let (labels, skipped) = self.decode(&mut writer, path, listing, progress)?;
        let file = writer.finish(listing.fingerprint, self.image(), labels, skipped);
        file.and_then(CacheFile::keep).map_err(failed)?;
        let changed = || failed(io::Error::other("the file has changed after it was written"));
        Ok(self.cached(path, listing, part)?.ok_or_else(changed)?)
    }

    fn image(&self) -> [usize; 3] {
        [self.side, self.side, self.channels.count()]
    }

    /// Returns the name of the cache file, derived from all settings that affect the pixels.
    fn name(&self) -> Result<u64, DataError> {
        let failed = |reason| DataError::Read { path: self.folder.clone(), reason };
        let folder = fs::canonicalize(&self.folder).map_err(failed)?;
        let [height, width, channels] = self.image().map(|length| length as u64);
        let name = Fingerprint::new().bytes(folder.as_os_str().as_encoded_bytes());
        Ok(name.word(height).word(width).word(channels).value())
    }

    /// Returns the result of `part` for the cached images, if the cache file is complete and
    /// belongs to these files.
    fn cached<T>(
        &self,
        path: &Path,
        listing: &Listing,
        part: &dyn Fn(Stored) -> Result<Option<T>, DataError>,
    ) -> Result<Option<T>, DataError> {
        let Some(all) = Stored::open(path, listing, self.image()) else { return Ok(None) };
        if let (true, Some((file, problem))) = (self.strict, all.skipped().first.first()) {
            let problem = ImageProblem::Decode(problem.clone());
            return Err(FolderError::Image { path: self.folder.join(file), problem }.into());
        }
        part(all)
    }

    /// Holds out a tenth. Returns `None` if a held-out image is damaged.
    fn split<F: NdFloat>(&self, all: Stored) -> Result<Option<Split<F, Stored>>, DataError> {
        let count = Source::<F>::len(&all);
        if count < 2 {
            let (folder, skipped) = (self.folder.clone(), all.skipped().clone());
            return Err(FolderError::TooFew { folder, good: count, skipped }.into());
        }
        let mut places: Vec<usize> = (0..count).collect();
        places.shuffle(&mut ChaCha8Rng::seed_from_u64(self.split_seed));
        let most = (MOST_HELD_OUT_NUMBERS / self.image().iter().product::<usize>()).clamp(1, MOST_HELD_OUT);
        let held_out = (count / 10).clamp(1, most);
        // The training images are in the order of the file. The held-out images are shuffled,
        // because the first of them are shown.
        let mut train = places.split_off(held_out);
        train.sort_unstable();
        let Ok(pixels) = select(&all, &places) else { return Ok(None) };
        let pick = |labels: Vec<u8>| places.iter().map(|&place| labels[place]).collect();
        let files = all.files();
        let files = places.iter().map(|&place| files[place].clone()).collect();
        let test = Images::new(pixels).labels(all.labels().map(pick)).classes(all.classes()).files(Some(files));
        Ok(Some(Split { train: all.with(train, self.split_seed), test }))
    }

    /// Decodes the images and returns the labels, if there are any, and the skipped files. An error
    /// of the writer names `path`.
    fn decode<W: Write>(
        &self,
        writer: &mut Writer<W>,
        path: &Path,
        listing: &Listing,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Option<Vec<u8>>, Skipped), DataError> {
        let failed = |reason| FolderError::Cache { path: path.to_path_buf(), reason };
        let mut labels = listing.labels.as_ref().map(|_| Vec::new());
        let mut skipped = Skipped::default();
        let (mut done, mut good) = (0, 0);
        for files in listing.files.chunks(AT_ONCE * rayon::current_num_threads()) {
            let pixels: Vec<Result<Vec<u8>, ImageProblem>> =
                files.par_iter().map(|file| self.pixels(&self.folder.join(file))).collect();
            for (file, pixels) in files.iter().zip(pixels) {
                match pixels {
                    Ok(pixels) => {
                        writer.push(&pixels).map_err(failed)?;
                        if let (Some(kept), Some(all)) = (&mut labels, &listing.labels) {
                            kept.push(all[done]);
                        }
                        good += 1;
                    }
                    Err(problem) if self.strict => {
                        return Err(FolderError::Image { path: self.folder.join(file), problem }.into());
                    }
                    Err(problem) => {
                        skipped.count += 1;
                        skipped.places.push(done);
                        if skipped.first.len() < NAMED {
                            skipped.first.push((file.display().to_string(), problem.to_string()));
                        }
                    }
                }
                done += 1;
            }
            progress(done, listing.files.len());
        }
        if good == 0 {
            return Err(FolderError::NoneUsable { folder: self.folder.clone(), skipped }.into());
        }
        Ok((labels, skipped))
    }

    fn pixels(&self, path: &Path) -> Result<Vec<u8>, ImageProblem> {
        if is_unread(path) {
            return Err(ImageProblem::Unread);
        }
        match fs::metadata(path)?.len() {
            0..=MOST_BYTES => square(&fs::read(path)?, self.side as u32, self.channels),
            size => Err(ImageProblem::Large(size)),
        }
    }
}

#[cfg(test)]
mod tests;
