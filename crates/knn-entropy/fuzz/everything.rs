//! Turns bytes into samples and settings and calls every function of the crate with them; see
//! `run.sh`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ndarray::Array2;

#[path = "../tests/support/everything.rs"]
mod everything;

fuzz_target!(|data: &[u8]| {
    let [n, d, m, k, norm, close, window, scale, rest @ ..] = data else { return };
    let (n, d, m) = (usize::from(n % 20), usize::from(d % 5), usize::from(m % 20));
    // Small integers repeat and create ties. Other inputs contain arbitrary numbers.
    let numbers: Vec<f64> = match scale % 3 {
        0 => rest.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().expect("8 bytes"))).collect(),
        1 => rest.iter().map(|&byte| f64::from(byte) - 128.0).collect(),
        _ => rest.chunks_exact(2).map(|bytes| f64::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 300.0).collect(),
    };
    if numbers.is_empty() {
        return;
    }
    let fill = |rows: usize, start: usize| {
        Array2::from_shape_fn((rows, d), |(i, c)| numbers[(start + i * d + c) % numbers.len()])
    };
    let (x, y) = (fill(n, 0), fill(m, n * d));
    let settings = everything::Settings {
        k: usize::from(k % 24),
        norm: *norm,
        window: usize::from(window % 6),
        number: numbers[numbers.len() / 2],
        close: *close,
    };
    everything::call_everything(x.view(), y.view(), settings);
});
