use eae::metrics::{marginal_distances, normal_density, normal_quantiles};
use eae::{Autoencoder, interpolation};
use maud::{Markup, html};
use ndarray::{ArrayView2, Axis};

use super::super::chart::{Layer, Scale, histogram};
use super::super::number::short;

/// Statistics of a latent dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dimension {
    /// Index from 0.
    pub(crate) index: usize,
    /// Mean of the codes.
    pub(crate) mean: f64,
    /// Standard deviation of the codes.
    pub(crate) sd: f64,
    /// Kolmogorov-Smirnov distance from N(0, 1).
    pub(crate) distance: f64,
    /// Squared change of the decoder's output from two standard deviations below the mean to two
    /// above.
    pub(crate) effect: f64,
}

/// Computes the statistics of each dimension. The effect is averaged over the first few codes.
pub(crate) fn dimensions(model: &Autoencoder<f32>, codes: ArrayView2<'_, f32>) -> Vec<Dimension> {
    /// Number of codes to decode in total.
    const DECODED: usize = 512;
    let d = codes.ncols();
    let bases = codes.slice_axis(Axis(0), (..(DECODED / (2 * d)).clamp(1, codes.nrows().min(16))).into());
    let of = |(index, distance): (usize, f64)| {
        let column = codes.column(index).mapv(f64::from);
        let (mean, sd) = (column.mean().unwrap_or(0.0), column.std(0.0));
        let change = |base: ndarray::ArrayView1<'_, f32>| {
            let mut base = base.to_owned();
            base[index] = mean as f32;
            let pair = model.decode(interpolation::traversals(base.view(), &[index], 2.0 * sd, 2).view());
            let change = &pair.index_axis(Axis(0), 0) - &pair.index_axis(Axis(0), 1);
            change.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>()
        };
        let effect = bases.outer_iter().map(change).sum::<f64>() / bases.nrows() as f64;
        Dimension { index, mean, sd, distance, effect }
    };
    marginal_distances(codes).into_iter().enumerate().map(of).collect()
}

/// Returns the dimensions whose effect is at most 1 % of the largest effect.
pub(crate) fn dead(dimensions: &[Dimension]) -> Vec<usize> {
    let most = dimensions.iter().map(|dimension| dimension.effect).fold(0.0, f64::max);
    dimensions.iter().filter(|dimension| dimension.effect <= 0.01 * most).map(|dimension| dimension.index).collect()
}

/// Maximum number of dimensions to draw.
const MOST: usize = 16;
const BINS: usize = 24;
/// Number of quantiles in a QQ plot, which must be even.
const QUANTILES: usize = 60;

/// Draws histograms and QQ plots of the dimensions that are farthest from N(0, 1).
pub(super) fn multiples(codes: ArrayView2<'_, f32>, dimensions: &[Dimension]) -> Markup {
    let mut worst: Vec<&Dimension> = dimensions.iter().collect();
    worst.sort_by(|a, b| b.distance.total_cmp(&a.distance));
    worst.truncate(MOST);
    worst.sort_by_key(|dimension| dimension.index);
    let columns: Vec<Vec<f64>> = worst.iter().map(|dimension| sorted(codes, dimension.index)).collect();
    // All plots have one scale, which ignores a few outliers.
    let limit =
        columns.iter().map(|z| z[z.len() / 500].abs().max(z[z.len() - 1 - z.len() / 500].abs())).fold(3.5, f64::max);
    let quantiles = normal_quantiles(QUANTILES);
    html! {
        h3 { "Each dimension compared with N(0, 1)" }
        p {
            "Left: histogram from " (short(-limit)) " to " (short(limit)) " with the density of N(0, 1). "
            "Right: QQ plot with the quantiles of the codes on the y axis and those of N(0, 1) on the x axis. Points on the diagonal agree with N(0, 1). "
            "KS is the largest difference of the distribution functions; mean ± standard deviation follow."
            @if dimensions.len() > MOST { " Only the " (MOST) " worst of " (dimensions.len()) " dimensions are shown." }
        }
        div.multiples {
            @for (dimension, z) in worst.iter().zip(&columns) { (one(dimension, z, limit, &quantiles)) }
        }
    }
}

