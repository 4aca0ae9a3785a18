use eae::evaluation::{SampleQuality, SampleReport};
use eae::metrics::Quality;

/// Prints a table of the quality of samples, and what their distances to training images say; `images` is what they are.
pub(crate) fn print_samples(report: &SampleReport, images: &str) {
    outln!("decoded draws beside {} held-out {images}, on {}", report.floor.n[0], report.features);
    outln!("{:<16} Frechet       kernel  precision  recall  density  coverage", "");
    let line = |name: &str, quality: &Quality| {
        let Quality { frechet, kernel, neighbors, .. } = quality;
        outln!(
            "{name:<16} {frechet:7.2}  {:11.3}  {:9.3}  {:6.3}  {:7.3}  {:8.3}",
            kernel.mean,
            neighbors.precision,
            neighbors.recall,
            neighbors.density,
            neighbors.coverage
        );
    };
    line(&format!("training {images}"), &report.floor);
    report.samples.iter().for_each(|samples| line(samples.sampler, &samples.quality));
    for SampleQuality { sampler, memorization, .. } in &report.samples {
        outln!("\n{sampler}: {}", memorization.verdict());
    }
}
