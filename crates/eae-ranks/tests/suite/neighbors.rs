use eae_ranks::knn_entropy::{Auto, NeighborSearch, Norm, Samples};
use eae_ranks::ndarray::{Array2, Axis, concatenate};
use eae_ranks::{Array, Search, Threads};
use proptest::prelude::*;

use crate::{SIZES, points_of};

/// Returns the neighbors of all rows, found by some ranks.
fn neighbors(x: &Array2<f64>, size: usize, search: Search<'_>) -> (Array2<usize>, Array2<f64>) {
    let parts = Threads::run(size, |ranks| search.neighbors(ranks, &Array::new(x.view())).unwrap().0);
    let indices: Vec<_> = parts.iter().map(|part| part.indices.view()).collect();
    let distances: Vec<_> = parts.iter().map(|part| part.distances.view()).collect();
    (concatenate(Axis(0), &indices).unwrap(), concatenate(Axis(0), &distances).unwrap())
}

fn check(x: &Array2<f64>, k: usize, norm: Norm, most: Option<u64>) {
    let expected = Auto.among(&Samples::new(x.view()).unwrap(), k, norm.into(), 0).unwrap();
    let bits = |distances: &Array2<f64>| distances.mapv(f64::to_bits);
    for size in SIZES {
        let search = Search::new(k, norm);
        let search = most.map_or(search, |most| search.at_once(most));
        let (indices, distances) = neighbors(x, size, search);
        assert_eq!(bits(&distances), bits(&expected.distances), "{size} ranks");
        assert_eq!(indices, expected.indices, "{size} ranks");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn neighbors_are_those_of_one_process(
        kind in 0..6_u8,
        n in prop_oneof![2..12_usize, 12..300_usize],
        d in 1..6_usize,
        k in 1..7_usize,
        norm in prop_oneof![Just(Norm::L1), Just(Norm::L2), Just(Norm::LInf)],
        most in prop_oneof![Just(None), Just(Some(0)), Just(Some(20))],
        seed: u64,
    ) {
        check(&points_of(kind, n, d, seed), k.min(n - 1), norm, most);
    }
}

#[test]
fn many_dimensions_and_large_k() {
    check(&points_of(0, 257, 17, 1), 40, Norm::L2, None);
    check(&points_of(2, 120, 9, 2), 119, Norm::L2, Some(50));
}

#[test]
fn more_ranks_than_points() {
    let x = points_of(0, 5, 2, 3);
    let expected = Auto.among(&Samples::new(x.view()).unwrap(), 2, Norm::L2.into(), 0).unwrap();
    assert_eq!(neighbors(&x, 13, Search::new(2, Norm::L2)), (expected.indices, expected.distances));
}

#[test]
fn few_points_ask_in_three_dimensions() {
    let x = points_of(0, 4000, 3, 4);
    let asked = Threads::run(4, |ranks| Search::new(3, Norm::L2).neighbors(ranks, &Array::new(x.view())).unwrap().1);
    assert!(asked.iter().all(|other| *other == asked[0]));
    let asked = asked[0];
    assert_eq!((asked.points, asked.rounds), (4000, 1));
    assert!(asked.answered <= asked.questions && asked.asking <= asked.questions);
    // With 1000 points in a region, about (k / 1000)^(1/3) = 14 % of them are near each of two
    // inner faces.
    assert!(asked.asking > 0 && asked.asking < 2000, "{asked:?}");
}
