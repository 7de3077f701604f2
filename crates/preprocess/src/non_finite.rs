//! What becomes of NaN and infinities.

use serde::{Deserialize, Serialize};

use crate::{Error, NamedFeature, Scalar};

/// The policy about NaN and infinities, in fitting and in transforming.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, NonFinite, Scaler, StandardScaler};
///
/// let x = DMatrix::from_column_slice(1, 4, &[1.0, f64::NAN, 3.0, 5.0]);
/// assert!(StandardScaler::new().fit(&FitData::new(&x)).is_err());
///
/// let scaler = StandardScaler::new().non_finite(NonFinite::Ignore).fit(&FitData::new(&x))?;
/// assert_eq!(scaler.affine().unwrap().shift, [3.0]); // the mean of 1, 3 and 5
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NonFinite {
    /// NaN or an infinity is an error that names the sample and the feature.
    #[default]
    Refuse,
    /// Each such value is kept out of the statistics, alone: its sample's other values count. In a
    /// transform NaN stays NaN, and is counted in the report; an infinity goes where the scaler's limit is.
    Ignore,
}

/// Names the first value that is not finite, in the order of the samples.
pub(crate) fn refuse_non_finite<T: Scalar>(
    values: &[T],
    d: usize,
    first_sample: u64,
    names: Option<&[String]>,
) -> Result<(), Error> {
    match values.iter().position(|x| !x.to_f64().is_finite()) {
        Some(at) => Err(Error::NonFinite {
            sample: first_sample + (at / d) as u64,
            feature: NamedFeature::new(at % d, names),
            value: values[at].to_f64(),
        }),
        None => Ok(()),
    }
}
