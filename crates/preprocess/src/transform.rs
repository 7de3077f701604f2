//! What a kind of transform is, the loops over values, and the tables that they look up.

pub(crate) mod kernels;
mod table;

use serde::{Deserialize, Serialize};

use crate::{Error, Scalar, TransformReport};
pub(crate) use kernels::{Linear, Shape};
pub use table::Coefficients;
pub(crate) use table::{Columns, Table, Tables};

/// A kind of transform, with what was fitted: what a scaler's file says of it.
pub(crate) trait Transform<'a>: Copy {
    /// Shift and scale that the tables hold; `None` for 0 and 1.
    fn affine(self) -> Option<&'a Affine>;

    /// Whether x' = (x - shift) / scale is all.
    fn is_affine(self) -> bool;

    /// Whether it can be undone.
    fn is_invertible(self) -> bool;

    /// Refuses what only a damaged file holds.
    fn check(self, n_features: usize) -> Result<(), Error>;

    /// Transforms whole samples.
    fn forward<T: Scalar>(self, values: &mut [T], tables: &Tables, report: &mut TransformReport);

    /// The same into a slice of the same length, and whether a value was outside the range seen in fitting.
    fn forward_into<T: Scalar>(
        self,
        values: &[T],
        target: &mut [T],
        tables: &Tables,
        report: &mut TransformReport,
    ) -> bool {
        target.copy_from_slice(values);
        self.forward(target, tables, report);
        kernels::any_outside(values, tables.of::<T>())
    }

    /// Undoes it; refused where it cannot be.
    fn backward<T: Scalar>(self, values: &mut [T], tables: &Tables) -> Result<(), Error>;
}

/// x' = (x - shift) / scale, feature by feature.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
///
/// let x = DMatrix::from_column_slice(1, 2, &[2.0, 6.0]);
/// let affine = StandardScaler::new().fit(&FitData::new(&x))?.affine().unwrap();
/// assert_eq!((affine.shift[0], affine.scale[0]), (4.0, 2.0));
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    /// What is subtracted, one a feature, in the feature's unit.
    pub shift: Vec<f64>,
    /// What is then divided by, one a feature, in the feature's unit; positive.
    pub scale: Vec<f64>,
}

/// x' = (x - shift) / scale, and a shape after it.
#[derive(Clone, Copy)]
pub(crate) struct Shaped<'a, S> {
    pub(crate) affine: &'a Affine,
    pub(crate) shape: S,
}

impl<'a, S: Shape> Transform<'a> for Shaped<'a, S> {
    fn affine(self) -> Option<&'a Affine> {
        Some(self.affine)
    }

    fn is_affine(self) -> bool {
        S::IS_LINEAR
    }

    fn is_invertible(self) -> bool {
        true
    }

    fn check(self, n_features: usize) -> Result<(), Error> {
        let damaged = |reason: String| Err(Error::Damaged { reason });
        if self.affine.shift.len() != n_features || self.affine.scale.len() != n_features {
            return damaged(format!(
                "shift and scale are not those of {n_features} features"
            ));
        }
        let sound =
            |(shift, scale): (&f64, &f64)| shift.is_finite() && scale.is_finite() && *scale > 0.0;
        match self
            .affine
            .shift
            .iter()
            .zip(&self.affine.scale)
            .position(|pair| !sound(pair))
        {
            Some(j) => damaged(format!("shift and scale of feature {j} are not usable")),
            None => Ok(()),
        }
    }

    fn forward<T: Scalar>(self, values: &mut [T], tables: &Tables, _: &mut TransformReport) {
        let table = tables.of::<T>();
        if table.wide {
            kernels::forward_wide(values, tables.of(), self.shape);
        } else {
            kernels::forward(values, table, self.shape);
        }
    }

    fn forward_into<T: Scalar>(
        self,
        values: &[T],
        target: &mut [T],
        tables: &Tables,
        report: &mut TransformReport,
    ) -> bool {
        let table = tables.of::<T>();
        if !table.wide {
            return kernels::forward_into(values, target, table, self.shape);
        }
        target.copy_from_slice(values);
        self.forward(target, tables, report);
        kernels::any_outside(values, table)
    }

    fn backward<T: Scalar>(self, values: &mut [T], tables: &Tables) -> Result<(), Error> {
        let table = tables.of::<T>();
        if table.wide {
            kernels::backward_wide(values, tables.of(), self.shape);
        } else {
            kernels::backward(values, table, self.shape);
        }
        Ok(())
    }
}
