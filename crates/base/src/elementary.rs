//! exp, tanh, the normal distribution, ln(x) and ln(1+x) in f32, without branches, so that loops over them are compiled to
//! vector instructions. No fused multiply-add is used: the same bits on every vector width. In f64 they are those of the
//! standard library and of `libm`, and what is too small to matter becomes 0 as in f32.
//!
//! Polynomials for exp and ln(1+x) and quotients of polynomials for tanh and the normal distribution, found by weighted least
//! squares, the weights raised where the error is large until it is nearly equal everywhere (Lawson 1961); of ln(x) that of Cephes
//! (Moshier). The error bounds are asserted by the tests below.
//!
//! None makes a subnormal number of one that is not, on the way or in the end.

/// The elementary functions of a number type. Their names are those of no other trait.
pub trait Elementary: Copy {
    /// e^self, without branches, so that loops over it are vectorized.
    fn fast_exp(self) -> Self;
    /// tanh, without branches.
    fn fast_tanh(self) -> Self;
    /// e^self for self of at most 0; 0 where that is too small to matter in a network.
    fn exp_of_negative(self) -> Self;
    /// e^self - 1 for self of at most 0.
    fn exp_m1_of_negative(self) -> Self;
    /// The standard normal's distribution function, and its density, given e^(-self²/2) as
    /// [`exp_of_negative`](Self::exp_of_negative) has it.
    fn normal_by(self, e: Self) -> (Self, Self);
    /// ln(self) for self of at least 1.
    fn fast_ln(self) -> Self;
    /// ln(1 + self) for self in [0, 1].
    fn fast_ln_1p(self) -> Self;
}

impl Elementary for f32 {
    #[inline(always)]
    fn fast_exp(self) -> Self {
        exp_f32(self)
    }
    #[inline(always)]
    fn fast_tanh(self) -> Self {
        tanh_f32(self)
    }
    #[inline(always)]
    fn exp_of_negative(self) -> Self {
        exp_of_negative_f32(self)
    }
    #[inline(always)]
    fn exp_m1_of_negative(self) -> Self {
        exp_m1_of_negative_f32(self)
    }
    #[inline(always)]
    fn normal_by(self, e: Self) -> (Self, Self) {
        normal_f32(self, e)
    }
    #[inline(always)]
    fn fast_ln(self) -> Self {
        ln_f32(self)
    }
    #[inline(always)]
    fn fast_ln_1p(self) -> Self {
        ln_1p_f32(self)
    }
}

#[cfg(feature = "std")]
impl Elementary for f64 {
    #[inline(always)]
    fn fast_exp(self) -> Self {
        // 2^-995: what is below would be subnormal soon.
        if self < -690.0 { 0.0 } else { self.exp() }
    }
    #[inline(always)]
    fn fast_tanh(self) -> Self {
        self.tanh()
    }
    #[inline(always)]
    fn exp_of_negative(self) -> Self {
        // 2^-511.
        if self < -354.198 { 0.0 } else { self.exp() }
    }
    #[inline(always)]
    fn exp_m1_of_negative(self) -> Self {
        self.exp_m1()
    }
    #[inline(always)]
    fn normal_by(self, e: Self) -> (Self, Self) {
        const INVERSE_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
        // Where e^(-x²/2) is 0 too.
        let x = if self < -37.2 {
            f64::NEG_INFINITY
        } else {
            self
        };
        let below = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
        (below, INVERSE_SQRT_TAU * e)
    }
    #[inline(always)]
    fn fast_ln(self) -> Self {
        self.ln()
    }
    #[inline(always)]
    fn fast_ln_1p(self) -> Self {
        self.ln_1p()
    }
}

/// Below it [`exp_f32`] is 0: 1.8e-35. What is left may be divided by a thousand, and is of full precision still.
const LOWEST: f32 = -80.0;

/// Below it [`exp_of_negative_f32`] is 0: 2^-63, what is too small to matter in a network.
const LOWEST_THAT_MATTERS: f32 = -43.668_274;

