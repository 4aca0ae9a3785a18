//! Moves points to the ranks of their regions, and values back to the ranks of their rows.

use super::{Partition, Points, row_range};
use crate::{RankResult, Ranks, Typed};

/// Sends each point to the rank of its region. `extra` has further numbers for each point, in equal
/// amounts, which travel with it. Received points are in the order of their rows.
pub(crate) fn exchange(
    ranks: &dyn Ranks,
    partition: &Partition,
    points: Points,
    extra: Vec<f64>,
) -> RankResult<(Points, Vec<f64>)> {
    let d = points.dimension;
    let width = if points.is_empty() { 0 } else { extra.len() / points.len() };
    let to: Vec<u32> = (0..points.len()).map(|i| partition.rank_of(points.point(i), points.rows[i]) as u32).collect();
    let Points { rows, coordinates, .. } = points;
    // Each array is sent and freed before the next one is copied.
    let rows = route(ranks, &to, rows, 1)?;
    let coordinates = route(ranks, &to, coordinates, d)?;
    let extra = route(ranks, &to, extra, width)?;
    Ok((Points { dimension: d, rows, coordinates }, extra))
}

/// Sends each group of `width` numbers to a rank, and returns what this rank receives. Senders hold
/// ascending ranges of rows, so what arrives in the order of ranks is in the order of rows.
fn route<T: bytemuck::Pod>(ranks: &dyn Ranks, to: &[u32], numbers: Vec<T>, width: usize) -> RankResult<Vec<T>> {
    let mut counts = vec![0; ranks.size()];
    to.iter().for_each(|&to| counts[to as usize] += width);
    let mut sent: Vec<Vec<T>> = counts.into_iter().map(Vec::with_capacity).collect();
    for (&to, group) in to.iter().zip(numbers.chunks_exact(width.max(1))) {
        sent[to as usize].extend_from_slice(group);
    }
    drop(numbers);
    Ok(ranks.all_to_all_of(sent)?.concat())
}

/// Sends the values of points to the ranks that read their rows, and returns the values of this
/// rank's rows in order. Each point has `width` values.
///
/// # Panics
///
/// Unless every row of the data has a value on exactly one rank.
pub(crate) fn send_home(
    ranks: &dyn Ranks,
    n: usize,
    rows: Vec<u64>,
    values: Vec<f64>,
    width: usize,
) -> RankResult<Vec<f64>> {
    let size = ranks.size();
    let starts: Vec<usize> = (0..size).map(|rank| row_range(n, rank, size).start).collect();
    // The last of several ranks with the same start is the one that is not empty.
    let home = |row: u64| (starts.partition_point(|&start| start as u64 <= row) - 1) as u32;
    let to: Vec<u32> = rows.iter().map(|&row| home(row)).collect();
    let rows = route(ranks, &to, rows, 1)?;
    let values = route(ranks, &to, values, width)?;
    let mine = row_range(n, ranks.rank(), size);
    assert_eq!(rows.len(), mine.len(), "a row has no value or several");
    let mut ordered = vec![0.0; width * mine.len()];
    for (row, values) in rows.into_iter().zip(values.chunks_exact(width)) {
        ordered[(row as usize - mine.start) * width..][..width].copy_from_slice(values);
    }
    Ok(ordered)
}
