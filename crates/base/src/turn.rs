//! Sine and cosine of parts of a turn, by operations that every language has: the same bits everywhere.

use core::f64::consts::TAU;

/// The sine and the cosine of 2π times `turns`, which is from 0 to 2: exact at quarters of a turn, and elsewhere within 3e-16 of the truth.
///
/// The nearest quarter is taken off, and the Taylor series of what is left, π/4 at most, end where they are exact.
pub fn sine_and_cosine(turns: f64) -> (f64, f64) {
    #[allow(clippy::cast_possible_truncation, reason = "it is from 0 to 8")]
    let quarters = (4.0 * turns + 0.5) as i32;
    let x = (turns - 0.25 * f64::from(quarters)) * TAU;
    let z = x * x;
    // 1/n! with the signs of the series, the last first.
    let odd = [
        1.0 / 355_687_428_096_000.0,
        -1.0 / 1_307_674_368_000.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5_040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
    ];
    let even = [
        1.0 / 20_922_789_888_000.0,
        -1.0 / 87_178_291_200.0,
        1.0 / 479_001_600.0,
        -1.0 / 3_628_800.0,
        1.0 / 40_320.0,
        -1.0 / 720.0,
        1.0 / 24.0,
        -0.5,
    ];
    let series = |terms: [f64; 8]| terms.into_iter().fold(0.0, |sum, term| sum * z + term);
    let sine = x + x * (z * series(odd));
    let cosine = 1.0 + z * series(even);
    match quarters % 4 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sine_and_the_cosine() {
        for step in 0..=20_000 {
            let turns = f64::from(step) / 10_000.0;
            let (sine, cosine) = sine_and_cosine(turns);
            let (wanted_sine, wanted_cosine) = (libm::sin(TAU * turns), libm::cos(TAU * turns));
            // Of the product of 2π with the turns alone the last bit moves both by some 1e-15.
            assert!((sine - wanted_sine).abs() < 2e-15, "{turns}");
            assert!((cosine - wanted_cosine).abs() < 2e-15, "{turns}");
            assert!(
                (sine * sine + cosine * cosine - 1.0).abs() < 5e-16,
                "{turns}"
            );
        }
    }

    #[test]
    fn quarters_are_exact() {
        let of = |turns| sine_and_cosine(turns);
        assert_eq!(of(0.0), (0.0, 1.0));
        assert_eq!(of(0.25), (1.0, 0.0));
        assert_eq!(of(0.5), (0.0, -1.0));
        assert_eq!(of(0.75), (-1.0, 0.0));
        assert_eq!(of(1.0), (0.0, 1.0));
    }
}
