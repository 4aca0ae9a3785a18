//! Matrix products: `C <- epilogue(alpha op(A) op(B) + beta C)`.

mod epilogue;
mod gemm;
mod shader;
mod split_k;
mod tile;

use nn_layers::Activation;

use crate::{Error, GpuMatrix, Result};

pub(crate) use epilogue::{Curve, Epilogue};
pub use gemm::GpuGemm;
pub use shader::Transposed;
pub use tile::Tile;

/// A product, and what is done to its numbers before they are written:
///
/// ```text
/// C <- (activation(alpha op(A) op(B) + beta C + bias)) * derivative
/// ```
///
/// with `op(A)` of shape `[m, k]`, `op(B)` of `[k, n]`, and `C` of `[m, n]`. With `beta` zero the
/// old `C` is not read.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// The factor that counts transposed.
    pub transposed: Transposed,
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
        Self {
            transposed: Transposed::Neither,
            alpha: 1.0,
            beta: 0.0,
            bias: None,
            activation: None,
            derivative: None,
            cut: None,
        }
    }
}

/// What is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Products.
    Products,
    /// Products, and by itself `op(A)`: sums of its rows are written behind `C`, which is then `m`
    /// numbers longer.
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
        let (m, k) = if self.transposed == Transposed::Left { (a1, a0) } else { (a0, a1) };
        let (inner, n) = if self.transposed == Transposed::Right { (b1, b0) } else { (b0, b1) };
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

    /// The squared distances of the rows of `A`, `[m, d]`, from those of `B`, `[n, d]`: each made
    /// of differences, not by `|a|^2 + |b|^2 - 2 a.b`, which loses the digits of what is near.
    pub(crate) fn distances() -> Self {
        Self { transposed: Transposed::Right, ..Self::default() }
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
            for transposed in [Transposed::Neither, Transposed::Left, Transposed::Right] {
                for side in [8, 9] {
                    for splits in [1, 2] {
                        let (square, bias) = (|| matrix(side, side), matrix(1, side));
                        let values = square();
                        let product = Product { transposed, cut: Some((tile, splits)), ..Product::default() };
                        let with_sums = matrix(side + 1, side).part(0, side, side);
                        if transposed == Transposed::Right {
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
