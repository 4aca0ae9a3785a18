use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use ndarray::{ArrayViewMut4, NdFloat};
use serde::{Deserialize, Serialize};

use super::listing::Listing;
use super::{FolderError, Skipped};
use crate::fingerprint::Fingerprint;
use crate::number::pixel;
use crate::{DataError, Source};

/// Images in a cache file that [`ImageFolder`](super::ImageFolder) has created, or a selection of
/// them. If the file cannot be written, a small cache is in memory.
///
/// Each batch is read when it is requested, or on a background thread if it was announced by
/// [`prefetch`](Source::prefetch). At most one batch is held in memory.
#[derive(Debug)]
pub struct Stored {
    records: Arc<Records>,
    /// The indices of the images in the file.
    places: Vec<usize>,
    fingerprint: u64,
    skipped: Skipped,
    not_cached: Option<String>,
    known: Arc<Known>,
    ahead: Mutex<Option<Ahead>>,
}

/// Metadata of all images in a file, by index.
#[derive(Debug)]
struct Known {
    files: Vec<String>,
    labels: Option<Vec<u8>>,
    classes: Option<Vec<String>>,
}

/// The metadata at the end of a cache file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Contents {
    /// The fingerprint of the source files.
    pub(super) listing: u64,
    /// Height, width and channels.
    pub(super) image: [usize; 3],
    pub(super) labels: Option<Vec<u8>>,
    pub(super) skipped: Skipped,
    pub(super) count: usize,
    pub(super) fingerprint: u64,
}

/// Magic bytes at the end of a file, after [`Contents`] as JSON, its length and its fingerprint.
/// The images come first, each followed by its own fingerprint. Damage is detected on reading, and
/// the place of an image is known without reading others.
pub(super) const MAGIC: [u8; 8] = *b"eae-img2";

/// Size of length, fingerprint and magic bytes.
const TAIL: u64 = 24;

/// A batch that is being read ahead.
#[derive(Debug)]
struct Ahead {
    places: Vec<usize>,
    thread: JoinHandle<Result<Vec<u8>, DataError>>,
}

#[derive(Debug)]
struct Records {
    path: PathBuf,
    file: Mutex<Box<dyn Bytes>>,
    image: [usize; 3],
}

/// A cache file, or its bytes in memory.
trait Bytes: Read + Seek + Send + std::fmt::Debug {}

impl<B: Read + Seek + Send + std::fmt::Debug> Bytes for B {}

impl Records {
    /// Returns the bytes of images, in order.
    fn read(&self, places: &[usize]) -> Result<Vec<u8>, DataError> {
        let failed = |reason| DataError::Read { path: self.path.clone(), reason };
        let length: usize = self.image.iter().product();
        let mut bytes = Vec::with_capacity(places.len() * length);
        let mut record = vec![0; length + 8];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        for &place in places {
            file.seek(SeekFrom::Start((place * record.len()) as u64)).map_err(failed)?;
            file.read_exact(&mut record).map_err(failed)?;
            let (pixels, check) = record.split_at(length);
            if Fingerprint::new().bytes(pixels).value().to_le_bytes() != check {
                return Err(FolderError::Damaged { path: self.path.clone(), image: place }.into());
            }
            bytes.extend_from_slice(pixels);
        }
        Ok(bytes)
    }
}

impl Stored {
    /// Opens a file if it is complete and contains the requested images.
    pub(super) fn open(path: &Path, listing: &Listing, image: [usize; 3]) -> Option<Self> {
        Self::read_from(Box::new(File::open(path).ok()?), path, listing, image)
    }

