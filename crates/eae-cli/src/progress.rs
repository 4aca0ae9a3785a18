use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use console::Term;
use eae::metrics::normal_entropy;
use eae::{EpochReport, Observer, StepReport};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::signals::on_interrupt;

/// Shows a training on standard error: a bar on a terminal, a line for each epoch elsewhere,
/// nothing if asked to be quiet. Ends it when the user interrupts.
pub(crate) struct Progress {
    bar: Bar,
    /// When the first step of this process began, and the number of steps before it.
    start: Option<(Instant, usize)>,
    latent: usize,
    batch_size: usize,
    last: Option<EpochReport>,
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

impl Progress {
    /// Has interrupts end trainings instead of the program. Once, before the first training.
    pub(crate) fn listen() -> Result<(), Failure> {
        on_interrupt(|| INTERRUPTED.store(true, Ordering::Relaxed))
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
        // The first step has begun before there was a clock.
        if made > 0 {
            let left = Duration::from_secs_f64(seconds / made as f64 * (steps - step - 1) as f64);
            parts.push(format!("{:#} left", HumanDuration(left)));
        }
        parts.push(format!("mse {mse:.2}"));
        parts.push(format!("entropy {entropy:.2} of {:.2}", normal_entropy(self.latent)));
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
    /// Leaves the last epoch's line where the bar was.
    fn drop(&mut self) {
        let shown = self.bar.clear();
        if let (Some(last), true) = (&self.last, shown) {
            errln!("{}", self.line(last));
        }
    }
}

/// A bar on a terminal that can move its cursor, in one line however narrow that is.
pub(crate) struct Bar {
    quiet: bool,
    /// Whether lines are to be written in place of a bar.
    pub(crate) in_lines: bool,
    /// Made when there is something to show.
    bar: Option<ProgressBar>,
}

impl Bar {
    /// Width of the bar itself, and that of the percentage after it.
    const WIDTHS: [usize; 2] = [10, 7];
    /// Columns of a terminal that are too few for a bar.
    const NARROW: usize = 60;

    pub(crate) fn new(quiet: bool) -> Self {
        // Hidden where standard error is no terminal, or one that is dumb.
        Self { quiet, in_lines: !quiet && ProgressBar::new(0).is_hidden(), bar: None }
    }

    /// Shows that so much of all is done, and of the parts as many as there is room for.
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
                // At once with all that is known: an empty bar would be drawn first.
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

    /// Takes the bar away; true if there was one.
    pub(crate) fn clear(&mut self) -> bool {
        self.bar.take().inspect(ProgressBar::finish_and_clear).is_some()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The first parts, as many as there is room for, and one at least.
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
