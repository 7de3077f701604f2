//! Train, validation and test parts, by fraction or by fold.

mod allot;
mod deal;
mod folds;
mod units;

use serde::{Deserialize, Serialize};
use smallbatch_preprocess::{FitData, FittedScaler, Scalar, Scaler, TransformReport};

pub use folds::KFolds;

use crate::{Dataset, Error, Part, Target, TargetScaler};

/// How samples are dealt out to parts or folds.
///
/// ```
/// use smallbatch_data::{Splitter, Strategy, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let splitter = Splitter::new(7).strategy(Strategy::Stratified);
/// assert_eq!(splitter, Splitter::new(7).stratified());
/// // 20 % of 59, 71 and 48, each to less than 1.
/// assert_eq!(splitter.split(&builtin::wine()?)?.test().target().class_counts(), Some(vec![12, 14, 9]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Strategy {
    /// At random, each sample for itself.
    #[default]
    Shuffled,
    /// At random within each class, so that every part has each class in nearly its overall proportion.
    Stratified,
    /// At random, relatives together: samples of one group (see [`Dataset::with_groups`]) are never in two parts.
    Grouped,
}

/// Deals the samples of a data set out to a training, a validation and a test part.
///
/// By default 60 %, 20 % and 20 %, shuffled. The validation or the test part may be left out, by the fraction 0. The result is a pure function of the data set's size (and its labels or
/// groups), the fractions, the strategy and the seed.
///
/// How exact the fractions are, when n is the number of samples (of one class, if stratified) and f the fraction:
/// - shuffled: each part's size differs from n·f by less than 1;
/// - stratified: each class's count in each part differs from n·f by less than 1;
/// - grouped: groups, in random order, go each to the part that lacks most samples, so that a part's size
///   differs from n·f by less than the largest group when there are many groups; every part gets a group.
///
/// ```
/// use smallbatch_data::{Splitter, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let split = Splitter::new(7).fractions(0.7, 0.15, 0.15).stratified().split(&builtin::wine()?)?;
/// assert_eq!(split.test().target().class_counts(), Some(vec![9, 10, 8])); // 15 % of 59, 71 and 48
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Splitter {
    pub(crate) seed: u64,
    pub(crate) fractions: [f64; 3],
    pub(crate) strategy: Strategy,
    pub(crate) copies_together: bool,
}

