//! Nearest neighbors, found on the device without a matrix of all distances.

mod search;
mod shader;

use ndarray::Array2;

use crate::device::{MOST_WORK, Recording};
use crate::kernel::params;
use crate::{Error, GpuMatrix, Result};

pub use search::GpuNeighbors;
use shader::{MOST, Merge, Nearest, QUERIES, room};

/// Neighbors on the device. They can be [read](Among::read) after the search has been submitted.
#[derive(Debug)]
pub struct Among {
    /// Keys and indices `[rows, k]` of at most [`MOST`] neighbors each. The outer list divides the
    /// rows, the inner list divides the neighbors.
    pieces: Vec<Vec<[GpuMatrix; 2]>>,
    references: usize,
    k: usize,
    /// The window of excluded indices around each row.
    window: Option<usize>,
}

/// The nearest neighbors of each query, in order of distance and, for equal distances, of index.
#[derive(Debug, Clone, PartialEq)]
pub struct Lists {
    /// The indices `[queries, k]` of the neighbors.
    pub indices: Array2<usize>,
    /// The squared distances `[queries, k]` of the neighbors.
    pub squared: Array2<f32>,
}

/// Number of workgroups that occupy a device.
const FULL: usize = 64;
/// Smallest number of references in a list. Shorter lists would not be worth merging.
const LEAST_CHUNK: usize = 256;

pub(crate) fn record(
    recording: &mut Recording<'_>,
    queries: &GpuMatrix,
    references: &GpuMatrix,
    k: usize,
    window: Option<usize>,
) -> Result<Among> {
    let ([n, d], [m, e]) = (queries.shape(), references.shape());
    if d != e {
        return Err(Error::Shape(format!("queries have {d} columns and references {e}")));
    }
    if window.is_some() && n > m {
        return Err(Error::Shape(format!("{n} queries are not the first of {m} references")));
    }
    let others = m.saturating_sub(window.map_or(0, |window| window.saturating_mul(2).saturating_add(1)));
    if k == 0 || k > others {
        return Err(Error::Shape(format!("k is {k}; it must be from 1 to {others}, the number of other rows")));
    }
    let most = queries.gpu().limits().binding as usize / 4;
    // Number of rows that a kernel can access: a multiple of 64, so that the next part is aligned.
    // The number of queries is limited so that the lists of all parts of the references can be
    // accessed, too.
    let whole = |rows: usize| (rows / 64 * 64).max(64);
    let rows = whole(most / d.max(1));
    let some_queries = whole(most / d.max(k.min(MOST) * m.div_ceil(rows)).max(1));
    let mut pieces = Vec::new();
    for from in (0..n).step_by(some_queries) {
        let some = queries.part(from * d, some_queries.min(n - from), d);
        let mut lists: Vec<[GpuMatrix; 2]> = Vec::new();
        for done in (0..k).step_by(MOST) {
            let search = Search { queries: &some, base: from, references, rows, k: MOST.min(k - done), window };
            let found = search.record(recording, lists.last())?;
            lists.push(found);
        }
        pieces.push(lists);
    }
    Ok(Among { pieces, references: m, k, window })
}

/// A search that gives one list for each of some queries.
struct Search<'a> {
    queries: &'a GpuMatrix,
    /// The index of the first query.
    base: usize,
    references: &'a GpuMatrix,
    /// Number of references that a kernel can access.
    rows: usize,
    k: usize,
    window: Option<usize>,
}

impl Search<'_> {
    /// Records the search among all references after the last entry of earlier lists.
    fn record(&self, recording: &mut Recording<'_>, after: Option<&[GpuMatrix; 2]>) -> Result<[GpuMatrix; 2]> {
        let &Self { queries, base, references, rows, k, window } = self;
        let ([n, d], [m, _], gpu) = (queries.shape(), references.shape(), queries.gpu());
        let blocks = n.div_ceil(QUERIES);
        // Number of lists per query: one for each part of the references, or, if there is one part,
        // as many as occupy the device.
        let splits = |of: usize| if of < m { 1 } else { (FULL / blocks).min(of / LEAST_CHUNK).max(1) };
        let seen: Vec<(usize, usize, usize)> = (0..m)
            .step_by(rows)
            .map(|from| {
                let of = rows.min(m - from);
                (from, of, splits(of))
            })
            .collect();
        let slots: usize = seen.iter().map(|(_, _, splits)| splits).sum();
        let found = [gpu.matrix(n, k)?, gpu.matrix(n, k)?];
        let partial = if slots > 1 { [gpu.matrix(slots, n * k)?, gpu.matrix(slots, n * k)?] } else { found.clone() };
        let vectors = [1, 2, 4].into_iter().find(|vectors| 4 * vectors >= d).unwrap_or(4);
        let mut slot = 0;
        for (from, of, splits) in seen {
            let some = references.part(from * d, of, d);
            let ((q, q_at), (r, r_at)) = (queries.bind(), some.bind());
            let wide = d % 4 == 0 && q_at % 4 == 0 && r_at % 4 == 0;
            let kernel = Nearest {
                room: room(k),
                vectors: vectors as u32,
                whole: d <= 4 * vectors,
                wide,
                after: after.is_some(),
            };
            let mut bindings = vec![q, r, partial[0].bind().0, partial[1].bind().0];
            bindings.extend(after.into_iter().flatten().map(|list| list.bind().0));
            let chunk = of.div_ceil(splits);
            let of_block = 4 * (QUERIES * of * d.max(1)) as u64;
            let most = ((MOST_WORK / 4 / of_block) as usize).max(1);
            for first in (0..blocks).step_by(most) {
                let end = blocks.min(first + most);
                let window = window.map(|window| window.min(u32::MAX as usize));
                let numbers = [n, of, d, k, q_at as usize, r_at as usize, chunk, first, end, base, from];
                let mut words = [0; 14];
                words.iter_mut().zip(numbers).for_each(|(word, number)| *word = number as u32);
                words[11..].copy_from_slice(&[window.is_some().into(), window.unwrap_or(0) as u32, slot as u32]);
                recording.run(
                    &kernel,
                    &bindings,
                    params(words),
                    [end - first, splits],
                    of_block * (end - first) as u64,
                )?;
            }
            slot += splits;
        }
        if slots > 1 {
            let mut words = [0; 14];
            (words[0], words[3], words[13]) = (n as u32, k as u32, slots as u32);
            let bindings: Vec<_> = partial.iter().chain(&found).map(|list| list.bind().0).collect();
            let kernel = Merge { room: room(k) };
            recording.run(&kernel, &bindings, params(words), [blocks, 1], (slots * n * k) as u64)?;
        }
        Ok(found)
    }
}

