mod flags;
mod notes;
mod report;
mod series;
mod unused;

use knn_entropy::{Error, PermutationTest, Warning};
use ndarray::Axis;

use super::choice::{Chosen, settle};
use super::doubts::far_neighbors;
use super::hints::Place;
use super::input::Data;
use super::measure::Sides;
use super::warnings::reworded;
use super::wish::{Estimator, Wish};
use crate::failure::Failure;

pub(crate) use flags::Arguments;
use notes::Notes;
use report::Outcome;
use series::{Member, Samples};

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    for (flag, value) in [
        ("--source-past", arguments.source_past),
        ("--condition-past", arguments.condition_past),
        ("--lag", arguments.lag),
        ("--past", if arguments.storage { arguments.past } else { 1 }),
    ] {
        if value == 0 {
            return Err(Failure::usage(format!("{flag} is 0; it must be at least 1")));
        }
    }
    let mut data = Data::read(&arguments.file, &arguments.reading)?;
    let source = data.columns_if_any(arguments.source.as_deref())?;
    let condition = data.columns_if_any(arguments.condition.as_deref())?;
    let target = data.columns(Some(&arguments.target))?;
    let used = [&source[..], &target, &condition].concat();
    arguments.check_distinct(&data, [&source, &target, &condition])?;
    data.require_numbers(&used)?;
    let group = arguments.group(&data, &used)?;
    let series = data.series(&used, group)?;
    data.finite(&used)?;
    let mut warnings = data.notes();
    let samples = Samples::new(arguments, &data, [&source, &target, &condition], &series)?;
    let place = Place { data: &data, columns: &[], times: &samples.times };
    let (n, most) = (samples.times.len(), samples.most);
    if 2 * n < most {
        warnings.push(format!(
            "the largest delay, {}, leaves only {n} of {most} time steps for every delay; use a smaller range of delays",
            arguments.delay.last
        ));
    }
    warnings.extend(samples.left_out(series.len()));
    if group.is_none() {
        warnings.extend(unused::several(&data, &used).or_else(|| unused::times(&data, &used)));
    }
    if !arguments.ranks {
        warnings.extend(samples.tails.iter().cloned());
    }
    let (mut members, mut notes) = (Vec::new(), Notes::default());
    for member in samples.members {
        members.push(arguments.settle(member, place, &mut notes)?);
    }
    warnings.extend(notes.into_warnings(arguments.delay.first < arguments.delay.last));
    let mut family = None;
    if let Some(plan) = &samples.plan {
        let explain = |error: Error| place.explain(&error, arguments.settings.theiler);
        warnings.extend(plan.notes());
        let test = PermutationTest::new(arguments.permutations, arguments.common.seed);
        let tested: Vec<Sides> = members.iter().map(|(member, _)| member.sides.first(plan.rows)).collect();
        let trials = if samples.trials.len() == 1 { vec![plan.rows] } else { samples.trials.clone() };
        let given = samples.given.slice_axis(Axis(0), (..plan.rows).into());
        let orders = test.surrogates(plan.surrogates).orders_within(&trials, given).map_err(explain)?;
        let statistic = |rows: &[usize], number: usize| {
            let rearranged = tested[number].x.values.select(Axis(0), rows);
            Ok(members[number].1.measure.estimate(rearranged.view(), &tested[number])?.value())
        };
        family = Some(orders.run_family(members.len(), statistic).map_err(explain)?);
    }
    Outcome {
        arguments,
        data: &data,
        members: &members,
        family,
        times: samples.times,
        trials: samples.trials,
        surrogates: samples.plan.map(|plan| plan.name),
        warnings,
    }
    .print();
    Ok(())
}

impl Arguments {
    /// Estimates the transfer entropy at one delay.
    fn settle(&self, mut member: Member, place: Place<'_>, notes: &mut Notes) -> Result<(Member, Chosen), Failure> {
        let wish = Wish {
            estimator: Estimator::Ksg1,
            ties: self.ties,
            steps: None,
            k: self.settings.k,
            metric: self.settings.metric,
            window: self.settings.theiler,
            seed: self.common.seed,
            standardize: false,
            ranks: self.ranks,
        };
        let chosen = settle(&mut member.sides, &wish)
            .map_err(|refusal| place.refusal(refusal, self.settings.theiler, "states"))?;
        let name = |block: usize, column: usize| member.sides.blocks()[block].names[column].clone();
        let of_library = chosen.estimate.warnings().iter();
        let of_library = of_library.filter_map(|warning| match warning {
            Warning::Repeated { copies, rows } => Some(format!(
                "{copies} of {rows} time steps repeat an earlier one, as if a part of the file was there twice; remove such a \
                 part"
            )),
            warning => reworded(warning, self.settings.unit, &name, [place, place]),
        });
        let far = far_neighbors(&member.sides.numbers(), self.settings.k, chosen.metric.into());
        for note in chosen.notes.iter().cloned().chain(of_library).chain(far) {
            notes.add(member.delay, note);
        }
        Ok((member, chosen))
    }
}
