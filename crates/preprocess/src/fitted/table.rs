//! What a fitted scaler looks up for each value, in the data's own type.

use crate::Scalar;
use crate::lanes::lanes;

/// A row of the tables of this length fills the vector unit.
const ENOUGH: usize = 128;

/// The tables for both types, made once when a scaler is fitted or loaded.
#[derive(Clone, Debug)]
pub struct Tables {
    pub(crate) f32: Table<f32>,
    pub(crate) f64: Table<f64>,
}

/// Shift, scale and range, repeated so that one row of the tables covers several short samples: the loop over a
/// row is then long enough to fill the vector unit, and a whole number of vectors long.
#[derive(Clone, Debug)]
pub struct Table<T> {
    pub(crate) lanes: usize,
    /// The shift in two parts: `shift` is the nearest number of type T, `rest` what that leaves of the `f64`.
    /// For values near the shift, x - shift is exact, so (x - shift) - rest is as good as T allows.
    pub(crate) shift: Vec<T>,
    pub(crate) rest: Vec<T>,
    pub(crate) scale: Vec<T>,
    pub(crate) min: Vec<T>,
    pub(crate) max: Vec<T>,
    /// Whether T cannot hold shift and scale, so that each value must go through `f64`.
    pub(crate) wide: bool,
}

/// The plain numbers the tables are made from, one a feature.
pub(crate) struct Columns<'a> {
    pub(crate) shift: &'a [f64],
    pub(crate) scale: &'a [f64],
    pub(crate) min: &'a [f64],
    pub(crate) max: &'a [f64],
}

impl Tables {
    pub(crate) fn new(columns: &Columns<'_>) -> Self {
        Self {
            f32: Table::new(columns),
            f64: Table::new(columns),
        }
    }
}

impl<T: Scalar> Table<T> {
    fn new(columns: &Columns<'_>) -> Self {
        let n_features = columns.shift.len();
        let lanes = lanes(n_features, ENOUGH);
        let repeat = |value: &dyn Fn(usize) -> f64| -> Vec<T> {
            (0..lanes)
                .map(|lane| T::narrow(value(lane % n_features)))
                .collect()
        };
        // An infinity must be outside even a range that reaches beyond the type.
        let repeat_finite = |values: &[f64]| -> Vec<T> {
            (0..lanes)
                .map(|lane| narrow_finite(values[lane % n_features]))
                .collect()
        };
        let hard = |j: usize| {
            let scale = columns.scale[j];
            let far = [columns.shift[j], columns.min[j], columns.max[j], scale];
            scale < T::SMALLEST_NORMAL || far.iter().any(|x| x.abs() > T::LARGEST / 4.0)
        };
        Self {
            lanes,
            shift: repeat(&|j| columns.shift[j]),
            rest: repeat(&|j| {
                let shift = columns.shift[j];
                let rest = shift - T::narrow(shift).to_f64();
                if rest.is_finite() { rest } else { 0.0 }
            }),
            scale: repeat(&|j| columns.scale[j]),
            min: repeat_finite(columns.min),
            max: repeat_finite(columns.max),
            wide: (0..n_features).any(hard),
        }
    }
}

/// The nearest finite number of the type: only an infinity is beyond an end of a range.
fn narrow_finite<T: Scalar>(x: f64) -> T {
    T::narrow(x.clamp(-T::LARGEST, T::LARGEST))
}
