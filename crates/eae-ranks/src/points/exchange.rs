//! Moves points to the ranks of their regions, and values back to the ranks of their rows.

use super::{Partition, PointsAside, row_range};
use crate::{Aside, RankResult, Ranks, Typed};

/// Sends each point to the rank of its region. `extra` has `width` further numbers for each point,
/// which travel with it. Received points are in the order of their rows.
pub(crate) fn exchange(
    ranks: &dyn Ranks,
    partition: &Partition,
    aside: PointsAside,
    extra: Vec<f64>,
    width: usize,
) -> RankResult<(PointsAside, Aside<f64>)> {
    let d = aside.dimension;
    let sent = {
        let points = aside.get()?;
        let rank_of = |i: usize| partition.rank_of(points.point(i), points.rows[i]) as u32;
        let to: Vec<u32> = (0..points.len()).map(rank_of).collect();
        deal(ranks, &to, 1 + d + width, |i, words| {
            words.push(points.rows[i]);
            words.extend(points.point(i).iter().map(|x| x.to_bits()));
            words.extend(extra[i * width..(i + 1) * width].iter().map(|x| x.to_bits()));
        })
    };
    drop((aside, extra));
    let received = ranks.all_to_all_of(sent)?;
    let count = received.iter().map(Vec::len).sum::<usize>() / (1 + d + width);
    let (mut rows, mut coordinates) = (Vec::with_capacity(count), Vec::with_capacity(count * d));
    let mut extra = Vec::with_capacity(count * width);
    for words in received {
        for point in words.chunks_exact(1 + d + width) {
            rows.push(point[0]);
            coordinates.extend(point[1..=d].iter().map(|&bits| f64::from_bits(bits)));
            extra.extend(point[1 + d..].iter().map(|&bits| f64::from_bits(bits)));
        }
    }
    Ok((PointsAside::new(ranks, d, rows, coordinates)?, ranks.set_aside(extra)?))
}

/// Returns the messages to all ranks: for each item, `width` words that a function appends to the
/// message to the item's rank. Senders hold ascending ranges of rows, so what arrives in the order
/// of ranks is in the order of rows.
fn deal(ranks: &dyn Ranks, to: &[u32], width: usize, append: impl Fn(usize, &mut Vec<u64>)) -> Vec<Vec<u64>> {
    let mut counts = vec![0; ranks.size()];
    to.iter().for_each(|&to| counts[to as usize] += width);
    let mut messages: Vec<Vec<u64>> = counts.into_iter().map(Vec::with_capacity).collect();
    to.iter().enumerate().for_each(|(i, &to)| append(i, &mut messages[to as usize]));
    messages
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
    rows: Aside<u64>,
    values: Aside<f64>,
    width: usize,
) -> RankResult<Vec<f64>> {
    let size = ranks.size();
    let starts: Vec<usize> = (0..size).map(|rank| row_range(n, rank, size).start).collect();
    // The last of several ranks with the same start is the one that is not empty.
    let home = |row: u64| (starts.partition_point(|&start| start as u64 <= row) - 1) as u32;
    let (rows, values) = (rows.take_back()?, values.take_back()?);
    let to: Vec<u32> = rows.iter().map(|&row| home(row)).collect();
    let sent = deal(ranks, &to, 1 + width, |i, words| {
        words.push(rows[i]);
        words.extend(values[i * width..(i + 1) * width].iter().map(|x| x.to_bits()));
    });
    drop((rows, values, to));
    let received = ranks.all_to_all_of(sent)?;
    let mine = row_range(n, ranks.rank(), size);
    let count = received.iter().map(Vec::len).sum::<usize>() / (1 + width);
    assert_eq!(count, mine.len(), "a row has no value or several");
    let mut ordered = vec![0.0; width * mine.len()];
    for words in received {
        for point in words.chunks_exact(1 + width) {
            let place = (point[0] as usize - mine.start) * width;
            ordered[place..place + width].iter_mut().zip(&point[1..]).for_each(|(x, &bits)| *x = f64::from_bits(bits));
        }
    }
    Ok(ordered)
}
