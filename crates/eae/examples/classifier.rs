//! Trains the classifier whose features generated digits are judged by, `crates/eae/src/features/digits.safetensors`:
//!
//! ```text
//! cargo run --release -p eae --example classifier -- mnist:FOLDER OUT.safetensors
//! ```
//!
//! on the 60 000 images of MNIST that are not part of the library, or with the classes of any other data set in four such
//! files, and prints the part of the 10 000 test images whose class it finds. The same weights from each run.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use eae::data::mnist;
use eae::features::{Classifier, ClassifierConfig};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [data, out] = &arguments[..] else {
        eprintln!("usage: classifier mnist:FOLDER OUT.safetensors");
        return ExitCode::from(2);
    };
    match run(data, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(data: &str, out: &str) -> Result<(), Box<dyn Error>> {
    let folder = data.strip_prefix("mnist:").ok_or_else(|| format!("no data `{data}`, it must be mnist:FOLDER"))?;
    let data = mnist::<f32>(folder)?;
    let (_, height, width, channels) = data.train.pixels.dim();
    let classes = data.train.labels.iter().flatten().max().map_or(0, |&label| usize::from(label) + 1);
    let config = ClassifierConfig::default();
    let mut classifier = Classifier::new([height, width, channels], classes, config.seed)?;
    let start = Instant::now();
    classifier.train(&data.train, &config, |epoch, loss| {
        println!("epoch {epoch} of {}: loss {loss:.4}, {:.0} s", config.epochs, start.elapsed().as_secs_f64());
    })?;
    classifier.save(out)?;
    for (name, images) in [("training", &data.train), ("test", &data.test)] {
        println!("accuracy on {} {name} images: {:.2} %", images.len(), 100.0 * classifier.accuracy(images)?);
    }
    Ok(())
}
