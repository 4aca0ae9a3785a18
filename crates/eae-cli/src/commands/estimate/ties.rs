//! The rules for ties: counting tied rows, or dithering rounded numbers.

use knn_entropy::{Error, Estimate, Result, dither};
use ndarray::{Axis, concatenate, s};

use super::blocks::LABELS;
use super::measure::{Measure, Rule, Sides};
use super::print::percent;
use super::rounding::{self, MANY_TIES, step};
use super::shape::{point_mass, runs};
use super::warnings::tied;
use super::wish::{Estimator, Refusal, TiesReport, TiesWish, Wish};

/// Dithers the variables themselves, for an estimator without a rule for rounded numbers. `share`
/// is the fraction of rows that coincide with another one, and `unasked` allows dithering for
/// [`TiesWish::Auto`]. Returns `None` if nothing was dithered.
///
/// Columns of few distinct numbers, such as counts, and columns with a number that many rows share
/// stay as they are, unless the estimator was chosen by name.
pub(super) fn dithered(
    sides: &mut Sides,
    wish: &Wish<'_>,
    unasked: bool,
    share: f64,
    notes: &mut Vec<String>,
) -> std::result::Result<Option<TiesReport>, Refusal> {
    let found = match (wish.ties, wish.steps) {
        (TiesWish::Dither, Some(given)) => given_steps(sides, given)?,
        (TiesWish::Dither, None) => steps(sides).map_err(|name| no_step(&name))?,
        (TiesWish::Auto, _) if unasked && share > MANY_TIES => {
            let mut found = steps(sides).unwrap_or_default();
            let columns = sides.blocks().into_iter().flat_map(|block| block.values.columns());
            for (step, column) in found.iter_mut().zip(columns) {
                if wish.estimator == Estimator::Auto && (runs(column).len() <= LABELS || point_mass(column).is_some()) {
                    *step = 0.0;
                }
            }
            found
        }
        _ => return Ok(None),
    };
    if !found.iter().any(|step| *step > 0.0) {
        return Ok(None);
    }
    // Each column needs random numbers of its own, so all columns are dithered together.
    let [x, y, z] = sides.blocks().map(|block| block.values.view());
    let spread = dither(concatenate![Axis(1), x, y, z], &found, wish.seed)?;
    let mut first = 0;
    for block in [&mut sides.x, &mut sides.y, &mut sides.z] {
        let width = block.width();
        block.values.assign(&spread.slice(s![.., first..first + width]));
        first += width;
    }
    let original: Vec<f64> = found.iter().zip(sides.scales()).map(|(step, scale)| step * scale).collect();
    notes.push(format!("{} of the rows have the same numbers as another row", percent(share)));
    notes.extend(rounding::notes(&sides.names(), &original, wish.seed));
    Ok(Some(TiesReport { share, policy: "dithered", steps: Some(original) }))
}

fn no_step(name: &str) -> Refusal {
    Refusal::Message(format!("--ties dither: column {name} has no rounding step; use --ties count"))
}

/// Estimates with the algorithms of Kraskov, Stoegbauer and Grassberger and the requested rule for
/// ties.
pub(super) fn with_ties(
    sides: &Sides,
    wish: &Wish<'_>,
    of: impl Fn(Rule) -> Measure,
    notes: &mut Vec<String>,
) -> std::result::Result<(Measure, Result<Estimate>, TiesReport), Refusal> {
    let strict = of(Rule::Error);
    let (found, share) = match strict.of(sides) {
        Err(Error::Ties { count, first, k }) => {
            (Err(Error::Ties { count, first, k }), count as f64 / sides.rows() as f64)
        }
        found => (Ok(found), 0.0),
    };
    let report = |policy, steps| TiesReport { share, policy, steps };
    let found = match (found, wish.ties) {
        // Without ties the rule makes no difference.
        (Ok(found), TiesWish::Auto | TiesWish::Count | TiesWish::Error) => {
            return Ok((of(Rule::Count), found, report("none", None)));
        }
        (Err(ties), TiesWish::Error) => return Ok((strict, Err(ties), report("error", None))),
        (found, _) => found,
    };
    let steps = match (wish.ties, wish.steps) {
        (TiesWish::Dither, Some(given)) => Some(given_steps(sides, given)?),
        (TiesWish::Dither, None) => Some(steps(sides).map_err(|name| no_step(&name))?),
        (TiesWish::Auto, _) if share > MANY_TIES => steps(sides).ok(),
        _ => None,
    };
    let steps = steps.filter(|steps| steps.iter().any(|step| *step > 0.0));
    match (steps, found) {
        (Some(steps), _) => {
            notes.push(format!("{} of the rows have neighbors at equal distances", percent(share)));
            // The steps in the units of the file.
            let original: Vec<f64> = steps.iter().zip(sides.scales()).map(|(step, scale)| step * scale).collect();
            notes.extend(rounding::notes(&sides.names(), &original, strict.seed));
            let measure = of(Rule::Dither(steps));
            let found = measure.of(sides);
            Ok((measure, found, report("dithered", Some(original))))
        }
        (None, Ok(found)) => Ok((of(Rule::Count), found, report("none", None))),
        (None, Err(_)) => {
            let measure = of(Rule::Count);
            let found = measure.of(sides);
            // The library ignores a few ties, which can be due to chance.
            let many = found.as_ref().is_ok_and(|found| tied(found).is_some());
            if many {
                notes.push(format!(
                    "{} of the rows have neighbors at equal distances; all of these neighbors were counted",
                    percent(share)
                ));
            }
            Ok((measure, found, report(if many { "counted" } else { "none" }, None)))
        }
    }
}

/// Returns the given steps in the units of the scaled variables. Labels have no step.
fn given_steps(sides: &Sides, given: &[f64]) -> std::result::Result<Vec<f64>, Refusal> {
    let labels = sides.blocks().iter().flat_map(|block| block.labels.clone()).collect::<Vec<_>>();
    let columns = labels.len();
    if given.len() != 1 && given.len() != columns {
        let given = given.len();
        return Err(Refusal::Message(format!(
            "--dither has {given} steps for the {columns} columns of x, y and z; give one for each, or one for all"
        )));
    }
    let step = |column: usize| if labels[column] { 0.0 } else { given[column % given.len()] };
    Ok(sides.scales().iter().enumerate().map(|(column, scale)| step(column) / scale).collect())
}

/// Returns the rounding step of each column that causes ties and 0 for the others, or the name of a
/// column without a step as error. Labels have no step.
fn steps(sides: &Sides) -> std::result::Result<Vec<f64>, String> {
    let columns =
        || sides.blocks().into_iter().flat_map(|b| b.values.columns().into_iter().zip(&b.names).zip(&b.labels));
    let repeats = |column: ndarray::ArrayView1<'_, f64>| {
        let column = column.insert_axis(ndarray::Axis(1));
        rounding::coinciding(column) as f64 > MANY_TIES * column.nrows() as f64
    };
    // Evenly spaced numbers have equal distances without equal numbers.
    let none = !columns().any(|((column, _), label)| !label && repeats(column));
    let one = |((column, name), label): ((ndarray::ArrayView1<'_, f64>, &String), &bool)| {
        if *label || !(none || repeats(column)) {
            return Ok(0.0);
        }
        match step(column) {
            0.0 if !none => Err(name.clone()),
            step => Ok(step),
        }
    };
    columns().map(one).collect()
}
