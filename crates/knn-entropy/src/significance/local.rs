use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::surrogates::{below, shuffle};
use crate::{Auto, Boundary, Metric, NeighborSearch, Norm, Result, Samples};

/// The rows that may replace each row in a local permutation.
///
/// Coinciding rows with more than `k + 1` candidates share one list, so that for a discrete
/// condition memory grows in proportion to the rows and not to their square.
#[derive(Debug, Clone)]
pub(super) struct LocalCandidates {
    /// Number of the list of each row.
    list: Vec<usize>,
    lists: Vec<Vec<usize>>,
}

impl LocalCandidates {
    /// Finds the candidates of each row: the row itself, its `k` nearest neighbors in `z`, and all
    /// rows as near as the k-th.
    pub(super) fn new(z: &Samples<'_>, k: usize) -> Result<Self> {
        let metric = Metric::Norm(Norm::LInf);
        let neighbors = Auto.among(z, k, metric, 0)?;
        let radii = neighbors.distances.column(k - 1).to_vec();
        let within = Auto.count_among(z, &radii, Boundary::Closed, metric, 0)?;
        let mut list = Vec::with_capacity(z.len());
        // The first row of each list.
        let mut first = Vec::new();
        let mut places = BTreeMap::new();
        for (row, &within) in within.iter().enumerate() {
            let number = match within > k {
                // Adding 0 turns -0 into 0.
                true => {
                    let place: Vec<u64> = z.point(row).iter().map(|z| (z + 0.0).to_bits()).collect();
                    *places.entry(place).or_insert(first.len())
                }
                false => first.len(),
            };
            if number == first.len() {
                first.push(row);
            }
            list.push(number);
        }
        let candidates = |&row: &usize| match within[row] > k {
            true => {
                let near = |&other: &usize| Norm::LInf.distance(z.point(row), z.point(other)) <= radii[row];
                (0..z.len()).filter(near).collect()
            }
            false => std::iter::once(row).chain(neighbors.indices.row(row).iter().copied()).collect(),
        };
        let lists = first.par_iter().map(candidates).collect();
        Ok(Self { list, lists })
    }

    /// Draws a candidate for each row, in random order of rows. Candidates that no other row has
    /// drawn are preferred.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let n = self.list.len();
        let mut visits: Vec<usize> = (0..n).collect();
        shuffle(&mut visits, rng);
        let mut unused = self.lists.clone();
        let mut used = vec![false; n];
        let mut order = vec![0; n];
        for row in visits {
            let number = self.list[row];
            let drawn = loop {
                let unused = &mut unused[number];
                if unused.is_empty() {
                    let all = &self.lists[number];
                    break all[below(all.len(), rng)];
                }
                let drawn = unused.swap_remove(below(unused.len(), rng));
                if !used[drawn] {
                    break drawn;
                }
            };
            used[drawn] = true;
            order[row] = drawn;
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand_chacha::rand_core::SeedableRng;

    fn candidates(z: &[f64], k: usize) -> LocalCandidates {
        let z = Array2::from_shape_vec((z.len(), 1), z.to_vec()).unwrap();
        LocalCandidates::new(&Samples::new(z.view()).unwrap(), k).unwrap()
    }

    #[test]
    fn candidates_are_the_row_and_its_neighbors() {
        let local = candidates(&[0.0, 1.0, 3.0, 7.0, 7.5], 2);
        let mut lists = local.lists.clone();
        lists.iter_mut().for_each(|list| list.sort_unstable());
        assert_eq!(lists, [[0, 1, 2], [0, 1, 2], [0, 1, 2], [2, 3, 4], [2, 3, 4]]);
        // Rows 0 and 2 are both 1 away from row 1.
        let mut tied = candidates(&[0.0, 1.0, 2.0, 9.0], 1);
        tied.lists.iter_mut().for_each(|list| list.sort_unstable());
        assert_eq!(tied.lists, [vec![0, 1], vec![0, 1, 2], vec![1, 2], vec![2, 3]]);
    }

    #[test]
    fn a_discrete_condition_permutes_within_its_values() {
        let values = [0.0, 1.0, -0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
        let local = candidates(&values, 2);
        assert_eq!(local.lists.len(), 2);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [[0_i32; 8]; 8];
        for _ in 0..4000 {
            let order = local.draw(&mut rng);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..8));
            order.iter().enumerate().for_each(|(row, &drawn)| counts[row][drawn] += 1);
        }
        for (row, counts) in counts.iter().enumerate() {
            for (drawn, &count) in counts.iter().enumerate() {
                // The expected count within a value is 1000, with a standard deviation of 27.
                let expected = if values[row] == values[drawn] { 1000 } else { 0 };
                assert!((count - expected).abs() < 110, "row {row} draws {drawn} {count} times");
            }
        }
    }

    #[test]
    fn repeats_are_rare() {
        let z: Vec<f64> = (0..200).map(|i| f64::from(i * i)).collect();
        let local = candidates(&z, 5);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let order = local.draw(&mut rng);
        let mut distinct = order.clone();
        distinct.sort_unstable();
        distinct.dedup();
        // Independent draws would leave 1 - 1/e = 63 % distinct rows.
        assert!(distinct.len() > 170, "{}", distinct.len());
        assert!(order.iter().enumerate().all(|(row, drawn)| row.abs_diff(*drawn) <= 5));
    }
}
