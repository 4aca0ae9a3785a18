use std::io::Read;
use std::path::Path;
use std::slice;

use ndarray::{ArcArray, NdFloat};

use crate::file::{find, read};
use crate::gzip::unpacked;
use crate::number::pixel;
use crate::{DataError, Images, Split};

const SIDE: usize = 32;
const CHANNELS: usize = 3;
const CLASSES: usize = 10;

/// Bytes of a record: a label, then the red, green and blue planes, each row by row.
const RECORD: usize = 1 + CHANNELS * SIDE * SIDE;

/// Reads CIFAR-10 (Krizhevsky 2009) from the six files of its binary version: `data_batch_1.bin` to
/// `data_batch_5.bin` for training and `test_batch.bin` held out, each gzipped or not. The data set
/// has 50 000 and 10 000 images `[32, 32, 3]` of ten classes. The files may also be shorter, with
/// any number of records.
///
/// # Errors
///
/// If a file is missing, ends within a record, or has a label above 9.
pub fn cifar10<F: NdFloat>(folder: impl AsRef<Path>) -> Result<Split<F>, DataError> {
    let folder = folder.as_ref();
    let names: Vec<String> = (1..=5).map(|batch| format!("data_batch_{batch}.bin")).collect();
    Ok(Split { train: images(folder, &names)?, test: images(folder, &["test_batch.bin".to_owned()])? })
}

/// Reads the images of several files, in order.
fn images<F: NdFloat>(folder: &Path, names: &[String]) -> Result<Images<F>, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for name in names {
        let path = find(folder, slice::from_ref(name), "the six files of the binary version of CIFAR-10")?;
        let mut file = Vec::new();
        let packed = read(&path)?;
        if let Err(reason) = unpacked(&packed).read_to_end(&mut file) {
            return Err(DataError::Gzip { path, reason });
        }
        let found = file.len();
        if found == 0 || found % RECORD != 0 {
            return Err(DataError::Records { path, found, record: RECORD });
        }
        for (image, record) in file.chunks_exact(RECORD).enumerate() {
            let (label, planes) = (record[0], &record[1..]);
            if usize::from(label) >= CLASSES {
                return Err(DataError::Label { path, image, label, classes: CLASSES });
            }
            labels.push(label);
            let colors = |place| [0, 1, 2].map(|channel| pixel::<F>(planes[channel * SIDE * SIDE + place]));
            pixels.extend((0..SIDE * SIDE).flat_map(colors));
        }
    }
    let pixels = ArcArray::from(pixels).into_shape_with_order((labels.len(), SIDE, SIDE, CHANNELS));
    Ok(Images::new(pixels.expect("as many as the labels")).labels(Some(labels)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Returns records whose values identify the image, the channel and the pixel.
    fn file(labels: &[u8]) -> Vec<u8> {
        let record = |&label: &u8| {
            let planes = (0..3 * 1024).map(move |i| ((i / 1024) * 50 + (i % 1024) % 37 + usize::from(label)) as u8);
            [label].into_iter().chain(planes)
        };
        labels.iter().flat_map(record).collect()
    }

    #[test]
    fn six_files_are_a_data_set() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
        let said = || cifar10::<f32>(folder).unwrap_err().to_string();
        let none = format!(
            "{} has none of data_batch_1.bin.gz, data_batch_1.bin; the six files of the binary version of CIFAR-10 are needed, gzipped or not",
            folder.display()
        );
        assert_eq!(said(), none);
        for batch in 1..=5 {
            write(&format!("data_batch_{batch}.bin"), &file(&[batch, batch + 1]));
        }
        assert!(said().contains("has none of test_batch.bin.gz, test_batch.bin; "));
        write("test_batch.bin", &file(&[9, 0, 3]));
        let Split { train, test } = cifar10::<f64>(folder).unwrap();
        assert_eq!((train.pixels.dim(), test.pixels.dim()), ((10, 32, 32, 3), (3, 32, 32, 3)));
        assert_eq!(train.labels, Some(vec![1, 2, 2, 3, 3, 4, 4, 5, 5, 6]));
        assert_eq!(test.labels, Some(vec![9, 0, 3]));
        for ((image, y, x, channel), &found) in train.pixels.indexed_iter() {
            let label = usize::from(train.labels.as_ref().unwrap()[image]);
            assert_eq!(found, (50 * channel + (32 * y + x) % 37 + label) as f64 / 255.0);
        }

        let whole = file(&[1, 2]);
        for length in [0, 1, RECORD - 1, RECORD + 1, 2 * RECORD - 1] {
            write("data_batch_2.bin", &whole[..length]);
            let end = format!(
                "data_batch_2.bin has {length} bytes; it should consist of records of 3073 bytes, a label and 3072 bytes of pixels: the file may be incomplete or not the binary version"
            );
            assert!(said().ends_with(&end), "{}", said());
        }
        write("data_batch_2.bin", &file(&[1, 10]));
        assert!(
            said().ends_with(
                "data_batch_2.bin: image 1 has label 10, but the 10 classes are 0 to 9; the file may be from another data set"
            )
        );
        write("data_batch_2.bin.gz", &[0x1f, 0x8b, 8, 0]);
        assert!(said().contains("data_batch_2.bin.gz: broken gzip stream: "));
    }
}
