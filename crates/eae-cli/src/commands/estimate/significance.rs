//! The choice of the surrogates of a test.

use clap::ValueEnum;
use knn_entropy::{Autocorrelation, Result, Surrogates, autocorrelation};
use serde::Serialize;

use super::blocks::Block;
use crate::output::counted;

/// Number of neighbors in the condition among which rows are permuted.
const LOCAL: usize = 5;
/// Rotations are trusted if the series is worth at least this many independent rows, its length
/// divided by its autocorrelation time.
const INDEPENDENT: f64 = 8.0;

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SurrogatesName {
    /// The kind that suits the rows.
    Auto,
    /// Shuffle the rows; for independent rows.
    Shuffle,
    /// Rotate the rows; for series.
    Rotate,
    /// Shuffle blocks of rows; for series that are too short for enough rotations.
    Blocks,
    /// Exchange rows that have nearly the same condition.
    Local,
}

/// The surrogates of a test, and the reason for them.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) name: SurrogatesName,
    pub(super) surrogates: Surrogates,
    pub(super) why: String,
    /// Number of rows that take part in the test. The others follow them.
    pub(super) rows: usize,
    /// A reason to doubt the p-value.
    pub(super) doubt: Option<String>,
}

impl Plan {
    /// Returns the choice with its reason, and the doubt.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let choice = format!("surrogates: {}, because {}", super::settings::word(self.name), self.why);
        std::iter::once(choice).chain(self.doubt.clone())
    }
}

/// Returns a doubt about surrogates of two series that both have a trend or wander. Their levels
/// agree or disagree by chance, which no surrogate of one series repeats.
pub(super) fn slow(what: &str, both: [Autocorrelation; 2], rows: usize) -> Option<String> {
    let independent = both.map(|found| rows as f64 / found.time());
    let most = independent[0].max(independent[1]);
    (most < INDEPENDENT).then(|| {
        format!(
            "the p-value may be too small: {what} so slowly that {rows} rows are worth about {most:.0} independent ones, as if \
             they had a trend; use the differences between rows, or more rows"
        )
    })
}

/// Returns the period that two series have in common.
fn common_period(both: [Autocorrelation; 2]) -> Option<usize> {
    let [period, other] = [both[0].period()?, both[1].period()?];
    (period.abs_diff(other) <= 1.max(period / 20)).then_some(period)
}

/// Returns the number of rows whose rotations keep a common season, of `n` rows. In a rotation, the
/// first row follows the last one, which breaks the season unless the rows are whole periods. `why`
/// then says that rows are left out.
pub(super) fn whole_periods(both: [Autocorrelation; 2], n: usize, why: &mut String) -> usize {
    let rest = common_period(both).map_or(0, |period| n % period);
    if rest > 0 {
        *why +=
            &format!("; the test leaves out the last {}, so that the others are whole periods", counted(rest, "row"));
    }
    n - rest
}

/// Returns a doubt about a test of two series that have the same season, which is a dependence that
/// surrogates do not repeat.
pub(super) fn seasonal(what: &str, both: [Autocorrelation; 2]) -> Option<String> {
    common_period(both).map(|period| {
        format!(
            "the p-value may show no more than a common season: {what} repeat every {period} rows; to test for more, subtract \
             from each value the mean of the rows with the same place in the season"
        )
    })
}

