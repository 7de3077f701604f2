//! The list of update rules, and what each of them is to the rest of the crate.

mod adam;
mod momentum;
mod nesterov;
mod rmsprop;
mod sgd;

use std::fmt::{self, Debug};

use serde::{Deserialize, Serialize};

use crate::{Error, Scalar};

/// What the file of an update rule says of it.
trait Definition: Copy {
    /// Its name in sentences.
    const NAME: &'static str;

    /// Whether it keeps a first and a second moment.
    const MOMENTS: [bool; 2];

    /// The numbers of one step, in the network's number type.
    type Constants<T: Scalar>: Copy + Debug;

    /// Checks each number as what it is: a fraction below 1, or positive.
    fn check(self, fraction: Check<'_>, positive: Check<'_>) -> Result<(), Error>;

    /// What the step does to each parameter.
    fn constants<T: Scalar>(self, step: Step) -> Self::Constants<T>;

    /// Changes some parameters, each alone, given their gradient, in which no number is too small to matter but 0, and their
    /// moments: empty where the rule has none.
    fn apply<T: Scalar>(constants: Self::Constants<T>, slices: Slices<'_, T>);
}

/// Refuses a number, by its name.
pub(super) type Check<'a> = &'a dyn Fn(&'static str, f64) -> Result<(), Error>;

/// One step, before it is in the network's number type.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) learning_rate: f64,
    /// What weight decay multiplies the parameters by.
    pub(super) keep: f64,
    /// How many steps were made, this one included.
    pub(super) number: u64,
}

/// Some parameters with what belongs to them.
struct Slices<'a, T> {
    parameters: &'a mut [T],
    gradient: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
}

/// What one step does to each parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule<T: Scalar>(Kind<T>);

impl<T: Scalar> Rule<T> {
    pub(super) fn new(rule: UpdateRule, step: Step) -> Self {
        Self(rule.constants(step))
    }

    /// Changes some parameters, given their gradient, in which no number is too small to matter but 0, and their moments. Each
    /// alone, so that it is the same in any pieces.
    pub(crate) fn apply(
        &self,
        parameters: &mut [T],
        gradient: &[T],
        first: &mut [T],
        second: &mut [T],
    ) {
        self.0.apply(Slices {
            parameters,
            gradient,
            first,
            second,
        });
    }
}

/// Makes the list below into the public enum, and passes each question on to the file of the rule.
macro_rules! update_rules {
    (
        $(#[$attribute:meta])*
        pub enum UpdateRule {
            $(
                $(#[$variant_attribute:meta])*
                $module:ident::$variant:ident $({
                    $($(#[$field_attribute:meta])* $field:ident,)*
                })?,
            )*
        }
    ) => {
        $(#[$attribute])*
        pub enum UpdateRule {
            $(
                $(#[$variant_attribute])*
                $variant $({ $($(#[$field_attribute])* $field: f64,)* })?,
            )*
        }

        /// A rule with the constants of a step.
        #[derive(Clone, Copy, Debug)]
        enum Kind<T: Scalar> {
            $($variant(<$module::$variant as Definition>::Constants<T>),)*
        }

        impl UpdateRule {
            pub(super) fn moments(self) -> [bool; 2] {
                match self {
                    $(Self::$variant { .. } => <$module::$variant as Definition>::MOMENTS,)*
                }
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => <$module::$variant as Definition>::NAME,)*
                }
            }

            pub(super) fn check(self, fraction: Check<'_>, positive: Check<'_>) -> Result<(), Error> {
                match self {
                    $(Self::$variant $({ $($field),* })? => {
                        Definition::check($module::$variant $({ $($field),* })?, fraction, positive)
                    })*
                }
            }

            fn constants<T: Scalar>(self, step: Step) -> Kind<T> {
                match self {
                    $(Self::$variant $({ $($field),* })? => {
                        Kind::$variant(Definition::constants($module::$variant $({ $($field),* })?, step))
                    })*
                }
            }
        }

        impl<T: Scalar> Kind<T> {
            fn apply(self, slices: Slices<'_, T>) {
                match self {
                    $(Self::$variant(constants) => {
                        <$module::$variant as Definition>::apply(constants, slices);
                    })*
                }
            }
        }
    };
}

update_rules! {
    /// The rule by which a gradient g changes the parameters θ, with learning rate η. The moments start at 0.
    ///
    /// | rule | update | source |
    /// |---|---|---|
    /// | SGD | θ ← θ - η·g | Robbins & Monro 1951 |
    /// | momentum μ | v ← μ·v + g; θ ← θ - η·v | Polyak 1964 |
    /// | Nesterov μ | v ← μ·v + g; θ ← θ - η·(g + μ·v) | Nesterov 1983; Sutskever et al. 2013 |
    /// | RMSprop α, ε | v ← α·v + (1-α)·g²; θ ← θ - η·g / (√v + ε) | Tieleman & Hinton 2012 |
    /// | Adam β₁, β₂, ε | m ← β₁·m + (1-β₁)·g; v ← β₂·v + (1-β₂)·g²; θ ← θ - η·m̂ / (√v̂ + ε), m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ) | Kingma & Ba 2015 |
    ///
    /// These are PyTorch's definitions: ε stands outside the root and after the bias correction.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    #[non_exhaustive]
    pub enum UpdateRule {
        /// Plain gradient descent.
        sgd::Sgd,
        /// Heavy-ball momentum.
        momentum::Momentum {
            /// μ, in [0, 1).
            momentum,
        },
        /// Nesterov's accelerated gradient.
        nesterov::Nesterov {
            /// μ, in [0, 1).
            momentum,
        },
        /// Division by the root of the mean squared gradient.
        rmsprop::RmsProp {
            /// α, in [0, 1).
            decay,
            /// ε, above 0.
            epsilon,
        },
        /// Momentum and division by the root of the mean squared gradient, both corrected for their start at 0.
        adam::Adam {
            /// β₁, in [0, 1).
            beta1,
            /// β₂, in [0, 1).
            beta2,
            /// ε, above 0.
            epsilon,
        },
    }
}

/// Its name in sentences: "Adam".
impl fmt::Display for UpdateRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The second moment after a gradient. The gradient's square would be subnormal, times 1 - β₂, where it is below the least
/// second moment.
#[inline(always)]
fn moved_square<T: Scalar>(v: T, g: T, keep: T, rest: T, smallest: T) -> T {
    let g = if g.abs() < smallest { T::zero() } else { g };
    let moved = keep * v + rest * g * g;
    if moved < T::SMALLEST_SQUARE {
        T::SMALLEST_SQUARE
    } else {
        moved
    }
}
