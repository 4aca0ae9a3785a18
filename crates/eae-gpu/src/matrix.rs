use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use crate::device::{Buffer, Gpu, Part};
use crate::{Error, Result};

/// A matrix on the device, in single precision and row-major order. It stays there until it is
/// [read](GpuMatrix::read). Clones share the memory.
#[derive(Debug, Clone)]
pub struct GpuMatrix {
    gpu: Gpu,
    buffer: Arc<Buffer>,
    /// The first entry in the buffer.
    offset: usize,
    rows: usize,
    columns: usize,
}

impl Gpu {
    /// Uploads a copy of a matrix.
    ///
    /// # Errors
    ///
    /// If there is not enough memory, or the matrix exceeds the size of a buffer.
    pub fn upload(&self, matrix: ArrayView2<'_, f32>) -> Result<GpuMatrix> {
        let on_device = self.matrix(matrix.nrows(), matrix.ncols())?;
        let matrix = matrix.as_standard_layout();
        on_device.write(matrix.as_slice().expect("in memory order"))?;
        Ok(on_device)
    }

    /// Creates a matrix of zeros.
    ///
    /// # Errors
    ///
    /// See [`upload`](Gpu::upload).
    pub fn zeros(&self, rows: usize, columns: usize) -> Result<GpuMatrix> {
        let matrix = self.matrix(rows, columns)?;
        matrix.write(&vec![0.0; rows * columns])?;
        Ok(matrix)
    }

    /// Creates a matrix with unspecified content.
    pub(crate) fn matrix(&self, rows: usize, columns: usize) -> Result<GpuMatrix> {
        let bytes = rows.checked_mul(columns).and_then(|numbers| numbers.checked_mul(4));
        let need = bytes.unwrap_or(usize::MAX) as u64;
        let have = self.limits().buffer;
        // Indices in kernels have 32 bits.
        if need > have.min(4 * u64::from(u32::MAX)) {
            return Err(Error::Limit { what: "a matrix", need, have });
        }
        Ok(GpuMatrix { gpu: self.clone(), buffer: self.buffer(need)?, offset: 0, rows, columns })
    }
}

impl GpuMatrix {
    /// Returns the numbers of rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Returns a part of the matrix as a matrix, starting at an entry.
    pub(crate) fn part(&self, from: usize, rows: usize, columns: usize) -> Self {
        assert!(from + rows * columns <= self.rows * self.columns, "the part must lie within the matrix");
        Self { offset: self.offset + from, rows, columns, ..self.clone() }
    }

    /// Returns the matrix together with a number of entries after it, which its buffer must have.
    pub(crate) fn with_tail(&self, numbers: usize) -> Self {
        let matrix = Self { rows: 1, columns: self.rows * self.columns + numbers, ..self.clone() };
        assert!(
            4 * (matrix.offset + matrix.columns) as u64 <= matrix.buffer.size(),
            "the tail must lie within the buffer"
        );
        matrix
    }

    /// Downloads the matrix after all previous work is done.
    ///
    /// # Errors
    ///
    /// If the device is lost, or does not answer in time.
    pub fn read(&self) -> Result<Array2<f32>> {
        let numbers = self.words()?.into_iter().map(f32::from_bits).collect();
        Ok(Array2::from_shape_vec((self.rows, self.columns), numbers).expect("as many numbers as were asked for"))
    }

    /// Downloads the entries as bits.
    pub(crate) fn words(&self) -> Result<Vec<u32>> {
        if self.rows * self.columns == 0 {
            return Ok(Vec::new());
        }
        Ok(bytemuck::pod_collect_to_vec(&self.gpu.read(&self.exactly())?))
    }

    /// Overwrites all entries, before the next submission takes effect.
    pub(crate) fn write(&self, numbers: &[f32]) -> Result<()> {
        self.write_words(bytemuck::cast_slice(numbers))
    }

    /// Overwrites all entries with bits.
    pub(crate) fn write_words(&self, words: &[u32]) -> Result<()> {
        assert_eq!(words.len(), self.rows * self.columns, "the number of words differs from that of the matrix");
        self.gpu.write(&self.buffer, 4 * self.offset as u64, bytemuck::cast_slice(words))
    }

    /// Returns the bytes of the matrix, for copies.
    pub(crate) fn exactly(&self) -> Part {
        let buffer = Arc::clone(&self.buffer);
        Part { buffer, offset: 4 * self.offset as u64, size: 4 * (self.rows * self.columns) as u64 }
    }

    /// Returns the binding for a kernel: a part of the buffer with an aligned beginning, and the
    /// index of the first entry in this part.
    pub(crate) fn bind(&self) -> (Part, u32) {
        let alignment = self.gpu.alignment() as usize / 4;
        let from = self.offset / alignment * alignment;
        let numbers = self.offset - from + self.rows * self.columns;
        // Bind complete vectors. Entries after the last one are read but not used.
        let size = 4 * (numbers.max(1).next_multiple_of(4) as u64);
        let size = size.min(self.buffer.size() - 4 * from as u64);
        let part = Part { buffer: Arc::clone(&self.buffer), offset: 4 * from as u64, size };
        (part, (self.offset - from) as u32)
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Returns true if two matrices share a buffer, which a kernel must not read and write at once.
    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
    }
}
