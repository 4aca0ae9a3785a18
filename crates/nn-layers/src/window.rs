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
    /// for a single position.
    pub fn convolved(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let side = |i: usize| Some((size[i] + 2 * self.padding[i]).checked_sub(self.kernel[i])? / self.stride[i] + 1);
        Some([side(0)?, side(1)?])
    }

    /// Returns the height and width of a transposed convolution's output,
    /// `(size - 1) stride + kernel - 2 padding`, or `None` if no pixel is left. This is the
    /// smallest size that [`convolved`](Window::convolved) maps back to `size`.
    pub fn transposed(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let side = |i: usize| {
            let full = size[i].checked_sub(1)? * self.stride[i] + self.kernel[i];
            full.checked_sub(2 * self.padding[i]).filter(|&side| side > 0)
        };
        Some([side(0)?, side(1)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
