//! Random choices that a seed reproduces.

/// A stream of numbers (SplitMix64): small, the same on every machine, and not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream for one purpose; another purpose with the same seed gets another stream.
    pub fn new(seed: u64, purpose: &str) -> Random {
        // FNV-1a, since the standard library's hash may change from one version to the next.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Random(purpose.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, hash))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which must not be zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// Twelve lower-case letters.
    pub fn token(&mut self) -> String {
        (0..12).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    /// `length` octets of any value.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let words = (0..length.div_ceil(8)).flat_map(|_| self.number().to_le_bytes());
        words.take(length).collect()
    }
}
