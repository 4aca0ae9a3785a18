//! Charts as SVG: lines, levels, bars and points in a frame. Colours are those of the page's style sheet, so that they follow the
//! reader's dark or light setting, and text has the size of the page's.

use std::fmt::Write;
use std::ops::Range;

use maud::{Markup, html};

use super::number::short;

/// From numbers to places on a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    /// Where `from` is, and where `to` is.
    places: [f64; 2],
}

impl Scale {
    pub(super) fn new(values: Range<f64>, places: [f64; 2]) -> Self {
        Self { from: values.start, to: values.end, places }
    }

    /// Numbers beyond the ends are at the ends.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.places[0] + share * (self.places[1] - self.places[0])
    }

    /// About so many round numbers, at least so far apart.
    fn ticks(&self, about: usize, least: f64) -> Vec<f64> {
        let rough = ((self.to - self.from) / about as f64).max(least);
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|x| x * power).into_iter().find(|&step| step >= rough * 0.999);
        let step = step.unwrap_or(rough);
        let [first, last] = [(self.from / step - 1e-9).ceil(), (self.to / step + 1e-9).floor()];
        (first as i64..=last as i64).map(|i| i as f64 * step).collect()
    }
}

/// The least range that has all of them, a little wider; with 0 if it is to.
pub(super) fn range(values: impl IntoIterator<Item = f64>, with_zero: bool) -> Range<f64> {
    let start = if with_zero { Some(0.0..0.0) } else { None };
    let all = values.into_iter().filter(|x| x.is_finite()).fold(start, |range: Option<Range<f64>>, x| {
        let Range { start, end } = range.unwrap_or(x..x);
        Some(start.min(x)..end.max(x))
    });
    let Range { start, end } = all.unwrap_or(0.0..1.0);
    let pad = if end > start { 0.06 * (end - start) } else { 0.5 * end.abs().max(1e-9) };
    (if with_zero && start == 0.0 { 0.0 } else { start - pad })..end + pad
}

/// What is drawn in a frame; `class` is its colour.
#[derive(Debug, Clone)]
pub(super) enum Layer {
    Line {
        class: &'static str,
        label: String,
        points: Vec<(f64, f64)>,
    },
    /// The same number everywhere, to compare with.
    Level {
        class: &'static str,
        label: String,
        y: f64,
    },
    /// Bars of one width from a place on.
    Bars {
        class: &'static str,
        label: String,
        from: f64,
        width: f64,
        heights: Vec<f64>,
    },
    Points {
        class: &'static str,
        label: String,
        points: Vec<(f64, f64)>,
    },
}

impl Layer {
    fn key(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::Line { class, label, .. } => ("line", class, label),
            Self::Level { class, label, .. } => ("level", class, label),
            Self::Bars { class, label, .. } => ("bars", class, label),
            Self::Points { class, label, .. } => ("points", class, label),
        }
    }

    /// In the frame of these two scales.
    pub(super) fn draw(&self, x: &Scale, y: &Scale) -> Markup {
        let (kind, class, _) = self.key();
        let d = match self {
            Self::Line { points, .. } => line(points, x, y),
            Self::Level { y: level, .. } => line(&[(x.from, *level), (x.to, *level)], x, y),
            Self::Points { points, .. } => dots(points, x, y),
            Self::Bars { from, width, heights, .. } => {
                let mut d = String::new();
                for (i, &height) in heights.iter().enumerate().filter(|(_, height)| **height > 0.0) {
                    let [left, right] = [i, i + 1].map(|i| x.at(from + i as f64 * width));
                    let (top, bottom) = (y.at(height), y.places[0]);
                    let _ = write!(d, "M{left:.1} {bottom:.1}V{top:.1}H{right:.1}V{bottom:.1}z");
                }
                d
            }
        };
        html! { path class={ (kind) " " (class) } d=(d) {} }
    }
}

/// A way through the points; a single one is a dot.
fn line(points: &[(f64, f64)], x: &Scale, y: &Scale) -> String {
    let mut d = String::new();
    let finite: Vec<_> = points.iter().filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
    if let [point] = finite[..] {
        return dots(&[*point], x, y);
    }
    for (i, &&(a, b)) in finite.iter().enumerate() {
        let _ = write!(d, "{}{:.1} {:.1}", if i == 0 { 'M' } else { 'L' }, x.at(a), y.at(b));
    }
    d
}

/// Strokes of no length, which round ends make dots.
fn dots(points: &[(f64, f64)], x: &Scale, y: &Scale) -> String {
    let mut d = String::new();
    for &(a, b) in points.iter().filter(|(a, b)| a.is_finite() && b.is_finite()) {
        let _ = write!(d, "M{:.1} {:.1}h0", x.at(a), y.at(b));
    }
    d
}

/// What goes from left to right.
#[derive(Debug, Clone)]
pub(super) struct Across<'a> {
    pub(super) label: &'a str,
    pub(super) range: Range<f64>,
    /// Whether there is nothing between whole numbers.
    pub(super) whole: bool,
}

