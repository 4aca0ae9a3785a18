mod each;
mod flags;

use knn_entropy::PermutationTest;
use ndarray::Axis;
use serde::Serialize;

use super::blocks::Block;
use super::choice::{Chosen, settle};
use super::doubts::series;
use super::input::Data;
use super::print::{Found, Numbers, doubtful_k, percent};
use super::settings::{MetricName, word};
use super::significance::{SurrogatesName, plan};
use super::wish::{Estimator, Refusal, TiesReport};
use crate::failure::Failure;
use crate::output::{counted, print_json};

pub(crate) use flags::Arguments;

/// The result of a permutation test.
#[derive(Serialize)]
pub(super) struct Test {
    pub(super) p_value: f64,
    pub(super) permutations: usize,
    pub(super) surrogates: SurrogatesName,
}

#[derive(Serialize)]
struct Report {
    mutual_information: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    equivalent_correlation: Option<f64>,
    conditional: bool,
    dx: usize,
    dy: usize,
    dz: usize,
    estimator: Estimator,
    metric: MetricName,
    ties: TiesReport,
    standardized: bool,
    ranks: bool,
    #[serde(flatten)]
    test: Option<Test>,
    #[serde(flatten)]
    numbers: Numbers,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut data = Data::read(&arguments.file, &arguments.reading)?;
    if arguments.each {
        return each::run(arguments, data);
    }
    let all = data.table.values.ncols();
    let (x, y) = match (arguments.x.as_deref(), arguments.y.as_deref()) {
        (Some(x), Some(y)) => (data.columns(Some(x))?, data.columns(Some(y))?),
        (None, None) if all == 2 && arguments.z.is_none() => (vec![0], vec![1]),
        _ => {
            return Err(Failure::usage(format!(
                "the file has {}; name both variables with --x and --y, or rank all columns with --y and --each",
                counted(all, "column")
            )));
        }
    };
    let z = data.columns_if_any(arguments.z.as_deref())?;
    for column in [&x[..], &y, &z].concat() {
        arguments.check_label(&data, column)?;
    }
    let mut sides = arguments.sides(&mut data, [&x, &y, &z])?;
    let refuse = |refusal| arguments.refuse(refusal, &data, [&x, &y, &z]);
    let chosen = settle(&mut sides, &arguments.wish()).map_err(refuse)?;
    let mut warnings = data.notes();
    warnings.extend(chosen.notes.iter().cloned());
    warnings.extend(arguments.warnings(&chosen, &sides, &data));
    if !(sides.x.all_labels() && sides.y.all_labels()) {
        warnings.extend(doubtful_k(arguments.settings.k, sides.rows()));
    }

    let permutations = arguments.permutations.unwrap_or(0);
    // A test chooses its surrogates for the rows and says so.
    let variables = [&sides.x, &sides.y];
    let are_numbers = variables.iter().all(|block| block.no_labels() && !block.sorts_rows());
    if permutations == 0 && arguments.settings.theiler == 0 && are_numbers {
        warnings.extend(series(&variables.map(|block| block.values.view())));
    }
    let mut test = None;
    if permutations > 0 {
        let explain = |error| refuse(Refusal::Library(error));
        let size = (arguments.settings.theiler, permutations);
        let plan = plan(arguments.surrogates, &sides.x, &sides.y, !z.is_empty(), size).map_err(explain)?;
        let tested = sides.first(plan.rows);
        let [by_x, _, by_z] = tested.blocks().map(|block| block.values.view());
        let orders = PermutationTest::new(permutations, arguments.common.seed).surrogates(plan.surrogates);
        // Local permutations need a condition.
        let orders = if z.is_empty() { orders.orders(by_x.nrows()) } else { orders.orders_given(by_z) };
        let statistic =
            |rows: &[usize]| Ok(chosen.measure.estimate(by_x.select(Axis(0), rows).view(), &tested)?.value());
        let found = orders.and_then(|orders| orders.run(statistic)).map_err(explain)?;
        warnings.extend(plan.notes());
        test = Some(Test { p_value: found.p_value(), permutations, surrogates: plan.name });
    }
    let found = Found::from(&chosen.estimate);
    let numbers = Numbers::new(&arguments.settings, sides.rows(), &found, data.source(), warnings);
    let [dx, dy, dz] = sides.blocks().map(Block::width);
    let equivalent_correlation = chosen.equivalent_correlation(&sides);
    let Chosen { estimator, metric, ties, .. } = chosen;
    let standardized = arguments.standardize;
    if arguments.common.json {
        print_json(&Report {
            mutual_information: numbers.value,
            equivalent_correlation,
            conditional: dz > 0,
            dx,
            dy,
            dz,
            estimator,
            metric,
            ties,
            standardized,
            ranks: arguments.ranks,
            test,
            numbers,
        });
    } else {
        let given = if dz > 0 { format!(" given {dz}") } else { String::new() };
        let p_value = test.map_or(String::new(), |test| format!("; p = {:.4}", test.p_value));
        // Counts of labels have no neighbors.
        let k =
            if estimator == Estimator::Grassberger { String::new() } else { format!(", k = {}", arguments.settings.k) };
        let details = format!(
            "of {}, {dx} and {}{given}; {}{k}; ties {}{p_value}",
            counted(sides.rows(), "row"),
            counted(dy, "column"),
            word(estimator),
            percent(ties.share)
        );
        numbers.print("mutual information", &details);
    }
    Ok(())
}
