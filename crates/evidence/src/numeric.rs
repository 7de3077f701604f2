//! Equations in one unknown, and the distributions' quantiles that are solved by them.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// More halvings than an `f64` between 0 and its largest value can need.
const HALVINGS: usize = 2_200;

/// The x of 0 to `high` from which on `is_beyond` holds, to the last bit; 0 where it holds everywhere and `high` where it
/// holds nowhere below. `is_beyond` must not turn back to false as x grows.
pub(crate) fn turning_point(high: f64, is_beyond: impl Fn(f64) -> bool) -> f64 {
    if is_beyond(0.0) {
        return 0.0;
    }
    let (mut below, mut beyond) = (0.0, high);
    for _ in 0..HALVINGS {
        let middle = below + (beyond - below) / 2.0;
        if middle <= below || middle >= beyond {
            break;
        }
        if is_beyond(middle) {
            beyond = middle;
        } else {
            below = middle;
        }
    }
    beyond
}

/// x with P(X ≤ x) = `tail`, for X of the chi-squared distribution with `freedom` degrees; 0 where there is no such
/// distribution.
pub(crate) fn chi_squared_with_below(tail: f64, freedom: f64) -> f64 {
    ChiSquared::new(freedom).map_or(0.0, |chi_squared| {
        turning_point(beyond_all(freedom), |x| chi_squared.cdf(x) >= tail)
    })
}

/// x with P(X ≥ x) = `tail`, from the survival function, so that small tails stay exact.
pub(crate) fn chi_squared_with_above(tail: f64, freedom: f64) -> f64 {
    ChiSquared::new(freedom).map_or(f64::INFINITY, |chi_squared| {
        turning_point(beyond_all(freedom), |x| chi_squared.sf(x) <= tail)
    })
}

/// Where every tail that is asked for has ended: a tail of e^-700 begins below freedom + 2 √(700 freedom) + 1400 (Laurent &
/// Massart 2000, lemma 1).
fn beyond_all(freedom: f64) -> f64 {
    freedom + 2.0 * (700.0 * freedom).sqrt() + 1_400.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chi_squared_quantiles_are_the_published_ones() {
        // scipy.stats.chi2.ppf(tail, df) and scipy.stats.chi2.isf(tail, df)
        for (freedom, tail, below, above) in [
            (1.0, 0.025, 0.000_982_069_117_175_255, 5.023_886_187_314_888),
            (3.0, 0.1, 0.584_374_374_155_183_5, 6.251_388_631_170_325),
            (37.0, 0.025, 22.105_627_161_169_515, 55.667_973_264_261_13),
        ] {
            // The library's distribution function is exact to about 1e-12.
            for (found, expected) in [
                (chi_squared_with_below(tail, freedom), below),
                (chi_squared_with_above(tail, freedom), above),
            ] {
                assert!(
                    (found / expected - 1.0).abs() < 1e-10,
                    "df {freedom}, tail {tail}: {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn turning_points_at_the_ends_and_between() {
        assert_eq!(turning_point(8.0, |_| true), 0.0);
        assert_eq!(turning_point(8.0, |_| false), 8.0);
        assert_eq!(turning_point(8.0, |x| x >= 3.0), 3.0);
        // Also where the answer is smaller than the range by far.
        assert_eq!(turning_point(1e300, |x| x >= 1e-300), 1e-300);
    }
}
