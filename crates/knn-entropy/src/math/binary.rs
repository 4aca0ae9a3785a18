/// Returns the exponent of a positive number, `floor(log2 x)`.
pub(crate) fn exponent(x: f64) -> i32 {
    const SUBNORMAL: f64 = 18_014_398_509_481_984.0; // 2^54
    if x < f64::MIN_POSITIVE { exponent(x * SUBNORMAL) - 54 } else { (x.to_bits() >> 52) as i32 - 1023 }
}

/// Returns `2^exponent`, for exponents of normal numbers.
pub(crate) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}