/// Chooses surrogates of x for a test of its dependence on y. `conditional` tells whether there is
/// a condition.
pub(super) fn plan(
    wish: SurrogatesName,
    x: &Block,
    y: &Block,
    conditional: bool,
    (window, count): (usize, usize),
) -> Result<Plan> {
    let (of_x, of_y) = (autocorrelation(x.values.view())?, autocorrelation(y.values.view())?);
    let n = x.values.nrows();
    // A table that is sorted by its labels looks like a series.
    let sorted = [x, y].into_iter().find(|block| block.sorts_rows());
    let series = of_x.is_significant() && of_y.is_significant() && sorted.is_none();
    let min_shift = of_x.min_shift().max(window.min(n / 4)).max(1);
    let rotations = (n + 1).saturating_sub(2 * min_shift);
    let reason = if window > 0 {
        "--theiler marks the rows as a series"
    } else {
        "rows depend on earlier rows in both variables"
    };
    let (name, mut why) = match wish {
        SurrogatesName::Auto if conditional && window == 0 && !series => {
            (SurrogatesName::Local, "rows with nearly the same condition can be exchanged".to_owned())
        }
        SurrogatesName::Auto if n < 3 || (window == 0 && !series) => {
            let why = match sorted {
                Some(block) => format!(
                    "rows are sorted by {}; if they are a series, use --surrogates rotate",
                    block.names.join(",")
                ),
                None => "rows do not depend on earlier rows in both variables".to_owned(),
            };
            (SurrogatesName::Shuffle, why)
        }
        SurrogatesName::Auto if rotations >= count => (SurrogatesName::Rotate, reason.to_owned()),
        SurrogatesName::Auto => (SurrogatesName::Blocks, format!("{reason}, and there are only {rotations} rotations")),
        name => (name, "it was given with --surrogates".to_owned()),
    };
    let surrogates = match name {
        SurrogatesName::Auto | SurrogatesName::Shuffle => Surrogates::Shuffle,
        SurrogatesName::Rotate => Surrogates::Rotate { min_shift },
        SurrogatesName::Blocks => Surrogates::Blocks { length: of_x.block_length() },
        SurrogatesName::Local => Surrogates::Local { k: LOCAL },
    };
    let independent = matches!(name, SurrogatesName::Shuffle | SurrogatesName::Local);
    let both = [of_x, of_y];
    let unusual = || slow("both variables change", both, n).or_else(|| seasonal("both variables", both));
    let doubt = (independent && (series || window > 0)).then(|| {
        format!(
            "the p-value may be too small: rows depend on earlier rows, which {} surrogates do not preserve; use \
             --surrogates rotate",
            super::settings::word(name)
        )
    });
    let doubt = doubt.or_else(|| if series { unusual() } else { None });
    let rows = if name == SurrogatesName::Rotate { whole_periods(both, n, &mut why) } else { n };
    Ok(Plan { name, surrogates, why, rows, doubt })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};

    #[test]
    fn surrogates_suit_the_rows() {
        let mut x = 0.3_f64;
        let mut chaos = || {
            x = 3.99 * x * (1.0 - x);
            x - 0.5
        };
        let noise = Array2::from_shape_simple_fn((400, 1), &mut chaos);
        let mut level = 0.0;
        let slow = Array2::from_shape_simple_fn((400, 1), || {
            level = 0.95 * level + chaos();
            level
        });
        let of = |wish, x: &Array2<f64>, y: &Array2<f64>, conditional, window, count| {
            let block = |values: &Array2<f64>| {
                Block::of_numbers(values.clone(), vec!["v".to_owned()], vec![f64::INFINITY], vec![1.0])
            };
            plan(wish, &block(x), &block(y), conditional, (window, count)).unwrap()
        };
        use SurrogatesName::{Auto, Blocks, Local, Rotate, Shuffle};
        assert_eq!(of(Auto, &slow, &noise, false, 0, 99).name, Shuffle);
        assert_eq!(of(Auto, &slow, &slow, false, 0, 99).name, Rotate);
        assert_eq!(of(Auto, &slow, &slow, false, 0, 399).name, Blocks);
        assert_eq!(of(Auto, &noise, &noise, false, 5, 99).name, Rotate);
        assert!(of(Auto, &slow, &slow, true, 0, 99).name == Rotate);
        assert!(of(Auto, &noise, &noise, true, 0, 99).name == Local);
        let local = of(Local, &slow, &slow, true, 0, 99);
        assert!(local.name == Local && local.doubt.is_some());
        assert!(of(Shuffle, &slow, &slow, false, 0, 99).doubt.is_some());
        // Trends of independent series are dependent.
        let trend = Array2::from_shape_fn((400, 1), |(i, _)| i as f64 / 80.0);
        let trends = of(Auto, &(&noise + &trend), &(&noise.slice(s![..;-1, ..]) + &trend), false, 0, 99);
        assert!(trends.doubt.is_some_and(|doubt| doubt.contains("trend")), "{:?}", trends.why);
        assert!(of(Auto, &slow, &slow, false, 0, 99).doubt.is_none());
        let season = Array2::from_shape_fn((400, 1), |(i, _)| [0.0, 1.0, 2.0, 1.0][i % 4]);
        let seasons = of(Auto, &(&noise + &season), &(&noise.slice(s![..;-1, ..]) + &season), false, 0, 99);
        assert!(seasons.doubt.is_some_and(|doubt| doubt.contains("both variables repeat every 4 rows")));
        assert_eq!(seasons.rows, 400);
        let part = |x: &Array2<f64>| x.slice(s![..398, ..]).to_owned();
        let seasons = of(Auto, &part(&(&noise + &season)), &part(&(&season - &noise)), false, 0, 99);
        assert!(seasons.rows == 396 && seasons.why.contains("leaves out the last 2 rows"), "{}", seasons.why);
        // Rows that are sorted by a label are not a series.
        let label = Array2::from_shape_fn((400, 1), |(i, _)| f64::from(i >= 200));
        let level = &noise + &label;
        let sorted = of(Auto, &label, &level, false, 0, 99);
        assert!(sorted.name == Shuffle && sorted.why.contains("sorted by v"));
        assert!(of(Shuffle, &noise, &slow, false, 0, 99).doubt.is_none());
    }
}
