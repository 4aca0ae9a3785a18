//! The checksum of a file of weights: all that the file says, however it is written down.

use std::collections::BTreeMap;

use crc32fast::Hasher;

/// The entry of a file's metadata that holds the checksum.
pub(crate) const KEY: &str = "crc32";

/// A CRC-32 under way. The length of each part goes before it, so that no part can pass into the
/// next.
#[derive(Default)]
pub(crate) struct Checksum(Hasher);

impl Checksum {
    /// The checksum of metadata, in the order of their keys.
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

    /// Returns the checksum as it stands in files.
    pub(crate) fn finish(self) -> String {
        format!("{:08x}", self.0.finalize())
    }
}

/// Puts metadata into the header of a safetensors file that has none, in the order of their keys.
/// The format's own library writes them in any order, and the same weights would not be the same
/// file.
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
    // The format wants the numbers to begin at a multiple of eight.
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}