/// Adding 1.5·2^23 leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// e^r and n, where x = n·ln 2 + r and |r| is at most ln √2; n in the low bits of `ROUND + n`.
#[inline(always)]
#[allow(clippy::excessive_precision)]
fn exp_parts(x: f32) -> (f32, u32) {
    const LN_2_HIGH: f32 = 0.693_359_375;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let shifted = x * core::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 8.312_520_57e-3_f32;
    p = p * r + 4.189_015_55e-2;
    p = p * r + 0.166_671_142;
    p = p * r + 0.499_992_311;
    // As p·r² in this order r² would be too small for an r of 1e-19.
    ((p * r + 1.0) * r + 1.0, shifted.to_bits())
}

/// e^x. Relative error below 3e-7 from e^-80 on, below which it is 0; overflows to infinity, NaN stays NaN.
#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    // Comparisons, not `clamp` or `max`: NaN must pass.
    let within = if x > 89.0 { 89.0 } else { x };
    let within = if within < LOWEST { LOWEST } else { within };
    let (mantissa, n) = exp_parts(within);
    // 2^(n-1)·2: n reaches 128, beyond what one exponent holds. The low bits of `ROUND` are 0.
    let power = mantissa * f32::from_bits(n.wrapping_add(126) << 23) * 2.0;
    if x < LOWEST { 0.0 } else { power }
}

/// e^x for x of at most 0, in fewer operations; to the bits of [`exp_f32`] down to 2^-63, below which it is 0.
#[inline(always)]
fn exp_of_negative_f32(x: f32) -> f32 {
    const LOWEST: f32 = LOWEST_THAT_MATTERS;
    let within = if x < LOWEST { LOWEST } else { x };
    let (mantissa, n) = exp_parts(within);
    let power = mantissa * f32::from_bits(n.wrapping_add(127) << 23);
    if x < LOWEST { 0.0 } else { power }
}

/// e^x - 1 for x of at most 0. Relative error below 4e-7.
#[inline(always)]
fn exp_m1_of_negative_f32(x: f32) -> f32 {
    let mut series = 1.0 / 40_320.0;
    series = series * x + 1.0 / 5_040.0;
    series = series * x + 1.0 / 720.0;
    series = series * x + 1.0 / 120.0;
    series = series * x + 1.0 / 24.0;
    series = series * x + 1.0 / 6.0;
    series = series * x + 0.5;
    series = series * x + 1.0;
    let near = x * series;
    let far = exp_of_negative_f32(x) - 1.0;
    if x > -0.35 { near } else { far }
}

