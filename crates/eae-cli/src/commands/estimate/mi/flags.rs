//! The flags of `eae mi`, and their use on its data.

use std::path::PathBuf;

use knn_entropy::{Error, Samples, Warning};
use ndarray::Axis;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::commands::estimate::blocks::{Block, check_text};
use crate::commands::estimate::choice::Chosen;
use crate::commands::estimate::doubts::far_neighbors;
use crate::commands::estimate::hints::Place;
use crate::commands::estimate::input::Data;
use crate::commands::estimate::measure::Sides;
use crate::commands::estimate::print::{amount, percent};
use crate::commands::estimate::rounding::Dither;
use crate::commands::estimate::settings::{FILES, Reading, Settings};
use crate::commands::estimate::significance::SurrogatesName;
use crate::commands::estimate::texts::{alone, unusable};
use crate::commands::estimate::warnings::reworded;
use crate::commands::estimate::wish::{Estimator, Refusal, TiesWish, Wish};
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
they have a common unit, or --ranks if a column is skewed. Columns of text are
labels, and so are those that --labels names. The output names the estimator.

In the JSON, equivalent_correlation is the correlation of two normal variables
with this information, sqrt(1 - exp(-2 I)). It is left out for labels and for
negative estimates.

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
    /// Rule for rows with several neighbors at the same distance; error affects only ksg1 and ksg2.
    #[arg(long, value_enum, default_value_t = TiesWish::Auto)]
    pub(super) ties: TiesWish,
    /// Spread rounded numbers within their rounding steps: the step of all columns or of each
    /// column of x, y and z, auto to detect the steps, or no.
    #[arg(long, value_name = "auto|no|STEP[,STEP...]", conflicts_with = "ties")]
    pub(super) dither: Option<Dither>,
    /// Keep only the first of several rows that are equal in all used columns.
    #[arg(long)]
    pub(super) drop_duplicates: bool,
    /// First scale each column to mean 0 and standard deviation 1 (divisor n - 1).
    #[arg(long)]
    pub(super) standardize: bool,
    /// First replace the numbers of each column by the normal scores of their ranks. Information
    /// stays the same, because the map of each column is increasing.
    #[arg(long, conflicts_with = "standardize")]
    pub(super) ranks: bool,
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
            standardize: (self.standardize || self.each) && !self.ranks,
            ranks: self.ranks,
        }
    }

    /// Returns the number of surrogates with `--each`.
    pub(super) fn permutations_of_each(&self) -> usize {
        self.permutations.unwrap_or(99)
    }

    /// Refuses a column of text that cannot be used as labels, unless --labels names it.
    pub(super) fn check_label(&self, data: &Data, column: usize) -> Result<(), Failure> {
        let named = data.columns_if_any(self.labels.as_deref())?;
        match unusable(data, column) {
            Some(reason) if !named.contains(&column) => Err(Place::new(data, &[]).refuse(reason)),
            _ => Ok(()),
        }
    }

    /// Returns the variables with complete rows.
    pub(super) fn sides(&self, data: &mut Data, columns: [&[usize]; 3]) -> Result<Sides, Failure> {
        let labels = data.columns_if_any(self.labels.as_deref())?;
        let numeric = data.columns_if_any(self.numeric.as_deref())?;
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
        let tails = self.heavy_tails(chosen, sides);
        // A common unit does not help against heavy tails, and labels have none.
        let numbers = sides.numbers();
        let numbers: Vec<Samples<'_>> = numbers.iter().filter_map(|block| Samples::new(*block).ok()).collect();
        let scales = tails.is_empty() && Samples::scales_warning(&numbers).is_some();
        let helps = |warning: &&Warning| scales || !matches!(warning, Warning::Scales { .. });
        let of_library = chosen.estimate.warnings().iter().filter(helps);
        let mut warnings: Vec<String> =
            of_library.filter_map(|w| reworded(w, self.settings.unit, &name, [place, place])).collect();
        warnings.extend(tails);
        warnings.extend(self.bias_of_labels(chosen, sides));
        for block in sides.blocks() {
            let labels = block.values.columns().into_iter().zip(&block.names).zip(&block.labels);
            for ((column, name), _) in labels.filter(|(_, label)| **label) {
                let alone = alone(column.iter().copied());
                if alone > 0.5 {
                    warnings.push(format!(
                        "{} of the rows have a label in column {name} that no other row has, so the estimate says little; \
                         merge labels into classes that repeat",
                        percent(alone)
                    ));
                }
            }
        }
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

    /// Returns a warning for each column whose skewness or tails make an estimate from distances in
    /// both variables too low.
    fn heavy_tails(&self, chosen: &Chosen, sides: &Sides) -> Vec<String> {
        match chosen.estimator {
            Estimator::Ross | Estimator::Grassberger => Vec::new(),
            _ => sides.blocks().into_iter().flat_map(|block| block.tails(self.standardize)).collect(),
        }
    }

    /// Returns a warning with the estimate for shuffled labels, whose information is 0, if pairs of
    /// labels are rare.
    fn bias_of_labels(&self, chosen: &Chosen, sides: &Sides) -> Option<String> {
        let is_rare = |warning: &Warning| matches!(warning, Warning::RareLabels { .. });
        if sides.z.width() > 0 || !chosen.estimate.warnings().iter().any(is_rare) {
            return None;
        }
        let mut order: Vec<usize> = (0..sides.rows()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(self.common.seed));
        let shuffled = chosen.measure.estimate(sides.x.values.select(Axis(0), &order).view(), sides).ok()?;
        let bias = amount(shuffled.value(), self.settings.unit);
        Some(format!("the estimate for shuffled labels, which are independent, is {bias} instead of 0"))
    }

    pub(super) fn refuse(&self, refusal: Refusal, data: &Data, columns: [&[usize]; 3]) -> Failure {
        let place = Place::new(data, &[]);
        match refusal {
            Refusal::Constant { block, column } => place.refuse(format!(
                "{} is constant and carries no information; leave it out, or omit --standardize",
                Place::new(data, columns[block]).column(column)
            )),
            Refusal::Library(Error::KTooLarge { others: 0, .. }) if self.settings.theiler == 0 && data.len() > 1 => {
                place.refuse("no label stands for two rows; use columns of numbers, or labels that repeat")
            }
            refusal => place.refusal(refusal, self.settings.theiler, "rows"),
        }
    }
}
