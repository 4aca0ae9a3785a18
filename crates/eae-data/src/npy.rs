//! The format of NumPy's `.npy` files: six bytes that say so, two of the version, the length of the rest of the header in
//! two bytes or four, a Python dictionary with type, order and shape, then the numbers.

use std::io::{self, Read};

use ndarray_npy::npy::header::Header;
use thiserror::Error;

/// An array of numbers in a `.npy` file, its header read and its numbers not yet.
///
/// Nothing is allocated on the word of the header, so a broken file costs no more memory than it is long.
#[derive(Debug)]
pub struct Npy<R> {
    shape: Vec<usize>,
    fortran: bool,
    descriptor: String,
    element: Element,
    /// The bytes before the numbers.
    header: u64,
    reader: R,
}

/// Why a file is not an array of numbers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// It starts with other bytes.
    #[error("an array of NumPy (.npy) starts with 93 NUMPY, this file does not, save it with numpy.save")]
    Magic,
    /// It ends early.
    #[error("the file ends within its .npy header, save it again")]
    Header,
    /// A version that is not known.
    #[error("an array in version {0} of the .npy format, it must be 1, 2 or 3")]
    Version(u8),
    /// A record, an object, or something damaged.
    #[error("the .npy header {0} is not that of an array of numbers")]
    NoArray(String),
    /// Elements of another type.
    #[error("an array of type {0}, it must be of floats (f4, f8) or integers, convert it with astype(float)")]
    Type(String),
    /// More or fewer numbers than the header says.
    #[error(
        "the header says shape {shape:?} of {descriptor}, which is {expected} bytes, but {found} follow, save it again"
    )]
    Length {
        /// The shape in the header.
        shape: Vec<usize>,
        /// The type in the header.
        descriptor: String,
        /// The bytes that it takes.
        expected: usize,
        /// How many there are, in words.
        found: String,
    },
    /// An integer between two floating-point numbers.
    #[error("number {position} (from 0) is {value}, it must be an integer that a 64-bit float holds")]
    Inexact {
        /// Its position in the file.
        position: usize,
        /// The integer.
        value: i128,
    },
}

