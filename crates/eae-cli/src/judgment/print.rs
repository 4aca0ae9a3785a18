use eae::evaluation::{SampleQuality, SampleReport};
use eae::metrics::Quality;

/// Prints a table of the quality of samples, and whether they copy training images. `held_out`
/// names the data that they are compared with, and `images` is `images` or `vectors`.
pub(crate) fn print_samples(report: &SampleReport, held_out: &str, images: &str) {
    let n = report.samples.first().map_or(0, |samples| samples.quality.n[0]);
    outln!("decoded draws compared with {n} {held_out}, on {}", report.features);
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
    if let Some(floor) = &report.floor {
        line(&format!("training {images}"), floor);
    }
    report.samples.iter().for_each(|samples| line(samples.sampler, &samples.quality));
    for SampleQuality { sampler, memorization, .. } in &report.samples {
        if let Some(memorization) = memorization {
            outln!("\n{sampler}: {}", memorization.verdict());
        }
    }
}
