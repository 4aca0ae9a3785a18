//! Tests of the values and gradients that a tape saves, skips, moves and frees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use autodiff_mini::{Cpu, Gemm, Tape};
use ndarray::{ArrayView2, ArrayViewMut2, arr0, array};

#[test]
fn rules_run_only_where_a_gradient_is_needed() {
    let tape = Tape::<f64>::new();
    let (data, weight) = (tape.constant(arr0(2.0)), tape.parameter(&arr0(3.0).into_shared()));
    let never = tape.custom(&[data], arr0(1.0), |_, _| panic!("nothing here needs a gradient"));
    let unused = tape.custom(&[weight], arr0(1.0), |_, _| panic!("the loss does not depend on this value"));
    let loss = tape.custom(&[data, weight, never], arr0(6.0), |g, sink| {
        assert_eq!([sink.wants(0), sink.wants(1), sink.wants(2)], [false, true, false]);
        sink.add(0, g.clone());
        sink.add(1, g);
    });
    let (loss, data, _) = (loss.id(), data.id(), unused.id());
    assert!(tape.backward(loss).of(data).is_none());
}

#[test]
fn the_first_gradient_is_moved_and_later_ones_are_added() {
    let weight = array![1.0, 2.0].into_shared();
    let tape = Tape::<f64>::new();
    let x = tape.parameter(&weight);
    // The rules run from the last operation to the first, so the gradient from `last` must be
    // moved.
    let first = tape.custom(&[x], arr0(0.0), |_, sink| sink.add(0, array![10.0, 20.0]));
    let gradient = array![1.0, 2.0];
    let address = gradient.as_ptr() as usize;
    let last = tape.custom(&[x], arr0(0.0), move |_, sink| sink.add(0, gradient));
    let loss = (first + last).id();
    let gradients = tape.backward(loss);
    let sum = gradients.wrt(&weight).unwrap();
    assert_eq!(sum, &array![11.0, 22.0].into_dyn());
    assert_eq!(sum.as_ptr() as usize, address, "the first gradient was copied");
}

#[test]
fn saved_values_are_freed_during_the_backward_pass() {
    let saved = Arc::new(());
    let tape = Tape::<f64>::new();
    let x = tape.parameter(&arr0(1.0).into_shared());
    let watch = saved.clone();
    let first = tape.custom(&[x], arr0(1.0), move |g, sink| {
        assert_eq!(Arc::strong_count(&watch), 1, "the later rule still holds the values it saved");
        sink.add(0, g);
    });
    let second = tape.custom(&[first], arr0(1.0), move |g, sink| {
        assert_eq!(Arc::strong_count(&saved), 2);
        sink.add(0, g);
    });
    let loss = second.id();
    tape.backward(loss);
}

#[test]
fn parameters_are_identified_by_buffer() {
    let weight = array![[1.0, 2.0], [3.0, 4.0]].into_shared();
    let tape = Tape::<f64>::new();
    let loss = (tape.parameter(&weight) * tape.parameter(&weight.clone())).sum();
    let transposed = weight.clone().reversed_axes();
    let loss = (loss + tape.parameter(&transposed).sum()).id();
    let mut gradients = tape.backward(loss);
    assert_eq!(gradients.wrt(&weight).unwrap(), &array![[2.0, 4.0], [6.0, 8.0]].into_dyn());
    assert_eq!(gradients.wrt(&transposed).unwrap(), &array![[1.0, 1.0], [1.0, 1.0]].into_dyn());
    assert!(
        gradients.wrt(&array![[1.0, 2.0], [3.0, 4.0]].into_shared()).is_none(),
        "an equal array is not the same parameter"
    );
    assert!(gradients.take(&weight).is_some() && gradients.take(&weight).is_none());
}

#[test]
fn parameters_are_updated_in_place_after_take() {
    let mut weight = array![1.0, 2.0].into_shared();
    let address = weight.as_ptr();
    let tape = Tape::<f64>::new();
    let loss = tape.parameter(&weight).square().sum().id();
    let gradient = tape.backward(loss).take(&weight).unwrap();
    weight.zip_mut_with(&gradient, |w, g| *w -= 0.5 * g);
    assert_eq!((weight.as_ptr(), weight), (address, array![0.0, 0.0].into_shared()));
}

#[test]
fn tape_without_gradients_saves_nothing() {
    let tape = Tape::<f64>::without_gradients();
    let x = tape.parameter(&arr0(3.0).into_shared());
    let saved = Arc::new(());
    let held = saved.clone();
    assert_eq!(tape.custom(&[x], arr0(1.0), move |_, _| drop(held)).scalar(), 1.0);
    assert_eq!(Arc::strong_count(&saved), 1);
    let (loss, x) = (x.square().id(), x.id());
    assert!(tape.backward(loss).of(x).is_none());
}

#[test]
fn custom_gemm_computes_all_matrix_products() {
    struct Counting(AtomicUsize);
    impl Gemm<f64> for Counting {
        fn gemm(
            &self,
            alpha: f64,
            a: ArrayView2<'_, f64>,
            b: ArrayView2<'_, f64>,
            beta: f64,
            c: ArrayViewMut2<'_, f64>,
        ) {
            self.0.fetch_add(1, Ordering::Relaxed);
            Cpu.gemm(alpha, a, b, beta, c);
        }
    }
    let counting = Arc::new(Counting(AtomicUsize::new(0)));
    let tape = Tape::with_gemm(counting.clone());
    let (a, b) = (tape.constant(array![[1.0, 2.0]]), tape.parameter(&array![[3.0], [4.0]].into_shared()));
    let loss = a.matmul(b).sum();
    assert_eq!(loss.scalar(), 11.0);
    let loss = loss.id();
    tape.backward(loss);
    assert_eq!(
        counting.0.load(Ordering::Relaxed),
        2,
        "expected one product forward and one backward, because the data needs no gradient"
    );
}

#[test]
#[should_panic(expected = "gradient of shape [2] for an operand of [3]")]
fn gradient_of_the_wrong_shape_panics() {
    let tape = Tape::<f32>::new();
    let x = tape.parameter(&array![1.0, 2.0, 3.0].into_shared());
    let loss = tape.custom(&[x], arr0(1.0), |_, sink| sink.add(0, array![1.0, 2.0])).id();
    tape.backward(loss);
}

#[test]
#[should_panic(expected = "an operand is on another tape")]
fn operands_on_two_tapes_panic() {
    let (one, other) = (Tape::<f32>::new(), Tape::new());
    let _ = one.constant(arr0(1.0)) + other.constant(arr0(1.0));
}

#[test]
#[should_panic(expected = "the loss is on another tape")]
fn loss_on_another_tape_panics() {
    let (one, other) = (Tape::<f32>::new(), Tape::<f32>::new());
    let loss = one.constant(arr0(1.0)).id();
    other.backward(loss);
}

#[test]
#[should_panic(expected = "backward starts from one element, got shape [2]")]
fn loss_of_two_elements_panics() {
    let tape = Tape::<f32>::new();
    let loss = tape.parameter(&array![1.0, 2.0].into_shared()).id();
    tape.backward(loss);
}
