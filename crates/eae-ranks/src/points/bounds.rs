use std::ops::Range;

use knn_entropy::{Metric, Norm};

use super::{Points, PointsAside};
use crate::{RankResult, Ranks, Typed};

/// Factor that covers rounding when distances to boxes are compared with radii.
const SLACK: f64 = 1.0 + 1e-12;

/// The smallest boxes around the points of each rank, and around those of groups of ranks.
#[derive(Debug)]
pub(crate) struct Boxes {
    dimension: usize,
    /// Lower and upper corners, in the order of a walk that visits a group before its halves.
    /// `None` if there are no points.
    corners: Vec<Option<[Vec<f64>; 2]>>,
    ranks: usize,
    own: usize,
}

impl Boxes {
    /// Computes the box of this rank's points and gathers those of the others.
    pub(crate) fn around(ranks: &dyn Ranks, points: &PointsAside) -> RankResult<Self> {
        let d = points.dimension;
        let mine = corners_of(&points.get()?);
        let corners = |both: Vec<f64>| (!both.is_empty()).then(|| [both[..d].to_vec(), both[d..].to_vec()]);
        let each: Vec<_> = ranks.all_gather_of(&mine)?.into_iter().map(corners).collect();
        let mut boxes = Self { dimension: d, corners: Vec::new(), ranks: ranks.size(), own: ranks.rank() };
        boxes.group(&each);
        Ok(boxes)
    }

    fn group(&mut self, each: &[Option<[Vec<f64>; 2]>]) {
        let join = |all: Option<[Vec<f64>; 2]>, one: &Option<[Vec<f64>; 2]>| match (all, one) {
            (None, one) => one.clone(),
            (all, None) => all,
            (Some([mut low, mut high]), Some([lower, higher])) => {
                low.iter_mut().zip(lower).for_each(|(x, &y)| *x = x.min(y));
                high.iter_mut().zip(higher).for_each(|(x, &y)| *x = x.max(y));
                Some([low, high])
            }
        };
        self.corners.push(each.iter().fold(None, join));
        if each.len() > 1 {
            let (left, right) = each.split_at(each.len() / 2);
            self.group(left);
            self.group(right);
        }
    }

    /// Calls a function with each other rank whose box the balls around a point reach: in every
    /// block of coordinates, the distance to the box is at most the radius. Stops if the function
    /// returns false.
    pub(crate) fn reached(
        &self,
        point: &[f64],
        norm: Norm,
        balls: &[(Range<usize>, f64)],
        each: &mut dyn FnMut(usize) -> bool,
    ) {
        self.walk(0, 0..self.ranks, &mut vec![0.0; self.dimension], point, norm, balls, each);
    }

    #[expect(clippy::too_many_arguments, reason = "the recursion of one function")]
    fn walk(
        &self,
        node: usize,
        ranks: Range<usize>,
        nearest: &mut Vec<f64>,
        point: &[f64],
        norm: Norm,
        balls: &[(Range<usize>, f64)],
        each: &mut dyn FnMut(usize) -> bool,
    ) -> bool {
        let Some([low, high]) = &self.corners[node] else { return true };
        if ranks == (self.own..self.own + 1) {
            return true;
        }
        for (c, nearest) in nearest.iter_mut().enumerate() {
            *nearest = if point[c] < low[c] {
                low[c]
            } else if point[c] > high[c] {
                high[c]
            } else {
                point[c]
            };
        }
        let within = |(block, radius): &(Range<usize>, f64)| {
            Metric::Norm(norm).distance(&point[block.clone()], &nearest[block.clone()]) <= radius * SLACK
        };
        if !balls.iter().all(within) {
            return true;
        }
        if ranks.len() == 1 {
            return each(ranks.start);
        }
        let left = ranks.len() / 2;
        let middle = ranks.start + left;
        // A group of r ranks has 2 r - 1 nodes.
        self.walk(node + 1, ranks.start..middle, nearest, point, norm, balls, each)
            && self.walk(node + 2 * left, middle..ranks.end, nearest, point, norm, balls, each)
    }
}

/// Returns the smallest and then the largest coordinates of points, or nothing if there are none.
fn corners_of(points: &Points<'_>) -> Vec<f64> {
    let d = points.dimension;
    if points.is_empty() {
        return Vec::new();
    }
    let mut corners = [vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]].concat();
    for point in points.coordinates.chunks_exact(d) {
        for (c, &x) in point.iter().enumerate() {
            corners[c] = if x < corners[c] { x } else { corners[c] };
            corners[d + c] = if x > corners[d + c] { x } else { corners[d + c] };
        }
    }
    corners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Threads;

    #[test]
    fn reaches_exactly_the_boxes_within_the_radius() {
        // Rank r holds points from 10 r to 10 r + 4, and rank 2 holds none.
        let asked = Threads::run(5, |ranks| {
            let count = if ranks.rank() == 2 { 0 } else { 5 };
            let coordinates: Vec<f64> = (0..count).flat_map(|i| [(10 * ranks.rank() + i) as f64, 1.0]).collect();
            let points = PointsAside::new(ranks, 2, (0..count as u64).collect(), coordinates).unwrap();
            let boxes = Boxes::around(ranks, &points).unwrap();
            let mut asked = Vec::new();
            boxes.reached(&[13.0, 1.0], Norm::L2, &[(0..2, 17.0)], &mut |rank| {
                asked.push(rank);
                true
            });
            asked
        });
        assert_eq!(asked, [vec![1, 3], vec![0, 3], vec![0, 1, 3], vec![0, 1], vec![0, 1, 3]]);
    }

    #[test]
    fn every_block_must_reach() {
        let asked = Threads::run(2, |ranks| {
            let points = PointsAside::new(ranks, 2, vec![0], vec![10.0 * ranks.rank() as f64, 0.0]).unwrap();
            let boxes = Boxes::around(ranks, &points).unwrap();
            let count = |balls: &[(Range<usize>, f64)]| {
                let mut count = 0;
                boxes.reached(&[0.0, 3.0], Norm::LInf, balls, &mut |_| {
                    count += 1;
                    true
                });
                count
            };
            [
                count(&[(0..1, 10.0), (1..2, 3.0)]),
                count(&[(0..1, 10.0), (1..2, 2.9)]),
                count(&[(0..1, 9.9), (1..2, 3.0)]),
            ]
        });
        assert_eq!(asked[0], [1, 0, 0]);
        assert_eq!(asked[1], [1, 0, 1]);
    }
}
