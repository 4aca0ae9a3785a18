use clap::Subcommand;
use eae_gpu::bench::{self, Timing};
use eae_gpu::{Adapter, AdapterChoice, DeviceKind, Gpu, Transposed, adapters};
use serde::Serialize;

use crate::common::Common;
use crate::failure::Failure;
use crate::output::print_json;

/// List the GPUs, or time one.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae gpu info\n  EAE_GPU_ADAPTER=1 eae gpu bench --json\n\nEnvironment variables:\n  EAE_GPU          off, auto or require\n  EAE_GPU_ADAPTER  number of an adapter, or part of its name\n  EAE_GPU_MEM_MB   limit of GPU memory\nA software adapter is only used if EAE_GPU_ADAPTER names it."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the adapters with their limits, and which of them is used.
    Info {
        #[command(flatten)]
        common: Common,
    },
    /// Time matrix products and neighbor searches on the GPU and on the CPU.
    Bench {
        /// Number of timings of each; the median counts.
        #[arg(long, default_value_t = 5)]
        repeats: usize,
        /// Time only the smaller sizes.
        #[arg(long)]
        short: bool,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Serialize)]
struct Listed {
    number: usize,
    name: String,
    kind: String,
    backend: String,
    driver: String,
    taken: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<String>,
    largest_buffer: u64,
    largest_view: u64,
    shared_by_a_workgroup: u32,
    invocations_of_a_workgroup: u32,
}

#[derive(Serialize)]
struct Timings {
    adapter: String,
    driver: String,
    /// True for a software adapter, whose timings say nothing about a GPU.
    software: bool,
    threads: usize,
    timings: Vec<Timed>,
}

#[derive(Serialize)]
struct Timed {
    work: String,
    /// Billions of floating-point operations per second by the clock of the device. The next two
    /// fields are by wall time, and of the CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_gflops: Option<f64>,
    wall_gflops: f64,
    processor_gflops: f64,
    off: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Info { common } => info(common),
        What::Bench { repeats, short, common } => bench(*repeats, *short, common),
    }
}

fn info(common: &Common) -> Result<(), Failure> {
    let choice = AdapterChoice::from_env().map_err(Failure::usage)?;
    let all = adapters();
    let taken = choice.among(&all);
    let listed = all.iter().enumerate().map(|(number, adapter)| {
        let Adapter { name, backend, kind, driver, limits } = adapter.clone();
        let is_taken = taken.as_ref().is_ok_and(|&taken| taken == number);
        let other = || adapter.why_not().unwrap_or("another adapter is better, or was named");
        Listed {
            number,
            name,
            kind: format!("{kind:?}").to_lowercase(),
            backend,
            driver,
            taken: is_taken,
            why_not: (!is_taken).then(|| other().to_owned()),
            largest_buffer: limits.buffer,
            largest_view: limits.binding,
            shared_by_a_workgroup: limits.shared,
            invocations_of_a_workgroup: limits.threads,
        }
    });
    let listed: Vec<Listed> = listed.collect();
    if common.json {
        print_json(&listed);
        return Ok(());
    }
    for adapter in &listed {
        let Listed { number, name, kind, backend, driver, why_not, .. } = adapter;
        let verdict = why_not.as_ref().map_or_else(|| "used".to_owned(), |reason| format!("not used: {reason}"));
        outln!("{number}: {name} ({kind}, {backend}, {driver})\n   {verdict}");
        outln!(
            "   buffers up to {} MiB, bindings up to {} MiB; workgroups of up to {} threads with {} KiB of shared memory",
            adapter.largest_buffer >> 20,
            adapter.largest_view >> 20,
            adapter.invocations_of_a_workgroup,
            adapter.shared_by_a_workgroup >> 10
        );
    }
    if let Err(problem) = taken {
        outln!("{problem}");
    }
    Ok(())
}

/// Sides of large square products.
const SQUARES: [usize; 4] = [256, 1024, 2048, 4096];
/// Thin products of a training step: forward, and the gradients of a weight and of an input.
const THIN: [([usize; 3], Transposed); 6] = [
    ([128, 512, 784], Transposed::Right),
    ([512, 784, 128], Transposed::Left),
    ([128, 784, 512], Transposed::Neither),
    ([1024, 512, 784], Transposed::Right),
    ([512, 784, 1024], Transposed::Left),
    ([1024, 16, 256], Transposed::Right),
];
const POINTS: [[usize; 3]; 4] = [[2000, 16, 1], [20_000, 16, 4], [20_000, 128, 10], [100_000, 32, 15]];

fn bench(repeats: usize, short: bool, common: &Common) -> Result<(), Failure> {
    if repeats == 0 {
        return Err(Failure::usage("--repeats is 0; it must be at least 1"));
    }
    let choice = AdapterChoice::from_env().map_err(Failure::usage)?;
    let gpu = Gpu::open(&choice).map_err(Failure::other)?;
    let software = gpu.adapter().kind == DeviceKind::Cpu;
    if software {
        errln!("{} is a software adapter; its timings say nothing about a GPU", gpu.adapter());
    }
    let mut timings = Vec::new();
    let squares = SQUARES.into_iter().map(|side| ([side; 3], Transposed::Neither));
    for ([m, n, k], transposed) in squares.chain(THIN) {
        if short && m * n * k > 1 << 26 {
            continue;
        }
        let timing = bench::product(&gpu, [m, n, k], transposed, repeats).map_err(Failure::other)?;
        timings.push(Timed::new(format!("product {m} x {n} x {k}, {transposed:?} transposed"), timing, common.json));
    }
    for [n, d, k] in POINTS {
        if short && n > 2000 {
            continue;
        }
        let timing = bench::neighbors(&gpu, n, d, k, repeats).map_err(Failure::other)?;
        timings.push(Timed::new(format!("neighbors of {n} x {d}, k = {k}"), timing, common.json));
    }
    if common.json {
        let (adapter, driver) = (gpu.adapter().to_string(), gpu.adapter().driver.clone());
        print_json(&Timings { adapter, driver, software, threads: rayon::current_num_threads(), timings });
    }
    Ok(())
}

impl Timed {
    /// Computes the rates, and prints them at once unless the output is one JSON document.
    fn new(work: String, timing: Timing, json: bool) -> Self {
        let rate = |seconds: f64| timing.operations / seconds * 1e-9;
        let device_gflops = timing.device.map(rate);
        let (wall_gflops, processor_gflops) = (rate(timing.wall), rate(timing.processor));
        if !json {
            let device = device_gflops.map_or_else(|| "no clock".to_owned(), |rate| format!("{rate:.1}"));
            outln!("{work}: device {device}, wall {wall_gflops:.1}, CPU {processor_gflops:.1} GFLOP/s");
        }
        Self { work, device_gflops, wall_gflops, processor_gflops, off: timing.off }
    }
}