    /// Opens the bytes of a file, if they are complete and contain the requested images.
    fn read_from(mut file: Box<dyn Bytes>, path: &Path, listing: &Listing, image: [usize; 3]) -> Option<Self> {
        let before = file.seek(SeekFrom::End(0)).ok()?.checked_sub(TAIL)?;
        file.seek(SeekFrom::Start(before)).ok()?;
        let mut tail = [[0; 8]; 3];
        file.read_exact(tail.as_flattened_mut()).ok()?;
        let [length, check, magic] = tail;
        let start = before.checked_sub(u64::from_le_bytes(length)).filter(|_| magic == MAGIC)?;
        file.seek(SeekFrom::Start(start)).ok()?;
        let mut json = Vec::new();
        file.by_ref().take(before - start).read_to_end(&mut json).ok()?;
        if Fingerprint::new().bytes(&json).value().to_le_bytes() != check {
            return None;
        }
        let contents: Contents = serde_json::from_slice(&json).ok()?;
        let record = image.iter().product::<usize>() as u64 + 8;
        let skipped = &contents.skipped.places;
        let fits = contents.listing == listing.fingerprint
            && contents.image == image
            && (contents.count as u64).checked_mul(record) == Some(start)
            && contents.count + skipped.len() == listing.files.len()
            && contents.labels.as_ref().is_none_or(|labels| labels.len() == contents.count);
        if !fits {
            return None;
        }
        let files = listing.files.iter().enumerate().filter(|(place, _)| skipped.binary_search(place).is_err());
        let files = files.map(|(_, file)| file.to_string_lossy().into_owned()).collect();
        let known = Known { files, labels: contents.labels, classes: listing.classes.clone() };
        let records = Arc::new(Records { path: path.to_path_buf(), file: Mutex::new(file), image });
        Some(Self {
            records,
            places: (0..contents.count).collect(),
            fingerprint: contents.fingerprint,
            skipped: contents.skipped,
            not_cached: None,
            known: Arc::new(known),
            ahead: Mutex::default(),
        })
    }

    /// Opens the bytes of a file that could not be written at a path, because of `problem`.
    pub(super) fn in_memory(
        bytes: Vec<u8>,
        path: &Path,
        listing: &Listing,
        image: [usize; 3],
        problem: &io::Error,
    ) -> Option<Self> {
        let all = Self::read_from(Box::new(Cursor::new(bytes)), path, listing, image)?;
        Some(Self { not_cached: Some(problem.to_string()), ..all })
    }

    /// Selects images by their indices in the file. `choice` identifies the selection in the
    /// fingerprint.
    pub(super) fn with(self, places: Vec<usize>, choice: u64) -> Self {
        let fingerprint = Fingerprint::new().word(self.fingerprint).word(choice).value();
        Self { places, fingerprint, ..self }
    }

    /// Returns the files of the folder that are not valid images and were skipped.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// Returns the reason why the cache file could not be written, if the images are in memory
    /// instead.
    pub fn not_cached(&self) -> Option<&str> {
        self.not_cached.as_deref()
    }

    /// Returns the source files of the images, relative to the folder.
    pub fn files(&self) -> Vec<String> {
        self.places.iter().map(|&place| self.known.files[place].clone()).collect()
    }

    /// Returns the labels, which are the numbers of the images' folders.
    pub fn labels(&self) -> Option<Vec<u8>> {
        self.known.labels.as_ref().map(|labels| self.places.iter().map(|&place| labels[place]).collect())
    }

    /// Returns the folders that the labels number.
    pub fn classes(&self) -> Option<Vec<String>> {
        self.known.classes.clone()
    }

    /// Returns the path of the cache file, whether or not it could be written.
    pub fn path(&self) -> &Path {
        &self.records.path
    }
}

impl<F: NdFloat> Source<F> for Stored {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn image_shape(&self) -> [usize; 3] {
        self.records.image
    }

    fn read(&self, places: &[usize], mut batch: ArrayViewMut4<'_, F>) -> Result<(), DataError> {
        let places: Vec<usize> = places.iter().map(|&place| self.places[place]).collect();
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        let fetched = ahead.filter(|ahead| ahead.places == places).and_then(|ahead| ahead.thread.join().ok());
        let bytes = fetched.unwrap_or_else(|| self.records.read(&places))?;
        assert_eq!(batch.len(), bytes.len(), "the batch has the shape of the images");
        let levels: [F; 256] = std::array::from_fn(|byte| pixel(byte as u8));
        batch.iter_mut().zip(bytes).for_each(|(to, byte)| *to = levels[usize::from(byte)]);
        Ok(())
    }

    fn prefetch(&self, places: &[usize]) {
        let places: Vec<usize> = places.iter().map(|&place| self.places[place]).collect();
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        // Only one batch is read ahead at a time. Wait even for a batch that was never requested.
        if let Some(before) = ahead.take() {
            let _ = before.thread.join();
        }
        let (records, wanted) = (Arc::clone(&self.records), places.clone());
        let thread = thread::Builder::new().name("prefetch".to_owned()).spawn(move || records.read(&wanted));
        // If no thread can be started, the images are read when they are requested.
        *ahead = thread.ok().map(|thread| Ahead { places, thread });
    }

