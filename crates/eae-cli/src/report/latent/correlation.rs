use std::fmt::Write;

use eae::metrics::correlations;
use maud::{Markup, html};
use ndarray::{ArrayView2, Axis};

use super::super::number::short;

/// More dimensions are smaller than what can be seen.
const MOST: usize = 64;
/// Shades of each colour.
const SHADES: usize = 10;
/// A picture where nothing is correlated must not show every accident in full colour.
const LEAST: f64 = 0.2;

/// A heat map of the correlations of the code's coordinates, if there are two.
pub(super) fn chart(codes: ArrayView2<'_, f32>) -> Option<Markup> {
    let d = codes.ncols().min(MOST);
    if d < 2 {
        return None;
    }
    let all = correlations(codes.slice_axis(Axis(1), (..d).into()));
    let pairs = all.indexed_iter().filter(|((i, j), _)| i < j);
    let ((i, j), &largest) = pairs.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let scale = largest.abs().max(LEAST);
    // One path for each shade: cells that are alike are drawn together.
    let mut shades = vec![String::new(); 2 * SHADES];
    for ((row, column), &r) in all.indexed_iter().filter(|((row, column), _)| row != column) {
        let shade = (r.abs() / scale * SHADES as f64).ceil() as usize;
        if shade > 0 {
            let _ = write!(shades[shade - 1 + if r < 0.0 { SHADES } else { 0 }], "M{column} {row}h1v1h-1z");
        }
    }
    let few = codes.ncols() > d;
    let step = if d <= 16 { 1 } else { d.div_ceil(80) * 8 };
    let description = format!("The largest correlation is that of z{} and z{}: {}.", i + 1, j + 1, short(largest));
    Some(html! {
        figure.chart {
            figcaption { "Correlations of dimensions" @if few { ", the first " (d) " of " (codes.ncols()) } }
            svg viewBox="0 0 400 320" role="img" aria-label="Correlations of dimensions" {
                title { "Correlations of dimensions" }
                desc { (description) }
                g transform=(format!("translate(62 4) scale({})", 280.0 / d as f64)) {
                    @for (shade, cells) in shades.iter().enumerate().filter(|(_, cells)| !cells.is_empty()) {
                        path class=(if shade < SHADES { "cell plus" } else { "cell minus" })
                            fill-opacity=(format!("{:.2}", (shade % SHADES + 1) as f64 / SHADES as f64)) d=(cells) {}
                    }
                    path.cell.self d=((0..d).map(|i| format!("M{i} {i}h1v1h-1z")).collect::<String>()) {}
                }
                rect.frame x="62" y="4" width="280" height="280" {}
                @for i in (0..d).step_by(step) {
                    @let middle = 280.0 * (i as f64 + 0.5) / d as f64;
                    text.tick x="56" y=(format!("{:.1}", 8.0 + middle)) text-anchor="end" { "z" (i + 1) }
                    text.tick x=(format!("{:.1}", 62.0 + middle)) y="300" text-anchor="middle" { (i + 1) }
                }
            }
            ul.legend {
                li { span.ramp {} (short(-scale)) " to " (short(scale)) }
                li { (description) }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler;

    #[test]
    fn the_largest_pair_is_named() {
        let mut codes = sampler::normal::<f32>(500, 5, 1);
        let copy = -&codes.column(1);
        codes.column_mut(4).assign(&copy);
        let text = chart(codes.view()).unwrap().into_string();
        assert!(text.contains("that of z2 and z5: \u{2212}1.000."), "{text}");
        // The two cells of the pair alone have the deepest shade.
        assert!(text.contains(r#"class="cell minus" fill-opacity="1.00" d="M4 1h1v1h-1zM1 4h1v1h-1z""#), "{text}");
        assert!(chart(codes.slice_axis(Axis(1), (..1).into())).is_none());
        assert!(chart(sampler::normal::<f32>(50, 70, 1).view()).unwrap().into_string().contains("the first 64 of 70"));
    }
}
