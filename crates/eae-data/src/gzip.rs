use std::io::Read;

use flate2::read::MultiGzDecoder;

/// Decompresses the contents of a file if it is gzipped, and only as far as it is read. A gzipped
/// file can expand a thousandfold.
pub(crate) fn unpacked(file: &[u8]) -> Box<dyn Read + '_> {
    if file.starts_with(&[0x1f, 0x8b]) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) }
}
