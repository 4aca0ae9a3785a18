//! Layers of a chart.

use std::fmt::Write;
use std::ops::Range;

use maud::{Markup, html};

use super::scale::Scale;

/// Layer of a chart. `class` is the class in the style sheet that sets the color.
#[derive(Debug, Clone)]
pub(crate) enum Layer {
    Line {
        class: &'static str,
        label: String,
        points: Vec<(f64, f64)>,
    },
    /// Horizontal line at a reference value.
    Level {
        class: &'static str,
        label: String,
        y: f64,
    },
    /// Adjacent bars of one width, starting at `from`.
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

    pub(crate) fn label(&self) -> &str {
        self.key().2
    }

    /// Draws the key of the layer in a legend, 22 wide and 10 high.
    pub(crate) fn sample(&self) -> Markup {
        let (kind, class, _) = self.key();
        let d = match kind {
            "bars" => "M4 9V1H18V9z",
            "points" => "M11 5h0",
            _ => "M1 5H21",
        };
        html! { path class={ (kind) " " (class) } d=(d) {} }
    }

    /// In the frame of these two scales.
    pub(crate) fn draw(&self, x: &Scale, y: &Scale) -> Markup {
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

/// Returns a path through the points. A single point becomes a dot.
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

/// Returns strokes of length 0, which round line caps turn into dots.
fn dots(points: &[(f64, f64)], x: &Scale, y: &Scale) -> String {
    let mut d = String::new();
    for &(a, b) in points.iter().filter(|(a, b)| a.is_finite() && b.is_finite()) {
        let _ = write!(d, "M{:.1} {:.1}h0", x.at(a), y.at(b));
    }
    d
}

/// Returns the density of the values in each bin of the range.
pub(crate) fn histogram(values: impl Iterator<Item = f64> + Clone, range: &Range<f64>, bins: usize) -> Vec<f64> {
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
    fn layers_are_drawn_at_their_places() {
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
    fn a_histogram_is_a_density() {
        let values = [0.1, 0.2, 1.5, 7.0];
        assert_eq!(histogram(values.into_iter(), &(0.0..2.0), 2), [0.5, 0.25]);
        assert_eq!(histogram(values.into_iter(), &(0.0..2.0), 4), [1.0, 0.0, 0.0, 0.5]);
    }
}
