//! Mean, variance, least and greatest value of each feature, in one pass.

mod moments;
mod squares;

use nalgebra::DMatrixView;
use serde::{Deserialize, Serialize};

use crate::fit_data::{check_weights, for_each_block};
use crate::{Error, Feature, NonFinite, Scalar};
pub(crate) use moments::Moments;
use moments::{BlockMoments, block_samples};
use squares::{SMALL, Squares};

/// Values of one block: 256 KB of `f32`, so that a second look at it reads the cache.
const BLOCK_VALUES: usize = 65_536;
/// The longest block, in samples. It also bounds the length of any one running sum, which the rule for
/// constant features uses.
const MAX_BLOCK_SAMPLES: usize = 16_384;
/// The shortest block: the cost of merging it is spread over this many values a feature.
const MIN_BLOCK_SAMPLES: usize = 128;

/// Count, mean, variance, least and greatest value of each feature, over any number of chunks.
///
/// With sample weights wᵢ (1 where none are given) over the values xᵢ of one feature:
///
/// - weight W = Σ wᵢ, and `count` the number of values of positive weight,
/// - mean μ = Σ wᵢ xᵢ / W,
/// - variance σ² = Σ wᵢ (xᵢ - μ)² / W, with W and not W - 1.
///
/// Weights are frequencies: weight 2 is the sample twice. Everything is accumulated in `f64`, whatever
/// the data's type. One pass over memory: each cache-sized block is centred on its own mean, and
/// blocks are merged by the formula of Chan, Golub and LeVeque (1983). So values around 10⁹ with variance 1
/// keep ten digits where Σx² - (Σx)²/n keeps none, and [`merge`](Self::merge) of streams or threads gives what
/// one pass gives, up to rounding. Deviations below 10⁻¹⁵⁴, whose squares `f64` cannot hold, still have
/// their standard deviation.
///
/// A feature without values (its `count` is 0) has 0 as its mean, variance, least and greatest value.
///
/// An `update` that returns an error leaves the statistics as they were.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::FeatureStats;
///
/// // Two features (rows), four samples (columns), arriving in two chunks.
/// let x = DMatrix::from_column_slice(2, 4, &[1e9_f64, 1.0, 1e9 + 1.0, 1.0, 1e9 + 2.0, 1.0, 1e9 + 3.0, 5.0]);
/// let mut stats = FeatureStats::new(2);
/// stats.update(x.columns(0, 3))?;
/// stats.update(x.columns(3, 1))?;
/// assert_eq!(stats.mean(), [1e9 + 1.5, 2.0]);
/// assert_eq!(stats.variance(), [1.25, 3.0]);
/// assert_eq!(stats.max(), [1e9 + 3.0, 5.0]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct FeatureStats {
    non_finite: NonFinite,
    /// Samples seen, those of weight 0 included: the row number in errors.
    n_samples: u64,
    count: Vec<u64>,
    weight: Vec<f64>,
    mean: Vec<f64>,
    /// Sums of squared deviations, in units of 4^exponent.
    squares: Vec<f64>,
    exponent: Vec<i32>,
    min: Vec<f64>,
    max: Vec<f64>,
    /// Values skipped as not finite.
    skipped: Vec<u64>,
}

impl FeatureStats {
    /// Statistics of no samples yet, which refuse values that are not finite.
    pub fn new(n_features: usize) -> Self {
        Self {
            non_finite: NonFinite::Refuse,
            n_samples: 0,
            count: vec![0; n_features],
            weight: vec![0.0; n_features],
            mean: vec![0.0; n_features],
            squares: vec![0.0; n_features],
            exponent: vec![0; n_features],
            min: vec![0.0; n_features],
            max: vec![0.0; n_features],
            skipped: vec![0; n_features],
        }
    }

    /// Chooses what becomes of NaN and infinities.
    #[must_use]
    pub fn non_finite(mut self, policy: NonFinite) -> Self {
        self.non_finite = policy;
        self
    }

