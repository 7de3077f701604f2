//! What is compiled in this crate, for both number types, and not again in every crate that scales data.
//!
//! Generic functions are compiled where they are used. The loops over values, for every kind of vector, take a compiler
//! ten seconds: each program and each test that scales anything would pay them. So generic code calls them through these
//! methods, which are not generic.

use nalgebra::DMatrixView;

use crate::survey::Survey;
use crate::{Error, FeatureStats, FitData, FittedScaler, NonFinite, Scalar, TransformReport};

/// Declares the trait and implements it for both types. Each method calls the generic function that is named.
macro_rules! compiled {
    ($(
        fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $output:ty = $generic:expr;
    )*) => {
        /// The loops of a number type.
        #[allow(private_interfaces, reason = "sealed by `Scalar`, and named by nobody outside")]
        pub trait Compiled: nalgebra::Scalar {
            $(
                #[doc(hidden)]
                fn $name($($argument: $type),*) -> $output where Self: Scalar;
            )*
        }

        #[allow(private_interfaces, reason = "see the trait")]
        impl Compiled for f32 {
            $(fn $name($($argument: $type),*) -> $output {
                $generic($($argument),*)
            })*
        }

        #[allow(private_interfaces, reason = "see the trait")]
        impl Compiled for f64 {
            $(fn $name($($argument: $type),*) -> $output {
                $generic($($argument),*)
            })*
        }
    };
}

compiled! {
    fn survey(data: &FitData<'_, Self>, policy: NonFinite) -> Result<Survey, Error> = Survey::new;

    fn absorb(
        stats: &mut FeatureStats,
        samples: DMatrixView<'_, Self>,
        weights: Option<&[Self]>,
        names: Option<&[String]>,
    ) -> Result<(), Error> = FeatureStats::absorb;

    fn transform_values(
        fitted: &FittedScaler,
        values: &mut [Self],
        n_samples: usize,
    ) -> Result<TransformReport, Error> = FittedScaler::transform_values;

    fn transform_view(
        fitted: &FittedScaler,
        samples: DMatrixView<'_, Self>,
        target: &mut [Self],
    ) -> Result<TransformReport, Error> = FittedScaler::transform_view;

    fn inverse_values(fitted: &FittedScaler, values: &mut [Self]) -> Result<(), Error> =
        FittedScaler::inverse_values;

    fn inverse_view(
        fitted: &FittedScaler,
        scaled: DMatrixView<'_, Self>,
        target: &mut [Self],
    ) -> Result<(), Error> = FittedScaler::inverse_view;
}
