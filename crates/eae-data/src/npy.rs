//! The format of NumPy's `.npy` files: six magic bytes, two bytes of the version, the length of the
//! rest of the header in two or four bytes, a Python dictionary with type, order and shape, then
//! the data.

use std::io::{self, Read, Write};

use ndarray::{ArrayView, Dimension, NdFloat};
use thiserror::Error;

use crate::number::widen;

/// An array in a `.npy` file whose header has been read, but not its data.
///
/// The header cannot cause an allocation beyond the size of the file.
#[derive(Debug)]
pub struct Npy<R> {
    shape: Vec<usize>,
    fortran: bool,
    descriptor: String,
    element: Element,
    /// Number of bytes before the data.
    header: u64,
    reader: R,
}

/// A reason why a file is not an array of numbers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The file does not start with the magic bytes.
    #[error(
        "this is not a NumPy array (.npy), because its first six bytes are not \\x93NUMPY; save it with numpy.save"
    )]
    Magic,
    /// The file ends within the header.
    #[error("the file ends within its .npy header; save it again")]
    Header,
    /// The version is unknown.
    #[error("the array has version {0} of the .npy format; it must be 1, 2 or 3; save it with numpy.save")]
    Version(u8),
    /// The array has records or objects, or the header is damaged.
    #[error("the .npy header {0} does not describe an array of numbers; save one with numpy.save")]
    NoArray(String),
    /// The element type is not supported.
    #[error("the array has type {0}; it must be of floats (f4, f8) or integers: {remedy}", remedy = to_numbers(.0))]
    Type(String),
    /// The number of elements differs from the header.
    #[error(
        "the header says shape {shape:?} of {descriptor}, which is {expected} bytes, but {found} follow; save it again"
    )]
    Length {
        /// The shape in the header.
        shape: Vec<usize>,
        /// The type in the header.
        descriptor: String,
        /// The expected number of bytes.
        expected: usize,
        /// A phrase for the actual number of bytes: "more" or "only N".
        found: String,
    },
    /// A 64-bit float cannot represent an integer.
    #[error("number {position} (from 0) is {value}; it must be an integer that a 64-bit float can represent")]
    Inexact {
        /// The position in the file.
        position: usize,
        /// The integer.
        value: i128,
    },
}

impl<R: Read> Npy<R> {
    /// Reads the header, starting with the first byte of the file.
    ///
    /// # Errors
    ///
    /// If the header does not describe an array of integers or floating-point numbers.
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
        let (descriptor, fortran, shape) = dictionary(&text).ok_or_else(|| NpyError::NoArray(excerpt(&text)))?;
        let element = Element::parse(&descriptor).ok_or_else(|| NpyError::Type(excerpt(&descriptor)))?;
        let header = bytes.len() as u64;
        Ok(Self { shape, fortran, descriptor, element, header, reader })
    }

    /// Returns the length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Returns true if the first axis varies fastest in the file, rather than the last.
    pub fn is_fortran(&self) -> bool {
        self.fortran
    }

    /// Returns the type of the elements in NumPy's notation, such as `<f8` for little-endian
    /// floating-point numbers of 8 bytes.
    pub fn descriptor(&self) -> &str {
        &self.descriptor
    }

    /// Returns the length in bytes of a file with exactly the elements that the header states, or
    /// `None` if no file can be this long.
    pub(crate) fn file_length(&self) -> Option<u64> {
        self.expected().and_then(|bytes| self.header.checked_add(bytes as u64))
    }

    /// Returns the number of bytes of the data, or `None` if it exceeds the address space.
    fn expected(&self) -> Option<usize> {
        match self.shape.contains(&0) {
            true => Some(0),
            false => self.shape.iter().try_fold(self.element.size, |bytes, &length| bytes.checked_mul(length)),
        }
    }

    /// Checks that a file of this many bytes has the elements that the header states.
    pub(crate) fn check_length(&self, length: u64) -> Result<(), NpyError> {
        if self.file_length() == Some(length) {
            return Ok(());
        }
        let (shape, descriptor) = (self.shape.clone(), self.descriptor.clone());
        let (expected, found) = (self.expected().unwrap_or(usize::MAX), length.saturating_sub(self.header));
        let found = if found > expected as u64 { "more".to_owned() } else { format!("only {found}") };
        Err(NpyError::Length { shape, descriptor, expected, found })
    }

    /// Returns the format of the elements and the number of bytes before them.
    pub(crate) fn into_layout(self) -> (Element, u64) {
        (self.element, self.header)
    }

    /// Returns the converted elements in the order of the file.
    ///
    /// # Errors
    ///
    /// If there are more or fewer elements than the header states, or a 64-bit float cannot
    /// represent an integer.
    pub fn values<T>(self, convert: impl Fn(f64) -> T) -> Result<Vec<T>, NpyError> {
        let mut values = Vec::new();
        self.for_each(|_, value| values.push(convert(value)))?;
        Ok(values)
    }

    /// Calls a function with the position and the value of each element, in the order of the file.
    ///
    /// # Errors
    ///
    /// See [`values`](Npy::values). The number of calls never exceeds the number in the header.
    pub(crate) fn for_each(self, mut each: impl FnMut(usize, f64)) -> Result<(), NpyError> {
        // Data that exceeds the address space is longer than any file, so `found` stays below this.
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
            // One more byte is read to detect a file that is too long. It is not an element, even
            // if elements have one byte.
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

/// Returns a remedy for an array of another type. `astype(float)` fails for most objects and text.
fn to_numbers(descriptor: &str) -> &'static str {
    let kind = descriptor.trim_start_matches(['"', '<', '>', '|', '=']);
    if kind.starts_with(['O', 'U', 'S', 'V', 'a']) {
        "save an array of numbers"
    } else if kind.starts_with('c') {
        "save the real and imaginary parts as columns: numpy.c_[a.real, a.imag]"
    } else {
        "convert it with astype(float)"
    }
}

