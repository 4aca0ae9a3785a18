use eae::metrics::{chi_density, normal_radius};
use maud::Markup;
use ndarray::{ArrayView2, Axis};

use super::super::chart::{Layer, Plot, Ticks, WIDE, XAxis, histogram, range};
use super::super::number::short;

const BINS: usize = 40;

/// Draws a histogram of the distances of codes from the origin with the density under N(0, I). The
/// distances reveal differences that are invisible in single dimensions.
pub(super) fn chart(codes: ArrayView2<'_, f32>) -> Markup {
    let d = codes.ncols();
    let radii = codes.axis_iter(Axis(0)).map(|z| z.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt());
    let radii: Vec<f64> = radii.collect();
    let [mean, sd] = normal_radius(d);
    let x = range(radii.iter().copied().chain([(mean - 3.5 * sd).max(0.0), mean + 3.5 * sd]), false);
    let x = x.start.max(0.0)..x.end;
    let heights = histogram(radii.iter().copied(), &x, BINS);
    let width = (x.end - x.start) / BINS as f64;
    let density: Vec<(f64, f64)> =
        (0..=200).map(|i| x.start + (x.end - x.start) * f64::from(i) / 200.0).map(|r| (r, chi_density(d, r))).collect();
    let top = heights.iter().copied().chain(density.iter().map(|point| point.1));
    let average = radii.iter().sum::<f64>() / radii.len() as f64;
    Plot {
        title: "Distance of codes from the origin",
        description: format!(
            "Histogram with mean {}, and the density of the chi distribution with d = {d} and mean {}.",
            short(average),
            short(mean)
        ),
        y: range(top, true),
        logarithmic: false,
        size: WIDE,
        layers: vec![
            Layer::Bars { class: "one", label: "codes".into(), from: x.start, width, heights },
            Layer::Line { class: "normal", label: format!("N(0, I): chi({d})"), points: density },
        ],
        x: XAxis { label: "radius", range: x, ticks: Ticks::Round },
    }
    .figure()
}
