//! Compares every operation's gradient with finite differences, on random shapes and values, and
//! its value with ndarray.

use autodiff_mini::{Tape, Var, gradcheck};
use ndarray::{Array2, ArrayD, Axis, Slice, array};
use proptest::prelude::*;

/// Draws values that are pairwise distinct, so that a maximum is unique, and away from 0, where
/// functions such as `abs` and `relu` have a kink.
fn distinct(shape: &[usize]) -> impl Strategy<Value = ArrayD<f64>> + use<> {
    let shape = shape.to_vec();
    let count = shape.iter().product::<usize>();
    (Just((1..=count).collect::<Vec<_>>()).prop_shuffle(), proptest::collection::vec(any::<bool>(), count)).prop_map(
        move |(ranks, signs)| {
            let value =
                |(rank, sign): (usize, bool)| (0.1 + 2.0 * rank as f64 / count as f64) * if sign { 1.0 } else { -1.0 };
            let values = ranks.into_iter().zip(signs).map(value).collect();
            ArrayD::from_shape_vec(shape.clone(), values).unwrap()
        },
    )
}

fn positive(shape: &[usize]) -> impl Strategy<Value = ArrayD<f64>> + use<> {
    distinct(shape).prop_map(|x| x.mapv(f64::abs))
}

/// Draws two shapes that broadcast together.
fn pair_of_shapes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    proptest::collection::vec((1..4_usize, 0..3), 0..4).prop_flat_map(|axes| {
        let side =
            |keep: i32| -> Vec<usize> { axes.iter().map(|&(n, which)| if which == keep { 1 } else { n }).collect() };
        let (a, b) = (side(1), side(2));
        (0..=a.len(), 0..=b.len()).prop_map(move |(cut_a, cut_b)| match cut_a < cut_b {
            // Leading axes may be missing, but only on one side: otherwise the joint shape would
            // change.
            true => (a[cut_a..].to_vec(), b.clone()),
            false => (a.clone(), b[cut_b..].to_vec()),
        })
    })
}

