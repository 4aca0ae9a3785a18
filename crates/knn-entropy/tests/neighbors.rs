//! The search against the definition.

use knn_entropy::{BruteForce, Error, NeighborSearch, Norm, Samples};
use ndarray::Array2;
use proptest::prelude::*;

use crate::normal;

const NORMS: [Norm; 3] = [Norm::L1, Norm::L2, Norm::LInf];

/// Random, clustered, on a lattice (full of ties), far from the origin, tiny, huge, and tiny beside huge.
fn points() -> impl Strategy<Value = Array2<f64>> {
    (2..60_usize, 1..12_usize, any::<u64>(), 0..8_u8).prop_map(|(n, d, seed, kind)| {
        let x = normal(n, d, seed);
        match kind {
            0 => x,
            1 => Array2::from_shape_fn((n, d), |(i, c)| (i % 3) as f64 * 10.0 + 1e-3 * x[[i, c]]),
            2 => x.mapv(f64::round),
            // Tenths: distances that are equal on paper differ by rounding, and squares that differ have equal roots.
            7 => x.mapv(|x| 0.3 + 0.1 * (5.0 * x).round()),
            3 => x + 1e8,
            4 => x * 1e-300,
            5 => x * 1e300,
            _ => Array2::from_shape_fn((n, d), |(i, c)| x[[i, c]] * if i % 2 == 0 { 1e-180 } else { 1.0 }),
        }
    })
}

/// All distances, sorted by distance and then by index.
fn sorted(x: &Samples<'_>, y: &Samples<'_>, i: usize, norm: Norm, skip: Option<usize>) -> Vec<(f64, usize)> {
    let others = (0..y.len()).filter(|&j| Some(j) != skip);
    let mut all: Vec<_> = others.map(|j| (norm.distance(x.point(i), y.point(j)), j)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

proptest! {
    #[test]
    fn among_themselves(x in points(), norm in 0..3_usize, k: prop::sample::Index) {
        let (norm, k) = (NORMS[norm], 1 + k.index(x.nrows() - 1));
        let x = Samples::new(x.view()).unwrap();
        let found = BruteForce.among(&x, k, norm).unwrap();
        for i in 0..x.len() {
            let expected = sorted(&x, &x, i, norm, Some(i));
            let row: Vec<_> = (0..k).map(|j| (found.distances[[i, j]], found.indices[[i, j]])).collect();
            prop_assert_eq!(&row[..], &expected[..k]);
        }
    }

    #[test]
    fn ties_go_by_index(n in 2..50_usize, seed: u64, norm in 0..3_usize, k: prop::sample::Index) {
        // Whole numbers: every distance is exact, its square too.
        let x = normal(n, 2, seed).mapv(f64::round);
        let (norm, k) = (NORMS[norm], 1 + k.index(n - 1));
        let x = Samples::new(x.view()).unwrap();
        let found = BruteForce.among(&x, k, norm).unwrap();
        for i in 0..n {
            let expected: Vec<usize> = sorted(&x, &x, i, norm, Some(i))[..k].iter().map(|&(_, j)| j).collect();
            prop_assert_eq!(found.indices.row(i).to_vec(), expected);
        }
    }

    #[test]
    fn between_two_sets(m in 1..50_usize, n in 1..50_usize, seed: u64, norm in 0..3_usize, k: prop::sample::Index) {
        let (x, y) = (normal(m, 3, seed).mapv(f64::round), normal(n, 3, !seed).mapv(f64::round));
        let (norm, k) = (NORMS[norm], 1 + k.index(n));
        let (x, y) = (Samples::new(x.view()).unwrap(), Samples::new(y.view()).unwrap());
        let found = BruteForce.between(&x, &y, k, norm).unwrap();
        for i in 0..m {
            let expected: Vec<usize> = sorted(&x, &y, i, norm, None)[..k].iter().map(|&(_, j)| j).collect();
            prop_assert_eq!(found.indices.row(i).to_vec(), expected);
        }
    }
}

#[test]
fn squares_that_differ_with_roots_that_do_not() {
    // A lattice of tenths, far more points than neighbours: the last neighbour has many rivals, as near but for rounding.
    let x = Array2::from_shape_fn((512, 3), |(i, c)| 0.3 + 0.1 * [i / 64, i / 8 % 8, i % 8][c] as f64);
    let x = Samples::new(x.view()).unwrap();
    for k in 1..=8 {
        let found = BruteForce.among(&x, k, Norm::L2).unwrap();
        for i in 0..x.len() {
            let expected: Vec<usize> = sorted(&x, &x, i, Norm::L2, Some(i))[..k].iter().map(|&(_, j)| j).collect();
            assert_eq!(found.indices.row(i).to_vec(), expected, "k = {k}, point {i}");
        }
    }
}

#[test]
fn more_neighbours_than_are_kept_by_insertion() {
    let x = normal(200, 2, 1).mapv(|x| (4.0 * x).round());
    let x = Samples::new(x.view()).unwrap();
    for k in [31, 32, 33, 150, 199] {
        let found = BruteForce.among(&x, k, Norm::L2).unwrap();
        for i in 0..x.len() {
            let expected: Vec<usize> = sorted(&x, &x, i, Norm::L2, Some(i))[..k].iter().map(|&(_, j)| j).collect();
            assert_eq!(found.indices.row(i).to_vec(), expected, "k = {k}, point {i}");
        }
    }
}

#[test]
fn errors() {
    let (one, two) = (normal(3, 1, 1), normal(3, 2, 1));
    let (one, two) = (Samples::new(one.view()).unwrap(), Samples::new(two.view()).unwrap());
    assert_eq!(BruteForce.among(&one, 0, Norm::L2), Err(Error::ZeroK));
    assert_eq!(BruteForce.among(&one, 3, Norm::L2), Err(Error::KTooLarge { k: 3, others: 2 }));
    assert_eq!(BruteForce.between(&one, &one, 4, Norm::L2), Err(Error::KTooLarge { k: 4, others: 3 }));
    assert!(BruteForce.between(&one, &one, 3, Norm::L2).is_ok());
    let error = BruteForce.between(&one, &two, 1, Norm::L2).unwrap_err();
    assert_eq!(error, Error::Dimensions { queries: 1, references: 2 });
}
