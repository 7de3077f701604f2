//! A fitted scaler: one type, whatever it was fitted by.

mod apply;
mod saved;

use nalgebra::{DMatrix, DMatrixView};
use serde::{Deserialize, Serialize};

use crate::memory::blank;
use crate::scalers::Map;
use crate::transform::{Columns, Tables};
use crate::{
    Affine, AnyScaler, Coefficients, Error, FitReport, Formula, NonFinite, Scalar, Threads,
    TransformReport,
};

/// A scaler after fitting: it transforms, inverts, and is saved with serde.
///
/// It holds its numbers in `f64` and works on data of either type, whichever type it was fitted to. The same values
/// give the same bits in place, into a buffer, and one sample at a time.
///
/// **Precision.** The shift is subtracted in two parts, x' = ((x - s₁) - s₂) / scale, where s₁ is the shift
/// rounded to the data's type and s₂ the remainder. For values near the shift the first difference is exact, so
/// `f32` data is scaled as well as if the statistics were exact, and 10⁹ ± 1 in `f64` comes out to the last bit. What
/// `f32` cannot hold in the first place (10⁹ ± 1: its neighbours are 64 apart) is lost before any scaler sees it.
/// Features whose shift or scale the data's type cannot hold go through `f64`.
///
/// **Values outside the range seen in fitting** are transformed like any other, and counted in the [`TransformReport`]. One so
/// far out that its image exceeds the type (10³⁰ in `f32`, where the deviation is 10⁻¹⁰) becomes infinite.
///
/// **NaN and infinities** in a transform follow the scaler's [`NonFinite`] policy: an error, or NaN passed and counted.
/// An inverse passes NaN.
///
/// **Saved** as `{"format": 1, ...}`; a file of another format is refused with a sentence that says so.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, FittedScaler, Scaler, StandardScaler};
///
/// let training = DMatrix::from_column_slice(2, 3, &[1.0_f32, 10.0, 2.0, 20.0, 3.0, 30.0]);
/// let fitted = StandardScaler::new().fit(&FitData::new(&training))?;
///
/// let json = serde_json::to_string(&fitted)?;
/// let loaded: FittedScaler = serde_json::from_str(&json)?;
///
/// let mut sample = [4.0_f32, 20.0];
/// let report = loaded.transform_sample(&mut sample)?;
/// assert_eq!(report.feature(0).above, 1); // 4 is more than the 3 seen in fitting
/// assert_eq!(sample[1], 0.0);
/// loaded.inverse_sample(&mut sample)?;
/// assert_eq!(sample, [4.0, 20.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FittedScaler {
    body: Body,
    tables: Tables,
    threads: Threads,
}

/// All that was learned; the tables follow from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) scaler: AnyScaler,
    pub(crate) names: Vec<String>,
    pub(crate) min: Vec<f64>,
    pub(crate) max: Vec<f64>,
    pub(crate) map: Map,
    pub(crate) report: FitReport,
}

/// "standard scaler of 13 features".
impl std::fmt::Display for FittedScaler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let features = match self.n_features() {
            1 => "feature",
            _ => "features",
        };
        write!(
            f,
            "{} scaler of {} {features}",
            self.body.scaler,
            self.n_features()
        )
    }
}

impl PartialEq for FittedScaler {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

impl FittedScaler {
    pub(crate) fn new(body: Body) -> Self {
        let n = body.names.len();
        let (zeros, ones) = (vec![0.0; n], vec![1.0; n]);
        let (shift, scale) = match body.map.affine() {
            Some(affine) => (&affine.shift, &affine.scale),
            None => (&zeros, &ones),
        };
        let tables = Tables::new(&Columns {
            shift,
            scale,
            min: &body.min,
            max: &body.max,
        });
        Self {
            body,
            tables,
            threads: Threads::default(),
        }
    }

    /// Chooses how many threads a transform or an inverse of large data may use. It is not saved, and the results are
    /// the same to the last bit with any number of them.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// The number of features fitted.
    pub fn n_features(&self) -> usize {
        self.body.names.len()
    }

