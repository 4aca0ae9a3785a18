use crate::{Error, Result};

/// The conditions on distances that an estimate can use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usable {
    /// True if a distance of 0 is an error.
    pub(super) apart: bool,
    /// The shortest period, infinite if no coordinate is periodic. A ball with a radius above half
    /// the period reaches around the torus.
    pub(super) period: f64,
}

impl Usable {
    pub(super) fn refuses(self, r: f64) -> bool {
        r.is_infinite() || self.reaches_around(r) || (r == 0.0 && self.apart)
    }

    fn reaches_around(self, r: f64) -> bool {
        r > self.period / 2.0
    }
}

/// The unusable distances to neighbor number `k`, with the first affected row of each kind.
#[derive(Debug)]
pub(super) struct Faults {
    usable: Usable,
    /// The number of the neighbor, starting from 1 for the nearest.
    k: usize,
    /// A row and its neighbor.
    infinite: Option<(usize, usize)>,
    zero: Option<(usize, usize)>,
    zeros: usize,
    /// A row and its distance.
    around: Option<(usize, f64)>,
}

impl Faults {
    pub(super) fn new(usable: Usable, k: usize) -> Self {
        Self { usable, k, infinite: None, zero: None, zeros: 0, around: None }
    }

    pub(super) fn note(&mut self, row: usize, neighbor: usize, r: f64) {
        let earlier = |other: Option<(usize, usize)>| other.is_none_or(|(other, _)| row < other);
        if r.is_infinite() && earlier(self.infinite) {
            self.infinite = Some((row, neighbor));
        }
        if r == 0.0 && self.usable.apart {
            self.zeros += 1;
            if earlier(self.zero) {
                self.zero = Some((row, neighbor));
            }
        }
        if self.usable.reaches_around(r) && self.around.is_none_or(|(other, _)| row < other) {
            self.around = Some((row, r));
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let k = self.k;
        if let Some((first, second)) = self.infinite {
            return Err(Error::DistanceOverflow { first, second });
        }
        if let Some((first, second)) = self.zero {
            return Err(Error::Duplicates { first, second, count: self.zeros, k });
        }
        match self.around {
            Some((row, distance)) => Err(Error::TorusTooSmall { row, k, distance, period: self.usable.period }),
            None => Ok(()),
        }
    }
}
