//! x' = x

use super::{Definition, Learn, Map};
use crate::survey::{Survey, survey};
use crate::transform::Affine;
use crate::{Error, FitData, NonFinite, Scalar};

/// [`AnyScaler::Identity`].
pub(super) struct Identity;

impl Definition for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn non_finite_policy(&self) -> NonFinite {
        NonFinite::Refuse
    }

    fn becomes(&self, map: &Map) -> bool {
        matches!(map, Map::Affine(_))
    }
}

impl Learn for Identity {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        let survey = survey(training, NonFinite::Refuse)?;
        let n = training.n_features();
        let (shift, scale) = (vec![0.0; n], vec![1.0; n]);
        Ok((survey, Map::Affine(Affine { shift, scale })))
    }
}