impl Splitter {
    /// 60 % for training, 20 % for validation, 20 % for testing, shuffled.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            fractions: [0.6, 0.2, 0.2],
            strategy: Strategy::Shuffled,
            copies_together: false,
        }
    }

    /// Sets the shares of the three parts: that of the training part above 0, none below 0, and their sum 1 (to 1e-9). A part of the fraction 0 has no samples ([`Dataset::is_empty`]): of
    /// `fractions(0.8, 0.0, 0.2)` there is a training and a test part.
    ///
    /// ```
    /// use smallbatch_data::{Splitter, builtin};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let split = Splitter::new(7).fractions(0.8, 0.2, 0.0).split(&builtin::wine()?)?;
    /// assert_eq!((split.train().n_samples(), split.validation().n_samples()), (142, 36));
    /// assert!(split.test().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn fractions(mut self, train: f64, validation: f64, test: f64) -> Self {
        self.fractions = [train, validation, test];
        self
    }

    /// Keeps each class's proportion in every part; needs classes.
    #[must_use]
    pub fn stratified(self) -> Self {
        self.strategy(Strategy::Stratified)
    }

    /// Keeps the samples of a group together; needs [`Dataset::with_groups`].
    #[must_use]
    pub fn grouped(self) -> Self {
        self.strategy(Strategy::Grouped)
    }

    /// Sets how samples are dealt out.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Keeps samples with equal features in one part, and those of a group, if the data set has groups, whatever the
    /// strategy: two samples that share either, directly or through others. Otherwise a model is tested on what it was
    /// trained on. For how many copies there are see [`Dataset::n_copies`].
    ///
    /// Shuffled and stratified, what must stay together goes first, each to a part at random in proportion to what the parts
    /// lack; then single samples fill the parts up. Where there are enough of them, each part (of each class, if stratified)
    /// is still within about 1 of its share. Grouped, copies join the groups that they are in.
    ///
    /// If no samples have to stay together, the split is the same as without this option. If only groups have to, that
    /// holds for a grouped split.
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use smallbatch_data::{Dataset, Part, Splitter, Target};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// // The second ten samples have the features of the first ten.
    /// let features = DMatrix::from_fn(2, 20, |row, sample| (sample % 10 * (row + 1)) as f32);
    /// let twice = Dataset::new(features, Target::numbers((0..20).map(|y| y as f32).collect()))?;
    /// let parts = Splitter::new(7).copies_together().assign(&twice)?;
    /// assert!((0..10).all(|sample| parts[sample] == parts[sample + 10]));
    /// assert_eq!(parts.iter().filter(|part| **part == Part::Test).count(), 4);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn copies_together(mut self) -> Self {
        self.copies_together = true;
        self
    }

    /// Says for each sample to which part it goes, without copying any.
    ///
    /// # Errors
    /// As [`Splitter::split`].
    pub fn assign<T: Scalar>(&self, dataset: &Dataset<T>) -> Result<Vec<Part>, Error> {
        self.check()?;
        dataset.require_samples()?;
        check_classes_present(dataset)?;
        let parts: Vec<Part> = Part::ALL
            .into_iter()
            .filter(|&part| self.fraction(part) > 0.0)
            .collect();
        if dataset.n_samples() < parts.len() {
            return Err(Error::TooFew {
                what: "samples",
                count: dataset.n_samples(),
                parts: format!("{} parts", parts.len()),
            });
        }
        let fractions: Vec<f64> = parts.iter().map(|&part| self.fraction(part)).collect();
        let shares = allot::Shares {
            fractions: &fractions,
            unit: "part",
        };
        allot::allot(
            dataset,
            allot::Way {
                strategy: self.strategy,
                copies_together: self.copies_together,
            },
            &shares,
            self.seed,
            |part, n_samples| Error::EmptyPart {
                part: parts[part],
                fraction: fractions[part],
                n_samples,
            },
        )
        .map(|bins| bins.into_iter().map(|bin| parts[bin]).collect())
    }

    fn check(&self) -> Result<(), Error> {
        let [train, validation, test] = self.fractions;
        let sum = train + validation + test;
        // Written so that NaN fails too.
        let none_is_negative = self.fractions.iter().all(|&fraction| fraction >= 0.0);
        if train > 0.0 && none_is_negative && (sum - 1.0).abs() <= 1e-9 {
            return Ok(());
        }
        Err(Error::BadFractions {
            train,
            validation,
            test,
        })
    }

    fn fraction(&self, part: Part) -> f64 {
        self.fractions[part as usize]
    }

    /// Splits the data set; within each part the samples keep their order.
    ///
    /// # Errors
    /// - [`Error::BadFractions`], before the data set is looked at.
    /// - [`Error::TooFew`]: fewer samples, or, grouped, fewer groups than parts of a fraction above 0; [`Error::NoSamples`].
    /// - [`Error::EmptyPart`]: so small a fraction that its part would have no sample.
    /// - [`Error::OneClass`]: only one of the classes has samples.
    /// - Stratified: [`Error::NotClasses`], and [`Error::ClassTooSmall`] for a class that cannot be in every part; with
    ///   copies together it counts them as one sample.
    /// - Grouped: [`Error::NoGroups`].
    /// - [`Error::ZeroWeights`]: all samples of a part have weight 0.
    pub fn split<T: Scalar>(&self, dataset: &Dataset<T>) -> Result<Split<T>, Error> {
        split(self, dataset)
    }
}

fn split_here<T: Scalar>(splitter: &Splitter, dataset: &Dataset<T>) -> Result<Split<T>, Error> {
    Split::from_assignment(dataset, &splitter.assign(dataset)?)
}

// Compiled here for both number types, and not again in every crate that splits data.
smallbatch_base::compiled! {
    fn split(splitter: &'a Splitter, dataset: &'a Dataset<T>) -> Result<Split<T>, Error> = split_here;

    fn scaled(
        split: &'a Split<T>,
        fitted: &'a FittedScaler,
    ) -> Result<(Split<T>, [TransformReport; 3]), Error> = Split::scaled_here;

    fn scaled_on_read(split: &'a Split<T>, fitted: &'a FittedScaler) -> Result<Split<T>, Error> =
        Split::scaled_on_read_here;

    fn with_scaled_targets(split: &'a Split<T>) -> Result<(Split<T>, TargetScaler), Error> =
        Split::with_scaled_targets_here;
}

/// A training, a validation and a test part of one data set.
///
/// The validation or the test part may have no samples: one of the fraction 0, or of an assignment that gives it none. It is an
/// empty [`Dataset`], which scaling leaves as it is, and which whoever needs samples refuses.
///
/// Only the training part can reach a scaler's `fit`: [`Split::fit`] hands over that part and nothing else, and
/// [`Split::scaled_by`] then transforms all three with what it learned.
///
/// ```
/// use smallbatch_data::{Splitter, builtin};
/// use smallbatch_preprocess::{FeatureStats, StandardScaler};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let split = Splitter::new(7).stratified().split(&builtin::wine()?)?;
/// let (split, _scaler) = split.scaled_by(&StandardScaler::default())?;
///
/// let mut stats = FeatureStats::new(split.train().n_features());
/// stats.update(split.train().features())?;
/// assert!(stats.mean().iter().all(|mean| mean.abs() < 1e-5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Split<T = f32> {
    train: Dataset<T>,
    validation: Dataset<T>,
    test: Dataset<T>,
}

