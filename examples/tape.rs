//! Fits a least-squares line by gradient descent, with the tape alone.
//!
//! ```text
//! cargo run --release --example tape
//! ```

use autodiff_mini::Tape;
use ndarray::{Array1, arr0};

fn main() {
    // The points lie near y = 3 x - 1.
    let x = Array1::linspace(-1.0, 1.0, 50);
    let y = x.mapv(|x: f64| 3.0 * x - 1.0 + 0.1 * (40.0 * x).sin());

    let (mut slope, mut offset) = (arr0(0.0).into_shared(), arr0(0.0).into_shared());
    for step in 0..=100 {
        let tape = Tape::new();
        let line = tape.constant(x.clone()) * tape.parameter(&slope) + tape.parameter(&offset);
        let loss = (line - tape.constant(y.clone())).square().mean();
        if step % 20 == 0 {
            println!("step {step:3}: loss {:.5}, y = {:.4} x + {:.4}", loss.scalar(), slope[()], offset[()]);
        }

        let loss = loss.id();
        let mut gradients = tape.backward(loss);
        for parameter in [&mut slope, &mut offset] {
            let gradient = gradients.take(parameter).expect("the loss depends on both parameters");
            parameter.zip_mut_with(&gradient, |x, g| *x -= 0.3 * g);
        }
    }
}
