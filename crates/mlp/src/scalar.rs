//! The two number types a network can have.

use faer::Accum;

use crate::elementary;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The number type of a network: `f32` for speed (the default), `f64` for checks.
///
/// Sealed: the element-wise functions and the matrix product are made for these two.
///
/// ```
/// use smallbatch_mlp::{Mlp, MlpSpec, Scalar};
///
/// fn size_of_weights<T: Scalar>(network: &Mlp<T>) -> f64 {
///     network.parameters().as_slice().iter().map(|w| w.to_f64().abs()).sum()
/// }
///
/// // The same seed gives the same network, in f32 that of f64 rounded.
/// let spec = MlpSpec::new([3, 4, 2]);
/// let (narrow, wide) = (size_of_weights(&spec.build::<f32>(1)?), size_of_weights(&spec.build::<f64>(1)?));
/// assert!((narrow - wide).abs() < 1e-6 * wide);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
pub trait Scalar:
    sealed::Sealed
    + crate::kernel::Vectors
    + crate::compiled::Compiled
    + nalgebra::RealField
    + Copy
    + Default
    + serde::Serialize
    + serde::de::DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// This number as `f64`, exactly.
    fn to_f64(self) -> f64;
    /// The nearest number of this type.
    fn of(value: f64) -> Self;

    /// e^self, without branches, so that loops over it are vectorized. See `elementary` for the error bounds.
    #[doc(hidden)]
    fn fast_exp(self) -> Self;
    /// tanh, without branches.
    #[doc(hidden)]
    fn fast_tanh(self) -> Self;
    /// e^self for self of at most 0; 0 where that is too small to matter in a network.
    #[doc(hidden)]
    fn exp_of_negative(self) -> Self;
    /// e^self - 1 for self of at most 0.
    #[doc(hidden)]
    fn exp_m1_of_negative(self) -> Self;
    /// The standard normal's distribution function, and its density.
    #[doc(hidden)]
    fn normal(self) -> (Self, Self);
    /// ln(self) for self of at least 1.
    #[doc(hidden)]
    fn fast_ln(self) -> Self;
    /// ln(1 + self) for self in [0, 1].
    #[doc(hidden)]
    fn fast_ln_1p(self) -> Self;

    /// The one door to the matrix product; see `product::matmul`.
    #[doc(hidden)]
    fn product(
        dst: faer::MatMut<'_, Self>,
        accum: Accum,
        lhs: faer::MatRef<'_, Self>,
        rhs: faer::MatRef<'_, Self>,
        alpha: Self,
    );
}

macro_rules! product {
    () => {
        fn product(
            dst: faer::MatMut<'_, Self>,
            accum: Accum,
            lhs: faer::MatRef<'_, Self>,
            rhs: faer::MatRef<'_, Self>,
            alpha: Self,
        ) {
            faer::linalg::matmul::matmul(dst, accum, lhs, rhs, alpha, faer::Par::Seq);
        }
    };
}

impl Scalar for f32 {
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[allow(clippy::cast_possible_truncation)] // rounding to the nearest is the point
    fn of(value: f64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn fast_exp(self) -> Self {
        elementary::exp_f32(self)
    }
    #[inline(always)]
    fn fast_tanh(self) -> Self {
        elementary::tanh_f32(self)
    }
    #[inline(always)]
    fn exp_of_negative(self) -> Self {
        elementary::exp_of_negative_f32(self)
    }
    #[inline(always)]
    fn exp_m1_of_negative(self) -> Self {
        elementary::exp_m1_of_negative_f32(self)
    }
    #[inline(always)]
    fn normal(self) -> (Self, Self) {
        elementary::normal_f32(self)
    }
    #[inline(always)]
    fn fast_ln(self) -> Self {
        elementary::ln_f32(self)
    }
    #[inline(always)]
    fn fast_ln_1p(self) -> Self {
        elementary::ln_1p_f32(self)
    }
    product!();
}

impl Scalar for f64 {
    fn to_f64(self) -> f64 {
        self
    }
    fn of(value: f64) -> Self {
        value
    }
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
    fn normal(self) -> (Self, Self) {
        const INVERSE_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
        // Where e^(-x²/2) is 0 too.
        let x = if self < -37.2 {
            f64::NEG_INFINITY
        } else {
            self
        };
        let below = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
        let density = INVERSE_SQRT_TAU * (-0.5 * self * self).exp_of_negative();
        (below, density)
    }
    #[inline(always)]
    fn fast_ln(self) -> Self {
        self.ln()
    }
    #[inline(always)]
    fn fast_ln_1p(self) -> Self {
        self.ln_1p()
    }
    product!();
}
