//! Correlations of columns in real and generated rows.

use eae::metrics::correlations;
use maud::{Markup, html};
use ndarray::{Array2, Axis};

use super::Rows;
use crate::report::heat::Heat;
use crate::report::number::short;

/// Maximum number of columns in a heat map. More cells would be too small to see.
const MOST: usize = 32;
/// Maximum number of letters in the name of a row.
const LETTERS: usize = 9;

/// Draws heat maps of the correlations and of their difference. Returns `None` for a single column.
pub(super) fn charts(rows: &Rows, order: &[usize]) -> Option<Markup> {
    let mut columns = order[..order.len().min(MOST)].to_vec();
    columns.sort_unstable();
    let of = |rows: &Array2<f64>| correlations(rows.select(Axis(1), &columns).view());
    let (real, generated) = (of(&rows.real), of(&rows.generated));
    let difference = &generated - &real;
    let pairs = difference.indexed_iter().filter(|((i, j), _)| i < j);
    let ((i, j), _) = pairs.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let both = Array2::from_shape_fn(real.dim(), |(i, j)| if i < j { real[[i, j]] } else { generated[[i, j]] });
    let name = |i: usize| &rows.names[columns[i]];
    let largest = format!(
        "The largest difference is between {} and {}: the correlation is {} in generated rows and {} in real rows.",
        name(i),
        name(j),
        short(generated[[i, j]]),
        short(real[[i, j]])
    );
    let few = order.len() > columns.len();
    let heat = |title: &str, description: &str, values: &Array2<f64>| {
        let (row, column) = (|i: usize| shortened(name(i)), |i: usize| (columns[i] + 1).to_string());
        Heat { title, description, values, row: &row, column: &column }.figure()
    };
    Some(html! {
        h3 { "Correlations" }
        @if few { p.note { "Only the " (columns.len()) " most different columns of " (order.len()) " are shown." } }
        div.charts.wide {
            (heat("Correlations of columns", "Real rows above the diagonal, generated rows below it.", &both))
            (heat("Generated minus real", &largest, &difference))
        }
    })
}

/// Cuts a long name off.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['\u{2026}']).collect()
}
