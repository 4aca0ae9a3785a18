use std::path::{Path, PathBuf};

use ndarray::{ArcArray, NdFloat};

use crate::file::{find, read_idx};
use crate::number::pixel;
use crate::{DataError, Idx, Images, Split};

/// Reads a data set in the four files of MNIST, `train-images-idx3-ubyte` and so on, gzipped or
/// not: MNIST, Fashion-MNIST, KMNIST and others. The images are gray and of any size.
///
/// # Errors
///
/// If a file is missing or damaged, or the files do not fit together.
pub fn mnist<F: NdFloat>(folder: impl AsRef<Path>) -> Result<Split<F>, DataError> {
    let folder = folder.as_ref();
    let train = images(folder, "train", None)?;
    let (_, height, width, _) = train.pixels.dim();
    let test = images(folder, "t10k", Some([height, width]))?;
    Ok(Split { train, test })
}

fn images<F: NdFloat>(folder: &Path, part: &str, size: Option<[usize; 2]>) -> Result<Images<F>, DataError> {
    let (path, images) = idx(folder, part, "images", "idx3")?;
    let wrong = |expected: &str| DataError::Shape {
        path: path.clone(),
        found: images.shape.clone(),
        expected: expected.to_owned(),
    };
    let [count, height, width] = images.shape[..] else { return Err(wrong("[count, height, width]")) };
    if count == 0 || height == 0 || width == 0 {
        return Err(wrong("non-empty"));
    }
    if let Some([rows, columns]) = size.filter(|&size| size != [height, width]) {
        return Err(wrong(&format!("[count, {rows}, {columns}], like the training images")));
    }
    let (path, labels) = idx(folder, part, "labels", "idx1")?;
    if labels.shape != [count] {
        let (found, expected) = (labels.shape, format!("[{count}], one label per image"));
        return Err(DataError::Shape { path, found, expected });
    }
    let pixels = images.bytes.iter().map(|&byte| pixel(byte)).collect::<ArcArray<F, _>>();
    let pixels = pixels.into_shape_with_order((count, height, width, 1)).expect("as many bytes as the shape says");
    Ok(Images::new(pixels).labels(Some(labels.bytes)))
}

/// Reads the file with one of the usual names.
fn idx(folder: &Path, part: &str, what: &str, axes: &str) -> Result<(PathBuf, Idx), DataError> {
    let names = ["-", "."].map(|between| format!("{part}-{what}{between}{axes}-ubyte"));
    let path = find(folder, &names, "the four files of MNIST")?;
    let idx = read_idx(&path)?;
    Ok((path, idx))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn file(shape: &[u32]) -> Vec<u8> {
        let count: u32 = shape.iter().product();
        let lengths = shape.iter().flat_map(|length| length.to_be_bytes());
        let header = [0, 0, 8, shape.len() as u8].into_iter().chain(lengths);
        header.chain((0..count).map(|i| (i % 251) as u8)).collect()
    }

    #[test]
    fn four_files_are_a_data_set() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let write = |name: &str, shape: &[u32]| fs::write(folder.join(name), file(shape)).unwrap();
        let said = || mnist::<f32>(folder).unwrap_err().to_string();
        assert!(said().contains("train-images-idx3-ubyte.gz, train-images-idx3-ubyte, train-images.idx3-ubyte.gz"));
        write("train-images-idx3-ubyte", &[5, 3, 2]);
        write("train-labels-idx1-ubyte", &[5]);
        write("t10k-images.idx3-ubyte", &[4, 3, 2]);
        write("t10k-labels-idx1-ubyte", &[4]);
        let data = mnist::<f32>(folder).unwrap();
        assert_eq!((data.train.pixels.dim(), data.test.pixels.dim()), ((5, 3, 2, 1), (4, 3, 2, 1)));
        assert_eq!((data.train.pixels[[1, 0, 1, 0]], data.test.labels), (7.0 / 255.0, Some(vec![0, 1, 2, 3])));

        write("t10k-labels-idx1-ubyte", &[3]);
        assert!(said().ends_with("t10k-labels-idx1-ubyte has shape [3]; it should be [4], one label per image"));
        write("t10k-images.idx3-ubyte", &[4, 2, 3]);
        assert!(said().ends_with("has shape [4, 2, 3]; it should be [count, 3, 2], like the training images"));
        write("train-images-idx3-ubyte", &[30]);
        assert!(said().ends_with("has shape [30]; it should be [count, height, width]"));
        fs::write(folder.join("train-images-idx3-ubyte"), "PNG").unwrap();
        assert!(said().contains("train-images-idx3-ubyte: an IDX file starts with"));
    }
}