fn sorted(codes: ArrayView2<'_, f32>, index: usize) -> Vec<f64> {
    let mut column = codes.column(index).mapv(f64::from).to_vec();
    column.sort_by(f64::total_cmp);
    column
}

fn one(dimension: &Dimension, sorted: &[f64], limit: f64, quantiles: &[f64]) -> Markup {
    let Dimension { index, mean, sd, distance, .. } = *dimension;
    let name = format!("z{index}");
    let heights = histogram(sorted.iter().copied(), &(-limit..limit), BINS);
    let top = heights.iter().copied().fold(0.42, f64::max);
    let at = |share: f64| sorted[((share * sorted.len() as f64) as usize).min(sorted.len() - 1)];
    let qq = quantiles.iter().enumerate().map(|(i, &q)| (q, at((i as f64 + 0.5) / quantiles.len() as f64)));
    let (x, y) = (Scale::new(-limit..limit, [4.0, 104.0]), Scale::new(0.0..1.05 * top, [76.0, 4.0]));
    let (across, up) = (Scale::new(-limit..limit, [116.0, 188.0]), Scale::new(-limit..limit, [76.0, 4.0]));
    let curve: Vec<(f64, f64)> =
        (0..=60).map(|i| limit * (f64::from(i) / 30.0 - 1.0)).map(|x| (x, normal_density(x))).collect();
    let layer = |class, points| Layer::Line { class, label: String::new(), points };
    html! {
        figure.multiple {
            svg viewBox="0 0 192 80" role="img" aria-label=(format!("Histogram and QQ plot of {name}")) {
                title { (name) }
                desc { "Mean " (short(mean)) ", standard deviation " (short(sd)) ", KS distance from N(0, 1) " (short(distance)) "." }
                (Layer::Bars { class: "one", label: String::new(), from: -limit, width: 2.0 * limit / BINS as f64, heights }.draw(&x, &y))
                (layer("normal", curve).draw(&x, &y))
                path.axis d="M4 76H104" {}
                rect.frame x="116" y="4" width="72" height="72" {}
                (layer("quiet", vec![(-limit, -limit), (limit, limit)]).draw(&across, &up))
                (Layer::Points { class: "one", label: String::new(), points: qq.collect() }.draw(&across, &up))
            }
            figcaption { strong { (name) } " KS " (format!("{distance:.3}")) ", " (format!("{mean:.2} ± {sd:.2}").replace('-', "\u{2212}")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::{Preset, sampler};

    #[test]
    fn a_dimension_that_the_decoder_ignores_is_dead() {
        let mut model = Autoencoder::<f32>::new(Preset::Mlp, [4, 3, 1], 3, 0).unwrap();
        let mut weights = model.to_weights();
        let shape = weights.shape("decoder.0.weight").unwrap().to_vec();
        let first = weights.get::<f32>("decoder.0.weight", &shape).unwrap();
        let mut blind = first.clone();
        blind.index_axis_mut(Axis(1), 1).fill(0.0);
        weights.insert("decoder.0.weight", &blind);
        model.read(&weights).unwrap();
        let codes = sampler::normal::<f32>(100, 3, 1);
        let found = dimensions(&model, codes.view());
        assert_eq!(dead(&found), [1]);
        assert!((found[2].mean - f64::from(codes.column(2).mean().unwrap())).abs() < 1e-6 && found[0].effect > 0.0);
        assert_eq!(found[1].distance, marginal_distances(codes.view())[1]);
    }

    #[test]
    fn the_worst_dimensions_are_drawn() {
        let mut codes = sampler::normal::<f32>(300, 18, 1);
        codes.column_mut(17).mapv_inplace(|x| 3.0 * x);
        let all: Vec<Dimension> = marginal_distances(codes.view())
            .into_iter()
            .enumerate()
            .map(|(index, distance)| Dimension { index, mean: 0.0, sd: 1.0, distance, effect: 1.0 })
            .collect();
        let text = multiples(codes.view(), &all).into_string();
        assert_eq!(text.matches("<figure").count(), 16);
        assert!(text.contains("the 16 worst of 18 dimensions") && text.contains("<strong>z17</strong>"), "{text}");
        assert!(!multiples(codes.view(), &all[..4]).into_string().contains("worst"));
    }
}
