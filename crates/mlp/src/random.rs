//! Named streams of random numbers, all derived from one seed.
//!
//! All the streams of this crate, so that no name is used for two things:
//!
//! | name | counter | drawn from it | where |
//! |---|---|---|---|
//! | `init` | the layer | initial weights | `initializer` |
//! | `power` | 0 | the first direction of a power iteration | `curvature` |
//!
//! Masks of dropout are drawn from another generator (`philox`), with keys of their own: `dropout`.
//!
//! A key is the seed, the name padded with zeros, the counter, and zeros, 8 bytes each, little-endian. The streams of
//! other crates have keys of the same layout and other names: `shuffle` and `split` in `data`, `evaluate` in `train`.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A stream of its own for every (seed, name, counter): the three are the generator's key, so that no two streams
/// overlap and any can be made without drawing from another.
pub(crate) fn stream(seed: u64, name: &str, counter: u64) -> ChaCha8Rng {
    debug_assert!(name.len() <= 8, "a stream's name has at most 8 bytes");
    let mut key = [0_u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    for (place, byte) in key[8..16].iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    key[16..24].copy_from_slice(&counter.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_by_seed_name_and_counter_and_repeat() {
        let first = |seed, name, counter| stream(seed, name, counter).next_u64();
        assert_eq!(first(1, "init", 0), first(1, "init", 0));
        assert_ne!(first(1, "init", 0), first(2, "init", 0));
        assert_ne!(first(1, "init", 0), first(1, "power", 0));
        assert_ne!(first(1, "init", 0), first(1, "init", 1));
    }
}
