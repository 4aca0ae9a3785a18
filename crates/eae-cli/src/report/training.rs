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

/// Charts of the error, the entropy and the schedule.
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
        line("one", "training, mean of an epoch", &|epoch| Some(epoch.mse)),
        match held_out.is_empty() {
            // The log of a training without held-out errors.
            true => level("two", format!("held out, at the end: {}", short(held_out_error)), held_out_error),
            false => line("two", "held out, after an epoch", &|epoch| epoch.held_out_mse),
        },
        level("quiet", format!("the mean {image}: {}", short(mean_image_error)), mean_image_error),
    ];
    let mut entropy = vec![line("one", "training, mean of an epoch", &|epoch| Some(epoch.entropy))];
    entropy.extend(normal_entropy.map(|y| level("normal", format!("N(0, I), the same n and k: {}", short(y)), y)));

    let rate = epochs.iter().map(|epoch| epoch.learning_rate).fold(0.0, f64::max);
    let share = epochs.iter().map(|epoch| epoch.share).fold(0.0, f64::max);
    let mut schedule = vec![line("soft", &format!("learning rate, at most {}", short(rate)), &|epoch| {
        Some(epoch.learning_rate / rate).filter(|share| share.is_finite())
    })];
    schedule.extend(weight(objective).map(|(name, weight)| {
        line("quiet", &format!("{name}, at most {}", short(share * weight)), &|epoch| {
            Some(epoch.share / share).filter(|share| share.is_finite())
        })
    }));
    html! {
        @if epochs.is_empty() {
            p { "The run folder says nothing of its epochs." }
        } @else {
            @if let Some(said) = overfitting(&held_out, epochs[epochs.len() - 1].mse) { p { (said) } }
            div.charts.course {
                (chart(title, Axis::Factors, error, epochs.len(), WIDE))
                (chart("Entropy of the code, nats", Axis::Close, entropy, epochs.len(), WIDE))
                (chart("Schedule", Axis::Zero, schedule, epochs.len(), NARROW))
            }
        }
    }
}

/// The y axis of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// From the least number to the largest.
    Close,
    /// From 0.
    Zero,
    /// From 0, or by factors if numbers differ by large ones.
    Factors,
}

/// Errors that fall by more than this factor are drawn by factors.
const FACTORS: f64 = 6.0;
/// The size of the chart of what was known before the training.
const NARROW: [f64; 2] = [240.0, WIDE[1]];
/// A rise of the held-out error by this share of its least value is no accident.
const RISE: f64 = 0.05;
/// Held-out errors above so many times the training's are more than a little larger.
const LARGER: f64 = 1.4;

/// Returns what the held-out error after epochs says of overfitting, `trained` being the error of
/// the last epoch; nothing of less than three.
fn overfitting(held_out: &[(f64, f64)], trained: f64) -> Option<String> {
    if held_out.len() < 3 {
        return None;
    }
    // Means of a fifth of the training, as single epochs go up and down.
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
            "The held-out error was least about epoch {epoch:.0}, {}, and has risen by {:.0} % since: from there on the networks \
             learn what is special to the training data.",
            short(least),
            100.0 * (end / least - 1.0)
        )
    } else if last > LARGER * trained {
        format!(
            "The held-out error does not rise, but is larger than the training error, {} where that is {}: the networks know \
             their training data better than other data.",
            short(last),
            short(trained)
        )
    } else {
        format!(
            "No sign of overfitting: the held-out error does not rise, and at the end is {} where the training error is {}.",
            short(last),
            short(trained)
        )
    })
}

/// What lambda is to the entropic autoencoder; the weight of what the others add to the error.
fn weight(objective: &Objective) -> Option<(&'static str, f64)> {
    match objective {
        Objective::Eae(eae) => Some(("lambda, the weight of the entropy", eae.lambda)),
        Objective::Vae(vae) => Some(("beta, the weight of the divergence", vae.beta)),
        Objective::Wae(wae) => Some(("the weight of the discrepancy", wae.weight)),
        Objective::Rae(rae) => Some(("beta, the weight of the size of codes", rae.beta)),
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
    let description =
        format!("From {} in the first of {epochs} epochs to {} in the last.", short(ends[0]), short(ends[1]));
    let lines: Vec<f64> = layers.iter().flat_map(numbers).collect();
    let [least, most] = [f64::min, f64::max].map(|pick| lines.iter().copied().reduce(pick).unwrap_or(1.0));
    let logarithmic = axis == Axis::Factors && least > 0.0 && most > FACTORS * least;
    let y = if logarithmic { least / 1.2..most * 1.2 } else { range(lines, axis != Axis::Close) };
    let x = if epochs == 1 { 0.0..2.0 } else { 1.0..epochs as f64 };
    Plot {
        title,
        description,
        x: XAxis { label: "epoch", range: x, ticks: Ticks::Whole },
        y,
        logarithmic,
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
    fn overfitting_is_a_rise_or_a_gap() {
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
            "The held-out error was least about epoch 2, 4.000, and has risen by 50 %"
        ));
        assert_eq!(of(&[9.0, 4.0], 1.0), None);
    }

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
            held_out_mse: (epoch != 2).then_some(11.0 / epoch as f64),
        };
        let references = References { held_out_error: 6.0, mean_image_error: 52.9, normal_entropy: Some(23.05) };
        let page = |epochs: &[Epoch], objective| curves(epochs, &objective, &references, false).into_string();
        let text = page(&[epoch(1), epoch(2)], Objective::default());
        assert_eq!(text.matches("<figure").count(), 3);
        for part in [
            "From 10.00 in the first of 2 epochs to 5.000 in the last.",
            "the mean image: 52.90",
            "N(0, I), the same n and k: 23.05",
            "held out, after an epoch",
            "learning rate, at most 0.001",
            "lambda, the weight of the entropy",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(page(&[epoch(1)], Objective::Ae(Ae::default())).matches("<figure").count(), 3);
        assert!(page(&[], Objective::default()).contains("says nothing of its epochs"));
    }
}
