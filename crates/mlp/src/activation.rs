//! Activation functions with their first and second derivatives.

mod elu;
mod gelu;
mod identity;
mod leaky_relu;
mod relu;
mod sigmoid;
mod silu;
mod softplus;
mod tanh;

use std::fmt;

use serde::{Deserialize, Serialize};
use smallbatch_base::vectorized;

use crate::negligible::flush;
use crate::{Error, Scalar};

pub(crate) use sigmoid::{sigmoid, sigmoid_by};

/// What the file of an activation says of it.
trait Function: Copy {
    /// Its name in sentences.
    fn name(self) -> &'static str;

    /// Whether the derivative is computed with f(z) and kept, since it cannot be had from f(z) alone.
    fn keeps_slopes(self) -> bool;

    /// Refuses numbers outside their range.
    fn validate(self) -> Result<(), Error>;

    /// Refuses numbers that are within their range, but not in the network's type.
    fn validate_in<T: Scalar>(self) -> Result<(), Error>;

    /// f(z) and f'(z), which share what takes long. Of a z that is 0 or large enough to matter, both are 0 or nearly so (2^-68 at the
    /// least, in f32), since exponentials are. What only one of them needs costs nothing where the other is not used.
    fn value_and_slope<T: Scalar>(self, z: T) -> (T, T);

    /// What f(z) and f'(z) both need first, where it takes long: an exponential.
    #[inline(always)]
    fn shared<T: Scalar>(self, z: T) -> T {
        z
    }

    /// [`value_and_slope`](Self::value_and_slope), given what they share.
    #[inline(always)]
    fn value_and_slope_by<T: Scalar>(self, z: T, _shared: T) -> (T, T) {
        self.value_and_slope(z)
    }

    /// f'(z) from a = f(z), which is cheaper than from z; where slopes are kept, [`not_of_value`].
    fn slope_of_value<T: Scalar>(self, a: T) -> T;

    /// f''(z); 0 at kinks.
    fn second_derivative<T: Scalar>(self, z: T) -> T;
}

/// The slope where it is no function of f(z) alone, so that nobody may ask for it.
#[inline(always)]
fn not_of_value<T: Scalar>() -> T {
    T::of(f64::NAN)
}

/// Makes the list below into the public enum and into `specialize!`.
macro_rules! activations {
    (
        $(#[$attribute:meta])*
        pub enum Activation {
            $(
                $(#[$variant_attribute:meta])*
                $module:ident::$variant:ident $({
                    $($(#[$field_attribute:meta])* $field:ident,)*
                })?,
            )*
        }
    ) => {
        $(#[$attribute])*
        pub enum Activation {
            $(
                $(#[$variant_attribute])*
                $variant $({ $($(#[$field_attribute])* $field: f64,)* })?,
            )*
        }

        /// Evaluates `$value` with `$name` bound to the function, once for each, so that the compiler sees loops over one known
        /// function and vectorizes each.
        macro_rules! specialize {
            ($activation:expr, |$name:ident| $value:expr) => {
                match $activation {
                    $(Activation::$variant $({ $($field),* })? => {
                        let $name = $module::$variant $({ $($field),* })?;
                        $value
                    })*
                }
            };
        }
    };
}

activations! {
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
        identity::Identity,
        /// max(z, 0). The default.
        #[default]
        relu::Relu,
        /// z if z > 0, else slope·z.
        leaky_relu::LeakyRelu {
            /// The slope for negative z, at least 0. PyTorch's default is 0.01.
            slope,
        },
        /// tanh z.
        tanh::Tanh,
        /// 1 / (1 + e^-z).
        sigmoid::Sigmoid,
        /// z·sigmoid(z), also called swish.
        silu::Silu,
        /// z·Φ(z), exact.
        gelu::Gelu,
        /// z if z > 0, else alpha·(e^z - 1).
        elu::Elu {
            /// The limit at minus infinity is -alpha; above 0. PyTorch's default is 1.
            alpha,
        },
        /// ln(1 + e^z).
        softplus::Softplus,
    }
}

/// Its name in sentences: "ReLU".
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(specialize!(*self, |activation| activation.name()))
    }
}

impl Activation {
    pub(crate) fn validate(self) -> Result<(), Error> {
        specialize!(self, |f| f.validate())
    }

    /// Refuses numbers that are within their range, but not in the network's type.
    pub(crate) fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        specialize!(self, |f| f.validate_in::<T>())
    }

    /// f(z). NaN stays NaN.
    #[inline(always)]
    pub fn value<T: Scalar>(self, z: T) -> T {
        specialize!(self, |f| f.value_and_slope(z).0)
    }

    /// f'(z); where f has a kink, the derivative from the left.
    #[inline(always)]
    pub fn derivative<T: Scalar>(self, z: T) -> T {
        specialize!(self, |f| f.value_and_slope(z).1)
    }

    /// f''(z); 0 at kinks.
    pub fn second_derivative<T: Scalar>(self, z: T) -> T {
        specialize!(self, |f| f.second_derivative(z))
    }

    /// Whether the derivative is computed with f(z) and kept, since it cannot be had from f(z) alone.
    pub(crate) fn keeps_slopes(self) -> bool {
        specialize!(self, |f| f.keeps_slopes())
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

/// How many numbers [`map_with_slopes`] takes at a time: in one loop what values and slopes share, which is put where the slopes
/// will be, and the rest in a second loop. In a single one each number's operations are a chain so long that the processor
/// finds too few others to do meanwhile.
const BLOCK: usize = 1024;

#[inline(always)]
fn map_with_slopes_loop<T: Scalar>(
    f: Activation,
    z: &[T],
    activations: &mut [T],
    slopes: &mut [T],
) {
    specialize!(f, |f| for ((z, activations), slopes) in z
        .chunks(BLOCK)
        .zip(activations.chunks_mut(BLOCK))
        .zip(slopes.chunks_mut(BLOCK))
    {
        for (&z, shared) in z.iter().zip(&mut *slopes) {
            *shared = f.shared(z);
        }
        for ((&z, a), slope) in z.iter().zip(activations).zip(slopes) {
            (*a, *slope) = f.value_and_slope_by(z, *slope);
        }
    });
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
