//! Between an image and the matrix of what a filter sees of it: a row for each position, `[kernel height, kernel width,
//! channels]` in each row. With it a convolution is one matrix product ("im2col").

use autodiff_mini::Scalar;

use crate::Window;

/// One image's sizes, and those of the positions that a window has on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) window: Window,
    /// Height and width of the image.
    pub(super) size: [usize; 2],
    /// Rows and columns of positions.
    pub(super) positions: [usize; 2],
    pub(super) channels: usize,
}

impl Grid {
    /// Numbers in an image.
    pub(super) fn image_len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }

    /// Rows of the matrix.
    pub(super) fn rows(&self) -> usize {
        self.positions[0] * self.positions[1]
    }

    /// Columns of the matrix.
    pub(super) fn columns(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1] * self.channels
    }

    /// Fills the matrix from the image; zeros where the window reaches beyond it.
    pub(super) fn gather<F: Scalar>(&self, image: &[F], matrix: &mut [F]) {
        self.each_run(|run| match run {
            Run::Inside { image: from, matrix: to, length } => {
                matrix[to..to + length].copy_from_slice(&image[from..from + length]);
            }
            Run::Outside { matrix: to, length } => matrix[to..to + length].fill(F::zero()),
        });
    }

    /// Adds the matrix to the image: the transpose of [`gather`](Grid::gather) as a linear map.
    pub(super) fn scatter<F: Scalar>(&self, matrix: &[F], image: &mut [F]) {
        self.each_run(|run| {
            if let Run::Inside { image: to, matrix: from, length } = run {
                image[to..to + length].iter_mut().zip(&matrix[from..from + length]).for_each(|(to, &from)| *to += from);
            }
        });
    }

    /// Walks the matrix from its first number to its last, run by run.
    fn each_run(&self, mut visit: impl FnMut(Run)) {
        let Window { kernel: [kernel_height, kernel_width], stride, padding } = self.window;
        let [height, width] = self.size;
        let channels = self.channels;
        let mut matrix = 0;
        for row in 0..self.positions[0] {
            for column in 0..self.positions[1] {
                // Columns `first..last` of the window lie on the image.
                let left = column * stride[1];
                let first = padding[1].saturating_sub(left).min(kernel_width);
                let last = (width + padding[1]).saturating_sub(left).min(kernel_width).max(first);
                for u in 0..kernel_height {
                    let y = (row * stride[0] + u).checked_sub(padding[0]).filter(|&y| y < height);
                    match y {
                        Some(y) if last > first => {
                            visit(Run::Outside { matrix, length: first * channels });
                            let image = (y * width + left + first - padding[1]) * channels;
                            let start = matrix + first * channels;
                            visit(Run::Inside { image, matrix: start, length: (last - first) * channels });
                            let rest = matrix + last * channels;
                            visit(Run::Outside { matrix: rest, length: (kernel_width - last) * channels });
                        }
                        _ => visit(Run::Outside { matrix, length: kernel_width * channels }),
                    }
                    matrix += kernel_width * channels;
                }
            }
        }
    }
}

/// Consecutive numbers of the matrix.
enum Run {
    /// Which are consecutive in the image, too.
    Inside { image: usize, matrix: usize, length: usize },
    /// Which lie beyond the image.
    Outside { matrix: usize, length: usize },
}
