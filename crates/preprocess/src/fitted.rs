//! A fitted scaler: one type, whatever it was fitted by.

mod kernels;
mod map;
mod saved;
mod table;

use nalgebra::{DMatrix, DMatrixView};
use serde::{Deserialize, Serialize};

use crate::fit_data::for_each_block;
use crate::stats::refuse_non_finite;
use crate::{AnyScaler, Error, FitReport, NonFinite, Scalar, TransformReport};
use kernels::Shape;
pub use map::Affine;
pub(crate) use map::Map;
pub(crate) use table::{Table, Tables};

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
/// **Values outside the range seen in fitting** are transformed like any other, and counted in the [`TransformReport`].
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "saved::Saved", into = "saved::Saved")]
pub struct FittedScaler {
    body: Body,
    tables: Tables,
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

impl PartialEq for FittedScaler {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

/// Values handled at a time: they are looked at twice, and stay in the first cache.
const CHUNK_VALUES: usize = 4096;

impl FittedScaler {
    pub(crate) fn new(body: Body) -> Self {
        let n = body.names.len();
        let (zeros, ones) = (vec![0.0; n], vec![1.0; n]);
        let (shift, scale) = match &body.map {
            Map::Affine(affine) | Map::SmoothClip(affine) => (&affine.shift, &affine.scale),
            Map::Quantiles { .. } | Map::PerSample => (&zeros, &ones),
        };
        let tables = Tables::new(&table::Columns {
            shift,
            scale,
            min: &body.min,
            max: &body.max,
        });
        Self { body, tables }
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
        match &self.body.map {
            Map::Affine(affine) => Some(affine.clone()),
            _ => None,
        }
    }

    /// Whether the scaler has an inverse; all but [`PerSample`](crate::PerSample) have.
    pub fn is_invertible(&self) -> bool {
        self.body.map != Map::PerSample
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
        self.transform_values(samples.as_mut_slice(), n_samples)
    }

    /// Transforms `samples` into `destination`, both `(n_features, n_samples)`. Nothing is allocated when all values are
    /// within the range seen in fitting and the source has no gaps between its columns. On an error the
    /// destination's content is unspecified.
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
        let mut report = TransformReport::new(samples.ncols());
        let d = self.n_features();
        let target = destination.as_mut_slice();
        for_each_block(samples, self.chunk_samples::<T>(), |first, values| {
            let chunk = &mut target[first * d..first * d + values.len()];
            chunk.copy_from_slice(values);
            self.transform_chunk(chunk, first, &mut report)
        })?;
        Ok(report)
    }

    /// The transformed matrix. The report is dropped: use the other methods to see it.
    ///
    /// # Errors
    /// As [`transform_in_place`](Self::transform_in_place).
    pub fn transform<T: Scalar>(&self, samples: &DMatrix<T>) -> Result<DMatrix<T>, Error> {
        self.check_features(samples.nrows())?;
        let mut transformed = DMatrix::zeros(samples.nrows(), samples.ncols());
        self.transform_into(samples, &mut transformed)?;
        Ok(transformed)
    }

    /// Transforms one sample in place: its features, in the order of fitting. On an error it is as it was.
    ///
    /// # Errors
    /// As [`transform_in_place`](Self::transform_in_place).
    pub fn transform_sample<T: Scalar>(&self, sample: &mut [T]) -> Result<TransformReport, Error> {
        self.check_features(sample.len())?;
        self.transform_values(sample, 1)
    }

    /// Undoes the transform in place: `(n_features, n_samples)` of scaled values back to the features' own units.
    ///
    /// # Errors
    /// [`Error::FeatureCount`]; [`Error::NotInvertible`] for [`PerSample`](crate::PerSample).
    pub fn inverse_in_place<T: Scalar>(&self, scaled: &mut DMatrix<T>) -> Result<(), Error> {
        self.check_features(scaled.nrows())?;
        self.inverse_values(scaled.as_mut_slice())
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
        let d = self.n_features();
        let target = destination.as_mut_slice();
        for_each_block(scaled, self.chunk_samples::<T>(), |first, values| {
            let chunk = &mut target[first * d..first * d + values.len()];
            chunk.copy_from_slice(values);
            self.inverse_values(chunk)
        })
    }

    /// The matrix in the features' own units.
    ///
    /// # Errors
    /// As [`inverse_in_place`](Self::inverse_in_place).
    pub fn inverse<T: Scalar>(&self, scaled: &DMatrix<T>) -> Result<DMatrix<T>, Error> {
        let mut raw = scaled.clone();
        self.inverse_in_place(&mut raw)?;
        Ok(raw)
    }