    /// Adds samples: `(n_features, n_samples)`, a sample a column, each of weight 1. No samples is fine.
    ///
    /// # Errors
    /// [`Error::FeatureCount`] for another number of rows, [`Error::NonFinite`] for NaN or an infinity
    /// under [`NonFinite::Refuse`], [`Error::VarianceOverflow`] when a variance exceeds `f64`.
    pub fn update<'a, T: Scalar>(
        &mut self,
        samples: impl Into<DMatrixView<'a, T>>,
    ) -> Result<(), Error> {
        self.checked_update(samples.into(), None)
    }

    /// Adds samples with one weight each, finite and at least 0. A sample of weight 0 counts for nothing,
    /// except that its values are held to the same policy about NaN and infinities.
    ///
    /// # Errors
    /// As [`update`](Self::update), and [`Error::WeightCount`] or [`Error::InvalidWeight`].
    pub fn update_weighted<'a, T: Scalar>(
        &mut self,
        samples: impl Into<DMatrixView<'a, T>>,
        weights: &[T],
    ) -> Result<(), Error> {
        self.checked_update(samples.into(), Some(weights))
    }

    /// Adds what another set of statistics has seen, as if its samples had followed these.
    ///
    /// # Errors
    /// [`Error::FeatureCount`] when the other has another number of features,
    /// [`Error::VarianceOverflow`] when a merged variance exceeds `f64`.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.check_features(other.n_features())?;
        let mut next = self.clone();
        for j in 0..other.n_features() {
            next.merge_feature(j, &other.moments(j));
            next.skipped[j] += other.skipped[j];
        }
        next.n_samples += other.n_samples;
        next.check_variance(None)?;
        *self = next;
        Ok(())
    }

    fn checked_update<T: Scalar>(
        &mut self,
        samples: DMatrixView<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<(), Error> {
        let mut next = self.clone();
        next.absorb(samples, weights, None)?;
        next.check_variance(None)?;
        *self = next;
        Ok(())
    }

    /// Adds samples without a look at the variances, which may then be infinite: for scalers that need
    /// none. After an error the statistics are of no use.
    pub(crate) fn absorb<T: Scalar>(
        &mut self,
        samples: DMatrixView<'_, T>,
        weights: Option<&[T]>,
        names: Option<&[String]>,
    ) -> Result<(), Error> {
        let (d, n_samples) = samples.shape();
        self.check_features(d)?;
        if let Some(weights) = weights {
            check_weights(weights, n_samples, self.n_samples)?;
        }
        if d == 0 || n_samples == 0 {
            return Ok(());
        }
        let wanted = (BLOCK_VALUES / d).clamp(MIN_BLOCK_SAMPLES, MAX_BLOCK_SAMPLES);
        let block = block_samples(d, wanted);
        let mut moments = BlockMoments::<T>::new(d);
        let mut pairs = Vec::new();
        let start = self.n_samples;
        for_each_block(samples, block, |first, values| {
            let weights = weights.map(|w| &w[first..first + values.len() / d]);
            moments.compute(values, weights);
            if moments.doubtful.contains(&true) {
                if self.non_finite == NonFinite::Refuse {
                    refuse_non_finite(values, d, start + first as u64, names)?;
                }
                for j in 0..d {
                    if moments.doubtful[j] {
                        let seen = finite_pairs(values, weights, d, j, &mut pairs);
                        self.skipped[j] += seen - pairs.len() as u64;
                        moments.features[j] = Moments::careful(&pairs);
                    }
                }
            }
            self.merge_block(&moments.features);
            Ok(())
        })?;
        self.n_samples += n_samples as u64;
        Ok(())
    }

    fn merge_block(&mut self, block: &[Moments]) {
        for (j, moments) in block.iter().enumerate() {
            self.merge_feature(j, moments);
        }
    }

    /// Chan, Golub and LeVeque: S = S_a + S_b + δ² W_a W_b / W with δ the difference of the means.
    #[inline]
    fn merge_feature(&mut self, j: usize, b: &Moments) {
        if b.count == 0 {
            return;
        }
        if self.count[j] == 0 {
            self.set(j, b);
            return;
        }
        let total = self.weight[j] + b.weight;
        let delta = b.mean - self.mean[j];
        let share = b.weight / total;
        let size = delta.abs();
        let plain =
            self.exponent[j] == 0 && b.squares.exponent == 0 && (size == 0.0 || size >= SMALL);
        if plain {
            self.squares[j] += b.squares.value + delta * delta * (self.weight[j] * share);
        } else {
            let own = Squares {
                value: self.squares[j],
                exponent: self.exponent[j],
            };
            let sum = own
                .plus(b.squares)
                .plus(Squares::of(delta, self.weight[j] * share));
            self.squares[j] = sum.value;
            self.exponent[j] = sum.exponent;
        }
        self.mean[j] = if delta.is_finite() {
            self.mean[j] + delta * share
        } else {
            self.mean[j] * (1.0 - share) + b.mean * share
        };
        self.count[j] += b.count;
        self.weight[j] = total;
        self.min[j] = if b.min < self.min[j] {
            b.min
        } else {
            self.min[j]
        };
        self.max[j] = if b.max > self.max[j] {
            b.max
        } else {
            self.max[j]
        };
    }

    fn set(&mut self, j: usize, moments: &Moments) {
        self.count[j] = moments.count;
        self.weight[j] = moments.weight;
        self.mean[j] = moments.mean;
        self.squares[j] = moments.squares.value;
        self.exponent[j] = moments.squares.exponent;
        self.min[j] = moments.min;
        self.max[j] = moments.max;
    }

    fn moments(&self, j: usize) -> Moments {
        Moments {
            count: self.count[j],
            weight: self.weight[j],
            mean: self.mean[j],
            squares: Squares {
                value: self.squares[j],
                exponent: self.exponent[j],
            },
            min: self.min[j],
            max: self.max[j],
        }
    }

    fn check_features(&self, got: usize) -> Result<(), Error> {
        let expected = self.n_features();
        if got == expected {
            Ok(())
        } else {
            Err(Error::FeatureCount { expected, got })
        }
    }

    /// Refuses a variance that is not a finite number.
    pub(crate) fn check_variance(&self, names: Option<&[String]>) -> Result<(), Error> {
        match self.squares.iter().position(|squares| !squares.is_finite()) {
            Some(j) => Err(Error::VarianceOverflow {
                feature: Feature::new(j, names),
                min: self.min[j],
                max: self.max[j],
            }),
            None => Ok(()),
        }
    }

    /// The number of features.
    pub fn n_features(&self) -> usize {
        self.count.len()
    }

    /// The number of samples seen, whatever their weights and values.
    pub fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// Values that went into the statistics, a feature: finite and of positive weight.
    pub fn count(&self) -> &[u64] {
        &self.count
    }

    /// The sum W of their weights, a feature; equal to the count without weights.
    pub fn weight(&self) -> &[f64] {
        &self.weight
    }

    /// The mean μ of each feature, in the feature's own unit.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The variance σ² of each feature, divided by W (not W - 1), in the square of the feature's unit.
    ///
    /// It underflows to 0 for deviations below about 10⁻¹⁶²; [`std`](Self::std) does not.
    pub fn variance(&self) -> Vec<f64> {
        self.per_feature(|moments| moments.squares.over(moments.weight))
    }

    /// The standard deviation σ of each feature, in the feature's own unit.
    pub fn std(&self) -> Vec<f64> {
        self.per_feature(|moments| moments.squares.root_over(moments.weight))
    }

    fn per_feature(&self, value: impl Fn(&Moments) -> f64) -> Vec<f64> {
        let of = |j| match self.moments(j) {
            Moments { count: 0, .. } => 0.0,
            moments => value(&moments),
        };
        (0..self.n_features()).map(of).collect()
    }

    /// The least value of each feature.
    pub fn min(&self) -> &[f64] {
        &self.min
    }

    /// The greatest value of each feature.
    pub fn max(&self) -> &[f64] {
        &self.max
    }

    /// Values skipped as NaN or infinite under [`NonFinite::Ignore`], a feature.
    pub fn skipped(&self) -> &[u64] {
        &self.skipped
    }

    /// Whether each feature is constant: its variance is within rounding error of zero.
    ///
    /// The rule is σ² ≤ n ε σ² + (n μ ε)², with the ε of `f64` (2⁻⁵²), in which the statistics are computed.
    /// The term (n μ ε)² bounds the rounding of a mean that is summed up over n values. No sum here runs over
    /// more than 16,384 values before it is centred, so n is at most that: millions of values around 10⁹ that
    /// differ by 1 are not taken for a constant. The bound is relative, so a column in small units (10⁻¹²)
    /// is not a constant either.
    ///
    /// For data stored as `f32` the rule is strict: two different `f32` values are at least 2⁻²⁴ apart,
    /// relatively, far above the bound in all but enormous data, so a column is constant only when it is so
    /// but for a very few values. A column that varies only in its last `f32` digits is
    /// *nearly constant* instead ([`FitReport::nearly_constant`](crate::FitReport::nearly_constant)).
    ///
    /// A deviation below the smallest normal `f64` (2⁻¹⁰²²) counts as none: nothing can be divided by it.
    pub fn constant(&self) -> Vec<bool> {
        (0..self.n_features())
            .map(|j| self.moments(j).is_constant())
            .collect()
    }
}

