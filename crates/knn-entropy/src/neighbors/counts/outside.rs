use crate::neighbors::rows::Rows;
use crate::neighbors::sweep::Rest;
use crate::neighbors::tree::Tree;

/// The number of points outside a window, for each node of a tree.
pub(super) struct Outside<'t> {
    leaves: &'t Rows,
    present: Vec<usize>,
}

impl<'t> Outside<'t> {
    /// Starts with all points. `leaves` has the leaf of each row.
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

    /// Returns the number of the leaf of each row.
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

    /// Calls `change` with the counts of a row's leaf and of all nodes above.
    fn each(&mut self, row: usize, change: impl Fn(&mut usize)) {
        let mut node = self.leaves.get(row);
        loop {
            change(&mut self.present[node]);
            if node == 0 {
                return;
            }
            // `Node::children` defines the numbers of children.
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
