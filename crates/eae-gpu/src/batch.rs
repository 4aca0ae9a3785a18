use ndarray::ArrayView2;

use crate::device::Recording;
use crate::neighbors::{self, Among, Lists};
use crate::product::Sum;
use crate::{Gpu, GpuMatrix, Product, Result};

/// Operations that are recorded and then run together. Matrices stay on the device between them.
///
/// ```no_run
/// use eae_gpu::{AdapterChoice, Gpu, Product};
/// use ndarray::Array2;
///
/// let gpu = Gpu::open(&AdapterChoice::from_env()?)?;
/// let a = gpu.upload(Array2::ones((300, 200)).view())?;
/// let b = gpu.upload(Array2::ones((200, 100)).view())?;
/// let [c, d] = [gpu.zeros(300, 100)?, gpu.zeros(300, 300)?];
/// let mut batch = gpu.batch();
/// batch.product(&Product::default(), &a, &b, &c)?;
/// batch.distances(&c, &c, &d)?;
/// batch.submit()?;
/// assert_eq!(d.read()?[[0, 1]], 0.0);
/// # Ok::<(), eae_gpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Batch<'g>(Recording<'g>);

impl Gpu {
    /// Starts an empty batch.
    pub fn batch(&self) -> Batch<'_> {
        Batch(self.record())
    }

    /// Finds the `k` nearest rows of `references` for each row of `queries`, in single precision.
    /// Uploads the matrices and downloads the result.
    ///
    /// # Errors
    ///
    /// See [`Batch::neighbors`].
    pub fn nearest(
        &self,
        queries: ArrayView2<'_, f32>,
        references: ArrayView2<'_, f32>,
        k: usize,
        among: Option<usize>,
    ) -> Result<Lists> {
        let [queries, references] = [self.upload(queries)?, self.upload(references)?];
        let mut batch = self.batch();
        let found = batch.neighbors(&queries, &references, k, among)?;
        batch.submit()?;
        found.read()
    }
}

impl Batch<'_> {
    /// Records `C <- alpha op(A) op(B) + beta C` with the epilogue of the [`Product`].
    ///
    /// # Errors
    ///
    /// If the shapes do not fit, or `C` shares memory with an input.
    pub fn product(&mut self, product: &Product<'_>, a: &GpuMatrix, b: &GpuMatrix, c: &GpuMatrix) -> Result<()> {
        product.record(&mut self.0, Sum::Products, a, b, c)
    }

    /// Records the squared distances `C`, `[m, n]`, of the rows of `A`, `[m, d]`, from the rows of
    /// `B`, `[n, d]`, computed from differences.
    ///
    /// # Errors
    ///
    /// See [`product`](Batch::product).
    pub fn distances(&mut self, a: &GpuMatrix, b: &GpuMatrix, c: &GpuMatrix) -> Result<()> {
        Product::distances().record(&mut self.0, Sum::Distances, a, b, c)
    }

    /// Records the search for the `k` nearest rows of `references` for each row of `queries`, by
    /// squared distance and, for equal distances, by index. With a window the queries are the first
    /// rows of the references, usually all of them. Rows at most `window` indices away are then
    /// excluded; a window of 0 excludes only the row itself.
    ///
    /// Distances have single precision. A distance that is NaN or overflows counts as infinite.
    ///
    /// # Errors
    ///
    /// If the shapes do not fit, or there are fewer than `k` candidates.
    pub fn neighbors(
        &mut self,
        queries: &GpuMatrix,
        references: &GpuMatrix,
        k: usize,
        window: Option<usize>,
    ) -> Result<Among> {
        neighbors::record(&mut self.0, queries, references, k, window)
    }

    /// Submits all operations without waiting for them.
    ///
    /// # Errors
    ///
    /// If the device reports an error.
    pub fn submit(self) -> Result<()> {
        self.0.submit()
    }
}
