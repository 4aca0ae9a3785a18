//! Recording of products. A product is divided into pieces if a matrix is larger than a kernel can
//! access, or if its work would keep the device busy for too long.

use super::epilogue::Epilogue;
use super::shader::{AddUp, Multiply};
use super::tile::plan;
use super::{Product, Shape, Sum, Transposed};
use crate::device::{MOST_WORK, Recording};
use crate::kernel::params;
use crate::{GpuMatrix, Result};

impl Product<'_> {
    /// Records the product, in pieces if a matrix is larger than a kernel can access.
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
        // Number of rows of a piece: a multiple of 64, so that each piece is aligned.
        let rows = |lengths: [usize; 2]| (most / lengths[0].max(lengths[1]).max(1) / 64 * 64).max(64);
        if self.transposed == Transposed::Left {
            if (fits(a) && fits(b)) || sum == Sum::ProductsAndRows {
                return self.record_piece(recording, sum, a, b, c, &shape);
            }
            // Split the sum into pieces, each added to the previous ones. The last piece applies
            // the epilogue.
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
        let [activation, derivative] = [self.activation, self.derivative.map(|(activation, _)| activation)];
        let (epilogue, slope) = Epilogue::of(self.beta != 0.0, self.bias.is_some(), activation, derivative)?;
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
        // Row lengths in memory and the beginnings of all matrices are complete vectors.
        let rows = match self.transposed {
            Transposed::Neither => [k, n, n],
            Transposed::Left => [m, n, n],
            Transposed::Right => [k, k, n],
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
        let kernel = Multiply { tile, transposed: self.transposed, wide, epilogue, distance, sums, partial };
        let parts = if partial { Some(c.gpu().matrix(splits, stride)?) } else { None };
        let target = parts.as_ref().map_or(c_part.clone(), |parts| parts.bind().0);
        let mut bindings = vec![a_part, b_part, target];
        if !partial {
            bindings.extend(extra());
        }
        // Submit some tiles at a time if all of them would keep the device busy for too long.
        let of_tile = 2 * tile.rows as u64 * tile.columns as u64 * k.max(1) as u64;
        let most = ((MOST_WORK / 4 / of_tile) as usize).max(1);
        for first in (0..blocks).step_by(most) {
            let count = most.min(blocks - first);
            // Surplus tiles belong to the next piece, which computes them again with the same
            // result. They only cost time.
            let end = first + count;
            recording.run(&kernel, &bindings, words(first, end), [count, splits], of_tile * count as u64)?;
        }
        if let Some(parts) = parts {
            let mut words = words(0, splits);
            words[5] = c_at;
            let bindings: Vec<_> = [parts.bind().0, c_part].into_iter().chain(extra()).collect();
            recording.run(
                &AddUp { epilogue },
                &bindings,
                words,
                [stride.div_ceil(256), 1],
                (splits * stride) as u64,
            )?;
        }
        Ok(())
    }
}
