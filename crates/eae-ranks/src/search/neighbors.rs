use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use knn_entropy::{Auto, Metric, NeighborSearch, Neighbors, Norm, SearchTask};
use ndarray::{Array2, Axis};

use super::pending::{Answers, Pending, PendingAside};
use super::questions::{Asked, Rounds};
use crate::estimates::{Error, Result, read_rows};
use crate::points::{Boxes, Points, PointsAside, exchange, samples, send_home};
use crate::{Aside, RankResult, Ranks, Rows, Typed};

/// Exact search for the k nearest neighbors of points that lie on several ranks.
///
/// Neighbors, their order and their distances are bit-identical to those of
/// [`Auto`](knn_entropy::Auto) in one process.
#[derive(Debug, Clone, Copy)]
pub struct Search<'m> {
    pub(crate) k: usize,
    metric: Metric<'m>,
    questions: Option<u64>,
}

/// Number of questions that a rank can always ask at once.
const FEW_QUESTIONS: u64 = 1 << 20;

/// Writes the values of a point, given its row and the rows and distances of its neighbors, the
/// nearest first. May be called from any thread.
pub(crate) type Values<'v> = dyn Fn(u64, &[u64], &[f64], &mut [f64]) + Sync + 'v;

impl<'m> Search<'m> {
    /// Returns the search for the `k` nearest by a norm.
    pub fn new(k: usize, norm: Norm) -> Self {
        Self { k, metric: norm.into(), questions: None }
    }

    /// Returns the search for the `k` nearest by the largest of the distances in blocks.
    pub(crate) fn in_blocks(k: usize, norm: Norm, widths: &'m [usize]) -> Self {
        let metric = if norm == Norm::LInf || widths.len() == 1 { norm.into() } else { Metric::Blocks(norm, widths) };
        Self { k, metric, questions: None }
    }

    /// Sets the largest number of questions that a rank asks or answers at once. If there are more,
    /// the ranks ask each other in turn. By default it is twice the number of points of a rank.
    #[must_use]
    pub fn at_once(self, questions: u64) -> Self {
        Self { questions: Some(questions), ..self }
    }

    /// Returns the nearest others of each row that this rank reads, with the rows of the whole data
    /// as indices, and the numbers of questions of all ranks.
    ///
    /// # Errors
    ///
    /// [`Error`], the same on all ranks: rows cannot be read or used, or `k` is 0 or not below the
    /// number of rows.
    pub fn neighbors(&self, ranks: &dyn Ranks, data: &dyn Rows) -> Result<(Neighbors, Asked)> {
        let (k, n) = (self.k, data.len());
        check_k(k, n.saturating_sub(1))?;
        let read = read_rows(ranks, data)?;
        let partition = read.partition(ranks)?;
        let (points, _) = exchange(ranks, &partition, read.points, Vec::new(), 0)?;
        // Rows are below 2^53 and therefore exact as floating-point numbers.
        let write = |_: u64, rows: &[u64], distances: &[f64], values: &mut [f64]| {
            values[..k].copy_from_slice(distances);
            values[k..].iter_mut().zip(rows).for_each(|(value, &row)| *value = row as f64);
        };
        let found = self.among(ranks, points, 2 * k, &write)?;
        let values = send_home(ranks, n, found.points.into_rows(), found.values, 2 * k)?;
        let values = Array2::from_shape_vec((values.len() / (2 * k), 2 * k), values).expect("whole rows");
        let (distances, indices) = values.view().split_at(Axis(1), k);
        Ok((Neighbors::new(indices.mapv(|row| row as usize), distances.to_owned()), found.asked))
    }

    /// Finds the nearest others of each point, and returns `width` values for each.
    pub(crate) fn among(
        &self,
        ranks: &dyn Ranks,
        points: PointsAside,
        width: usize,
        values: &Values<'_>,
    ) -> Result<Found> {
        self.find(ranks, points, None, width, values)
    }

    /// Finds the nearest of `references` for each query, and returns `width` values for each.
    pub(crate) fn between(
        &self,
        ranks: &dyn Ranks,
        queries: PointsAside,
        references: PointsAside,
        width: usize,
        values: &Values<'_>,
    ) -> Result<Found> {
        self.find(ranks, queries, Some(references), width, values)
    }

