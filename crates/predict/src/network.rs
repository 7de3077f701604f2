//! The network: sums and activations, in one order and without fused operations.

use alloc::vec::Vec;

use smallbatch_base::Elementary;

use crate::List;

/// Numbers below 2^-63 count as 0, as in training: beside what they are added to they are nothing.
const SMALLEST: f32 = f32::from_bits((127 - 63) << 23);
/// Beyond it an input is cut: its square is finite.
const MOST: f64 = 1e18;

/// The function of hidden units.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "file",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum HiddenActivation {
    /// z.
    Identity,
    /// max(z, 0).
    Relu,
    /// z if z > 0, else slope·z.
    LeakyRelu {
        /// The slope for negative z.
        slope: f64,
    },
    /// tanh z.
    Tanh,
    /// 1 / (1 + e^-z).
    Sigmoid,
    /// z·sigmoid(z).
    Silu,
    /// z·Φ(z), Φ the normal distribution function.
    Gelu,
    /// z if z > 0, else alpha·(e^z - 1).
    Elu {
        /// The limit at minus infinity is -alpha.
        alpha: f64,
    },
    /// ln(1 + e^z).
    Softplus,
}

impl HiddenActivation {
    /// f(z).
    #[inline(always)]
    pub fn value(self, z: f32) -> f32 {
        #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
        match self {
            Self::Identity => z,
            Self::Relu if z < 0.0 => 0.0,
            Self::Relu => z,
            Self::LeakyRelu { slope } if z < 0.0 => flush(slope as f32 * z),
            Self::LeakyRelu { .. } => z,
            Self::Tanh => z.fast_tanh(),
            Self::Sigmoid => sigmoid(z),
            Self::Silu => z * sigmoid(z),
            Self::Gelu => z * z.normal_by((-0.5 * z * z).exp_of_negative()).0,
            Self::Elu { .. } if z > 0.0 => z,
            Self::Elu { alpha } => flush(alpha as f32 * z.exp_m1_of_negative()),
            Self::Softplus => {
                let e = (-z.abs()).exp_of_negative();
                (if z > 0.0 { z } else { 0.0 }) + e.fast_ln_1p()
            }
        }
    }
}

/// The number; 0 in the place of one that is too small to matter. NaN stays NaN.
#[inline(always)]
fn flush(x: f32) -> f32 {
    if x.abs() < SMALLEST { 0.0 } else { x }
}

#[inline(always)]
fn sigmoid(z: f32) -> f32 {
    let e = (-z.abs()).exp_of_negative();
    let of_size = 1.0 / (1.0 + e);
    if z < 0.0 { e * of_size } else { of_size }
}

/// z = W·a + b.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// W, input by input: that of input i to unit u is at i·`n_units` + u.
    pub weights: List<f32>,
    /// b, one a unit.
    pub bias: List<f32>,
}

impl Layer {
    /// How many units.
    pub fn n_units(&self) -> usize {
        self.bias.len()
    }

    /// How many inputs.
    pub fn n_inputs(&self) -> usize {
        self.weights.len() / self.bias.len().max(1)
    }

    /// `sums = W·inputs + b`: for each unit the bias first, then input by input.
    ///
    /// Units are summed side by side, in blocks of a length that the compiler knows: 13-64-64-3 takes half the time that it takes where
    /// the last units are a slice (the bench `predictor`).
    fn sums(&self, inputs: &[f32], sums: &mut [f32]) {
        let n_units = self.n_units();
        let mut first = 0;
        while n_units - first >= 32 {
            self.block::<32>(first, inputs, sums);
            first += 32;
        }
        for length in [16, 8, 4] {
            if n_units - first >= length {
                match length {
                    16 => self.block::<16>(first, inputs, sums),
                    8 => self.block::<8>(first, inputs, sums),
                    _ => self.block::<4>(first, inputs, sums),
                }
                first += length;
            }
        }
        match n_units - first {
            3 => self.block::<3>(first, inputs, sums),
            2 => self.block::<2>(first, inputs, sums),
            1 => self.block::<1>(first, inputs, sums),
            _ => {}
        }
    }

    /// The sums of N units from the first on, in registers.
    fn block<const N: usize>(&self, first: usize, inputs: &[f32], sums: &mut [f32]) {
        let mut registers = [0.0; N];
        registers.copy_from_slice(&self.bias[first..first + N]);
        let rows = self.weights.chunks_exact(self.n_units());
        for (row, &input) in rows.zip(inputs) {
            for (sum, weight) in registers.iter_mut().zip(&row[first..first + N]) {
                *sum += weight * input;
            }
        }
        sums[first..first + N].copy_from_slice(&registers.map(flush));
    }
}