    /// Undoes the transform of one sample in place.
    ///
    /// # Errors
    /// As [`inverse_in_place`](Self::inverse_in_place).
    pub fn inverse_sample<T: Scalar>(&self, sample: &mut [T]) -> Result<(), Error> {
        self.check_features(sample.len())?;
        self.inverse_values(sample)
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

    /// Samples handled at a time: whole rows of the tables.
    fn chunk_samples<T: Scalar>(&self) -> usize {
        let lanes = T::table(&self.tables).lanes;
        (CHUNK_VALUES / lanes).max(1) * lanes / self.n_features()
    }

    /// All or nothing: the values are looked through before the first one is changed.
    fn transform_values<T: Scalar>(
        &self,
        values: &mut [T],
        n_samples: usize,
    ) -> Result<TransformReport, Error> {
        if self.non_finite() == NonFinite::Refuse && kernels::any_non_finite(values) {
            refuse_non_finite(values, self.n_features(), 0, Some(&self.body.names))?;
        }
        let mut report = TransformReport::new(n_samples);
        let samples = self.chunk_samples::<T>();
        for (i, chunk) in values.chunks_mut(samples * self.n_features()).enumerate() {
            self.transform_chunk(chunk, i * samples, &mut report)?;
        }
        Ok(report)
    }

    /// `chunk` starts with the sample `first`.
    fn transform_chunk<T: Scalar>(
        &self,
        chunk: &mut [T],
        first: usize,
        report: &mut TransformReport,
    ) -> Result<(), Error> {
        let table = T::table(&self.tables);
        if kernels::any_outside(chunk, table) {
            if self.non_finite() == NonFinite::Refuse {
                refuse_non_finite(
                    chunk,
                    self.n_features(),
                    first as u64,
                    Some(&self.body.names),
                )?;
            }
            self.count_outside(chunk, table, report);
        }
        let shape = match &self.body.map {
            Map::Affine(_) => Shape::Linear,
            Map::SmoothClip(_) => Shape::Smooth,
            Map::Quantiles { quantiles } => {
                let bound = map::score_bound();
                for_each_value(chunk, quantiles, |x, q| map::normal_score(x, q, bound));
                return Ok(());
            }
            Map::PerSample => {
                self.transform_per_sample(chunk, report);
                return Ok(());
            }
        };
        if table.wide {
            kernels::forward_wide(chunk, &self.tables.f64, shape);
        } else {
            kernels::forward(chunk, table, shape);
        }
        Ok(())
    }

    fn count_outside<T: Scalar>(
        &self,
        chunk: &[T],
        table: &Table<T>,
        report: &mut TransformReport,
    ) {
        let counts = report.outside_mut(self.n_features());
        for sample in chunk.chunks(self.n_features()) {
            for (j, &x) in sample.iter().enumerate() {
                counts[j].below += u64::from(x < table.min[j]);
                counts[j].above += u64::from(x > table.max[j]);
                counts[j].nan += u64::from(x.to_f64().is_nan());
            }
        }
    }

    fn transform_per_sample<T: Scalar>(&self, chunk: &mut [T], report: &mut TransformReport) {
        let mut pairs = Vec::with_capacity(self.n_features());
        for sample in chunk.chunks_mut(self.n_features()) {
            pairs.clear();
            let finite = sample.iter().map(|x| x.to_f64()).filter(|x| x.is_finite());
            pairs.extend(finite.map(|x| (x, 1.0)));
            let (mean, std, constant) = map::of_one_sample(&pairs);
            if constant {
                report.count_constant_sample();
            }
            for x in sample {
                *x = T::narrow((x.to_f64() - mean) / std);
            }
        }
    }

    fn inverse_values<T: Scalar>(&self, values: &mut [T]) -> Result<(), Error> {
        let table = T::table(&self.tables);
        let shape = match &self.body.map {
            Map::Affine(_) => Shape::Linear,
            Map::SmoothClip(_) => Shape::Smooth,
            Map::Quantiles { quantiles } => {
                let bound = map::score_bound();
                for_each_value(values, quantiles, |y, q| {
                    map::from_normal_score(y, q, bound)
                });
                return Ok(());
            }
            Map::PerSample => {
                return Err(Error::NotInvertible {
                    scaler: self.body.scaler.name(),
                });
            }
        };
        if table.wide {
            kernels::backward_wide(values, &self.tables.f64, shape);
        } else {
            kernels::backward(values, table, shape);
        }
        Ok(())
    }
}

fn for_each_value<T: Scalar>(
    values: &mut [T],
    quantiles: &[Vec<f64>],
    map: impl Fn(f64, &[f64]) -> f64,
) {
    for sample in values.chunks_mut(quantiles.len()) {
        for (x, quantiles) in sample.iter_mut().zip(quantiles) {
            *x = T::narrow(map(x.to_f64(), quantiles));
        }
    }
}
