use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use crate::device::{Buffer, Gpu, Part};
use crate::{Error, Result};

/// A matrix on the device: single precision, row after row. It stays there until it is
/// [read](GpuMatrix::read); clones share it.
#[derive(Debug, Clone)]
pub struct GpuMatrix {
    gpu: Gpu,
    buffer: Arc<Buffer>,
    /// Where it begins, in numbers.
    offset: usize,
    rows: usize,
    columns: usize,
}

impl Gpu {
    /// A copy of a matrix.
    ///
    /// # Errors
    ///
    /// If there is no memory for it, or no buffer can be so large.
    pub fn upload(&self, matrix: ArrayView2<'_, f32>) -> Result<GpuMatrix> {
        let on_device = self.matrix(matrix.nrows(), matrix.ncols())?;
        let matrix = matrix.as_standard_layout();
        on_device.write(matrix.as_slice().expect("in memory order"))?;
        Ok(on_device)
    }

    /// A matrix of zeros.
    ///
    /// # Errors
    ///
    /// As [`upload`](Gpu::upload).
    pub fn zeros(&self, rows: usize, columns: usize) -> Result<GpuMatrix> {
        let matrix = self.matrix(rows, columns)?;
        matrix.write(&vec![0.0; rows * columns])?;
        Ok(matrix)
    }

    /// A matrix with anything in it.
    pub(crate) fn matrix(&self, rows: usize, columns: usize) -> Result<GpuMatrix> {
        let bytes = rows.checked_mul(columns).and_then(|numbers| numbers.checked_mul(4));
        let need = bytes.unwrap_or(usize::MAX) as u64;
        let have = self.limits().buffer;
        // Places in kernels have 32 bits.
        if need > have.min(4 * u64::from(u32::MAX)) {
            return Err(Error::Limit { what: "a matrix", need, have });
        }
        Ok(GpuMatrix { gpu: self.clone(), buffer: self.buffer(need)?, offset: 0, rows, columns })
    }
}

impl GpuMatrix {
    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// A part of it, as if it were a matrix: so many numbers from a place on.
    pub(crate) fn part(&self, from: usize, rows: usize, columns: usize) -> Self {
        assert!(from + rows * columns <= self.rows * self.columns, "a part is within");
        Self { offset: self.offset + from, rows, columns, ..self.clone() }
    }

    /// It and so many numbers behind it, which its buffer must have.
    pub(crate) fn with_tail(&self, numbers: usize) -> Self {
        let matrix = Self { rows: 1, columns: self.rows * self.columns + numbers, ..self.clone() };
        assert!(4 * (matrix.offset + matrix.columns) as u64 <= matrix.buffer.size(), "the tail is within");
        matrix
    }

    /// Its copy in this machine's memory, once everything before is done.
    ///
    /// # Errors
    ///
    /// If the device is lost, or does not answer in time.
    pub fn read(&self) -> Result<Array2<f32>> {
        let numbers = self.words()?.into_iter().map(f32::from_bits).collect();
        Ok(Array2::from_shape_vec((self.rows, self.columns), numbers).expect("as many numbers as were asked for"))
    }

    /// What it holds, as bits.
    pub(crate) fn words(&self) -> Result<Vec<u32>> {
        if self.rows * self.columns == 0 {
            return Ok(Vec::new());
        }
        Ok(bytemuck::pod_collect_to_vec(&self.gpu.read(&self.exactly())?))
    }

    /// Writes all of it, before whatever is submitted next.
    pub(crate) fn write(&self, numbers: &[f32]) -> Result<()> {
        self.write_words(bytemuck::cast_slice(numbers))
    }

    /// The same, as bits.
    pub(crate) fn write_words(&self, words: &[u32]) -> Result<()> {
        assert_eq!(words.len(), self.rows * self.columns, "all of it");
        self.gpu.write(&self.buffer, 4 * self.offset as u64, bytemuck::cast_slice(words))
    }

    /// Its bytes, for copies.
    pub(crate) fn exactly(&self) -> Part {
        let buffer = Arc::clone(&self.buffer);
        Part { buffer, offset: 4 * self.offset as u64, size: 4 * (self.rows * self.columns) as u64 }
    }

    /// For a kernel: a part of its buffer that begins where one may, and the place in that of its
    /// first number.
    pub(crate) fn bind(&self) -> (Part, u32) {
        let alignment = self.gpu.alignment() as usize / 4;
        let from = self.offset / alignment * alignment;
        let numbers = self.offset - from + self.rows * self.columns;
        // Whole vectors: what is behind the last number is read, and not used.
        let size = 4 * (numbers.max(1).next_multiple_of(4) as u64);
        let size = size.min(self.buffer.size() - 4 * from as u64);
        let part = Part { buffer: Arc::clone(&self.buffer), offset: 4 * from as u64, size };
        (part, (self.offset - from) as u32)
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Whether it shares its buffer with another: a kernel must not read and write one.
    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
    }
}
