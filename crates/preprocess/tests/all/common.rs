//! What several of the tests need.

use smallbatch_preprocess::{
    AnyScaler, MaxAbsScaler, MinMaxScaler, PerSample, QuantileTransformer, RobustScaler,
    SmoothClip, StandardScaler,
};

/// Each kind of scaler once, as it is by default.
pub(crate) fn every_scaler() -> Vec<AnyScaler> {
    vec![
        AnyScaler::Identity,
        StandardScaler::new().into(),
        MinMaxScaler::new().into(),
        MaxAbsScaler::new().into(),
        RobustScaler::new().into(),
        SmoothClip::new().into(),
        QuantileTransformer::new().into(),
        PerSample::new().into(),
    ]
}
