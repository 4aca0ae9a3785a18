//! Trains an entropic autoencoder on handwritten digits, then samples, reconstructs and
//! interpolates:
//!
//! ```text
//! cargo run --release --example eae
//! ```
//!
//! Training takes one to two minutes on two cores and needs no files. Add `-- --epochs 2` for a
//! short run.

use std::error::Error;
use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;

use eae::metrics::normal_entropy;
use eae::run::{self, MetricsLog};
use eae::sampler::Fitted;
use eae::{
    Autoencoder, Eae, EpochReport, Evaluation, Objective, Observer, Preset, StepReport, TrainConfig, data, gallery,
    picture, train,
};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::Axis;

/// Latent dimension. With so few images, a small one gives the most reliable samples, and a larger
/// one gives sharper reconstructions.
const LATENT: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let objective = Objective::Eae(Eae::default());
    let config = TrainConfig::default().epochs(epochs()?).objective(objective);
    let digits = data::digits::<f32>();
    let mut model = Autoencoder::new(Preset::Deep28, [28, 28, 1], LATENT, config.seed)?;

    let folder = run::create_numbered("runs", "example")?;
    let mut log = MetricsLog::open(&folder)?;
    let outcome = train(&mut model, digits.train.pixels.view(), &config, &mut (Bar::new(&config), &mut log))?;
    model.save(folder.join(run::MODEL))?;

    // Decode new codes, drawn from N(0, I).
    let samples = gallery::samples(&model, 100, 1);
    picture::write_grid(folder.join("samples.png"), samples.view(), 10, 3)?;

    // Beside them, codes from the density under which held-out codes are likeliest: what a fitted
    // density adds to what the entropy achieves alone.
    let fitted = Fitted::new(model.encode(digits.train.pixels.view()).view(), config.seed)?;
    let best = &fitted.best().sampler;
    let samples = model.decode(best.sample(100, 1).view());
    picture::write_grid(folder.join("samples-fitted.png"), samples.view(), 10, 3)?;

    let held_out = digits.test.pixels.slice_axis(Axis(0), (..50).into());
    let reconstructions = gallery::reconstructions(&model, held_out);
    picture::write_grid(folder.join("reconstructions.png"), reconstructions.view(), 10, 3)?;

    let pairs = held_out.slice_axis(Axis(0), (..20).into());
    let interpolations = gallery::interpolations(&model, pairs, 10);
    picture::write_grid(folder.join("interpolations.png"), interpolations.view(), 10, 3)?;

    let (train, test) = (digits.train.pixels.view(), digits.test.pixels.view());
    let evaluation = Evaluation::new(&model, &config.objective, train, test)?;
    log.write("evaluation", &evaluation)?;
    println!("{evaluation}\n");
    println!(
        "trained in {:.0} s; samples.png has draws from N(0, I), samples-fitted.png draws from {best}; \
         pictures, weights and metrics are in {}",
        outcome.duration.as_secs_f64(),
        folder.display()
    );
    Ok(())
}

/// Returns the value of `--epochs`, or the default.
fn epochs() -> Result<usize, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => Ok(TrainConfig::default().epochs),
        [flag, epochs] if flag == "--epochs" => Ok(epochs.parse().map_err(|e| format!("--epochs {epochs}: {e}"))?),
        other => Err(format!("unexpected arguments {other:?}; the only option is --epochs N").into()),
    }
}

/// Shows a progress bar on a terminal, and one line per epoch elsewhere.
struct Bar {
    bar: ProgressBar,
    terminal: bool,
    batch_size: usize,
}

impl Bar {
    fn new(config: &TrainConfig) -> Self {
        let style =
            ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}, {eta} left").expect("a valid template");
        Self {
            bar: ProgressBar::new(0).with_style(style),
            terminal: stderr().is_terminal(),
            batch_size: config.batch_size,
        }
    }
}

impl Observer<f32> for Bar {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        let StepReport { step, steps, epoch, mse, entropy, .. } = report;
        self.bar.set_length(*steps as u64);
        self.bar.set_position(*step as u64 + 1);
        let (most, rate) = (normal_entropy(LATENT), self.bar.per_sec() * self.batch_size as f64);
        self.bar.set_message(format!(
            "epoch {}, mse {mse:.2}, entropy {entropy:.2} (N(0, I): {most:.2}), {rate:.0} samples/s",
            epoch + 1
        ));
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        let EpochReport { epoch, epochs, mse, entropy, samples_per_second, .. } = report;
        if !self.terminal {
            let most = normal_entropy(LATENT);
            eprintln!(
                "epoch {epoch}/{epochs}: mse {mse:.2}, entropy {entropy:.2} (N(0, I): {most:.2}), {samples_per_second:.0} samples/s"
            );
        }
        ControlFlow::Continue(())
    }
}