impl<T: Scalar> PartialEq for Split<T> {
    fn eq(&self, other: &Self) -> bool {
        self.train == other.train && self.validation == other.validation && self.test == other.test
    }
}

impl<T: Scalar> Split<T> {
    /// A split from parts that already exist, for example a published test set.
    ///
    /// # Errors
    /// [`Error::PartsDiffer`] unless all parts have the same feature names, and targets with the same names and of
    /// the same kind.
    pub fn from_parts(
        train: Dataset<T>,
        validation: Dataset<T>,
        test: Dataset<T>,
    ) -> Result<Self, Error> {
        for (part, dataset) in [(Part::Validation, &validation), (Part::Test, &test)] {
            if dataset.feature_names() != train.feature_names() {
                return Err(Error::PartsDiffer {
                    part,
                    what: "feature names",
                });
            }
            let same_kind =
                std::mem::discriminant(dataset.target()) == std::mem::discriminant(train.target());
            if !same_kind || dataset.target().names() != train.target().names() {
                return Err(Error::PartsDiffer {
                    part,
                    what: "target",
                });
            }
        }
        Ok(Self {
            train,
            validation,
            test,
        })
    }

    /// A split by an assignment made elsewhere: entry i says where sample i goes. The validation or the test part may get none.
    ///
    /// # Errors
    /// [`Error::SampleCount`] for an assignment of another length, [`Error::TooFew`] when the training part gets no sample,
    /// [`Error::ZeroWeights`] when all samples of a part have weight 0.
    pub fn from_assignment(dataset: &Dataset<T>, assignment: &[Part]) -> Result<Self, Error> {
        let n_samples = dataset.n_samples();
        if assignment.len() != n_samples {
            return Err(Error::SampleCount {
                what: "assignment",
                expected: n_samples,
                actual: assignment.len(),
            });
        }
        let part = |wanted: Part| {
            let indices: Vec<usize> = (0..n_samples)
                .filter(|&index| assignment[index] == wanted)
                .collect();
            match (wanted, indices.is_empty()) {
                (_, false) => dataset.subset(&indices),
                (Part::Train, true) => Err(Error::TooFew {
                    what: "samples",
                    count: 0,
                    parts: "the train part".into(),
                }),
                (Part::Validation | Part::Test, true) => Ok(dataset.emptied()),
            }
        };
        Ok(Self {
            train: part(Part::Train)?,
            validation: part(Part::Validation)?,
            test: part(Part::Test)?,
        })
    }

    /// The training part.
    pub fn train(&self) -> &Dataset<T> {
        &self.train
    }

    /// The validation part; empty where the split has none.
    pub fn validation(&self) -> &Dataset<T> {
        &self.validation
    }

    /// The test part; empty where the split has none.
    pub fn test(&self) -> &Dataset<T> {
        &self.test
    }

