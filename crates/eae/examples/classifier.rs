//! Trains the digit classifier on whose features generated digits are compared with real ones:
//! ```text
//! cargo run --release -p eae --example classifier -- FOLDER digits.safetensors
//! ```
//!
//! FOLDER holds the four files of MNIST. This program made the library's
//! `src/features/digits.safetensors`.

use std::env;
use std::error::Error;
use std::ops::ControlFlow;

use eae::data::mnist;
use eae::features::Classifier;

fn main() -> Result<(), Box<dyn Error>> {
    const EPOCHS: usize = 10;
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, out] = arguments.as_slice() else { return Err("usage: classifier FOLDER OUT.safetensors".into()) };
    let data = mnist(folder)?;
    let mut classifier = Classifier::new([28, 28, 1], 10, 0)?;
    classifier.train(&data.train, EPOCHS, 0, |epoch| {
        println!("epoch {}/{EPOCHS}: cross-entropy {:.4}", epoch.epoch, epoch.loss);
        ControlFlow::Continue(())
    });
    println!("accuracy on the test images: {:.2} %", 100.0 * classifier.accuracy(&data.test));
    classifier.to_weights().save(out)?;
    println!("wrote {out}");
    Ok(())
}
