//! The TFRecord format: length, checksum of the length, message, checksum of the message.

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C.
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Returns the record of a message. Numbers are little-endian.
pub(super) fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(message.len() + 16);
    bytes.extend(length);
    bytes.extend(masked_checksum(&length).to_le_bytes());
    bytes.extend(message);
    bytes.extend(masked_checksum(message).to_le_bytes());
    bytes
}

/// Returns the masked CRC of TFRecord. A CRC of data that contains CRCs is weak, so it is rotated
/// and offset.
fn masked_checksum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_rfc_3720() {
        // Appendix B.4 of RFC 3720, and the check value of the catalog of CRCs.
        assert_eq!(CRC.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC.checksum(&[0xff; 32]), 0x62a8_ab43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(CRC.checksum(&rising), 0x46dd_794e);
        assert_eq!(CRC.checksum(b"123456789"), 0xe306_9283);
    }
}
