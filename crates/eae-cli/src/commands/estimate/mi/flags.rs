//! The flags of `eae mi`, and their use on its data.

use std::path::PathBuf;

use knn_entropy::Error;

use crate::commands::estimate::blocks::{Block, check_text};
use crate::commands::estimate::choice::{Chosen, Estimator, Refusal, TiesWish, Wish};
use crate::commands::estimate::doubts::far_neighbors;
use crate::commands::estimate::hints::Place;
use crate::commands::estimate::input::Data;
use crate::commands::estimate::measure::Sides;
use crate::commands::estimate::rounding::Dither;
use crate::commands::estimate::settings::{FILES, Reading, Settings};
use crate::commands::estimate::significance::SurrogatesName;
use crate::commands::estimate::warnings::reworded;
use crate::common::Common;
use crate::failure::Failure;

/// Estimate the mutual information between columns of a file.
///
/// The information can be conditional on other columns.
#[derive(clap::Args)]
#[command(after_help = format!("Examples:
  eae mi data.csv --x 0,1 --y 2
  eae mi data.csv --x height --y weight --z age --standardize
  eae mi data.csv --y price --each  # ranks all other columns

The estimate depends on the scales of the columns. Use --standardize unless
they have a common unit. Columns of text are labels, and so are those that
--labels names. The output names the estimator.

{FILES}"))]
pub(crate) struct Arguments {
    /// File with one sample per row.
    pub(super) file: PathBuf,
    /// First variable: columns by number (0,2-5) or name [default: the first of two columns].
    #[arg(long)]
    pub(super) x: Option<String>,
    /// Second variable: columns by number or name [default: the second of two columns].
    #[arg(long)]
    pub(super) y: Option<String>,
    /// Columns to condition on.
    #[arg(long)]
    pub(super) z: Option<String>,
    /// Rank all other columns, or those of --x, by their information with --y; columns are
    /// standardized.
    #[arg(long, conflicts_with = "z")]
    pub(super) each: bool,
    /// Estimator of the information.
    #[arg(long, value_enum, default_value_t = Estimator::Auto)]
    pub(super) estimator: Estimator,
    /// Columns of labels, whose values have no order and no distances.
    #[arg(long, value_name = "COLUMNS")]
    pub(super) labels: Option<String>,
    /// Columns of numbers, even if they look like labels.
    #[arg(long, value_name = "COLUMNS")]
    pub(super) numeric: Option<String>,
    /// ksg1, ksg2: rule for rows with several neighbors at the same distance.
    #[arg(long, value_enum, default_value_t = TiesWish::Auto)]
    pub(super) ties: TiesWish,
    /// ksg1, ksg2: spread rounded numbers within their rounding steps: the step of all columns or
    /// of each column of x, y and z, auto to detect the steps, or no.
    #[arg(long, value_name = "auto|no|STEP[,STEP...]", conflicts_with = "ties")]
    pub(super) dither: Option<Dither>,
    /// Keep only the first of several rows that are equal in all used columns.
    #[arg(long)]
    pub(super) drop_duplicates: bool,
    /// First scale each column to mean 0 and standard deviation 1 (divisor n - 1).
    #[arg(long)]
    pub(super) standardize: bool,
    /// Compute a p-value from this many surrogates, which rearrange x so that it is independent of
    /// y [default: 0, or 99 with --each].
    #[arg(long)]
    pub(super) permutations: Option<usize>,
    /// Kind of the surrogates; auto rotates or shuffles blocks of series, exchanges rows with
    /// nearly the same condition, and shuffles otherwise.
    #[arg(long, value_enum, default_value_t = SurrogatesName::Auto)]
    pub(super) surrogates: SurrogatesName,
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Arguments {
    pub(super) fn wish(&self) -> Wish<'_> {
        let (ties, steps) = match &self.dither {
            None => (self.ties, None),
            Some(Dither::No) => (TiesWish::Count, None),
            Some(Dither::Auto) => (TiesWish::Dither, None),
            Some(Dither::Steps(steps)) => (TiesWish::Dither, Some(&steps[..])),
        };
        Wish {
            estimator: self.estimator,
            ties,
            steps,
            k: self.settings.k,
            metric: self.settings.metric,
            window: self.settings.theiler,
            seed: self.common.seed,
            standardize: self.standardize || self.each,
        }
    }

