use std::collections::BTreeMap;

use eae::metrics::Pca;
use maud::Markup;
use ndarray::{ArrayView2, Axis};

use super::super::chart::{COLORS, Layer, Plot, Ticks, XAxis, range};

/// Maximum number of points. More points would cover each other.
const POINTS: usize = 2000;

/// Draws the codes in the plane of their first two principal components. Labels without a name in
/// `classes` are shown as numbers. Returns `None` if the codes vary in fewer than two directions.
pub(super) fn chart(codes: ArrayView2<'_, f32>, labels: Option<&[u8]>, classes: &[String]) -> Option<Markup> {
    let pca = Pca::fit(codes, 2).ok().filter(|pca| pca.variances().len() == 2)?;
    let shown = codes.slice_axis(Axis(0), (..POINTS.min(codes.nrows())).into());
    let plane = pca.transform(shown).ok()?;
    let (x, y) = (range(plane.column(0).iter().copied(), false), range(plane.column(1).iter().copied(), false));
    let mut groups = BTreeMap::<Option<u8>, Vec<(f64, f64)>>::new();
    for (i, point) in plane.outer_iter().enumerate() {
        groups.entry(labels.map(|labels| labels[i])).or_default().push((point[0], point[1]));
    }
    let share =
        |i: usize| format!("{:.0} %", 100.0 * pca.variances()[i] / codes.var_axis(Axis(0), 1.0).mapv(f64::from).sum());
    let description = format!(
        "{} codes in the plane of their first two principal components, which explain {} and {} of the variance.",
        shown.nrows(),
        share(0),
        share(1)
    );
    let layers = layers(groups, classes);
    let title = if labels.is_some() {
        "Codes by label, first two principal components"
    } else {
        "Codes, first two principal components"
    };
    let x_label = format!("{} and {} of the variance", share(0), share(1));
    Some(
        Plot {
            title,
            description,
            x: XAxis { label: &x_label, range: x, ticks: Ticks::Round },
            y,
            logarithmic: false,
            size: [400.0, 320.0],
            layers,
        }
        .figure(),
    )
}

/// Groups the points by label. The most frequent labels have a color each, and all other labels
/// share gray.
fn layers(groups: BTreeMap<Option<u8>, Vec<(f64, f64)>>, classes: &[String]) -> Vec<Layer> {
    let name = |label: u8| classes.get(usize::from(label)).cloned().unwrap_or_else(|| label.to_string());
    let mut by_size: Vec<Option<u8>> = groups.keys().copied().collect();
    by_size.sort_by_key(|label| std::cmp::Reverse(groups[label].len()));
    by_size.truncate(COLORS.len());
    by_size.sort_unstable();
    let (mut layers, mut others) = (Vec::new(), Vec::new());
    for (label, points) in groups {
        match (label, by_size.iter().position(|&one| one == label)) {
            (None, _) => layers.push(Layer::Points { class: "one", label: "codes".into(), points }),
            (Some(label), Some(place)) => {
                layers.push(Layer::Points { class: COLORS[place], label: name(label), points });
            }
            (Some(_), None) => others.extend(points),
        }
    }
    if !others.is_empty() {
        layers.insert(0, Layer::Points { class: "quiet", label: "other labels".into(), points: others });
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler;

    #[test]
    fn the_most_frequent_labels_have_colors() {
        let codes = sampler::normal::<f32>(240, 3, 1);
        let keys = |labels: Option<&[u8]>| {
            let text = chart(codes.view(), labels, &[]).unwrap().into_string();
            (text.matches("class=\"key\"").count(), text.contains("other labels"))
        };
        let labels = |count: u8| (0..240).map(|i| i as u8 % count).collect::<Vec<_>>();
        assert_eq!([keys(None), keys(Some(&labels(4))), keys(Some(&labels(12)))], [(1, false), (4, false), (11, true)]);
        let named = chart(codes.view(), Some(&labels(2)), &["cats".to_owned()]).unwrap().into_string();
        assert!(named.contains(">cats<") && named.contains(">1<"), "{named}");
        assert!(chart(codes.slice_axis(Axis(1), (..1).into()), None, &[]).is_none());
        assert!(chart((&codes * 0.0).view(), None, &[]).is_none());
    }
}
