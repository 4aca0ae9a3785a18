use rayon::prelude::*;

/// Number of chunks of a series per thread. Fewer chunks save work, because each starts with a
/// whole window, but more balance the load.
const CHUNKS: usize = 4;

/// The rows of a series outside a window.
pub(super) trait Rest {
    /// Removes a row.
    fn remove(&mut self, row: usize);

    /// Inserts a row again.
    fn insert(&mut self, row: usize);
}

/// Calls `visit` for each row with the rows outside its window, and writes the results. The window
/// covers `window` rows before and after the row.
///
/// The rows are visited in order, so the set changes by only two rows in each step. `all` creates
/// the set of all rows.
pub(super) fn sweep<R: Rest, T: Send>(
    results: &mut [T],
    window: usize,
    all: impl Fn() -> R + Sync,
    visit: impl Fn(&mut R, usize) -> T + Sync,
) {
    let n = results.len();
    let length = n.div_ceil(CHUNKS * rayon::current_num_threads()).max(1);
    results.par_chunks_mut(length).enumerate().for_each(|(chunk, results)| {
        let first = chunk * length;
        let mut rest = all();
        // Remove the rows within the window of the first row. The last of them is removed in the
        // loop below.
        for row in first.saturating_sub(window)..first.saturating_add(window).min(n) {
            rest.remove(row);
        }
        for (row, result) in (first..).zip(results) {
            if let Some(last) = row.checked_add(window).filter(|&last| last < n) {
                rest.remove(last);
            }
            *result = visit(&mut rest, row);
            if let Some(before) = row.checked_sub(window) {
                rest.insert(before);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Rest for Vec<usize> {
        fn remove(&mut self, row: usize) {
            self[row] -= 1;
        }

        fn insert(&mut self, row: usize) {
            self[row] += 1;
        }
    }

    #[test]
    fn visits_the_rows_outside_the_window() {
        for (n, window) in [(1, 0), (1, 5), (2, 1), (50, 0), (50, 1), (50, 7), (50, 24), (50, 49), (50, usize::MAX)] {
            let mut found = vec![Vec::new(); n];
            sweep(&mut found, window, || vec![1; n], |rest: &mut Vec<usize>, _| rest.clone());
            for (row, rest) in found.iter().enumerate() {
                let expected: Vec<usize> = (0..n).map(|other| usize::from(row.abs_diff(other) > window)).collect();
                assert_eq!(rest, &expected, "n = {n}, window {window}, row {row}");
            }
        }
    }
}
