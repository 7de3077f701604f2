//! What a scaler saw: in fitting, and in each transform.

use serde::{Deserialize, Serialize};

use crate::NamedFeature;

/// What fitting found in the training data: features that deserve a look.
///
/// | list | criterion |
/// |---|---|
/// | constant | σ² ≤ n ε σ² + (n μ ε)²: see [`FeatureStats::constant`](crate::FeatureStats::constant). Scalers that divide by a spread have scale 1 there; [`MaxAbsScaler`](crate::MaxAbsScaler) divides by the magnitude. |
/// | nearly constant | not constant, but σ < 4 ε_T \|μ\| with ε_T of the stored type (2⁻²³ for `f32`, 2⁻⁵² for `f64`), so that σ is below what the type resolves around the mean (in `f64` the rule above usually comes first); or one value has more than 99.9 % of the weight |
/// | heavy-tailed | (q₉₉.₅ - q₀.₅) / (q₇₅ - q₂₅) > 7.64, twice the 3.82 of a normal distribution. Student's t with 3 degrees of freedom is at the limit, a uniform distribution has 1.98, Cauchy 64. Where half of the values are equal (the interquartile range is 0), the others alone are judged. |
/// | without interquartile range | half of the values are equal (to 4 ε of `f64`); [`RobustScaler`](crate::RobustScaler) and [`SmoothClip`](crate::SmoothClip) divide by half of the range instead, and only they fill this list |
///
/// Tails are judged on at most 2,048 evenly spaced samples, at least 50, without weights. Statistics that were
/// accumulated elsewhere ([`StandardScaler::fit_stats`](crate::StandardScaler::fit_stats)) hold no quantiles: the
/// lists of heavy-tailed features and of those with one dominating value are then empty, and
/// [`judged_tails`](Self::judged_tails) says so.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
///
/// let x = DMatrix::from_fn(2, 100, |feature, sample| if feature == 0 { 14.62 } else { sample as f64 });
/// let scaler = StandardScaler::new().fit(&FitData::new(&x))?;
/// assert_eq!(scaler.report().constant()[0].index, 0);
/// println!("{}", scaler.report()); // a sentence a list
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    pub(crate) n_samples: u64,
    pub(crate) constant: Vec<NamedFeature>,
    pub(crate) nearly_constant: Vec<NamedFeature>,
    pub(crate) heavy_tailed: Vec<NamedFeature>,
    pub(crate) without_interquartile_range: Vec<NamedFeature>,
    pub(crate) skipped: Vec<(NamedFeature, u64)>,
    pub(crate) judged_tails: bool,
}

impl FitReport {
    /// The number of samples fitted, those of weight 0 included.
    pub fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// Features whose variance is within rounding error of zero.
    pub fn constant(&self) -> &[NamedFeature] {
        &self.constant
    }

    /// Features that hardly vary.
    pub fn nearly_constant(&self) -> &[NamedFeature] {
        &self.nearly_constant
    }

    /// Features with many values far out: consider [`SmoothClip`](crate::SmoothClip), or a logarithm.
    pub fn heavy_tailed(&self) -> &[NamedFeature] {
        &self.heavy_tailed
    }

    /// Features divided by half of their range for want of an interquartile range.
    pub fn without_interquartile_range(&self) -> &[NamedFeature] {
        &self.without_interquartile_range
    }

    /// Features with values that were NaN or infinite, and how many ([`NonFinite::Ignore`](crate::NonFinite::Ignore)).
    pub fn skipped(&self) -> &[(NamedFeature, u64)] {
        &self.skipped
    }

    /// Whether the data itself was there to look for heavy tails and dominating values.
    pub fn judged_tails(&self) -> bool {
        self.judged_tails
    }

    /// Whether nothing deserves a look.
    pub fn is_clean(&self) -> bool {
        self.constant.is_empty()
            && self.nearly_constant.is_empty()
            && self.heavy_tailed.is_empty()
            && self.without_interquartile_range.is_empty()
            && self.skipped.is_empty()
    }
}

impl std::fmt::Display for FitReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fitted to {} samples", self.n_samples)?;
        let lists = [
            ("constant", &self.constant),
            ("nearly constant", &self.nearly_constant),
            ("heavy-tailed", &self.heavy_tailed),
            (
                "no interquartile range, divided by half of the range",
                &self.without_interquartile_range,
            ),
        ];
        for (what, features) in lists.iter().filter(|(_, features)| !features.is_empty()) {
            let names: Vec<String> = features.iter().map(NamedFeature::to_string).collect();
            write!(f, "; {what}: {}", names.join(", "))?;
        }
        for (feature, n) in &self.skipped {
            write!(f, "; {n} values of {feature} skipped as not finite")?;
        }
        Ok(())
    }
}

/// How many values of one feature were not like those seen in fitting.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Outside, Scaler, StandardScaler};
///
/// let training = DMatrix::from_column_slice(1, 3, &[1.0, 2.0, 3.0]);
/// let report = StandardScaler::new().fit(&FitData::new(&training))?.transform_sample(&mut [4.0])?;
/// assert_eq!(report.feature(0), Outside { above: 1, ..Outside::default() });
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Values below the least value seen in fitting, -∞ included.
    pub below: u64,
    /// Values above the greatest value seen in fitting, +∞ included.
    pub above: u64,
    /// NaN passed through as NaN.
    pub nan: u64,
}

