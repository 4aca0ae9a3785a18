mod chosen;
mod device;
mod finish;
mod flags;
mod model;
mod settings;
mod start;
mod steps;

use std::path::Path;

use eae::Evaluation;
use eae::run::Line;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{all_printed, print_json};
use crate::progress::Progress;
use crate::report::no_better_than_the_mean;
use crate::run_folder::{CONFIG, Config};

pub(crate) use flags::Arguments;
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

/// The warning that a model has learnt next to nothing.
fn of_the_error(evaluation: &Evaluation) -> Option<String> {
    let how = no_better_than_the_mean(evaluation.reconstruction_error, evaluation.mean_image_error)?;
    Some(format!("Reconstructions are {how} the mean of the training data. `eae report RUN` says what to try."))
}

/// `said` knows which flags are the user's and not defaults.
pub(crate) fn run(arguments: &Arguments, said: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    arguments.common.apply()?;
    let (config, given) = match &arguments.resume {
        Some(folder) => (Config::read(&folder.join(CONFIG))?, None),
        None => arguments.config(said).map(|(config, given)| (config, Some(given)))?,
    };
    let more = arguments.epochs.filter(|_| arguments.resume.is_some());
    let (mut run, mut keeper) = Run::start(arguments, config, given.as_ref(), more)?;
    Progress::listen()?;
    let interrupted = run.train(arguments, &mut keeper)?;
    let evaluation = if interrupted { run.interrupted(&keeper)? } else { Some(run.finish()?) };
    let report = if interrupted || arguments.no_report { None } else { run.report() };

    let Run { folder, training, kept, .. } = &run;
    let (steps, seconds) = (training.steps(), kept.seconds);
    let (page, warnings) = match (&evaluation, report) {
        (_, Some((page, warnings))) => (Some(page), warnings),
        // The one that matters even to somebody who wants no report.
        (Some(evaluation), None) => (None, of_the_error(evaluation).into_iter().collect()),
        (None, None) => (None, Vec::new()),
    };
    if arguments.common.json {
        let report = Report { run: folder, steps, seconds, interrupted, evaluation, warnings };
        print_json(&Line::new("result", &report));
    } else if let Some(evaluation) = evaluation {
        outln!("{evaluation}\n\nin {}, after {steps} steps and {seconds:.0} s", folder.display());
        if let Some(page) = &page {
            outln!("to look at: {}", page.display());
        }
        if !warnings.is_empty() && (page.is_none() || !arguments.quiet) {
            outln!("\nwhat to beware of\n- {}", warnings.join("\n- "));
        }
    }
    if interrupted {
        let folder = folder.display();
        let message = format!("interrupted; kept after {steps} steps, go on with: eae train --resume {folder}");
        return Err(Failure::interrupted(message));
    }
    all_printed()
        .map_err(|problem| Failure::other(format!("{problem}; the training is finished, in {}", folder.display())))
}