type Unary = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
type Several = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;
type Reduction = for<'t> fn(Var<'t, f64>, &[usize]) -> Var<'t, f64>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn arithmetic_with_broadcasting((a, b) in pair_of_shapes().prop_flat_map(|(a, b)| (distinct(&a), distinct(&b)))) {
        let expected = [&a + &b, &a - &b, &a * &b, &a / &b];
        let operations: [Several; 4] =
            [|x| x[0] + x[1], |x| x[0] - x[1], |x| x[0] * x[1], |x| x[0] / x[1]];
        for (operation, expected) in operations.into_iter().zip(expected) {
            let tape = Tape::without_gradients();
            let value = operation(&[tape.constant(a.clone()), tape.constant(b.clone())]).value();
            prop_assert_eq!(value, expected.into_shared());
            gradcheck(operation, &[a.clone(), b.clone()])?;
        }
    }

    #[test]
    fn arithmetic_with_numbers(x in distinct(&[2, 3])) {
        gradcheck(|x| 2.0 - (x[0] * 3.0 + 1.0) / 4.0 - 0.5, &[x.clone()])?;
        gradcheck(|x| 2.0 * x[0] + 1.0 + 3.0 / x[0], &[x.clone()])?;
        gradcheck(|x| 0.5 + -x[0], &[x])?;
    }

    #[test]
    fn one_operand_used_twice(x in distinct(&[3, 2])) {
        gradcheck(|x| x[0] * x[0] + x[0] / x[0] - x[0], &[x])?;
    }

    #[test]
    fn elementwise_functions(x in distinct(&[2, 5])) {
        let functions: [(&str, Unary); 10] = [
            ("exp", |x| x.exp()), ("square", |x| x.square()), ("abs", |x| x.abs()), ("tanh", |x| x.tanh()), ("sigmoid", |x| x.sigmoid()),
            ("relu", |x| x.relu()), ("leaky_relu", |x| x.leaky_relu(0.2)), ("softplus", |x| x.softplus()),
            ("powi 3", |x| x.powi(3)), ("powi -2", |x| x.powi(-2)),
        ];
        for (name, function) in functions {
            gradcheck(|x| function(x[0]), &[x.clone()]).map_err(|e| TestCaseError::fail(format!("{name}: {e}")))?;
        }
        gradcheck(|x| x[0].powi(0) + x[0].powi(1), &[x])?;
    }

    #[test]
    fn elementwise_functions_of_positive_numbers(x in positive(&[7])) {
        gradcheck(|x| x[0].ln(), &[x.clone()])?;
        gradcheck(|x| x[0].sqrt(), &[x.clone()])?;
        gradcheck(|x| x[0].powf(-1.3), &[x.clone()])?;
        gradcheck(|x| x[0].powf(0.0), &[x])?;
    }

    #[test]
    fn matrix_products_with_transposes(
        (a, b) in (1..5_usize, 0..5_usize, 1..5_usize).prop_flat_map(|(m, k, n)| (distinct(&[m, k]), distinct(&[k, n])))
    ) {
        let (at, bt) = (a.t().as_standard_layout().to_owned(), b.t().as_standard_layout().to_owned());
        gradcheck(|x| x[0].matmul(x[1]), &[a.clone(), b.clone()])?;
        gradcheck(|x| x[0].t().matmul(x[1]), &[at.clone(), b.clone()])?;
        gradcheck(|x| x[0].matmul(x[1].t()), &[a.clone(), bt.clone()])?;
        gradcheck(|x| x[0].t().matmul(x[1].t()), &[at, bt])?;
        let matrix = |x: &ArrayD<f64>| -> Array2<f64> { x.clone().into_dimensionality().unwrap() };
        let tape = Tape::without_gradients();
        let value = tape.constant(a.clone()).matmul(tape.constant(b.clone())).value();
        let difference = value - matrix(&a).dot(&matrix(&b)).into_dyn();
        prop_assert!(difference.iter().all(|e| e.abs() < 1e-12));
    }

    #[test]
    fn reductions(x in distinct(&[2, 3, 4]), axes in proptest::sample::subsequence(vec![0, 1, 2], 0..=3)) {
        let reductions: [(&str, Reduction); 5] = [
            ("sum", |x, axes| x.sum_axes(axes)), ("mean", |x, axes| x.mean_axes(axes)),
            ("var", |x, axes| x.var_axes(axes, 0)), ("max", |x, axes| x.max_axes(axes)),
            ("composed variance", |x, axes| (x - x.mean_axes(axes)).square().mean_axes(axes)),
        ];
        for (name, reduce) in reductions {
            gradcheck(|x| reduce(x[0], &axes), &[x.clone()])
                .map_err(|e| TestCaseError::fail(format!("{name} over {axes:?}: {e}")))?;
        }
        gradcheck(|x| x[0].sum() * x[0].mean() + x[0].max(), &[x.clone()])?;
        gradcheck(|x| x[0].var_axes(&[0, 2], 1), &[x])?;
    }

    #[test]
    fn rearrangements(x in distinct(&[2, 3, 4]), y in distinct(&[2, 1, 4]), start in 0..3_usize, axes in
        Just(vec![0, 1, 2]).prop_shuffle()) {
        gradcheck(|x| x[0].permute(&axes).square().reshape(&[6, 4]), &[x.clone()])?;
        gradcheck(|x| x[0].permute(&axes).permute(&axes), &[x.clone()])?;
        gradcheck(|x| x[0].slice(1, start..), &[x.clone()])?;
        gradcheck(|x| x[0].slice(2, Slice::new(-4, None, -2)), &[x.clone()])?;
        gradcheck(|x| Var::concatenate(1, &[x[0], x[1], x[0].square()]), &[x.clone(), y.clone()])?;
        gradcheck(|x| x[0].broadcast_to(&[5, 2, 3, 4]), &[y])?;
    }

    #[test]
    fn gradient_of_a_small_network(x in distinct(&[6, 5]), w in distinct(&[5, 4]), b in distinct(&[4])) {
        fn network<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
            let y = (x[0].matmul(x[1]) + x[2]).tanh();
            (y - y.mean_axes(&[0])).square().mean()
        }
        gradcheck(network, &[x, w, b])?;
    }
}

