//! x' = x

use super::{AnyScaler, Definition, Map, Scaler};
use crate::fitted::Affine;
use crate::{Error, FitData, FittedScaler, NonFinite, Scalar, compiled};

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

impl Scaler for Identity {
    fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error> {
        let survey = compiled::survey(training, NonFinite::Refuse)?;
        let n = training.n_features();
        let (shift, scale) = (vec![0.0; n], vec![1.0; n]);
        Ok(survey.fitted(AnyScaler::Identity, Map::Affine(Affine { shift, scale })))
    }
}
