use std::cmp::Ordering;
use std::hint::select_unpredictable;

/// Largest `k` for which candidates are kept sorted by insertion. For a larger `k` they are
/// collected, and the nearest are selected from time to time.
const MOST_INSERTED: usize = 32;

/// Largest `k` for which moving all candidates is faster than finding out which ones to move.
const MOST_MOVED: usize = 8;

/// A possible neighbor, with its distance.
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

/// A possible neighbor, with its key.
#[derive(Debug, Clone, Copy)]
struct Keyed {
    key: f64,
    index: usize,
}

/// The relation of keys to distances.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// True if a key is the square of a distance.
    squared: bool,
    /// The largest ratio of two keys with the same distance. Two squares that differ in the last
    /// digit can have the same root.
    ties: f64,
}

impl Scale {
    fn new(squared: bool) -> Self {
        Self { squared, ties: if squared { 1.0 + 4.0 * f64::EPSILON } else { 1.0 } }
    }

    /// Returns the distance of a key that is in range.
    #[inline(always)]
    fn distance(self, key: f64) -> f64 {
        if self.squared { key.sqrt() } else { key }
    }

    /// Returns a number at least as large as every key with the same distance as this key.
    #[inline(always)]
    fn ties(self, key: f64) -> f64 {
        key * self.ties
    }

    /// Compares by distance and index. Roots are computed only if keys are so close that the
    /// distances may be equal.
    #[inline(always)]
    fn is_before(self, one: &Keyed, other: &Keyed) -> bool {
        if other.key > self.ties(one.key) {
            return true;
        }
        if one.key > self.ties(other.key) {
            return false;
        }
        self.order(one, other) == Ordering::Less
    }

    fn order(self, one: &Keyed, other: &Keyed) -> Ordering {
        if self.squared { order::<true>(one, other) } else { order::<false>(one, other) }
    }
}

/// Compares by distance and index. Sorting is a quarter faster without a branch in the comparison.
fn order<const SQUARED: bool>(one: &Keyed, other: &Keyed) -> Ordering {
    let distance = |key: f64| if SQUARED { key.sqrt() } else { key };
    distance(one.key).total_cmp(&distance(other.key)).then(one.index.cmp(&other.index))
}

/// The `k` nearest of all points that are offered in any order: by distance and, for equal
/// distances, by index.
#[derive(Debug, Clone)]
pub(crate) struct Nearest {
    k: usize,
    scale: Scale,
    found: Vec<Keyed>,
    /// Points with a larger key cannot be among the nearest.
    limit: f64,
    /// The key of the last of the `k` nearest when they were last selected. `worst_index` is its
    /// index.
    worst_key: f64,
    worst_index: usize,
}

