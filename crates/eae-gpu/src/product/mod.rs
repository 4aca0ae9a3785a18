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

/// A product and its epilogue:
///
/// ```text
/// C <- (activation(alpha op(A) op(B) + beta C + bias)) * derivative
/// ```
///
/// with `op(A)` of shape `[m, k]`, `op(B)` of shape `[k, n]`, and `C` of shape `[m, n]`. If `beta`
/// is zero, the old `C` is not read.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// The factor that is transposed.
    pub transposed: Transposed,
    /// Factor of the product.
    pub alpha: f32,
    /// Factor of the old content that is added.
    pub beta: f32,
    /// Bias of shape `[1, n]`, added to each row.
    pub bias: Option<&'a GpuMatrix>,
    /// Activation applied to each entry.
    pub activation: Option<Activation>,
    /// Values of an activation, of shape `[m, n]`: each entry is multiplied by the derivative
    /// there.
    pub derivative: Option<(Activation, &'a GpuMatrix)>,
    /// The tile and the number of parts of the sum, if not chosen by shape.
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

/// The kind of sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Sums of products.
    Products,
    /// Sums of products, and the sums of the rows of `op(A)`, which are written after `C`. `C` is
    /// then `m` entries longer.
    ProductsAndRows,
    /// Sums of squared differences, with `B` transposed.
    Distances,
}

/// The shapes of a product, after checking that they fit.
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
            Error::Shape(format!("{what} has shape {shape:?}, but the product needs {expected:?}"))
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
            return Err(wrong("the input of the derivative", values.shape(), [m, n]));
        }
        let read = [Some(a), Some(b), self.bias, self.derivative.map(|(_, values)| values)];
        if read.into_iter().flatten().any(|matrix| matrix.shares_with(c)) {
            return Err(Error::Shape("the result of a product shares its memory with an input".to_owned()));
        }
        Ok(Shape { m, n, k })
    }

    /// Returns the squared distances of the rows of `A`, `[m, d]`, from the rows of `B`, `[n, d]`.
    /// They are computed from differences and not by `|a|^2 + |b|^2 - 2 a.b`, which loses digits
    /// for close points.
    pub(crate) fn distances() -> Self {
        Self { transposed: Transposed::Right, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gpu;

    /// Compiles every variant without a driver.
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
    fn mismatched_shapes_are_errors() {
        let gpu = Gpu::noop();
        let matrix = |rows, columns| gpu.matrix(rows, columns).unwrap();
        let product = Product::default();
        let refuse = |product: Product<'_>, a: &GpuMatrix, b: &GpuMatrix, c: &GpuMatrix, expected: &str| {
            let error = product.record(&mut gpu.record(), Sum::Products, a, b, c).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        let (a, b, c) = (matrix(2, 3), matrix(3, 4), matrix(2, 4));
        refuse(product, &a, &matrix(4, 4), &c, "[4, 4], but the product needs [3, 4]");
        refuse(product, &a, &b, &matrix(4, 2), "[4, 2], but the product needs [2, 4]");
        refuse(Product { bias: Some(&matrix(1, 3)), ..product }, &a, &b, &c, "[1, 3]");
        refuse(Product { derivative: Some((Activation::Relu, &a)), ..product }, &a, &b, &c, "[2, 3]");
        let square = matrix(2, 2);
        refuse(product, &square, &matrix(2, 2), &square, "shares its memory");
        refuse(Product { activation: Some(Activation::LeakyRelu(-1.0)), ..product }, &a, &b, &c, "LeakyRelu(-1.0)");
    }
}
