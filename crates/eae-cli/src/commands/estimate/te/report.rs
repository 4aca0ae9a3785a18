use knn_entropy::{FamilySignificance, autocorrelation_within};
use ndarray::{ArrayView1, Axis};
use serde::Serialize;

use super::flags::Arguments;
use super::series::Member;
use crate::commands::estimate::choice::Chosen;
use crate::commands::estimate::input::Data;
use crate::commands::estimate::print::{Found, Numbers};
use crate::commands::estimate::settings::MetricName;
use crate::commands::estimate::significance::SurrogatesName;
use crate::commands::estimate::wish::TiesReport;
use crate::output::{counted, print_json};

/// The results of the command.
pub(super) struct Outcome<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) data: &'a Data,
    pub(super) members: &'a [(Member, Chosen)],
    pub(super) family: Option<FamilySignificance>,
    pub(super) times: Vec<usize>,
    /// The number of samples of each series that has any.
    pub(super) trials: Vec<usize>,
    pub(super) surrogates: Option<SurrogatesName>,
    pub(super) warnings: Vec<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_entropy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    information_storage: Option<f64>,
    /// The delay with the largest transfer entropy in a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    best_delay: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delays: Option<&'a [Delay]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected_p_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    surrogates: Option<SurrogatesName>,
    permutations: usize,
    conditional: bool,
    standardized: bool,
    ranks: bool,
    metric: MetricName,
    ties: &'a TiesReport,
    /// The range of the rows with the target's next values, numbered from 0, of a single series.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<[usize; 2]>,
    /// The number of series that have samples.
    series: usize,
    #[serde(flatten)]
    numbers: &'a Numbers,
}

#[derive(Serialize)]
struct Delay {
    delay: usize,
    transfer_entropy: f64,
    standard_error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected_p_value: Option<f64>,
}

impl Outcome<'_> {
    /// Returns the factor by which the standard error grows because time steps contribute similarly
    /// to earlier ones: the square root of the autocorrelation time of the contributions.
    fn widening(&self, chosen: &Chosen) -> f64 {
        let local = ArrayView1::from(chosen.estimate.local()).insert_axis(Axis(1));
        match autocorrelation_within(local, &self.trials) {
            Ok(found) if found.is_significant() => found.time().sqrt(),
            _ => 1.0,
        }
    }

    pub(super) fn print(self) {
        let Self { arguments, members, .. } = &self;
        let unit = arguments.settings.unit;
        let factors: Vec<f64> = members.iter().map(|(_, chosen)| self.widening(chosen)).collect();
        let delays: Vec<Delay> = members
            .iter()
            .enumerate()
            .map(|(number, (member, chosen))| Delay {
                delay: member.delay,
                transfer_entropy: unit.of(chosen.estimate.value()),
                standard_error: unit.of(factors[number] * chosen.estimate.standard_error()),
                p_value: self.family.as_ref().map(|family| family.members()[number].p_value()),
                corrected_p_value: self.family.as_ref().map(|family| family.corrected_p_value(number)),
            })
            .collect();
        let mut best = 0;
        for (number, delay) in delays.iter().enumerate() {
            best = if delay.transfer_entropy > delays[best].transfer_entropy { number } else { best };
        }
        let chosen = &members[best].1;
        let range = members.len() > 1;
        let found = Found::from(&chosen.estimate).widened(factors[best]);
        let n = self.times.len();
        let numbers = Numbers::new(&arguments.settings, n, &found, self.data.source(), self.warnings.clone());
        if arguments.common.json {
            let value = Some(numbers.value);
            print_json(&Report {
                transfer_entropy: value.filter(|_| !arguments.storage),
                information_storage: value.filter(|_| arguments.storage),
                best_delay: range.then_some(delays[best].delay),
                delays: range.then_some(&delays),
                p_value: delays[best].p_value,
                corrected_p_value: delays[best].corrected_p_value.filter(|_| range),
                surrogates: self.surrogates,
                permutations: arguments.permutations,
                conditional: arguments.condition.is_some(),
                standardized: arguments.standardize,
                ranks: arguments.ranks,
                metric: chosen.metric,
                ties: &chosen.ties,
                times: (self.trials.len() == 1).then(|| [self.times[0], self.times[n - 1] + 1]),
                series: self.trials.len(),
                numbers: &numbers,
            });
            return;
        }
        let what = match (arguments.storage, range) {
            (true, _) => "information storage".to_owned(),
            (false, false) => "transfer entropy".to_owned(),
            (false, true) => format!("largest at delay {}: transfer entropy", delays[best].delay),
        };
        let p_value = match (&delays[best], range) {
            (Delay { p_value: Some(p), .. }, false) => format!("; p = {p:.4}"),
            (Delay { corrected_p_value: Some(p), .. }, true) => {
                format!("; p = {p:.4}, corrected for {} delays", delays.len())
            }
            _ => String::new(),
        };
        let of = match self.trials.len() {
            1 => counted(n, "time step"),
            series => format!("{} in {series} series", counted(n, "time step")),
        };
        let mut details = format!("of {of}; k = {}{p_value}", arguments.settings.k);
        if range {
            details += &format!("\n{}", table(&delays, unit.name()));
        }
        numbers.print(&what, &details);
    }
}

fn table(delays: &[Delay], unit: &str) -> String {
    let tested = delays[0].p_value.is_some();
    let header = format!("delay  {unit:>10}  {:>10}", "std error") + if tested { "  p       corrected" } else { "" };
    let line = |delay: &Delay| {
        let mut line = format!("{:>5}  {:>10.6}  {:>10.6}", delay.delay, delay.transfer_entropy, delay.standard_error);
        if let (Some(p), Some(corrected)) = (delay.p_value, delay.corrected_p_value) {
            line += &format!("  {p:.4}  {corrected:.4}");
        }
        line
    };
    std::iter::once(header).chain(delays.iter().map(line)).collect::<Vec<_>>().join("\n")
}
