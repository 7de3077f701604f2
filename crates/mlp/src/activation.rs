//! Activation functions with their first and second derivatives.

use serde::{Deserialize, Serialize};
use smallbatch_base::vectorized;

use crate::error::require;
use crate::negligible::flush;
use crate::{Error, Scalar};

/// The function applied to every unit of the hidden layers. The outputs are always linear: losses take logits.
///
/// | | f(z) | source |
/// |---|---|---|
/// | identity | z | |
/// | ReLU | max(z, 0); derivative 0 at 0 | Nair & Hinton 2010 |
/// | leaky ReLU | z if z > 0, else slope·z | Maas et al. 2013 |
/// | tanh | tanh z | |
/// | sigmoid | 1 / (1 + e^-z) | |
/// | SiLU | z·sigmoid(z) | Elfwing et al. 2018 |
/// | GELU | z·Φ(z), Φ the normal distribution function, exact | Hendrycks & Gimpel 2016 |
/// | ELU | z if z > 0, else alpha·(e^z - 1) | Clevert et al. 2016 |
/// | softplus | ln(1 + e^z) | Dugas et al. 2001 |
///
/// ```
/// use smallbatch_mlp::Activation;
///
/// assert_eq!(Activation::Relu.value(-2.0_f64), 0.0);
/// assert_eq!(Activation::leaky_relu().value(-2.0_f64), -0.02);
/// assert!((Activation::Sigmoid.derivative(0.0_f64) - 0.25).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Activation {
    /// z.
    Identity,
    /// max(z, 0). The default.
    #[default]
    Relu,
    /// z if z > 0, else slope·z.
    LeakyRelu {
        /// The slope for negative z, at least 0. PyTorch's default is 0.01.
        slope: f64,
    },
    /// tanh z.
    Tanh,
    /// 1 / (1 + e^-z).
    Sigmoid,
    /// z·sigmoid(z), also called swish.
    Silu,
    /// z·Φ(z), exact.
    Gelu,
    /// z if z > 0, else alpha·(e^z - 1).
    Elu {
        /// The limit at minus infinity is -alpha; above 0. PyTorch's default is 1.
        alpha: f64,
    },
    /// ln(1 + e^z).
    Softplus,
}

/// Runs `$body` with `$name` bound to the activation, once per variant, so that the compiler sees loops over one known
/// function and vectorizes each.
macro_rules! specialize {
    ($activation:expr, |$name:ident| $body:expr) => {
        match $activation {
            Activation::Identity => {
                let $name = Activation::Identity;
                $body
            }
            Activation::Relu => {
                let $name = Activation::Relu;
                $body
            }
            Activation::LeakyRelu { slope } => {
                let $name = Activation::LeakyRelu { slope };
                $body
            }
            Activation::Tanh => {
                let $name = Activation::Tanh;
                $body
            }
            Activation::Sigmoid => {
                let $name = Activation::Sigmoid;
                $body
            }
            Activation::Silu => {
                let $name = Activation::Silu;
                $body
            }
            Activation::Gelu => {
                let $name = Activation::Gelu;
                $body
            }
            Activation::Elu { alpha } => {
                let $name = Activation::Elu { alpha };
                $body
            }
            Activation::Softplus => {
                let $name = Activation::Softplus;
                $body
            }
        }
    };
}

/// 1 / (1 + e^-z). By the exponential of -|z|, which cannot overflow and serves other functions as well.
#[inline(always)]
pub(crate) fn sigmoid<T: Scalar>(z: T) -> T {
    sigmoid_by(z, (-z.abs()).exp_of_negative())
}

/// The same, given e = e^-|z|.
#[inline(always)]
pub(crate) fn sigmoid_by<T: Scalar>(z: T, e: T) -> T {
    let of_size = T::one() / (T::one() + e);
    if z < T::zero() { e * of_size } else { of_size }
}

/// ln(1 + e^z), given e = e^-|z|: cannot overflow.
#[inline(always)]
pub(crate) fn softplus_by<T: Scalar>(z: T, e: T) -> T {
    let positive = if z < T::zero() { T::zero() } else { z };
    positive + e.fast_ln_1p()
}

