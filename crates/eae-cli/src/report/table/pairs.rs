//! Scatter plots of correlated columns.

use eae::metrics::correlations;
use maud::{Markup, html};
use ndarray::{Array2, Axis};

use super::Rows;
use crate::report::chart::{Layer, Plot, Ticks, XAxis, range};
use crate::report::enlarge::enlarge;
use crate::report::number::short;

/// Maximum number of pairs to draw.
const MOST: usize = 6;
/// Number of columns to search for pairs.
const SOUGHT: usize = 500;
/// Smallest correlation of a pair to draw.
const LEAST: f64 = 0.1;
/// Maximum number of points. More points would cover each other.
const POINTS: usize = 1000;
/// Width and height of a panel.
const PANEL: [f64; 2] = [190.0, 190.0];

/// Draws scatter plots of the most correlated pairs of columns.
pub(super) fn pairs(rows: &Rows) -> Markup {
    let [real, generated] = [&rows.real, &rows.generated].map(|rows| first(rows, SOUGHT));
    let all = correlations(real.view());
    let mut pairs: Vec<_> = all.indexed_iter().filter(|((i, j), r)| i < j && r.abs() > LEAST).collect();
    pairs.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    pairs.truncate(MOST);
    if pairs.is_empty() {
        return html! {};
    }
    let found = correlations(generated.view());
    html! {
        h3 { "Correlated columns" }
        p.note { "The most correlated pairs of columns, with the first column on the x axis and the second on the y axis." }
        div.charts {
            @for ((i, j), r) in pairs { (pair(rows, [i, j], [*r, found[[i, j]]])) }
        }
    }
}

fn first(rows: &Array2<f64>, most: usize) -> Array2<f64> {
    rows.slice_axis(Axis(1), (..most.min(rows.ncols())).into()).to_owned()
}

fn pair(rows: &Rows, [i, j]: [usize; 2], [real, generated]: [f64; 2]) -> Markup {
    let [x, y] = [i, j].map(|column| range(rows.real.column(column).iter().copied(), false));
    let title = format!("{} and {}", rows.names[i], rows.names[j]);
    let said = format!("The correlation is {} in real rows and {} in generated rows.", short(real), short(generated));
    let count = POINTS.min(rows.real.nrows());
    let panel = |rows: &Array2<f64>, class, label: &str| {
        let points = rows.outer_iter().take(count).map(|row| (row[i], row[j]));
        let inside = points.filter(|(a, b)| x.contains(a) && y.contains(b)).collect();
        Plot {
            title: "",
            description: String::new(),
            x: XAxis { label, range: x.clone(), ticks: Ticks::Round },
            y: y.clone(),
            logarithmic: false,
            size: PANEL,
            layers: vec![Layer::Points { class, label: String::new(), points: inside }],
        }
        .frame()
    };
    let picture = html! {
        svg viewBox=(format!("0 0 {} {}", 2.0 * PANEL[0], PANEL[1])) role="img" aria-label=(title) {
            title { (title) }
            desc { (said) }
            (panel(&rows.real, "quiet", "real"))
            g transform=(format!("translate({} 0)", PANEL[0])) { (panel(&rows.generated, "one", "generated")) }
        }
    };
    html! { figure.chart.pair { figcaption { (title) } (enlarge(&picture)) p.note { (said) } } }
}