impl<R: Read> Npy<R> {
    /// Reads the header, from the first byte of the file on.
    ///
    /// # Errors
    ///
    /// If it is not that of an array of integers or floating-point numbers.
    pub fn new(mut reader: R) -> Result<Self, NpyError> {
        let mut bytes = Vec::new();
        append(&mut reader, &mut bytes, 6)?;
        if !bytes.starts_with(b"\x93NUMPY") {
            return Err(NpyError::Magic);
        }
        append(&mut reader, &mut bytes, 2)?;
        let width = match bytes[6] {
            1 => 2,
            2 | 3 => 4,
            version => return Err(NpyError::Version(version)),
        };
        append(&mut reader, &mut bytes, width)?;
        let length = bytes[8..].iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte));
        append(&mut reader, &mut bytes, length)?;
        let text = String::from_utf8_lossy(&bytes[8 + width..]);
        // The dictionary of an array of numbers has one tuple in it, the shape. With more brackets it is one of records, or
        // nested so deep that the parser, which goes back at each bracket, would not end.
        let plain = text.bytes().filter(|byte| b"([{".contains(byte)).count() == 2;
        let header = plain.then(|| Header::from_reader(&mut bytes.as_slice()).ok()).flatten();
        let header = header.ok_or_else(|| NpyError::NoArray(excerpt(&text)))?;
        let descriptor = header.type_descriptor.as_string().cloned().unwrap_or_default();
        let element = Element::parse(&descriptor).ok_or_else(|| NpyError::Type(excerpt(&descriptor)))?;
        let (shape, fortran, header) = (header.shape, header.layout.is_fortran(), bytes.len() as u64);
        Ok(Self { shape, fortran, descriptor, element, header, reader })
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether the first axis, and not the last, is that of neighbours in the file.
    pub fn is_fortran(&self) -> bool {
        self.fortran
    }

    /// The type of the elements in NumPy's notation, `<f8` for little-endian numbers of 8 bytes with a floating point.
    pub fn descriptor(&self) -> &str {
        &self.descriptor
    }

    /// The length in bytes of the file if it has as many numbers as the header says, and nothing else. None if no file can
    /// be as long.
    pub(crate) fn file_length(&self) -> Option<u64> {
        self.expected().and_then(|bytes| self.header.checked_add(bytes as u64))
    }

    /// The bytes that the numbers take, if that is less than all memory.
    fn expected(&self) -> Option<usize> {
        match self.shape.contains(&0) {
            true => Some(0),
            false => self.shape.iter().try_fold(self.element.size, |bytes, &length| bytes.checked_mul(length)),
        }
    }

    /// The numbers in the order of the file, each of them converted.
    ///
    /// # Errors
    ///
    /// If there are more or fewer than the header says, or if an integer has no 64-bit floating-point number.
    pub fn values<T>(self, convert: impl Fn(f64) -> T) -> Result<Vec<T>, NpyError> {
        let mut values = Vec::new();
        self.for_each(|_, value| values.push(convert(value)))?;
        Ok(values)
    }

    /// Calls a function with each number and its position, in the order of the file.
    ///
    /// # Errors
    ///
    /// As [`values`](Npy::values). There never are more calls than numbers in the header.
    pub(crate) fn for_each(self, mut each: impl FnMut(usize, f64)) -> Result<(), NpyError> {
        // A header may ask for more than there can be; then the file is too short for it in any case.
        let expected = self.expected().unwrap_or(usize::MAX);
        let Self { shape, descriptor, element, reader, .. } = self;
        let mut reader = reader.take((expected as u64).saturating_add(1));
        let (mut chunk, mut found, mut position) = (Vec::new(), 0, 0);
        loop {
            chunk.clear();
            found += reader.by_ref().take(1 << 16).read_to_end(&mut chunk).map_err(NpyError::Read)?;
            if chunk.is_empty() {
                break;
            }
            // The byte that is one too many is no number, even if one byte is.
            let whole = chunk.len() - found.saturating_sub(expected);
            if let Element { kind: b'f', size: 8, big_endian: false } = element {
                for &bytes in chunk[..whole].as_chunks().0 {
                    each(position, f64::from_le_bytes(bytes));
                    position += 1;
                }
            } else {
                for bytes in chunk[..whole].chunks_exact(element.size) {
                    each(position, element.widen(bytes).map_err(|value| NpyError::Inexact { position, value })?);
                    position += 1;
                }
            }
        }
        if found == expected {
            return Ok(());
        }
        let found = if found > expected { "more".to_owned() } else { format!("only {found}") };
        Err(NpyError::Length { shape, descriptor, expected, found })
    }
}

fn append(reader: &mut impl Read, bytes: &mut Vec<u8>, count: usize) -> Result<(), NpyError> {
    let read = reader.take(count as u64).read_to_end(bytes).map_err(NpyError::Read)?;
    if read == count { Ok(()) } else { Err(NpyError::Header) }
}

/// The beginning of something that may be long.
pub(crate) fn excerpt(text: &str) -> String {
    let most = 60;
    let short: String = text.trim().chars().take(most).collect();
    format!("{short:?}{}", if text.trim().chars().count() > most { "..." } else { "" })
}

/// How one number is stored in an array.
#[derive(Debug)]
struct Element {
    kind: u8,
    size: usize,
    big_endian: bool,
}

impl Element {
    fn parse(descriptor: &str) -> Option<Self> {
        let &[order @ (b'<' | b'>' | b'|'), kind, size] = descriptor.as_bytes() else { return None };
        let known = match kind {
            b'f' => matches!(size, b'4' | b'8'),
            b'i' | b'u' => matches!(size, b'1' | b'2' | b'4' | b'8'),
            _ => false,
        };
        let size = usize::from(size.wrapping_sub(b'0'));
        (known && (order != b'|' || size == 1)).then_some(Self { kind, size, big_endian: order == b'>' })
    }

    /// The same number with 64 bits, or the integer that has none.
    fn widen(&self, bytes: &[u8]) -> Result<f64, i128> {
        let bits = bytes.iter().enumerate().fold(0_u64, |bits, (i, &byte)| {
            let place = if self.big_endian { self.size - 1 - i } else { i };
            bits | u64::from(byte) << (8 * place)
        });
        let unused = 64 - 8 * self.size;
        let integer = match (self.kind, self.size) {
            (b'f', 4) => return Ok(f32::from_bits(bits as u32).into()),
            (b'f', _) => return Ok(f64::from_bits(bits)),
            (b'i', _) => i128::from((bits << unused) as i64 >> unused),
            _ => i128::from(bits),
        };
        let value = integer as f64;
        if value as i128 == integer { Ok(value) } else { Err(integer) }
    }
}
