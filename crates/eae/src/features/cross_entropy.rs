use autodiff_mini::{Sink, Var};
use ndarray::{Array2, Axis, Ix2, arr0};

use crate::Float;

/// Returns the cross-entropy `-1/n sum_i ln softmax(y_i)[label_i]` of the rows of `y`
/// `[n, classes]`, in nats.
///
/// # Panics
///
/// If `y` is not a matrix with one row per label, or a label is not a class.
pub fn cross_entropy<'t, F: Float>(y: Var<'t, F>, labels: &[u8]) -> Var<'t, F> {
    let scores = y.value().into_dimensionality::<Ix2>().expect("a row of scores for each label");
    assert!(scores.nrows() == labels.len(), "{} rows of scores for {} labels", scores.nrows(), labels.len());
    let n = labels.len() as f64;
    let mut loss = 0.0;
    // The softmax minus the one-hot label is the gradient, up to the factor 1/n.
    let mut gradient = Array2::zeros(scores.raw_dim());
    for ((scores, mut gradient), &label) in scores.axis_iter(Axis(0)).zip(gradient.axis_iter_mut(Axis(0))).zip(labels) {
        // Subtracting the largest score keeps the exponentials from overflowing.
        let most = scores.iter().fold(f64::NEG_INFINITY, |most, score| most.max(score.into_f64()));
        let sum: f64 = scores.iter().map(|score| (score.into_f64() - most).exp()).sum();
        loss += sum.ln() - (scores[usize::from(label)].into_f64() - most);
        for (to, score) in gradient.iter_mut().zip(scores) {
            *to = F::from_f64((score.into_f64() - most).exp() / sum);
        }
        gradient[usize::from(label)] -= F::from_f64(1.0);
    }
    y.tape().custom(&[y], arr0(F::from_f64(loss / n)), move |g, sink: &mut Sink<'_, F>| {
        sink.add(0, gradient * (F::from_f64(1.0 / n) * g[[]]));
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::{Tape, gradcheck};
    use ndarray::{ArrayD, array};

    #[test]
    fn value_and_gradient() {
        let loss = |scores: Array2<f64>, labels: &[u8]| {
            let tape = Tape::new();
            cross_entropy(tape.constant(scores), labels).scalar()
        };
        assert!((loss(Array2::zeros((3, 10)), &[0, 4, 9]) - 10_f64.ln()).abs() < 1e-15);
        // ln(1 + e^-1) and ln(1 + e^2).
        let expected = (1.0 + (-1.0_f64).exp()).ln() / 2.0 + (1.0 + 2.0_f64.exp()).ln() / 2.0;
        assert!((loss(array![[1.0, 0.0], [2.0, 0.0]], &[0, 1]) - expected).abs() < 1e-15);
        assert_eq!(loss(array![[1e308, 0.0]], &[0]), 0.0);
        let scores = ArrayD::from_shape_fn(vec![4, 3], |i| (3.0 * i[0] as f64 + i[1] as f64).sin() * 2.0);
        gradcheck(|y| cross_entropy(y[0], &[2, 0, 1, 1]), &[scores]).unwrap();
    }
}
