//! Numbers that every rank computes alike.

/// Returns a normal number for each place, by SplitMix64 and the Box-Muller transform.
pub(super) fn normal(place: u64) -> f64 {
    let uniform = |i: u64| {
        let mut z = (2 * place + i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (-2.0 * (1.0 - uniform(0)).ln()).sqrt() * (std::f64::consts::TAU * uniform(1)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normal() {
        let n = 100_000;
        let x: Vec<f64> = (0..n).map(normal).collect();
        let mean = |power: i32| x.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
        // Five standard errors: of the mean 1, of the squares 2, of the fourth powers 96.
        let within =
            |value: f64, expected: f64, variance: f64| (value - expected).abs() < 5.0 * (variance / n as f64).sqrt();
        assert!(within(mean(1), 0.0, 1.0) && within(mean(2), 1.0, 2.0) && within(mean(4), 3.0, 96.0));
    }
}
