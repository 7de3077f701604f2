//! Random changes of files.

/// Files with changes, by a stream of random numbers (`SplitMix64`).
#[derive(Debug)]
pub struct Changes(u64);

impl Changes {
    /// As many as are asked for, the same ones each time.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to n - 1; 0 for 0.
    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// A seed with one to four changes.
    pub fn of(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            self.change_once(&mut bytes, seeds);
        }
        bytes
    }

    fn change_once(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        let longest = [16, 16, 16, bytes.len()][self.below(4)];
        let length = 1 + self.below(longest);
        let piece = at..(at + length).min(bytes.len());
        match self.below(10) {
            _ if bytes.is_empty() => bytes.push(self.bits() as u8),
            0 => bytes[at] ^= 1 << self.below(8),
            1 => {
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', b',', b'-', b'9'][self.below(10)];
            }
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(piece)),
            4 => {
                let copy = bytes[piece].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            5 => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                let copy = other[from..(from + length).min(other.len())].to_vec();
                bytes.splice(piece, copy);
            }
            // A number as binary formats have it.
            6 => {
                let number = [0, 1, 255, 65_536, 1 << 31, u64::MAX >> 1, u64::MAX][self.below(7)];
                let width = [2, 4, 8][self.below(3)];
                let number = if self.below(2) == 0 {
                    number.to_le_bytes()
                } else {
                    number.to_be_bytes()
                };
                bytes
                    .iter_mut()
                    .skip(at)
                    .zip(&number[..width])
                    .for_each(|(to, from)| *to = *from);
            }
            // Another number in the place of one in a text, or another word.
            _ => {
                let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'.' || *byte == b'-';
                let start = (at..bytes.len())
                    .find(|&at| is_digit(&bytes[at]))
                    .unwrap_or(at);
                let end = (start..bytes.len())
                    .find(|&at| !is_digit(&bytes[at]))
                    .unwrap_or(bytes.len());
                let words = [
                    "0",
                    "-1",
                    "1",
                    "2",
                    "7",
                    "1e308",
                    "-1e308",
                    "1e-320",
                    "18446744073709551615",
                    "9223372036854775807",
                    "4294967296",
                    "0.5",
                    "null",
                    "[]",
                    "{}",
                    "\"\"",
                    "true",
                    "NaN",
                    "1000000",
                ];
                bytes.splice(start..end, words[self.below(words.len())].bytes());
            }
        }
    }
}
