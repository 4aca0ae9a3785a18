//! Training curves.

use eae::Objective;
use maud::{Markup, html};

use super::chart::{Layer, Plot, Ticks, WIDE, XAxis, factors, range};
use super::number::short;
use crate::run_folder::Epoch;

/// Reference values for the curves.
#[derive(Debug, Clone, Copy)]
pub(super) struct References {
    /// Squared error of held-out images after training.
    pub(super) held_out_error: f64,
    /// Squared error of the mean image.
    pub(super) mean_image_error: f64,
    /// Entropy of draws from N(0, I), estimated as in the training.
    pub(super) normal_entropy: Option<f64>,
}

/// Draws charts of the error, the entropy and the schedule.
pub(super) fn curves(epochs: &[Epoch], objective: &Objective, references: &References, standardized: bool) -> Markup {
    let points = |of: &dyn Fn(&Epoch) -> Option<f64>| -> Vec<(f64, f64)> {
        epochs.iter().filter_map(|epoch| Some((epoch.epoch as f64, of(epoch)?))).collect()
    };
    let line = |class, label: &str, of: &dyn Fn(&Epoch) -> Option<f64>| Layer::Line {
        class,
        label: label.to_owned(),
        points: points(of),
    };
    let level = |class, label: String, y| Layer::Level { class, label, y };
    let References { held_out_error, mean_image_error, normal_entropy } = *references;

    let (image, title) = match standardized {
        true => ("vector", "Reconstruction error, standardized"),
        false => ("image", "Reconstruction error, summed over pixels"),
    };
    let held_out = points(&|epoch| epoch.held_out_mse);
    let error = vec![
        line("one", "training, mean of each epoch", &|epoch| Some(epoch.mse)),
        match held_out.is_empty() {
            // The log has no held-out errors, so the final one is drawn as a level.
            true => level("two", format!("held out, after training: {}", short(held_out_error)), held_out_error),
            false => line("two", "held out, after each epoch", &|epoch| epoch.held_out_mse),
        },
        level("quiet", format!("mean {image}: {}", short(mean_image_error)), mean_image_error),
    ];
    let mut entropy = vec![line("one", "training, mean of each epoch", &|epoch| Some(epoch.entropy))];
    entropy.extend(normal_entropy.map(|y| level("normal", format!("N(0, I), same n and k: {}", short(y)), y)));

    let rate = epochs.iter().map(|epoch| epoch.learning_rate).fold(0.0, f64::max);
    let share = epochs.iter().map(|epoch| epoch.share).fold(0.0, f64::max);
    let mut schedule = vec![line("soft", &format!("learning rate, maximum {}", short(rate)), &|epoch| {
        Some(epoch.learning_rate / rate).filter(|share| share.is_finite())
    })];
    schedule.extend(weight(objective).map(|(name, weight)| {
        line("quiet", &format!("{name}, maximum {}", short(share * weight)), &|epoch| {
            Some(epoch.share / share).filter(|share| share.is_finite())
        })
    }));
    html! {
        @if epochs.is_empty() {
            p { "The run folder has no log of the epochs." }
        } @else {
            @if let Some(said) = overfitting(&held_out, epochs[epochs.len() - 1].mse) { p { (said) } }
            div.charts.course {
                (chart(title, Axis::Factors, error, epochs.len(), WIDE))
                (chart("Entropy of the codes, nats", Axis::Close, entropy, epochs.len(), WIDE))
                (chart("Schedule", Axis::Zero, schedule, epochs.len(), NARROW))
            }
        }
    }
}

/// Kind of y axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// From the smallest value to the largest.
    Close,
    /// From 0.
    Zero,
    /// From 0, or logarithmic if the values span a large factor.
    Factors,
}

/// Ratio of the largest and the smallest value above which an axis is logarithmic.
const FACTORS: f64 = 6.0;
/// Size of the chart of the schedule.
const NARROW: [f64; 2] = [240.0, WIDE[1]];
/// Rise of the held-out error, as a share of its minimum, above which a model has overfitted.
const RISE: f64 = 0.05;
/// Ratio of the held-out error and the training error above which the difference is mentioned.
const LARGER: f64 = 1.4;