/// A multi-layer perceptron: layers, with an activation between each two.
///
/// A sum is the bias and then the products, input by input, each operation rounded. So the bits are the same on every processor. They are
/// those of the training library's portable way; where that uses fused operations, as on most processors, each sum differs by rounding:
/// by (n + 2)·2^-24·Σ|w·a| at most, for n inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The layers, from the inputs on. The last one's sums are the outputs.
    pub layers: List<Layer>,
    /// What becomes of the sums of all other layers.
    pub activation: HiddenActivation,
}

/// Where a [`Network`] puts its numbers: make it once, and predict often.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(crate) features: Vec<f64>,
    from: Vec<f32>,
    to: Vec<f32>,
}

impl Network {
    /// How many inputs.
    pub fn n_inputs(&self) -> usize {
        self.layers.first().map_or(0, Layer::n_inputs)
    }

    /// How many outputs.
    pub fn n_outputs(&self) -> usize {
        self.layers.last().map_or(0, Layer::n_units)
    }

    /// The outputs for these inputs: logits of classes, or numbers. Allocates in the first call only.
    ///
    /// # Panics
    /// If there are fewer inputs than [`n_inputs`](Self::n_inputs).
    pub fn outputs<'a>(&self, inputs: &[f32], scratch: &'a mut Scratch) -> &'a mut [f32] {
        let inputs = inputs[..self.n_inputs()].iter().copied();
        self.outputs_of(inputs, &mut scratch.from, &mut scratch.to)
    }

    /// The same for features in double precision, scaled, which are in the scratch.
    pub(crate) fn outputs_of_features<'a>(&self, scratch: &'a mut Scratch) -> &'a mut [f32] {
        #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
        let inputs = scratch.features.iter().map(|x| x.clamp(-MOST, MOST) as f32);
        self.outputs_of(inputs, &mut scratch.from, &mut scratch.to)
    }

    fn outputs_of<'a>(
        &self,
        inputs: impl Iterator<Item = f32>,
        from: &'a mut Vec<f32>,
        to: &'a mut Vec<f32>,
    ) -> &'a mut [f32] {
        let widest = self.layers.iter().map(Layer::n_units).max().unwrap_or(0);
        let widest = widest.max(self.n_inputs());
        if from.len().min(to.len()) < widest {
            from.resize(widest, 0.0);
            to.resize(widest, 0.0);
        }
        for (input, x) in from.iter_mut().zip(inputs) {
            *input = flush(x);
        }
        let last = self.layers.len().saturating_sub(1);
        for (at, layer) in self.layers.iter().enumerate() {
            layer.sums(from, to);
            core::mem::swap(from, to);
            if at < last {
                activate(self.activation, &mut from[..layer.n_units()]);
            }
        }
        &mut from[..self.n_outputs()]
    }
}

/// One loop for each function, so that each is compiled to vectors where there are some.
fn activate(activation: HiddenActivation, values: &mut [f32]) {
    macro_rules! each {
        ($($function:pat => $with:expr,)*) => {
            match activation {
                $($function => values.iter_mut().for_each(|z| *z = $with.value(*z)),)*
            }
        };
    }
    each! {
        HiddenActivation::Identity => HiddenActivation::Identity,
        HiddenActivation::Relu => HiddenActivation::Relu,
        HiddenActivation::LeakyRelu { slope } => HiddenActivation::LeakyRelu { slope },
        HiddenActivation::Tanh => HiddenActivation::Tanh,
        HiddenActivation::Sigmoid => HiddenActivation::Sigmoid,
        HiddenActivation::Silu => HiddenActivation::Silu,
        HiddenActivation::Gelu => HiddenActivation::Gelu,
        HiddenActivation::Elu { alpha } => HiddenActivation::Elu { alpha },
        HiddenActivation::Softplus => HiddenActivation::Softplus,
    }
}

/// Logits into probabilities, in place.
pub(crate) fn softmax(logits: &mut [f32]) {
    let Some(&first) = logits.first() else { return };
    let largest = logits.iter().fold(first, |a, &z| if z > a { z } else { a });
    let mut sum = 0.0;
    for z in logits.iter_mut() {
        *z = (*z - largest).fast_exp();
        sum += *z;
    }
    logits.iter_mut().for_each(|e| *e /= sum);
}
