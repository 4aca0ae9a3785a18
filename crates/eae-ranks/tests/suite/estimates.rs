use eae_ranks::knn_entropy::{self, ClosePoints, KozachenkoLeonenko, Ksg, Norm};
use eae_ranks::ndarray::{Array2, s};
use eae_ranks::{Array, Divergence, Entropy, Estimated, MutualInformation, Threads};
use proptest::prelude::*;

use crate::{SIZES, points_of};

/// Compares the estimate of each number of ranks with that of one process: bits, or the message of
/// the error.
fn compare(
    expected: knn_entropy::Result<knn_entropy::Estimate>,
    estimate: impl Fn(&Threads) -> eae_ranks::Result<Estimated> + Sync,
) {
    for size in SIZES {
        let found = Threads::run(size, &estimate);
        match &expected {
            Err(error) => {
                for found in found {
                    assert_eq!(found.unwrap_err().to_string(), error.to_string(), "{size} ranks");
                }
            }
            Ok(expected) => {
                let found: Vec<Estimated> = found.into_iter().map(Result::unwrap).collect();
                let local: Vec<u64> = found.iter().flat_map(|found| &found.local).map(|x| x.to_bits()).collect();
                assert_eq!(local, expected.local().mapv(f64::to_bits).to_vec(), "{size} ranks");
                for found in &found {
                    assert_eq!(found.value.to_bits(), expected.value().to_bits(), "{size} ranks");
                    assert_eq!(found.standard_error.to_bits(), expected.standard_error().to_bits());
                    let reported = expected.warnings().iter().filter(|warning| is_reported(warning));
                    assert_eq!(found.warnings, reported.cloned().collect::<Vec<_>>(), "{size} ranks");
                }
            }
        }
    }
}

/// Returns false for the warnings that need all rows at once.
fn is_reported(warning: &knn_entropy::Warning) -> bool {
    use knn_entropy::Warning::{Constant, Repeated, Scales};
    !matches!(warning, Constant { .. } | Repeated { .. } | Scales { .. })
}

fn norms() -> impl Strategy<Value = Norm> {
    prop_oneof![Just(Norm::L1), Just(Norm::L2), Just(Norm::LInf)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn entropy_has_the_bits_of_one_process(
        kind in 0..6_u8,
        n in prop_oneof![1..10_usize, 10..300_usize],
        d in 1..5_usize,
        k in 0..6_usize,
        norm in norms(),
        floor in prop_oneof![Just(ClosePoints::Error), Just(ClosePoints::Floor(0.1)), Just(ClosePoints::Soft(0.1))],
        seed: u64,
    ) {
        let x = points_of(kind, n, d, seed);
        let expected = KozachenkoLeonenko::new(k).norm(norm).close_points(floor).estimate(x.view());
        let entropy = Entropy::new(k).norm(norm).close_points(floor);
        compare(expected, |ranks| entropy.estimate(ranks, &Array::new(x.view())));
    }

    #[test]
    fn information_has_the_bits_of_one_process(
        kind in 0..6_u8,
        n in prop_oneof![1..10_usize, 10..250_usize],
        widths in prop_oneof![Just(vec![1, 1]), Just(vec![1, 2]), Just(vec![3, 2]), Just(vec![1, 1, 1]), Just(vec![2])],
        k in 0..6_usize,
        norm in norms(),
        most in prop_oneof![Just(None), Just(Some(10))],
        seed: u64,
    ) {
        let d: usize = widths.iter().sum();
        let mut x = points_of(kind, n, d, seed);
        // Dependent variables, unless rows repeat or are on a lattice.
        if kind < 2 {
            for mut row in x.rows_mut() {
                row[d - 1] += row[0];
            }
        }
        let mut start = 0;
        let blocks: Vec<_> = widths.iter().map(|width| {
            start += width;
            x.slice(s![.., start - width..start])
        }).collect();
        let expected = Ksg::new(k).norm(norm).estimate(&blocks);
        let information = MutualInformation::new(k).norm(norm);
        let information = most.map_or(information, |most| information.at_once(most));
        compare(expected, |ranks| {
            let arrays: Vec<_> = blocks.iter().map(|block| Array::new(*block)).collect();
            let rows: Vec<&dyn eae_ranks::Rows> = arrays.iter().map(|array| array as _).collect();
            information.estimate(ranks, &rows)
        });
    }

    #[test]
    fn divergence_has_the_bits_of_one_process(
        kinds in (0..6_u8, 0..6_u8),
        n in prop_oneof![1..10_usize, 10..200_usize],
        m in prop_oneof![1..10_usize, 10..200_usize],
        d in 1..5_usize,
        k in 0..6_usize,
        norm in norms(),
        seed: u64,
    ) {
        let (p, q) = (points_of(kinds.0, n, d, seed), points_of(kinds.1, m, d, seed.wrapping_add(1)));
        let expected = knn_entropy::Divergence::new(k).norm(norm).estimate(p.view(), q.view());
        let divergence = Divergence::new(k).norm(norm);
        compare(expected, |ranks| divergence.estimate(ranks, &Array::new(p.view()), &Array::new(q.view())));
    }
}

#[test]
fn divergences_of_samples_in_a_plane_are_an_error() {
    let (p, mut q) = (points_of(0, 100, 2, 5), points_of(0, 80, 2, 6));
    let doubled = 2.0 * &q.column(0);
    q.column_mut(1).assign(&doubled);
    for (p, q) in [(&p, &q), (&q, &p)] {
        let expected = knn_entropy::Divergence::new(2).estimate(p.view(), q.view());
        assert_eq!(expected, Err(knn_entropy::Error::Singular { column: 1 }));
        compare(expected, |ranks| Divergence::new(2).estimate(ranks, &Array::new(p.view()), &Array::new(q.view())));
    }
}

#[test]
fn errors_name_rows_of_the_whole_data() {
    let mut x = points_of(0, 100, 2, 5);
    x[[70, 1]] = f64::NAN;
    x[[90, 0]] = f64::INFINITY;
    let expected = KozachenkoLeonenko::new(3).estimate(x.view());
    assert!(expected.is_err());
    compare(expected, |ranks| Entropy::new(3).estimate(ranks, &Array::new(x.view())));
    let huge = Array2::from_shape_fn((9, 1), |(i, _)| (i as f64 - 4.0) * 4e307);
    compare(KozachenkoLeonenko::new(5).estimate(huge.view()), |ranks| {
        Entropy::new(5).estimate(ranks, &Array::new(huge.view()))
    });
    for (n, d) in [(0, 2), (3, 0)] {
        let empty = Array2::<f64>::zeros((n, d));
        compare(KozachenkoLeonenko::new(1).estimate(empty.view()), |ranks| {
            Entropy::new(1).estimate(ranks, &Array::new(empty.view()))
        });
    }
}
