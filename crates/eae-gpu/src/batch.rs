use ndarray::ArrayView2;

use crate::device::Recording;
use crate::neighbors::{self, Among, Lists};
use crate::product::Sum;
use crate::{Gpu, GpuMatrix, Product, Result};

/// Operations that are recorded, and run together: matrices stay on the device between them.
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
    /// Of no operations so far.
    pub fn batch(&self) -> Batch<'_> {
        Batch(self.record())
    }

    /// The `k` nearest rows of `references` for each of `queries`, in single precision: brought up,
    /// found and brought down.
    ///
    /// # Errors
    ///
    /// As [`Batch::neighbors`].
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
    /// `C <- alpha op(A) op(B) + beta C`, and what else the [`Product`] says.
    ///
    /// # Errors
    ///
    /// If the shapes do not fit, or `C` shares its memory with what it is made of.
    pub fn product(&mut self, product: &Product<'_>, a: &GpuMatrix, b: &GpuMatrix, c: &GpuMatrix) -> Result<()> {
        product.record(&mut self.0, Sum::Products, a, b, c)
    }

    /// The squared distances `C`, `[m, n]`, of the rows of `A`, `[m, d]`, from those of `B`, `[n,
    /// d]`, made of differences.
    ///
    /// # Errors
    ///
    /// As [`product`](Batch::product).
    pub fn distances(&mut self, a: &GpuMatrix, b: &GpuMatrix, c: &GpuMatrix) -> Result<()> {
        Product::distances().record(&mut self.0, Sum::Distances, a, b, c)
    }

    /// The `k` nearest rows of `references` for each of `queries`, by squared distance and where
    /// that is equal by index. With a window the queries are the first of the references,
    /// mostly all of them, and rows up to so many apart are no neighbours: 0 excludes a row
    /// itself.
    ///
    /// Distances are of single precision; a distance that is none, or too large, counts as
    /// infinite.
    ///
    /// # Errors
    ///
    /// If the shapes do not fit, or there are fewer than `k` to be found.
    pub fn neighbors(
        &mut self,
        queries: &GpuMatrix,
        references: &GpuMatrix,
        k: usize,
        window: Option<usize>,
    ) -> Result<Among> {
        neighbors::record(&mut self.0, queries, references, k, window)
    }

    /// Runs all of it, and does not wait.
    ///
    /// # Errors
    ///
    /// If the device refuses.
    pub fn submit(self) -> Result<()> {
        self.0.submit()
    }
}
