//! The arrays of a layer, listed once for optimizers, reading and writing.

use crate::Real;
use ndarray::{ArcArray, ArrayD, Axis, IxDyn};

/// An array of a layer. It is shared with a tape at no cost while the tape is alive, and updated in
/// place between tapes. A clone of a model costs nothing until one of the two is changed.
pub type Tensor<F> = ArcArray<F, IxDyn>;

/// One array of a layer, under the name that it has in PyTorch's module.
#[derive(Debug)]
pub struct Entry<'a, F: Real> {
    /// The name: `weight`, `bias`, `running_mean`, ...
    pub name: &'static str,
    /// The array.
    pub content: Content<'a, F>,
    /// The meaning of its axes, in memory and in a file.
    pub axes: Axes,
}

/// The role of an entry in training.
#[derive(Debug)]
pub enum Content<'a, F: Real> {
    /// A parameter, changed by the optimizer.
    Parameter(&'a mut Tensor<F>),
    /// A statistic, changed by the forward pass in training mode.
    Statistic(&'a mut Tensor<F>),
    /// The number of batches.
    Count(&'a mut u64),
}

/// The correspondence of the axes of an array in memory (channels last) and in a file (PyTorch's
/// channels first).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// Axes `[features]`, the outputs of the layer.
    Features,
    /// Axes `[outputs, inputs]`.
    Matrix,
    /// Axes `[a, height, width, b]` in memory and `[a, b, height, width]` in a file.
    Filters,
}

/// The image `[height, width, channels]` that a flat row of features represents in memory. A file
/// has it as `[channels, height, width]`.
pub(crate) type Image = Option<[usize; 3]>;

impl Axes {
    /// Converts an array from memory to file layout, for a layer between flattened images (or
    /// `None`) of these shapes.
    pub(crate) fn to_file<F: Real>(self, array: &Tensor<F>, input: Image, output: Image) -> ArrayD<F> {
        match self {
            Self::Features => channels_first(array.to_owned(), 0, output),
            Self::Matrix => channels_first(channels_first(array.to_owned(), 0, output), 1, input),
            Self::Filters => array.view().permuted_axes(vec![0, 3, 1, 2]).as_standard_layout().into_owned(),
        }
    }

    /// Converts an array from file to memory layout. The inverse of [`Axes::to_file`].
    pub(crate) fn to_memory<F: Real>(self, array: ArrayD<F>, input: Image, output: Image) -> ArrayD<F> {
        match self {
            Self::Features => channels_last(array, 0, output),
            Self::Matrix => channels_last(channels_last(array, 0, output), 1, input),
            Self::Filters => array.permuted_axes(vec![0, 2, 3, 1]).as_standard_layout().into_owned(),
        }
    }

    /// Returns the shape in a file of an array with this shape in memory.
    pub(crate) fn file_shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Filters, &[a, height, width, b]) => vec![a, b, height, width],
            _ => shape.to_vec(),
        }
    }
}

/// Reorders the features along an axis from `[height, width, channels]` to
/// `[channels, height, width]`.
fn channels_first<F: Real>(array: ArrayD<F>, axis: usize, image: Image) -> ArrayD<F> {
    let Some([height, width, channels]) = image else { return array };
    let order: Vec<usize> =
        (0..channels).flat_map(|c| (0..height * width).map(move |pixel| pixel * channels + c)).collect();
    array.select(Axis(axis), &order)
}

fn channels_last<F: Real>(array: ArrayD<F>, axis: usize, image: Image) -> ArrayD<F> {
    // The same reordering with the two factors exchanged.
    channels_first(array, axis, image.map(|[height, width, channels]| [channels, 1, height * width]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    #[test]
    fn to_memory_undoes_to_file() {
        let image = Some([2, 3, 4]);
        let features = Array::from_iter(0..24).mapv(f64::from).into_dyn().into_shared();
        let file = Axes::Features.to_file(&features, None, image);
        let expected = features.clone().into_shape_with_order(vec![6, 4]).unwrap().reversed_axes();
        assert_eq!(file.as_slice().unwrap(), expected.as_standard_layout().as_slice().unwrap());
        assert_eq!(Axes::Features.to_memory(file, None, image), features.into_owned());

        let matrix = Array::from_shape_fn((3, 24), |(i, j)| (100 * i + j) as f64).into_dyn().into_shared();
        let file = Axes::Matrix.to_file(&matrix, image, None);
        assert_eq!((file[[2, 0]], file[[2, 1]], file[[2, 6]]), (200.0, 204.0, 201.0));
        assert_eq!(Axes::Matrix.to_memory(file, image, None), matrix.into_owned());

        let filters = Array::from_shape_fn((2, 3, 4, 5), |(a, h, w, b)| (1000 * a + 100 * h + 10 * w + b) as f64);
        let filters = filters.into_dyn().into_shared();
        let file = Axes::Filters.to_file(&filters, None, None);
        assert_eq!((file.shape(), file[[1, 4, 2, 3]]), (&[2, 5, 3, 4][..], 1234.0));
        assert_eq!(Axes::Filters.file_shape(filters.shape()), file.shape());
        assert_eq!(Axes::Filters.to_memory(file, None, None), filters.into_owned());
    }
}