impl Nearest {
    /// Creates a set for `k` neighbors whose keys are distances or, if `squared`, squares of
    /// distances.
    pub(crate) fn new(k: usize, squared: bool) -> Self {
        Self {
            k,
            scale: Scale::new(squared),
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

    /// Sets the limit to the key of the farthest of `k` points that will be offered, in any order.
    pub(crate) fn begin_with(&mut self, key: f64) {
        self.limit = self.scale.ties(key);
    }

    /// Begins with the `k` points of smallest key. `sorted` has these and the next one, sorted by
    /// key; places without a point have an infinite key. Returns false and takes none of them if
    /// there are fewer than `k` or if the index decides between the last two.
    #[inline(always)]
    pub(crate) fn begin_sorted(&mut self, sorted: impl Iterator<Item = (f64, usize)>) -> bool {
        let (mut limit, mut ties) = (f64::NEG_INFINITY, 0);
        let mut apart = false;
        for (key, index) in sorted {
            apart = key > limit;
            ties += usize::from(!apart);
            limit = self.scale.ties(key);
            self.found.push(Keyed { key, index });
        }
        if !apart {
            self.found.clear();
            return false;
        }
        self.found.pop();
        if ties > 0 {
            self.found.sort_unstable_by(|one, other| self.scale.order(one, other));
        }
        self.remember();
        true
    }

    /// Returns the limit: no point with a larger key can be among the nearest.
    #[inline(always)]
    pub(crate) fn limit(&self) -> f64 {
        self.limit
    }

    /// Returns true if a box can be skipped, given its nearest key and its smallest index.
    #[inline(always)]
    pub(crate) fn excludes(&self, nearest_key: f64, smallest_index: usize) -> bool {
        // The second case handles points that coincide: without it, each would be compared with all
        // others. `|` instead of `||` avoids a branch that would be predicted badly.
        (nearest_key > self.limit) | ((nearest_key >= self.worst_key) & (smallest_index > self.worst_index))
    }

    #[inline(always)]
    pub(crate) fn offer(&mut self, key: f64, index: usize) {
        if key <= self.limit {
            self.insert(key, index);
        }
    }

    #[inline(never)]
    fn insert(&mut self, key: f64, index: usize) {
        let new = Keyed { key, index };
        if self.k > MOST_INSERTED {
            self.found.push(new);
            if self.found.len() >= 2 * self.k {
                self.select();
            }
            return;
        }
        let full = self.found.len() == self.k;
        if full && self.k <= MOST_MOVED && self.shift(new) {
            return;
        }
        if !full {
            self.found.push(new);
        } else if self.scale.is_before(&new, &self.found[self.k - 1]) {
            self.found[self.k - 1] = new;
        } else {
            return;
        }
        let mut place = self.found.len() - 1;
        while place > 0 && self.scale.is_before(&new, &self.found[place - 1]) {
            self.found[place] = self.found[place - 1];
            place -= 1;
        }
        self.found[place] = new;
        self.remember();
    }

    /// Inserts without a branch that depends on the position, which a CPU could not predict. In a
    /// sorted row, each place takes the median of the new key, its own key, and the key before it.
    /// Returns false, without inserting, if a key is so close to the new one that the index may
    /// decide.
    #[inline(always)]
    fn shift(&mut self, new: Keyed) -> bool {
        let ties = self.scale.ties(new.key);
        let close = |own: &Keyed| (own.key <= ties) & (new.key <= self.scale.ties(own.key));
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
        self.remember();
        true
    }

    /// Keeps only the `k` nearest.
    fn select(&mut self) {
        if self.k < self.found.len() {
            let last = self.k - 1;
            match self.scale.squared {
                true => self.found.select_nth_unstable_by(last, order::<true>),
                false => self.found.select_nth_unstable_by(last, order::<false>),
            };
            self.found.truncate(self.k);
        }
        self.remember();
    }

    #[inline(always)]
    fn remember(&mut self) {
        if let Some(worst) = self.found.get(self.k - 1) {
            self.limit = self.scale.ties(worst.key);
            self.worst_key = worst.key;
            self.worst_index = worst.index;
        }
    }

    /// Writes the nearest in order.
    #[inline(always)]
    pub(crate) fn write(&mut self, indices: &mut [usize], distances: &mut [f64]) {
        self.select();
        if self.k > MOST_INSERTED {
            match self.scale.squared {
                true => self.found.sort_unstable_by(order::<true>),
                false => self.found.sort_unstable_by(order::<false>),
            }
        }
        // Write indices and distances in separate loops. In one loop, the compiler would vectorize
        // the root over both, and an index read as a number is subnormal, which is slow.
        for (index, found) in indices.iter_mut().zip(&self.found) {
            *index = found.index;
        }
        for (distance, found) in distances.iter_mut().zip(&self.found) {
            *distance = self.scale.distance(found.key);
        }
    }

    /// Returns true if the keys order the points like their distances. This fails if a term of a
    /// key was lost to underflow or overflow. Then keys of other points may have been lost, too,
    /// and the search must be repeated with distances. `distance` returns the distance of the point
    /// with an index; if it is 0, nothing can have been lost.
    pub(crate) fn is_safe(&self, distance: impl Fn(usize) -> f64) -> bool {
        // A lost square is below 1e-323. Next to 1e-290 it is below rounding, for any dimension
        // that fits into memory.
        let least = if self.scale.squared { 1e-290 } else { 0.0 };
        let safe = |found: &Keyed| found.key >= least && found.key.is_finite();
        self.found.iter().all(|found| safe(found) || distance(found.index) == 0.0)
    }
}
