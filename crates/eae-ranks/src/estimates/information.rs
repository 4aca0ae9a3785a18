use knn_entropy::{LocalInformation, Norm, Warning};

use super::read::Read;
use super::{Estimated, Progress, Result, Stage, read_rows};
use crate::points::{PointsAside, exchange, send_home};
use crate::search::{Balls, count};
use crate::{Asked, RankResult, Ranks, Rows, Search, Typed};

/// Mutual information of Kraskov, Stoegbauer and Grassberger between two or more blocks of
/// variables, from rows on several ranks.
///
/// Value, standard error and local values are bit-identical to those of [`Ksg`](knn_entropy::Ksg)
/// with its first algorithm in one process, for tied rows as well. Of its warnings, those about
/// ties and saturation are reported.
#[derive(Debug, Clone, Copy)]
pub struct MutualInformation<'p> {
    k: usize,
    norm: Norm,
    questions: Option<u64>,
    progress: Progress<'p>,
}

/// Distance from the largest possible estimate below which an estimate counts as saturated, as in
/// [`Ksg`](knn_entropy::Ksg).
const SATURATED: f64 = 1.0;

impl<'p> MutualInformation<'p> {
    /// Returns the estimator with the k-th neighbor and the maximum norm within blocks.
    pub fn new(k: usize) -> Self {
        Self { k, norm: Norm::LInf, questions: None, progress: Progress(None) }
    }

