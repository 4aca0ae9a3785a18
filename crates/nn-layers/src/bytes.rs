//! The numbers of a weights file as bytes, little-endian.

use autodiff_mini::Scalar;
use ndarray::ArrayD;

/// Returns the bytes of an array in the order of its axes, in the precision of its type.
pub(crate) fn encode<F: Scalar>(array: &ArrayD<F>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of::<F>() * array.len());
    // The conversion is exact for both types.
    for x in array.iter().map(|x| x.into_f64()) {
        if is_single::<F>() {
            bytes.extend_from_slice(&(x as f32).to_le_bytes());
        } else {
            bytes.extend_from_slice(&x.to_le_bytes());
        }
    }
    bytes
}

/// Returns the numbers of bytes in single precision.
pub(crate) fn decode_single<F: Scalar>(bytes: &[u8]) -> Vec<F> {
    let (numbers, _) = bytes.as_chunks();
    numbers.iter().map(|&x| F::from_f64(f32::from_le_bytes(x).into())).collect()
}

/// Returns the numbers of bytes in double precision.
pub(crate) fn decode_double<F: Scalar>(bytes: &[u8]) -> Vec<F> {
    let (numbers, _) = bytes.as_chunks();
    numbers.iter().map(|&x| F::from_f64(f64::from_le_bytes(x))).collect()
}

/// Returns true for `f32`.
pub(crate) fn is_single<F: Scalar>() -> bool {
    size_of::<F>() == size_of::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn bytes_are_in_the_order_of_the_axes() {
        let matrix = arr2(&[[1.0_f32, -2.5], [f32::MIN_POSITIVE, 3.0e38]]).into_dyn();
        let bytes = encode(&matrix.clone().reversed_axes());
        assert_eq!(bytes[4..8], f32::MIN_POSITIVE.to_le_bytes());
        assert_eq!(decode_single::<f32>(&encode(&matrix)), matrix.into_raw_vec_and_offset().0);
    }

    #[test]
    fn either_precision_is_converted() {
        let numbers = arr2(&[[0.1, -1e-300]]).into_dyn();
        assert_eq!(decode_double::<f64>(&encode(&numbers)), [0.1, -1e-300]);
        assert_eq!(decode_double::<f32>(&encode(&numbers)), [0.1, 0.0]);
        assert_eq!(decode_single::<f64>(&encode(&numbers.mapv(|x| x as f32))), [f64::from(0.1_f32), 0.0]);
    }
}
