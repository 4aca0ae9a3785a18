//! Times matrix products and nearest neighbors of eae-gpu against other libraries, and prints
//! tables of ratios. The products of burn come from cubek-matmul, and the neighbors from
//! ann-search-rs. All of them use wgpu on one device and take turns.
//!
//! ```text
//! cargo run --release --manifest-path benches/gpu-peers/Cargo.toml
//! ```
//!
//! The comparison needs a GPU. On a software adapter, or with `--short`, the work is small, and on
//! a software adapter the output says that the numbers do not compare GPUs. To select a software
//! adapter, set `EAE_GPU_ADAPTER=llvmpipe CUBECL_WGPU_DEFAULT_DEVICE=Cpu`. Results must agree
//! before anything is timed.

use std::env;
use std::time::Instant;

use ann_search_rs::{Verbosity, build_exhaustive_index_gpu, query_exhaustive_index_gpu_self};
use burn::tensor::{Device, DeviceKind, Tensor, TensorData};
use cubecl::wgpu::WgpuDevice;
use eae_gpu::{AdapterChoice, DeviceKind as Kind, Gpu, Product, Transposed};
use ndarray::{Array2, Axis};

/// Number of turns of each side. The median time counts.
const ROUNDS: usize = 7;

/// Number of products that are submitted before one result is read.
const PRODUCTS: usize = 10;

/// Sides of the square matrices.
const SQUARES: [usize; 4] = [256, 1024, 2048, 4096];

/// Shapes of a training step: the forward pass, and the gradients of a weight and of an input.
const THIN: [([usize; 3], Transposed); 6] = [
    ([128, 512, 784], Transposed::Right),
    ([512, 784, 128], Transposed::Left),
    ([128, 784, 512], Transposed::Neither),
    ([1024, 512, 784], Transposed::Right),
    ([512, 784, 1024], Transposed::Left),
    ([1024, 16, 256], Transposed::Right),
];

/// Number of points, dimension and k of each search.
const POINTS: [[usize; 3]; 4] = [[2000, 16, 4], [20_000, 32, 10], [20_000, 128, 15], [100_000, 32, 15]];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let gpu = Gpu::open(&AdapterChoice::from_env()?)?;
    let software = gpu.adapter().kind == Kind::Cpu;
    let short = software || env::args().any(|argument| argument == "--short");
    println!(
        "{}{}",
        gpu.adapter(),
        if software { " (a software adapter; these numbers do not compare GPUs)" } else { "" }
    );

    println!("\n| product | burn, ms | ours, ms | burn / ours |\n|---|---|---|---|");
    let squares = SQUARES.into_iter().map(|side| ([side; 3], Transposed::Neither));
    for (sides, transposed) in squares.chain(THIN) {
        if !short || sides.iter().product::<usize>() <= 1 << 24 {
            let [m, n, k] = sides;
            row(&format!("{m} x {n} x {k}, {transposed:?} transposed"), product(&gpu, sides, transposed)?);
        }
    }
    println!("\n| neighbors | ann-search-rs, ms | ours, ms | ann-search-rs / ours |\n|---|---|---|---|");
    for [n, d, k] in POINTS {
        if !short || n <= 2000 {
            row(&format!("{n} x {d}, k = {k}"), neighbors(&gpu, n, d, k)?);
        }
    }
    Ok(())
}

fn row(what: &str, [theirs, ours]: [f64; 2]) {
    println!("| {what} | {:.3} | {:.3} | {:.2} |", 1e3 * theirs, 1e3 * ours, theirs / ours);
}

