use std::io::Read;

use flate2::read::MultiGzDecoder;

/// Unpacks the contents of a file that may be packed, only as far as they are read: a packed file
/// may be a thousand times as long as it looks.
pub(crate) fn unpacked(file: &[u8]) -> Box<dyn Read + '_> {
    if file.starts_with(&[0x1f, 0x8b]) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) }
}
