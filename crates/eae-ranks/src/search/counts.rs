//! Counts of points within radii, for points that lie on several ranks.

use std::ops::Range;

use knn_entropy::{Auto, NeighborSearch, Norm};

use super::questions::{Asked, Rounds};
use crate::estimates::Result;
use crate::points::{Boxes, Points, PointsAside, samples};
use crate::{Aside, RankResult, Ranks, Typed};

/// Points with the radii in which others are counted.
pub(crate) struct Balls {
    pub(crate) points: PointsAside,
    /// For each point, the inner radii of all blocks and then the outer radii of all blocks. A
    /// point whose first outer radius is NaN is not counted around.
    pub(crate) radii: Aside<f64>,
}

/// Returns, for each point, the number of other points nearer than its inner radius in every block
/// and the number of those within its outer radius in every block. `most` is the largest number of
/// questions that a rank asks or answers at once.
pub(crate) fn count(
    ranks: &dyn Ranks,
    balls: Balls,
    norm: Norm,
    widths: &[usize],
    most: u64,
) -> Result<(PointsAside, Aside<f64>, Asked)> {
    let blocks = widths.len();
    let Balls { points, radii } = balls;
    let d = points.dimension;
    let boxes = Boxes::around(ranks, &points)?;
    let mut asked = Asked::default();
    let (mut counts, to) = {
        let (points, radii) = (points.get()?, radii.get()?);
        let counted = active(&radii, blocks);
        let mut counts = vec![0.0; 2 * points.len()];
        let coordinates: Vec<f64> = counted.iter().flat_map(|&i| points.point(i)).copied().collect();
        let of_active: Vec<f64> =
            counted.iter().flat_map(|i| &radii[i * 2 * blocks..(i + 1) * 2 * blocks]).copied().collect();
        let found = count_here(&points, &coordinates, &of_active, norm, widths)?;
        drop((coordinates, of_active));
        let mut to = vec![0; ranks.size()];
        asked.points = counted.len() as u64;
        for (&i, (nearer, within)) in counted.iter().zip(found) {
            // The point itself is at distance 0 from itself.
            let (inner, outer) = radii[i * 2 * blocks..(i + 1) * 2 * blocks].split_at(blocks);
            counts[2 * i] = (nearer - usize::from(inner.iter().all(|r| *r > 0.0))) as f64;
            counts[2 * i + 1] = (within - usize::from(outer.iter().all(|r| *r >= 0.0))) as f64;
            let before: u64 = to.iter().sum();
            reached(&boxes, &points, &radii, norm, widths, i, &mut |rank| to[rank] += 1);
            asked.asking += u64::from(to.iter().sum::<u64>() > before);
        }
        (ranks.set_aside(counts)?, to)
    };
    let rounds = Rounds::choose(ranks, &to, most)?;
    for round in 0..rounds.count(ranks) {
        asked.rounds += 1;
        let mut questions = vec![Vec::new(); ranks.size()];
        let mut askers = vec![Vec::new(); ranks.size()];
        {
            let (points, radii) = (points.get()?, radii.get()?);
            for i in active(&radii, blocks) {
                reached(&boxes, &points, &radii, norm, widths, i, &mut |rank| {
                    if rounds.includes(ranks, round, rank) {
                        questions[rank].extend_from_slice(points.point(i));
                        questions[rank].extend_from_slice(&radii[i * 2 * blocks..(i + 1) * 2 * blocks]);
                        askers[rank].push(i as u64);
                    }
                });
            }
        }
        asked.questions += askers.iter().map(|askers| askers.len() as u64).sum::<u64>();
        let askers = askers.into_iter().map(|askers| ranks.set_aside(askers)).collect::<RankResult<Vec<_>>>()?;
        let questions = ranks.all_to_all_of(questions)?;
        let mut answers = Vec::with_capacity(ranks.size());
        {
            let points = points.get()?;
            for questions in questions {
                let (mut coordinates, mut around) = (Vec::new(), Vec::new());
                for question in questions.chunks_exact(d + 2 * blocks) {
                    coordinates.extend_from_slice(&question[..d]);
                    around.extend_from_slice(&question[d..]);
                }
                let found = count_here(&points, &coordinates, &around, norm, widths)?;
                answers.push(found.into_iter().flat_map(|(nearer, within)| [nearer as u64, within as u64]).collect());
            }
        }
        let answers: Vec<Vec<u64>> = ranks.all_to_all_of(answers)?;
        let mut known = counts.take_back()?;
        for (askers, answers) in askers.into_iter().zip(&answers) {
            for (i, answer) in askers.take_back()?.into_iter().zip(answers.chunks_exact(2)) {
                known[2 * i as usize] += answer[0] as f64;
                known[2 * i as usize + 1] += answer[1] as f64;
                asked.answered += u64::from(answer[1] > 0);
            }
        }
        counts = ranks.set_aside(known)?;
    }
    Ok((points, counts, asked.over(ranks)?))
}

/// Returns the points around which others are counted.
fn active(radii: &[f64], blocks: usize) -> Vec<usize> {
    (0..radii.len() / (2 * blocks)).filter(|i| !radii[i * 2 * blocks + blocks].is_nan()).collect()
}

/// Calls a function with each rank that point `i` asks.
fn reached(
    boxes: &Boxes,
    points: &Points<'_>,
    radii: &[f64],
    norm: Norm,
    widths: &[usize],
    i: usize,
    each: &mut dyn FnMut(usize),
) {
    let blocks = widths.len();
    let (inner, outer) = radii[i * 2 * blocks..(i + 1) * 2 * blocks].split_at(blocks);
    let mut start = 0;
    let ball = |((&width, &inner), &outer): ((&usize, &f64), &f64)| {
        start += width;
        (start - width..start, f64::max(inner, outer))
    };
    let balls: Vec<(Range<usize>, f64)> = widths.iter().zip(inner).zip(outer).map(ball).collect();
    boxes.reached(points.point(i), norm, &balls, &mut |rank| {
        each(rank);
        true
    });
}

/// Counts this rank's points around some centers.
fn count_here(
    points: &Points<'_>,
    coordinates: &[f64],
    radii: &[f64],
    norm: Norm,
    widths: &[usize],
) -> Result<Vec<(usize, usize)>> {
    let blocks = widths.len();
    let (Some(centers), Some(others)) = (samples(coordinates, points.dimension), points.samples()) else {
        return Ok(vec![(0, 0); coordinates.len() / points.dimension]);
    };
    let of_block = |b: usize| radii[b..].iter().step_by(2 * blocks).copied().collect::<Vec<f64>>();
    let inner: Vec<Vec<f64>> = (0..blocks).map(of_block).collect();
    let outer: Vec<Vec<f64>> = (blocks..2 * blocks).map(of_block).collect();
    Ok(Auto.count_shells_between(&centers, &others, norm, widths, &inner, &outer)?)
}
