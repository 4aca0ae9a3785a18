//! Films a training: writes an animated PNG of the pictures that the same 50 draws from N(0, I)
//! decode to after each of 20 epochs. A browser plays it like any picture.
//!
//! ```text
//! cargo run --release --example animation -- docs/images/training.png
//! ```

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;

use eae::{Autoencoder, Observer, Preset, TrainConfig, Underway, data, gallery, picture, train};

const LATENT: usize = 6;
const EPOCHS: usize = 20;
const DRAWS: usize = 50;
const COLUMNS: usize = 10;
/// Milliseconds for which each frame and the last frame are shown.
const MILLISECONDS: [u16; 2] = [350, 3000];

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: animation FILE.png")?;
    let digits = data::digits::<f32>();
    let config = TrainConfig::default().epochs(EPOCHS);
    let mut model = Autoencoder::new(Preset::Deep28, [28, 28, 1], LATENT, config.seed)?;
    let mut film = Film::default();
    train(&mut model, digits.train.pixels.view(), &config, &mut film)?;
    if let Some(problem) = film.problem {
        return Err(problem.into());
    }

    let frames: Vec<_> = film.frames.iter().map(|frame| pixels(frame)).collect::<Result<_, _>>()?;
    let ([width, height], _) = frames[0];
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(&path)?), width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::High);
    encoder.set_animated(frames.len() as u32, 0)?;
    let mut writer = encoder.write_header()?;
    for (i, (_, pixels)) in frames.iter().enumerate() {
        let last = i + 1 == frames.len();
        writer.set_frame_delay(MILLISECONDS[usize::from(last)], 1000)?;
        writer.write_image_data(pixels)?;
    }
    writer.finish()?;
    println!("wrote {} frames to {path}", frames.len());
    Ok(())
}

/// The pictures of an untrained model, and of the model after each epoch.
#[derive(Default)]
struct Film {
    frames: Vec<Vec<u8>>,
    problem: Option<String>,
}

impl Film {
    fn take(&mut self, underway: &mut Underway<'_, f32>) -> Result<(), Box<dyn Error>> {
        let samples = gallery::samples(underway.model()?, DRAWS, 1);
        self.frames.push(picture::encode_grid(samples.view(), COLUMNS, 2)?);
        Ok(())
    }
}

impl Observer<f32> for Film {
    fn underway(&mut self, underway: &mut Underway<'_, f32>) -> ControlFlow<()> {
        if underway.training().steps() > 1 && underway.epoch().is_none() {
            return ControlFlow::Continue(());
        }
        match self.take(underway) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => {
                self.problem = Some(problem.to_string());
                ControlFlow::Break(())
            }
        }
    }
}

/// Returns the width, the height and the gray levels of a PNG.
fn pixels(png: &[u8]) -> Result<([u32; 2], Vec<u8>), Box<dyn Error>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("a picture that fits into memory")?];
    let frame = reader.next_frame(&mut pixels)?;
    Ok(([frame.width, frame.height], pixels))
}
