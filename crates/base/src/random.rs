//! Named streams of random numbers, all derived from one seed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The streams: which one a draw comes from, and what its counter counts.
///
/// All of the workspace's, in one list, so that no name is used for two things: two equal names do not compile. Streams of
/// one seed share no values. (Two more have names elsewhere: `resample`, of the bootstrap in the statistics, which import
/// no other crate; and `drop`, of the masks of dropout, which another generator draws.)
///
/// ```
/// use rand::Rng;
/// use smallbatch_base::{Stream, generator};
///
/// let first = |stream| generator(1, stream, 0).next_u64();
/// assert_ne!(first(Stream::Shuffle), first(Stream::Split));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u64)]
pub enum Stream {
    /// Initial weights; the counter is the layer.
    Init = name(b"init"),
    /// The first direction of the method of Lanczos; the counter is 0.
    Lanczos = name(b"lanczos"),
    /// The order of the samples in an epoch; the counter is the epoch (and 2^40 times the window, of rows in a file).
    Shuffle = name(b"shuffle"),
    /// The order of the blocks of a file's rows in an epoch; the counter is the epoch.
    Blocks = name(b"blocks"),
    /// Which sample goes to which part or fold; the counter is 0.
    Split = name(b"split"),
    /// Synthetic samples; the counter is the sample, or 0 where all are drawn in turn.
    Synthetic = name(b"synth"),
    /// The samples that a loss is measured on; the counter is 0 for training, 1 for validation.
    Evaluate = name(b"evaluate"),
}

/// A name of at most 8 bytes, padded with zeros, as a number.
const fn name(bytes: &[u8]) -> u64 {
    let mut padded = [0; 8];
    let mut place = 0;
    while place < bytes.len() {
        padded[place] = bytes[place];
        place += 1;
    }
    u64::from_le_bytes(padded)
}

/// The generator of a stream: ChaCha with 8 rounds, a pure function of seed, stream and counter, whose values are stable across releases.
///
/// Its key of 32 bytes is the seed, the stream's name padded with zeros, the counter, and zeros: 8 bytes each, little-endian.
/// So no two streams overlap, any can be made without drawing from another, and nearby seeds and counters are as unrelated
/// as distant ones.
///
/// ```
/// use rand::Rng;
/// use smallbatch_base::{Stream, generator};
///
/// let mut epoch_3 = generator(7, Stream::Shuffle, 3);
/// assert_eq!(epoch_3.next_u64(), generator(7, Stream::Shuffle, 3).next_u64());
/// ```
pub fn generator(seed: u64, stream: Stream, counter: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    let parts = [seed, stream as u64, counter];
    for (place, part) in key.chunks_exact_mut(8).zip(parts) {
        place.copy_from_slice(&part.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn the_key_is_seed_name_counter() {
        let names: [(Stream, &[u8]); 7] = [
            (Stream::Init, b"init"),
            (Stream::Lanczos, b"lanczos"),
            (Stream::Shuffle, b"shuffle"),
            (Stream::Blocks, b"blocks"),
            (Stream::Split, b"split"),
            (Stream::Synthetic, b"synth"),
            (Stream::Evaluate, b"evaluate"),
        ];
        for (stream, name) in names {
            let mut key = [0_u8; 32];
            key[0] = 7;
            key[8..8 + name.len()].copy_from_slice(name);
            key[16] = 2;
            key[17] = 1;
            let mut expected = ChaCha8Rng::from_seed(key);
            let mut actual = generator(7, stream, 258);
            for _ in 0..8 {
                assert_eq!(actual.next_u64(), expected.next_u64());
            }
        }
    }

    #[test]
    fn streams_differ_by_seed_name_and_counter_and_repeat() {
        let first = |seed, stream, counter| generator(seed, stream, counter).next_u64();
        let one = first(1, Stream::Shuffle, 0);
        assert_eq!(one, first(1, Stream::Shuffle, 0));
        assert_ne!(one, first(2, Stream::Shuffle, 0));
        assert_ne!(one, first(1, Stream::Split, 0));
        assert_ne!(one, first(1, Stream::Shuffle, 1));
    }
}
