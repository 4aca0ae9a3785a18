use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use eae::metrics::normal_entropy;
use eae::{EpochReport, Observer, StepReport};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

/// Shows a training on standard error: a bar on a terminal, a line for each epoch elsewhere, nothing if asked to be quiet.
/// Ends it when the user interrupts.
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: bool,
    latent: usize,
    batch_size: usize,
    last: Option<EpochReport>,
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

impl Progress {
    /// Has interrupts end trainings instead of the program. Once, before the first training.
    pub(crate) fn listen() -> Result<(), Failure> {
        ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
            .map_err(|e| Failure::other(format!("cannot listen for interrupts: {e}")))
    }

    pub(crate) fn new(latent: usize, batch_size: usize, quiet: bool) -> Self {
        let terminal = stderr().is_terminal();
        let bar = if quiet || !terminal { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let style =
            ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}, {eta} left").expect("a valid template");
        Self { bar: bar.with_style(style), lines: !quiet && !terminal, latent, batch_size, last: None }
    }

    fn line(&self, epoch: &EpochReport) -> String {
        let EpochReport { epoch, epochs, mse, entropy, samples_per_second, .. } = epoch;
        let most = normal_entropy(self.latent);
        format!(
            "epoch {epoch}/{epochs}: mse {mse:.2}, entropy {entropy:.2} (N(0, I): {most:.2}), {samples_per_second:.0} samples/s"
        )
    }
}

impl Observer<f32> for Progress {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.bar.set_length(report.steps as u64);
        self.bar.set_position(report.step as u64 + 1);
        let most = normal_entropy(self.latent);
        let rate = self.bar.per_sec() * self.batch_size as f64;
        self.bar.set_message(format!(
            "epoch {}, mse {:.2}, entropy {:.2} (N(0, I): {most:.2}), {rate:.0} samples/s",
            report.epoch + 1,
            report.mse,
            report.entropy
        ));
        if INTERRUPTED.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if self.lines {
            eprintln!("{}", self.line(report));
        }
        self.last = Some(*report);
        ControlFlow::Continue(())
    }
}

impl Drop for Progress {
    /// Leaves the last epoch's line where the bar was.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if let (Some(last), false) = (&self.last, self.bar.is_hidden()) {
            eprintln!("{}", self.line(last));
        }
    }
}
