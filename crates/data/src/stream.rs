//! Random order: every draw of this crate is a pure function of (seed, stream, counter).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
pub(crate) use smallbatch_base::{Stream, generator};

/// Fisher-Yates, with bounded integers by Lemire's unbiased method.
///
/// Written out here, because `rand` may change how its own shuffle uses the generator, and a recorded seed must keep
/// giving the same order.
pub(crate) fn shuffle<I>(items: &mut [I], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1, rng));
    }
}

/// A random sample of `size` of the numbers 0 to `count` - 1, in ascending order; all of them where there are not so many.
pub fn sample(count: usize, size: usize, seed: u64) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..count).collect();
    if size < count {
        shuffle(&mut rows, &mut generator(seed, Stream::Split, 1));
        rows.truncate(size);
        rows.sort_unstable();
    }
    rows
}

/// A uniform integer in `0..bound`; `bound` is at least 1.
#[inline]
pub(crate) fn below(bound: usize, rng: &mut ChaCha8Rng) -> usize {
    match u32::try_from(bound) {
        Ok(bound) => below_u32(bound, rng) as usize,
        Err(_) => below_u64(bound as u64, rng) as usize,
    }
}

#[inline]
fn below_u32(bound: u32, rng: &mut ChaCha8Rng) -> u32 {
    let mut product = u64::from(rng.next_u32()) * u64::from(bound);
    if (product as u32) < bound {
        // 2^32 mod bound: draws whose low half is below it would make some results likelier.
        let threshold = bound.wrapping_neg() % bound;
        while (product as u32) < threshold {
            product = u64::from(rng.next_u32()) * u64::from(bound);
        }
    }
    (product >> 32) as u32
}

fn below_u64(bound: u64, rng: &mut ChaCha8Rng) -> u64 {
    let mut product = u128::from(rng.next_u64()) * u128::from(bound);
    if (product as u64) < bound {
        let threshold = bound.wrapping_neg() % bound;
        while (product as u64) < threshold {
            product = u128::from(rng.next_u64()) * u128::from(bound);
        }
    }
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_of_four_are_equally_likely() {
        // 24,000 shuffles, 24 orders: chi-squared with 23 degrees of freedom stays below 49.7 with probability 0.999.
        let mut counts = std::collections::BTreeMap::new();
        for counter in 0..24_000 {
            let mut items = [0_u8, 1, 2, 3];
            shuffle(&mut items, &mut generator(11, Stream::Shuffle, counter));
            *counts.entry(items).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        let chi_squared: f64 = counts
            .values()
            .map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0)
            .sum();
        assert!(chi_squared < 49.7, "chi-squared {chi_squared}");
    }

    #[test]
    fn bounded_integers_stay_below_the_bound_in_both_widths() {
        let mut rng = generator(3, Stream::Split, 0);
        for bound in [1_u32, 2, 3, 1000, u32::MAX] {
            assert!((0..200).all(|_| below_u32(bound, &mut rng) < bound));
        }
        for bound in [1_u64, 3, u64::from(u32::MAX) + 5, u64::MAX] {
            assert!((0..200).all(|_| below_u64(bound, &mut rng) < bound));
        }
    }
}