impl Among {
    /// Returns the keys and indices, if there is one list per query.
    pub(crate) fn only(&self) -> Option<&[GpuMatrix; 2]> {
        match &self.pieces[..] {
            [lists] if lists.len() == 1 => Some(&lists[0]),
            _ => None,
        }
    }

    /// Downloads the neighbors after the search has been submitted.
    ///
    /// # Errors
    ///
    /// If the device is lost or does not answer in time. Also if the result is invalid: an index
    /// out of range, a list that is not sorted, or a distance that is not finite.
    pub fn read(&self) -> Result<Lists> {
        let &Self { references, k, window, .. } = self;
        let (mut indices, mut keys) = (Vec::new(), Vec::new());
        for lists in &self.pieces {
            let mut read = Vec::new();
            for [keys, ids] in lists {
                read.push((keys.shape(), keys.words()?, ids.words()?));
            }
            let rows = read[0].0[0];
            for row in 0..rows {
                for ([_, k], of_keys, ids) in &read {
                    keys.extend_from_slice(&of_keys[row * k..(row + 1) * k]);
                    indices.extend_from_slice(&ids[row * k..(row + 1) * k]);
                }
            }
        }
        for (row, (keys, ids)) in keys.chunks_exact(k).zip(indices.chunks_exact(k)).enumerate() {
            let wrong = |what: String| Err(Error::Corrupt(format!("of the neighbors of row {row}, {what}")));
            if let Some(id) = ids.iter().find(|&&id| id as usize >= references) {
                return wrong(format!("one has index {id}, but there are only {references} rows"));
            }
            if let Some(window) = window
                && let Some(id) = ids.iter().find(|&&id| (id as usize).abs_diff(row) <= window)
            {
                return wrong(format!("one has index {id}, which is excluded"));
            }
            if !keys.iter().zip(ids).is_sorted_by(|a, b| a < b) {
                return wrong("some are not sorted".to_owned());
            }
            if keys.last().is_some_and(|&key| !f32::from_bits(key).is_finite()) {
                return wrong("one is infinitely far: values are NaN or too large for single precision".to_owned());
            }
        }
        let shape = (keys.len() / k, k);
        let squared = keys.into_iter().map(f32::from_bits).collect();
        let indices = indices.into_iter().map(|id| id as usize).collect();
        let as_many = "k for each query";
        Ok(Lists {
            indices: Array2::from_shape_vec(shape, indices).expect(as_many),
            squared: Array2::from_shape_vec(shape, squared).expect(as_many),
        })
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
        for d in [1, 4, 7, 8, 13, 16, 17, 64] {
            let points = gpu.matrix(1000, d).unwrap();
            for k in [1, 3, 10, 64, 65] {
                record(&mut recording, &points, &points, k, Some(0)).unwrap();
                record(&mut recording, &points, &points, k, None).unwrap();
            }
        }
        assert!(gpu.counts().pipelines > 20, "{:?}", gpu.counts());
        recording.submit().unwrap();
    }

    #[test]
    fn impossible_searches_are_errors() {
        let gpu = Gpu::noop();
        let [few, others, narrow] = [(5, 3), (6, 3), (5, 2)].map(|(rows, columns)| gpu.matrix(rows, columns).unwrap());
        let refuse = |queries, references, k, window, expected: &str| {
            let error = record(&mut gpu.record(), queries, references, k, window).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        refuse(&few, &few, 0, None, "k is 0");
        refuse(&few, &few, 5, Some(0), "from 1 to 4");
        refuse(&few, &few, 1, Some(2), "from 1 to 0");
        refuse(&few, &few, 1, Some(usize::MAX), "from 1 to 0");
        refuse(&others, &few, 1, Some(0), "6 queries are not the first of 5 references");
        refuse(&few, &narrow, 1, None, "3 columns and references 2");
    }
}
