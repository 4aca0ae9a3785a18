//! Charts in SVG with lines, levels, bars and points. `style.css` in this folder sets the colors,
//! which follow the dark or light setting of the reader. Text has the font size of the page.

mod layer;
mod scale;

use std::ops::Range;

use maud::{Markup, html};

pub(crate) use layer::{Layer, histogram};
pub(crate) use scale::{Scale, factors, range};

use super::enlarge::enlarge;

/// Style sheet with the classes of layers. The page defines the variables for their colors.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Classes of distinguishable colors.
pub(crate) const COLORS: [&str; 10] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"];

/// Horizontal axis.
#[derive(Debug, Clone)]
pub(crate) struct XAxis<'a> {
    pub(crate) label: &'a str,
    pub(crate) range: Range<f64>,
    pub(crate) ticks: Ticks,
}

/// Tick values of an axis.
#[derive(Debug, Clone)]
pub(crate) enum Ticks {
    /// Round numbers.
    Round,
    /// Whole round numbers.
    Whole,
    /// Given values. The scale is logarithmic if the range is above 0, because settings are usually
    /// varied by factors.
    At(Vec<f64>),
}

impl XAxis<'_> {
    fn scale(&self, places: [f64; 2]) -> Scale {
        match self.ticks {
            Ticks::At(_) if self.range.start > 0.0 => Scale::logarithmic(self.range.clone(), places),
            _ => Scale::new(self.range.clone(), places),
        }
    }

    /// Returns the approximate number of ticks that fit.
    fn about(&self, scale: &Scale) -> usize {
        if scale.places[1] - scale.places[0] < 250.0 { 4 } else { 6 }
    }

    /// Returns the tick values with their labels.
    fn marks(&self, scale: &Scale) -> Vec<(f64, String)> {
        let ticks = match &self.ticks {
            Ticks::Round => scale.ticks(self.about(scale), 0.0),
            Ticks::Whole => scale.ticks(self.about(scale), 1.0),
            Ticks::At(values) => return values.iter().map(|&value| (value, value.to_string())).collect(),
        };
        ticks.iter().map(|&tick| (tick, scale.label(tick, &ticks))).collect()
    }
}

/// Chart with axes.
#[derive(Debug, Clone)]
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    /// Description for screen readers.
    pub(crate) description: String,
    pub(crate) x: XAxis<'a>,
    pub(crate) y: Range<f64>,
    /// True for a logarithmic y axis. The range must be above 0.
    pub(crate) logarithmic: bool,
    /// Width and height in units of about a pixel.
    pub(crate) size: [f64; 2],
    pub(crate) layers: Vec<Layer>,
}

pub(crate) const WIDE: [f64; 2] = [400.0, 230.0];

impl Plot<'_> {
    /// Returns the chart with its title above and the legend below.
    pub(crate) fn figure(&self) -> Markup {
        let [width, height] = self.size;
        let picture = html! {
            svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(self.title) {
                title { (self.title) }
                desc { (self.description) }
                (self.frame())
            }
        };
        html! {
            figure.chart {
                figcaption { (self.title) }
                (enlarge(&picture))
                (legend(&self.layers))
            }
        }
    }

    /// Returns a small chart with a caption and no tick labels on the y axis.
    pub(crate) fn small(&self, caption: &Markup) -> Markup {
        let [width, height] = self.size;
        let [left, right, bottom] = [8.0, width - 8.0, height - 22.0];
        let (x, y) = (self.x.scale([left, right]), Scale::new(self.y.clone(), [bottom, 4.0]));
        let picture = html! {
            svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(self.title) {
                title { (self.title) }
                desc { (self.description) }
                (self.x_axis(&x, [left, right], bottom))
                @for layer in &self.layers { (layer.draw(&x, &y)) }
            }
        };
        html! { figure.multiple { (enlarge(&picture)) figcaption { (caption) } } }
    }

    /// Draws the x axis with its tick labels.
    fn x_axis(&self, x: &Scale, [left, right]: [f64; 2], bottom: f64) -> Markup {
        html! {
            @for (tick, text) in self.x.marks(x) {
                text.tick x=(format!("{:.1}", x.at(tick))) y=(bottom + 16.0) text-anchor="middle" { (text) }
            }
            path.axis d=(format!("M{left:.1} {bottom:.1}H{right:.1}")) {}
        }
    }

    /// Draws the axes and layers between (0, 0) and the size of the plot.
    pub(crate) fn frame(&self) -> Markup {
        let [width, height] = self.size;
        let (left, right, top, bottom) = (46.0, width - 10.0, 8.0, height - 38.0);
        let x = self.x.scale([left, right]);
        let scale = if self.logarithmic { Scale::logarithmic } else { Scale::new };
        let y = scale(self.y.clone(), [bottom, top]);
        let y_ticks = y.ticks(5, 0.0);
        html! {
            @for (at, text) in y_ticks.iter().map(|&tick| (y.at(tick), y.label(tick, &y_ticks))) {
                path.grid d=(format!("M{left:.1} {at:.1}H{right:.1}")) {}
                text.tick x=(left - 6.0) y=(format!("{:.1}", at + 4.0)) text-anchor="end" { (text) }
            }
            (self.x_axis(&x, [left, right], bottom))
            text.label x=((left + right) / 2.0) y=(bottom + 33.0) text-anchor="middle" { (self.x.label) }
            @for layer in &self.layers { (layer.draw(&x, &y)) }
        }
    }
}

/// Returns the legend of the layers.
pub(crate) fn legend(layers: &[Layer]) -> Markup {
    html! {
        ul.legend {
            @for layer in layers {
                li {
                    svg.key viewBox="0 0 22 10" aria-hidden="true" { (layer.sample()) }
                    (layer.label())
                }
            }
        }
    }
}
