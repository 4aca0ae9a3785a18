use rayon::join;

use super::rows::Rows;
use crate::geometry::{Bounds, Column, LANES};
use crate::{Metric, Samples};

/// A balanced kd-tree (Bentley, 1975) over points of any dimension, stored in flat arrays.
///
/// Each node splits its points into two halves across the widest side of their bounding box. All
/// leaves are at the same depth and contain nearly the same number of points, so the positions of a
/// node's points, children and bounds follow from arithmetic, without pointers. Points are stored
/// in the order of the leaves, so near points are near in memory.
#[derive(Debug)]
pub(super) struct Tree {
    d: usize,
    levels: u32,
    order: Rows,
    /// The points in groups of [`LANES`], stored by coordinate within a group for vector
    /// instructions. Each node starts with a new group.
    groups: Vec<Column>,
    /// Lowest and highest coordinates of the points of each node, level by level.
    bounds: Vec<f64>,
    /// Smallest row of the points of each node. `largest` has the largest row.
    smallest: Rows,
    largest: Rows,
}

/// A node. The points of a node are those from `start` to `end` in the order of the tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// The number of the node, counted level by level.
    pub(super) id: usize,
    /// The number of levels below, 0 for a leaf.
    levels: u32,
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

    /// Calls `visit` with each leaf below that has points, from left to right.
    pub(super) fn each_leaf(self, visit: &mut dyn FnMut(Self)) {
        if !self.is_leaf() {
            let (left, right) = self.children();
            left.each_leaf(visit);
            right.each_leaf(visit);
        } else if self.len() > 0 {
            visit(self);
        }
    }

    /// Returns both halves. They are adjacent in memory, because searches always look at both.
    #[inline(always)]
    pub(super) fn children(&self) -> (Self, Self) {
        let levels = self.levels - 1;
        let middle = self.start + half(self.end - self.start);
        let left = Self { id: 2 * self.id + 1, levels, start: self.start, end: middle };
        (left, Self { id: left.id + 1, levels, start: middle, end: self.end })
    }
}

/// Returns the number of points in the left child: half, rounded to whole groups, so that only the
/// last group of the tree can be partly filled.
#[inline(always)]
fn half(points: usize) -> usize {
    points.div_ceil(LANES) / 2 * LANES
}

/// Maximum number of points in a leaf, a multiple of the lanes. Small leaves allow skipping more
/// points, and large leaves share a walk among more points.
pub(super) const LEAF: usize = 32;

/// Number of points below which one thread builds a subtree.
const SERIAL: usize = 8192;

impl Tree {
    /// Builds the tree of some points. If the metric is periodic, the points are moved onto the
    /// torus first.
    pub(super) fn new(samples: &Samples<'_>, metric: Metric<'_>) -> Self {
        let (n, d) = (samples.len(), samples.dimension());
        let levels = n.div_ceil(LANES).div_ceil(LEAF / LANES).next_power_of_two().trailing_zeros();
        let nodes = (2 << levels) - 1;
        let order = {
            let mut keyed: Vec<(f64, usize)> = (0..n).map(|row| (0.0, row)).collect();
            split(samples, metric, &mut keyed, levels);
            Rows::new(keyed.iter().map(|&(_, row)| row), n)
        };
        let mut groups = vec![Column([0.0; LANES]); n.div_ceil(LANES) * d];
        for (group, first) in groups.chunks_exact_mut(d).zip((0..n).step_by(LANES)) {
            for lane in 0..LANES.min(n - first) {
                for (c, (&x, column)) in samples.point(order.get(first + lane)).iter().zip(&mut *group).enumerate() {
                    column.0[lane] = metric.moved(c, x);
                }
            }
        }
        let bounds = vec![0.0; nodes * 2 * d];
        let (smallest, largest) = (Rows::zeros(nodes, n), Rows::zeros(nodes, n));
        let mut tree = Self { d, levels, order, groups, bounds, smallest, largest };
        tree.describe(tree.root());
        tree
    }