    /// The names given in fitting; `feature 0`, `feature 1`... where none were.
    pub fn feature_names(&self) -> &[String] {
        &self.body.names
    }

    /// The scaler that was fitted.
    pub fn scaler(&self) -> &AnyScaler {
        &self.body.scaler
    }

    /// What fitting found in the training data.
    pub fn report(&self) -> &FitReport {
        &self.body.report
    }

    /// The least value of each feature seen in fitting.
    pub fn min(&self) -> &[f64] {
        &self.body.min
    }

    /// The greatest value of each feature seen in fitting.
    pub fn max(&self) -> &[f64] {
        &self.body.max
    }

    /// Shift and scale of x' = (x - shift) / scale, when that is all the scaler does: for folding it into the first
    /// layer of a network. None for [`SmoothClip`](crate::SmoothClip), [`QuantileTransformer`](crate::QuantileTransformer)
    /// and [`PerSample`](crate::PerSample).
    pub fn affine(&self) -> Option<Affine> {
        let map = &self.body.map;
        map.affine().filter(|_| map.is_affine()).cloned()
    }

    /// All that the transform does, for writing it in another form.
    pub fn formula(&self) -> Formula<'_> {
        self.body.map.formula()
    }

    /// [`affine`](Self::affine) in the data's own type, for scaling values where they are used. `None` where that is, and
    /// where a shift or scale is one that the type cannot hold, so that the transform goes through `f64`.
    pub fn coefficients<T: Scalar>(&self) -> Option<Coefficients<T>> {
        if !self.body.map.is_affine() {
            return None;
        }
        self.tables.of::<T>().coefficients(self.n_features())
    }

    /// Whether the scaler has an inverse; all but [`PerSample`](crate::PerSample) have.
    pub fn is_invertible(&self) -> bool {
        self.body.map.is_invertible()
    }

    /// Transforms `(n_features, n_samples)` in place. On an error the matrix is as it was. No samples is fine.
    ///
    /// # Errors
    /// [`Error::FeatureCount`]; [`Error::NonFinite`] unless the scaler was fitted with [`NonFinite::Ignore`].
    pub fn transform_in_place<T: Scalar>(
        &self,
        samples: &mut DMatrix<T>,
    ) -> Result<TransformReport, Error> {
        self.check_features(samples.nrows())?;
        let n_samples = samples.ncols();
        transform_values(self, samples.as_mut_slice(), n_samples)
    }

