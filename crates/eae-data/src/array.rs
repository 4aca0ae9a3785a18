use std::path::Path;

use ndarray::{ArcArray, Array, ArrayD, Axis, Ix4, IxDyn, NdFloat, ShapeBuilder};

use crate::file::{read, read_idx, to_train_on};
use crate::gzip::unpacked;
use crate::number::{narrow, pixel, widen};
use crate::{DataError, Idx, Images, Npy, NpyError, Split};

/// Reads an IDX file of bytes, gzipped or not, with the axes `[count, height, width]`, or
/// `[count, channels, height, width]` for color. The file does not define a split, so the last
/// tenth of the images, at least one, is held out. Shuffle a file that is sorted in some way.
///
/// # Errors
///
/// If the file cannot be read, is damaged, has other axes or fewer than two images.
pub fn from_idx<F: NdFloat>(path: impl AsRef<Path>) -> Result<Split<F>, DataError> {
    held_out(path.as_ref(), idx_images(path.as_ref())?)
}

/// Reads all images of an IDX file, in order, without a split.
///
/// # Errors
///
/// In the cases of [`from_idx`], except that a single image is allowed.
pub fn idx_images<F: NdFloat>(path: impl AsRef<Path>) -> Result<Images<F>, DataError> {
    let path = path.as_ref();
    let Idx { shape, bytes } = read_idx(path)?;
    check_shape(path, &shape)?;
    let pixels = bytes.into_iter().map(pixel).collect();
    let pixels = ArrayD::from_shape_vec(shape, pixels).expect("as many bytes as the shape says");
    Ok(Images::new(channels_last(pixels)))
}

/// Reads a NumPy array, gzipped or not, with the axes `[count, height, width]`, or
/// `[count, channels, height, width]` for color. The values are bytes from 0 to 255, or
/// floating-point numbers from 0 to 1. The split is that of [`from_idx`].
///
/// # Errors
///
/// If the file cannot be read, is damaged, has other axes, another type or fewer than two images,
/// or a pixel is not from 0 to 1.
pub fn from_npy<F: NdFloat>(path: impl AsRef<Path>) -> Result<Split<F>, DataError> {
    held_out(path.as_ref(), npy_images(path.as_ref(), None)?)
}

/// Reads all images of a NumPy array, in order, without a split. If a shape is given, the rows
/// `[count, pixels]` are images `[height, width, channels]`, stored one channel after the other,
/// each row by row.
///
/// # Errors
///
/// In the cases of [`from_npy`], except that a single image is allowed, or if the rows have another
/// length.
pub fn npy_images<F: NdFloat>(path: impl AsRef<Path>, image: Option<[usize; 3]>) -> Result<Images<F>, DataError> {
    let path = path.as_ref();
    let file = read(path)?;
    let wrong = |problem: NpyError| {
        let path = path.to_path_buf();
        match problem {
            // The bytes are in memory, so only decompression can fail.
            NpyError::Read(reason) => DataError::Gzip { path, reason },
            problem => DataError::Npy { path, problem },
        }
    };
    let array = Npy::new(unpacked(&file)).map_err(wrong)?;
    let found = array.descriptor().to_owned();
    let largest = match found.trim_start_matches(['<', '>', '|']) {
        "u1" => 255.0,
        "f4" | "f8" => 1.0,
        _ => {
            let remedy = integer_remedy(Range::of(array.values(|value| value).map_err(wrong)?));
            return Err(DataError::Type { path: path.to_path_buf(), found, remedy });
        }
    };
    let shape = array.shape().to_vec();
    let rows = match (image, &shape[..]) {
        (Some([height, width, channels]), &[count, found]) => match height * width * channels {
            expected if expected != found => {
                return Err(DataError::RowLength { path: path.to_path_buf(), found, expected });
            }
            _ => Some([count, channels, height, width]),
        },
        _ => None,
    };
    check_shape(path, rows.as_ref().map_or(&shape, |rows| &rows[..]))?;
    let order = IxDyn(&shape).set_f(array.is_fortran());
    let pixels = array.values(|value| narrow::<F>(value / largest)).map_err(wrong)?;
    let mut pixels = ArrayD::from_shape_vec(order, pixels).expect("as many numbers as the shape says");
    if let Some(rows) = rows {
        let in_order = pixels.as_standard_layout().into_owned();
        pixels = in_order.into_shape_with_order(IxDyn(&rows)).expect("rows of this length");
    }
    for (image, pixels_of_one) in pixels.outer_iter().enumerate() {
        if let Some(value) = pixels_of_one.iter().find(|x| !(F::zero()..=F::one()).contains(*x)) {
            let (value, range) = (widen(*value), Range::of(pixels.iter().map(|x| widen(*x))));
            let remedy = float_remedy(value, range);
            return Err(DataError::Pixel { path: path.to_path_buf(), image, value, remedy });
        }
    }
    Ok(Images::new(channels_last(pixels)))
}