impl Activation {
    /// Leaky ReLU with slope 0.01.
    pub fn leaky_relu() -> Self {
        Self::LeakyRelu { slope: 0.01 }
    }

    /// ELU with alpha 1.
    pub fn elu() -> Self {
        Self::Elu { alpha: 1.0 }
    }

    pub(crate) fn validate(self) -> Result<(), Error> {
        match self {
            Self::LeakyRelu { slope } => require(
                slope >= 0.0 && slope.is_finite(),
                "leaky ReLU's slope",
                slope,
                "finite and at least 0",
            ),
            Self::Elu { alpha } => require(
                alpha > 0.0 && alpha.is_finite(),
                "ELU's alpha",
                alpha,
                "finite and above 0",
            ),
            _ => Ok(()),
        }
    }

    /// Refuses numbers that are within their range, but not in the network's type.
    pub(crate) fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        match self {
            Self::LeakyRelu { slope } => require(
                T::of(slope).is_finite(),
                "leaky ReLU's slope",
                slope,
                "finite in the network's number type, too",
            ),
            Self::Elu { alpha } => require(
                T::of(alpha) > T::zero() && T::of(alpha).is_finite(),
                "ELU's alpha",
                alpha,
                "finite and above 0 in the network's number type, too",
            ),
            _ => Ok(()),
        }
    }

    /// f(z). NaN stays NaN.
    #[inline(always)]
    pub fn value<T: Scalar>(self, z: T) -> T {
        self.value_and_slope(z).0
    }

    /// f'(z); where f has a kink, the derivative from the left.
    #[inline(always)]
    pub fn derivative<T: Scalar>(self, z: T) -> T {
        self.value_and_slope(z).1
    }

    /// f(z) and f'(z), which share what takes long. Of a z that is 0 or large enough to matter, both are 0 or nearly so (2^-68 at the
    /// least, in f32), since exponentials are. What only one of them needs costs nothing where the other is not used.
    #[inline(always)]
    pub(crate) fn value_and_slope<T: Scalar>(self, z: T) -> (T, T) {
        let (zero, one) = (T::zero(), T::one());
        let of_value = |a: T| (a, self.slope_of_value(a));
        match self {
            Self::Identity => of_value(z),
            Self::Relu => of_value(if z < zero { zero } else { z }),
            Self::LeakyRelu { slope } => {
                let below = flush(T::of(slope) * z, T::SMALLEST);
                of_value(if z < zero { below } else { z })
            }
            Self::Tanh => of_value(z.fast_tanh()),
            Self::Sigmoid => of_value(sigmoid(z)),
            Self::Elu { alpha } => {
                let below = if z > zero { zero } else { z };
                let negative = flush(T::of(alpha) * below.exp_m1_of_negative(), T::SMALLEST);
                of_value(if z > zero { z } else { negative })
            }
            Self::Silu => {
                let s = sigmoid(z);
                (z * s, s * (one + z * (one - s)))
            }
            Self::Gelu => {
                let (below, density) = z.normal();
                (z * below, below + z * density)
            }
            Self::Softplus => {
                let e = (-z.abs()).exp_of_negative();
                (softplus_by(z, e), sigmoid_by(z, e))
            }
        }
    }

    /// f'(z) from a = f(z), for those of which [`Activation::keeps_slopes`] is false: cheaper than from z.
    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, a: T) -> T {
        let (zero, one) = (T::zero(), T::one());
        match self {
            Self::Identity => one,
            Self::Relu => {
                if a > zero {
                    one
                } else {
                    zero
                }
            }
            Self::LeakyRelu { slope } => {
                if a > zero {
                    one
                } else {
                    T::of(slope)
                }
            }
            Self::Tanh => one - a * a,
            Self::Sigmoid => a * (one - a),
            Self::Elu { alpha } => {
                if a > zero {
                    one
                } else {
                    a + T::of(alpha)
                }
            }
            // Not functions of a.
            Self::Silu | Self::Gelu | Self::Softplus => T::of(f64::NAN),
        }
    }

    /// f''(z); 0 at kinks.
    pub fn second_derivative<T: Scalar>(self, z: T) -> T {
        let (zero, one, two) = (T::zero(), T::one(), T::of(2.0));
        match self {
            Self::Identity | Self::Relu | Self::LeakyRelu { .. } => zero,
            Self::Tanh => {
                let a = z.fast_tanh();
                -two * a * (one - a * a)
            }
            Self::Sigmoid => {
                let s = sigmoid(z);
                s * (one - s) * (one - two * s)
            }
            Self::Silu => {
                let s = sigmoid(z);
                s * (one - s) * (two + z * (one - two * s))
            }
            // Far out the density is 0, and z² may be infinite.
            Self::Gelu if z.abs() > T::of(40.0) => zero,
            Self::Gelu => z.normal().1 * (two - z * z),
            Self::Elu { alpha } => {
                if z > zero {
                    zero
                } else {
                    T::of(alpha) * z.fast_exp()
                }
            }
            Self::Softplus => {
                let s = sigmoid(z);
                s * (one - s)
            }
        }
    }

    /// Whether the derivative is computed with f(z) and kept, since it cannot be had from f(z) alone.
    pub(crate) fn keeps_slopes(self) -> bool {
        match self {
            Self::Silu | Self::Gelu | Self::Softplus => true,
            Self::Identity
            | Self::Relu
            | Self::LeakyRelu { .. }
            | Self::Tanh
            | Self::Sigmoid
            | Self::Elu { .. } => false,
        }
    }
}