    /// Transforms `samples` into `destination`, both `(n_features, n_samples)`. On one [thread](Self::threads) nothing is
    /// allocated when all values are within the range seen in fitting and the source has no gaps between its columns. On
    /// an error the destination's content is unspecified.
    ///
    /// This is the fastest way for large data: each value is read once and written once, and a destination that is used
    /// again costs the operating system nothing. To hand out new memory takes it several times as long as to scale it.
    ///
    /// # Errors
    /// As [`transform_in_place`](Self::transform_in_place), and [`Error::DestinationShape`].
    pub fn transform_into<'a, T: Scalar>(
        &self,
        samples: impl Into<DMatrixView<'a, T>>,
        destination: &mut DMatrix<T>,
    ) -> Result<TransformReport, Error> {
        let samples = samples.into();
        self.check_shapes(samples, destination)?;
        transform_view(self, samples, destination.as_mut_slice())
    }

    /// The transformed matrix. The report is dropped: use the other methods to see it.
    ///
    /// On large data the new memory takes longer than the arithmetic: prefer
    /// [`transform_in_place`](Self::transform_in_place), or [`transform_into`](Self::transform_into) a matrix that is there.
    ///
    /// # Errors
    /// As [`transform_in_place`](Self::transform_in_place).
    pub fn transform<T: Scalar>(&self, samples: &DMatrix<T>) -> Result<DMatrix<T>, Error> {
        self.check_features(samples.nrows())?;
        let mut transformed = blank(samples.shape());
        self.transform_into(samples, &mut transformed)?;
        Ok(transformed)
    }

    /// Transforms one sample in place: its features, in the order of fitting. On an error it is as it was.
    ///
    /// # Errors
    /// As [`transform_in_place`](Self::transform_in_place).
    pub fn transform_sample<T: Scalar>(&self, sample: &mut [T]) -> Result<TransformReport, Error> {
        self.check_features(sample.len())?;
        transform_values(self, sample, 1)
    }

    /// Undoes the transform in place: `(n_features, n_samples)` of scaled values back to the features' own units.
    ///
    /// # Errors
    /// [`Error::FeatureCount`]; [`Error::NotInvertible`] for [`PerSample`](crate::PerSample).
    pub fn inverse_in_place<T: Scalar>(&self, scaled: &mut DMatrix<T>) -> Result<(), Error> {
        self.check_features(scaled.nrows())?;
        inverse_values(self, scaled.as_mut_slice())
    }

    /// Undoes the transform of `scaled` into `destination`, both `(n_features, n_samples)`.
    ///
    /// # Errors
    /// As [`inverse_in_place`](Self::inverse_in_place), and [`Error::DestinationShape`].
    pub fn inverse_into<'a, T: Scalar>(
        &self,
        scaled: impl Into<DMatrixView<'a, T>>,
        destination: &mut DMatrix<T>,
    ) -> Result<(), Error> {
        let scaled = scaled.into();
        self.check_shapes(scaled, destination)?;
        inverse_view(self, scaled, destination.as_mut_slice())
    }

    /// The matrix in the features' own units.
    ///
    /// # Errors
    /// As [`inverse_in_place`](Self::inverse_in_place).
    pub fn inverse<T: Scalar>(&self, scaled: &DMatrix<T>) -> Result<DMatrix<T>, Error> {
        self.check_features(scaled.nrows())?;
        let mut raw = blank(scaled.shape());
        self.inverse_into(scaled, &mut raw)?;
        Ok(raw)
    }

    /// Undoes the transform of one sample in place.
    ///
    /// # Errors
    /// As [`inverse_in_place`](Self::inverse_in_place).
    pub fn inverse_sample<T: Scalar>(&self, sample: &mut [T]) -> Result<(), Error> {
        self.check_features(sample.len())?;
        inverse_values(self, sample)
    }

    fn non_finite(&self) -> NonFinite {
        self.body.scaler.non_finite_policy()
    }

    fn check_features(&self, got: usize) -> Result<(), Error> {
        let expected = self.n_features();
        if got == expected {
            Ok(())
        } else {
            Err(Error::FeatureCount { expected, got })
        }
    }

    fn check_shapes<T: Scalar>(
        &self,
        source: DMatrixView<'_, T>,
        destination: &DMatrix<T>,
    ) -> Result<(), Error> {
        self.check_features(source.nrows())?;
        if destination.shape() == source.shape() {
            return Ok(());
        }
        Err(Error::DestinationShape {
            expected: source.shape(),
            got: destination.shape(),
        })
    }
}

// Compiled here for both number types, and not again in every crate that scales data.
smallbatch_base::compiled! {
    fn transform_values(
        fitted: &'a FittedScaler,
        values: &'a mut [T],
        n_samples: usize,
    ) -> Result<TransformReport, Error> = FittedScaler::transform_values;

    fn transform_view(
        fitted: &'a FittedScaler,
        samples: DMatrixView<'a, T>,
        target: &'a mut [T],
    ) -> Result<TransformReport, Error> = FittedScaler::transform_view;

    fn inverse_values(fitted: &'a FittedScaler, values: &'a mut [T]) -> Result<(), Error> =
        FittedScaler::inverse_values;

    fn inverse_view(
        fitted: &'a FittedScaler,
        scaled: DMatrixView<'a, T>,
        target: &'a mut [T],
    ) -> Result<(), Error> = FittedScaler::inverse_view;
}