    fn find(
        &self,
        ranks: &dyn Ranks,
        queries: PointsAside,
        references: Option<PointsAside>,
        width: usize,
        values: &Values<'_>,
    ) -> Result<Found> {
        let boxes = Boxes::around(ranks, references.as_ref().unwrap_or(&queries))?;
        let Local { values_of, mut pending, to, mut asked } =
            self.local(ranks, &boxes, &queries, references.as_ref(), width, values)?;
        let points = ranks.sum(queries.count as u64)?;
        let most = self.questions.unwrap_or_else(|| (2 * points.div_ceil(ranks.size() as u64)).max(FEW_QUESTIONS));
        let rounds = Rounds::choose(ranks, &to, most)?;
        for round in 0..rounds.count(ranks) {
            asked.rounds += 1;
            let known = pending.take_back()?;
            let mut askers = vec![Vec::new(); ranks.size()];
            let questions = self
                .questions(&boxes, &queries.get()?, &known, &mut askers, |rank| rounds.includes(ranks, round, rank));
            pending = known.set_aside(ranks)?;
            asked.questions += askers.iter().map(|askers| askers.len() as u64).sum::<u64>();
            let askers = askers.into_iter().map(|askers| ranks.set_aside(askers)).collect::<RankResult<Vec<_>>>()?;
            let questions = ranks.all_to_all_of(questions)?;
            let answers = self.answer(references.as_ref().unwrap_or(&queries), questions)?;
            let answers = ranks.all_to_all(answers)?;
            let mut known = pending.take_back()?;
            for (askers, answers) in askers.into_iter().zip(answers) {
                let askers = askers.take_back()?;
                asked.answered += known.merge(&askers, Answers::from_bytes(&answers, askers.len())?);
            }
            pending = known.set_aside(ranks)?;
        }
        let (mut values_of, pending, points) = (values_of.take_back()?, pending.take_back()?, queries.get()?);
        for p in 0..pending.len() {
            let i = pending.point(p);
            let of_point = &mut values_of[i * width..(i + 1) * width];
            values(points.rows[i], pending.rows(p), pending.distances(p), of_point);
        }
        drop((pending, points));
        let values = ranks.set_aside(values_of)?;
        let asked = asked.over(ranks)?;
        Ok(Found { points: queries, values, asked })
    }

    /// Searches among this rank's own points. Points whose ball reaches no other box are done.
    fn local(
        &self,
        ranks: &dyn Ranks,
        boxes: &Boxes,
        queries: &PointsAside,
        references: Option<&PointsAside>,
        width: usize,
        values: &Values<'_>,
    ) -> Result<Local> {
        let queries = queries.get()?;
        let references = references.map(PointsAside::get).transpose()?;
        let (n, k) = (queries.len(), self.k);
        let alone = ranks.size() == 1;
        let written: Vec<AtomicU64> = vec![0; n * width].into_iter().map(AtomicU64::new).collect();
        let pending = Mutex::new(Pending::new(k));
        let visit = |i: usize, indices: &[usize], distances: &[f64]| {
            let rows = &references.as_ref().unwrap_or(&queries).rows;
            let neighbors = || indices.iter().map(|&j| rows[j]);
            let radius = if distances.len() < k { f64::INFINITY } else { distances[k - 1] };
            let mut asks = distances.len() < k && !alone;
            if !asks {
                self.reached(boxes, queries.point(i), radius, &mut |_| {
                    asks = true;
                    false
                });
            }
            if asks {
                pending.lock().expect("no thread has panicked").push(i, neighbors(), distances);
                return;
            }
            let mut of_point = vec![0.0; width];
            values(queries.rows[i], &neighbors().collect::<Vec<_>>(), distances, &mut of_point);
            for (place, value) in written[i * width..(i + 1) * width].iter().zip(of_point) {
                place.store(value.to_bits(), Relaxed);
            }
        };
        let others = references.as_ref().map_or(n.saturating_sub(1), Points::len);
        let nearest = k.min(others);
        match (queries.samples(), references.as_ref().map_or_else(|| queries.samples(), Points::samples)) {
            (Some(all), Some(of)) if nearest > 0 => {
                let task = match references {
                    None => SearchTask::among(&all, nearest, self.metric, 0),
                    Some(_) => SearchTask::between(&all, &of, nearest, self.metric),
                };
                Auto.find_each(&task?, &visit);
            }
            _ => (0..n).for_each(|i| visit(i, &[], &[])),
        }
        let pending = pending.into_inner().expect("no thread has panicked").sorted();
        let mut to = vec![0; ranks.size()];
        for p in 0..pending.len() {
            self.reached(boxes, queries.point(pending.point(p)), pending.radius(p), &mut |rank| {
                to[rank] += 1;
                true
            });
        }
        let asked = Asked { points: n as u64, asking: pending.len() as u64, ..Asked::default() };
        let values_of = written.into_iter().map(|bits| f64::from_bits(bits.into_inner())).collect();
        Ok(Local { values_of: ranks.set_aside(values_of)?, pending: pending.set_aside(ranks)?, to, asked })
    }

