//! Failures, limits and concurrent use.

use std::time::Duration;

use autodiff_mini::Gemm;
use eae_gpu::{AdapterChoice, Error, Gpu, GpuGemm, GpuNeighbors, Limits, Product};
use knn_entropy::{BruteForce, Metric, NeighborSearch, Norm, Samples};
use ndarray::Array2;

use crate::Test;
use crate::product::random;

pub(crate) const TESTS: &[Test] = &[
    ("faults::a_device_that_is_lost", a_device_that_is_lost),
    ("faults::limits", limits),
    ("faults::a_budget", a_budget),
    ("faults::unknown_adapter_name", unknown_adapter_name),
    ("faults::too_slow", too_slow),
    ("faults::many_threads", many_threads),
    ("faults::many_devices", many_devices),
];

fn another(gpu: &Gpu) -> Gpu {
    Gpu::open(&AdapterChoice::default().adapter(&gpu.adapter().name)).unwrap()
}

/// After a device is lost, everything returns an error, the CPU takes over for it, and another
/// device can be opened.
fn a_device_that_is_lost(gpu: &Gpu) {
    let lost = another(gpu);
    let matrix = lost.upload(random(8, 8, 1).view()).unwrap();
    lost.destroy();
    let is_lost = |error: Error| assert!(matches!(error, Error::Lost(_)), "{error:?}");
    is_lost(lost.check().unwrap_err());
    is_lost(matrix.read().unwrap_err());
    is_lost(lost.zeros(5, 5).unwrap_err());
    is_lost(lost.nearest(random(9, 2, 1).view(), random(9, 2, 1).view(), 1, Some(0)).unwrap_err());

    let points = random(60, 3, 1).mapv(f64::from);
    let samples = Samples::new(points.view()).unwrap();
    let search = GpuNeighbors::new(lost.clone());
    let l2 = Metric::Norm(Norm::L2);
    assert_eq!(search.among(&samples, 2, l2, 0), BruteForce.among(&samples, 2, l2, 0));
    is_lost(search.fault().unwrap());
    let product = GpuGemm::new(lost);
    let mut c = Array2::zeros((4, 4));
    product.gemm(1.0, Array2::eye(4).view(), Array2::eye(4).view(), 0.0, c.view_mut());
    assert_eq!(c, Array2::<f32>::eye(4));
    is_lost(product.fault().unwrap());
    assert!(another(gpu).check().is_ok());
}

fn limits(gpu: &Gpu) {
    let with = |limits| gpu.with_limits(limits, Duration::from_secs(60));
    let small = with(Limits { buffer: 1000, ..gpu.limits() });
    assert!(matches!(small.zeros(100, 100), Err(Error::Limit { what: "a matrix", need: 40_000, have: 1000 })));
    assert!(matches!(gpu.zeros(usize::MAX, 2), Err(Error::Limit { .. })));
    for limits in [Limits { shared: 1000, ..gpu.limits() }, Limits { threads: 8, ..gpu.limits() }] {
        let small = with(limits);
        let matrix = || small.zeros(4, 4).unwrap();
        let error = small.batch().product(&Product::default(), &matrix(), &matrix(), &matrix()).unwrap_err();
        assert!(matches!(error, Error::Limit { .. }), "{error}");
    }
}

fn a_budget(gpu: &Gpu) {
    let choice = AdapterChoice::default().adapter(&gpu.adapter().name).budget(1 << 20);
    let small = Gpu::open(&choice).unwrap();
    let half = small.zeros(256, 256).unwrap();
    let error = small.zeros(512, 512).unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { bytes: 1_048_576, in_use: 262_144, budget: 1_048_576 }), "{error:?}");
    assert!(error.to_string().contains("EAE_GPU_MEM_MB"));
    // Unused memory is released for the new buffer.
    drop(half);
    assert!(small.zeros(512, 512).is_ok());
}

fn unknown_adapter_name(_: &Gpu) {
    let error = Gpu::open(&AdapterChoice::default().adapter("no such")).unwrap_err();
    assert!(
        matches!(&error, Error::NotFound { wanted, found } if wanted == "no such" && found.contains("0: ")),
        "{error}"
    );
}

fn too_slow(gpu: &Gpu) {
    let hasty = another(gpu).with_limits(gpu.limits(), Duration::ZERO);
    let points = random(2000, 16, 1);
    // A driver that works during submission leaves no work to wait for.
    let hurried = (0..20).map(|_| hasty.nearest(points.view(), points.view(), 8, Some(0)));
    assert!(hurried.into_iter().any(|found| found == Err(Error::Timeout(0))));
}

/// Uniforms of one thread must not reach another.
fn many_threads(gpu: &Gpu) {
    std::thread::scope(|scope| {
        for thread in 0..6 {
            scope.spawn(move || {
                for round in 0..5 {
                    let side = 5 + 7 * thread + round;
                    let [a, b] = [1, 2].map(|seed| random(side, side, seed));
                    let [on_a, on_b, c] =
                        [gpu.upload(a.view()), gpu.upload(b.view()), gpu.zeros(side, side)].map(Result::unwrap);
                    let mut batch = gpu.batch();
                    batch.product(&Product::default(), &on_a, &on_b, &c).unwrap();
                    batch.submit().unwrap();
                    let off = (c.read().unwrap() - a.dot(&b)).fold(0.0_f32, |most, x| most.max(x.abs()));
                    assert!(off < 1e-4, "{side}: {off}");
                }
            });
        }
    });
}

fn many_devices(gpu: &Gpu) {
    for _ in 0..10 {
        let one = another(gpu);
        assert_eq!(one.upload(Array2::ones((3, 3)).view()).unwrap().read().unwrap(), Array2::<f32>::ones((3, 3)));
    }
}
