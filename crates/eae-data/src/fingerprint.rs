/// A hash that distinguishes contents. Each word is mixed into the state by the finalizer of
/// SplitMix64 (Steele, Lea and Flood 2014), in which every bit of a word affects every bit of the
/// result. It detects accidental changes, not malicious ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn word(mut self, word: u64) -> Self {
        self.0 ^= word;
        self.0 = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.0 = (self.0 ^ (self.0 >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 ^= self.0 >> 31;
        self
    }

    /// Adds the number of bytes and then the bytes, eight per word.
    #[cfg(feature = "images")]
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let words = bytes.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        });
        words.fold(self.word(bytes.len() as u64), Self::word)
    }

    pub(super) fn value(self) -> u64 {
        self.0
    }
}

#[cfg(all(test, feature = "images"))]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_bit_and_the_length_change_the_fingerprint() {
        let of = |bytes: &[u8]| Fingerprint::new().bytes(bytes).value();
        let zeros = [0; 40];
        let mut seen: HashSet<u64> = (0..=zeros.len()).map(|length| of(&zeros[..length])).collect();
        for (place, bit) in (0..40).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut bytes = zeros;
            bytes[place] = 1 << bit;
            seen.insert(of(&bytes));
        }
        // This includes words that differ only in the highest bytes.
        for pair in 0_u16..1 << 12 {
            let mut bytes = zeros;
            (bytes[7], bytes[15]) = ((pair >> 6) as u8 + 1, (pair & 63) as u8 + 1);
            seen.insert(of(&bytes));
        }
        assert_eq!(seen.len(), 41 + 320 + (1 << 12));
    }
}
