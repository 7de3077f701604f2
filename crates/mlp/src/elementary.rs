//! exp, tanh, the normal distribution function, ln(x) and ln(1+x) in f32, without branches, so that loops over them are
//! compiled to vector instructions. No fused multiply-add is used: the same bits on every vector width.
//!
//! Polynomials from Cephes (Moshier) for exp and ln, quotients of polynomials for tanh and the normal distribution. The error
//! bounds are asserted by the tests below.

/// e^x. Relative error below 2e-7 where it is a number of full precision; overflows to infinity, underflows to 0, NaN stays
/// NaN.
#[inline(always)]
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::excessive_precision
)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    /// Adding 1.5·2^23 leaves the nearest integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_375;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Comparisons, not `clamp` or `max`: NaN must pass.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let exponent = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_15e-4_f32;
    p = p * r + 1.398_199_95e-3;
    p = p * r + 8.333_451_9e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_55e-1;
    p = p * r + 5.000_000_1e-1;
    let mantissa = p * r * r + r + 1.0;
    // 2^n in two factors: n reaches 128 and -150, beyond what one exponent holds.
    let half = exponent >> 1;
    let scale = |e: i32| f32::from_bits((e.wrapping_add(127) as u32) << 23);
    mantissa * scale(half) * scale(exponent.wrapping_sub(half))
}

/// e^x - 1. Relative error below 4e-7.
#[inline(always)]
pub(crate) fn exp_m1_f32(x: f32) -> f32 {
    let mut series = 1.0 / 8.0;
    series = series * x * (1.0 / 7.0) + 1.0 / 7.0;
    series = series * x * (1.0 / 6.0) + 1.0 / 6.0;
    series = series * x * (1.0 / 5.0) + 1.0 / 5.0;
    series = series * x * (1.0 / 4.0) + 1.0 / 4.0;
    series = series * x * (1.0 / 3.0) + 1.0 / 3.0;
    series = series * x * (1.0 / 2.0) + 1.0 / 2.0;
    series = series * x + 1.0;
    let near = x * series;
    let far = exp_f32(x) - 1.0;
    if x.abs() < 0.35 { near } else { far }
}

/// tanh x, as x P(x²) / Q(x²) for |x| up to 9.2, beyond which it is 1 to the last digit. Relative error below 5e-7, and never
/// beyond ±1.
///
/// The quotient, before rounding, is within 6e-8 of tanh: found by weighted least squares, the weights raised where the error is large until
/// it is nearly equal everywhere (Lawson 1961). It has a third of the operations of Cephes' two branches, of which the second
/// takes an exponential: steps of 13-64-64-1 became 1.24 to 1.38 times as fast (the network `values` of the
/// benches, at 16, 32 and 256, the old and the new program in turns).
#[inline(always)]
#[allow(clippy::excessive_precision)]
pub(crate) fn tanh_f32(x: f32) -> f32 {
    let x = if x > 9.2 { 9.2 } else { x };
    let x = if x < -9.2 { -9.2 } else { x };
    let z = x * x;
    let mut p = 1.299_995_23e-8_f32;
    p = p * z + 2.035_181_34e-5;
    p = p * z + 3.479_906_66e-3;
    p = p * z + 0.133_678_085;
    p = p * z + 0.999_999_975;
    let mut q = 7.630_988_95e-7_f32;
    q = q * z + 3.260_021_34e-4;
    q = q * z + 2.581_728_1e-2;
    q = q * z + 0.467_011_206;
    q = q * z + 1.0;
    let a = x * p / q;
    let a = if a > 1.0 { 1.0 } else { a };
    if a < -1.0 { -1.0 } else { a }
}

/// The distribution function of the standard normal, Φ(x). Absolute error below 2e-7, relative error in the left tail
/// (down to x = -8) below 5e-6.
///
/// Φ(-y) = e^(-y²/2) R(y) with Mills' ratio R = P / Q, found like [`tanh_f32`]'s, within 3e-8 for y up to 13.5, where Φ(-y) is
/// below the numbers of full precision.
#[inline(always)]
#[allow(clippy::excessive_precision)]
pub(crate) fn normal_cdf_f32(x: f32) -> f32 {
    let y = x.abs();
    let y = if y > 15.0 { 15.0 } else { y };
    let mut p = 4.038_046_3e-3_f32;
    p = p * y + 4.010_504_5e-2;
    p = p * y + 0.181_666_33;
    p = p * y + 0.436_173_49;
    p = p * y + 0.5;
    let mut q = 1.012_174_24e-2_f32;
    q = q * y + 0.100_535_64;
    q = q * y + 0.465_329_36;
    q = q * y + 1.195_980_67;
    q = q * y + 1.670_231_91;
    q = q * y + 1.0;
    let tail = exp_f32(-0.5 * y * y) * p / q;
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// ln(1 + u) for u in [0, 1], by the series of 2·atanh(u / (2 + u)). Relative error below 3e-7 where u is a number of full
/// precision.
#[inline(always)]
pub(crate) fn ln_1p_f32(u: f32) -> f32 {
    let s = u / (2.0 + u);
    let z = s * s;
    let mut p = 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    2.0 * (p * z * s + s)
}

/// ln(x) for x of at least 1. Relative error below 3e-7 where x is not next to 1 (there the absolute one is below 1e-7);
/// infinity and NaN stay.
#[inline(always)]
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::excessive_precision
)]
pub(crate) fn ln_f32(x: f32) -> f32 {
    /// √½: the mantissa is taken between it and √2.
    const SQRT_HALF: i32 = 0x3f35_04f3;
    const LN_2_HIGH: f32 = 0.693_359_375;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let bits = x.to_bits() as i32;
    let exponent = bits.wrapping_sub(SQRT_HALF) >> 23;
    let f = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32) - 1.0;
    let exponent = exponent as f32;
    let z = f * f;
    let mut p = 7.037_683_6e-2_f32;
    p = p * f - 1.151_461_03e-1;
    p = p * f + 1.167_699_87e-1;
    p = p * f - 1.242_014_08e-1;
    p = p * f + 1.424_932_28e-1;
    p = p * f - 1.666_805_77e-1;
    p = p * f + 2.000_071_48e-1;
    p = p * f - 2.499_999_4e-1;
    p = p * f + 3.333_333_1e-1;
    let small = p * f * z + exponent * LN_2_LOW - 0.5 * z;
    let ln = f + small + exponent * LN_2_HIGH;
    // NaN is not below infinity either.
    if x < f32::INFINITY { ln } else { x }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
