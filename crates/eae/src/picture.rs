//! Images as PNG files.

use std::io;
use std::path::Path;

use ndarray::{ArrayView3, ArrayView4, Axis};
use thiserror::Error;

use crate::{Float, run};

/// Pixels between the images of a grid.
const GAP: usize = 1;

/// Largest number of pixels of a picture.
const MOST_PIXELS: u128 = 1 << 28;

/// A reason why a picture cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The images are neither gray nor color.
    #[error("images of shape {0:?} cannot be shown; a picture has 1 channel (gray) or 3 channels (red, green, blue)")]
    Channels(Vec<usize>),
    /// There is nothing to show.
    #[error("images of shape {0:?} in {1} columns make an empty picture; at least one pixel is needed")]
    Empty(Vec<usize>, usize),
    /// The picture has too many pixels.
    #[error(
        "a picture of {0} pixels is too large; the limit is {MOST_PIXELS}: show fewer images or use a smaller zoom"
    )]
    TooLarge(u128),
    /// The picture could not be compressed.
    #[error("the picture cannot be written as PNG: {0}")]
    Encode(String),
    /// The file could not be written.
    #[error("{path}: {problem}")]
    Write {
        /// The file.
        path: String,
        /// The error of the operating system.
        problem: io::Error,
    },
}

/// Writes the PNG of [`encode_grid`] to a file. On an error no partial file is left behind.
///
/// # Errors
///
/// In the cases of [`encode_grid`], or if the file cannot be written.
pub fn write_grid<F: Float>(
    path: impl AsRef<Path>,
    images: ArrayView4<'_, F>,
    columns: usize,
    zoom: usize,
) -> Result<(), PictureError> {
    let bytes = encode_grid(images, columns, zoom)?;
    let path = path.as_ref();
    run::write_whole(path, &bytes).map_err(|problem| PictureError::Write { path: path.display().to_string(), problem })
}

/// Checks that [`encode_grid`] accepts images of a shape `[count, height, width, channels]`, before
/// the images exist.
///
/// # Errors
///
/// See [`encode_grid`].
pub fn check_grid(shape: [usize; 4], columns: usize, zoom: usize) -> Result<(), PictureError> {
    check(shape, columns, zoom, GAP).map(|_| ())
}

/// Encodes images `[count, height, width, channels]` with values from 0 to 1 as a PNG, in rows of
/// `columns`. Each pixel becomes a square of `zoom` pixels. Values are clamped to the range from 0
/// to 1, and NaN is black.
///
/// # Errors
///
/// If the picture is empty or too large, or the images are neither gray nor color.
pub fn encode_grid<F: Float>(images: ArrayView4<'_, F>, columns: usize, zoom: usize) -> Result<Vec<u8>, PictureError> {
    encode(images, columns, zoom, GAP)
}

/// Encodes one image `[height, width, channels]` as a PNG, without a border.
///
/// # Errors
///
/// See [`encode_grid`].
pub fn encode_image<F: Float>(image: ArrayView3<'_, F>, zoom: usize) -> Result<Vec<u8>, PictureError> {
    encode(image.insert_axis(Axis(0)), 1, zoom, 0)
}

/// Checks that the images can be shown, and returns their color type.
fn check(shape: [usize; 4], columns: usize, zoom: usize, gap: usize) -> Result<png::ColorType, PictureError> {
    let [count, height, width, channels] = shape;
    let color = match channels {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => return Err(PictureError::Channels(shape.to_vec())),
    };
    if shape.contains(&0) || columns == 0 || zoom == 0 {
        return Err(PictureError::Empty(shape.to_vec(), columns));
    }
    let columns = columns.min(count);
    let wide =
        |pixels: usize, cells: usize| (pixels as u128 * zoom as u128 + gap as u128).saturating_mul(cells as u128);
    let pixels = wide(height, count.div_ceil(columns)).saturating_mul(wide(width, columns));
    if pixels > MOST_PIXELS { Err(PictureError::TooLarge(pixels)) } else { Ok(color) }
}

/// Encodes the images with `gap` white pixels between and around them.
fn encode<F: Float>(
    images: ArrayView4<'_, F>,
    columns: usize,
    zoom: usize,
    gap: usize,
) -> Result<Vec<u8>, PictureError> {
    let (count, height, width, channels) = images.dim();
    let color = check([count, height, width, channels], columns, zoom, gap)?;
    let columns = columns.min(count);
    let (cell_height, cell_width) = (height * zoom + gap, width * zoom + gap);
    let (picture_height, picture_width) = (count.div_ceil(columns) * cell_height + gap, columns * cell_width + gap);
    let mut bytes = vec![255; picture_height * picture_width * channels];
    for (i, image) in images.outer_iter().enumerate() {
        let (top, left) = (i / columns * cell_height + gap, i % columns * cell_width + gap);
        for y in 0..height * zoom {
            for x in 0..width * zoom {
                let start = ((top + y) * picture_width + left + x) * channels;
                for channel in 0..channels {
                    let value = image[[y / zoom, x / zoom, channel]].into_f64();
                    bytes[start + channel] = (value * 255.0).round().clamp(0.0, 255.0) as u8;
                }
            }
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture_width as u32, picture_height as u32);
    encoder.set_color(color);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&bytes)?;
        writer.finish()
    });
    written.map(|()| file).map_err(|problem| PictureError::Encode(problem.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, array};
    use std::fs::File;

    fn read(path: &Path) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::BufReader::new(File::open(path).unwrap())).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        (info.width, info.height, bytes)
    }

    #[test]
    fn pixels_are_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.png");
        // Three gray images of 1 x 2 pixels in rows of two.
        let images = Array4::from_shape_vec((3, 1, 2, 1), vec![0.0_f64, 1.0, 0.2, -7.0, f64::NAN, 9.0]).unwrap();
        write_grid(&path, images.view(), 2, 1).unwrap();
        let (width, height, bytes) = read(&path);
        assert_eq!((width, height), (7, 5));
        assert_eq!(bytes[7..14], [255, 0, 255, 255, 51, 0, 255]);
        assert_eq!(bytes[21..28], [255, 0, 255, 255, 255, 255, 255]);
        write_grid(&path, Array4::<f32>::zeros((1, 2, 2, 3)).view(), 5, 3).unwrap();
        assert_eq!(read(&path).0, 8);
        std::fs::write(&path, encode_image(array![[[0.0_f32], [1.0]]].view(), 2).unwrap()).unwrap();
        assert_eq!(read(&path), (4, 2, [0, 0, 255, 255].repeat(2)));
    }

    #[test]
    fn invalid_pictures_are_errors() {
        let write = |shape, columns| write_grid("/nowhere/x.png", Array4::<f32>::zeros(shape).view(), columns, 1);
        assert!(matches!(write((1, 2, 2, 2), 1), Err(PictureError::Channels(_))));
        assert!(matches!(write((0, 2, 2, 1), 1), Err(PictureError::Empty(..))));
        assert!(matches!(write((1, 2, 2, 1), 0), Err(PictureError::Empty(..))));
        let huge = write_grid("/nowhere/x.png", Array4::<f32>::zeros((1, 2, 2, 1)).view(), 1, usize::MAX);
        assert!(matches!(huge, Err(PictureError::TooLarge(_))));
        assert!(matches!(check_grid([200_000, 28, 28, 1], 10, 3), Err(PictureError::TooLarge(_))));
        assert!(check_grid([20_000, 28, 28, 1], 10, 3).is_ok());
        assert!(write((1, 2, 2, 1), 1).unwrap_err().to_string().starts_with("/nowhere/x.png: "));
    }
}
