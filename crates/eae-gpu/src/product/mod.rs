//! Matrix products: `C <- finish(alpha op(A) op(B) + beta C)`.

mod seam;
mod shader;
mod tile;

use nn_layers::Activation;

use crate::device::{MOST_WORK, Recording};
use crate::kernel::{groups, params};
use crate::{Error, GpuMatrix, Result};

pub use seam::GpuGemm;
pub(crate) use shader::Curve;
pub use shader::Layout;
use shader::{AddUp, Finish, Multiply};
pub use tile::Tile;
use tile::plan;

/// A product, and what is done to its numbers before they are written:
///
/// ```text
/// C <- (activation(alpha op(A) op(B) + beta C + bias)) * derivative
/// ```
///
/// with `op(A)` of shape `[m, k]`, `op(B)` of `[k, n]`, and `C` of `[m, n]`. With `beta` zero the old `C` is not read.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// Which factor counts transposed.
    pub layout: Layout,
    /// What the product is multiplied by.
    pub alpha: f32,
    /// How much of what was there is added.
    pub beta: f32,
    /// Of `[1, n]`, added to each row.
    pub bias: Option<&'a GpuMatrix>,
    /// Applied to each number.
    pub activation: Option<Activation>,
    /// Values of an activation, of `[m, n]`: each number is multiplied by its derivative there.
    pub derivative: Option<(Activation, &'a GpuMatrix)>,
    /// How it is cut, if not as its shape suggests: the tile, and into how many parts the sum.
    pub cut: Option<(Tile, usize)>,
}

impl Default for Product<'_> {
    fn default() -> Self {
        Self { layout: Layout::Plain, alpha: 1.0, beta: 0.0, bias: None, activation: None, derivative: None, cut: None }
    }
}

/// What is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Products.
    Products,
    /// Products, and by itself `op(A)`: sums of its rows are written behind `C`, which is then `m` numbers longer.
    ProductsAndRows,
    /// Squared differences, of `B` transposed.
    Distances,
}

/// The shapes of a product, once they are known to fit.
struct Shape {
    m: usize,
    n: usize,
    k: usize,
}

