//! What a fitted scaler looks up for each value, in the data's own type.

use smallbatch_base::PerType;

use crate::Scalar;
use crate::lanes::lanes;

/// A row of the tables of this length fills the vector unit.
const ENOUGH: usize = 128;

/// The tables for both types, made once when a scaler is fitted or loaded.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    pub(crate) n_features: usize,
    f32: Table<f32>,
    f64: Table<f64>,
}

/// Shift, scale and range, repeated so that one row of the tables covers several short samples: the loop over a
/// row is then long enough to fill the vector unit, and a whole number of vectors long.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
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

/// Shift and scale of x' = ((x - shift) - rest) / scale in the data's own type, one of each a feature: what
/// [`FittedScaler::transform`](crate::FittedScaler::transform) computes with, for those who scale values where they are used
/// instead of storing them scaled. The same three operations give the same bits.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
///
/// let x = DMatrix::from_column_slice(1, 3, &[1e6_f32, 1.000_001e6, 1.000_002_5e6]);
/// let fitted = StandardScaler::new().fit(&FitData::new(&x))?;
/// let by = fitted.coefficients::<f32>().unwrap();
/// let scaled = x.map(|x| ((x - by.shift[0]) - by.rest[0]) / by.scale[0]);
/// assert_eq!(scaled, fitted.transform(&x)?);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficients<T> {
    /// What is subtracted first: the nearest number of the type to the shift.
    pub shift: Vec<T>,
    /// What is subtracted then: what the shift has beyond that.
    pub rest: Vec<T>,
    /// What is then divided by; positive.
    pub scale: Vec<T>,
}

impl Tables {
    pub(crate) fn new(columns: &Columns<'_>) -> Self {
        Self {
            n_features: columns.shift.len(),
            f32: Table::new(columns),
            f64: Table::new(columns),
        }
    }

    /// That of one type.
    pub(crate) fn of<T: Scalar>(&self) -> &Table<T> {
        T::per_type::<OfType>(self)
    }
}

/// [`Tables::of`].
struct OfType;

impl PerType for OfType {
    type Arguments<'a, T: Scalar> = &'a Tables;
    type Output<'a, T: Scalar> = &'a Table<T>;

    #[inline]
    fn narrow<'a>(tables: Self::Arguments<'a, f32>) -> Self::Output<'a, f32> {
        &tables.f32
    }

    #[inline]
    fn wide<'a>(tables: Self::Arguments<'a, f64>) -> Self::Output<'a, f64> {
        &tables.f64
    }
}

impl<T: Scalar> Table<T> {
    fn new(columns: &Columns<'_>) -> Self {
        let n_features = columns.shift.len();
        let lanes = lanes(n_features, ENOUGH);
        let repeat = |value: &dyn Fn(usize) -> f64| -> Vec<T> {
            (0..lanes)
                .map(|lane| T::of(value(lane % n_features)))
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
                let rest = shift - T::of(shift).to_f64();
                if rest.is_finite() { rest } else { 0.0 }
            }),
            scale: repeat(&|j| columns.scale[j]),
            min: repeat_finite(columns.min),
            max: repeat_finite(columns.max),
            wide: (0..n_features).any(hard),
        }
    }
}

impl<T: Scalar> Table<T> {
    /// The numbers of one sample, unless they must be computed with in `f64`.
    pub(crate) fn coefficients(&self, n_features: usize) -> Option<Coefficients<T>> {
        (!self.wide).then(|| Coefficients {
            shift: self.shift[..n_features].to_vec(),
            rest: self.rest[..n_features].to_vec(),
            scale: self.scale[..n_features].to_vec(),
        })
    }
}

/// The nearest finite number of the type: only an infinity is beyond an end of a range.
fn narrow_finite<T: Scalar>(x: f64) -> T {
    T::of(x.clamp(-T::LARGEST, T::LARGEST))
}
