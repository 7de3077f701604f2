//! Statistics of features over a training set, and the scalers fitted from them.
//!
//! # The lesson
//!
//! A network learns slowly when one input is about 1,000,000 and another about 50: gradient descent must choose one rate
//! for directions whose curvatures differ by many powers of ten. The remedy is old (LeCun, Bottou, Orr and Müller, 1998):
//! subtract from each feature its mean over the training set, and divide by its standard deviation over the training set,
//!
//! > x' = (x - μ) / σ,  μ = (1/n) Σᵢ xᵢ,  σ² = (1/n) Σᵢ (xᵢ - μ)².
//!
//! Three things are easily done wrong, and the types here are shaped to prevent them:
//!
//! 1. **The sums run over samples, feature by feature**, never over the features of one sample. The other direction exists
//!    too, as [`PerSample`]: it is the control that shows what it does *not* give.
//! 2. **Test data is scaled with the training set's μ and σ.** At test time nothing is estimated; the test set may be a single
//!    sample. So fitting returns another type: only a [`FittedScaler`] transforms, and it never learns anything more.
//! 3. **The scaler is part of the model.** It is saved with it, and refuses data with another number of features.
//!
//! # Samples are columns
//!
//! nalgebra stores matrices by columns, so X has the shape `(n_features, n_samples)`: one sample is one contiguous column, and
//! W·X + b is what the textbooks write. This is the transpose of scikit-learn, where a sample is a row.
//!
//! # In use
//!
//! ```
//! use nalgebra::DMatrix;
//! use smallbatch_preprocess::{FitData, FittedScaler, Scaler, StandardScaler};
//!
//! // Two features, three samples; the textbook's two inputs.
//! let training = DMatrix::from_column_slice(2, 3, &[
//!     1_000_000.0_f32, 50.0,
//!     1_200_000.0, 40.0,
//!     800_000.0, 60.0,
//! ]);
//! let names = ["income".to_string(), "age".to_string()];
//! let scaler = StandardScaler::new().fit(&FitData::new(&training).names(&names))?;
//! assert!(scaler.report().is_clean()); // no constant, nearly constant or heavy-tailed feature
//!
//! let scaled = scaler.transform(&training)?;
//! assert_eq!(scaled.column(0).as_slice(), [0.0, 0.0]);
//!
//! // Later, elsewhere: one new sample, scaled in place. It tells how far it is from what was seen.
//! let loaded: FittedScaler = serde_json::from_str(&serde_json::to_string(&scaler)?)?;
//! let mut sample = [1_300_000.0_f32, 50.0];
//! let report = loaded.transform_sample(&mut sample)?;
//! assert_eq!(report.feature(0).above, 1);
//! assert!((sample[0] - 1.837).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which scaler
//!
//! | scaler | x' | when |
//! |---|---|---|
//! | [`StandardScaler`] | (x - mean) / deviation | the default |
//! | [`MinMaxScaler`] | the training range to 0..1 | bounded features; one outlier spoils it |
//! | [`MaxAbsScaler`] | x / max\|x\| | zero must stay zero |
//! | [`RobustScaler`] | (x - median) / interquartile range | outliers |
//! | [`SmoothClip`] | the same, then smoothly clipped to ±3 | tables with heavy tails: RealMLP's choice |
//! | [`QuantileTransformer`] | to a normal distribution, by rank | tables with any distribution |
//! | [`PerSample`] | each sample by its own features | as a control |
//! | [`AnyScaler`] | one of these or none, chosen as data | experiments, files |
//!
//! All take sample weights as frequencies, refuse NaN unless told to ignore it ([`NonFinite`]), report odd features
//! ([`FitReport`]), count what lies outside the range seen in fitting ([`TransformReport`]), and invert, all but
//! [`PerSample`].
//!
//! # Numbers
//!
//! Statistics are accumulated in `f64` whatever the data's type, in one pass, in cache-sized blocks ([`FeatureStats`]): 10⁹ plus noise,
//! columns of 10⁻³⁰⁰ and millions of `f32` rows come out right. A feature counts as constant by a bound relative to its own
//! size ([`FeatureStats::constant`]), and is then named in the report. What is divided by a spread has scale 1 there ([`MaxAbsScaler`] divides by a
//! magnitude, which is safe); no epsilon is ever added to a deviation.
//!
//! # Speed
//!
//! Fitting reads each value once; [`FittedScaler::transform_into`] reads and writes each once, in loops compiled for the
//! processor's vector width at run time. Both are held back by the memory rather than by arithmetic. Data of 32 MB and more is
//! spread over threads unless [`Threads`] says otherwise; the results are the same to the last bit.

mod columns;
mod error;
mod feature;
mod fit;
mod fit_data;
mod fitted;
mod format;
mod lanes;
mod memory;
mod non_finite;
mod normal;
mod quantile;
mod report;
mod scalers;
mod stats;
mod survey;
mod tails;
mod threads;
mod transform;

#[doc(inline)]
pub use smallbatch_base::Scalar;

pub use error::Error;
pub use feature::Feature;
pub use fit::Scaler;
pub use fit_data::FitData;
pub use fitted::FittedScaler;
pub use non_finite::NonFinite;
pub use report::{FitReport, Outside, TransformReport};
pub use scalers::*;
pub use stats::FeatureStats;
pub use threads::Threads;
pub use transform::{Affine, Coefficients};