impl Product<'_> {
    fn shape(&self, a: &GpuMatrix, b: &GpuMatrix, c: &GpuMatrix) -> Result<Shape> {
        let ([a0, a1], [b0, b1]) = (a.shape(), b.shape());
        let (m, k) = if self.layout == Layout::LeftTransposed { (a1, a0) } else { (a0, a1) };
        let (inner, n) = if self.layout == Layout::RightTransposed { (b1, b0) } else { (b0, b1) };
        let wrong = |what: &str, shape: [usize; 2], expected: [usize; 2]| {
            Error::Shape(format!("{what} is of shape {shape:?}, and the product needs {expected:?}"))
        };
        if inner != k {
            return Err(wrong("the right factor", [inner, n], [k, n]));
        }
        if c.shape() != [m, n] {
            return Err(wrong("the result", c.shape(), [m, n]));
        }
        if let Some(bias) = self.bias
            && bias.shape() != [1, n]
        {
            return Err(wrong("the bias", bias.shape(), [1, n]));
        }
        if let Some((_, values)) = self.derivative
            && values.shape() != [m, n]
        {
            return Err(wrong("what the derivative is told from", values.shape(), [m, n]));
        }
        let read = [Some(a), Some(b), self.bias, self.derivative.map(|(_, values)| values)];
        if read.into_iter().flatten().any(|matrix| matrix.shares_with(c)) {
            return Err(Error::Shape("the result of a product shares its memory with what it is made of".to_owned()));
        }
        Ok(Shape { m, n, k })
    }

    fn finish(&self) -> Result<(Finish, f32)> {
        let curve = |activation| {
            Curve::of(activation)
                .ok_or_else(|| Error::Unsupported(format!("{activation:?} is not fused into a product")))
        };
        let activation = self.activation.map(curve).transpose()?;
        let derivative = self.derivative.map(|(activation, _)| curve(activation)).transpose()?;
        let slope = activation.or(derivative).map_or(0.0, |(_, slope)| slope);
        let finish = Finish {
            add: self.beta != 0.0,
            bias: self.bias.is_some(),
            activation: activation.map(|(curve, _)| curve),
            derivative: derivative.map(|(curve, _)| curve),
        };
        Ok((finish, slope))
    }

    /// The squared distances of the rows of `A`, `[m, d]`, from those of `B`, `[n, d]`: each made of differences, not by
    /// `|a|^2 + |b|^2 - 2 a.b`, which loses the digits of what is near.
    pub(crate) fn distances() -> Self {
        Self { layout: Layout::RightTransposed, ..Self::default() }
    }

    /// Records it, in pieces where a matrix is larger than what a kernel may see.
    pub(crate) fn record(
        &self,
        recording: &mut Recording<'_>,
        sum: Sum,
        a: &GpuMatrix,
        b: &GpuMatrix,
        c: &GpuMatrix,
    ) -> Result<()> {
        let shape = self.shape(a, b, c)?;
        let most = c.gpu().limits().binding as usize / 4;
        let fits = |matrix: &GpuMatrix| matrix.shape().iter().product::<usize>() <= most;
        // Rows of a piece: a multiple of 64, so that each begins where a kernel's view may.
        let rows = |lengths: [usize; 2]| (most / lengths[0].max(lengths[1]).max(1) / 64 * 64).max(64);
        if self.layout == Layout::LeftTransposed {
            if (fits(a) && fits(b)) || sum == Sum::ProductsAndRows {
                return self.record_piece(recording, sum, a, b, c, &shape);
            }
            // The sum in pieces, each added to those before, and finished with the last.
            let step = rows([shape.m, shape.n]);
            for from in (0..shape.k).step_by(step) {
                let (k, last) = (step.min(shape.k - from), from + step >= shape.k);
                let piece = Self {
                    beta: if from == 0 { self.beta } else { 1.0 },
                    bias: self.bias.filter(|_| last),
                    activation: self.activation.filter(|_| last),
                    derivative: self.derivative.filter(|_| last),
                    ..*self
                };
                let (a, b) = (a.part(from * shape.m, k, shape.m), b.part(from * shape.n, k, shape.n));
                piece.record_piece(recording, sum, &a, &b, c, &Shape { k, ..shape })?;
            }
            return Ok(());
        }
        if fits(a) && fits(c) {
            return self.record_piece(recording, sum, a, b, c, &shape);
        }
        let step = rows([shape.k, shape.n]);
        for from in (0..shape.m).step_by(step) {
            let m = step.min(shape.m - from);
            let values =
                self.derivative.map(|(activation, values)| (activation, values.part(from * shape.n, m, shape.n)));
            let derivative = values.as_ref().map(|(activation, values)| (*activation, values));
            let (a, c) = (a.part(from * shape.k, m, shape.k), c.part(from * shape.n, m, shape.n));
            Product { derivative, ..*self }.record_piece(recording, sum, &a, b, &c, &Shape { m, ..shape })?;
        }
        Ok(())
    }

    fn record_piece(
        &self,
        recording: &mut Recording<'_>,
        sum: Sum,
        a: &GpuMatrix,
        b: &GpuMatrix,
        c: &GpuMatrix,
        &Shape { m, n, k }: &Shape,
    ) -> Result<()> {
        if m * n == 0 {
            return Ok(());
        }
        let (finish, slope) = self.finish()?;
        let (sums, distance) = (sum == Sum::ProductsAndRows, sum == Sum::Distances);
        let (tile, splits) = self.cut.unwrap_or_else(|| plan(m, n, k));
        let chunk = k.div_ceil(splits.max(1)).next_multiple_of(tile.depth as usize).max(1);
        let splits = k.div_ceil(chunk).max(1);
        let stride = m * n + if sums { m } else { 0 };
        let ((a_part, a_at), (b_part, b_at)) = (a.bind(), b.bind());
        let written = if sums { c.with_tail(m) } else { c.clone() };
        let (c_part, c_at) = written.bind();
        let bias = self.bias.map(GpuMatrix::bind);
        let values = self.derivative.map(|(_, values)| values.bind());
        let [bias_at, y_at] = [&bias, &values].map(|bound| bound.as_ref().map_or(0, |(_, at)| *at));
        let extra = || [&bias, &values].into_iter().flatten().map(|(part, _)| part.clone());
        // Row lengths in memory, and where everything begins, in whole vectors.
        let rows = match self.layout {
            Layout::Plain => [k, n, n],
            Layout::LeftTransposed => [m, n, n],
            Layout::RightTransposed => [k, k, n],
        };
        let starts = [a_at, b_at, c_at, bias_at, y_at];
        let wide = rows.iter().all(|row| row % 4 == 0) && starts.iter().all(|at| at % 4 == 0) && (!sums || m % 4 == 0);
        let partial = splits > 1;
        let row_blocks = n.div_ceil(tile.columns as usize);
        let blocks = m.div_ceil(tile.rows as usize) * row_blocks;
        let words = |first: usize, blocks: usize| {
            let counts = [m, n, k].map(|count| count as u32);
            let at = [a_at, b_at, if partial { 0 } else { c_at }, bias_at, y_at];
            let numbers = [self.alpha, self.beta, slope].map(f32::to_bits);
            params([
                counts[0],
                counts[1],
                counts[2],
                at[0],
                at[1],
                at[2],
                at[3],
                at[4],
                chunk as u32,
                first as u32,
                blocks as u32,
                row_blocks as u32,
                numbers[0],
                numbers[1],
                numbers[2],
                stride as u32,
            ])
        };
        let kernel = Multiply { tile, layout: self.layout, wide, finish, distance, sums, partial };
        let parts = if partial { Some(c.gpu().matrix(splits, stride)?) } else { None };
        let target = parts.as_ref().map_or(c_part.clone(), |parts| parts.bind().0);
        let mut bindings = vec![a_part, b_part, target];
        if !partial {
            bindings.extend(extra());
        }
        // Some tiles at a time, where all of them would keep the device for too long.
        let of_tile = 2 * tile.rows as u64 * tile.columns as u64 * k.max(1) as u64;
        let most = ((MOST_WORK / 4 / of_tile) as usize).max(1);
        for first in (0..blocks).step_by(most) {
            let count = most.min(blocks - first);
            let Some([x, y, _]) = groups(count) else {
                return Err(Error::Limit { what: "a product's tiles", need: count as u64, have: u32::MAX.into() });
            };
            // Those past the end of this piece are within the next, which does them again and finds the same: but they cost time.
            let end = first + count;
            recording.run(&kernel, &bindings, words(first, end), [x, y, splits as u32], of_tile * count as u64)?;
        }
        if let Some(parts) = parts {
            let mut words = words(0, splits);
            words[5] = c_at;
            let bindings: Vec<_> = [parts.bind().0, c_part].into_iter().chain(extra()).collect();
            let Some(groups) = groups(stride.div_ceil(256)) else {
                return Err(Error::Limit { what: "a product", need: stride as u64, have: u32::MAX.into() });
            };
            recording.run(&AddUp { finish }, &bindings, words, groups, (splits * stride) as u64)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gpu;

    /// The layers below take every variant, without a driver.
    #[test]
    fn every_kernel_is_valid() {
        let gpu = Gpu::noop();
        let mut recording = gpu.record();
        let matrix = |rows, columns| gpu.matrix(rows, columns).unwrap();
        for tile in Tile::ALL {
            for layout in [Layout::Plain, Layout::LeftTransposed, Layout::RightTransposed] {
                for side in [8, 9] {
                    for splits in [1, 2] {
                        let (square, bias) = (|| matrix(side, side), matrix(1, side));
                        let values = square();
                        let product = Product { layout, cut: Some((tile, splits)), ..Product::default() };
                        let with_sums = matrix(side + 1, side).part(0, side, side);
                        if layout == Layout::RightTransposed {
                            product.record(&mut recording, Sum::Distances, &square(), &square(), &square()).unwrap();
                        }
                        product.record(&mut recording, Sum::ProductsAndRows, &square(), &square(), &with_sums).unwrap();
                        for activation in [
                            Activation::Relu,
                            Activation::LeakyRelu(0.1),
                            Activation::Sigmoid,
                            Activation::Tanh,
                            Activation::Softplus,
                        ] {
                            let finished =
                                Product { beta: 1.0, bias: Some(&bias), activation: Some(activation), ..product };
                            finished.record(&mut recording, Sum::Products, &square(), &square(), &square()).unwrap();
                            let back = Product { derivative: Some((activation, &values)), ..product };
                            back.record(&mut recording, Sum::Products, &square(), &square(), &square()).unwrap();
                        }
                    }
                }
            }
        }
        assert!(gpu.counts().pipelines > 200, "{:?}", gpu.counts());
        recording.submit().unwrap();
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let gpu = Gpu::noop();
        let matrix = |rows, columns| gpu.matrix(rows, columns).unwrap();
        let product = Product::default();
        let refuse = |product: Product<'_>, a: &GpuMatrix, b: &GpuMatrix, c: &GpuMatrix, expected: &str| {
            let error = product.record(&mut gpu.record(), Sum::Products, a, b, c).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        let (a, b, c) = (matrix(2, 3), matrix(3, 4), matrix(2, 4));
        refuse(product, &a, &matrix(4, 4), &c, "[4, 4], and the product needs [3, 4]");
        refuse(product, &a, &b, &matrix(4, 2), "[4, 2], and the product needs [2, 4]");
        refuse(Product { bias: Some(&matrix(1, 3)), ..product }, &a, &b, &c, "[1, 3]");
        refuse(Product { derivative: Some((Activation::Relu, &a)), ..product }, &a, &b, &c, "[2, 3]");
        let square = matrix(2, 2);
        refuse(product, &square, &matrix(2, 2), &square, "shares its memory");
        refuse(Product { activation: Some(Activation::LeakyRelu(-1.0)), ..product }, &a, &b, &c, "LeakyRelu(-1.0)");
    }
}