#[test]
fn values_equal_those_of_ndarray() {
    let x = array![[1.0, 5.0, -3.0], [4.0, 0.0, 2.0]];
    let tape = Tape::without_gradients();
    let v = tape.constant(x.clone());
    assert_eq!(v.sum().scalar(), x.sum());
    assert_eq!(v.mean().scalar(), x.mean().unwrap());
    assert_eq!(v.max().scalar(), 5.0);
    assert_eq!(v.sum_axes(&[0]).value(), x.sum_axis(Axis(0)).insert_axis(Axis(0)).into_dyn().into_shared());
    assert_eq!(v.var_axes(&[1], 1).value(), x.var_axis(Axis(1), 1.0).insert_axis(Axis(1)).into_dyn().into_shared());
    assert_eq!(v.max_axes(&[1]).value(), array![[5.0], [4.0]].into_dyn().into_shared());
    assert_eq!(v.t().value(), x.t().to_owned().into_dyn().into_shared());
    assert_eq!(v.slice(1, 1..3).value(), array![[5.0, -3.0], [0.0, 2.0]].into_dyn().into_shared());
}

#[test]
fn gradient_of_a_tied_maximum_goes_to_the_first() {
    let tape = Tape::<f64>::new();
    let x = array![[1.0, 7.0, 7.0], [2.0, 2.0, 0.0]].into_shared();
    let loss = tape.parameter(&x).max_axes(&[1]).sum().id();
    assert_eq!(tape.backward(loss).wrt(&x).unwrap(), &array![[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]].into_dyn());
}

/// Runs `operation`, which must panic, and returns the message of the panic.
fn message(operation: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(operation)).expect_err("the shapes do not match");
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

#[test]
fn panics_name_mismatched_shapes() {
    fn on(a: &[usize], b: &[usize], f: for<'t> fn(Var<'t, f32>, Var<'t, f32>) -> Var<'t, f32>) -> String {
        let (a, b) = (ArrayD::zeros(a), ArrayD::zeros(b));
        message(move || {
            let tape = Tape::<f32>::new();
            f(tape.constant(a), tape.constant(b));
        })
    }
    let panic = on(&[2, 3], &[4], |a, b| a * b);
    assert_eq!(panic, "`mul` cannot broadcast shapes [2, 3] and [4] together");
    let panic = on(&[2, 3], &[2, 3], |a, b| a.matmul(b));
    assert_eq!(panic, "`matmul` cannot multiply shapes [2, 3] and [2, 3]");
    let panic = on(&[2, 3], &[3], |a, b| a.matmul(b));
    assert_eq!(panic, "`matmul` needs two matrices, got shapes [2, 3] and [3]");
    let panic = on(&[2, 3], &[2], |a, b| Var::concatenate(0, &[a, b]));
    assert_eq!(panic, "`concatenate` along axis 0 cannot join shapes [[2, 3], [2]]");
    let panic = on(&[2, 3], &[], |a, _| a.reshape(&[4]));
    assert_eq!(panic, "`reshape` cannot turn shape [2, 3] into [4]");
    let panic = on(&[2, 3], &[], |a, _| a.sum_axes(&[2]));
    assert_eq!(panic, "`sum_axes` over axis 2 of shape [2, 3]");
    let panic = on(&[2, 3], &[], |a, _| a.slice(0, 1..5));
    assert!(panic.contains("axis 0 of shape [2, 3]"), "{panic}");
    let panic = on(&[2, 3], &[], |a, _| a.permute(&[0, 0]));
    assert_eq!(panic, "`permute` by [0, 0] of shape [2, 3]");
}
