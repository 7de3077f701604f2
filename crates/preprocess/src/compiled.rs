//! What is compiled in this crate, for both number types, and not again in every crate that scales data: the loops over
//! values, for every kind of vector.

use nalgebra::DMatrixView;

use crate::survey::Survey;
use crate::{Error, FeatureStats, FitData, FittedScaler, NonFinite, TransformReport};

smallbatch_base::compiled! {
    pub(crate) fn survey(data: &'a FitData<'a, T>, policy: NonFinite) -> Result<Survey, Error> = Survey::new;

    pub(crate) fn absorb(
        stats: &'a mut FeatureStats,
        samples: DMatrixView<'a, T>,
        weights: Option<&'a [T]>,
        names: Option<&'a [String]>,
    ) -> Result<(), Error> = FeatureStats::absorb;

    pub(crate) fn transform_values(
        fitted: &'a FittedScaler,
        values: &'a mut [T],
        n_samples: usize,
    ) -> Result<TransformReport, Error> = FittedScaler::transform_values;

    pub(crate) fn transform_view(
        fitted: &'a FittedScaler,
        samples: DMatrixView<'a, T>,
        target: &'a mut [T],
    ) -> Result<TransformReport, Error> = FittedScaler::transform_view;

    pub(crate) fn inverse_values(fitted: &'a FittedScaler, values: &'a mut [T]) -> Result<(), Error> =
        FittedScaler::inverse_values;

    pub(crate) fn inverse_view(
        fitted: &'a FittedScaler,
        scaled: DMatrixView<'a, T>,
        target: &'a mut [T],
    ) -> Result<(), Error> = FittedScaler::inverse_view;
}