    /// Fills in the bounds and the smallest and largest rows of a node and all nodes below.
    fn describe(&mut self, node: Node) {
        let (d, own) = (self.d, node.id * 2 * self.d);
        if !node.is_leaf() {
            let (left, right) = node.children();
            self.describe(left);
            self.describe(right);
            self.smallest.set(node.id, self.smallest.get(left.id).min(self.smallest.get(right.id)));
            self.largest.set(node.id, self.largest.get(left.id).max(self.largest.get(right.id)));
            let (before, children) = self.bounds.split_at_mut(left.id * 2 * d);
            let (left, right) = children[..4 * d].split_at(2 * d);
            for (c, bound) in before[own..][..2 * d].iter_mut().enumerate() {
                *bound = if (left[c] < right[c]) == (c < d) { left[c] } else { right[c] };
            }
            return;
        }
        let (low, high) = self.bounds[own..][..2 * d].split_at_mut(d);
        low.fill(f64::INFINITY);
        high.fill(f64::NEG_INFINITY);
        let (mut smallest, mut largest) = (self.order.len(), 0);
        for place in node.start..node.end {
            let group = &self.groups[place / LANES * d..][..d];
            for (c, column) in group.iter().enumerate() {
                let x = column.0[place % LANES];
                low[c] = if x < low[c] { x } else { low[c] };
                high[c] = if x > high[c] { x } else { high[c] };
            }
            let row = self.order.get(place);
            (smallest, largest) = (smallest.min(row), largest.max(row));
        }
        self.smallest.set(node.id, smallest);
        self.largest.set(node.id, largest);
    }

    /// Returns the groups of a node's points, each with [`LANES`] times the dimension coordinates.
    #[inline(always)]
    pub(super) fn groups(&self, node: Node) -> &[Column] {
        &self.groups[node.start / LANES * self.d..node.end.div_ceil(LANES) * self.d]
    }

    /// Writes the coordinates of a node's points to `points`, one point after the other.
    pub(super) fn points(&self, node: Node, points: &mut Vec<f64>) {
        points.clear();
        for (g, group) in self.groups(node).chunks_exact(self.d).enumerate() {
            for lane in 0..LANES.min(node.len() - g * LANES) {
                points.extend(group.iter().map(|column| column.0[lane]));
            }
        }
    }

    pub(super) fn root(&self) -> Node {
        Node { id: 0, levels: self.levels, start: 0, end: self.order.len() }
    }

    pub(super) fn nodes(&self) -> usize {
        self.smallest.len()
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
    pub(super) fn smallest_row(&self, node: Node) -> usize {
        self.smallest.get(node.id)
    }

    #[inline(always)]
    pub(super) fn largest_row(&self, node: Node) -> usize {
        self.largest.get(node.id)
    }

    /// Returns the row of the point at a place in the order of the tree.
    #[inline(always)]
    pub(super) fn row(&self, place: usize) -> usize {
        self.order.get(place)
    }
}

/// Number of points that suffice to find the widest side of a box.
const ENOUGH: usize = 64;

/// Sorts the points of a subtree into the order of the tree.
fn split(samples: &Samples<'_>, metric: Metric<'_>, keyed: &mut [(f64, usize)], levels: u32) {
    let middle = half(keyed.len());
    if levels == 0 || middle == keyed.len() {
        return;
    }
    let d = samples.dimension();
    let (mut low, mut high) = (vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]);
    for &(_, i) in keyed.iter().step_by(keyed.len().div_ceil(ENOUGH)) {
        for (c, &x) in samples.point(i).iter().enumerate() {
            let x = metric.moved(c, x);
            low[c] = if x < low[c] { x } else { low[c] };
            high[c] = if x > high[c] { x } else { high[c] };
        }
    }
    // Halve before subtracting, because the difference of two numbers can overflow.
    let side = |c: &usize| high[*c] * 0.5 - low[*c] * 0.5;
    let widest = (0..d).max_by(|a, b| side(a).total_cmp(&side(b))).unwrap_or(0);
    for (key, i) in &mut *keyed {
        *key = metric.moved(widest, samples.point(*i)[widest]);
    }
    keyed.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let serial = keyed.len() < SERIAL;
    let (left, right) = keyed.split_at_mut(middle);
    let mut both = (|| split(samples, metric, left, levels - 1), || split(samples, metric, right, levels - 1));
    if serial {
        both.0();
        both.1();
    } else {
        join(both.0, both.1);
    }
}
