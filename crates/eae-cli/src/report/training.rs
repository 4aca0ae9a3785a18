//! How the training went, epoch by epoch.

use eae::Objective;
use maud::{Markup, html};

use super::chart::{Layer, Plot, Ticks, WIDE, XAxis, range};
use super::number::short;
use crate::run_folder::Epoch;

/// What the curves are to be compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct References {
    /// The squared error of held-out images after the training.
    pub(super) held_out_error: f64,
    pub(super) mean_image_error: f64,
    /// The entropy that the same estimate has for draws from N(0, I).
    pub(super) normal_entropy: Option<f64>,
}

/// A chart for each of what a training reports.
pub(super) fn curves(epochs: &[Epoch], objective: &Objective, references: &References, standardised: bool) -> Markup {
    let over = |of: &dyn Fn(&Epoch) -> f64| epochs.iter().map(|epoch| (epoch.epoch as f64, of(epoch))).collect();
    let line = |class, label: &str, of: &dyn Fn(&Epoch) -> f64| Layer::Line {
        class,
        label: label.to_owned(),
        points: over(of),
    };
    let level = |class, label: String, y| Layer::Level { class, label, y };
    let References { held_out_error, mean_image_error, normal_entropy } = *references;

    let (image, title) = match standardised {
        true => ("vector", "Reconstruction error, standardised"),
        false => ("image", "Reconstruction error, summed over pixels"),
    };
    let error = vec![
        line("one", "training, mean of an epoch", &|epoch| epoch.mse),
        level("two", format!("held out, at the end: {}", short(held_out_error)), held_out_error),
        level("quiet", format!("the mean {image}: {}", short(mean_image_error)), mean_image_error),
    ];
    let mut entropy = vec![line("one", "training, mean of an epoch", &|epoch| epoch.entropy)];
    entropy.extend(normal_entropy.map(|y| level("two", format!("N(0, I), the same n and k: {}", short(y)), y)));
    let plots = [
        (title, true, error),
        ("Entropy of the code, nats", false, entropy),
        (
            "Learning rate, at the end of an epoch",
            true,
            vec![line("one", "learning rate", &|epoch| epoch.learning_rate)],
        ),
    ];
    let weight = weight(objective).map(|(name, weight)| {
        (name, true, vec![line("one", "weight, at the end of an epoch", &|epoch| epoch.share * weight)])
    });
    html! {
        @if epochs.is_empty() {
            p { "The run folder says nothing of its epochs." }
        } @else {
            div.charts.pairs {
                @for (title, with_zero, layers) in plots.into_iter().chain(weight) { (chart(title, with_zero, layers, epochs.len())) }
            }
        }
    }
}

/// What lambda is to the entropic autoencoder; the weight of what the others add to the error.
fn weight(objective: &Objective) -> Option<(&'static str, f64)> {
    match objective {
        Objective::Eae(eae) => Some(("Lambda, the weight of the entropy", eae.lambda)),
        Objective::Vae(vae) => Some(("Beta, the weight of the divergence", vae.beta)),
        Objective::Wae(wae) => Some(("The weight of the discrepancy", wae.weight)),
        Objective::Rae(rae) => Some(("Beta, the weight of the size of codes", rae.beta)),
        _ => None,
    }
}

fn chart(title: &str, with_zero: bool, layers: Vec<Layer>, epochs: usize) -> Markup {
    let numbers = |layer: &Layer| match layer {
        Layer::Line { points, .. } => points.iter().map(|point| point.1).collect(),
        Layer::Level { y, .. } => vec![*y],
        _ => vec![],
    };
    let ends = match layers.first() {
        Some(Layer::Line { points, .. }) if !points.is_empty() => [points[0].1, points[points.len() - 1].1],
        _ => [f64::NAN; 2],
    };
    let description =
        format!("From {} in the first of {epochs} epochs to {} in the last.", short(ends[0]), short(ends[1]));
    let y = range(layers.iter().flat_map(numbers), with_zero);
    let x = if epochs == 1 { 0.0..2.0 } else { 1.0..epochs as f64 };
    Plot { title, description, x: XAxis { label: "epoch", range: x, ticks: Ticks::Whole }, y, size: WIDE, layers }
        .figure()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::objective::Ae;

    #[test]
    fn a_chart_for_each_curve() {
        let epoch = |epoch| Epoch {
            epoch,
            epochs: 2,
            mse: 10.0 / epoch as f64,
            entropy: 20.0,
            share: 1.0,
            learning_rate: 1e-3,
            samples_per_second: 1.0,
        };
        let references = References { held_out_error: 6.0, mean_image_error: 52.9, normal_entropy: Some(23.05) };
        let page = |epochs: &[Epoch], objective| curves(epochs, &objective, &references, false).into_string();
        let text = page(&[epoch(1), epoch(2)], Objective::default());
        assert_eq!(text.matches("<figure").count(), 4);
        for part in [
            "From 10.00 in the first of 2 epochs to 5.000 in the last.",
            "the mean image: 52.90",
            "N(0, I), the same n and k: 23.05",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(page(&[epoch(1)], Objective::Ae(Ae::default())).matches("<figure").count(), 3);
        assert!(page(&[], Objective::default()).contains("says nothing of its epochs"));
    }
}
