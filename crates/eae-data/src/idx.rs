//! The IDX format of the MNIST files: two zero bytes, the element type, the number of axes, the
//! length of each axis as a big-endian 32-bit number, then the elements in row-major order.

use std::io::{self, Read};

use thiserror::Error;

use crate::gzip::unpacked;

/// An array of bytes read from an IDX file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub bytes: Vec<u8>,
}

/// A reason why a file is not an IDX file of bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The file starts like a gzip file but cannot be decompressed.
    #[error("broken gzip stream: {0}")]
    Gzip(io::Error),
    /// The file ends within the header.
    #[error("an IDX file starts with 4 bytes and 4 more per axis, but this one has only {0}")]
    Header(usize),
    /// The file does not start like an IDX file of unsigned bytes.
    #[error("an IDX file of bytes starts with 00 00 08 and the number of axes, but this one starts with {0:02x?}")]
    Magic([u8; 4]),
    /// The file has more or fewer elements than its header states.
    #[error(
        "the header says shape {shape:?}, which is {expected} bytes, but {} follow",
        if *found as u128 > *expected { "more".to_owned() } else { found.to_string() }
    )]
    Length {
        /// The shape in the header.
        shape: Vec<usize>,
        /// The expected number of bytes.
        expected: u128,
        /// The actual number of bytes, of which at most one surplus byte is read.
        found: usize,
    },
}

impl Idx {
    /// Parses the contents of a file, gzipped or not.
    ///
    /// The header cannot cause an allocation or decompression beyond the data that the file
    /// contains.
    ///
    /// # Errors
    ///
    /// If the file is not an IDX file of unsigned bytes, or is truncated.
    pub fn parse(file: &[u8]) -> Result<Self, IdxError> {
        let mut reader = unpacked(file);
        let mut read = |count: u64| {
            let mut bytes = Vec::new();
            reader.by_ref().take(count).read_to_end(&mut bytes).map_err(IdxError::Gzip)?;
            Ok(bytes)
        };
        let magic = read(4)?;
        let Some(&magic) = magic.first_chunk::<4>() else { return Err(IdxError::Header(magic.len())) };
        let [0, 0, 8, axes] = magic else { return Err(IdxError::Magic(magic)) };
        let lengths = read(4 * u64::from(axes))?;
        if lengths.len() < 4 * usize::from(axes) {
            return Err(IdxError::Header(4 + lengths.len()));
        }
        let (lengths, _) = lengths.as_chunks::<4>();
        let shape: Vec<usize> = lengths.iter().map(|&length| u32::from_be_bytes(length) as usize).collect();
        let expected = shape.iter().try_fold(1_u128, |product, &n| product.checked_mul(n as u128)).unwrap_or(u128::MAX);
        // Read one byte more than expected, to detect surplus data.
        let bytes = read(u64::try_from(expected).unwrap_or(u64::MAX).saturating_add(1))?;
        if expected == bytes.len() as u128 {
            Ok(Self { shape, bytes })
        } else {
            Err(IdxError::Length { shape, expected, found: bytes.len() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const SMALL: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    #[test]
    fn reads_plain_and_packed() {
        let expected = Idx { shape: vec![2, 3], bytes: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(Idx::parse(&SMALL).unwrap(), expected);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&SMALL).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(Idx::parse(&packed).unwrap(), expected);
        assert!(matches!(Idx::parse(&packed[..packed.len() - 9]), Err(IdxError::Gzip(_))));
    }

    #[test]
    fn errors_name_the_problem() {
        for length in 0..SMALL.len() {
            assert!(Idx::parse(&SMALL[..length]).is_err());
        }
        let said = Idx::parse(&SMALL[..15]).unwrap_err().to_string();
        assert_eq!(said, "the header says shape [2, 3], which is 6 bytes, but 3 follow");
        assert!(matches!(Idx::parse(b"\x89PNG\r\n"), Err(IdxError::Magic([0x89, b'P', b'N', b'G']))));
        // 255 axes of 2^32 - 1. The product overflows, and nothing is allocated.
        let huge = [&[0, 0, 8, 255][..], &[0xff; 4 * 255]].concat();
        assert!(matches!(Idx::parse(&huge), Err(IdxError::Length { found: 0, .. })));
        // Surplus data are not decompressed.
        let said = Idx::parse(&[&SMALL[..], &[7; 1000]].concat()).unwrap_err().to_string();
        assert_eq!(said, "the header says shape [2, 3], which is 6 bytes, but more follow");
    }
}
