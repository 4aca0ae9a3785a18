//! Scales that map numbers to positions, and their tick values.

use std::ops::Range;

use crate::report::number::short;

/// Map from numbers to positions in a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Positions of `from` and `to`.
    pub(super) places: [f64; 2],
    logarithmic: bool,
}

impl Scale {
    pub(crate) fn new(values: Range<f64>, places: [f64; 2]) -> Self {
        Self { from: values.start, to: values.end, places, logarithmic: false }
    }

    /// Returns a logarithmic scale. The numbers must be above 0.
    pub(crate) fn logarithmic(values: Range<f64>, places: [f64; 2]) -> Self {
        Self { logarithmic: true, ..Self::new(values, places) }
    }

    /// Returns the position of a number. Numbers outside the range are moved to its ends.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let [from, to, value] = [self.from, self.to, value].map(|x| if self.logarithmic { x.ln() } else { x });
        let share = ((value - from) / (to - from)).clamp(0.0, 1.0);
        self.places[0] + share * (self.places[1] - self.places[0])
    }

    /// Formats a tick value with the digits that distinguish the ticks.
    pub(super) fn label(&self, tick: f64, ticks: &[f64]) -> String {
        if self.logarithmic { tick.to_string() } else { label(tick, ticks) }
    }

    /// Returns the ticks of a logarithmic scale: the finest of three sets with at most `most + 1`
    /// values.
    fn factors(&self, most: usize) -> Vec<f64> {
        let powers = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
        let of = |digits: &[u8]| -> Vec<f64> {
            let all = powers.clone().flat_map(|power| digits.iter().map(move |digit| format!("{digit}e{power}")));
            all.filter_map(|text| text.parse().ok()).filter(|tick| (self.from..=self.to).contains(tick)).collect()
        };
        let kinds: [&[u8]; 3] = [&[1, 2, 5], &[1, 3], &[1]];
        kinds.map(of).into_iter().find(|ticks| ticks.len() <= most + 1).unwrap_or_else(|| of(&[1]))
    }

    /// Returns about `about` round tick values with a distance of at least `least`.
    pub(super) fn ticks(&self, about: usize, least: f64) -> Vec<f64> {
        if self.logarithmic {
            return self.factors(about);
        }
        let rough = ((self.to - self.from) / about as f64).max(least);
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|x| x * power).into_iter().find(|&step| step >= rough * 0.999);
        let step = step.unwrap_or(rough);
        let [first, last] = [(self.from / step - 1e-9).ceil(), (self.to / step + 1e-9).floor()];
        (first as i64..=last as i64).map(|i| i as f64 * step).collect()
    }
}

/// Returns the range of a logarithmic axis if the largest value is more than `factor` times the
/// smallest, which must be above 0.
pub(crate) fn factors(values: &[f64], factor: f64) -> Option<Range<f64>> {
    let [least, most] = [f64::min, f64::max].map(|pick| values.iter().copied().reduce(pick).unwrap_or(1.0));
    (least > 0.0 && most > factor * least).then(|| least / 1.2..most * 1.2)
}

/// Returns a range slightly wider than that of the values. The range includes 0 if `with_zero`.
pub(crate) fn range(values: impl IntoIterator<Item = f64>, with_zero: bool) -> Range<f64> {
    let start = if with_zero { Some(0.0..0.0) } else { None };
    let all = values.into_iter().filter(|x| x.is_finite()).fold(start, |range: Option<Range<f64>>, x| {
        let Range { start, end } = range.unwrap_or(x..x);
        Some(start.min(x)..end.max(x))
    });
    let Range { start, end } = all.unwrap_or(0.0..1.0);
    let pad = if end > start { 0.06 * (end - start) } else { 0.5 * end.abs().max(1e-9) };
    (if with_zero && start == 0.0 { 0.0 } else { start - pad })..end + pad
}

/// Formats a tick value with the digits that distinguish the ticks.
fn label(tick: f64, ticks: &[f64]) -> String {
    let step = ticks.get(1).map_or(1.0, |second| second - ticks[0]);
    let most = ticks.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if tick == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e5).contains(&most) {
        short(tick)
    } else {
        let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{tick:.digits$}").replace('-', "\u{2212}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        let ticks = |from, to| Scale::new(from..to, [0.0, 1.0]).ticks(5, 0.0);
        assert_eq!(ticks(0.0, 53.0), [0.0, 20.0, 40.0]);
        assert_eq!(ticks(-1.0, 1.0), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(ticks(21.96, 23.1), [22.0, 22.5, 23.0]);
        assert_eq!(Scale::new(1.0..3.0, [0.0, 1.0]).ticks(6, 1.0), [1.0, 2.0, 3.0]);
        let texts = |ticks: &[f64]| ticks.iter().map(|&tick| label(tick, ticks)).collect::<Vec<_>>();
        assert_eq!(texts(&[-0.5, 0.0, 0.5]), ["\u{2212}0.5", "0", "0.5"]);
        assert_eq!(texts(&[0.0, 5e-4, 1e-3]), ["0", "0.0005", "0.0010"]);
        assert_eq!(texts(&[20.0, 40.0]), ["20", "40"]);
    }

    #[test]
    fn equal_factors_have_equal_distances() {
        let scale = Scale::logarithmic(1.0..100.0, [0.0, 2.0]);
        assert_eq!([0.5, 1.0, 10.0, 100.0].map(|x| scale.at(x)), [0.0, 0.0, 1.0, 2.0]);
        assert_eq!(scale.ticks(6, 0.0), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        let ticks = |from, to| Scale::logarithmic(from..to, [0.0, 1.0]).ticks(5, 0.0);
        assert_eq!(ticks(0.02, 3.2), [0.03, 0.1, 0.3, 1.0, 3.0]);
        assert_eq!(ticks(15.0, 170.0), [20.0, 50.0, 100.0]);
        assert_eq!(scale.label(0.03, &[]), "0.03");
    }

    #[test]
    fn a_range_contains_all_values() {
        assert_eq!(range([1.0, 2.0, f64::NAN], false), 0.94..2.06);
        assert_eq!(range([50.0], true), 0.0..53.0);
        // Ranges of no values or of a single one are valid, too.
        for values in [vec![], vec![3.0], vec![0.0, 0.0], vec![f64::INFINITY]] {
            for zero in [false, true] {
                let range = range(values.iter().copied(), zero);
                assert!(range.start < range.end && range.end.is_finite(), "{values:?}: {range:?}");
            }
        }
    }

    #[test]
    fn an_axis_is_logarithmic_for_large_factors_of_positive_values() {
        assert_eq!(factors(&[3.0, 1.2, 12.0], 6.0), Some(1.0..12.0 * 1.2));
        for values in [&[2.0, 12.0][..], &[0.0, 12.0], &[-1.0, 12.0], &[]] {
            assert_eq!(factors(values, 6.0), None);
        }
    }
}
