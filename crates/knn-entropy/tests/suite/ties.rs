//! Tests of rounded and discrete numbers. The estimate must not depend on the unit and must be near
//! the information of the rounded variables.

use knn_entropy::*;
use ndarray::Array2;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;
use statrs::function::erf::erfc;

fn phi(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

/// Returns the mutual information of two normal variables with correlation `r`, both rounded to
/// multiples of `step`. It is a sum over all cells, whose probabilities are integrals over the
/// first variable by five-point Gauss-Legendre quadrature.
fn rounded_information(r: f64, step: f64) -> f64 {
    const NODES: [(f64, f64); 5] = [
        (-0.906_179_845_938_664, 0.236_926_885_056_189),
        (-0.538_469_310_105_683, 0.478_628_670_499_366),
        (0.0, 0.568_888_888_888_889),
        (0.538_469_310_105_683, 0.478_628_670_499_366),
        (0.906_179_845_938_664, 0.236_926_885_056_189),
    ];
    let most = (5.0 / step).ceil() as i32;
    let marginal = |j: i32| phi((f64::from(j) + 0.5) * step) - phi((f64::from(j) - 0.5) * step);
    let s = (1.0 - r * r).sqrt();
    let mut sum = 0.0;
    for i in -most..=most {
        // Cells farther than six conditional standard deviations have negligible weight.
        let center = r * f64::from(i);
        let reach = 6.0 * s / step + 1.0;
        for j in ((center - reach).floor() as i32).max(-most)..=((center + reach).ceil() as i32).min(most) {
            let cell: f64 = NODES
                .iter()
                .map(|&(node, weight)| {
                    let x = (f64::from(i) + node / 2.0) * step;
                    let upper = ((f64::from(j) + 0.5) * step - r * x) / s;
                    let inner = phi(upper) - phi(upper - step / s);
                    weight / 2.0 * step * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * inner
                })
                .sum();
            if cell > 1e-15 {
                sum += cell * (cell / (marginal(i) * marginal(j))).ln();
            }
        }
    }
    sum
}

/// Draws normal pairs, rounded to integer multiples of a step and divided by it.
fn whole_pairs(n: usize, r: f64, step: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pair = || {
        let [a, b]: [f64; 2] = [rng.sample(StandardNormal), rng.sample(StandardNormal)];
        ((a / step).round(), ((r * a + (1.0 - r * r).sqrt() * b) / step).round())
    };
    (0..n).map(|_| pair()).unzip()
}

#[test]
fn rounded_information_agrees_with_known_values() {
    // Without rounding the information is -ln(1 - r^2)/2, and a small step hardly reduces it.
    assert!((rounded_information(0.9, 0.02) + 0.5 * (1.0_f64 - 0.81).ln()).abs() < 1e-3);
    assert!(rounded_information(0.0, 0.3).abs() < 1e-6);
    // Wide cells reduce the information of -ln(1 - 0.25)/2, but not below 0.1 nats.
    let coarse = rounded_information(0.5, 1.0);
    assert!(coarse > 0.10 && coarse < 0.5 * -(0.75_f64.ln()));
}

#[test]
fn estimates_of_rounded_pairs_do_not_depend_on_the_unit() {
    for (r, seed) in [(0.0, 1), (0.3, 2), (0.6, 3), (0.9, 4), (0.95, 5)] {
        for step in [0.01, 0.03, 0.1, 0.3] {
            let truth = rounded_information(r, step);
            let (x, y) = whole_pairs(2000, r, step, seed);
            for variant in [KsgVariant::One, KsgVariant::Two] {
                let ksg = Ksg::new(3).variant(variant);
                let whole = ksg.estimate(&[&x, &y]).unwrap();
                assert!((whole.value() - truth).abs() < 0.08, "{r}, {step}: {}, expected {truth}", whole.value());
                let Some(Warning::Ties { tied, rows: 2000 }) = whole.warnings().first() else { panic!("no warning") };
                assert!(*tied > 1000);
                for unit in [step, 100.0 * step, 0.3048 * step] {
                    let [x, y] = [&x, &y].map(|x| x.iter().map(|x| x * unit).collect::<Vec<_>>());
                    assert_eq!(ksg.mutual_information(&x, &y).unwrap(), whole.value(), "{r}, {step}, {unit}");
                }
                // Standardizing makes columns with different units and offsets comparable.
                let [x, y] = [(&x, 0.45359237, 273.15), (&y, 1e-3, -12.0)]
                    .map(|(x, unit, zero)| x.iter().map(|x| zero + x * step * unit).collect::<Vec<_>>());
                let [x, y] = [x, y].map(|x| correct(&x, &[Correction::Standardize]).unwrap().samples);
                assert!((ksg.mutual_information(&x, &y).unwrap() - truth).abs() < 0.08);
            }
            // Dithering spreads the numbers within the steps.
            let dithered = Ksg::new(3).ties(Ties::Dither { steps: &[1.0, 1.0], seed: 0 });
            let spread = dithered.estimate(&[&x, &y]).unwrap();
            assert!((spread.value() - truth).abs() < 0.08 && spread.warnings().is_empty(), "{r}, {step}");
            assert!(matches!(Ksg::new(3).ties(Ties::Error).estimate(&[&x, &y]), Err(Error::Ties { .. })));
        }
    }
}

#[test]
fn estimate_does_not_depend_on_the_order_of_rows() {
    let (x, y) = whole_pairs(500, 0.7, 0.3, 9);
    let reversed = |x: &Vec<f64>| x.iter().rev().copied().collect::<Vec<_>>();
    for variant in [KsgVariant::One, KsgVariant::Two] {
        let ksg = Ksg::new(4).variant(variant);
        let (here, there) =
            (ksg.mutual_information(&x, &y).unwrap(), ksg.mutual_information(reversed(&x), reversed(&y)).unwrap());
        assert!((here - there).abs() < 1e-13);
    }
}

#[test]
fn both_algorithms_accept_labels_and_constants() {
    // A label with two values that are 2.2 apart in the other variable. Ross's estimator is made
    // for such labels.
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let label: Vec<f64> = (0..500).map(|_| f64::from(rng.random_range(0..2_u8))).collect();
    let x: Vec<f64> = label.iter().map(|label| 2.2 * label + rng.sample::<f64, _>(StandardNormal)).collect();
    let names: Vec<bool> = label.iter().map(|label| *label > 0.0).collect();
    let expected = Ross::new(3).mutual_information(&x, &names).unwrap();
    let apart: Vec<f64> = label.iter().map(|label| 100.0 * label).collect();
    for variant in [KsgVariant::One, KsgVariant::Two] {
        let ksg = Ksg::new(3).variant(variant);
        assert!((ksg.mutual_information(&x, &apart).unwrap() - expected).abs() < 0.02, "{variant:?}");
        let constant = ksg.estimate(&[&x, &vec![7.25; 500]]).unwrap();
        assert!(constant.value().abs() < 1e-12, "{variant:?}: {}", constant.value());
        assert_eq!(constant.warnings(), [Warning::Constant { block: 1, column: 0 }]);
        let both = ksg.estimate(&[&vec![1.0; 50], &vec![2.0; 50]]).unwrap();
        assert_eq!(both.value(), 0.0);
    }
    let mixed = MesnerShalizi::new(3).mutual_information(&x, &apart).unwrap();
    assert!((mixed - expected).abs() < 0.05);
}

/// Computes the formulas of Mesner and Shalizi from all distances.
fn brute_force(blocks: [&[f64]; 3], k: usize, given: bool) -> f64 {
    let n = blocks[0].len();
    let psi = |count: usize| statrs::function::gamma::digamma(count as f64);
    let used = if given { &[0, 1, 2][..] } else { &[0, 1] };
    let distance = |which: &[usize], i: usize, j: usize| {
        which.iter().map(|&b| (blocks[b][i] - blocks[b][j]).abs()).fold(0.0, f64::max)
    };
    let others = |i: usize| (0..n).filter(move |&j| j != i);
    let local = |i: usize| {
        let mut all: Vec<f64> = others(i).map(|j| distance(used, i, j)).collect();
        all.sort_unstable_by(f64::total_cmp);
        let within = |which: &[usize]| psi(others(i).filter(|&j| distance(which, i, j) <= all[k - 1]).count());
        match given {
            true => within(used) + within(&[2]) - within(&[0, 2]) - within(&[1, 2]),
            false => within(used) + psi(n) - within(&[0]) - within(&[1]),
        }
    };
    (0..n).map(local).sum::<f64>() / n as f64
}

#[test]
fn mesner_shalizi_equals_its_formula() {
    for (r, step, seed) in [(0.5, 1e-6, 1), (0.5, 0.5, 2), (0.8, 1.0, 3), (0.0, 2.0, 4)] {
        let (x, y) = whole_pairs(150, r, step, seed);
        let (z, _) = whole_pairs(150, r, 1.0, seed + 10);
        for k in [1, 3, 7] {
            let mixed = MesnerShalizi::new(k);
            let found = mixed.mutual_information(&x, &y).unwrap();
            assert!((found - brute_force([&x, &y, &z], k, false)).abs() < 1e-11);
            let found = mixed.conditional(&x, &y, &z).unwrap();
            assert!((found - brute_force([&x, &y, &z], k, true)).abs() < 1e-11);
        }
    }
}

#[test]
fn saturated_estimates_carry_a_warning() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let x: Vec<f64> = (0..1000).map(|_| rng.sample(StandardNormal)).collect();
    let near: Vec<f64> = x.iter().map(|x| x + 1e-6 * rng.sample::<f64, _>(StandardNormal)).collect();
    let noisy: Vec<f64> = x.iter().map(|x| x + 0.3 * rng.sample::<f64, _>(StandardNormal)).collect();
    for other in [&x, &near] {
        let estimate = Ksg::new(3).estimate(&[&x, other]).unwrap();
        let [Warning::Saturated { share, bound }] = estimate.warnings() else { panic!("{:?}", estimate.warnings()) };
        assert!(*share > 0.9 && estimate.value() <= *bound + 1e-9);
    }
    assert!(Ksg::new(3).estimate(&[&x, &noisy]).unwrap().warnings().is_empty());
}

