use ndarray::{Array3, ArrayView3, ArrayView4, Axis, Zip};

use crate::Float;
use crate::data::{DataError, Source, batches};

/// Returns the squared difference, summed over pixels and averaged over images. 0 is perfect.
///
/// # Panics
///
/// If the shapes differ.
pub fn reconstruction_error<F: Float>(images: ArrayView4<'_, F>, reconstructions: ArrayView4<'_, F>) -> f64 {
    let square = |sum: f64, &a: &F, &b: &F| sum + (a - b).into_f64().powi(2);
    Zip::from(images).and(reconstructions).fold(0.0, square) / images.len_of(Axis(0)) as f64
}

/// Returns the squared difference of each image, summed over pixels.
///
/// # Panics
///
/// If the shapes differ.
pub fn reconstruction_errors<F: Float>(images: ArrayView4<'_, F>, reconstructions: ArrayView4<'_, F>) -> Vec<f64> {
    assert!(images.dim() == reconstructions.dim(), "{:?} and {:?}", images.dim(), reconstructions.dim());
    let (images, back) = (images.axis_chunks_iter(Axis(0), 1), reconstructions.axis_chunks_iter(Axis(0), 1));
    images.zip(back).map(|(image, back)| reconstruction_error(image, back)).collect()
}

/// Returns the error of reconstructing `images` by the mean of `train`. A model that has learned
/// more than the mean image has a smaller error.
///
/// # Errors
///
/// If the training images cannot be read.
///
/// # Panics
///
/// If the images differ in shape.
pub fn mean_image_error<F: Float>(train: impl Source<F>, images: ArrayView4<'_, F>) -> Result<f64, DataError> {
    // Sum in double precision.
    let mut mean = Array3::<f64>::zeros(train.image_shape());
    for batch in batches(&train, 250) {
        batch?.outer_iter().for_each(|image| mean.zip_mut_with(&image, |sum, x| *sum += x.into_f64()));
    }
    mean /= train.len() as f64;
    let square = |sum: f64, x: &F, mean: &f64| sum + (x.into_f64() - mean).powi(2);
    let error = |image: ArrayView3<'_, F>| Zip::from(image).and(&mean).fold(0.0, square);
    Ok(images.outer_iter().map(error).sum::<f64>() / images.len_of(Axis(0)) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    #[test]
    fn errors_computed_by_hand() {
        let train = Array4::from_shape_vec((2, 1, 2, 1), vec![0.0, 1.0, 1.0, 0.0]).unwrap();
        let test = Array4::from_shape_vec((2, 1, 2, 1), vec![1.0, 1.0, 0.5, 0.0]).unwrap();
        assert_eq!(reconstruction_error(test.view(), train.view()), (1.0 + 0.0 + 0.25 + 0.0) / 2.0);
        assert_eq!(reconstruction_errors(test.view(), train.view()), [1.0, 0.25]);
        // The mean image is (1/2, 1/2).
        assert_eq!(mean_image_error(train.view(), test.view()).unwrap(), (0.25 + 0.25 + 0.0 + 0.25) / 2.0);
    }
}