    /// Returns the number of surrogates with `--each`.
    pub(super) fn permutations_of_each(&self) -> usize {
        self.permutations.unwrap_or(99)
    }

    /// Returns the variables with complete rows.
    pub(super) fn sides(&self, data: &mut Data, columns: [&[usize]; 3]) -> Result<Sides, Failure> {
        let list = |list: &Option<String>| list.as_deref().map_or(Ok(Vec::new()), |list| data.columns(Some(list)));
        let (labels, numeric) = (list(&self.labels)?, list(&self.numeric)?);
        if let Some(column) = labels.iter().find(|column| numeric.contains(column)) {
            return Err(Failure::usage(format!(
                "column {} is both in --labels and in --numeric",
                data.column(*column)
            )));
        }
        data.require_numbers(&numeric)?;
        let used = columns.concat();
        check_text(data, &used, &labels)?;
        data.complete(&used)?;
        if self.drop_duplicates {
            data.drop_duplicates(&used);
        }
        let [x, y, z] = columns.map(|columns| Block::new(data, columns, &labels));
        let mut sides = Sides { x, y, z };
        for (block, columns) in [&mut sides.x, &mut sides.y, &mut sides.z].into_iter().zip(columns) {
            block.numeric = columns.iter().map(|column| numeric.contains(column)).collect();
        }
        Ok(sides)
    }

    /// Returns the library's warnings about an estimate, and a warning for each constant label.
    pub(super) fn warnings(&self, chosen: &Chosen, sides: &Sides, data: &Data) -> Vec<String> {
        let name = |block: usize, column: usize| sides.blocks()[block].names[column].clone();
        let place = Place::new(data, &[]);
        let of_library = chosen.estimate.warnings();
        let mut warnings: Vec<String> =
            of_library.iter().filter_map(|w| reworded(w, self.settings.unit, &name, [place, place])).collect();
        for block in sides.blocks() {
            for (column, name) in block.values.columns().into_iter().zip(&block.names) {
                let warning = format!("column {name} is constant and carries no information");
                if column.iter().all(|x| *x == column[0]) && !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings.extend(far_neighbors(&sides.numbers(), self.settings.k, chosen.metric.into()));
        warnings
    }

    pub(super) fn refuse(&self, refusal: Refusal, data: &Data, columns: [&[usize]; 3]) -> Failure {
        let place = Place::new(data, &[]);
        match refusal {
            Refusal::Message(message) => Failure::usage(message),
            Refusal::Constant { block, column } => place.refuse(format!(
                "{} is constant and carries no information; leave it out, or omit --standardize",
                Place::new(data, columns[block]).column(column)
            )),
            Refusal::Library(Error::Ties { first, count, k }) => place.refuse(format!(
                "{count} rows have ties, the first of them {}: several rows are at the distance of its neighbor number {k}; \
                 use --ties count, or --ties dither for rounded numbers",
                place.row(first)
            )),
            Refusal::Library(Error::Duplicates { first, second, count, k }) => place.refuse(format!(
                "{count} rows coincide with their neighbor number {k} of the same label, the first of them {} with {}; use \
                 --estimator mesner-shalizi",
                place.row(first),
                place.row(second)
            )),
            Refusal::Library(Error::KTooLarge { others: 0, .. }) if self.settings.theiler == 0 && data.len() > 1 => {
                place.refuse("no label stands for two rows; use columns of numbers, or labels that repeat")
            }
            Refusal::Library(error) => place.explain(&error, self.settings.theiler),
        }
    }
}
