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
    /// For each node, in preorder: the lowest and the highest coordinates of its points.
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

    /// Both halves. In preorder the left one follows its parent, and its subtree of `2^levels - 1` nodes is followed by the
    /// right one.
    #[inline(always)]
    pub(super) fn children(&self) -> (Self, Self) {
        let levels = self.levels - 1;
        let middle = self.start + half(self.end - self.start);
        let left = Self { id: self.id + 1, levels, leaf: self.leaf, start: self.start, end: middle };
        let leaf = self.leaf + (1 << levels);
        (left, Self { id: self.id + (1 << self.levels), levels, leaf, start: middle, end: self.end })
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
        let mut tree = Self {
            d,
            levels,
            points: Vec::new(),
            order: Vec::new(),
            groups: Vec::new(),
            groups_in_leaf: n.div_ceil(LANES).div_ceil(1 << levels),
            bounds: vec![0.0; nodes * 2 * d],
            smallest: vec![0; nodes],
        };
        let mut keyed: Vec<(f64, usize)> = (0..n).map(|i| (0.0, i)).collect();
        split(samples, &mut keyed, &mut tree.bounds, &mut tree.smallest, levels);
        tree.order = keyed.iter().map(|&(_, i)| i).collect();
        tree.points = Vec::with_capacity(n * d);
        for &i in &tree.order {
            tree.points.extend_from_slice(samples.point(i));
        }
        let stride = tree.groups_in_leaf * d;
        tree.groups = vec![[0.0; LANES]; stride << levels];
        tree.fill_groups(tree.root(), stride);
        tree
    }

    fn fill_groups(&mut self, node: Node, stride: usize) {
        if !node.is_leaf() {
            let (left, right) = node.children();
            self.fill_groups(left, stride);
            self.fill_groups(right, stride);
            return;
        }
        let groups = &mut self.groups[node.leaf * stride..(node.leaf + 1) * stride];
        let points = self.points[node.start * self.d..node.end * self.d].chunks_exact(self.d);
        for (p, point) in points.enumerate() {
            for (c, &x) in point.iter().enumerate() {
                groups[p / LANES * self.d + c][p % LANES] = x;
            }
        }
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

    /// Where each point is in the order of the tree.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.order.len()];
        for (place, &i) in self.order.iter().enumerate() {
            places[i] = place;
        }
        places
    }
}

/// Orders the points of a subtree and fills in its nodes.
fn split(samples: &Samples<'_>, keyed: &mut [(f64, usize)], bounds: &mut [f64], smallest: &mut [usize], levels: u32) {
    let d = samples.dimension();
    let (own, bounds) = bounds.split_at_mut(2 * d);
    let (low, high) = own.split_at_mut(d);
    low.fill(f64::INFINITY);
    high.fill(f64::NEG_INFINITY);
    for &(_, i) in &*keyed {
        for (c, &x) in samples.point(i).iter().enumerate() {
            low[c] = if x < low[c] { x } else { low[c] };
            high[c] = if x > high[c] { x } else { high[c] };
        }
    }
    smallest[0] = keyed.iter().map(|&(_, i)| i).min().unwrap_or(usize::MAX);
    if levels == 0 {
        return;
    }
    // Halved, because the difference of two numbers can be larger than the largest number.
    let side = |c: &usize| high[*c] * 0.5 - low[*c] * 0.5;
    let widest = (0..d).max_by(|a, b| side(a).total_cmp(&side(b))).unwrap_or(0);
    for (key, i) in &mut *keyed {
        *key = samples.point(*i)[widest];
    }
    let middle = half(keyed.len());
    if middle < keyed.len() {
        keyed.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    let serial = keyed.len() < SERIAL;
    let (left, right) = keyed.split_at_mut(middle);
    let nodes = (1 << levels) - 1;
    let (left_bounds, right_bounds) = bounds.split_at_mut(nodes * 2 * d);
    let (left_smallest, right_smallest) = smallest[1..].split_at_mut(nodes);
    let mut both = (
        || split(samples, left, left_bounds, left_smallest, levels - 1),
        || split(samples, right, right_bounds, right_smallest, levels - 1),
    );
    if serial {
        both.0();
        both.1();
    } else {
        join(both.0, both.1);
    }
}
