//! Mean, variance, least and greatest value of each feature, in one pass.

mod absorb;
mod moments;
mod saved;
mod squares;

use nalgebra::DMatrixView;

use crate::fit_data::check_weight_sum;
use crate::{Error, NamedFeature, NonFinite, Scalar, Threads};
use absorb::MAX_BLOCK_SAMPLES;
pub(crate) use moments::Moments;
use moments::sum_and_rest;
use squares::SMALL;
pub(crate) use squares::Squares;

/// Up to here an `f64`, which the weight of unweighted samples is, counts exactly.
const MOST_SAMPLES: u64 = 1 << 53;

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
/// blocks are merged by the formula of Chan, Golub and LeVeque (1983), their means kept to twice the digits of `f64`. So
/// values around 10⁹ with variance 1 keep thirteen digits of it where Σx² - (Σx)²/n keeps none, and [`merge`](Self::merge) of streams gives what
/// one pass gives, up to rounding. Large data is cut into shards of a fixed size that are merged in order, so that
/// one `update` gives the same bits with any number of [`threads`](Self::threads). Deviations below 10⁻¹⁵⁴, whose squares `f64` cannot hold, still have
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
#[derive(Clone, Debug)]
pub struct FeatureStats {
    non_finite: NonFinite,
    threads: Threads,
    /// Samples seen, those of weight 0 included: the row number in errors.
    n_samples: u64,
    count: Vec<u64>,
    weight: Vec<f64>,
    mean: Vec<f64>,
    /// What each mean lost in rounding: blocks of values around 10⁹ with variance 1 have means whose differences would
    /// otherwise be rounded to a part in 10⁵.
    mean_rest: Vec<f64>,
    /// Sums of squared deviations, in units of 4^exponent.
    squares: Vec<f64>,
    exponent: Vec<i32>,
    min: Vec<f64>,
    max: Vec<f64>,
    /// Values skipped as not finite.
    skipped: Vec<u64>,
}

/// Equal are those that are saved alike: the number of threads is no part of them.
impl PartialEq for FeatureStats {
    fn eq(&self, other: &Self) -> bool {
        saved::Saved::from(self) == saved::Saved::from(other)
    }
}

impl FeatureStats {
    /// Statistics of no samples yet, which refuse values that are not finite.
    pub fn new(n_features: usize) -> Self {
        Self {
            non_finite: NonFinite::Refuse,
            threads: Threads::default(),
            n_samples: 0,
            count: vec![0; n_features],
            weight: vec![0.0; n_features],
            mean: vec![0.0; n_features],
            mean_rest: vec![0.0; n_features],
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

    /// Chooses how many threads an update with large data may use. The statistics are the same to the last bit
    /// with any number of them.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Adds samples: `(n_features, n_samples)`, a sample a column, each of weight 1. No samples is fine.
    ///
    /// # Errors
    /// [`Error::FeatureCount`] for another number of rows, [`Error::NonFinite`] for NaN or an infinity
    /// under [`NonFinite::Refuse`], [`Error::VarianceOverflow`] when W σ² exceeds `f64`,
    /// [`Error::TooManySamples`] beyond 2⁵³ samples.
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
    /// As [`update`](Self::update), and [`Error::WeightCount`], [`Error::InvalidWeight`] or [`Error::WeightSum`].
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
    /// [`Error::VarianceOverflow`] when W σ² of the merged statistics exceeds `f64`, [`Error::WeightSum`] when the weights
    /// add up to more than 10⁵⁰, [`Error::TooManySamples`] beyond 2⁵³ samples.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.check_features(other.n_features())?;
        self.check_room(other.n_samples)?;
        let mut next = self.clone();
        next.join(other);
        next.check_sums()?;
        *self = next;
        Ok(())
    }

    fn checked_update<T: Scalar>(
        &mut self,
        samples: DMatrixView<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<(), Error> {
        let mut next = self.clone();
        absorb(&mut next, samples, weights, None)?;
        next.check_sums()?;
        *self = next;
        Ok(())
    }

    /// Refuses sums that went beyond their bounds. A feature may have less weight than the least sum of a call: then its
    /// values are of samples that hardly count.
    fn check_sums(&self) -> Result<(), Error> {
        let most = self.weight.iter().copied().fold(0.0, f64::max);
        check_weight_sum(most.max(1.0), self.n_samples)?;
        self.check_variance(None)
    }

    /// Refuses more samples than are counted exactly; no other count can then overflow.
    fn check_room(&self, n_samples: u64) -> Result<(), Error> {
        match self.n_samples.saturating_add(n_samples) {
            0..=MOST_SAMPLES => Ok(()),
            n_samples => Err(Error::TooManySamples { n_samples }),
        }
    }

    /// [`merge`](Self::merge) without its checks.
    fn join(&mut self, other: &Self) {
        for j in 0..other.n_features() {
            self.merge_feature(j, &other.moments(j));
            self.skipped[j] += other.skipped[j];
        }
        self.n_samples += other.n_samples;
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
        let delta = (b.mean - self.mean[j]) + (b.mean_rest - self.mean_rest[j]);
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
        (self.mean[j], self.mean_rest[j]) = if delta.is_finite() {
            sum_and_rest(self.mean[j], self.mean_rest[j] + delta * share)
        } else {
            (self.mean[j] * (1.0 - share) + b.mean * share, 0.0)
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
        self.mean_rest[j] = moments.mean_rest;
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
            mean_rest: self.mean_rest[j],
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
                feature: NamedFeature::new(j, names),
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

// Compiled here for both number types, and not again in every crate that makes statistics.
smallbatch_base::compiled! {
    fn absorb(
        stats: &'a mut FeatureStats,
        samples: DMatrixView<'a, T>,
        weights: Option<&'a [T]>,
        names: Option<&'a [String]>,
    ) -> Result<(), Error> = FeatureStats::absorb;
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