/// Describes overfitting by the held-out error after each epoch. `trained` is the training error of
/// the last epoch. Returns `None` for fewer than three epochs.
fn overfitting(held_out: &[(f64, f64)], trained: f64) -> Option<String> {
    if held_out.len() < 3 {
        return None;
    }
    // Means over a fifth of the training smooth the fluctuations between epochs.
    let size = (held_out.len() / 5).max(1);
    let means = held_out.windows(size).map(|part| {
        let sum = part.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / size as f64, sum.1 / size as f64)
    });
    let means: Vec<(f64, f64)> = means.collect();
    let (&(_, end), &(epoch, least)) = (means.last()?, means.iter().min_by(|a, b| a.1.total_cmp(&b.1))?);
    let last = held_out.last()?.1;
    Some(if end > (1.0 + RISE) * least {
        format!(
            "The held-out error was smallest around epoch {epoch:.0} ({}) and has risen by {:.0} % since then: the networks overfit \
             the training data.",
            short(least),
            100.0 * (end / least - 1.0)
        )
    } else if last > LARGER * trained {
        format!(
            "The held-out error does not rise, but is larger than the training error, {} compared with {}: the networks \
             reconstruct training data better than new data.",
            short(last),
            short(trained)
        )
    } else {
        format!(
            "No sign of overfitting: the held-out error does not rise. At the end it is {}, and the training error is {}.",
            short(last),
            short(trained)
        )
    })
}

/// Returns the name and the value of the weight of the objective's second term.
fn weight(objective: &Objective) -> Option<(&'static str, f64)> {
    match objective {
        Objective::Eae(eae) => Some(("weight of the entropy (lambda times error unit)", eae.lambda)),
        Objective::Vae(vae) => Some(("weight of the divergence (beta times error unit)", vae.beta)),
        Objective::Wae(wae) => Some(("weight of the discrepancy (weight times error unit)", wae.weight)),
        Objective::Rae(rae) => Some(("weight of the code norm (beta times error unit)", rae.beta)),
        _ => None,
    }
}

fn chart(title: &str, axis: Axis, layers: Vec<Layer>, epochs: usize, size: [f64; 2]) -> Markup {
    let numbers = |layer: &Layer| match layer {
        Layer::Line { points, .. } => points.iter().map(|point| point.1).collect(),
        Layer::Level { y, .. } => vec![*y],
        _ => vec![],
    };
    let ends = match layers.first() {
        Some(Layer::Line { points, .. }) if !points.is_empty() => [points[0].1, points[points.len() - 1].1],
        _ => [f64::NAN; 2],
    };
    let description = match epochs {
        1 => format!("{} in the only epoch.", short(ends[0])),
        _ => format!("From {} in the first of {epochs} epochs to {} in the last one.", short(ends[0]), short(ends[1])),
    };
    let lines: Vec<f64> = layers.iter().flat_map(numbers).collect();
    let wide = if axis == Axis::Factors { factors(&lines, FACTORS) } else { None };
    let x = if epochs == 1 { 0.0..2.0 } else { 1.0..epochs as f64 };
    Plot {
        title,
        description,
        x: XAxis { label: "epoch", range: x, ticks: Ticks::Whole },
        logarithmic: wide.is_some(),
        y: wide.unwrap_or_else(|| range(lines, axis != Axis::Close)),
        size,
        layers,
    }
    .figure()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::objective::Ae;

    #[test]
    fn overfitting_is_reported_for_a_rise_or_a_gap() {
        let of = |errors: &[f64], trained| {
            let points: Vec<_> = errors.iter().enumerate().map(|(i, &error)| (i as f64 + 1.0, error)).collect();
            overfitting(&points, trained)
        };
        let begins = |errors: &[f64], trained, text| of(errors, trained).unwrap().starts_with(text);
        assert!(begins(&[9.0, 5.0, 4.0, 4.1], 3.9, "No sign of overfitting"));
        assert!(begins(&[9.0, 5.0, 4.0, 4.1], 2.0, "The held-out error does not rise, but is larger"));
        assert!(begins(
            &[9.0, 4.0, 5.0, 6.0],
            2.0,
            "The held-out error was smallest around epoch 2 (4.000) and has risen by 50 %"
        ));
        assert_eq!(of(&[9.0, 4.0], 1.0), None);
    }

    #[test]
    fn each_curve_has_a_chart() {
        let epoch = |epoch| Epoch {
            epoch,
            epochs: 2,
            mse: 10.0 / epoch as f64,
            entropy: 20.0,
            share: 1.0,
            learning_rate: 1e-3,
            samples_per_second: 1.0,
            held_out_mse: (epoch != 2).then_some(11.0 / epoch as f64),
        };
        let references = References { held_out_error: 6.0, mean_image_error: 52.9, normal_entropy: Some(23.05) };
        let page = |epochs: &[Epoch], objective| curves(epochs, &objective, &references, false).into_string();
        let text = page(&[epoch(1), epoch(2)], Objective::default());
        assert_eq!(text.matches("<figure").count(), 3);
        for part in [
            "From 10.00 in the first of 2 epochs to 5.000 in the last one.",
            "mean image: 52.90",
            "N(0, I), same n and k: 23.05",
            "held out, after each epoch",
            "learning rate, maximum 0.001",
            "weight of the entropy (lambda times error unit), maximum 1.000",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(page(&[epoch(1)], Objective::Ae(Ae::default())).matches("<figure").count(), 3);
        assert!(page(&[], Objective::default()).contains("has no log of the epochs"));
    }
}
