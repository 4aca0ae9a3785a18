use std::io::Cursor;

use image::imageops::{FilterType, resize};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use serde::{Deserialize, Serialize};

use super::error::{ImageProblem, MOST_BYTES};

/// The channels of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// One channel.
    Gray,
    /// Red, green and blue.
    #[default]
    Rgb,
}

impl Channels {
    /// Returns the number of channels.
    pub const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
        }
    }
}

/// Returns the bytes `[side, side, channels]` of the largest centered square of an image, or of the
/// first frame of an animation. The square is resized with a triangle filter over all contributing
/// pixels (antialiased linear interpolation). The EXIF orientation is applied, and transparent
/// pixels are blended with white.
pub(super) fn square(file: &[u8], side: u32, channels: Channels) -> Result<Vec<u8>, ImageProblem> {
    if file.starts_with(&[0xff, 0xd8]) && !jpeg_is_whole(file) {
        return Err(ImageProblem::Truncated);
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(1 << 16), Some(1 << 16));
    limits.max_alloc = Some(MOST_BYTES);
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);

    let (width, height) = (image.width(), image.height());
    let edge = width.min(height);
    let image = image.crop_imm((width - edge) / 2, (height - edge) / 2, edge, edge);
    let image = if image.color().has_alpha() { on_white(&image) } else { image };
    Ok(match channels {
        Channels::Gray => resize(&image.to_luma8(), side, side, FilterType::Triangle).into_raw(),
        Channels::Rgb => resize(&image.to_rgb8(), side, side, FilterType::Triangle).into_raw(),
    })
}