impl std::fmt::Display for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = [
            (self.below, "below"),
            (self.above, "above"),
            (self.nan, "NaN"),
        ];
        let some = counts.iter().filter(|(n, _)| *n > 0);
        let words: Vec<String> = some.map(|(n, what)| format!("{n} {what}")).collect();
        match &words[..] {
            [] => f.write_str("none"),
            some => f.write_str(&some.join(", ")),
        }
    }
}

/// What a transform met: for each feature, the values outside the range seen in fitting.
///
/// It can be printed; features are called by the names given in fitting. Nothing is allocated for it while there is nothing
/// to tell.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, MinMaxScaler, Scaler};
///
/// let scaler = MinMaxScaler::new().fit(&FitData::new(&DMatrix::from_column_slice(1, 3, &[0.0, 5.0, 10.0])))?;
/// let mut test = DMatrix::from_column_slice(1, 3, &[-1.0, 5.0, 11.0]);
/// let report = scaler.transform_in_place(&mut test)?;
/// assert_eq!((report.feature(0).below, report.feature(0).above), (1, 1));
/// assert_eq!(test.as_slice(), [-0.1, 0.5, 1.1]);
/// assert_eq!(report.to_string(), "3 samples scaled; outside the range seen in fitting: feature 0 (1 below, 1 above)");
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformReport {
    n_samples: u64,
    constant_samples: u64,
    /// One a feature, or none at all.
    outside: Vec<Outside>,
    /// The features with something outside, in their order.
    #[serde(default)]
    features: Vec<NamedFeature>,
}

impl TransformReport {
    pub(crate) fn new(n_samples: usize) -> Self {
        Self {
            n_samples: n_samples as u64,
            ..Self::default()
        }
    }

    pub(crate) fn outside_mut(&mut self, n_features: usize) -> &mut [Outside] {
        self.outside.resize(n_features, Outside::default());
        &mut self.outside
    }

    /// Names the features that have something outside.
    pub(crate) fn name_features(&mut self, names: &[String]) {
        let outside = self.outside.iter().enumerate();
        let some = outside.filter(|(_, counts)| **counts != Outside::default());
        self.features = some
            .map(|(j, _)| NamedFeature::new(j, Some(names)))
            .collect();
    }

    pub(crate) fn count_constant_sample(&mut self) {
        self.constant_samples += 1;
    }

    /// The number of samples transformed.
    pub fn n_samples(&self) -> u64 {
        self.n_samples
    }

    /// Samples whose features were all alike, so that [`PerSample`](crate::PerSample) had nothing to divide by.
    pub fn constant_samples(&self) -> u64 {
        self.constant_samples
    }

    /// The counts of one feature; zeros for a feature that does not exist.
    pub fn feature(&self, index: usize) -> Outside {
        self.outside.get(index).copied().unwrap_or_default()
    }

    /// The features with values outside the range seen in fitting, or NaN, and how many, in the order of the features.
    pub fn outside(&self) -> impl Iterator<Item = (&NamedFeature, Outside)> {
        self.features
            .iter()
            .map(|feature| (feature, self.feature(feature.index)))
    }

    /// Values below the range, above it, and NaN, over all features.
    pub fn total(&self) -> Outside {
        self.outside
            .iter()
            .fold(Outside::default(), |sum, x| Outside {
                below: sum.below + x.below,
                above: sum.above + x.above,
                nan: sum.nan + x.nan,
            })
    }

    /// Whether every value was within the range seen in fitting.
    pub fn is_clean(&self) -> bool {
        self.total() == Outside::default() && self.constant_samples == 0
    }

    /// Adds the counts of a later transform by the same scaler.
    pub fn merge(&mut self, other: &Self) {
        self.n_samples += other.n_samples;
        self.constant_samples += other.constant_samples;
        if !other.outside.is_empty() {
            let n_features = self.outside.len().max(other.outside.len());
            for (sum, x) in self.outside_mut(n_features).iter_mut().zip(&other.outside) {
                sum.below += x.below;
                sum.above += x.above;
                sum.nan += x.nan;
            }
        }
        for feature in &other.features {
            let place = self
                .features
                .binary_search_by_key(&feature.index, |feature| feature.index);
            if let Err(place) = place {
                self.features.insert(place, feature.clone());
            }
        }
    }
}

impl std::fmt::Display for TransformReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} samples scaled", self.n_samples)?;
        let described: Vec<String> = self
            .outside()
            .map(|(feature, counts)| format!("{feature} ({counts})"))
            .collect();
        if described.is_empty() {
            write!(f, "; all within the range seen in fitting")?;
        } else {
            let described = described.join(", ");
            write!(f, "; outside the range seen in fitting: {described}")?;
        }
        if self.constant_samples > 0 {
            let n = self.constant_samples;
            write!(f, "; {n} samples with all features alike, scale 1")?;
        }
        Ok(())
    }
}