/// Parses the Python dictionary of a header: the type, whether the order is Fortran's, and the
/// shape. Returns `None` unless it describes an array of numbers, for instance if the type is a
/// list of records.
fn dictionary(text: &str) -> Option<(String, bool, Vec<usize>)> {
    let text = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    // Only the shape contains commas. If it is cut out, all other commas separate entries.
    let (before, rest) = text.split_once('(')?;
    let (axes, after) = rest.split_once(')')?;
    let (mut descriptor, mut fortran, mut shape) = (None, None, None);
    for entry in [before, "()", after].concat().split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (key, value) = entry.split_once(':')?;
        match (quoted(key)?, value.trim()) {
            ("descr", value) if descriptor.is_none() => descriptor = Some(quoted(value)?.to_owned()),
            ("fortran_order", "True") if fortran.is_none() => fortran = Some(true),
            ("fortran_order", "False") if fortran.is_none() => fortran = Some(false),
            ("shape", "()") if shape.is_none() => shape = Some(tuple(axes)?),
            _ => return None,
        }
    }
    Some((descriptor?, fortran?, shape?))
}

fn quoted(text: &str) -> Option<&str> {
    let text = text.trim();
    ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

/// Parses the content between the parentheses of a tuple of lengths. In Python a single element
/// without a comma is not a tuple.
fn tuple(axes: &str) -> Option<Vec<usize>> {
    let axes = axes.trim();
    if axes.is_empty() {
        return Some(Vec::new());
    }
    axes.contains(',').then_some(())?;
    axes.strip_suffix(',').unwrap_or(axes).split(',').map(|length| length.trim().parse().ok()).collect()
}

/// Writes an array in NumPy's format, in row-major order and with the precision of its elements.
///
/// # Errors
///
/// If the array cannot be written.
pub fn write_npy<F: NdFloat, D: Dimension>(mut writer: impl Write, array: ArrayView<'_, F, D>) -> io::Result<()> {
    let size = size_of::<F>();
    let shape: String = array.shape().iter().map(|length| format!("{length},")).collect();
    let dictionary = format!("{{'descr': '<f{size}', 'fortran_order': False, 'shape': ({shape}), }}");
    // Ten bytes precede the dictionary, and a line feed ends it. Together their length must be a
    // multiple of 64.
    let length = (10 + dictionary.len() + 1).next_multiple_of(64) - 10;
    writer.write_all(b"\x93NUMPY\x01\x00")?;
    writer.write_all(&u16::try_from(length).map_err(io::Error::other)?.to_le_bytes())?;
    writeln!(writer, "{dictionary:width$}", width = length - 1)?;
    array.iter().try_for_each(|&x| match size {
        4 => writer.write_all(&(widen(x) as f32).to_le_bytes()),
        _ => writer.write_all(&widen(x).to_le_bytes()),
    })
}

/// Returns the beginning of a text, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    let most = 60;
    let short: String = text.trim().chars().take(most).collect();
    format!("{short:?}{}", if text.trim().chars().count() > most { "..." } else { "" })
}

/// The storage format of one element.
#[derive(Debug, Clone)]
pub(crate) struct Element {
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

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Converts an element to 64 bits, or returns the integer that cannot be represented.
    pub(crate) fn widen(&self, bytes: &[u8]) -> Result<f64, i128> {
        // Native files of floating-point numbers are by far the most common ones.
        if let (b'f', false, Ok(bytes)) = (self.kind, self.big_endian, bytes.try_into()) {
            return Ok(f64::from_le_bytes(bytes));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ArrayD, array};
    use ndarray_npy::ReadNpyExt;

    #[test]
    fn headers_of_numpy_are_parsed() {
        let read = |text: &str| {
            dictionary(text).map(|(descriptor, fortran, shape)| format!("{descriptor} {fortran} {shape:?}"))
        };
        for (text, expected) in [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }  \n", "<f8 false [3, 4]"),
            ("{'shape':(3,),'fortran_order':True,\"descr\":\"|u1\"}", "|u1 true [3]"),
            ("{ 'descr' : '<i4' , 'fortran_order' : False , 'shape' : ( ) }", "<i4 false []"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected));
        }
        for text in [
            "",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
            "{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': (4,)}",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551616,)}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn written_arrays_are_read_by_ndarray_npy() {
        let rows = array![[1.5, -0.0, f64::MIN_POSITIVE], [0.1, 2.0, 3e300]];
        let mut bytes = Vec::new();
        write_npy(&mut bytes, rows.t()).unwrap();
        assert_eq!((bytes.len() - 6 * 8) % 64, 0);
        assert_eq!(Array2::<f64>::read_npy(bytes.as_slice()).unwrap(), rows.t());
        let single = ArrayD::from_elem(vec![2, 1, 1, 3], 0.1_f32);
        let mut bytes = Vec::new();
        write_npy(&mut bytes, single.view()).unwrap();
        assert_eq!(ArrayD::<f32>::read_npy(bytes.as_slice()).unwrap(), single);
        let point = ndarray::arr0(7.0);
        let mut bytes = Vec::new();
        write_npy(&mut bytes, point.view()).unwrap();
        assert_eq!(Npy::new(bytes.as_slice()).unwrap().values(|x| x).unwrap(), [7.0]);
    }
}