    /// Sets the norm within blocks.
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        Self { norm, ..self }
    }

    /// Sets the largest number of questions that a rank asks or answers at once, as in
    /// [`Search::at_once`].
    #[must_use]
    pub fn at_once(self, questions: u64) -> Self {
        Self { questions: Some(questions), ..self }
    }

    /// Sets a function that each rank calls after a stage.
    #[must_use]
    pub fn progress(self, report: &'p (dyn Fn(Stage) + Sync)) -> Self {
        Self { progress: Progress(Some(report)), ..self }
    }

    /// Returns the information in nats between blocks whose rows belong together.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error), the same on all ranks: those of
    /// [`Ksg::estimate`](knn_entropy::Ksg::estimate), and rows that a rank cannot read.
    pub fn estimate(&self, ranks: &dyn Ranks, blocks: &[&dyn Rows]) -> Result<Estimated> {
        let (k, n) = (self.k, blocks.first().map_or(0, |block| block.len()));
        let mut parts = Vec::new();
        for block in blocks {
            parts.push(read_rows(ranks, *block)?);
        }
        if let Some(part) = parts.iter().find(|part| part.n != n) {
            return Err(knn_entropy::Error::RowMismatch { one: n, other: part.n }.into());
        }
        let errors = parts.iter().map(|part| rounding_error(ranks, part)).collect::<Result<Vec<f64>>>()?;
        let widths: Vec<usize> = parts.iter().map(|part| part.points.dimension).collect();
        let joint = beside(ranks, parts)?;
        let information = LocalInformation::new(k, n)?;
        let most = self.questions.unwrap_or((1 << 20).max(2 * n.div_ceil(ranks.size()) as u64));
        self.progress.finished(Stage::Read);

        // The radius of each row, at the rank that reads it.
        let partition = joint.partition(ranks)?;
        let (points, _) = exchange(ranks, &partition, joint.points, Vec::new(), 0)?;
        let faults = super::entropy::Faults::new(false);
        let radius = |row: u64, rows: &[u64], distances: &[f64], values: &mut [f64]| {
            faults.note(row, rows[k - 1], distances[k - 1]);
            values[0] = distances[k - 1];
        };
        let search = Search::in_blocks(k, self.norm, &widths).at_once(most);
        let found = search.among(ranks, points, 1, &radius)?;
        faults.check(ranks, k)?;
        let mut asked = found.asked;
        let radii = send_home(ranks, n, found.points.into_rows(), found.values, 1)?;
        self.progress.finished(Stage::Exchange);

        // The shell around each row in each block.
        let mut shells = vec![Vec::new(); radii.len()];
        for (block, error) in blocks.iter().zip(&errors) {
            let part = read_rows(ranks, *block)?;
            let width = part.points.dimension;
            let of_block = radii.iter().flat_map(|r| [r - error, r + error]).collect();
            let counts = self.counts(ranks, part, of_block, &[width], most, &mut asked)?;
            shells.iter_mut().zip(counts).for_each(|(shells, shell)| shells.push(shell));
        }
        let tied: Vec<bool> = shells.iter().map(|shells| information.is_tied(shells)).collect();
        let count_tied = |tied: &[bool]| ranks.sum(tied.iter().filter(|tied| **tied).count() as u64);
        let tied_rows = count_tied(&tied)?;
        let mut within = vec![0; radii.len()];
        if tied_rows > 0 {
            let parts = blocks.iter().map(|block| read_rows(ranks, *block)).collect::<Result<Vec<_>>>()?;
            let count = blocks.len();
            let of_row = |(&r, &tied): (&f64, &bool)| {
                let outer = errors.iter().map(move |error| if tied { r + error } else { f64::NAN });
                outer.clone().chain(outer).collect::<Vec<f64>>()
            };
            let balls: Vec<f64> = radii.iter().zip(&tied).flat_map(of_row).collect();
            debug_assert_eq!(balls.len(), 2 * count * radii.len());
            let counts = self.counts(ranks, beside(ranks, parts)?, balls, &widths, most, &mut asked)?;
            within = counts.into_iter().map(|(_, within)| within).collect();
        }
        self.progress.finished(Stage::Search);

        // Few ties are due to chance, except for rows that coincide.
        let few = tied_rows as f64 <= LocalInformation::FEW_TIES * n as f64;
        let mut still_tied = tied.clone();
        let (mut exhausted, mut coinciding) = (0, 0);
        let mut values = Vec::with_capacity(radii.len());
        for (i, shells) in shells.iter().enumerate() {
            let counts_all = tied[i] && (!few || radii[i] == 0.0);
            values.push(information.value(shells, counts_all.then_some(within[i])));
            let is_exhausted = information.is_exhausted(shells, tied[i].then_some(within[i]));
            exhausted += u64::from(is_exhausted);
            still_tied[i] &= !(is_exhausted && radii[i] > 0.0);
            coinciding += u64::from(radii[i] == 0.0);
        }
        let (tied, exhausted, coinciding) = (count_tied(&still_tied)?, ranks.sum(exhausted)?, ranks.sum(coinciding)?);
        let mut estimated = Estimated::new(ranks, values, 0.0, n, asked)?;
        if (tied as f64 > LocalInformation::FEW_TIES * n as f64 || coinciding > 0) && tied > 0 {
            estimated.warnings.push(Warning::Ties { tied: tied as usize, rows: n });
        }
        let share = exhausted as f64 / n as f64;
        let bound = information.value(&vec![(k - 1, k); blocks.len()], None);
        let room = SATURATED * (blocks.len() as f64 - 1.0).min(bound / 2.0);
        if blocks.len() > 1 && estimated.value > bound - room {
            estimated.warnings.push(Warning::Saturated { share, bound });
        }
        self.progress.finished(Stage::Sum);
        Ok(estimated)
    }

    /// Counts around the rows that this rank reads.
    fn counts(
        &self,
        ranks: &dyn Ranks,
        read: Read,
        radii: Vec<f64>,
        widths: &[usize],
        most: u64,
        asked: &mut Asked,
    ) -> Result<Vec<(usize, usize)>> {
        let n = read.n;
        let partition = read.partition(ranks)?;
        let (points, radii) = exchange(ranks, &partition, read.points, radii, 2 * widths.len())?;
        let (points, counts, more) = count(ranks, Balls { points, radii }, self.norm, widths, most)?;
        *asked = asked.plus(more);
        let counts = send_home(ranks, n, points.into_rows(), counts, 2)?;
        Ok(counts.chunks_exact(2).map(|pair| (pair[0] as usize, pair[1] as usize)).collect())
    }
}

/// Returns the largest error that rounding causes in a distance within a block.
fn rounding_error(ranks: &dyn Ranks, part: &Read) -> Result<f64> {
    let points = part.points.get()?;
    let largest = points.coordinates.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    drop(points);
    let largest = ranks.all_gather_one(largest)?.into_iter().fold(0.0, f64::max);
    let some = part.for_rounding(ranks)?;
    Ok(some.samples().map_or(0.0, |some| some.rounding_error_up_to(largest)))
}

/// Joins rows of the same range side by side.
fn beside(ranks: &dyn Ranks, parts: Vec<Read>) -> Result<Read> {
    let n = parts.first().map_or(0, |part| part.n);
    if parts.is_empty() || n == 0 {
        return Err(knn_entropy::Error::NoDimensions.into());
    }
    let all = parts.iter().map(|part| part.points.get()).collect::<RankResult<Vec<_>>>()?;
    let dimension = all.iter().map(|points| points.dimension).sum();
    let rows = all[0].rows.to_vec();
    let mut coordinates = Vec::with_capacity(rows.len() * dimension);
    for i in 0..rows.len() {
        all.iter().for_each(|points| coordinates.extend_from_slice(points.point(i)));
    }
    Ok(Read { points: PointsAside::new(ranks, dimension, rows, coordinates)?, n })
}
