//! Measures the memory that an entropy needs in addition to its samples, on Linux. `memory N D K`
//! prints the peak in bytes per sample.

use knn_entropy::KozachenkoLeonenko;
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

fn main() {
    let [n, d, k] = [1, 2, 3].map(|i| std::env::args().nth(i).and_then(|x| x.parse().ok()).unwrap_or(4_usize));
    let x = Array2::<f64>::random_using((n, d), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
    // A first estimate starts threads and loads code, so that they do not count.
    KozachenkoLeonenko::new(1).entropy(x.slice(ndarray::s![..n.min(1000), ..])).expect("normal samples");
    let before = status("VmRSS");
    let entropy = KozachenkoLeonenko::new(k).entropy(x.view()).expect("normal samples");
    let bytes = 1024.0 * (status("VmHWM") - before);
    println!("n = {n}, d = {d}, k = {k}: {:.1} bytes per sample ({entropy:.4} nats)", bytes / n as f64);
}

/// Reads a number of kibibytes from the status that Linux provides for the process.
fn status(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux provides this file");
    let line = status.lines().find(|line| line.starts_with(name)).expect("Linux provides this value");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("the value is a number")
}
