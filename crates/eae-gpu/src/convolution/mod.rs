//! Convolutions as matrix products: the values in the window at each position are unfolded into a
//! row, and the rows are multiplied with the filters. The transpose multiplies first and then folds
//! the rows into images. It is the gradient with respect to the input, and the value of a
//! transposed convolution.

use nn_layers::{Activation, Window};

use crate::device::Recording;
use crate::kernel::{Access, Kernel, Shader, for_each, params};
use crate::product::Epilogue;
use crate::{Error, GpuMatrix, Result};

/// A window on images, and its positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Geometry {
    /// Height, width and channels of the image.
    pub(crate) image: [usize; 3],
    /// Number of positions, vertically and horizontally.
    pub(crate) positions: [usize; 2],
    pub(crate) window: Window,
}

/// The epilogue of folding, as for a [`Product`](crate::Product):
/// `activation(sum + old + bias) * derivative`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Folded<'a> {
    pub(crate) add: bool,
    pub(crate) bias: Option<&'a GpuMatrix>,
    pub(crate) activation: Option<Activation>,
    pub(crate) derivative: Option<(Activation, &'a GpuMatrix)>,
}

#[derive(Debug, Clone, Copy)]
struct Unfold;

#[derive(Debug, Clone, Copy)]
struct Fold(Epilogue);

/// Common head of both kernels.
const PARAMS: &str = "alias T = f32;
struct Params {
    images: u32, channels: u32,
    // The lower half of a word is vertical, the upper half horizontal.
    size: u32, positions: u32, kernel: u32, stride: u32, padding: u32,
    x_at: u32, c_at: u32, bias_at: u32, y_at: u32,
    beta: f32, slope: f32,
}
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
fn sides(word: u32) -> vec2<u32> { return vec2<u32>(word & 0xffffu, word >> 16u); }
";

impl Geometry {
    /// Returns the shape of `images` unfolded images.
    pub(crate) fn unfolded(&self, images: usize) -> [usize; 2] {
        let ([i, j], [u, v]) = (self.positions, self.window.kernel);
        [images * i * j, u * v * self.image[2]]
    }

    fn words(&self, images: usize, starts: [u32; 4], beta: f32, slope: f32) -> Result<[u32; 13]> {
        let [height, width, channels] = self.image;
        let Window { kernel, stride, padding, .. } = self.window;
        let mut packed = [0; 5];
        for (word, sides) in packed.iter_mut().zip([[height, width], self.positions, kernel, stride, padding]) {
            // The sum of two sides has 17 bits, and the product of two fits into 32.
            if let Some(&side) = sides.iter().find(|&&side| side > 0x7fff) {
                return Err(Error::Limit { what: "a side of an image or window", need: side as u64, have: 0x7fff });
            }
            *word = sides[0] as u32 | (sides[1] as u32) << 16;
        }
        let [size, positions, kernel, stride, padding] = packed;
        let [x_at, c_at, bias_at, y_at] = starts;
        let [images, channels] = [images, channels].map(|count| count as u32);
        let numbers = [beta, slope].map(f32::to_bits);
        Ok([
            images, channels, size, positions, kernel, stride, padding, x_at, c_at, bias_at, y_at, numbers[0],
            numbers[1],
        ])
    }

    /// Unfolds `images` into rows `[images * positions, kernel * channels]`.
    pub(crate) fn unfold(&self, recording: &mut Recording<'_>, images: &GpuMatrix, rows: &GpuMatrix) -> Result<()> {
        let count = images.shape()[0];
        assert_eq!(rows.shape(), self.unfolded(count), "one row per position");
        assert_eq!(images.shape()[1], self.image.iter().product::<usize>(), "one image per row");
        let ((x, x_at), (c, c_at)) = (images.bind(), rows.bind());
        let words = self.words(count, [x_at, c_at, 0, 0], 0.0, 0.0)?;
        let numbers = rows.shape().iter().product::<usize>();
        dispatch(recording, &Unfold, &[x, c], words, numbers, 1)
    }

    /// Folds rows into images: each pixel is the sum of its entries.
    pub(crate) fn fold(
        &self,
        recording: &mut Recording<'_>,
        rows: &GpuMatrix,
        images: &GpuMatrix,
        how: &Folded<'_>,
    ) -> Result<()> {
        let count = images.shape()[0];
        assert_eq!(rows.shape(), self.unfolded(count), "one row per position");
        let derivative = how.derivative.map(|(activation, _)| activation);
        let (epilogue, slope) = Epilogue::of(how.add, how.bias.is_some(), how.activation, derivative)?;
        let ((x, x_at), (c, c_at)) = (rows.bind(), images.bind());
        let [bias, values] = [how.bias, how.derivative.map(|(_, values)| values)].map(|some| some.map(GpuMatrix::bind));
        let [bias_at, y_at] = [&bias, &values].map(|bound| bound.as_ref().map_or(0, |(_, at)| *at));
        let words = self.words(count, [x_at, c_at, bias_at, y_at], 1.0, slope)?;
        let extra = [bias, values].into_iter().flatten().map(|(part, _)| part);
        let bindings: Vec<_> = [x, c].into_iter().chain(extra).collect();
        let [u, v] = self.window.kernel;
        dispatch(recording, &Fold(epilogue), &bindings, words, images.shape().iter().product(), u * v)
    }
}

fn dispatch(
    recording: &mut Recording<'_>,
    kernel: &dyn Kernel,
    bindings: &[crate::device::Part],
    words: [u32; 13],
    numbers: usize,
    work: usize,
) -> Result<()> {
    recording.run(kernel, bindings, params(words), [numbers.div_ceil(256), 1], (numbers * work) as u64)
}

impl Kernel for Unfold {
    fn shader(&self) -> Shader {
        let source = format!("{PARAMS}{}{}", for_each(256), include_str!("unfold.wgsl"));
        Shader { source, bindings: vec![Access::Read, Access::Write], threads: 256, shared: 0 }
    }
}

impl Kernel for Fold {
    fn shader(&self) -> Shader {
        let source = format!("{PARAMS}{}{}{}", for_each(256), include_str!("fold.wgsl"), self.0.text(3, 1));
        let bindings = [Access::Read, Access::Write].into_iter().chain(self.0.bindings()).collect();
        Shader { source, bindings, threads: 256, shared: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gpu;

    #[test]
    fn every_kernel_is_valid() {
        let gpu = Gpu::noop();
        let mut recording = gpu.record();
        let geometry = Geometry { image: [6, 5, 3], positions: [3, 3], window: Window::square(3, 2, 1) };
        let [images, values] = [(); 2].map(|()| gpu.matrix(2, 90).unwrap());
        let [rows, bias] = [gpu.matrix(18, 27).unwrap(), gpu.matrix(1, 3).unwrap()];
        geometry.unfold(&mut recording, &images, &rows).unwrap();
        for add in [false, true] {
            let activation = Some(Activation::LeakyRelu(0.1));
            let forward = Folded { add, bias: Some(&bias), activation, derivative: None };
            let back = Folded { derivative: Some((Activation::Tanh, &values)), add, ..Folded::default() };
            for how in [forward, back, Folded::default()] {
                geometry.fold(&mut recording, &rows, &images, &how).unwrap();
            }
        }
        let wide = Geometry { image: [1, 0x8000, 1], ..geometry };
        let error = wide.words(1, [0; 4], 0.0, 0.0).unwrap_err();
        assert!(matches!(error, Error::Limit { need: 0x8000, .. }), "{error}");
        recording.submit().unwrap();
    }
}
