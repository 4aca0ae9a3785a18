use rayon::prelude::*;

/// Chunks of a series for each thread: few, because each begins with the whole window, and enough
/// to share them evenly.
const CHUNKS: usize = 4;

/// The rows of a series outside a window.
pub(super) trait Rest {
    /// Takes a row away.
    fn remove(&mut self, row: usize);

    /// Brings a row back.
    fn insert(&mut self, row: usize);
}

/// Calls `visit` for each row with what is left beside the rows up to `window` before and after it,
/// and writes the results.
///
/// The rows are visited in their order, so that only two of the others change from one to the next.
/// `all` makes what there is without a window.
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
        // Those that are within the window of the first row, but for the last, which comes with it.
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
    fn what_is_left_are_the_rows_outside_the_window() {
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