    fn fingerprint(&self) -> Result<u64, DataError> {
        Ok(self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::writer::Writer;
    use crate::select;
    use ndarray::Array4;
    use std::fs;

    const IMAGE: [usize; 3] = [2, 3, 1];

    fn pixels(place: usize) -> Vec<u8> {
        (0..6).map(|i| (40 * place + i) as u8).collect()
    }

    fn written(folder: &Path) -> PathBuf {
        let path = folder.join("a.cache");
        let mut writer = Writer::create(&path).unwrap();
        (0..5).for_each(|place| writer.push(&pixels(place)).unwrap());
        let skipped = Skipped { count: 1, places: vec![2], first: vec![("c.png".into(), "no".into())] };
        writer.finish(7, IMAGE, Some(vec![0, 0, 1, 1, 2]), skipped).unwrap().keep().unwrap();
        path
    }

    fn listing(fingerprint: u64) -> Listing {
        let files = ["a", "b", "c", "d", "e", "f"].map(|name| PathBuf::from(format!("{name}.png"))).to_vec();
        Listing { files, labels: None, classes: None, fingerprint }
    }

    fn expected(places: &[usize]) -> Array4<f64> {
        let bytes = places.iter().flat_map(|&place| pixels(place)).map(|byte| f64::from(byte) / 255.0);
        Array4::from_shape_vec((places.len(), 2, 3, 1), bytes.collect()).unwrap()
    }

    #[test]
    fn reads_in_any_order_with_and_without_prefetch() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no unfinished file is left");
        let all = Stored::open(&path, &listing(7), IMAGE).unwrap();
        assert_eq!((all.labels(), all.skipped().count), (Some(vec![0, 0, 1, 1, 2]), 1));
        assert_eq!(all.files(), ["a.png", "b.png", "d.png", "e.png", "f.png"]);
        assert_eq!(select::<f64>(&all, &[3, 0, 3]).unwrap(), expected(&[3, 0, 3]));
        let some = all.with(vec![4, 1, 2], 0);
        for (announced, read) in [(&[0, 2][..], &[0, 2][..]), (&[1], &[0, 1]), (&[], &[2])] {
            Source::<f64>::prefetch(&some, announced);
            let at: Vec<usize> = read.iter().map(|&place| [4, 1, 2][place]).collect();
            assert_eq!(select::<f64>(&some, read).unwrap(), expected(&at));
        }
        assert_eq!(Source::<f64>::len(&some), 3);
        assert_eq!((some.files()[0].as_str(), some.labels()), ("f.png", Some(vec![2, 0, 1])));
    }

    #[test]
    fn damaged_or_mismatched_files_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        assert!(Stored::open(&path, &listing(8), IMAGE).is_none(), "the source files differ");
        assert!(Stored::open(&path, &listing(7), [3, 2, 1]).is_none(), "the shape differs");
        assert!(Stored::open(&path.join("x"), &listing(7), IMAGE).is_none());
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(Stored::open(&path, &listing(7), IMAGE).is_none(), "{length} of {}", whole.len());
        }
        // Flip any bit. Damage in the metadata is detected on opening, damage in an image on
        // reading.
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 4;
            fs::write(&path, bytes).unwrap();
            match Stored::open(&path, &listing(7), IMAGE) {
                None => assert!(place >= 5 * 14),
                Some(all) => {
                    let image = place / 14;
                    let error = select::<f32>(&all, &[0, 1, 2, 3, 4]).unwrap_err();
                    assert!(
                        matches!(error, DataError::Folder(FolderError::Damaged { image: damaged, .. }) if damaged == image),
                        "{error}"
                    );
                    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_shrinking_file_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let all = Stored::open(&path, &listing(7), IMAGE).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(20).unwrap();
        for announced in [false, true] {
            if announced {
                Source::<f32>::prefetch(&all, &[2]);
            }
            let error = select::<f32>(&all, &[2]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("cannot read {}: ", path.display())), "{error}");
        }
    }

    #[test]
    fn unfinished_files_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let before = fs::read(&path).unwrap();
        let mut writer = Writer::create(&path).unwrap();
        writer.push(&pixels(9)).unwrap();
        drop(writer);
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(folder.path()).unwrap().count()), (before, 1));
    }
}