vectorized! {
    /// `activations = f(z)`. Not in place: where f(z) = z for some z, that would be compiled to masked stores, which are
    /// slow on some processors (a tenth of a step of 13-64-64-3 at batch 32).
    pub(crate) fn map(f: Activation, z: &'a [T], activations: &'a mut [T]) -> () = map_loop;
}

vectorized! {
    /// `activations = f(z)` and `slopes = f'(z)`.
    pub(crate) fn map_with_slopes(
        f: Activation,
        z: &'a [T],
        activations: &'a mut [T],
        slopes: &'a mut [T],
    ) -> () = map_with_slopes_loop;
}

vectorized! {
    /// `d = d ∘ f'(z)`, given a = f(z): not for those that keep their slopes.
    pub(crate) fn scale_by_slope(f: Activation, d: &'a mut [T], activations: &'a [T]) -> () = scale_by_slope_loop;
}

vectorized! {
    /// `d = d ∘ slopes`.
    pub(crate) fn scale_by(d: &'a mut [T], slopes: &'a [T]) -> () = scale_by_loop;
}

#[inline(always)]
fn map_loop<T: Scalar>(f: Activation, z: &[T], activations: &mut [T]) {
    specialize!(f, |f| for (&z, a) in z.iter().zip(activations) {
        *a = f.value_and_slope(z).0;
    });
}

#[inline(always)]
fn map_with_slopes_loop<T: Scalar>(
    f: Activation,
    z: &[T],
    activations: &mut [T],
    slopes: &mut [T],
) {
    specialize!(
        f,
        |f| for ((&z, a), slope) in z.iter().zip(activations).zip(slopes) {
            (*a, *slope) = f.value_and_slope(z);
        }
    );
}

#[inline(always)]
fn scale_by_slope_loop<T: Scalar>(f: Activation, d: &mut [T], activations: &[T]) {
    specialize!(f, |f| for (d, &a) in d.iter_mut().zip(activations) {
        *d = flush(*d * f.slope_of_value(a), T::SMALLEST_DELTA);
    });
}

