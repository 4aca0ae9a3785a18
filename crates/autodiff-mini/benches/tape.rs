//! Measures the overhead of the tape and the speed of matrix products:
//! `cargo bench -p autodiff-mini`. Each line shows the fastest of 100 runs, in seconds.

use std::hint::black_box;
use std::time::Instant;

use autodiff_mini::{Cpu, Gemm, Tape};
use ndarray::Array2;

fn main() {
    // A chain of operations on one number consists almost entirely of overhead.
    let x = ndarray::arr0(1.0_f32).into_shared();
    time("1000 nodes, forward and backward", || {
        let tape = Tape::new();
        let end = (0..1000).fold(tape.parameter(&x), |x, _| x * 0.999).id();
        black_box(tape.backward(end));
    });
    for (m, k, n) in [(100, 784, 512), (100, 3136, 256), (512, 512, 512)] {
        let (a, b) = (Array2::<f32>::ones((m, k)), Array2::ones((k, n)));
        let mut out = Array2::zeros((m, n));
        time(&format!("product of {m} x {k} and {k} x {n}"), || {
            Cpu.gemm(1.0, a.view(), b.view(), 0.0, out.view_mut());
            black_box(&out);
        });
    }
}

fn time(what: &str, mut work: impl FnMut()) {
    let mut run = || {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    println!("{what:<40} {:>10.6} s", (0..100).map(|_| run()).fold(f64::INFINITY, f64::min));
}
