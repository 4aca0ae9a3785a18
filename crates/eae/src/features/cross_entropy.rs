use autodiff_mini::{Sink, Var};
use ndarray::{Ix2, arr0};

use crate::Float;

/// The cross-entropy of the softmax of each row of `logits` with the class that it should be, averaged over the rows:
///
/// ```text
/// mean_i (logsumexp_c z_ic - z_i,label(i)),    gradient (softmax(z_i)_c - [c = label(i)]) / n
/// ```
///
/// Each row's largest number is taken off before the exponentials, so that none of them overflows. The same numbers as
/// PyTorch's `cross_entropy`.
///
/// # Panics
///
/// If `logits` is not a matrix `[n, classes]` with a row for each label, or a label is not below `classes`.
pub fn cross_entropy<'t, F: Float>(logits: Var<'t, F>, labels: &[u8]) -> Var<'t, F> {
    let z = logits.value().into_dimensionality::<Ix2>().expect("`cross_entropy` takes a matrix");
    assert!(z.nrows() == labels.len(), "{} rows of logits for {} labels", z.nrows(), labels.len());
    // The gradient of the sum over rows, known on the way.
    let mut gradient = z.to_owned();
    let mut sum = 0.0;
    for (mut row, &label) in gradient.outer_iter_mut().zip(labels) {
        let label = usize::from(label);
        assert!(label < row.len(), "label {label} of {} classes", row.len());
        let largest = row.iter().fold(F::neg_infinity(), |largest, &z| largest.max(z));
        let wanted = row[label] - largest;
        row.mapv_inplace(|z| (z - largest).exp());
        let total = row.sum();
        sum += (total.ln() - wanted).into_f64();
        row.mapv_inplace(|e| e / total);
        row[label] -= F::one();
    }
    let n = labels.len() as f64;
    logits.tape().custom(&[logits], arr0(F::from_f64(sum / n)), move |g, sink: &mut Sink<'_, F>| {
        gradient *= g[[]] * F::from_f64(n.recip());
        sink.add(0, gradient);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use autodiff_mini::{Tape, gradcheck};
    use ndarray::array;

    #[test]
    fn gradient() {
        let z = array![[0.3, -1.2, 2.0], [1.0, 1.0, 1.0], [-30.0, 4.0, 3.5], [5.0, 0.1, -0.7]].into_dyn();
        gradcheck(|z| cross_entropy(z[0], &[2, 0, 1, 2]), &[z]).unwrap();
    }

    #[test]
    fn large_numbers_neither_overflow_nor_vanish() {
        let tape = Tape::<f32>::new();
        let of = |row: [f32; 3], label| cross_entropy(tape.constant(array![row]), &[label]).scalar();
        assert_eq!(of([1e4, 0.0, -1e4], 0), 0.0);
        assert_eq!(of([1e4, 0.0, -1e4], 2), 2e4);
        assert_relative_eq!(of([-1e30, -1e30, -1e30], 1), 3_f32.ln(), max_relative = 1e-6);
        // torch.nn.functional.cross_entropy(torch.tensor([[0.5, -1.0, 2.0], [3.0, 0.25, -0.75]]), torch.tensor([0, 1]))
        let two = cross_entropy(tape.constant(array![[0.5_f32, -1.0, 2.0], [3.0, 0.25, -0.75]]), &[0, 1]).scalar();
        assert_relative_eq!(two, TORCH, max_relative = 1e-6);
    }

    const TORCH: f32 = 2.287_571_4;
}
