//! The speed of the device compared with the CPU, on the same work in one run. Every result is read
//! back and compared.

use std::time::Instant;

use autodiff_mini::{Cpu, Gemm};
use knn_entropy::{Auto, Metric, NeighborSearch, Norm, Samples};
use ndarray::Array2;

use crate::device::Program;
use crate::product::Sum;
use crate::{Error, Gpu, Product, Result, Transposed};

/// The timing of one task on both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Number of floating-point operations.
    pub operations: f64,
    /// Seconds on the device by its own clock, if it has one.
    pub device: Option<f64>,
    /// Seconds until the device has finished, with the matrices already uploaded.
    pub wall: f64,
    /// Seconds on the CPU.
    pub processor: f64,
    /// The largest difference between the results, relative to the largest value. For neighbors,
    /// the share that differs.
    pub off: f64,
}

/// Returns the median.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_unstable_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Returns the median times by the device's clock, if it has one, and by the wall clock.
fn time(program: &Program, repeats: usize) -> Result<(Option<f64>, f64)> {
    // Warm up, so that the kernels are compiled and the device is awake.
    program.time()?;
    let (mut device, mut wall) = (Vec::new(), Vec::new());
    for _ in 0..repeats {
        let start = Instant::now();
        device.push(program.time()?);
        wall.push(start.elapsed().as_secs_f64());
    }
    Ok((device.into_iter().collect::<Option<Vec<_>>>().map(median), median(wall)))
}

/// Returns numbers between -1 and 1 without a pattern.
fn numbers(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    Array2::from_shape_simple_fn((rows, columns), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

/// Times a product of `[m, k]` and `[k, n]`, with at most one factor transposed.
///
/// # Errors
///
/// If the device fails, or its result differs from that of the CPU.
pub fn product(gpu: &Gpu, [m, n, k]: [usize; 3], transposed: Transposed, repeats: usize) -> Result<Timing> {
    let a = if transposed == Transposed::Left { numbers(k, m, 1) } else { numbers(m, k, 1) };
    let b = if transposed == Transposed::Right { numbers(n, k, 2) } else { numbers(k, n, 2) };
    let [on_a, on_b, c] = [gpu.upload(a.view())?, gpu.upload(b.view())?, gpu.zeros(m, n)?];
    let mut recording = gpu.record();
    Product { transposed, ..Product::default() }.record(&mut recording, Sum::Products, &on_a, &on_b, &c)?;
    let program = recording.keep()?;
    let (device, wall) = time(&program, repeats)?;
    let a = if transposed == Transposed::Left { a.t() } else { a.view() };
    let b = if transposed == Transposed::Right { b.t() } else { b.view() };
    let (mut expected, mut processor) = (Array2::zeros((m, n)), Vec::new());
    for _ in 0..repeats {
        let start = Instant::now();
        Cpu.gemm(1.0, a, b, 0.0, expected.view_mut());
        processor.push(start.elapsed().as_secs_f64());
    }
    let largest = |matrix: &Array2<f32>| matrix.fold(0.0_f32, |most, x| most.max(x.abs()));
    let off = f64::from(largest(&(c.read()? - &expected)) / largest(&expected).max(f32::MIN_POSITIVE));
    if off.is_nan() || off > 1e-3 {
        return Err(Error::Corrupt(format!(
            "a product of {m} x {k} and {k} x {n} differs from that of the CPU by {off:e}"
        )));
    }
    let operations = 2.0 * m as f64 * n as f64 * k as f64;
    Ok(Timing { operations, device, wall, processor: median(processor), off })
}

/// Times the search for the `k` nearest of each of `n` points in `d` dimensions among the others.
///
/// # Errors
///
/// If the device fails.
pub fn neighbors(gpu: &Gpu, n: usize, d: usize, k: usize, repeats: usize) -> Result<Timing> {
    let points = numbers(n, d, 3);
    let on_device = gpu.upload(points.view())?;
    let mut recording = gpu.record();
    let found = crate::neighbors::record(&mut recording, &on_device, &on_device, k, Some(0))?;
    let program = recording.keep()?;
    let (device, wall) = time(&program, repeats)?;
    let samples = Samples::new(points.view()).map_err(|e| Error::Shape(e.to_string()))?;
    let (mut expected, mut processor) = (None, Vec::new());
    for _ in 0..repeats {
        let start = Instant::now();
        let neighbors = Auto.among(&samples, k, Metric::Norm(Norm::L2), 0).map_err(|e| Error::Shape(e.to_string()))?;
        processor.push(start.elapsed().as_secs_f64());
        expected = Some(neighbors);
    }
    let (lists, expected) = (
        found.read()?,
        expected.ok_or_else(|| Error::Shape("the number of repeats is 0; it must be at least 1".to_owned()))?,
    );
    let differ = lists.indices.iter().zip(&expected.indices).filter(|(a, b)| a != b).count();
    let operations = 3.0 * (n as f64).powi(2) * d as f64;
    let off = differ as f64 / (n * k) as f64;
    Ok(Timing { operations, device, wall, processor: median(processor), off })
}
