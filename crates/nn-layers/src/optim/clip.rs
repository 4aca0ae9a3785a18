use crate::Float;
use ndarray::ArrayD;

/// Scales all gradients together so that their joint Euclidean norm is at most `most`, and returns the norm that they had.
/// Pascanu, Mikolov and Bengio (ICML 2013).
///
/// A norm that is not finite is returned, and the gradients are left as they are: scaling cannot mend them.
pub fn clip_norm<F: Float>(gradients: &mut [Option<ArrayD<F>>], most: f64) -> f64 {
    let squares = gradients.iter().flatten().flatten().map(|g| g.into_f64().powi(2));
    let norm = squares.sum::<f64>().sqrt();
    if norm.is_finite() && norm > most {
        let factor = F::from_f64(most / norm);
        gradients.iter_mut().flatten().for_each(|g| *g *= factor);
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn scales_to_the_norm_and_no_further() {
        let mut gradients = [Some(array![3.0, 0.0].into_dyn()), None, Some(array![[-4.0]].into_dyn())];
        assert_eq!(clip_norm(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients[0], Some(array![3.0, 0.0].into_dyn()));
        assert_eq!(clip_norm(&mut gradients, 1.0), 5.0);
        approx::assert_relative_eq!(clip_norm(&mut gradients, 10.0), 1.0, max_relative = 1e-15);
    }

    #[test]
    fn does_not_hide_what_is_not_finite() {
        let mut gradients = [Some(array![f64::NAN, 1.0].into_dyn())];
        assert!(clip_norm(&mut gradients, 1.0).is_nan());
        assert_eq!(gradients[0].as_ref().unwrap()[1], 1.0);
    }
}
