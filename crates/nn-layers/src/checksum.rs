//! A checksum of the content of a weights file, independent of the encoding.

use std::collections::BTreeMap;

use crc32fast::Hasher;

/// Metadata key of the checksum.
pub(crate) const KEY: &str = "crc32";

/// A CRC-32 in progress. Each part is preceded by its length, so that content cannot move from one
/// part to the next unnoticed.
#[derive(Default)]
pub(crate) struct Checksum(Hasher);

impl Checksum {
    /// Starts a checksum with metadata, in the order of the keys.
    pub(crate) fn of_metadata(metadata: &BTreeMap<&str, &str>) -> Self {
        let mut checksum = Self::default();
        checksum.number(metadata.len());
        for (key, text) in metadata {
            checksum.part(key.as_bytes());
            checksum.part(text.as_bytes());
        }
        checksum
    }

    pub(crate) fn number(&mut self, number: usize) {
        self.0.update(&(number as u64).to_le_bytes());
    }

    pub(crate) fn part(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
    }

    /// Returns the checksum in the form stored in files.
    pub(crate) fn finish(self) -> String {
        format!("{:08x}", self.0.finalize())
    }
}

/// Adds metadata, in the order of the keys, to the header of a safetensors file without any. The
/// safetensors crate writes metadata in arbitrary order, so equal weights would not give equal
/// files.
pub(crate) fn with_metadata(file: &[u8], metadata: &BTreeMap<&str, &str>) -> Vec<u8> {
    let (length, rest) = file.split_first_chunk::<8>().expect("a file begins with the length of its header");
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header = header.trim_ascii_end();
    let tensors = header.strip_prefix(b"{").expect("a header is an object");
    let metadata = serde_json::to_string(metadata).expect("text by text");
    let mut header = format!("{{\"__metadata__\":{metadata}").into_bytes();
    if tensors != b"}" {
        header.push(b',');
    }
    header.extend(tensors);
    // The format requires that the data begin at a multiple of eight bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}
