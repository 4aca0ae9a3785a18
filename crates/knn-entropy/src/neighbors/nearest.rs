use std::cmp::Ordering;
use std::hint::select_unpredictable;

use crate::geometry::Geometry;

/// Up to here candidates are kept sorted by insertion; beyond, they are collected and the nearest selected now and then.
const MOST_INSERTED: usize = 32;

/// Up to here it is faster to move all of them than to find out which.
const MOST_MOVED: usize = 8;

/// A neighbour by its distance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) distance: f64,
    pub(crate) index: usize,
}

impl Candidate {
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.index.cmp(&other.index))
    }
}

/// A neighbour, perhaps, by its key.
#[derive(Debug, Clone, Copy)]
struct Keyed {
    key: f64,
    index: usize,
}

impl Keyed {
    /// By distance and index. Roots are only taken where keys are so close that they may be equal.
    #[inline(always)]
    fn is_before(&self, other: &Self, geometry: impl Geometry) -> bool {
        if other.key > geometry.ties(self.key) {
            return true;
        }
        if self.key > geometry.ties(other.key) {
            return false;
        }
        self.order(other, geometry) == Ordering::Less
    }

    fn order(&self, other: &Self, geometry: impl Geometry) -> Ordering {
        let (one, two) = (geometry.distance(self.key), geometry.distance(other.key));
        one.total_cmp(&two).then(self.index.cmp(&other.index))
    }
}

/// The `k` nearest of all points that are offered, in whatever order they come: by distance, and by index where distances
/// are equal.
#[derive(Debug, Clone)]
pub(crate) struct Nearest {
    k: usize,
    found: Vec<Keyed>,
    /// Points with a larger key are none.
    limit: f64,
    /// The key and the index of the last of the `k` nearest, when they were last known.
    worst_key: f64,
    worst_index: usize,
}

impl Nearest {
    pub(crate) fn new(k: usize) -> Self {
        Self {
            k,
            found: Vec::with_capacity(k.min(MOST_INSERTED)),
            limit: f64::INFINITY,
            worst_key: f64::INFINITY,
            worst_index: usize::MAX,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.found.clear();
        self.limit = f64::INFINITY;
        self.worst_key = f64::INFINITY;
        self.worst_index = usize::MAX;
    }

    /// Sets the limit by the key of the farthest of `k` points that will be offered, in whatever order.
    pub(crate) fn begin_with(&mut self, geometry: impl Geometry, key: f64) {
        self.limit = geometry.ties(key);
    }

    /// No point with a larger key can be among the nearest.
    #[inline(always)]
    pub(crate) fn limit(&self) -> f64 {
        self.limit
    }

    /// Whether a box can be left out: its nearest key and its smallest index.
    #[inline(always)]
    pub(crate) fn excludes(&self, nearest_key: f64, smallest_index: usize) -> bool {
        // The second case is for points that coincide: without it all of them would be looked at for each.
        // Not `||`: a branch would be predicted badly.
        (nearest_key > self.limit) | ((nearest_key >= self.worst_key) & (smallest_index > self.worst_index))
    }

    #[inline(always)]
    pub(crate) fn offer(&mut self, geometry: impl Geometry, key: f64, index: usize) {
        if key <= self.limit {
            self.insert(geometry, key, index);
        }
    }

    #[inline(never)]
    fn insert(&mut self, geometry: impl Geometry, key: f64, index: usize) {
        let new = Keyed { key, index };
        if self.k > MOST_INSERTED {
            self.found.push(new);
            if self.found.len() >= 2 * self.k {
                self.select(geometry);
            }
            return;
        }
        let full = self.found.len() == self.k;
        if full && self.k <= MOST_MOVED && self.shift(geometry, new) {
            return;
        }
        if !full {
            self.found.push(new);
        } else if new.is_before(&self.found[self.k - 1], geometry) {
            self.found[self.k - 1] = new;
        } else {
            return;
        }
        let mut place = self.found.len() - 1;
        while place > 0 && new.is_before(&self.found[place - 1], geometry) {
            self.found[place] = self.found[place - 1];
            place -= 1;
        }
        self.found[place] = new;
        self.remember(geometry);
    }

    /// Inserts without a branch that depends on where, which no processor could predict: of a sorted row each place takes the
    /// middle one of the new key, its own, and that of the place before. Not if one is so close that the index may decide.
    #[inline(always)]
    fn shift(&mut self, geometry: impl Geometry, new: Keyed) -> bool {
        let ties = geometry.ties(new.key);
        let close = |own: &Keyed| (own.key <= ties) & (new.key <= geometry.ties(own.key));
        if self.found.iter().fold(false, |any, own| any | close(own)) {
            return false;
        }
        for place in (1..self.found.len()).rev() {
            let (before, own) = (self.found[place - 1], self.found[place]);
            let later = select_unpredictable(new.key < own.key, new, own);
            self.found[place] = select_unpredictable(new.key < before.key, before, later);
        }
        let first = self.found[0];
        self.found[0] = select_unpredictable(new.key < first.key, new, first);
        self.remember(geometry);
        true
    }

    /// Leaves the `k` nearest.
    fn select(&mut self, geometry: impl Geometry) {
        if self.k < self.found.len() {
            self.found.select_nth_unstable_by(self.k - 1, |a, b| a.order(b, geometry));
            self.found.truncate(self.k);
        }
        self.remember(geometry);
    }

    #[inline(always)]
    fn remember(&mut self, geometry: impl Geometry) {
        if let Some(worst) = self.found.get(self.k - 1) {
            self.limit = geometry.ties(worst.key);
            self.worst_key = worst.key;
            self.worst_index = worst.index;
        }
    }

    /// Writes the nearest, in order.
    #[inline(always)]
    pub(crate) fn write(&mut self, geometry: impl Geometry, indices: &mut [usize], distances: &mut [f64]) {
        self.select(geometry);
        if self.k > MOST_INSERTED {
            self.found.sort_unstable_by(|a, b| a.order(b, geometry));
        }
        // One after the other: roots of both at once, an index taken for a number, would be slow, since that is subnormal.
        for (index, found) in indices.iter_mut().zip(&self.found) {
            *index = found.index;
        }
        for (distance, found) in distances.iter_mut().zip(&self.found) {
            *distance = geometry.distance(found.key);
        }
    }

    /// Whether the keys have told all points apart that the distances do. Not so if a term of a key was lost to under- or
    /// overflow: then keys of other points may have been lost, too, and the search must be done again with the distances
    /// themselves. `distance` is that of the point with this index; where it is 0, nothing can have been lost.
    pub(crate) fn is_safe<G: Geometry>(&self, _: G, distance: impl Fn(usize) -> f64) -> bool {
        // A lost square is below 1e-323, and below rounding next to 1e-290 for any dimension that fits into memory.
        let least = if G::SQUARED { 1e-290 } else { 0.0 };
        let safe = |found: &Keyed| found.key >= least && found.key.is_finite();
        self.found.iter().all(|found| safe(found) || distance(found.index) == 0.0)
    }
}