/// A frame with axes.
#[derive(Debug, Clone)]
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    /// For those who do not see it.
    pub(super) description: String,
    pub(super) x: Across<'a>,
    pub(super) y: Range<f64>,
    /// Width and height, of which a unit is about a pixel.
    pub(super) size: [f64; 2],
    pub(super) layers: Vec<Layer>,
}

pub(super) const WIDE: [f64; 2] = [400.0, 230.0];

impl Plot<'_> {
    pub(super) fn figure(&self) -> Markup {
        let [width, height] = self.size;
        let (left, right, top, bottom) = (46.0, width - 10.0, 8.0, height - 38.0);
        let x = Scale::new(self.x.range.clone(), [left, right]);
        let y = Scale::new(self.y.clone(), [bottom, top]);
        let (x_ticks, y_ticks) = (x.ticks(6, if self.x.whole { 1.0 } else { 0.0 }), y.ticks(5, 0.0));
        html! {
            figure.chart {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(self.title) {
                    title { (self.title) }
                    desc { (self.description) }
                    @for (at, text) in y_ticks.iter().map(|&tick| (y.at(tick), label(tick, &y_ticks))) {
                        path.grid d=(format!("M{left:.1} {at:.1}H{right:.1}")) {}
                        text.tick x=(left - 6.0) y=(format!("{:.1}", at + 4.0)) text-anchor="end" { (text) }
                    }
                    @for (at, text) in x_ticks.iter().map(|&tick| (x.at(tick), label(tick, &x_ticks))) {
                        text.tick x=(format!("{at:.1}")) y=(bottom + 16.0) text-anchor="middle" { (text) }
                    }
                    path.axis d=(format!("M{left:.1} {bottom:.1}H{right:.1}")) {}
                    text.label x=((left + right) / 2.0) y=(bottom + 33.0) text-anchor="middle" { (self.x.label) }
                    @for layer in &self.layers { (layer.draw(&x, &y)) }
                }
                (legend(&self.layers))
            }
        }
    }
}

/// As many digits as the ticks beside it need.
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

/// What is which.
fn legend(layers: &[Layer]) -> Markup {
    html! {
        ul.legend {
            @for (kind, class, label) in layers.iter().map(Layer::key) {
                li {
                    svg.key viewBox="0 0 22 10" aria-hidden="true" {
                        @match kind {
                            "bars" => path class={ "bars " (class) } d="M4 9V1H18V9z" {},
                            "points" => path class={ "points " (class) } d="M11 5h0" {},
                            _ => path class={ (kind) " " (class) } d="M1 5H21" {},
                        }
                    }
                    (label)
                }
            }
        }
    }
}

/// The shares of the values in so many bins of a range, as a density.
pub(super) fn histogram(values: impl Iterator<Item = f64> + Clone, range: &Range<f64>, bins: usize) -> Vec<f64> {
    let width = (range.end - range.start) / bins as f64;
    let mut counts = vec![0_usize; bins];
    for x in values.clone().filter(|x| range.contains(x)) {
        counts[(((x - range.start) / width) as usize).min(bins - 1)] += 1;
    }
    let n = values.count() as f64;
    counts.into_iter().map(|count| count as f64 / (n * width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers() {
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
    fn ranges_have_everything_in_them() {
        assert_eq!(range([1.0, 2.0, f64::NAN], false), 0.94..2.06);
        assert_eq!(range([50.0], true), 0.0..53.0);
        // Also where there is nothing, or nothing but one number.
        for values in [vec![], vec![3.0], vec![0.0, 0.0], vec![f64::INFINITY]] {
            for zero in [false, true] {
                let range = range(values.iter().copied(), zero);
                assert!(range.start < range.end && range.end.is_finite(), "{values:?}: {range:?}");
            }
        }
    }

    #[test]
    fn where_things_are() {
        let (x, y) = (Scale::new(0.0..4.0, [0.0, 40.0]), Scale::new(0.0..1.0, [10.0, 0.0]));
        let points = vec![(0.0, 0.0), (1.0, f64::NAN), (2.0, 0.5), (9.0, 1.0)];
        assert_eq!(line(&points, &x, &y), "M0.0 10.0L20.0 5.0L40.0 0.0");
        assert_eq!(line(&points[..2], &x, &y), "M0.0 10.0h0");
        let bars =
            Layer::Bars { class: "a", label: String::new(), from: 1.0, width: 1.0, heights: vec![0.5, 0.0, 1.0] };
        let drawn = bars.draw(&x, &y).into_string();
        assert!(drawn.contains("M10.0 10.0V5.0H20.0V10.0zM30.0 10.0V0.0H40.0V10.0z"), "{drawn}");
    }

    #[test]
    fn densities() {
        let values = [0.1, 0.2, 1.5, 7.0];
        assert_eq!(histogram(values.into_iter(), &(0.0..2.0), 2), [0.5, 0.25]);
        assert_eq!(histogram(values.into_iter(), &(0.0..2.0), 4), [1.0, 0.0, 0.0, 0.5]);
    }
}
