use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use knn_entropy::{Auto, Metric, NeighborSearch, Neighbors, Norm, SearchTask};
use ndarray::{Array2, Axis};

use super::pending::{Answers, Pending};
use super::questions::{Asked, Rounds};
use crate::estimates::{Error, Result, read_rows};
use crate::points::{Boxes, Points, exchange, samples, send_home};
use crate::{Ranks, Rows, Typed};

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
        let (points, _) = exchange(ranks, &partition, read.points, Vec::new())?;
        // Rows are below 2^53 and therefore exact as floating-point numbers.
        let write = |_: u64, rows: &[u64], distances: &[f64], values: &mut [f64]| {
            values[..k].copy_from_slice(distances);
            values[k..].iter_mut().zip(rows).for_each(|(value, &row)| *value = row as f64);
        };
        let found = self.among(ranks, points, 2 * k, &write)?;
        let values = send_home(ranks, n, found.points.rows, found.values, 2 * k)?;
        let values = Array2::from_shape_vec((values.len() / (2 * k), 2 * k), values).expect("whole rows");
        let (distances, indices) = values.view().split_at(Axis(1), k);
        Ok((Neighbors::new(indices.mapv(|row| row as usize), distances.to_owned()), found.asked))
    }

    /// Finds the nearest others of each point, and returns `width` values for each.
    pub(crate) fn among(&self, ranks: &dyn Ranks, points: Points, width: usize, values: &Values<'_>) -> Result<Found> {
        self.find(ranks, points, None, width, values)
    }

    /// Finds the nearest of `references` for each query, and returns `width` values for each.
    pub(crate) fn between(
        &self,
        ranks: &dyn Ranks,
        queries: Points,
        references: Points,
        width: usize,
        values: &Values<'_>,
    ) -> Result<Found> {
        self.find(ranks, queries, Some(references), width, values)
    }

    fn find(
        &self,
        ranks: &dyn Ranks,
        queries: Points,
        references: Option<Points>,
        width: usize,
        values: &Values<'_>,
    ) -> Result<Found> {
        let boxes = Boxes::around(ranks, references.as_ref().unwrap_or(&queries))?;
        let Local { mut values_of, mut pending, mut asked } =
            self.local(ranks, &boxes, &queries, references.as_ref(), width, values)?;
        let points = ranks.sum(queries.len() as u64)?;
        let most = self.questions.unwrap_or_else(|| (2 * points.div_ceil(ranks.size() as u64)).max(FEW_QUESTIONS));
        let mut to = vec![0; ranks.size()];
        for p in 0..pending.len() {
            self.reached(&boxes, queries.point(pending.point(p)), pending.radius(p), &mut |rank| {
                to[rank] += 1;
                true
            });
        }
        let rounds = Rounds::choose(ranks, &to, most)?;
        let (mut queries, mut references) = (queries, references);
        for round in 0..rounds.count(ranks) {
            asked.rounds += 1;
            // Collect the questions: the coordinates of a point and its radius.
            let mut questions = vec![Vec::new(); ranks.size()];
            let mut askers = vec![Vec::new(); ranks.size()];
            for p in 0..pending.len() {
                let (point, radius) = (queries.point(pending.point(p)), pending.radius(p));
                self.reached(&boxes, point, radius, &mut |rank| {
                    if rounds.includes(ranks, round, rank) {
                        questions[rank].extend_from_slice(point);
                        questions[rank].push(radius);
                        askers[rank].push(p);
                    }
                    true
                });
            }
            asked.questions += askers.iter().map(|askers| askers.len() as u64).sum::<u64>();
            let aside = (queries.set_aside(ranks)?, ranks.set_aside(values_of)?, pending.set_aside(ranks)?);
            let others = references.map(|references| references.set_aside(ranks)).transpose()?;
            let questions = ranks.all_to_all_of(questions)?;
            references = others.map(|others| others.take_back(ranks)).transpose()?;
            queries = aside.0.take_back(ranks)?;
            let answers = self.answer(references.as_ref().unwrap_or(&queries), questions)?;
            let queries_aside = queries.set_aside(ranks)?;
            let others = references.map(|references| references.set_aside(ranks)).transpose()?;
            let answers = answers.exchange(ranks)?;
            pending = aside.2.take_back(ranks)?;
            asked.answered += pending.merge(&askers, answers);
            values_of = ranks.take_back(aside.1)?;
            queries = queries_aside.take_back(ranks)?;
            references = others.map(|others| others.take_back(ranks)).transpose()?;
        }
        for p in 0..pending.len() {
            let i = pending.point(p);
            let of_point = &mut values_of[i * width..(i + 1) * width];
            values(queries.rows[i], pending.rows(p), pending.distances(p), of_point);
        }
        let asked = asked.over(ranks)?;
        Ok(Found { points: queries, values: values_of, asked })
    }

    /// Searches among this rank's own points. Points whose ball reaches no other box are done.
    fn local(
        &self,
        ranks: &dyn Ranks,
        boxes: &Boxes,
        queries: &Points,
        references: Option<&Points>,
        width: usize,
        values: &Values<'_>,
    ) -> Result<Local> {
        let (n, k) = (queries.len(), self.k);
        let alone = ranks.size() == 1;
        let written: Vec<AtomicU64> = vec![0; n * width].into_iter().map(AtomicU64::new).collect();
        let pending = Mutex::new(Vec::new());
        let visit = |i: usize, indices: &[usize], distances: &[f64]| {
            let rows = &references.unwrap_or(queries).rows;
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
                let mut lock = pending.lock().expect("no thread has panicked");
                lock.push((i as u64, neighbors().collect::<Vec<_>>(), distances.to_vec()));
                return;
            }
            let mut of_point = vec![0.0; width];
            values(queries.rows[i], &neighbors().collect::<Vec<_>>(), distances, &mut of_point);
            for (place, value) in written[i * width..(i + 1) * width].iter().zip(of_point) {
                place.store(value.to_bits(), Relaxed);
            }
        };
        let others = references.map_or(n.saturating_sub(1), Points::len);
        let nearest = k.min(others);
        match (queries.samples(), references.map_or_else(|| queries.samples(), Points::samples)) {
            (Some(all), Some(of)) if nearest > 0 => {
                let task = match references {
                    None => SearchTask::among(&all, nearest, self.metric, 0),
                    Some(_) => SearchTask::between(&all, &of, nearest, self.metric),
                };
                Auto.find_each(&task?, &visit);
            }
            _ => (0..n).for_each(|i| visit(i, &[], &[])),
        }
        let mut found = pending.into_inner().expect("no thread has panicked");
        found.sort_unstable_by_key(|(i, ..)| *i);
        let mut pending = Pending::new(k);
        found.into_iter().for_each(|(i, rows, distances)| pending.push(i, &rows, &distances));
        let values_of = written.into_iter().map(|bits| f64::from_bits(bits.into_inner())).collect();
        let asked = Asked { points: n as u64, asking: pending.len() as u64, ..Asked::default() };
        Ok(Local { values_of, pending, asked })
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

    /// Finds, for each question, this rank's nearest points within the radius.
    fn answer(&self, references: &Points, questions: Vec<Vec<f64>>) -> Result<Answers> {
        let d = references.dimension;
        let counts: Vec<usize> = questions.iter().map(|questions| questions.len() / (d + 1)).collect();
        let questions = questions.concat();
        let (mut coordinates, mut radii) = (Vec::with_capacity(questions.len()), Vec::new());
        for question in questions.chunks_exact(d + 1) {
            coordinates.extend_from_slice(&question[..d]);
            radii.push(question[d]);
        }
        drop(questions);
        let nearest = self.k.min(references.len());
        let found = match (samples(&coordinates, d), references.samples()) {
            (Some(queries), Some(points)) if nearest > 0 => {
                Some(Auto.find(&SearchTask::between(&queries, &points, nearest, self.metric)?))
            }
            _ => None,
        };
        let mut answers = Answers::default();
        let mut radii = radii.into_iter().enumerate();
        for count in counts {
            let (mut numbers, mut rows, mut distances) = (Vec::with_capacity(count), Vec::new(), Vec::new());
            for (q, radius) in radii.by_ref().take(count) {
                let before = rows.len();
                if let Some(found) = &found {
                    for (&j, &r) in found.indices.row(q).iter().zip(found.distances.row(q)) {
                        if r <= radius {
                            rows.push(references.rows[j]);
                            distances.push(r);
                        }
                    }
                }
                numbers.push((rows.len() - before) as u32);
            }
            answers.counts.push(numbers);
            answers.rows.push(rows);
            answers.distances.push(distances);
        }
        Ok(answers)
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
    pub(crate) points: Points,
    pub(crate) values: Vec<f64>,
    /// The questions of all ranks.
    pub(crate) asked: Asked,
}

struct Local {
    values_of: Vec<f64>,
    pending: Pending,
    asked: Asked,
}
