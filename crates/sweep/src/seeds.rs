//! The one place where seeds come from.

use xxhash_rust::xxh3::xxh3_64;

/// What a seed is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Which rows are trained on, validated on and tested on.
    Split,
    /// The weights and the order of a run that chooses a rate.
    Tuning,
    /// The weights and the order of a run that counts.
    Final,
}

/// The seed number `index` for a purpose, in one repetition on one table: a hash of all that, so that no two share a stream and adding a
/// table, a repetition or a seed changes no other.
///
/// ```
/// use smallbatch_sweep::{Purpose, seed_of};
///
/// let seed = seed_of(0, "wine", 3, Purpose::Tuning, 1);
/// assert_eq!(seed, seed_of(0, "wine", 3, Purpose::Tuning, 1));
/// assert_ne!(seed, seed_of(0, "wine", 3, Purpose::Final, 1));
/// assert_ne!(seed, seed_of(1, "wine", 3, Purpose::Tuning, 1));
/// ```
pub fn seed_of(
    base_seed: u64,
    table: &str,
    repetition: usize,
    purpose: Purpose,
    index: usize,
) -> u64 {
    let purpose = match purpose {
        Purpose::Split => "split",
        Purpose::Tuning => "tuning",
        Purpose::Final => "final",
    };
    // The table's name comes last: it may contain anything.
    xxh3_64(format!("{base_seed}/{repetition}/{purpose}/{index}/{table}").as_bytes())
}