/// tanh x, as x P(x²) / Q(x²) for |x| up to 9.2, beyond which it is 1 to the last digit. Relative error below 5e-7, and never
/// beyond ±1.
///
/// The quotient, before rounding, is within 6e-8 of tanh. It has a third of the operations of Cephes' two branches, of which the second
/// takes an exponential: steps of 13-64-64-1 became 1.24 to 1.38 times as fast (the network `values` of the
/// benches, at 16, 32 and 256, the old and the new program in turns).
#[inline(always)]
#[allow(clippy::excessive_precision)]
fn tanh_f32(x: f32) -> f32 {
    let x = if x > 9.2 { 9.2 } else { x };
    let x = if x < -9.2 { -9.2 } else { x };
    let z = x * x;
    // Beside 1 it is nothing; its products with the first coefficients would be subnormal.
    let z = if z < 1e-20 { 0.0 } else { z };
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

/// The standard normal's distribution function Φ(x) and density φ(x), given e = e^(-x²/2). Of Φ the absolute error is
/// below 2e-7, the relative one in the left tail (down to x = -8) below 5e-6; of φ, the relative error there is below 5e-6. Both tails
/// are 0 beyond 9.3, where they are below 1e-19.
///
/// Φ(-y) = e^(-y²/2) R(y) with Mills' ratio R = P / Q, within 3e-8 for y up to 13.5.
#[inline(always)]
#[allow(clippy::excessive_precision)]
fn normal_f32(x: f32, e: f32) -> (f32, f32) {
    const INVERSE_SQRT_TAU: f32 = 0.398_942_280;
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
    let tail = e * p / q;
    let below = if x > 0.0 { 1.0 - tail } else { tail };
    (below, INVERSE_SQRT_TAU * e)
}

/// ln(1 + u) for u in [0, 1]. Relative error below 5e-7.
#[inline(always)]
#[allow(clippy::excessive_precision)]
fn ln_1p_f32(u: f32) -> f32 {
    let mut p = -8.539_198_9e-3_f32;
    p = p * u + 4.408_959_67e-2;
    p = p * u - 0.107_681_659;
    p = p * u + 0.177_452_385;
    p = p * u - 0.244_954_616;
    p = p * u + 0.332_754_791;
    p = p * u - 0.499_974_042;
    p = p * u + 0.999_999_821;
    p * u
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
fn ln_f32(x: f32) -> f32 {
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

    fn normal(x: f32) -> (f32, f32) {
        normal_f32(x, exp_of_negative_f32(-0.5 * x * x))
    }

    /// Every f32 from one to the other, both above 0.
    fn every(from: f32, to: f32) -> impl Iterator<Item = f32> {
        (from.to_bits()..to.to_bits()).map(f32::from_bits)
    }

    #[test]
    fn errors_are_within_the_stated_bounds() {
        let (cdf, density) = (|x| normal(x).0, |x| normal(x).1);
        let cases: [(&str, f64, f64); 11] = [
            ("exp", worst(-80.0..88.7, exp_f32, f64::exp, true), 3e-7),
            (
                "exp_m1",
                worst(-5.0..0.0, exp_m1_of_negative_f32, f64::exp_m1, true),
                4e-7,
            ),
            (
                "exp_m1 near 0",
                worst(-1e-3..0.0, exp_m1_of_negative_f32, f64::exp_m1, true),
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
                    cdf,
                    |x| 0.5 * libm::erfc(-x / 2_f64.sqrt()),
                    false,
                ),
                2e-7,
            ),
            (
                "normal's tail",
                worst(
                    -8.0..0.0,
                    cdf,
                    |x| 0.5 * libm::erfc(-x / 2_f64.sqrt()),
                    true,
                ),
                5e-6,
            ),
            (
                "density",
                worst(
                    -8.0..8.0,
                    density,
                    |x| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt(),
                    true,
                ),
                5e-6,
            ),
            ("ln", worst(1.01..1e6, ln_f32, f64::ln, true), 3e-7),
            ("ln near 1", worst(1.0..1.02, ln_f32, f64::ln, false), 1e-7),
            ("ln_1p", worst(0.0..1.0, ln_1p_f32, f64::ln_1p, true), 5e-7),
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
        assert_eq!((normal(1e3), normal(-1e3)), ((1.0, 0.0), (0.0, 0.0)));
        assert_eq!(ln_1p_f32(0.0), 0.0);
        assert_eq!((ln_f32(1.0), ln_f32(f32::INFINITY)), (0.0, f32::INFINITY));
        let (cdf, density) = (|x| normal(x).0, |x| normal(x).1);
        let functions = [
            exp_f32,
            exp_of_negative_f32,
            exp_m1_of_negative_f32,
            tanh_f32,
        ];
        for function in functions
            .into_iter()
            .chain([cdf, density, ln_f32, ln_1p_f32])
        {
            assert!(function(f32::NAN).is_nan());
        }
    }

    #[test]
    fn the_short_exponential_has_the_bits_of_the_long_one() {
        for x in every(1e-30, 43.66).step_by(50) {
            assert_eq!(
                exp_of_negative_f32(-x).to_bits(),
                exp_f32(-x).to_bits(),
                "{x}"
            );
        }
        assert_eq!(exp_of_negative_f32(0.0), 1.0);
        assert!(exp_of_negative_f32(-43.66) > 2_f32.powi(-63));
        assert_eq!(exp_of_negative_f32(-43.67), 0.0);
    }

    /// Of numbers that are not subnormal and over all of their range.
    #[test]
    fn nothing_subnormal_comes_out() {
        let (cdf, density) = (|x| normal(x).0, |x| normal(x).1);
        for x in every(1e-37, f32::MAX).step_by(1_009) {
            for (name, y) in [
                ("exp", exp_f32(-x)),
                ("short exp", exp_of_negative_f32(-x)),
                ("exp_m1", exp_m1_of_negative_f32(-x)),
                ("tanh", tanh_f32(x)),
                ("normal", cdf(-x)),
                ("density", density(x)),
                ("ln_1p", ln_1p_f32(x.min(1.0))),
            ] {
                assert!(!y.is_subnormal(), "{name} at ±{x:e}: {y:e}");
            }
        }
    }
}
