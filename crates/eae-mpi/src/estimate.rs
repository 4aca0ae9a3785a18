//! The commands `entropy`, `mi` and `divergence`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use eae_ranks::knn_entropy::Norm;
use eae_ranks::{Divergence, Entropy, Estimated, MutualInformation, Ranks, Rows};
use serde_json::json;

use crate::failure::Failure;
use crate::rows::NpyFile;

/// Settings of every estimate.
#[derive(Args)]
pub(crate) struct Settings {
    /// Number of the neighbor whose distance is used.
    #[arg(long, default_value_t = 3)]
    k: usize,
    /// Norm of the distances [default: l2, and linf for mi].
    #[arg(long, value_enum)]
    metric: Option<MetricName>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum MetricName {
    /// Sum of the absolute differences of the coordinates.
    L1,
    /// Euclidean distance.
    L2,
    /// Largest absolute difference of the coordinates.
    Linf,
}

impl Settings {
    fn norm(&self, usual: Norm) -> Norm {
        match self.metric {
            None => usual,
            Some(MetricName::L1) => Norm::L1,
            Some(MetricName::L2) => Norm::L2,
            Some(MetricName::Linf) => Norm::LInf,
        }
    }
}

/// An estimate to make.
pub(crate) enum Task {
    Entropy(PathBuf),
    Information(Vec<PathBuf>),
    Divergence([PathBuf; 2]),
}

impl Task {
    fn name(&self) -> &'static str {
        match self {
            Self::Entropy(_) => "entropy",
            Self::Information(_) => "mutual information",
            Self::Divergence(_) => "divergence",
        }
    }
}

/// Makes an estimate. Rank 0 prints it.
pub(crate) fn run(ranks: &dyn Ranks, task: &Task, settings: &Settings) -> Result<(), Failure> {
    let (k, l2) = (settings.k, settings.norm(Norm::L2));
    let found = match task {
        Task::Entropy(file) => Entropy::new(k).norm(l2).estimate(ranks, &NpyFile::open(ranks, file)?)?,
        Task::Divergence([p, q]) => {
            let (p, q) = (NpyFile::open(ranks, p)?, NpyFile::open(ranks, q)?);
            Divergence::new(k).norm(l2).estimate(ranks, &p, &q)?
        }
        Task::Information(files) => {
            let files = NpyFile::open_all(ranks, files)?;
            let blocks: Vec<&dyn Rows> = files.iter().map(|file| file as _).collect();
            MutualInformation::new(k).norm(settings.norm(Norm::LInf)).estimate(ranks, &blocks)?
        }
    };
    if ranks.rank() == 0 {
        print(task.name(), settings, &found, ranks.size());
    }
    Ok(())
}

fn print(name: &str, settings: &Settings, found: &Estimated, ranks: usize) {
    let Estimated { value, standard_error, rows, asked, warnings, .. } = found;
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    if settings.json {
        let report = json!({
            name.replace(' ', "_"): value,
            "unit": "nats",
            "n": rows,
            "k": settings.k,
            "standard_error": standard_error,
            "ranks": ranks,
            "questions": asked.questions,
            "rounds": asked.rounds,
            "warnings": warnings,
        });
        println!("{report}");
        return;
    }
    warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    println!("{name} {value:.6} nats (standard error {standard_error:.6})");
    let per_row = asked.questions as f64 / *rows as f64;
    println!("of {rows} rows on {ranks} ranks; k = {}; {per_row:.3} questions per row", settings.k);
}
