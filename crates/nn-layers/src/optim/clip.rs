use autodiff_mini::Gradients;

use crate::Real;

/// Scales all gradients so that their joint Euclidean norm is at most `most`, and returns the norm
/// before scaling (Pascanu, Mikolov and Bengio, ICML 2013).
///
/// If the norm is not finite, the gradients are left unchanged, because scaling cannot repair them.
pub fn clip_norm<F: Real>(gradients: &mut Gradients<F>, most: f64) -> f64 {
    let norm = gradients.values_mut().flatten().map(|g| g.into_f64().powi(2)).sum::<f64>().sqrt();
    if norm.is_finite() && norm > most {
        let factor = F::from_f64(most / norm);
        gradients.values_mut().for_each(|g| *g *= factor);
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::Tape;
    use ndarray::{ArcArray1, array};

    /// Returns the given gradients of two parameters.
    fn gradients(x: &[ArcArray1<f64>; 2], numbers: [[f64; 2]; 2]) -> Gradients<f64> {
        let tape = Tape::new();
        let term = |i: usize| tape.parameter(&x[i]) * tape.constant(array![numbers[i][0], numbers[i][1]]);
        let loss = (term(0) + term(1)).sum().id();
        tape.backward(loss)
    }

    #[test]
    fn scales_only_to_the_norm() {
        let x = [array![1.0, 2.0].into_shared(), array![1.0, 2.0].into_shared()];
        let mut gradients = gradients(&x, [[3.0, 0.0], [0.0, -4.0]]);
        assert_eq!(clip_norm(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients.wrt(&x[0]), Some(&array![3.0, 0.0].into_dyn()));
        assert_eq!(clip_norm(&mut gradients, 1.0), 5.0);
        approx::assert_relative_eq!(clip_norm(&mut gradients, 10.0), 1.0, max_relative = 1e-15);
    }

    #[test]
    fn returns_a_norm_that_is_not_finite() {
        let x = [array![1.0, 2.0].into_shared(), array![1.0, 2.0].into_shared()];
        let mut gradients = gradients(&x, [[f64::NAN, 1.0], [0.0, 0.0]]);
        assert!(clip_norm(&mut gradients, 1.0).is_nan());
        assert_eq!(gradients.wrt(&x[0]).unwrap()[1], 1.0);
    }
}
