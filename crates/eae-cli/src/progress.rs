use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use eae::metrics::normal_entropy;
use eae::{EpochReport, Observer, StepReport};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::signals::on_interrupt;

/// The progress of a training on standard error: a bar on a terminal, a line per epoch elsewhere,
/// and nothing if `quiet`. Ends the training when the user interrupts it.
pub(crate) struct Progress {
    bar: Bar,
    /// The time of the first step of this process, and the number of steps before it.
    start: Option<(Instant, usize)>,
    latent: usize,
    batch_size: usize,
    last: Option<EpochReport>,
}

/// True after an interrupt.
pub(crate) static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The message with which an interrupt ends the program at once. It is set when the remaining work
/// can be repeated without loss.
static REPEATABLE: Mutex<Option<String>> = Mutex::new(None);

/// Makes interrupts end the program at once from now on, with this message.
pub(crate) fn end_when_interrupted(message: String) {
    *REPEATABLE.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
}

impl Progress {
    /// Makes interrupts end trainings instead of the program. Call it once, before the first
    /// training.
    pub(crate) fn listen() -> Result<(), Failure> {
        on_interrupt(|| {
            INTERRUPTED.store(true, Ordering::Relaxed);
            if let Some(message) = &*REPEATABLE.lock().unwrap_or_else(PoisonError::into_inner) {
                let failure = Failure::interrupted(message);
                errln!("eae: {failure}");
                std::process::exit(i32::from(failure.code));
            }
        })
    }

    pub(crate) fn new(latent: usize, batch_size: usize, quiet: bool) -> Self {
        Self { bar: Bar::new(quiet), start: None, latent, batch_size, last: None }
    }

    fn line(&self, epoch: &EpochReport) -> String {
        let EpochReport { epoch, epochs, mse, entropy, samples_per_second, held_out_mse, .. } = epoch;
        let most = normal_entropy(self.latent);
        let held_out = held_out_mse.map_or_else(String::new, |mse| format!(" (held out {mse:.2})"));
        format!(
            "epoch {epoch}/{epochs}: mse {mse:.2}{held_out}, entropy {entropy:.2} (N(0, I): {most:.2}), {samples_per_second:.0} \
             samples/s"
        )
    }
}

impl Observer<f32> for Progress {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        let &StepReport { step, steps, epoch, mse, entropy, .. } = report;
        let (start, before) = *self.start.get_or_insert_with(|| (Instant::now(), step + 1));
        let (made, seconds) = (step + 1 - before, start.elapsed().as_secs_f64());
        let mut parts = vec![format!("epoch {}", epoch + 1)];
        // The clock starts after the first step.
        if made > 0 {
            let left = Duration::from_secs_f64(seconds / made as f64 * (steps - step - 1) as f64);
            parts.push(format!("{:#} left", HumanDuration(left)));
        }
        parts.push(format!("mse {mse:.2}"));
        parts.push(format!("entropy {entropy:.2} (N(0, I): {:.2})", normal_entropy(self.latent)));
        if made > 0 {
            parts.push(format!("{:.0} samples/s", (made * self.batch_size) as f64 / seconds));
        }
        self.bar.show(step + 1, steps, &parts);
        if INTERRUPTED.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if self.bar.in_lines {
            errln!("{}", self.line(report));
        }
        self.last = Some(*report);
        ControlFlow::Continue(())
    }
}

impl Drop for Progress {
    /// Replaces the bar by the line of the last epoch.
    fn drop(&mut self) {
        let shown = self.bar.clear();
        if let (Some(last), true) = (&self.last, shown) {
            errln!("{}", self.line(last));
        }
    }
}

/// A progress bar in one line, for terminals that can move their cursor.
pub(crate) struct Bar {
    quiet: bool,
    /// True if lines are written instead of a bar.
    pub(crate) in_lines: bool,
    /// The bar, created when there is something to show.
    bar: Option<ProgressBar>,
}

impl Bar {
    /// Widths of the bar and of the percentage after it.
    const WIDTHS: [usize; 2] = [10, 7];
    /// Width below which a terminal is too narrow for a bar.
    const NARROW: usize = 60;

    pub(crate) fn new(quiet: bool) -> Self {
        // Hidden if standard error is not a terminal, or a dumb one.
        Self { quiet, in_lines: !quiet && ProgressBar::new(0).is_hidden(), bar: None }
    }

    /// Shows that `done` of `all` is done, with as many of the parts as fit.
    pub(crate) fn show(&mut self, done: usize, all: usize, parts: &[String]) {
        if self.quiet || self.in_lines {
            return;
        }
        let columns = usize::from(Term::stderr().size().1);
        let [bar, percent] = Self::WIDTHS;
        let room = columns - columns.min(percent + if columns < Self::NARROW { 0 } else { bar + 1 });
        let text = joined(parts, room);
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None => {
                // The message is set at once, because an empty bar would be drawn first.
                let template = if columns < Self::NARROW {
                    "{percent:>3} %  {wide_msg}"
                } else {
                    "{bar:10} {percent:>3} %  {wide_msg}"
                };
                let style = ProgressStyle::with_template(template).expect("a valid template");
                self.bar = Some(ProgressBar::new(all as u64).with_style(style).with_message(text));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
        }
    }

    /// Removes the bar. Returns true if there was one.
    pub(crate) fn clear(&mut self) -> bool {
        self.bar.take().inspect(ProgressBar::finish_and_clear).is_some()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Joins as many of the first parts as fit, but at least one.
fn joined(parts: &[String], room: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let between = if text.is_empty() { "" } else { ", " };
        if !text.is_empty() && text.len() + between.len() + part.len() > room {
            break;
        }
        text.push_str(between);
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_do_not_fit_are_left_out() {
        let parts = ["epoch 3", "12s left", "mse 10.00"].map(str::to_owned);
        assert_eq!(joined(&parts, 100), "epoch 3, 12s left, mse 10.00");
        assert_eq!(joined(&parts, 28), "epoch 3, 12s left, mse 10.00");
        assert_eq!(joined(&parts, 27), "epoch 3, 12s left");
        assert_eq!(joined(&parts, 2), "epoch 3");
        assert_eq!(joined(&[], 10), "");
    }
}
