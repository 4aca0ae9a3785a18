/// The geometry of a filter that slides over an image: its size, its stride and the zero padding
/// around the image, each as `[vertical, horizontal]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// The filter's height and width, at least 1.
    pub kernel: [usize; 2],
    /// The vertical and horizontal stride, at least 1.
    pub stride: [usize; 2],
    /// Number of rows and columns of zeros on each side.
    pub padding: [usize; 2],
}

impl Window {
    /// Creates a window from sizes `[vertical, horizontal]`.
    ///
    /// # Panics
    ///
    /// If a side of `kernel` or `stride` is 0.
    pub const fn new(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Self {
        let [height, width] = kernel;
        let [down, right] = stride;
        assert!(height > 0 && width > 0 && down > 0 && right > 0, "the kernel and the stride must be at least 1");
        Self { kernel, stride, padding }
    }

    /// Creates a window with the same sizes in both directions.
    ///
    /// # Panics
    ///
    /// If `kernel` or `stride` is 0.
    pub const fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Self::new([kernel; 2], [stride; 2], [padding; 2])
    }

    /// Returns the height and width of a convolution's output,
    /// `(size + 2 padding - kernel) / stride + 1` rounded down, or `None` if the image is too small
    /// for a single position, the padded image too large for memory, or a field 0 that must be at
    /// least 1.
    pub fn convolved(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let padded = |i: usize| size[i].checked_add(self.padding[i].checked_mul(2)?);
        let side = |i: usize| Some(padded(i)?.checked_sub(self.kernel[i])? / self.stride[i] + 1);
        if self.has_zero() || !fits(&[padded(0)?, padded(1)?]) {
            return None;
        }
        Some([side(0)?, side(1)?])
    }

    /// Returns the height and width of a transposed convolution's output,
    /// `(size - 1) stride + kernel - 2 padding`, or `None` if no pixel is left, the result is too
    /// large for memory, or a field is 0 that must be at least 1. This is the smallest size that
    /// [`convolved`](Window::convolved) maps back to `size`.
    pub fn transposed(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let full = |i: usize| size[i].checked_sub(1)?.checked_mul(self.stride[i])?.checked_add(self.kernel[i]);
        let side = |i: usize| full(i)?.checked_sub(self.padding[i].checked_mul(2)?).filter(|&side| side > 0);
        if self.has_zero() || !fits(&[full(0)?, full(1)?]) {
            return None;
        }
        Some([side(0)?, side(1)?])
    }

    /// Returns true if a field is 0 that must be at least 1.
    fn has_zero(&self) -> bool {
        self.kernel.contains(&0) || self.stride.contains(&0)
    }

    /// Returns the accepted shape for an error: `takes`, or a description of an unusable field.
    pub(crate) fn accepted(&self, takes: String) -> String {
        let [rows, columns] = self.padding;
        match self.has_zero() {
            true => "no image (a side or a stride of its window is 0)".to_owned(),
            false if fits(&[rows.max(1), columns.max(1), 2, 2]) => takes,
            false => format!("no image (its padding of {rows} x {columns} does not fit into memory)"),
        }
    }
}

/// Returns true if an array of this shape can be addressed.
pub(crate) fn fits(shape: &[usize]) -> bool {
    let numbers = shape.iter().try_fold(size_of::<f64>(), |product, &side| product.checked_mul(side));
    numbers.is_some_and(|bytes| bytes <= isize::MAX as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_fields_have_no_output() {
        let good = Window::square(3, 2, 1);
        let window = |change: fn(&mut Window)| {
            let mut window = good;
            change(&mut window);
            window
        };
        for bad in [
            window(|w| w.stride[0] = 0),
            window(|w| w.kernel[1] = 0),
            window(|w| w.padding[0] = usize::MAX),
            window(|w| w.padding = [1 << 40; 2]),
        ] {
            assert_eq!((bad.convolved([8, 8]), bad.transposed([8, 8])), (None, None), "{bad:?}");
        }
        assert_eq!(window(|w| w.stride[1] = usize::MAX).transposed([8, 8]), None);
    }

    #[test]
    fn output_sizes() {
        let halving = Window::square(4, 2, 1);
        assert_eq!((halving.convolved([28, 14]), halving.transposed([14, 7])), (Some([14, 7]), Some([28, 14])));
        assert_eq!(Window::square(3, 1, 1).convolved([5, 1]), Some([5, 1]));
        assert_eq!(
            (Window::square(3, 1, 0).convolved([5, 2]), Window::square(2, 1, 1).transposed([1, 1])),
            (None, None)
        );
    }
}