/// Returns the seconds of one product in burn and here, for matrices that are already on the
/// device.
fn product(gpu: &Gpu, [m, n, k]: [usize; 3], transposed: Transposed) -> Result<[f64; 2], Failure> {
    let a = if transposed == Transposed::Left { numbers(k, m, 1) } else { numbers(m, k, 1) };
    let b = if transposed == Transposed::Right { numbers(n, k, 2) } else { numbers(k, n, 2) };
    let device = Device::wgpu(DeviceKind::DefaultDevice);
    let tensor = |matrix: &Array2<f32>| {
        let data = TensorData::new(matrix.iter().copied().collect::<Vec<f32>>(), matrix.shape().to_vec());
        Tensor::<2>::from_data(data, &device)
    };
    let [a_there, b_there] = [&a, &b].map(tensor);
    let theirs = |count: usize| -> Result<Vec<f32>, Failure> {
        let mut last = None;
        for _ in 0..count {
            let (a, b) = (a_there.clone(), b_there.clone());
            let a = if transposed == Transposed::Left { a.transpose() } else { a };
            last = Some(a.matmul(if transposed == Transposed::Right { b.transpose() } else { b }));
        }
        let last = last.expect("at least one product");
        last.into_data().try_to_vec().map_err(|e| format!("{e:?}").into())
    };
    let [on_a, on_b, c] = [gpu.upload(a.view())?, gpu.upload(b.view())?, gpu.zeros(m, n)?];
    let ours = |count: usize| -> Result<Vec<f32>, Failure> {
        let mut batch = gpu.batch();
        for _ in 0..count {
            batch.product(&Product { transposed, ..Product::default() }, &on_a, &on_b, &c)?;
        }
        batch.submit()?;
        Ok(c.read()?.into_raw_vec_and_offset().0)
    };
    // burn's first product autotunes its kernels, so it is not timed.
    let [there, here] = [theirs(1)?, ours(1)?];
    let off = there.iter().zip(&here).fold(0.0_f32, |most, (x, y)| most.max((x - y).abs()));
    let largest = here.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    if there.len() != here.len() || off.is_nan() || off > 1e-4 * largest {
        return Err(format!("products of {m} x {n} x {k} differ by {off}; the largest value is {largest}").into());
    }
    let seconds = in_turns(|| theirs(PRODUCTS).map(|_| ()), || ours(PRODUCTS).map(|_| ()))?;
    Ok(seconds.map(|seconds| seconds / PRODUCTS as f64))
}

/// Returns the seconds of a search for the neighbors of all points, in ann-search-rs and here. The
/// times include the upload of the points and the download of the neighbors.
fn neighbors(gpu: &Gpu, n: usize, d: usize, k: usize) -> Result<[f64; 2], Failure> {
    let points = numbers(n, d, 3);
    let flat = points.as_slice().expect("in memory order");
    let theirs = || -> Result<Vec<Vec<usize>>, Failure> {
        let device = WgpuDevice::default().into();
        let index = build_exhaustive_index_gpu((flat, n, d), "euclidean", device, Verbosity::Quiet);
        let index = index.map_err(|e| format!("{e:?}"))?;
        // ann-search-rs counts each point as its own nearest neighbor.
        let found = query_exhaustive_index_gpu_self(&index, k + 1, true, Verbosity::Quiet);
        Ok(found.map_err(|e| format!("{e:?}"))?.0)
    };
    let ours = || gpu.nearest(points.view(), points.view(), k, Some(0));
    let (there, here) = (theirs()?, ours()?);
    let same = |(i, (there, here)): (usize, (&Vec<usize>, ndarray::ArrayView1<'_, usize>))| {
        let others = there.iter().filter(|&&other| other != i);
        others.zip(here).filter(|(a, b)| a == b).count()
    };
    let same: usize = there.iter().zip(here.indices.axis_iter(Axis(0))).enumerate().map(same).sum();
    if 1000 * same < 999 * n * k {
        return Err(format!("only {same} of {} neighbors agree", n * k).into());
    }
    in_turns(|| theirs().map(|_| ()), || Ok(ours().map(|_| ())?))
}

/// Returns the median seconds of each side.
fn in_turns(
    mut theirs: impl FnMut() -> Result<(), Failure>,
    mut ours: impl FnMut() -> Result<(), Failure>,
) -> Result<[f64; 2], Failure> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (times, work) in times.iter_mut().zip([&mut theirs as &mut dyn FnMut() -> Result<(), Failure>, &mut ours]) {
            let start = Instant::now();
            work()?;
            times.push(start.elapsed().as_secs_f64());
        }
    }
    Ok(times.map(|mut times| {
        times.sort_unstable_by(f64::total_cmp);
        times[times.len() / 2]
    }))
}

/// Returns pseudo-random numbers between -1 and 1.
fn numbers(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    Array2::from_shape_simple_fn((rows, columns), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}
