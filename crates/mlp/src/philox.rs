//! Philox 2x32 with 7 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a counter-based generator.
//!
//! Two words are a pure function of a counter of two words and a key of one. So any of them can be had without the others, in
//! any order and by any thread, and as many at a time as the processor's vectors hold. Seven rounds are the fewest that pass
//! all tests of `BigCrush` in that paper. Only masks of dropout are drawn from it; ChaCha, which everything else is drawn from, takes
//! longer than the rest of a small network's step.

const ROUNDS: u32 = 7;
const MULTIPLIER: u64 = 0xD256_D193;
/// The golden ratio, by which the key grows each round.
const WEYL: u32 = 0x9E37_79B9;

/// The two words of one counter. Without branches, so that loops over counters are vectorized.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "the low half is meant")]
pub(crate) fn words(counter: [u32; 2], key: u32) -> [u32; 2] {
    // In 64 bits, as they are multiplied: a vector's lane each.
    let [mut first, mut second] = counter.map(u64::from);
    for round in 0..ROUNDS {
        let key = u64::from(key.wrapping_add(WEYL.wrapping_mul(round)));
        let product = (first & 0xFFFF_FFFF) * MULTIPLIER;
        first = (product >> 32) ^ key ^ second;
        second = product & 0xFFFF_FFFF;
    }
    [first as u32, second as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that come with the authors' own implementation.
    #[test]
    fn the_known_answers_are_given() {
        for (counter, key, answer) in [
            ([0, 0], 0, [0x257a_3673, 0xcd26_be2a]),
            ([u32::MAX; 2], u32::MAX, [0xab30_2c4d, 0x3dc9_d239]),
            (
                [0x243f_6a88, 0x85a3_08d3],
                0x1319_8a2e,
                [0xbedb_be6b, 0xe4c7_70b3],
            ),
        ] {
            assert_eq!(words(counter, key), answer, "{counter:x?} {key:x}");
        }
    }

    /// Each bit is set half the time, and neighbouring counters, words and keys do not share bits: within six standard errors.
    #[test]
    fn bits_are_balanced_and_independent() {
        let n = 1 << 16;
        let bound = 6.0 * 0.5 / f64::from(n).sqrt();
        let at = |counter: u32, key| words([counter, 1], key);
        let mut sets = [[0_u32; 32]; 5];
        for counter in 0..n {
            let [first, second] = at(counter, 7);
            let compared = [
                first,
                second,
                first ^ second,
                first ^ at(counter + 1, 7)[0],
                first ^ at(counter, 8)[0],
            ];
            for (set, word) in sets.iter_mut().zip(compared) {
                for (bit, set) in set.iter_mut().enumerate() {
                    *set += word >> bit & 1;
                }
            }
        }
        for set in sets.as_flattened() {
            let share = f64::from(*set) / f64::from(n);
            assert!((share - 0.5).abs() < bound, "{share}");
        }
    }
}
