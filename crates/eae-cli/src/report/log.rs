//! What a run folder's `metrics.jsonl` says of the training.

use std::fs;
use std::path::Path;

use eae::run::METRICS;
use serde::Deserialize;

use crate::failure::Failure;

/// A line of an epoch.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Epoch {
    pub(super) epoch: usize,
    pub(super) epochs: usize,
    pub(super) mse: f64,
    pub(super) entropy: f64,
    pub(super) share: f64,
    pub(super) learning_rate: f64,
    pub(super) samples_per_second: f64,
}

/// The epochs that were made. Lines of another kind are not looked at, nor is a last one that was cut short.
pub(super) fn read(run: &Path) -> Result<Vec<Epoch>, Failure> {
    let path = run.join(METRICS);
    let text = fs::read_to_string(&path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Vec<Epoch> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What the steps took in seconds, by the speed of each epoch.
pub(super) fn seconds(epochs: &[Epoch], images: usize) -> f64 {
    epochs.iter().map(|epoch| images as f64 / epoch.samples_per_second).filter(|seconds| seconds.is_finite()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_among_other_lines() {
        let line = |epoch: usize, speed: f64| {
            format!(
                r#"{{"kind":"epoch","epoch":{epoch},"epochs":9,"mse":5.5,"entropy":2.0,"penalty":-2.0,"share":1.0,"learning_rate":1e-3,"samples_per_second":{speed}}}"#
            )
        };
        let whole = [line(1, 50.0), line(2, 25.0), r#"{"kind":"evaluation","mse":1}"#.to_owned()].join("\n");
        let epochs = parse(&format!("{whole}\n{}", &line(3, 1.0)[..40]));
        assert_eq!((epochs.len(), epochs[1].epoch, epochs[1].epochs, epochs[1].mse), (2, 2, 9, 5.5));
        assert_eq!(seconds(&epochs, 100), 2.0 + 4.0);
        assert_eq!(seconds(&parse(&line(1, 0.0)), 100), 0.0);
    }
}