impl Moments {
    /// The rule documented at [`FeatureStats::constant`], in its square root so that nothing underflows.
    pub(crate) fn is_constant(&self) -> bool {
        if self.min == self.max {
            return true;
        }
        let n = self.count.min(MAX_BLOCK_SAMPLES as u64) as f64;
        let std = self.squares.root_over(self.weight);
        let rounding = n * self.mean.abs() * f64::EPSILON;
        std * (1.0 - n * f64::EPSILON).sqrt() <= rounding || std < f64::MIN_POSITIVE
    }
}

/// Collects the finite values of positive weight of feature `j`; returns how many it saw of that weight.
fn finite_pairs<T: Scalar>(
    values: &[T],
    weights: Option<&[T]>,
    d: usize,
    j: usize,
    pairs: &mut Vec<(f64, f64)>,
) -> u64 {
    pairs.clear();
    let mut seen = 0;
    for (sample, x) in values[j..].iter().step_by(d).enumerate() {
        let weight = weights.map_or(1.0, |w| w[sample].to_f64());
        if weight > 0.0 {
            seen += 1;
            if x.to_f64().is_finite() {
                pairs.push((x.to_f64(), weight));
            }
        }
    }
    seen
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
            feature: Feature::new(at % d, names),
            value: values[at].to_f64(),
        }),
        None => Ok(()),
    }
}