#[test]
fn periodic_variables() {
    // Two angles that agree except for noise. The starting point of the circles must not matter.
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let turn = std::f64::consts::TAU;
    let x: Vec<f64> = (0..400).map(|_| turn * rng.random::<f64>()).collect();
    let y: Vec<f64> = x.iter().map(|x| (x + 0.3 * rng.sample::<f64, _>(StandardNormal)).rem_euclid(turn)).collect();
    let other: Vec<f64> = (0..400).map(|_| rng.sample(StandardNormal)).collect();
    let moved = |x: &[f64], by: f64| x.iter().map(|x| (x + by).rem_euclid(turn)).collect::<Vec<_>>();
    for variant in [KsgVariant::One, KsgVariant::Two] {
        let circles = [turn, turn, turn, f64::INFINITY];
        let ksg = Ksg::new(4).variant(variant).periods(&circles[..2]);
        let here = ksg.mutual_information(&x, &y).unwrap();
        // Angles may also be several turns away.
        let away = moved(&y, 3.0).into_iter().map(|y| y - 4.0 * turn).collect::<Vec<_>>();
        let there = ksg.mutual_information(moved(&x, 1.0), away).unwrap();
        assert!((here - there).abs() < 1e-9, "{here} {there}");
        // Given one angle, the other is a wrapped normal variable, so the information is ln(2 pi) -
        // ln(0.3 sqrt(2 pi e)).
        let truth = turn.ln() - 0.5 * (turn * std::f64::consts::E * 0.09).ln();
        assert!((here - truth).abs() < 0.1, "{here}, expected {truth}");
        let half = Ksg::new(4).variant(variant).periods(&circles[2..]);
        assert!(half.mutual_information(&x, &other).unwrap().abs() < 0.1);
        let plane = Ksg::new(4).variant(variant).norm(Norm::L2).periods(&circles);
        let both = Array2::from_shape_fn((400, 2), |(i, c)| [y[i], other[i]][c]);
        let pair = Array2::from_shape_fn((400, 2), |(i, c)| [x[i], x[399 - i]][c]);
        assert!(plane.mutual_information(&pair, &both).unwrap() > 0.5);
    }
    // One angle follows another with a delay of one step, on circles with different starting
    // points.
    let circles = [turn; 3];
    let follows: Vec<f64> = (0..400).map(|t| if t == 0 { 0.0 } else { y[t - 1] }).collect();
    let transfer = TransferEntropy::new(4).periods(&circles);
    let here = transfer.transfer_entropy(&x, &follows).unwrap();
    let there = transfer.transfer_entropy(moved(&x, 2.0), moved(&follows, 1.0)).unwrap();
    assert!((here - there).abs() < 1e-9 && here > 0.5, "{here} {there}");
    // Half of these angles near 0 are just below a full turn.
    let near = |shift: f64| moved(&other.iter().map(|x| 0.1 * x + shift).collect::<Vec<_>>(), 0.0);
    let divergence = JensenShannon::new(4).periods(&circles[..1]);
    assert!(divergence.divergence(near(0.0), near(0.001)).unwrap() < 0.1);
    assert!(divergence.divergence(near(0.0), near(3.0)).unwrap() > 0.65);
    let short = Ksg::new(4).periods(&[turn]).mutual_information(&x, &y);
    assert_eq!(short, Err(Error::PeriodMismatch { periods: 1, dimension: 2 }));
}

#[test]
fn shared_rows_are_an_error_or_left_out() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let p = Array2::<f64>::from_shape_simple_fn((200, 2), || rng.sample(StandardNormal));
    for k in [1, 3] {
        let divergence = Divergence::new(k);
        let shared = Error::SharedRows { count: 200, first: 0, copy: 0 };
        assert_eq!(divergence.divergence(&p, &p), Err(shared.clone()));
        assert_eq!(divergence.cross_entropy(&p, &p), Err(shared));
        let left_out = divergence.shared_rows(SharedRows::LeaveOut).estimate(&p, &p).unwrap();
        assert_eq!(left_out.value(), 0.0);
        assert_eq!(left_out.warnings(), [Warning::SharedRows { count: 200, first: 0, copy: 0 }]);
        // Without shared rows, the rule has no effect.
        let q = &p + 0.01;
        let plain = divergence.divergence(&p, &q).unwrap();
        assert_eq!(divergence.shared_rows(SharedRows::LeaveOut).divergence(&p, &q).unwrap(), plain);
    }
}
