//! The table, as Markdown and as JSON.

use std::fmt::Write;

use eae::metrics::Quality;
use serde::Serialize;

use super::curves::{Curve, Trained, curves};
use super::row::Row;
use crate::judgment::{SOURCES, Scores};

/// The results of a comparison.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) data: String,
    /// True for vectors, whose errors are in squared standard deviations of the columns.
    pub(crate) standardized: bool,
    pub(crate) features: String,
    /// A warning if the features are of little use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warning: Option<String>,
    /// The quality of training images instead of draws.
    pub(crate) floor: Quality,
    /// A sentence for each result that is missing or doubtful.
    pub(crate) warnings: Vec<String>,
    pub(crate) rows: Vec<RowScores>,
}

/// A row, trained once with each seed.
#[derive(Debug, Serialize)]
pub(crate) struct RowScores {
    pub(crate) row: Row,
    pub(crate) seeds: Vec<u64>,
    pub(crate) scores: Vec<Scores>,
}

impl Report {
    /// Adds a row and the reasons why some of its results are missing.
    pub(crate) fn add(&mut self, row: RowScores) {
        for reason in row.scores.iter().flat_map(|scores| &scores.missing) {
            if !self.warnings.contains(reason) {
                self.warnings.push(reason.clone());
            }
        }
        self.rows.push(row);
    }

    /// Returns the tables as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let [n, floor] = self.floor.n;
        let (images, pixels) = match self.standardized {
            true => ("vectors", "standardized columns"),
            false => ("images", "pixels"),
        };
        let mut text = format!(
            "Frechet distances between {n} decoded codes and {n} held-out {images} of {}, on {}. The floor, the distance of \
             {floor} training {images} from the same held-out {images}, is {:.2}. Entries are means over seeds, +- standard \
             deviations. `error` is the squared error of held-out {images}, summed over {pixels}. `radius` is the norm of their \
             codes, as mean and standard deviation.\n\n",
            self.data, self.features, self.floor.frechet
        );
        let titles = ["trained by", "error"].into_iter().chain(SOURCES).chain(["radius", "s"]);
        let titles: Vec<&str> = titles.collect();
        let _ = writeln!(text, "| {} |\n|{}", titles.join(" | "), "---|".repeat(titles.len()));
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.cells().join(" | "));
        }
        text.push('\n');
        text.push_str(&self.details(images, pixels));
        if !self.warnings.is_empty() {
            let _ = write!(text, "\nWarnings:\n\n- {}\n", self.warnings.join("\n- "));
        }
        text
    }

    /// Returns the curves over single settings.
    pub(crate) fn curves(&self) -> Vec<Curve> {
        let mean = |row: &RowScores, of: &dyn Fn(&Scores) -> f64| {
            row.scores.iter().map(of).sum::<f64>() / row.scores.len() as f64
        };
        let [normal, mixture] =
            ["N(0, I)", "GMM-10"].map(|name| SOURCES.iter().position(|source| *source == name).expect("a source"));
        let whole = |row: &&RowScores| row.scores.iter().all(|s| s.quality[mixture].is_some());
        let table = self.rows.iter().filter(whole).map(|row| {
            let distance = |source: usize| mean(row, &|s| s.quality[source].map_or(f64::NAN, |q| q.frechet));
            let scores = [distance(normal), distance(mixture), mean(row, &|s| s.error)];
            Trained { row: &row.row, seconds: mean(row, &|s| s.seconds), scores }
        });
        curves(&table.collect::<Vec<_>>())
    }

    /// Returns the second table: other metrics of draws from N(0, I), and copies of training
    /// images.
    fn details(&self, images: &str, pixels: &str) -> String {
        let mut text = format!(
            "Other metrics of draws from N(0, I), and copies of training {images}: `close` is the fraction of the draws from \
             the chosen mixture that are as close to a training sample, in {pixels}, as the closest hundredth of the held-out \
             {images}.\n\n\
             | trained by | kernel | precision | recall | density | coverage | components | close |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        let cell = |of: &dyn Fn(&Quality) -> f64, row: &RowScores| {
            spread(row.scores.iter().filter_map(|s| s.quality[0].as_ref()).map(of), 2)
        };
        for row in &self.rows {
            let cells = [
                row.row.name.clone(),
                cell(&|q| q.kernel.mean, row),
                cell(&|q| q.neighbors.precision, row),
                cell(&|q| q.neighbors.recall, row),
                cell(&|q| q.neighbors.density, row),
                cell(&|q| q.neighbors.coverage, row),
                spread(row.scores.iter().filter_map(|s| s.components).map(|n| n as f64), 0),
                spread(row.scores.iter().filter_map(|s| s.memorization).map(|m| m.share_close), 3),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

impl RowScores {
    fn cells(&self) -> Vec<String> {
        let of = |value: &dyn Fn(&Scores) -> f64, digits| spread(self.scores.iter().map(value), digits);
        let mut cells = vec![self.row.name.clone(), of(&|s| s.error, 2)];
        let frechet = |source: usize| self.scores.iter().filter_map(move |s| s.quality[source]).map(|q| q.frechet);
        cells.extend((0..SOURCES.len()).map(|source| spread(frechet(source), 1)));
        let normal =
            self.scores.first().map_or([f64::NAN; 2], |s| [s.codes.normal_radius_mean, s.codes.normal_radius_sd]);
        let [mean, sd] = [of(&|s| s.codes.radius_mean, 2), of(&|s| s.codes.radius_sd, 2)];
        cells.push(format!("{mean}, {sd} (N(0, I): {:.2}, {:.2})", normal[0], normal[1]));
        cells.push(of(&|s| s.seconds, 0));
        cells
    }
}

/// Returns the mean as text, with the standard deviation if there are several values, or a dash if
/// there are none.
fn spread(values: impl Iterator<Item = f64> + Clone, digits: usize) -> String {
    let n = values.clone().count() as f64;
    if n == 0.0 {
        return "-".to_owned();
    }
    let mean = values.clone().sum::<f64>() / n;
    if n < 2.0 {
        return format!("{mean:.digits$}");
    }
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    format!("{mean:.digits$} +- {:.digits$}", variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_deviations() {
        assert_eq!(spread([1.0, 2.0, 3.0].into_iter(), 1), "2.0 +- 1.0");
        assert_eq!(spread([1.25].into_iter(), 2), "1.25");
        assert_eq!(spread([].into_iter(), 2), "-");
    }
}
