//! A sum of squares that does not underflow.

/// `value · 4^exponent`, a sum of squared deviations.
///
/// Squares of deviations below about 1e-154 are lost in `f64`, though the deviations themselves are
/// not. Such a sum is kept in units of `4^exponent`, with an exponent below zero; ordinary sums have
/// the exponent 0 and are plain numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Squares {
    pub(crate) value: f64,
    pub(crate) exponent: i32,
}

/// Below this deviation, squares are kept in smaller units. Its square, about 1e-241, still leaves all
/// 53 bits of the product in the range of normal numbers.
pub(crate) const SMALL: f64 = f64::from_bits((1023 - 400) << 52); // 2^-400

impl Squares {
    pub(crate) const ZERO: Self = Self {
        value: 0.0,
        exponent: 0,
    };

    pub(crate) fn plain(value: f64) -> Self {
        Self { value, exponent: 0 }
    }

    /// The unit for deviations that are at most `largest`: its binary exponent, or 0 for ordinary ones.
    pub(crate) fn exponent_for(largest: f64) -> i32 {
        if largest == 0.0 || largest >= SMALL {
            return 0;
        }
        // Exact for normal numbers; a subnormal's exponent is that of the smallest normal number, near enough.
        ((largest.to_bits() >> 52) as i32).max(1) - 1023
    }

    /// `weight · delta²`.
    pub(crate) fn of(delta: f64, weight: f64) -> Self {
        let exponent = Self::exponent_for(delta.abs());
        let delta = times_power_of_two(delta, -exponent);
        Self {
            value: delta * delta * weight,
            exponent,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        if self.value == 0.0 {
            return other;
        }
        if other.value == 0.0 {
            return self;
        }
        let exponent = self.exponent.max(other.exponent);
        let value = |s: Self| times_power_of_two(s.value, 2 * (s.exponent - exponent));
        Self {
            value: value(self) + value(other),
            exponent,
        }
    }

    /// The sum divided by `weight`, as a plain number (it may underflow).
    pub(crate) fn over(self, weight: f64) -> f64 {
        times_power_of_two(self.value / weight, 2 * self.exponent)
    }

    /// The square root of the sum divided by `weight`: no underflow before the root itself has one.
    pub(crate) fn root_over(self, weight: f64) -> f64 {
        times_power_of_two((self.value / weight).sqrt(), self.exponent)
    }
}

/// `x · 2^power`, in steps that a power of two within `f64` can express.
pub(crate) fn times_power_of_two(mut x: f64, mut power: i32) -> f64 {
    if power == 0 {
        return x;
    }
    while power != 0 && x != 0.0 && x.is_finite() {
        let step = power.clamp(-1000, 1000);
        x *= f64::powi(2.0, step);
        power -= step;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_sums_are_plain() {
        let sum = Squares::of(3.0, 2.0).plus(Squares::of(-1.0, 1.0));
        assert_eq!(sum, Squares::plain(19.0));
        assert_eq!(sum.over(19.0), 1.0);
    }

    #[test]
    fn tiny_deviations_keep_their_root() {
        for delta in [1e-121, 1e-200, 1e-300, f64::MIN_POSITIVE] {
            let sum = Squares::of(delta, 1.0).plus(Squares::of(delta, 1.0));
            let root = sum.root_over(2.0);
            assert!(
                (root / delta - 1.0).abs() < 1e-15,
                "{delta:e} gives {root:e}"
            );
        }
        assert_eq!((1e-200_f64 * 1e-200).sqrt(), 0.0, "the naive way loses it");
    }

    #[test]
    fn a_large_term_absorbs_a_tiny_one() {
        let sum = Squares::of(1.0, 1.0).plus(Squares::of(1e-300, 1.0));
        assert_eq!(sum, Squares::plain(1.0));
    }

    #[test]
    fn small_is_two_to_the_minus_400() {
        assert_eq!(SMALL, times_power_of_two(1.0, -400));
        assert_eq!(times_power_of_two(1.0, -1074), f64::from_bits(1));
        assert_eq!(times_power_of_two(f64::from_bits(1), 1074), 1.0);
    }
}
