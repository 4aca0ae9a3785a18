use rayon::join;

use crate::Samples;
use crate::geometry::{Bounds, LANES, Lanes};

/// A balanced kd-tree (Bentley, 1975) over points of any dimension, flat in memory.
///
/// Each node splits its points in two halves across the widest side of their bounding box. All leaves are at the same depth
/// and hold nearly the same number of points, so where a node's points, children and bounds are follows from arithmetic:
/// there are no pointers. Points are stored in the order of the leaves; points that are near are near in memory.
#[derive(Debug)]
pub(super) struct Tree {
    d: usize,
    levels: u32,
    points: Vec<f64>,
    order: Vec<usize>,
    /// The points of each leaf once more, coordinate by coordinate for groups of [`LANES`] points: for vector instructions.
    groups: Vec<Lanes>,
    /// How many groups a leaf has; the last may be filled in part.
    groups_in_leaf: usize,
    /// For each node, level by level: the lowest and the highest coordinates of its points.
    bounds: Vec<f64>,
    /// For each node: the smallest index of its points.
    smallest: Vec<usize>,
}

/// A node: its points are those from `start` to `end` in the order of the tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    id: usize,
    /// Levels below; a leaf has none.
    levels: u32,
    /// The first leaf below, counted from the left.
    leaf: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Node {
    #[inline(always)]
    pub(super) fn is_leaf(&self) -> bool {
        self.levels == 0
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Collects the leaves below that have points.
    pub(super) fn leaves(self, found: &mut Vec<Self>) {
        if !self.is_leaf() {
            let (left, right) = self.children();
            left.leaves(found);
            right.leaves(found);
        } else if self.len() > 0 {
            found.push(self);
        }
    }

    /// Both halves, next to each other in memory, because both are always looked at.
    #[inline(always)]
    pub(super) fn children(&self) -> (Self, Self) {
        let levels = self.levels - 1;
        let middle = self.start + half(self.end - self.start);
        let left = Self { id: 2 * self.id + 1, levels, leaf: self.leaf, start: self.start, end: middle };
        let leaf = self.leaf + (1 << levels);
        (left, Self { id: left.id + 1, levels, leaf, start: middle, end: self.end })
    }
}

/// How many of so many points go to the left: half, but whole groups, so that only the last group of all is filled in part.
#[inline(always)]
fn half(points: usize) -> usize {
    points.div_ceil(LANES) / 2 * LANES
}

/// Below so many points a subtree is built by one thread.
const SERIAL: usize = 8192;

impl Tree {
    /// With at most `leaf` points in a leaf, a multiple of [`LANES`].
    pub(super) fn new(samples: &Samples<'_>, leaf: usize) -> Self {
        let (n, d) = (samples.len(), samples.dimension());
        let levels = n.div_ceil(LANES).div_ceil(leaf / LANES).next_power_of_two().trailing_zeros();
        let nodes = (2 << levels) - 1;
        let mut keyed: Vec<(f64, usize)> = (0..n).map(|i| (0.0, i)).collect();
        split(samples, &mut keyed, levels);
        let order: Vec<usize> = keyed.iter().map(|&(_, i)| i).collect();
        let mut points = Vec::with_capacity(n * d);
        for &i in &order {
            points.extend_from_slice(samples.point(i));
        }
        let groups_in_leaf = n.div_ceil(LANES).div_ceil(1 << levels);
        let mut tree = Self {
            d,
            levels,
            points,
            order,
            groups: vec![[0.0; LANES]; (groups_in_leaf * d) << levels],
            groups_in_leaf,
            bounds: vec![0.0; nodes * 2 * d],
            smallest: vec![usize::MAX; nodes],
        };
        tree.describe(tree.root());
        tree
    }

    /// Fills in the groups of the leaves below a node, and the bounds and the smallest index of each node.
    fn describe(&mut self, node: Node) {
        let (d, own) = (self.d, node.id * 2 * self.d);
        if !node.is_leaf() {
            let (left, right) = node.children();
            self.describe(left);
            self.describe(right);
            self.smallest[node.id] = self.smallest[left.id].min(self.smallest[right.id]);
            let (before, children) = self.bounds.split_at_mut(left.id * 2 * d);
            let (left, right) = children[..4 * d].split_at(2 * d);
            for (c, bound) in before[own..][..2 * d].iter_mut().enumerate() {
                *bound = if (left[c] < right[c]) == (c < d) { left[c] } else { right[c] };
            }
            return;
        }
        let stride = self.groups_in_leaf * d;
        let groups = &mut self.groups[node.leaf * stride..][..stride];
        let (low, high) = self.bounds[own..][..2 * d].split_at_mut(d);
        low.fill(f64::INFINITY);
        high.fill(f64::NEG_INFINITY);
        for (p, point) in self.points[node.start * d..node.end * d].chunks_exact(d).enumerate() {
            for (c, &x) in point.iter().enumerate() {
                groups[p / LANES * d + c][p % LANES] = x;
                low[c] = if x < low[c] { x } else { low[c] };
                high[c] = if x > high[c] { x } else { high[c] };
            }
        }
        self.smallest[node.id] = self.order[node.start..node.end].iter().copied().min().unwrap_or(usize::MAX);
    }

    /// The groups of a leaf: `d` times [`LANES`] coordinates for each.
    #[inline(always)]
    pub(super) fn groups(&self, leaf: Node) -> &[Lanes] {
        let stride = self.groups_in_leaf * self.d;
        &self.groups[leaf.leaf * stride..(leaf.leaf + 1) * stride]
    }

    pub(super) fn root(&self) -> Node {
        Node { id: 0, levels: self.levels, leaf: 0, start: 0, end: self.order.len() }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn dimension(&self) -> usize {
        self.d
    }

    #[inline(always)]
    pub(super) fn bounds(&self, node: Node) -> Bounds<'_> {
        let bounds = &self.bounds[node.id * 2 * self.d..(node.id + 1) * 2 * self.d];
        let (low, high) = bounds.split_at(self.d);
        Bounds { low, high }
    }

    #[inline(always)]
    pub(super) fn smallest_index(&self, node: Node) -> usize {
        self.smallest[node.id]
    }

    /// The coordinates of a node's points, one after the other.
    #[inline(always)]
    pub(super) fn points(&self, node: Node) -> &[f64] {
        &self.points[node.start * self.d..node.end * self.d]
    }

    /// The indices of a node's points.
    #[inline(always)]
    pub(super) fn indices(&self, node: Node) -> &[usize] {
        &self.order[node.start..node.end]
    }
}

/// So many points tell which side of a box is the widest.
const ENOUGH: usize = 64;

/// Brings the points of a subtree into order.
fn split(samples: &Samples<'_>, keyed: &mut [(f64, usize)], levels: u32) {
    let middle = half(keyed.len());
    if levels == 0 || middle == keyed.len() {
        return;
    }
    let d = samples.dimension();
    let (mut low, mut high) = (vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]);
    for &(_, i) in keyed.iter().step_by(keyed.len().div_ceil(ENOUGH)) {
        for (c, &x) in samples.point(i).iter().enumerate() {
            low[c] = if x < low[c] { x } else { low[c] };
            high[c] = if x > high[c] { x } else { high[c] };
        }
    }
    // Halved, because the difference of two numbers can be larger than the largest number.
    let side = |c: &usize| high[*c] * 0.5 - low[*c] * 0.5;
    let widest = (0..d).max_by(|a, b| side(a).total_cmp(&side(b))).unwrap_or(0);
    for (key, i) in &mut *keyed {
        *key = samples.point(*i)[widest];
    }
    keyed.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let serial = keyed.len() < SERIAL;
    let (left, right) = keyed.split_at_mut(middle);
    let mut both = (|| split(samples, left, levels - 1), || split(samples, right, levels - 1));
    if serial {
        both.0();
        both.1();
    } else {
        join(both.0, both.1);
    }
}
