//! Fitting: what makes a fitted scaler of a scaler and training data.

use crate::fitted::Body;
use crate::scalers::{Learn, Map, each_scaler};
use crate::survey::Survey;
use crate::{
    AnyScaler, Error, FeatureStats, FitData, FittedScaler, MaxAbsScaler, MinMaxScaler, PerSample,
    QuantileTransformer, RobustScaler, Scalar, SmoothClip, StandardScaler,
};

/// Something that is fitted to training data and thereby becomes a [`FittedScaler`].
///
/// An unfitted scaler cannot transform, so nothing passes unscaled by accident; and what it is fitted to is
/// said at one place, so that no test sample slips in. This does not compile:
///
/// ```compile_fail,E0599
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::StandardScaler;
///
/// let x = DMatrix::from_column_slice(1, 2, &[1.0_f32, 2.0]);
/// StandardScaler::new().transform(&x);
/// ```
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{Error, FitData, RobustScaler, Scaler, StandardScaler};
///
/// fn spread(scaler: &impl Scaler, training: &DMatrix<f32>) -> Result<f64, Error> {
///     Ok(scaler.fit(&FitData::new(training))?.affine().map_or(f64::NAN, |affine| affine.scale[0]))
/// }
///
/// let x = DMatrix::from_column_slice(1, 5, &[1.0, 2.0, 3.0, 4.0, 1000.0]);
/// assert!(spread(&StandardScaler::new(), &x)? > 300.0);
/// assert_eq!(spread(&RobustScaler::new(), &x)?, 2.0);
/// # Ok::<(), Error>(())
/// ```
pub trait Scaler {
    /// Learns from training data of shape `(n_features, n_samples)`.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::TooFewSamples`] for fewer than two; [`Error::WeightCount`], [`Error::InvalidWeight`],
    /// [`Error::WeightSum`], [`Error::ZeroWeight`]; [`Error::NameCount`]; [`Error::NonFinite`] under
    /// [`NonFinite::Refuse`](crate::NonFinite::Refuse), else [`Error::NoValues`] for a feature with nothing left; and what
    /// the scaler itself adds.
    fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error>;
}

/// All fit alike, each by what its own file learns.
macro_rules! fit_by_what_is_learned {
    ($($scaler:ident,)*) => {
        $(
            impl Scaler for $scaler {
                fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error> {
                    let (survey, map) = self.learn(training)?;
                    Ok(fitted(*self, survey, map))
                }
            }
        )*
    };
}

each_scaler!(fit_by_what_is_learned);

impl StandardScaler {
    /// Fits from statistics that were accumulated over a stream or in threads. Names are optional.
    ///
    /// The report's search for heavy tails and for dominating values needs the data itself and is left out
    /// ([`FitReport::judged_tails`](crate::FitReport::judged_tails) is false); "nearly constant" is judged by the ε of `f64`.
    ///
    /// # Errors
    /// [`Error::NameCount`]; [`Error::Empty`] without features or samples; [`Error::TooFewSamples`] when no feature has two
    /// values; [`Error::NoValues`] for a feature without any. (That the variances fit an `f64` was checked when the
    /// statistics were made.)
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use smallbatch_preprocess::{FeatureStats, StandardScaler};
    ///
    /// let mut stats = FeatureStats::new(1);
    /// for chunk in [[1.0_f32, 2.0], [3.0, 6.0]] {
    ///     stats.update(&DMatrix::from_column_slice(1, 2, &chunk))?;
    /// }
    /// let fitted = StandardScaler::new().fit_stats(&stats, None)?;
    /// assert_eq!(fitted.affine().unwrap().shift, [3.0]);
    /// # Ok::<(), smallbatch_preprocess::Error>(())
    /// ```
    pub fn fit_stats(
        &self,
        stats: &FeatureStats,
        names: Option<&[String]>,
    ) -> Result<FittedScaler, Error> {
        if let Some(names) = names
            && names.len() != stats.n_features()
        {
            return Err(Error::NameCount {
                expected: stats.n_features(),
                got: names.len(),
            });
        }
        let n_weighted = stats.count().iter().copied().max().unwrap_or(0);
        let survey = Survey::of_stats(stats, n_weighted, names, f64::EPSILON)?;
        let map = self.map(&survey)?;
        Ok(fitted(*self, survey, map))
    }
}

fn fitted(scaler: impl Into<AnyScaler>, survey: Survey, map: Map) -> FittedScaler {
    FittedScaler::new(Body {
        scaler: scaler.into(),
        min: survey.stats.min().to_vec(),
        max: survey.stats.max().to_vec(),
        names: survey.names,
        map,
        report: survey.report,
    })
}