fn on_white(image: &DynamicImage) -> DynamicImage {
    let mut image = image.to_rgba8();
    for pixel in image.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        for channel in 0..3 {
            pixel[channel] = ((u32::from(pixel[channel]) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    image.into()
}

/// Returns true if a JPEG file contains its end marker. Decoders fill missing data with gray
/// without an error.
fn jpeg_is_whole(file: &[u8]) -> bool {
    let mut rest = &file[2..];
    loop {
        // Within compressed data FF is followed by 00, or by one of the eight restart markers.
        let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
        let Some(place) = rest.windows(2).position(is_marker) else { return false };
        let marker = rest[place + 1];
        rest = &rest[place + 2..];
        match marker {
            0xd9 => return true,
            // These markers have no length.
            0x01 | 0xd8 => continue,
            _ => {}
        }
        // A segment, whose length includes the length field. An embedded picture has its own end
        // marker.
        let Some(&[high, low]) = rest.first_chunk() else { return false };
        let Some(after) = rest.get(usize::from(u16::from_be_bytes([high, low]))..) else { return false };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

    fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
        file(image, ImageFormat::Png)
    }

    #[test]
    fn the_centered_square_is_cut_out() {
        // 4 high and 7 wide. Columns 1 to 4 are the center, with one column less on the left than
        // on the right.
        let image = GrayImage::from_fn(7, 4, |x, y| Luma([(10 * x + y) as u8]));
        let expected: Vec<u8> = (0..4).flat_map(|y| (1..5).map(move |x| 10 * x + y)).collect();
        assert_eq!(square(&png(image.clone()), 4, Channels::Gray).unwrap(), expected);
        let turned = GrayImage::from_fn(4, 7, |x, y| *image.get_pixel(y, x));
        let expected: Vec<u8> = (1..5).flat_map(|y| (0..4).map(move |x| 10 * y + x)).collect();
        assert_eq!(square(&png(turned), 4, Channels::Gray).unwrap(), expected);
    }

    #[test]
    fn the_filter_matches_a_triangle_computed_by_hand() {
        // From 4 to 2 pixels, the center of the first triangle lies between two pixels, and the
        // triangle falls to 0 within 2 pixels on each side. One pixel lies outside. The weights of
        // the others are 3/7, 3/7 and 1/7.
        let image = GrayImage::from_raw(4, 4, [[0, 70, 140, 210]; 4].concat()).unwrap();
        let (left, right) = ((3 * 70 + 140) / 7, (70 + 3 * 140 + 3 * 210) / 7);
        assert_eq!(square(&png(image.clone()), 2, Channels::Gray).unwrap(), [left as u8, right as u8].repeat(2));
        let turned = GrayImage::from_fn(4, 4, |x, y| *image.get_pixel(y, x));
        let rows = [left, left, right, right].map(|x: i32| x as u8);
        assert_eq!(square(&png(turned), 2, Channels::Gray).unwrap(), rows);
        // From 2 to 4 pixels, the new centers lie a quarter pixel from the old ones, with weights
        // 3/4 and 1/4.
        let image = GrayImage::from_raw(2, 2, vec![0, 100, 0, 100]).unwrap();
        assert_eq!(square(&png(image), 4, Channels::Gray).unwrap(), [0, 25, 75, 100].repeat(4));
    }

    #[test]
    fn colors_and_transparency() {
        let image = RgbImage::from_pixel(2, 2, Rgb([250, 100, 0]));
        assert_eq!(square(&png(image.clone()), 2, Channels::Rgb).unwrap(), [250, 100, 0].repeat(4));
        // Luma of ITU-R BT.709: 0.2126, 0.7152, 0.0722.
        assert_eq!(
            square(&png(image), 1, Channels::Gray).unwrap(),
            [(0.2126 * 250.0 + 0.7152 * 100.0_f64).round() as u8]
        );
        assert_eq!(
            square(&png(GrayImage::from_pixel(3, 3, Luma([9]))), 3, Channels::Rgb).unwrap(),
            [9; 27],
            "gray converted to RGB"
        );
        let image = RgbaImage::from_fn(2, 1, |x, _| Rgba([0, 0, 200, if x == 0 { 0 } else { 255 }]));
        let image = RgbaImage::from_fn(2, 2, |x, _| *image.get_pixel(x, 0));
        assert_eq!(square(&png(image), 2, Channels::Rgb).unwrap(), [255, 255, 255, 0, 0, 200].repeat(2));
    }

    #[test]
    fn truncated_and_foreign_files_are_errors() {
        let image =
            RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, ((x * 7 + y * 13) % 256) as u8]));
        let jpeg = file(image.clone(), ImageFormat::Jpeg);
        assert_eq!(square(&jpeg, 8, Channels::Rgb).unwrap().len(), 192);
        for length in 0..jpeg.len() {
            assert!(square(&jpeg[..length], 8, Channels::Rgb).is_err(), "{length} of {}", jpeg.len());
        }
        // The last twelve bytes are the end chunk.
        let png = png(image);
        for length in 0..png.len() - 12 {
            assert!(square(&png[..length], 8, Channels::Rgb).is_err(), "{length} of {}", png.len());
        }
        let said = |bytes: &[u8]| square(bytes, 8, Channels::Rgb).unwrap_err().to_string();
        assert_eq!(said(&jpeg[..jpeg.len() / 2]), "the end of the image is missing");
        assert!(said(b"no image").contains("format"), "{}", said(b"no image"));
        // A trailer after the end, or an embedded picture before it, does not matter.
        assert!(square(&[&jpeg[..], b"trailer"].concat(), 8, Channels::Rgb).is_ok());
        let thumbnail = [&[0xff, 0xe5, 0, 8][..], &[0xff, 0xd8, 1, 2, 0xff, 0xd9]].concat();
        let with = |end: usize| [&jpeg[..2], &thumbnail, &jpeg[2..end]].concat();
        assert!(square(&with(jpeg.len()), 8, Channels::Rgb).is_ok());
        assert_eq!(said(&with(jpeg.len() - 40)), "the end of the image is missing");
    }

    #[test]
    fn every_format_is_decoded() {
        let image = RgbImage::from_fn(6, 6, |x, y| Rgb([(40 * x) as u8, (40 * y) as u8, ((x * y) % 5 * 50) as u8]));
        for format in [ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP] {
            let read = square(&file(image.clone(), format), 6, Channels::Rgb).unwrap();
            assert_eq!(read, image.as_raw()[..], "{format:?}");
        }
        // A palette stores few colors exactly.
        let few = RgbImage::from_fn(6, 6, |x, y| Rgb([[0, 90, 250][x as usize % 3], [7, 200][y as usize % 2], 30]));
        let read =
            square(&file(DynamicImage::from(few.clone()).to_rgba8(), ImageFormat::Gif), 6, Channels::Rgb).unwrap();
        let worst = read.iter().zip(few.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(2), "{worst:?}");
    }

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        let levels = [0_u16, 128, 129, 257, 30_000, 65_535];
        let image = ImageBuffer::<Luma<u16>, _>::from_fn(6, 6, |x, _| Luma([levels[x as usize]]));
        let expected = levels.map(|level| (f64::from(level) / 257.0).round() as u8).repeat(6);
        for format in [ImageFormat::Png, ImageFormat::Tiff] {
            assert_eq!(square(&file(image.clone(), format), 6, Channels::Gray).unwrap(), expected, "{format:?}");
        }
    }

    #[test]
    fn palettes_and_exif_orientation() {
        // Two by two pixels of two colors, in four bits of a byte: 0 1 above 1 0.
        let chunk = |kind: &[u8; 4], data: &[u8]| {
            let mut crc = flate2::Crc::new();
            crc.update(&[&kind[..], data].concat());
            [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
        };
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, &[0, 0b0100_0000, 0, 0b1000_0000]).unwrap();
        let packed = packed.finish().unwrap();
        let header = [0, 0, 0, 2, 0, 0, 0, 2, 1, 3, 0, 0, 0];
        let palette = [250, 10, 20, 0, 100, 200];
        // Orientation 6 is a rotation by 90 degrees clockwise. This is one entry of a little-endian
        // EXIF directory.
        let exif = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".as_slice()].concat();
        let paletted = |more: &[u8]| {
            let end = [chunk(b"IDAT", &packed), chunk(b"IEND", &[])].concat();
            let start = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), more, &chunk(b"PLTE", &palette)].concat();
            [start, end].concat()
        };
        let (a, b) = ([250, 10, 20], [0, 100, 200]);
        assert_eq!(square(&paletted(&[]), 2, Channels::Rgb).unwrap(), [a, b, b, a].concat());
        let turned = GrayImage::from_raw(2, 2, vec![10, 20, 30, 40]).unwrap();
        let bytes = png(turned);
        let with_exif = [&bytes[..33], &chunk(b"eXIf", &exif), &bytes[33..]].concat();
        assert_eq!(square(&bytes, 2, Channels::Gray).unwrap(), [10, 20, 30, 40]);
        assert_eq!(square(&with_exif, 2, Channels::Gray).unwrap(), [30, 10, 40, 20]);
    }

    #[test]
    fn huge_claimed_sizes_allocate_nothing() {
        let mut png = png(GrayImage::new(1, 1));
        // Width and height. The checksum of the chunk follows after 17 bytes.
        png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let sum = {
            let mut crc = flate2::Crc::new();
            crc.update(&png[12..29]);
            crc.sum()
        };
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        let error = square(&png, 8, Channels::Gray).unwrap_err().to_string();
        assert!(error.contains("limit") || error.contains("memory"), "{error}");
    }
}
