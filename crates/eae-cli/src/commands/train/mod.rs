mod chosen;
mod device;
mod finish;
mod flags;
mod ranks;
mod settings;
mod start;
mod steps;

use std::path::Path;

use eae::Evaluation;
use eae::data::Columns;
use eae::run::Line;
use eae_ranks::Ranks;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{all_printed, print_json};
use crate::progress::Progress;
use crate::report::no_better_than_the_mean;
use crate::run_folder::{CONFIG, Config, no_such};

pub use flags::Arguments;
use ranks::Crew;
pub(crate) use ranks::follow;
use steps::Run;

#[derive(Serialize)]
struct Report<'a> {
    run: &'a Path,
    steps: usize,
    seconds: f64,
    interrupted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<Evaluation>,
    warnings: Vec<String>,
}

/// Returns a warning if the model has learned almost nothing.
fn of_the_error(evaluation: &Evaluation) -> Option<String> {
    let how = no_better_than_the_mean(evaluation.reconstruction_error, evaluation.mean_image_error)?;
    Some(format!("Reconstructions are {how} the mean of the training data. `eae report RUN` suggests what to try."))
}

/// Returns a warning for each column with an outlier.
fn outliers(columns: &Columns) -> impl Iterator<Item = String> {
    columns.with_outliers().map(|(column, value)| {
        let (mean, deviation) = columns.moments(column);
        format!(
            "{} has {value}, which is {:.0} standard deviations from the mean, so the model hardly tells its other numbers \
             apart. Remove such rows if they are mistakes, or train on logarithms.",
            columns.describe(column),
            (value - mean).abs() / deviation
        )
    })
}

/// Runs the command, on rank 0 of `ranks` if there are several. Their program has set the number of
/// threads. `is_given` tells which flags the user has given.
pub(crate) fn run(
    arguments: &Arguments,
    is_given: &dyn Fn(&str) -> bool,
    ranks: Option<&dyn Ranks>,
) -> Result<(), Failure> {
    let crew = ranks.map(Crew::new);
    let (config, given) = match &arguments.resume {
        Some(folder) if !folder.exists() => return Err(no_such(folder)),
        Some(folder) => (Config::read(&folder.join(CONFIG))?, None),
        None => arguments.config(is_given).map(|(config, given)| (config, Some(given)))?,
    };
    let more = arguments.epochs.filter(|_| arguments.resume.is_some());
    let (mut run, mut writer) = Run::start(arguments, config, given.as_ref(), more, crew.as_ref())?;
    Progress::listen()?;
    let interrupted = run.train(arguments, &mut writer)?;
    let evaluation = if interrupted { run.interrupted(&writer)? } else { Some(run.finish(arguments.quiet)?) };
    let report = if interrupted || arguments.no_report { None } else { run.report() };

    let Run { folder, training, state, .. } = &run;
    let (steps, seconds) = (training.steps(), state.seconds);
    let (page, mut warnings) = match (&evaluation, report) {
        (_, Some((page, warnings))) => (Some(page), warnings),
        // This warning is printed even without a report.
        (Some(evaluation), None) => (None, of_the_error(evaluation).into_iter().collect()),
        (None, None) => (None, Vec::new()),
    };
    warnings.splice(0..0, run.data.train.left_out().map(str::to_owned));
    warnings.extend(run.model.columns().into_iter().flat_map(outliers));
    if arguments.common.json {
        let report = Report { run: folder, steps, seconds, interrupted, evaluation, warnings };
        print_json(&Line::new("result", &report));
    } else if let Some(evaluation) = evaluation {
        outln!("{evaluation}\n\nsaved in {} after {steps} steps and {seconds:.0} s", folder.display());
        if let Some(page) = &page {
            outln!("report: {}", page.display());
        }
        if !warnings.is_empty() {
            outln!("\nwarnings:\n- {}", warnings.join("\n- "));
        }
    }
    if interrupted {
        let folder = folder.display();
        let message = format!("interrupted after {steps} steps; resume with: eae train --resume {folder}");
        return Err(Failure::interrupted(message));
    }
    all_printed()
        .map_err(|problem| Failure::other(format!("{problem}; the finished training is in {}", folder.display())))
}
