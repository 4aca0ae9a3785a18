//! Draws points that follow the gradient of their entropy, from a cluster in a corner until they
//! cover the square.
//!
//! ```text
//! cargo run --release -p knn-entropy --example spreading
//! ```

use std::error::Error;
use std::fmt::Write;

use knn_entropy::{KozachenkoLeonenko, Truncated};
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardUniform;
use rand_chacha::ChaCha8Rng;

const FRAMES: [usize; 4] = [0, 30, 150, 1500];
const SIZE: f64 = 200.0;

fn main() -> Result<(), Box<dyn Error>> {
    // Of all distributions on the square, the uniform distribution has the largest entropy, 0. The
    // estimate can grow beyond 0: the points move farther apart than random samples and finally
    // form a lattice.
    let estimator = Truncated::unit_cube(1);
    let mut x = 0.2 * Array2::<f64>::random_using((150, 2), StandardUniform, &mut ChaCha8Rng::seed_from_u64(0)) + 0.1;
    let mut svg =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\">\n", 4.0 * (SIZE + 10.0), SIZE + 30.0);
    svg.push_str("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    for step in 0..=FRAMES[3] {
        let (entropy, gradient) = estimator.entropy_and_gradient(x.view())?;
        if let Some(frame) = FRAMES.iter().position(|&at| at == step) {
            println!("step {step:>4}: entropy {entropy:>7.3} nats on the square, {:>7.3} by balls", of_balls(&x)?);
            draw(&mut svg, &x, 5.0 + frame as f64 * (SIZE + 10.0), &format!("step {step}: {entropy:.2} nats"))?;
        }
        // Steps get shorter with time, and points stay within the square.
        let rate = 0.03 / (1.0 + step as f64 / 300.0);
        x = (x + rate * gradient).mapv(|x| x.clamp(0.001, 0.999));
    }
    svg.push_str("</svg>\n");
    std::fs::write("spreading.svg", svg)?;
    println!("the picture is spreading.svg");
    Ok(())
}

fn of_balls(x: &Array2<f64>) -> knn_entropy::Result<f64> {
    KozachenkoLeonenko::new(1).entropy(x.view())
}

fn draw(svg: &mut String, x: &Array2<f64>, left: f64, title: &str) -> std::fmt::Result {
    writeln!(svg, "<rect x=\"{left}\" y=\"5\" width=\"{SIZE}\" height=\"{SIZE}\" fill=\"#f4f4f4\" stroke=\"#888\"/>")?;
    for point in x.rows() {
        let (cx, cy) = (left + SIZE * point[0], 5.0 + SIZE * (1.0 - point[1]));
        writeln!(svg, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"2\" fill=\"#2060a0\"/>")?;
    }
    let y = SIZE + 22.0;
    writeln!(svg, "<text x=\"{left}\" y=\"{y}\" font-family=\"sans-serif\" font-size=\"13\">{title}</text>")
}
