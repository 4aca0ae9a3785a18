use std::path::{Path, PathBuf};
use std::{fs, io};

use ndarray::Array4;
use thiserror::Error;

use super::{Images, Split};
use crate::Float;

const SIDE: usize = 32;
const CHANNELS: usize = 3;
const CLASSES: u8 = 10;
/// The label, then the red, green and blue pixels, row by row.
const RECORD: usize = 1 + CHANNELS * SIDE * SIDE;

/// Why a folder is not CIFAR-10 in its binary version.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Cifar10Error {
    /// A file that cannot be read, or is not there.
    #[error("cannot read {path}: {source}; wanted are data_batch_1.bin to data_batch_5.bin and test_batch.bin")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that does not consist of records.
    #[error("{path} has {bytes} bytes, which are no whole records of {RECORD}; was it unpacked in full?")]
    Length {
        /// The file.
        path: PathBuf,
        /// How long it is.
        bytes: usize,
    },
    /// A record that begins with no label.
    #[error(
        "{path}: image {image} has the label {label}, labels are from 0 to 9; is it the binary version of CIFAR-10?"
    )]
    Label {
        /// The file.
        path: PathBuf,
        /// Which record.
        image: usize,
        /// What is in its place.
        label: u8,
    },
}

/// CIFAR-10 (A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009) in the six files of its binary
/// version: 50 000 colour images of 32 x 32 pixels to train on, and 10 000 held out.
///
/// # Errors
///
/// If a file is missing, cut short or something else.
pub fn cifar10<F: Float>(folder: impl AsRef<Path>) -> Result<Split<F>, Cifar10Error> {
    let folder = folder.as_ref();
    let files: Vec<PathBuf> = (1..=5).map(|batch| folder.join(format!("data_batch_{batch}.bin"))).collect();
    Ok(Split { train: images(&files)?, test: images(&[folder.join("test_batch.bin")])? })
}

fn images<F: Float>(files: &[PathBuf]) -> Result<Images<F>, Cifar10Error> {
    let mut records = Vec::new();
    for path in files {
        let bytes = fs::read(path).map_err(|source| Cifar10Error::Read { path: path.clone(), source })?;
        if bytes.is_empty() || bytes.len() % RECORD != 0 {
            return Err(Cifar10Error::Length { path: path.clone(), bytes: bytes.len() });
        }
        if let Some((image, record)) = bytes.chunks_exact(RECORD).enumerate().find(|(_, record)| record[0] >= CLASSES) {
            return Err(Cifar10Error::Label { path: path.clone(), image, label: record[0] });
        }
        records.extend(bytes);
    }
    let records: Vec<&[u8]> = records.chunks_exact(RECORD).collect();
    let pixels = Array4::from_shape_fn((records.len(), SIDE, SIDE, CHANNELS), |(image, y, x, channel)| {
        F::from_f64(f64::from(records[image][1 + (channel * SIDE + y) * SIDE + x]) / 255.0)
    });
    Ok(Images { pixels: pixels.into_shared(), labels: Some(records.iter().map(|record| record[0]).collect()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(label: u8) -> Vec<u8> {
        let mut record = vec![label];
        record.extend((0..RECORD - 1).map(|i| (i / 7) as u8));
        record
    }

    /// A folder with an image in each file.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for batch in 1..=5 {
            fs::write(folder.path().join(format!("data_batch_{batch}.bin")), record(batch)).unwrap();
        }
        fs::write(folder.path().join("test_batch.bin"), [record(9), record(0)].concat()).unwrap();
        folder
    }

    #[test]
    fn planes_become_channels() {
        let folder = folder();
        let Split { train, test } = cifar10::<f32>(folder.path()).unwrap();
        assert_eq!((train.labels.unwrap(), test.labels.unwrap()), (vec![1, 2, 3, 4, 5], vec![9, 0]));
        assert_eq!((train.pixels.dim(), test.pixels.dim()), ((5, 32, 32, 3), (2, 32, 32, 3)));
        // Row 2, column 5, green: byte 1024 + 2 * 32 + 5 of the pixels.
        assert_eq!(test.pixels[[1, 2, 5, 1]], ((1024 + 69) / 7 % 256) as f32 / 255.0);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let broken = |name: &str, content: &[u8]| {
            let folder = folder();
            fs::write(folder.path().join(name), content).unwrap();
            cifar10::<f32>(folder.path()).unwrap_err().to_string()
        };
        assert!(broken("data_batch_3.bin", &record(3)[..99]).contains("data_batch_3.bin has 99 bytes"));
        assert!(broken("test_batch.bin", b"").contains("test_batch.bin has 0 bytes"));
        let text = broken("data_batch_5.bin", &[record(1), record(10)].concat());
        assert!(text.contains("data_batch_5.bin: image 1 has the label 10"), "{text}");
        let text = cifar10::<f32>(tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
        assert!(text.contains("data_batch_1.bin: ") && text.contains("wanted are"), "{text}");
    }
}
