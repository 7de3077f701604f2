//! Each sample by its own features: what the textbook warns of.

use serde::{Deserialize, Serialize};

use super::{Definition, Learn, Map};
use crate::stats::Moments;
use crate::survey::{Survey, survey};
use crate::transform::{Affine, Tables, Transform};
use crate::{Error, FitData, NonFinite, Scalar, TransformReport};

/// Each sample by the mean and deviation of its own features: x'_j = (x_j - m) / s, with m and s over the d features of that one
/// sample, s with d and not d - 1.
///
/// This is the control of a claim, and not a way to scale a table: it mixes features of different units, forgets each
/// sample's level, and leaves the features' scales as unequal as they were. (For images and embeddings, whose features share a
/// unit, it is a known step.) Fitting learns the features' names and ranges, and nothing that the transform uses.
///
/// A sample whose features are all alike has s = 1, and is counted in the transform's report. There is no inverse.
/// NaN under [`NonFinite::Ignore`] stays NaN, and the sample's other features are scaled by their own mean and deviation.
///
/// Beyond the errors of [`Scaler::fit`](crate::Scaler::fit): [`Error::TooFewFeatures`] for a single feature.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, PerSample, Scaler};
///
/// let x = DMatrix::from_column_slice(2, 3, &[1_000_000.0, 50.0, 1_100_000.0, 40.0, 900_000.0, 60.0]);
/// let fitted = PerSample::new().fit(&FitData::new(&x))?;
/// // Two features: every sample becomes (1, -1), and nothing is left to learn from.
/// assert_eq!(fitted.transform(&x)?.as_slice(), [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerSample {
    non_finite: NonFinite,
}

definition_of_policy_alone!(PerSample, "per-sample", Map::PerSample);

impl Learn for PerSample {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        let survey = survey(training, self.non_finite)?;
        if training.n_features() < 2 {
            return Err(Error::TooFewFeatures {
                got: training.n_features(),
                needed: 2,
            });
        }
        Ok((survey, Map::PerSample))
    }
}

/// Each sample by its own features.
#[derive(Clone, Copy)]
pub(super) struct ByItself;

impl<'a> Transform<'a> for ByItself {
    fn affine(self) -> Option<&'a Affine> {
        None
    }

    fn is_affine(self) -> bool {
        false
    }

    fn is_invertible(self) -> bool {
        false
    }

    fn check(self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn forward<T: Scalar>(self, values: &mut [T], tables: &Tables, report: &mut TransformReport) {
        for sample in values.chunks_mut(tables.n_features) {
            let (mean, std, constant) = of_one_sample(sample);
            if constant {
                report.count_constant_sample();
            }
            for x in sample {
                *x = T::of((x.to_f64() - mean) / std);
            }
        }
    }

    fn backward<T: Scalar>(self, _: &mut [T], _: &Tables) -> Result<(), Error> {
        Err(Error::NotInvertible {
            scaler: PerSample::new().name(),
        })
    }
}

/// Mean and deviation of one sample's own features, those that are finite; the deviation of a sample whose
/// features are all alike is 1, and the flag is set.
fn of_one_sample<T: Scalar>(sample: &[T]) -> (f64, f64, bool) {
    let finite = sample.iter().map(|x| x.to_f64()).filter(|x| x.is_finite());
    let moments = Moments::careful(finite.clone().map(|x| (x, 1.0)));
    if !moments.squares.value.is_finite() {
        // In a smaller unit the squares do not overflow. A power of two loses nothing that counts beside such values.
        let unit = f64::powi(2.0, 600);
        let moments = Moments::careful(finite.map(|x| (x / unit, 1.0)));
        let std = moments.squares.root_over(moments.weight);
        return (moments.mean * unit, std * unit, false);
    }
    if moments.count == 0 || moments.is_constant() {
        return (moments.mean, 1.0, true);
    }
    (
        moments.mean,
        moments.squares.root_over(moments.weight),
        false,
    )
}
