//! The training range to a chosen range.

use serde::{Deserialize, Serialize};

use super::{Learn, Map};
use crate::survey::{Survey, survey};
use crate::transform::Affine;
use crate::{Error, FitData, NonFinite, Scalar};

/// The training range to a chosen range, 0 to 1 unless said otherwise, feature by feature:
/// x' = low + (x - min) (high - low) / (max - min).
///
/// As shift and scale: scale = (max - min) / (high - low), shift = min - low · scale. For 0 to 1 the least training
/// value becomes exactly 0 and the greatest exactly 1. A constant feature has scale 1 and becomes `low` (where
/// it is so large that it and `low` less are the same number, 0). Values outside
/// the training range are not clipped; the transform's report counts them.
///
/// One outlier sets the scale of all others: see [`RobustScaler`](super::RobustScaler).
///
/// Beyond the errors of [`Scaler::fit`](crate::Scaler::fit): [`Error::ScaleOverflow`].
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, MinMaxScaler, Scaler};
///
/// let x = DMatrix::from_column_slice(1, 3, &[10.0, 15.0, 20.0]);
/// let fitted = MinMaxScaler::new().range(-1.0, 1.0).fit(&FitData::new(&x))?;
/// assert_eq!(fitted.transform(&x)?.as_slice(), [-1.0, 0.0, 1.0]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MinMaxFields", into = "MinMaxFields")]
pub struct MinMaxScaler {
    low: f64,
    high: f64,
    non_finite: NonFinite,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MinMaxFields {
    low: f64,
    high: f64,
    non_finite: NonFinite,
}

impl Default for MinMaxFields {
    fn default() -> Self {
        MinMaxScaler::new().into()
    }
}

impl From<MinMaxScaler> for MinMaxFields {
    fn from(scaler: MinMaxScaler) -> Self {
        let MinMaxScaler {
            low,
            high,
            non_finite,
        } = scaler;
        Self {
            low,
            high,
            non_finite,
        }
    }
}

impl TryFrom<MinMaxFields> for MinMaxScaler {
    type Error = Error;

    fn try_from(fields: MinMaxFields) -> Result<Self, Error> {
        let scaler = Self::new()
            .range(fields.low, fields.high)
            .non_finite(fields.non_finite);
        scaler.validate_range().map(|()| scaler)
    }
}

impl Default for MinMaxScaler {
    fn default() -> Self {
        Self::new()
    }
}

impl MinMaxScaler {
    /// To the range 0 to 1; refuses NaN.
    pub fn new() -> Self {
        Self {
            low: 0.0,
            high: 1.0,
            non_finite: NonFinite::Refuse,
        }
    }

    /// Chooses the range to scale to. Both ends and their difference must be finite, and low < high.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        (self.low, self.high) = (low, high);
        self
    }

    fn validate_range(&self) -> Result<(), Error> {
        let (low, high) = (self.low, self.high);
        if low.is_finite() && high.is_finite() && (high - low).is_finite() && low < high {
            return Ok(());
        }
        Err(Error::InvalidRange { low, high })
    }
}

definition!(MinMaxScaler, "min-max", Map::Affine(_), |scaler| scaler
    .validate_range());

impl Learn for MinMaxScaler {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        self.validate_range()?;
        let survey = survey(training, self.non_finite)?;
        let ranges = survey.stats.min().iter().zip(survey.stats.max());
        let scales: Vec<f64> = ranges
            .map(|(min, max)| (max - min) / (self.high - self.low))
            .collect();
        let scale = survey.scales(&scales)?;
        let mins = survey.stats.min().iter().zip(&scale);
        let shift: Vec<f64> = mins.map(|(min, scale)| min - self.low * scale).collect();
        survey.check_shifts(&shift)?;
        Ok((survey, Map::Affine(Affine { shift, scale })))
    }
}
