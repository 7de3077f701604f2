//! Statistics of features over a training set, and the scalers fitted from them.
//!
//! Its matrices are those of nalgebra, which is re-exported as [`nalgebra`].
//!
//! # The lesson
//!
//! A network learns slowly when one input is about 1,000,000 and another about 50. Gradient descent then has one rate for
//! directions whose curvatures differ by many powers of ten. The remedy is old (LeCun, Bottou, Orr and Müller, 1998):
//! subtract from each feature its mean over the training set, and divide by its standard deviation over the training set,
//!
//! > x' = (x - μ) / σ,  μ = (1/n) Σᵢ xᵢ,  σ² = (1/n) Σᵢ (xᵢ - μ)².
//!
//! Three things are easily done wrong. The types here prevent them:
//!
//! 1. **The sums run over samples, feature by feature**, never over the features of one sample. [`PerSample`] does the
//!    latter, as a control for experiments.
//! 2. **The training set's μ and σ scale the test data.** At test time nothing is estimated, so a test set may be a single
//!    sample. Fitting therefore returns another type: only a [`FittedScaler`] transforms, and it learns nothing more.
//! 3. **The scaler is part of the model.** Save both together. It refuses data with another number of features.
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
//! | [`MinMaxScaler`] | the training range to 0..1 | features with known bounds; one outlier spoils it |
//! | [`MaxAbsScaler`] | x / max\|x\| | zero must stay zero |
//! | [`RobustScaler`] | (x - median) / interquartile range | outliers |
//! | [`SmoothClip`] | the same, then smoothly clipped to ±3 | tables with heavy tails: RealMLP's choice |
//! | [`QuantileTransformer`] | to a normal distribution, by rank | tables with any distribution |
//! | [`PerSample`] | each sample by its own features | as a control |
//! | [`AnyScaler`] | one of these or none, chosen as data | experiments, files |
//!
//! All scalers
//!
//! - take sample weights as frequencies;
//! - refuse NaN unless told to ignore it ([`NonFinite`]);
//! - report odd features ([`FitReport`]);
//! - count what lies outside the range seen in fitting ([`TransformReport`]);
//! - invert, except [`PerSample`].
//!
//! # Numbers
//!
//! Statistics are accumulated in `f64` whatever the data's type, in one pass, in cache-sized blocks ([`FeatureStats`]).
//! Columns of 10⁹ plus noise, columns of 10⁻³⁰⁰ and millions of `f32` rows come out right. A feature counts as constant by
//! a bound relative to its own size ([`FeatureStats::constant`]); the report then names it. A scaler that divides by a
//! spread divides a constant feature by 1. No epsilon is ever added to a deviation. ([`MaxAbsScaler`] divides by a
//! magnitude, which is safe.)
//!
//! # Speed
//!
//! Fitting reads each value once. [`FittedScaler::transform_into`] reads and writes each value once. Their loops are compiled
//! for several vector widths, and the processor's is chosen at run time. Memory limits both, not arithmetic. Data of 32 MB
//! and more is spread over threads unless [`Threads`] says otherwise; the results are the same to the last bit.
//!
//! # What comes next
//!
//! `smallbatch-data` splits a table and hands only the training part to a scaler. A program that has its matrices already
//! can stay with this crate.

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
mod quantile;
mod report;
mod scalers;
mod stats;
mod survey;
mod tails;
mod threads;
mod transform;

pub use nalgebra;

#[doc(inline)]
pub use smallbatch_base::Scalar;

pub use error::Error;
pub use feature::NamedFeature;
pub use fit::Scaler;
pub use fit_data::FitData;
pub use fitted::FittedScaler;
pub use non_finite::NonFinite;
pub use report::{FitReport, Outside, TransformReport};
pub use scalers::*;
pub use stats::FeatureStats;
pub use threads::Threads;
pub use transform::{Affine, Coefficients};