/// The smallest and the largest of the finite values.
#[derive(Debug, Clone, Copy)]
struct Range {
    least: f64,
    greatest: f64,
}

impl Range {
    fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let finite = numbers.into_iter().filter(|x| x.is_finite());
        let none = Self { least: f64::INFINITY, greatest: f64::NEG_INFINITY };
        finite.fold(none, |range, x| Self { least: range.least.min(x), greatest: range.greatest.max(x) })
    }
}

/// Suggests how to convert the integers of an array `a` to pixels.
fn integer_remedy(Range { least, greatest }: Range) -> String {
    match greatest {
        _ if least < 0.0 => {
            format!("the values are from {least} to {greatest}: bring them to 0 to 1, and save them as float32")
        }
        // A mask, which would be almost black as bytes.
        0.0..=1.0 => "the values are 0 and 1: save a.astype('float32')".to_owned(),
        0.0..=255.0 => "the values are from 0 to 255: save a.astype('uint8')".to_owned(),
        _ => {
            let most = [4095.0, 65535.0].into_iter().find(|most| greatest <= *most).unwrap_or(greatest);
            format!(
                "the values are up to {greatest}: save (a / {most}).astype('float32'), and replace {most} by the largest possible pixel \
                 value if it differs; astype('uint8') would truncate the values"
            )
        }
    }
}

/// Suggests how to convert the floating-point numbers of an array `a` to pixels.
fn float_remedy(value: f64, Range { least, greatest }: Range) -> String {
    if !value.is_finite() {
        "missing pixels are not supported: leave the image out, or fill it in, for instance with numpy.nan_to_num(a)"
            .to_owned()
    } else if least >= -0.01 && greatest <= 1.01 {
        // Interpolation and rounding leave such values. Scaling them would change the contrast.
        format!("the values are from {least} to {greatest}, slightly out of range: save numpy.clip(a, 0, 1)")
    } else if least >= 0.0 && greatest <= 255.0 {
        format!("the values are up to {greatest}: if 255 is white, save a / 255")
    } else if least >= 0.0 {
        format!("the values are up to {greatest}: divide them by the largest possible pixel value")
    } else if least >= -1.0 && greatest <= 1.0 {
        format!("the values are from {least} to {greatest}: if -1 is black, save (a + 1) / 2")
    } else {
        format!(
            "the values are from {least} to {greatest}: if they were standardized, save a * deviation + mean, with the statistics \
             used for standardizing"
        )
    }
}

/// Checks that a shape is one of images.
fn check_shape(path: &Path, shape: &[usize]) -> Result<(), DataError> {
    let expected = match *shape {
        [_, _, _] | [_, _, _, _] if shape.contains(&0) => "non-empty",
        [_, _, _] => return Ok(()),
        // Probably channels last, because images 3 pixels wide are of little use.
        [_, channels, _, last] if [1, 3].contains(&last) && ![1, 3].contains(&channels) => {
            "[count, channels, height, width]; move the last axis with transpose(0, 3, 1, 2)"
        }
        [_, 1 | 3, _, _] => return Ok(()),
        [_, channels, _, 4] if channels != 4 => {
            "[count, channels, height, width] with 3 channels; drop the alpha channel with a[..., :3], and move the \
             last axis with transpose(0, 3, 1, 2)"
        }
        [_, 4, _, _] => "of 1 or 3 channels; drop the alpha channel with a[:, :3]",
        [_, _, _, _] => "of 1 channel (gray) or 3 channels (red, green, blue)",
        _ => "[count, height, width] or [count, channels, height, width]",
    };
    Err(DataError::Shape { path: path.to_path_buf(), found: shape.to_vec(), expected: expected.to_owned() })
}

