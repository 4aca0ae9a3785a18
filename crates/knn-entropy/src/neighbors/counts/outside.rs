use crate::neighbors::rows::Rows;
use crate::neighbors::sweep::Rest;
use crate::neighbors::tree::Tree;

/// For each node of a tree the number of its points that are outside a window.
pub(super) struct Outside<'t> {
    leaves: &'t Rows,
    present: Vec<usize>,
}

impl<'t> Outside<'t> {
    /// All points, `leaves` being those of the tree by row.
    pub(super) fn new(tree: &Tree, leaves: &'t Rows) -> Self {
        let mut present = vec![0; tree.nodes()];
        let mut waiting = vec![tree.root()];
        while let Some(node) = waiting.pop() {
            present[node.id] = node.len();
            if !node.is_leaf() {
                let (left, right) = node.children();
                waiting.extend([left, right]);
            }
        }
        Self { leaves, present }
    }

    /// The number of the leaf of each row.
    pub(super) fn leaves(tree: &Tree) -> Rows {
        let mut of_rows = Rows::zeros(tree.len(), tree.nodes());
        tree.root().each_leaf(&mut |leaf| {
            (leaf.start..leaf.end).for_each(|place| of_rows.set(tree.row(place), leaf.id));
        });
        of_rows
    }

    /// Returns the number of points of a node outside the window.
    #[inline(always)]
    pub(super) fn of(&self, node: usize) -> usize {
        self.present[node]
    }

    /// Calls a function with the counts of a row's leaf and of all nodes above.
    fn each(&mut self, row: usize, change: impl Fn(&mut usize)) {
        let mut node = self.leaves.get(row);
        loop {
            change(&mut self.present[node]);
            if node == 0 {
                return;
            }
            // Where the children of a node are is in `Node::children`.
            node = (node - 1) / 2;
        }
    }
}

impl<T> Rest for (Outside<'_>, T) {
    fn remove(&mut self, row: usize) {
        self.0.each(row, |count| *count -= 1);
    }

    fn insert(&mut self, row: usize) {
        self.0.each(row, |count| *count += 1);
    }
}