#[inline(always)]
fn scale_by_loop<T: Scalar>(d: &mut [T], slopes: &[T]) {
    for (d, &slope) in d.iter_mut().zip(slopes) {
        *d = flush(*d * slope, T::SMALLEST_DELTA);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) const ALL: [Activation; 9] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.01 },
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Silu,
        Activation::Gelu,
        Activation::Elu { alpha: 1.3 },
        Activation::Softplus,
    ];

    proptest! {
        /// Central differences in f64: error h²·|f'''|/6 + eps/h, about 1e-10 at h = 1e-5.
        #[test]
        fn derivatives_match_differences(z in -6.0_f64..6.0) {
            let h = 1e-5;
            prop_assume!(z.abs() > 2.0 * h); // the kinks of the ReLU family
            for f in ALL {
                let first = (f.value(z + h) - f.value(z - h)) / (2.0 * h);
                prop_assert!((f.derivative(z) - first).abs() < 1e-9, "{f:?} at {z}: {} and {first}", f.derivative(z));
                let second = (f.derivative(z + h) - f.derivative(z - h)) / (2.0 * h);
                prop_assert!((f.second_derivative(z) - second).abs() < 1e-9, "{f:?} at {z}");
            }
        }

        /// The vectorized loops give the scalar function's bits.
        #[test]
        fn loops_equal_scalars(n in 1_usize..100, shift in -3.0_f32..3.0) {
            #[allow(clippy::cast_precision_loss)]
            let z: Vec<f32> = (0..n).map(|i| (i as f32 * 0.7).sin() * 4.0 + shift).collect();
            for f in ALL {
                let mut activations = vec![0.0; n];
                map(f, &z, &mut activations);
                let mut slopes = vec![0.0; n];
                let mut d = vec![1.5_f32; n];
                if f.keeps_slopes() {
                    let mut again = vec![0.0; n];
                    map_with_slopes(f, &z, &mut again, &mut slopes);
                    prop_assert_eq!(&activations, &again);
                    scale_by(&mut d, &slopes);
                } else {
                    scale_by_slope(f, &mut d, &activations);
                }
                for i in 0..n {
                    prop_assert_eq!(activations[i], f.value(z[i]));
                    prop_assert_eq!(d[i], 1.5 * f.derivative(z[i]));
                }
            }
        }
    }

    #[test]
    fn f32_agrees_with_f64_and_keeps_nan() {
        for f in ALL {
            for i in -3000..3000 {
                let z = f64::from(i) * 0.01;
                #[allow(clippy::cast_possible_truncation)]
                let single = z as f32;
                let exact = f64::from(single);
                let tolerance = 1e-6 * (1.0 + exact.abs());
                assert!(
                    (f64::from(f.value(single)) - f.value(exact)).abs() < tolerance,
                    "{f:?} at {z}"
                );
                assert!(
                    (f64::from(f.derivative(single)) - f.derivative(exact)).abs() < tolerance,
                    "{f:?}' at {z}"
                );
            }
            assert!(f.value(f32::NAN).is_nan(), "{f:?} hides NaN");
            for z in [1e3_f32, -1e3] {
                assert!(
                    f.value(z).is_finite() && f.derivative(z).is_finite(),
                    "{f:?} at {z}"
                );
            }
        }
    }

    /// All-zero samples meet biases that begin at 0: z is exactly 0 then.
    #[test]
    fn slopes_at_and_next_to_zero_are_a_half() {
        for f in [Activation::Silu, Activation::Gelu] {
            for z in [0.0_f64, -0.0, 1e-31, -1e-31, 2e-30, -2e-30, 1e-20] {
                assert!((f.derivative(z) - 0.5).abs() < 1e-15, "{f:?} at {z}");
                #[allow(clippy::cast_possible_truncation)]
                let single = z as f32;
                assert!(
                    (f.derivative(single) - 0.5).abs() < 1e-6,
                    "{f:?} at {single}"
                );
            }
        }
    }

    #[test]
    fn second_derivatives_are_finite_far_out() {
        for f in ALL {
            for z in [1e3_f64, 1e19, 1e38, -1e3, -1e19, -1e38] {
                assert_eq!(f.second_derivative(z), 0.0, "{f:?} at {z}");
                assert_eq!(f.second_derivative(z as f32), 0.0, "{f:?} at {z}");
            }
        }
    }

    #[test]
    fn bad_constants_are_refused() {
        for bad in [
            Activation::LeakyRelu { slope: -0.1 },
            Activation::LeakyRelu { slope: f64::NAN },
            Activation::Elu { alpha: 0.0 },
        ] {
            assert!(
                matches!(bad.validate(), Err(Error::HyperParameter { .. })),
                "{bad:?}"
            );
        }
    }
}
