//! Where a backward pass puts the gradients of the weights: into a vector, or into the parameters at once.

use std::ops::Range;

use crate::kernel::{Delta, Input, Onto, Share, row_sums, weight_gradient};
use crate::optimizer::Rule;
use crate::parameters::{Layout, Rows};
use crate::{Optimizer, Scalar};

/// A weight's rows that are updated at a time: their gradient stays in the first level of cache.
const BLOCK_BYTES: usize = 96 * 1024;

/// How many rows of a weight the kernel takes at a time.
const TILE_ROWS: usize = 24;

/// Where the backward pass puts what it finds.
pub(crate) enum Destination<'a, T: Scalar> {
    /// Adds to the gradient, or puts it in the place of what is there.
    Gradient {
        parameters: &'a [T],
        gradient: &'a mut [T],
        replaces: bool,
    },
    /// Adds the gradient to the parameters, layer by layer as soon as the layer's weight is not needed any more: plain descent
    /// without a gradient in memory, where the deltas were scaled by minus the rate
    /// ([`DeltaScale`](crate::loss::DeltaScale)). Equal to the update by way of
    /// a gradient to rounding, as long as neither leaves the range of the number type.
    Descent { parameters: &'a mut [T] },
    /// Updates the parameters by a rule, some rows of a weight at a time, whose gradient does not leave the first level of
    /// cache.
    Update {
        parameters: &'a mut [T],
        rule: Rule<T>,
        first: &'a mut [T],
        second: &'a mut [T],
    },
}

/// The same for some units of a layer.
pub(crate) enum Target<'a, T: Scalar> {
    /// Or replaces.
    Add(Rows<'a, T>, bool),
    Update {
        parameters: Rows<'a, T>,
        rule: &'a Rule<T>,
        first: Rows<'a, T>,
        second: Rows<'a, T>,
    },
}

impl<'a, T: Scalar> Destination<'a, T> {
    /// The parameters themselves, by an optimizer's next step; added to where that is a plain descent.
    pub(crate) fn step(
        parameters: &'a mut [T],
        optimizer: &'a mut Optimizer<T>,
        learning_rate: f64,
        is_plain_descent: bool,
    ) -> Self {
        let (rule, first, second) = optimizer.next_step(learning_rate);
        if is_plain_descent {
            Self::Descent { parameters }
        } else {
            Self::Update {
                parameters,
                rule,
                first,
                second,
            }
        }
    }
}

impl<T: Scalar> Destination<'_, T> {
    pub(crate) fn parameters(&self) -> &[T] {
        match self {
            Self::Gradient { parameters, .. } => parameters,
            Self::Descent { parameters } | Self::Update { parameters, .. } => parameters,
        }
    }

    /// All of a layer.
    pub(crate) fn layer(&mut self, layout: &Layout, layer: usize) -> Target<'_, T> {
        match self {
            Self::Gradient {
                gradient, replaces, ..
            } => Target::Add(layout.rows_mut(gradient, layer), *replaces),
            Self::Descent { parameters } => Target::Add(layout.rows_mut(parameters, layer), false),
            Self::Update {
                parameters,
                rule,
                first,
                second,
            } => Target::Update {
                parameters: layout.rows_mut(parameters, layer),
                rule,
                first: layout.rows_mut(first, layer),
                second: layout.rows_mut(second, layer),
            },
        }
    }
}

impl<'a, T: Scalar> Target<'a, T> {
    /// The next units' share, which is taken away from it.
    pub(crate) fn split_off(&mut self, n_units: usize) -> Self {
        match self {
            Self::Add(rows, replaces) => Self::Add(rows.split_off(n_units), *replaces),
            Self::Update {
                parameters,
                rule,
                first,
                second,
            } => Self::Update {
                parameters: parameters.split_off(n_units),
                rule,
                first: first.split_off(n_units),
                second: second.split_off(n_units),
            },
        }
    }

    /// Adds `dW = dZ·Aᵀ` and `db = dZ·1` of these units; the inputs with the columns of the weight that they belong to.
    pub(crate) fn add<'i>(
        self,
        n_samples: usize,
        delta: &[T],
        inputs: impl Iterator<Item = (Range<usize>, Input<'i, T>)> + Clone,
        scratch: &mut [T],
    ) where
        T: 'i,
    {
        match self {
            Self::Add(rows, replaces) => {
                let (values, panel) = (delta, rows.bias.len() * T::PANEL);
                let delta = Delta { values, panel };
                for (columns, input) in inputs {
                    let onto = Onto {
                        weight: &mut *rows.weight,
                        fan_in: rows.fan_in,
                        columns,
                        replaces,
                    };
                    let share = Share {
                        n_samples,
                        delta,
                        input,
                    };
                    weight_gradient(onto, &[share]);
                }
                if replaces {
                    rows.bias.fill(T::zero());
                }
                row_sums(rows.bias, &[values]);
            }
            Self::Update {
                parameters,
                rule,
                mut first,
                mut second,
            } => {
                let Rows {
                    weight,
                    bias,
                    fan_in,
                } = parameters;
                let (n_units, n_rows) = (bias.len(), block_rows::<T>(fan_in));
                let panel = n_units * T::PANEL;
                for (block, weight) in weight.chunks_mut(n_rows * fan_in).enumerate() {
                    let gradient = &mut scratch[..weight.len()];
                    let values = &delta[block * n_rows * T::PANEL..];
                    for (columns, input) in inputs.clone() {
                        let onto = Onto {
                            weight: &mut *gradient,
                            fan_in,
                            columns,
                            replaces: true,
                        };
                        let share = Share {
                            n_samples,
                            delta: Delta { values, panel },
                            input,
                        };
                        weight_gradient(onto, &[share]);
                    }
                    let n_rows = weight.len() / fan_in;
                    let (first, second) = (first.next_rows(n_rows), second.next_rows(n_rows));
                    rule.apply(weight, gradient, first, second);
                }
                let gradient = &mut scratch[..n_units];
                gradient.fill(T::zero());
                row_sums(gradient, &[delta]);
                rule.apply(bias, gradient, first.bias, second.bias);
            }
        }
    }
}

/// How many rows of a weight are updated at a time.
fn block_rows<T>(fan_in: usize) -> usize {
    (BLOCK_BYTES / size_of::<T>() / fan_in / TILE_ROWS).max(1) * TILE_ROWS
}

/// How much room [`Target::add`] needs for so many units: some rows' gradient, or all biases'.
pub(crate) fn scratch<T>(n_units: usize, fan_in: usize) -> usize {
    (block_rows::<T>(fan_in).min(n_units) * fan_in).max(n_units)
}