    /// One of the three parts.
    pub fn part(&self, part: Part) -> &Dataset<T> {
        match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        }
    }

    /// Fits a scaler on the training part alone, with its weights and feature names.
    ///
    /// A constant feature is harmless, and named in the scaler's report; nothing but constant features is an error.
    ///
    /// # Errors
    /// [`Error::Scaling`] when the scaler refuses; [`Error::AllConstant`] when every feature of the training part is constant.
    pub fn fit(&self, scaler: &impl Scaler) -> Result<FittedScaler, Error> {
        let fitted = fit_on(&self.train, scaler)?;
        let n_features = fitted.n_features();
        if fitted.report().constant().len() == n_features {
            return Err(Error::AllConstant {
                n_features,
                name: fitted.feature_names()[0].clone(),
                value: fitted.min()[0],
            });
        }
        Ok(fitted)
    }

    /// Fits a scaler on the training part alone, and transforms all three parts by it.
    ///
    /// What fitting found is in the scaler's [`report`](FittedScaler::report); for what each part then held outside the
    /// range of the training part there is [`scaled_with_reports`](Self::scaled_with_reports).
    ///
    /// # Errors
    /// As [`Split::fit`] and [`Dataset::scaled`].
    pub fn scaled_by(&self, scaler: &impl Scaler) -> Result<(Self, FittedScaler), Error> {
        let (scaled, fitted, _) = self.scaled_with_reports(scaler)?;
        Ok((scaled, fitted))
    }

    /// As [`scaled_by`](Self::scaled_by), but the features stay stored as they are, and are scaled whenever they are read; see
    /// [`Dataset::scaled_on_read`].
    ///
    /// # Errors
    /// As [`scaled_by`](Self::scaled_by).
    ///
    /// ```
    /// use smallbatch_data::{Splitter, builtin};
    /// use smallbatch_preprocess::StandardScaler;
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let split = Splitter::new(7).stratified().split(&builtin::wine()?)?;
    /// let (on_read, scaler) = split.scaled_on_read_by(&StandardScaler::default())?;
    /// assert_eq!(on_read.test(), &split.test().scaled(&scaler)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn scaled_on_read_by(&self, scaler: &impl Scaler) -> Result<(Self, FittedScaler), Error> {
        let fitted = self.fit(scaler)?;
        Ok((scaled_on_read(self, &fitted)?, fitted))
    }

    /// As [`scaled_by`](Self::scaled_by), with a report on the training, the validation and the test part, in this order: which
    /// of their values are outside the range that the scaler was fitted to.
    ///
    /// # Errors
    /// As [`scaled_by`](Self::scaled_by).
    ///
    /// ```
    /// use smallbatch_data::{Splitter, builtin};
    /// use smallbatch_preprocess::StandardScaler;
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let split = Splitter::new(7).stratified().split(&builtin::wine()?)?;
    /// let (_split, _scaler, [train, _, test]) = split.scaled_with_reports(&StandardScaler::default())?;
    /// assert!(train.is_clean());
    /// println!("{test}"); // "36 samples scaled; outside the range seen in fitting: ..."
    /// # Ok(())
    /// # }
    /// ```
    pub fn scaled_with_reports(
        &self,
        scaler: &impl Scaler,
    ) -> Result<(Self, FittedScaler, [TransformReport; 3]), Error> {
        let fitted = self.fit(scaler)?;
        let (scaled, reports) = scaled(self, &fitted)?;
        Ok((scaled, fitted, reports))
    }

    fn scaled_here(&self, fitted: &FittedScaler) -> Result<(Self, [TransformReport; 3]), Error> {
        let (train, of_train) = self.train.scaled_with_report(fitted)?;
        let (validation, of_validation) = self.validation.scaled_with_report(fitted)?;
        let (test, of_test) = self.test.scaled_with_report(fitted)?;
        let scaled = Self {
            train,
            validation,
            test,
        };
        Ok((scaled, [of_train, of_validation, of_test]))
    }

    fn scaled_on_read_here(&self, fitted: &FittedScaler) -> Result<Self, Error> {
        self.map(|part| part.scaled_on_read(fitted))
    }

    /// Standardizes the targets of all three parts by the training part's mean and deviation; for regression.
    ///
    /// # Errors
    /// As [`TargetScaler::fit`] and [`TargetScaler::apply`].
    ///
    /// ```
    /// use smallbatch_data::{Splitter, builtin};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let split = Splitter::new(7).split(&builtin::airfoil()?)?;
    /// let (split, scaler) = split.with_scaled_targets()?;
    /// assert!(split.train().target().as_values().unwrap().mean().abs() < 1e-4);
    /// // An error of 0.5 training deviations is this many decibels:
    /// let decibels = 0.5 * scaler.scale()[0];
    /// assert!(decibels > 3.0 && decibels < 4.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_scaled_targets(&self) -> Result<(Self, TargetScaler), Error> {
        with_scaled_targets(self)
    }

    fn with_scaled_targets_here(&self) -> Result<(Self, TargetScaler), Error> {
        let scaler = TargetScaler::fit(&self.train)?;
        Ok((self.map(|part| scaler.apply(part))?, scaler))
    }

    fn map(
        &self,
        change: impl Fn(&Dataset<T>) -> Result<Dataset<T>, Error>,
    ) -> Result<Self, Error> {
        let (train, validation, test) = (
            change(&self.train)?,
            change(&self.validation)?,
            change(&self.test)?,
        );
        Ok(Self {
            train,
            validation,
            test,
        })
    }
}

/// Hands features, weights and names of a data set to a scaler.
fn fit_on<T: Scalar>(dataset: &Dataset<T>, scaler: &impl Scaler) -> Result<FittedScaler, Error> {
    let features = dataset.numbers();
    let mut data = FitData::new(features.as_ref()).names(dataset.feature_names());
    if let Some(weights) = dataset.weights() {
        data = data.weights(weights);
    }
    Ok(scaler.fit(&data)?)
}

/// Refuses classes of which only one has samples: parts of it could teach and test nothing.
pub(crate) fn check_classes_present<T: Scalar>(dataset: &Dataset<T>) -> Result<(), Error> {
    if let Target::Classes { labels, names } = dataset.target() {
        let first = labels[0];
        if labels.iter().all(|&label| label == first) {
            return Err(Error::OneClass {
                class: names[first as usize].clone(),
            });
        }
    }
    Ok(())
}
