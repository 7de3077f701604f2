//! Statistics of features over a training set, and the scalers fitted from them.

mod error;
mod feature;
mod fit_data;
mod fitted;
mod format;
mod lanes;
mod non_finite;
mod normal;
mod quantile;
mod report;
mod scalar;
mod scalers;
mod stats;
mod survey;
mod vectorized;

pub use error::Error;
pub use feature::Feature;
pub use fit_data::FitData;
pub use fitted::{Affine, FittedScaler};
pub use non_finite::NonFinite;
pub use report::{FitReport, Outside, TransformReport};
pub use scalar::Scalar;
pub use scalers::{
    AnyScaler, Centering, MaxAbsScaler, MinMaxScaler, PerSample, QuantileTransformer, RobustScaler,
    Scaler, Scaling, SmoothClip, StandardScaler,
};
pub use stats::FeatureStats;
