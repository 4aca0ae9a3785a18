//! `exp` and related functions as straight-line arithmetic, so that the compiler can vectorize
//! loops over them. The error bounds are tested over the whole range.

/// Returns `e^x` in single precision, with a relative error below 2e-7. The result is at least the
/// smallest normal number and at most the largest finite one.
///
/// `e^x = 2^n e^r` with `|r| <= ln 2 / 2`, and seven terms of the series of `e^r`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// Adding and subtracting this constant rounds to an integer, which is then in the last bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts. The first part has few digits, so that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = if x < -87.3 { -87.3 } else { x };
    let x = if x > 88.3 { 88.3 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let series = 1.0 / 5040.0;
    let series = series * r + 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r * r + r + 1.0;
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// Returns `ln(1 + x)` for `x` from 0 to 1, with a relative error below 3e-7.
///
/// Uses `ln(1 + x) = 2 artanh(x / (2 + x))` and the series of `artanh`, whose argument is at most
/// 1/3.
#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let s = x / (2.0 + x);
    let square = s * s;
    let mut series = 0.0;
    for term in [15.0_f32, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series * square + 1.0 / term;
    }
    2.0 * s * series
}

/// Returns the hyperbolic tangent, with a relative error below 4e-7.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let e = exp(-2.0 * size);
    let large = (1.0 - e) / (1.0 + e);
    // Near 0 this formula would lose digits, so use Lambert's continued fraction.
    let z = x * x;
    let small =
        size * (135_135.0 + z * (17_325.0 + z * (378.0 + z))) / (135_135.0 + z * (62_370.0 + z * (3_150.0 + z * 28.0)));
    let tanh = if size < 0.625 { small } else { large };
    if x < 0.0 { -tanh } else { tanh }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the largest relative error over many numbers from `from` to `to`.
    fn error(from: f32, to: f32, ours: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let relative = |i: u32| {
            let x = from + (to - from) * (i as f32 / 2_000_000.0);
            let exact = exact(f64::from(x));
            if exact == 0.0 { f64::from(ours(x)).abs() } else { (f64::from(ours(x)) / exact - 1.0).abs() }
        };
        (0..=2_000_000).map(relative).fold(0.0, f64::max)
    }

    #[test]
    fn errors_are_within_the_documented_bounds() {
        let errors = [
            (error(-87.3, 88.3, exp, f64::exp), 2e-7),
            (error(-1.0, 1.0, exp, f64::exp), 2e-7),
            (error(0.0, 1.0, ln_1p, f64::ln_1p), 3e-7),
            (error(0.0, 1e-3, ln_1p, f64::ln_1p), 3e-7),
            (error(-10.0, 10.0, tanh, f64::tanh), 4e-7),
            (error(-1e-3, 1e-3, tanh, f64::tanh), 4e-7),
        ];
        assert!(errors.iter().all(|(error, bound)| error <= bound), "{errors:?}");
    }

    #[test]
    fn tails_are_normal_numbers() {
        for x in [-1e30, -100.0, -88.0, 89.0, 1e30, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(exp(x).is_normal(), "{x}");
        }
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
        assert_eq!((tanh(-50.0), tanh(0.0), tanh(50.0)), (-1.0, 0.0, 1.0));
    }
}