    /// Returns the questions to each rank: the coordinates of a point and its radius. Notes which
    /// points ask.
    fn questions(
        &self,
        boxes: &Boxes,
        queries: &Points<'_>,
        pending: &Pending,
        askers: &mut [Vec<u64>],
        includes: impl Fn(usize) -> bool,
    ) -> Vec<Vec<f64>> {
        let mut questions = vec![Vec::new(); askers.len()];
        for p in 0..pending.len() {
            let (point, radius) = (queries.point(pending.point(p)), pending.radius(p));
            self.reached(boxes, point, radius, &mut |rank| {
                if includes(rank) {
                    questions[rank].extend_from_slice(point);
                    questions[rank].push(radius);
                    askers[rank].push(p as u64);
                }
                true
            });
        }
        questions
    }

    /// Calls a function with each rank whose box the ball around a point reaches.
    fn reached(&self, boxes: &Boxes, point: &[f64], radius: f64, each: &mut dyn FnMut(usize) -> bool) {
        match self.metric {
            Metric::Blocks(norm, widths) => {
                let mut start = 0;
                let ball = |&width: &usize| {
                    start += width;
                    (start - width..start, radius)
                };
                let balls: Vec<(Range<usize>, f64)> = widths.iter().map(ball).collect();
                boxes.reached(point, norm, &balls, each);
            }
            metric => boxes.reached(point, metric.norm(), &[(0..point.len(), radius)], each),
        }
    }

    /// Returns the answers to each rank: for each question, this rank's nearest points within the
    /// radius.
    fn answer(&self, references: &PointsAside, questions: Vec<Vec<f64>>) -> Result<Vec<Vec<u8>>> {
        let d = references.dimension;
        let counts: Vec<usize> = questions.iter().map(|questions| questions.len() / (d + 1)).collect();
        let all: usize = counts.iter().sum();
        let (mut coordinates, mut radii) = (Vec::with_capacity(all * d), Vec::with_capacity(all));
        for questions in questions {
            for question in questions.chunks_exact(d + 1) {
                coordinates.extend_from_slice(&question[..d]);
                radii.push(question[d]);
            }
        }
        let references = references.get()?;
        let nearest = self.k.min(references.len());
        let found = match (samples(&coordinates, d), references.samples()) {
            (Some(queries), Some(points)) if nearest > 0 => {
                Some(Auto.find(&SearchTask::between(&queries, &points, nearest, self.metric)?))
            }
            _ => None,
        };
        drop(coordinates);
        let mut start = 0;
        let to_rank = |count: usize| {
            let questions = start..start + count;
            start = questions.end;
            let answer = |q: usize| {
                let found =
                    found.iter().flat_map(move |found| found.indices.row(q).into_iter().zip(found.distances.row(q)));
                let (radius, rows) = (radii[q], &references.rows);
                found.filter(move |(_, r)| **r <= radius).map(|(&j, &r)| (rows[j], r))
            };
            Answers::to_bytes(questions.map(answer))
        };
        Ok(counts.into_iter().map(to_rank).collect())
    }
}

/// Returns an error unless `k` of `others` can be found.
pub(crate) fn check_k(k: usize, others: usize) -> Result<()> {
    match k {
        0 => Err(Error::Estimate(knn_entropy::Error::ZeroK)),
        _ if k > others => Err(Error::Estimate(knn_entropy::Error::KTooLarge { k, others })),
        _ => Ok(()),
    }
}

/// The values of the points of this rank.
pub(crate) struct Found {
    pub(crate) points: PointsAside,
    pub(crate) values: Aside<f64>,
    /// The questions of all ranks.
    pub(crate) asked: Asked,
}

struct Local {
    values_of: Aside<f64>,
    pending: PendingAside,
    /// Number of questions to each rank.
    to: Vec<u64>,
    asked: Asked,
}
