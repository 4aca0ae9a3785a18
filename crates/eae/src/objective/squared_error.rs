use autodiff_mini::{Sink, Var};
use ndarray::{ArcArray, IxDyn, arr0};
use rayon::prelude::*;

use crate::Float;

/// Number of entries that one thread processes at a time.
const BLOCK: usize = 1 << 16;

/// Returns `sum (y - x)^2 / batch` and computes the gradient along with it. On a tape of a
/// [part of a batch](autodiff_mini::Parts), the value is that of the whole batch.
///
/// # Panics
///
/// If the shapes differ.
pub fn squared_error<'t, F: Float>(y: Var<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
    let (a, b) = (in_memory_order(y), in_memory_order(x));
    assert!(a.shape() == b.shape(), "`squared_error` of shapes {:?} and {:?}", a.shape(), b.shape());
    let mut batch = a.shape().first().map_or(1.0, |&n| n as f64);
    let mut difference = y.tape().pool().array(a.raw_dim());
    let ordered = "in memory order";
    let blocks = a.as_slice().expect(ordered).par_chunks(BLOCK).zip(b.as_slice().expect(ordered).par_chunks(BLOCK));
    // Sum in double precision. A single-precision sum of tens of thousands of squares would lose
    // the last digits. The blocks are summed separately and then in order, so the result does not
    // depend on the number of threads.
    let differences = difference.as_slice_mut().expect(ordered).par_chunks_mut(BLOCK);
    let sums: Vec<f64> = blocks.zip(differences).map(subtract).collect();
    let mut sum = sums.iter().fold(0.0, |sum, part| sum + part);
    if let Some(parts) = y.tape().parts() {
        let all = parts.gather(vec![sum, batch]);
        [sum, batch] = [0, 1].map(|place| all.iter().fold(0.0, |sum, part| sum + part[place]));
    }
    y.tape().custom(&[y, x], arr0(F::from_f64(sum / batch)), move |g, sink: &mut Sink<'_, F>| {
        let factor = F::from_f64(2.0 / batch) * g[[]];
        if sink.wants(1) {
            sink.add(1, difference.mapv(|u| -factor * u));
        }
        let numbers = difference.as_slice_mut().expect(ordered).par_chunks_mut(BLOCK);
        numbers.for_each(|block| block.iter_mut().for_each(|u| *u *= factor));
        sink.add(0, difference);
    })
}

/// Computes `difference = a - b` and the sum of its squares. Sixteen independent sums avoid waiting
/// for the previous addition.
fn subtract<F: Float>(((a, b), difference): ((&[F], &[F]), &mut [F])) -> f64 {
    let mut sums = [0.0; 16];
    for ((a, b), to) in a.chunks(16).zip(b.chunks(16)).zip(difference.chunks_mut(16)) {
        for (((&a, &b), to), sum) in a.iter().zip(b).zip(to).zip(&mut sums) {
            *to = a - b;
            *sum += to.into_f64() * to.into_f64();
        }
    }
    sums.iter().sum()
}

fn in_memory_order<F: Float>(x: Var<'_, F>) -> ArcArray<F, IxDyn> {
    let x = x.value();
    if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::gradcheck;
    use ndarray::ArrayD;

    #[test]
    fn gradient() {
        let [x, y] =
            [0.7, 1.9].map(|f: f64| ArrayD::from_shape_fn(vec![4, 3], |i| (f * (3 * i[0] + i[1]) as f64).sin()));
        gradcheck(|x| squared_error(x[0], x[1]), &[x, y]).unwrap();
    }
}
