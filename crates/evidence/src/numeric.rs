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

/// More steps than a search with good guesses takes; then halvings go on.
const GUESSES: usize = 100;

/// The x of 0 to `high` at which a convex function that falls is `level`, but for rounding; 0 where it is not above that at 0. `at` gives
/// its value and how fast it falls, both 0 or more; an infinite one is halved away from.
///
/// Newton's steps on 1 / f, which is nearly straight where f is like 1 / x, within the interval that is known: fewer than
/// [`turning_point`] halves.
pub(crate) fn falls_to(level: f64, high: f64, at: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut above, mut below) = (0.0, high);
    let (mut x, (mut value, mut fall)) = (0.0, at(0.0));
    if value <= level {
        return 0.0;
    }
    for _ in 0..GUESSES {
        let mut next = x + value * (value / level - 1.0) / fall;
        if (next - below).abs() <= 2.0 * f64::EPSILON * below {
            return below;
        }
        if !(next > above && next < below) {
            next = above + (below - above) / 2.0;
        }
        if next <= above || next >= below {
            return below;
        }
        let moved = (next - x).abs();
        x = next;
        (value, fall) = at(x);
        if value > level {
            above = x;
        } else {
            below = x;
        }
        if moved <= 2.0 * f64::EPSILON * x {
            return x;
        }
    }
    above + turning_point(below - above, |more| at(above + more).0 <= level)
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
    fn falling_functions_are_met_where_they_turn() {
        // A sum of w / (x + v), as Q is, with spreads that differ by orders; one that is infinite at 0, and steep ones.
        let of = |terms: &[(f64, f64)], x: f64| {
            let sum = |power: i32| -> f64 {
                let terms = terms.iter();
                terms.map(|(w, v)| w / (x + v).powi(power)).sum()
            };
            (sum(1), sum(2))
        };
        let cases: [&[(f64, f64)]; 5] = [
            &[(1.0, 0.1), (2.0, 0.3), (0.5, 4.0)],
            &[(1.0, 1e-300), (1e-9, 1e3)],
            &[(3.0, 0.0)],
            &[(1e-200, 1e-200), (1e100, 1e90)],
            &[(1e-12, 1e-6), (5.0, 1e6), (1e-3, 1e-8)],
        ];
        for terms in cases {
            let most: f64 = terms.iter().map(|(w, _)| w).sum();
            for level in [1e-3, 0.7, 3.0, 40.0] {
                let count = std::cell::Cell::new(0);
                let found = falls_to(level, most / level, |x| {
                    count.set(count.get() + 1);
                    of(terms, x)
                });
                let halved = turning_point(most / level, |x| of(terms, x).0 <= level);
                assert!(
                    (found - halved).abs() <= 1e-12 * halved,
                    "{terms:?} {level}: {found}, not {halved}"
                );
                assert!(count.get() < 40, "{terms:?} {level}: {}", count.get());
            }
        }
        let endless = falls_to(1.0, 1.0, |_| (f64::INFINITY, f64::INFINITY));
        assert!(endless > 1.0 - 1e-14, "{endless}");
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
