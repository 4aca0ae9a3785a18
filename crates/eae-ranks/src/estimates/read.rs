//! Reads the rows of a rank.

use knn_entropy::Samples;

use super::error::{Error, Result};
use crate::points::{PointsAside, SAMPLE, samples, spread};
use crate::{Partition, RankResult, Ranks, Rows, Typed, row_range};

/// The rows that this rank has read, in order.
pub(crate) struct Read {
    pub(crate) points: PointsAside,
    /// Number of rows of all ranks.
    pub(crate) n: usize,
}

/// Reads this rank's rows and checks them, so that an error of one rank is the error of all.
pub(crate) fn read_rows(ranks: &dyn Ranks, data: &dyn Rows) -> Result<Read> {
    let (n, d) = (data.len(), data.dimension());
    match (n, d) {
        (0, _) => return Err(knn_entropy::Error::NoSamples.into()),
        (_, 0) => return Err(knn_entropy::Error::NoDimensions.into()),
        _ => {}
    }
    let mine = row_range(n, ranks.rank(), ranks.size());
    let expected = mine.len() * d;
    let read = data.read(mine.clone()).and_then(|numbers| match numbers.len() {
        count if count == expected => Ok(numbers),
        count => Err(format!("rows {} to {} have {count} numbers instead of {expected}", mine.start, mine.end)),
    });
    let kept = match read {
        Ok(coordinates) => {
            let place = coordinates.iter().position(|x| !x.is_finite());
            let first = place.map_or([u64::MAX, 0, 0], |place| {
                [(mine.start + place / d) as u64, (place % d) as u64, coordinates[place].to_bits()]
            });
            let rows = (mine.start as u64..mine.end as u64).collect();
            Ok((PointsAside::new(ranks, d, rows, coordinates)?, first))
        }
        Err(message) => Err(message),
    };
    let (points, first) = ranks.agree(kept)?;
    let first = ranks.all_gather_of(&first)?.into_iter().find(|first| first[0] != u64::MAX);
    if let Some([row, column, value]) = first.as_deref().and_then(|first| <&[u64; 3]>::try_from(first).ok()) {
        let (row, column, value) = (*row as usize, *column as usize, f64::from_bits(*value));
        return Err(knn_entropy::Error::NotFinite { row, column, value }.into());
    }
    Ok(Read { points, n })
}

impl Read {
    /// Builds the partition of space from a sample of the rows.
    pub(crate) fn partition(&self, ranks: &dyn Ranks) -> RankResult<Partition> {
        let (rows, coordinates) = self.sample()?;
        Partition::new(ranks, &coordinates, &rows, self.points.dimension)
    }

    /// Returns a few rows of this rank, evenly spaced.
    pub(crate) fn sample(&self) -> RankResult<(Vec<u64>, Vec<f64>)> {
        let points = self.points.get()?;
        let some = (0..points.len()).step_by(points.len().div_ceil(SAMPLE).max(1));
        let coordinates = some.clone().flat_map(|i| points.point(i)).copied().collect();
        Ok((some.map(|i| points.rows[i]).collect(), coordinates))
    }

    /// Returns the rows that an estimate in one process looks at to find rounded numbers.
    pub(crate) fn for_rounding(&self, ranks: &dyn Ranks) -> RankResult<Sampled> {
        self.spread(ranks, self.n.div_ceil(Samples::SOME))
    }

    /// Checks that no column is a linear combination of the columns before it.
    ///
    /// With more than [`MOST_GATHERED`] numbers, evenly spaced rows decide.
    pub(crate) fn check_rank(&self, ranks: &dyn Ranks) -> Result<()> {
        let (n, d) = (self.n, self.points.dimension);
        // If the columns are independent in some of the rows, they are independent in all.
        let few = n.div_ceil(4 * d + 16);
        if n > d + 1 && few > 1 {
            let some = self.spread(ranks, few)?;
            if some.rows() > d + 1 && some.samples().is_some_and(|some| some.check_rank().is_ok()) {
                return Ok(());
            }
        }
        let some = self.spread(ranks, (n * d).div_ceil(MOST_GATHERED))?;
        some.samples().map_or(Ok(()), |some| some.check_rank()).map_err(Error::from)
    }

    fn spread(&self, ranks: &dyn Ranks, step: usize) -> RankResult<Sampled> {
        Ok(Sampled { dimension: self.points.dimension, coordinates: spread(ranks, &self.points, self.n, step)? })
    }
}

/// Largest number of coordinates that every rank gathers.
const MOST_GATHERED: usize = 1 << 22;

/// Rows that every rank has.
pub(crate) struct Sampled {
    dimension: usize,
    pub(crate) coordinates: Vec<f64>,
}

impl Sampled {
    fn rows(&self) -> usize {
        self.coordinates.len() / self.dimension
    }

    pub(crate) fn samples(&self) -> Option<Samples<'_>> {
        samples(&self.coordinates, self.dimension)
    }
}
