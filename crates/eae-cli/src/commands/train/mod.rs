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
    if arguments.common.json {
        print_json(&Line::new("result", &Report { run: folder, steps, seconds, interrupted, evaluation }));
    } else if let Some(evaluation) = evaluation {
        outln!("{evaluation}\n\nin {}, after {steps} steps and {seconds:.0} s", folder.display());
        let [error, mean] = [evaluation.reconstruction_error, evaluation.mean_image_error];
        // The report says it with the others.
        if let (Some(how), true) = (no_better_than_the_mean(error, mean), arguments.no_report) {
            errln!("warning: reconstructions are {how} the mean of the training data; eae report says what to try");
        }
        if let Some((report, warnings)) = report {
            outln!("to look at: {}", report.display());
            if !arguments.quiet && !warnings.is_empty() {
                outln!("\nwhat to beware of\n- {}", warnings.join("\n- "));
            }
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
