//! Times value and gradient of one autoencoder in our crates, in candle and in burn, in turns, and
//! prints a table of ratios.
//!
//! ```text
//! RAYON_NUM_THREADS=2 cargo run --release --manifest-path benches/peers/Cargo.toml
//! ```
//!
//! The network is `Preset::Conv28` on 100 digits in single precision, including the batch
//! normalization of the code. A step is the forward pass to the squared error, summed over pixels
//! and averaged over the batch, and the backward pass to all weights, without entropy and
//! optimizer. All sides have the same weights. Before anything is timed, each side must reproduce
//! our loss and our gradient of every weight.

mod burn;
mod candle;
mod ours;

use std::collections::BTreeMap;
use std::env;
use std::process::{Command, exit};
use std::time::Instant;

use ndarray::{ArrayD, Zip};

const BATCH: usize = 100;
const LATENT: usize = 16;

/// Number of turns of each side.
const ROUNDS: usize = 4;

/// Number of steps at the start of a turn that are not timed, because the caches hold another
/// side's data.
const WARM_UP: usize = 2;

/// Number of timed steps in a turn. They follow each other as in training.
const STEPS: usize = 4;

/// Largest allowed difference, relative to our loss or to the norm of a layer's gradients.
const TOLERANCE: f32 = 1e-3;

/// Weights or gradients by PyTorch's name, in PyTorch's layout: `encoder.0.weight` is
/// `[outputs, inputs, height, width]`.
type Arrays = BTreeMap<String, ArrayD<f32>>;

/// A library with the network, its weights and the images.
trait Peer {
    fn name(&self) -> &'static str;

    /// Runs the forward and the backward pass. Returns the loss, and fills `gradients` if given.
    fn step(&mut self, gradients: Option<&mut Arrays>) -> f32;
}

fn main() {
    let threads = rayon::current_num_threads();
    bind_matrixmultiply(threads);

    let ours = ours::Ours::new(BATCH);
    let (parameters, images) = (ours.parameters(), ours.images());
    let mut peers: [Box<dyn Peer>; 4] = [
        Box::new(ours),
        Box::new(candle::Candle::new(&parameters, &images).expect("valid tensors for candle")),
        Box::new(burn::Burn::flex(&parameters, &images)),
        Box::new(burn::Burn::ndarray(&parameters, &images)),
    ];

    let found = peers.each_mut().map(|peer| {
        let mut gradients = Arrays::new();
        (peer.step(Some(&mut gradients)), gradients)
    });
    assert_eq!(found[0].1.len(), parameters.len(), "each weight has a gradient");
    println!("loss {:.4}; largest relative difference from ours:", found[0].0);
    for (peer, theirs) in peers.iter().zip(&found).skip(1) {
        let [loss, gradient] = differences(&found[0], theirs);
        println!("  {}: loss {loss:.1e}, gradients {gradient:.1e}", peer.name());
        assert!(loss < TOLERANCE && gradient < TOLERANCE, "{} does not agree with our crates", peer.name());
    }

    let mut times = peers.each_ref().map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (peer, times) in peers.iter_mut().zip(&mut times) {
            for step in 0..WARM_UP + STEPS {
                let start = Instant::now();
                peer.step(None);
                if step >= WARM_UP {
                    times.push(1e3 * start.elapsed().as_secs_f64());
                }
            }
        }
    }

    let medians = times.map(median);
    println!("\nconv28, batch {BATCH}, threads {threads}, {}", nn_layers::kernels::instructions());
    println!("| peer | median, ms | peer / ours |\n|---|---|---|");
    for (peer, time) in peers.iter().zip(medians) {
        println!("| {} | {time:.2} | {:.2} |", peer.name(), time / medians[0]);
    }
}

/// Makes matrixmultiply, which multiplies for burn's ndarray backend, use `threads` threads. It
/// takes their number only from an environment variable. If the variable has another value, the
/// program runs again with the right one.
fn bind_matrixmultiply(threads: usize) {
    const VARIABLE: &str = "MATMUL_NUM_THREADS";
    let threads = threads.to_string();
    if env::var(VARIABLE).as_deref() != Ok(&threads) {
        let program = env::current_exe().expect("the program has a path");
        let status = Command::new(program).args(env::args_os().skip(1)).env(VARIABLE, threads).status();
        exit(status.expect("this program starts again").code().unwrap_or(1));
    }
}

/// Returns the relative difference of the losses, and the largest relative difference of all
/// gradients.
///
/// A difference of gradients is the root of the sum of squares, because the input of a ReLU can be
/// 0 up to rounding, and the path of one image then exists on one side only. It is relative to the
/// gradients of a layer's weights and biases together, because before batch normalization a bias
/// changes nothing, and its gradient alone is rounding error.
fn differences(ours: &(f32, Arrays), theirs: &(f32, Arrays)) -> [f32; 2] {
    let of_gradients = ours.1.iter().map(|(name, array)| {
        let (layer, _) = name.rsplit_once('.').expect("a name of the form LAYER.PARAMETER");
        let layer = ours.1.iter().filter(|(name, _)| name.starts_with(layer)).flat_map(|(_, array)| array);
        let size = layer.fold(0_f32, |sum, x| sum + x * x);
        let theirs = theirs.1.get(name).unwrap_or_else(|| panic!("no gradient for {name}"));
        let difference = Zip::from(array).and(theirs).fold(0_f32, |sum, x, y| sum + (x - y) * (x - y));
        (difference / size).sqrt()
    });
    [(ours.0 - theirs.0).abs() / ours.0, of_gradients.fold(0.0, f32::max)]
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2.0
}
