use eae::metrics::correlations;
use maud::Markup;
use ndarray::{ArrayView2, Axis};

use super::super::heat::Heat;
use super::super::number::short;

/// Maximum number of dimensions in the heat map. More cells would be too small to see.
const MOST: usize = 64;

/// Draws a heat map of the correlations of latent dimensions. Returns `None` for one dimension.
pub(super) fn chart(codes: ArrayView2<'_, f32>) -> Option<Markup> {
    let d = codes.ncols().min(MOST);
    if d < 2 {
        return None;
    }
    let all = correlations(codes.slice_axis(Axis(1), (..d).into()));
    let pairs = all.indexed_iter().filter(|((i, j), _)| i < j);
    let ((i, j), &largest) = pairs.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let title = match codes.ncols() {
        all if all > d => format!("Correlations of dimensions, the first {d} of {all}"),
        _ => "Correlations of dimensions".to_owned(),
    };
    let description = format!("The largest correlation is {}, between z{} and z{}.", short(largest), i, j);
    let heat = Heat {
        title: &title,
        description: &description,
        values: &all,
        row: &|i| format!("z{i}"),
        column: &|i| i.to_string(),
    };
    Some(heat.figure())
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
        assert!(text.contains("is \u{2212}1.000, between z1 and z4."), "{text}");
        // Only the two cells of the pair have the deepest shade.
        assert!(text.contains(r#"class="cell minus" fill-opacity="1.00" d="M4 1h1v1h-1zM1 4h1v1h-1z""#), "{text}");
        assert!(chart(codes.slice_axis(Axis(1), (..1).into())).is_none());
        assert!(chart(sampler::normal::<f32>(50, 70, 1).view()).unwrap().into_string().contains("the first 64 of 70"));
    }
}