/// Converts `[count, height, width]` or `[count, channels, height, width]` to
/// `[count, height, width, channels]`.
fn channels_last<F: NdFloat>(pixels: ArrayD<F>) -> ArcArray<F, Ix4> {
    let pixels = if pixels.ndim() == 3 { pixels.insert_axis(Axis(1)) } else { pixels };
    let pixels: Array<F, Ix4> = pixels.into_dimensionality().expect("three or four axes");
    let pixels = pixels.permuted_axes([0, 2, 3, 1]);
    if pixels.is_standard_layout() {
        pixels.into_shared()
    } else {
        pixels.as_standard_layout().into_owned().into_shared()
    }
}

/// Holds out the last tenth of images, at least one. Errors name the file.
///
/// # Errors
///
/// If there is only one image.
pub fn held_out<F: NdFloat>(path: &Path, images: Images<F>) -> Result<Split<F>, DataError> {
    if images.len() < 2 {
        return Err(DataError::OneImage { path: path.to_path_buf() });
    }
    let places = Vec::from_iter(0..images.len());
    let (train, test) = places.split_at(to_train_on(images.len()));
    Ok(Split { train: images.select(train), test: images.select(test) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use ndarray::{Array3, Array4, arr0};
    use ndarray_npy::{WritableElement, WriteNpyExt};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn bytes_of<T: WritableElement, D: ndarray::Dimension>(array: &Array<T, D>) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    fn idx(shape: &[u32]) -> Vec<u8> {
        let count: u32 = shape.iter().product();
        let lengths = shape.iter().flat_map(|length| length.to_be_bytes());
        [0, 0, 8, shape.len() as u8].into_iter().chain(lengths).chain((0..count).map(|i| (i % 251) as u8)).collect()
    }

    fn with<T>(bytes: &[u8], read: impl Fn(&Path) -> T) -> T {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        read(file.path())
    }

    fn npy(bytes: &[u8]) -> Split<f32> {
        with(bytes, |path| from_npy(path).unwrap())
    }

    /// Returns the error without the name of the file, which must be present.
    fn said(bytes: &[u8], read: impl Fn(&Path) -> Result<Split<f32>, DataError>) -> String {
        with(bytes, |path| {
            let said = read(path).unwrap_err().to_string();
            said.strip_prefix(&path.display().to_string()).unwrap_or_else(|| panic!("{said}")).to_owned()
        })
    }

    #[test]
    fn idx_with_and_without_channels() {
        let Split { train, test } = with(&gzip(&idx(&[25, 3, 2])), |path| from_idx::<f64>(path).unwrap());
        assert_eq!((train.pixels.dim(), test.pixels.dim()), ((23, 3, 2, 1), (2, 3, 2, 1)));
        assert_eq!((train.pixels[[1, 2, 1, 0]], test.pixels[[0, 0, 0, 0]]), (11.0 / 255.0, 138.0 / 255.0));
        assert!(train.labels.is_none() && test.labels.is_none());
        let Split { train, test } = with(&idx(&[2, 3, 4, 5]), |path| from_idx::<f64>(path).unwrap());
        assert_eq!((train.len(), test.len(), train.pixels.dim()), (1, 1, (1, 4, 5, 3)));
        assert_eq!((train.pixels[[0, 3, 4, 1]], test.pixels[[0, 0, 1, 2]]), (39.0 / 255.0, 101.0 / 255.0));
    }

    #[test]
    fn npy_of_any_type_and_order() {
        let color = Array4::from_shape_fn((11, 3, 4, 5), |(n, c, y, x)| (60 * n + 20 * c + 5 * y + x) as f64 / 660.0);
        let check = |bytes: &[u8], places: f64| {
            for bytes in [bytes.to_vec(), gzip(bytes)] {
                let Split { train, test } = npy(&bytes);
                assert_eq!((train.pixels.dim(), test.pixels.dim()), ((10, 4, 5, 3), (1, 4, 5, 3)));
                for ((n, c, y, x), &expected) in color.indexed_iter() {
                    let part = if n < 10 { train.pixels[[n, y, x, c]] } else { test.pixels[[0, y, x, c]] };
                    assert!((f64::from(part) - expected).abs() < places);
                }
                assert!(train.pixels.is_standard_layout());
            }
        };
        check(&bytes_of(&color), 1e-6);
        check(&bytes_of(&color.mapv(|x| x as f32)), 1e-6);
        check(&bytes_of(&color.mapv(|x| (255.0 * x).round() as u8)), 0.5 / 254.0);
        // The first axis varies fastest.
        let mut fortran = Array4::zeros((11, 3, 4, 5).f());
        fortran.assign(&color);
        check(&bytes_of(&fortran), 1e-6);
        let gray = npy(&bytes_of(&Array3::<u8>::from_elem((3, 4, 5), 255)));
        assert_eq!((gray.train.pixels, gray.test.pixels.dim()), (ArcArray::ones((2, 4, 5, 1)), (1, 4, 5, 1)));
    }

    #[test]
    fn rows_are_images_of_a_shape() {
        let rows = ndarray::Array2::from_shape_fn((3, 12), |(n, i)| (60 * n + 5 * i) as u8);
        for array in [rows.clone(), rows.clone().reversed_axes().as_standard_layout().into_owned().reversed_axes()] {
            let read = with(&bytes_of(&array), |path| npy_images::<f64>(path, Some([2, 2, 3]))).unwrap().pixels;
            assert_eq!(read.dim(), (3, 2, 2, 3));
            for ((n, y, x, c), &value) in read.indexed_iter() {
                assert_eq!(value, f64::from(rows[[n, 4 * c + 2 * y + x]]) / 255.0);
            }
        }
        let said = with(&bytes_of(&rows), |path| npy_images::<f64>(path, Some([2, 3, 1]))).unwrap_err().to_string();
        assert!(
            said.ends_with(
                "rows have 12 numbers, but images of this shape have 6; choose other columns or another shape"
            ),
            "{said}"
        );
    }

    #[test]
    fn invalid_arrays_are_errors() {
        let npy = |bytes: &[u8]| said(bytes, |path| from_npy(path));
        let wrong = " has shape [2, 3]; it should be [count, height, width] or [count, channels, height, width]";
        assert_eq!(npy(&bytes_of(&ndarray::Array2::<u8>::zeros((2, 3)))), wrong);
        assert!(npy(&bytes_of(&arr0(1.0))).starts_with(" has shape []; it should be [count, "));
        assert!(said(&idx(&[6]), |path| from_idx(path)).starts_with(" has shape [6]; it should be [count, "));
        let last = npy(&bytes_of(&Array4::<u8>::zeros((2, 32, 32, 3))));
        assert!(last.ends_with("[count, channels, height, width]; move the last axis with transpose(0, 3, 1, 2)"));
        let four = npy(&bytes_of(&Array4::<u8>::zeros((2, 4, 32, 32))));
        assert!(four.ends_with("it should be of 1 or 3 channels; drop the alpha channel with a[:, :3]"));
        let four = npy(&bytes_of(&Array4::<u8>::zeros((2, 32, 32, 4))));
        assert!(
            four.contains("drop the alpha channel with a[..., :3], and move the last axis with transpose(0, 3, 1, 2)")
        );
        let five = npy(&bytes_of(&Array4::<u8>::zeros((2, 5, 32, 32))));
        assert!(five.ends_with("it should be of 1 channel (gray) or 3 channels (red, green, blue)"));
        assert!(
            npy(&bytes_of(&Array3::<u8>::zeros((1, 2, 2))))
                .ends_with(" has one image; training needs at least two, one of them held out")
        );
        assert!(npy(&bytes_of(&Array3::<u8>::zeros((0, 2, 2)))).ends_with("non-empty"));
        assert!(
            npy(&bytes_of(&Array3::<i64>::zeros((3, 2, 2))))
                .starts_with(" has type <i8, but pixels must be bytes (u1) or")
        );
        for value in [255.0, -0.5, f64::NAN] {
            let mut pixels = Array3::zeros((3, 2, 2));
            pixels[[1, 1, 0]] = value;
            let start = format!(": image 1 has a pixel that is {value}, but pixels must be from 0 to 1; ");
            assert!(npy(&bytes_of(&pixels)).starts_with(&start));
        }
    }

    #[test]
    fn remedies_fit_the_values() {
        let npy = |bytes: &[u8]| said(bytes, |path| from_npy(path));
        let integers = |values: [i32; 2]| {
            let array = Array3::from_shape_fn((2, 1, 2), |(n, _, _)| values[n]);
            npy(&bytes_of(&array)).split_once("; ").unwrap().1.to_owned()
        };
        assert_eq!(integers([0, 255]), "the values are from 0 to 255: save a.astype('uint8')");
        assert_eq!(integers([0, 1]), "the values are 0 and 1: save a.astype('float32')");
        assert!(integers([7, 60_000]).starts_with("the values are up to 60000: save (a / 65535).astype('float32'), "));
        assert!(integers([7, 4_000]).starts_with("the values are up to 4000: save (a / 4095).astype('float32'), "));
        assert!(integers([-7, 100]).starts_with("the values are from -7 to 100: "));
        let floats = |values: [f64; 2]| {
            let array = Array3::from_shape_fn((2, 1, 2), |(n, _, _)| values[n]);
            npy(&bytes_of(&array)).split_once("; ").unwrap().1.to_owned()
        };
        assert_eq!(floats([-1.0, 1.0]), "the values are from -1 to 1: if -1 is black, save (a + 1) / 2");
        for near in [[-0.0009765625, 1.0], [0.25, 1.0009765625]] {
            assert!(floats(near).ends_with(", slightly out of range: save numpy.clip(a, 0, 1)"));
        }
        assert_eq!(floats([-0.5, 1.0]), "the values are from -0.5 to 1: if -1 is black, save (a + 1) / 2");
        assert_eq!(floats([0.0, 254.5]), "the values are up to 254.5: if 255 is white, save a / 255");
        assert!(floats([0.0, 1000.0]).starts_with("the values are up to 1000: divide "));
        assert!(floats([-2.5, 2.0]).starts_with("the values are from -2.5 to 2: if they were standardized, "));
        assert!(floats([0.5, f64::NAN]).ends_with("for instance with numpy.nan_to_num(a)"));
        assert!(floats([f64::INFINITY, 0.0]).ends_with("for instance with numpy.nan_to_num(a)"));
    }

    #[test]
    fn damaged_files_are_errors() {
        let whole = bytes_of(&Array3::<f32>::zeros((2, 3, 2)));
        for length in 0..whole.len() {
            let said = said(&whole[..length], |path| from_npy(path));
            assert!(said.ends_with("; save it again"), "{length}: {said}");
        }
        let packed = gzip(&whole);
        assert!(said(&packed[..packed.len() - 9], |path| from_npy(path)).starts_with(": broken gzip stream: "));
        assert!(said(b"PK\x03\x04 and so on", |path| from_npy(path)).starts_with(": this is not a NumPy array (.npy)"));
        // The header does not cause an allocation.
        let huge = "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2)}\n";
        let huge = [b"\x93NUMPY\x01\x00", &[huge.len() as u8, 0][..], huge.as_bytes(), &[7; 9]].concat();
        assert!(said(&huge, |path| from_npy(path)).ends_with("but only 9 follow; save it again"));
        for length in 0..16 {
            assert!(said(&idx(&[2, 3, 2])[..length], |path| from_idx(path)).starts_with(": "));
        }
        let missing = from_npy::<f32>("no such file.npy").unwrap_err().to_string();
        assert!(missing.starts_with("cannot read no such file.npy: "));
    }
}
