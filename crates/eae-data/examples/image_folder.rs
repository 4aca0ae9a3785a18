//! Creates a folder of many small PNG files, to test training on more images than fit in memory:
//!
//! ```text
//! cargo run --release -p eae-data --example image_folder -- FOLDER 200000
//! /usr/bin/time -v eae train --data images:FOLDER --model mlp --epochs 1
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage};

/// Height and width of the images, which are cropped and resized when they are read.
const SIZE: (u32, u32) = (40, 32);

/// Number of images in each subfolder.
const EACH: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count] = &arguments[..] else { return Err("usage: image_folder FOLDER COUNT".into()) };
    for i in 0..count.parse::<usize>().map_err(|e| format!("{count} images: {e}"))? {
        let folder = Path::new(folder).join(format!("{:04}", i / EACH));
        fs::create_dir_all(&folder)?;
        disc(i as u32).save_with_format(folder.join(format!("{i:07}.png")), ImageFormat::Png)?;
    }
    Ok(())
}

/// Returns a disc whose place, size and color depend on the number.
fn disc(i: u32) -> RgbImage {
    let share = |multiplier: u32| i.wrapping_mul(multiplier) as f32 / u32::MAX as f32;
    let (x, y) = (8.0 + 24.0 * share(2_654_435_769), 8.0 + 16.0 * share(2_246_822_519));
    let radius = 3.0 + 9.0 * share(3_266_489_917);
    let color = [668_265_263, 374_761_393, 2_869_860_233].map(|multiplier| 255.0 * share(multiplier));
    RgbImage::from_fn(SIZE.0, SIZE.1, |column, row| {
        let distance = (column as f32 - x).hypot(row as f32 - y);
        let inside = (radius - distance + 0.5).clamp(0.0, 1.0);
        Rgb(color.map(|c| (c * inside) as u8))
    })
}