/// The saved form: one record a feature, checked when read.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: crate::format::Format,
    non_finite: NonFinite,
    n_samples: u64,
    features: Vec<SavedFeature>,
}

#[derive(Serialize, Deserialize)]
struct SavedFeature {
    count: u64,
    weight: f64,
    mean: f64,
    squares: f64,
    exponent: i32,
    min: f64,
    max: f64,
    skipped: u64,
}

impl From<FeatureStats> for Saved {
    fn from(stats: FeatureStats) -> Self {
        let feature = |j: usize| SavedFeature {
            count: stats.count[j],
            weight: stats.weight[j],
            mean: stats.mean[j],
            squares: stats.squares[j],
            exponent: stats.exponent[j],
            min: stats.min[j],
            max: stats.max[j],
            skipped: stats.skipped[j],
        };
        Self {
            format: crate::format::Format,
            non_finite: stats.non_finite,
            n_samples: stats.n_samples,
            features: (0..stats.n_features()).map(feature).collect(),
        }
    }
}

impl TryFrom<Saved> for FeatureStats {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self, Error> {
        let mut stats = Self::new(saved.features.len()).non_finite(saved.non_finite);
        stats.n_samples = saved.n_samples;
        for (j, feature) in saved.features.iter().enumerate() {
            let numbers = [
                feature.weight,
                feature.mean,
                feature.squares,
                feature.min,
                feature.max,
            ];
            let sound = numbers.iter().all(|x| x.is_finite())
                && feature.min <= feature.max
                && feature.squares >= 0.0
                && (feature.weight > 0.0) == (feature.count > 0)
                && feature.exponent <= 0
                && feature.exponent >= -1100;
            if !sound {
                return Err(Error::Damaged {
                    reason: format!("the statistics of feature {j} contradict themselves"),
                });
            }
            stats.set(
                j,
                &Moments {
                    count: feature.count,
                    weight: feature.weight,
                    mean: feature.mean,
                    squares: Squares {
                        value: feature.squares,
                        exponent: feature.exponent,
                    },
                    min: feature.min,
                    max: feature.max,
                },
            );
            stats.skipped[j] = feature.skipped;
        }
        Ok(stats)
    }
}