mod tests {
    use super::*;

    /// The largest error of `found` against the f64 function over a dense grid, relative or absolute.
    fn worst(
        range: std::ops::Range<f64>,
        found: fn(f32) -> f32,
        exact: fn(f64) -> f64,
        relative: bool,
    ) -> f64 {
        let steps = 400_000;
        (0..steps)
            .map(|i| {
                (range.start + (range.end - range.start) * f64::from(i) / f64::from(steps)) as f32
            })
            .filter(|x| *x != 0.0)
            .map(|x| {
                let exact = exact(f64::from(x));
                (f64::from(found(x)) - exact).abs() / if relative { exact.abs() } else { 1.0 }
            })
            // Not `max`, which drops NaN.
            .fold(
                0.0,
                |worst, error| if error <= worst { worst } else { error },
            )
    }

    /// Every f32 from one to the other, both above 0.
    fn every(from: f32, to: f32) -> impl Iterator<Item = f32> {
        (from.to_bits()..to.to_bits()).map(f32::from_bits)
    }

    #[test]
    fn errors_are_within_the_stated_bounds() {
        let cases: [(&str, f64, f64); 10] = [
            ("exp", worst(-87.0..88.7, exp_f32, f64::exp, true), 2e-7),
            (
                "exp_m1",
                worst(-5.0..5.0, exp_m1_f32, f64::exp_m1, true),
                4e-7,
            ),
            (
                "exp_m1 near 0",
                worst(-1e-3..1e-3, exp_m1_f32, f64::exp_m1, true),
                2e-7,
            ),
            ("tanh", worst(-20.0..20.0, tanh_f32, f64::tanh, true), 5e-7),
            (
                "tanh near 0",
                worst(-1e-3..1e-3, tanh_f32, f64::tanh, true),
                2e-7,
            ),
            (
                "normal",
                worst(
                    -10.0..10.0,
                    normal_cdf_f32,
                    |x| 0.5 * libm::erfc(-x / 2_f64.sqrt()),
                    false,
                ),
                2e-7,
            ),
            (
                "normal's tail",
                worst(
                    -8.0..0.0,
                    normal_cdf_f32,
                    |x| 0.5 * libm::erfc(-x / 2_f64.sqrt()),
                    true,
                ),
                5e-6,
            ),
            ("ln", worst(1.01..1e6, ln_f32, f64::ln, true), 3e-7),
            ("ln near 1", worst(1.0..1.02, ln_f32, f64::ln, false), 1e-7),
            ("ln_1p", worst(0.0..1.0, ln_1p_f32, f64::ln_1p, true), 3e-7),
        ];
        for (name, error, bound) in cases {
            assert!(error < bound, "{name}: error {error:e}, bound {bound:e}");
        }
    }

    /// Every number where it comes near 1, and each hundredth below.
    #[test]
    fn tanh_is_within_its_bound_and_never_leaves_its_range() {
        for x in every(1e-30, 7.9).step_by(100).chain(every(7.9, 9.5)) {
            let (found, exact) = (tanh_f32(x), f64::from(x).tanh());
            let error = (f64::from(found) / exact - 1.0).abs();
            assert!(
                (error < 5e-7) & (found <= 1.0),
                "{x}: {found}, off by {error:e}"
            );
            assert_eq!(tanh_f32(-x), -found);
        }
    }

    #[test]
    fn the_ends_behave() {
        assert_eq!(exp_f32(200.0), f32::INFINITY);
        assert_eq!(exp_f32(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp_f32(-200.0), 0.0);
        assert_eq!(exp_f32(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp_f32(0.0), 1.0);
        assert_eq!(
            (tanh_f32(1e30), tanh_f32(-1e30), tanh_f32(-0.0)),
            (1.0, -1.0, 0.0)
        );
        assert_eq!((normal_cdf_f32(1e3), normal_cdf_f32(-1e3)), (1.0, 0.0));
        assert_eq!(ln_1p_f32(0.0), 0.0);
        assert_eq!((ln_f32(1.0), ln_f32(f32::INFINITY)), (0.0, f32::INFINITY));
        for function in [exp_f32, exp_m1_f32, tanh_f32, normal_cdf_f32, ln_f32] {
            assert!(function(f32::NAN).is_nan());
        }
    }
}
