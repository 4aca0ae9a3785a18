//! Compares batch normalization of a batch in parts, one tape each, with the whole batch on one
//! tape.

use std::ops::Range;
use std::sync::{Arc, Barrier, Mutex};

use approx::assert_relative_eq;
use autodiff_mini::{Parts, Shared, Tape};
use ndarray::{ArrayD, Axis, Slice, concatenate};
use nn_layers::{BatchNorm, Layer, Real};

use crate::random;

/// Numbers of all parts, and a barrier before they are read and before they are replaced.
#[derive(Debug)]
struct Table {
    numbers: Mutex<Vec<Vec<f64>>>,
    barrier: Barrier,
}

#[derive(Debug)]
struct Part(usize, Arc<Table>);

impl Parts for Part {
    fn part(&self) -> usize {
        self.0
    }

    fn gather(&self, numbers: Vec<f64>) -> Arc<[Vec<f64>]> {
        let Self(part, table) = self;
        table.numbers.lock().unwrap()[*part] = numbers;
        table.barrier.wait();
        let all = table.numbers.lock().unwrap().clone().into();
        table.barrier.wait();
        all
    }

    fn once(&self, work: &mut dyn FnMut() -> Shared) -> Shared {
        work()
    }
}

/// Returns the normalized rows, the gradient of their sum with these weights, and the layer.
fn normalized<F: Real>(x: ArrayD<F>, weights: ArrayD<F>, tape: Tape<F>) -> (ArrayD<F>, ArrayD<F>, BatchNorm<F>) {
    let (mut layer, x) = (BatchNorm::new(3), x.into_shared());
    let y = layer.train(tape.parameter(&x));
    let (value, loss) = (y.value().to_owned(), (y * tape.constant(weights)).sum().id());
    (value, tape.backward(loss).wrt(&x).unwrap().to_owned(), layer)
}

fn compare<F: Real + approx::RelativeEq<Epsilon = F>>(cuts: &[Range<usize>], tolerance: F) {
    let rows = cuts.last().unwrap().end;
    let [x, weights] = [1, 2].map(|seed| random(&[rows, 2, 3], seed).mapv(F::from_f64));
    let x = x * F::from_f64(0.1) + F::from_f64(3.0);
    let whole = normalized(x.clone(), weights.clone(), Tape::new());
    let barrier = Barrier::new(cuts.len());
    let table = Arc::new(Table { numbers: Mutex::new(vec![Vec::new(); cuts.len()]), barrier });
    let parts: Vec<_> = std::thread::scope(|scope| {
        let start = |(part, cut): (usize, &Range<usize>)| {
            let [x, weights] = [&x, &weights].map(|all| all.slice_axis(Axis(0), Slice::from(cut.clone())).to_owned());
            let parts = Arc::new(Part(part, Arc::clone(&table)));
            scope.spawn(move || normalized(x, weights, Tape::new().of_part(parts)))
        };
        let running: Vec<_> = cuts.iter().enumerate().map(start).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let values: Vec<_> = parts.iter().map(|part| part.0.view()).collect();
    assert_relative_eq!(concatenate(Axis(0), &values).unwrap(), whole.0, epsilon = tolerance);
    let gradients: Vec<_> = parts.iter().map(|part| part.1.view()).collect();
    assert_relative_eq!(concatenate(Axis(0), &gradients).unwrap(), whole.1, epsilon = tolerance * F::from_f64(20.0));
    for (_, _, layer) in &parts {
        assert_eq!((&layer.running_mean, &layer.running_var), (&parts[0].2.running_mean, &parts[0].2.running_var));
        assert_relative_eq!(layer.running_mean, whole.2.running_mean, epsilon = tolerance);
        assert_relative_eq!(layer.running_var, whole.2.running_var, epsilon = tolerance);
        assert_eq!(layer.batches, 1);
    }
}

#[test]
fn batch_normalization_in_parts_is_that_of_the_whole_batch() {
    compare::<f64>(&[0..3, 3..7], 1e-13);
    compare::<f64>(&[0..1, 1..1, 1..4, 4..9, 9..9], 1e-13);
    compare::<f32>(&[0..3, 3..7], 1e-5);
    // Enough rows for several blocks of a kernel.
    compare::<f64>(&[0..5000, 5000..5001, 5001..20_000], 1e-12);
}
