//! A data set in memory: features, target, names, weights and groups, checked once.

use std::borrow::Cow;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_base::StoredFeatures;
use smallbatch_preprocess::{FittedScaler, Scalar, TransformReport};

use crate::features::Features;
use crate::names::{check_fitted_names, check_names, numbered};
use crate::{Error, Mismatch, Target};

/// Whether a feature may be missing, which is written NaN.
///
/// Infinite features are refused either way.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_data::{Dataset, MissingValues, Target};
///
/// let features = DMatrix::from_row_slice(1, 2, &[1.0_f32, f32::NAN]);
/// let target = Target::numbers(vec![0.5, 0.7]);
/// assert!(Dataset::new(features.clone(), target.clone()).is_err());
/// assert!(Dataset::with_missing(features, target, MissingValues::Admit).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingValues {
    /// NaN is an error, since a network cannot use it.
    #[default]
    Refuse,
    /// NaN stays, for a scaler that leaves it out of its statistics and for a later step that fills it in.
    Admit,
}

impl MissingValues {
    /// By reference, as serde asks for it.
    pub(crate) fn are_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

/// Samples with their target.
///
/// Features have shape (`n_features`, `n_samples`): **a sample is a column**, the transpose of scikit-learn's tables.
/// nalgebra stores columns contiguously, so that picking the shuffled samples of a batch is a few short copies.
///
/// Everything is checked when it is given, so code that receives a `Dataset` may rely on it: at least one sample and
/// one feature; matching lengths; unique names; finite targets; labels that have a name; finite features (except NaN
/// under [`MissingValues::Admit`]); finite weights, none negative, not all zero. One kind has no samples: a part that a
/// [`Split`](crate::Split) gave none ([`Dataset::is_empty`]).
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_data::{Dataset, Target};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// // Two features (rows) of three samples (columns).
/// let features = DMatrix::from_row_slice(2, 3, &[1.0_f32, 2.0, 3.0, 10.0, 20.0, 30.0]);
/// let flowers = Dataset::new(features, Target::classes(vec![0, 1, 1]))?
///     .with_name("flowers")
///     .with_feature_names(vec!["length".into(), "width".into()])?
///     .with_weights(vec![1.0, 1.0, 0.5])?;
/// assert_eq!((flowers.n_features(), flowers.n_samples()), (2, 3));
/// assert_eq!(flowers.features().column(2).as_slice(), [3.0, 30.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Dataset<T = f32> {
    name: String,
    features: Features<T>,
    feature_names: Vec<String>,
    target: Target<T>,
    weights: Option<Vec<T>>,
    groups: Option<Vec<u32>>,
    missing: MissingValues,
}

impl<T: Scalar> Dataset<T> {
    /// A data set named "unnamed", with features "x0", "x1" and so on, without weights or groups.
    ///
    /// `features` has shape (`n_features`, `n_samples`).
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::SampleCount`] when the target has another length, [`Error::NonFiniteFeature`], and
    /// for the target [`Error::NonFiniteTarget`], [`Error::LabelOutOfRange`], [`Error::OneClass`],
    /// [`Error::OutputNames`] or [`Error::BadName`].
    pub fn new(features: DMatrix<T>, target: Target<T>) -> Result<Self, Error> {
        Self::with_missing(features, target, MissingValues::Refuse)
    }

    /// As [`Dataset::new`], saying whether NaN is admitted among the features.
    ///
    /// # Errors
    /// As [`Dataset::new`].
    pub fn with_missing(
        features: DMatrix<T>,
        target: Target<T>,
        missing: MissingValues,
    ) -> Result<Self, Error> {
        let dataset = Self::of(Features::numbers(features), target, missing)?;
        check_features(dataset.features(), &dataset.feature_names, missing)?;
        Ok(dataset)
    }

    /// A data set whose features are stored as bytes, such as the pixels of images, and read as the numbers 0 to 255.
    ///
    /// They take a quarter of the memory of `f32`. Scaled by [`scaled_on_read`](Self::scaled_on_read) they stay bytes: a
    /// training reads them, scales them and computes with them in one go. What asks for all
    /// [`features`](Self::features) as numbers still gets them.
    ///
    /// # Errors
    /// As [`Dataset::new`]; bytes are always finite.
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use smallbatch_data::{Dataset, Target};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let pixels = DMatrix::from_column_slice(3, 2, &[0_u8, 128, 255, 7, 0, 9]);
    /// let images: Dataset = Dataset::from_bytes(pixels, Target::classes(vec![0, 1]))?;
    /// assert_eq!(images.features().column(0).as_slice(), [0.0, 128.0, 255.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_bytes(features: DMatrix<u8>, target: Target<T>) -> Result<Self, Error> {
        Self::of(Features::bytes(features), target, MissingValues::Refuse)
    }

    /// Checks all but the values.
    fn of(features: Features<T>, target: Target<T>, missing: MissingValues) -> Result<Self, Error> {
        let (n_features, n_samples) = features.shape();
        if n_features == 0 || n_samples == 0 {
            return Err(Error::Empty {
                what: "feature matrix",
                rows: n_features,
                columns: n_samples,
            });
        }
        target.check()?;
        check_length("target", n_samples, target.n_samples())?;
        Ok(Self {
            name: "unnamed".to_string(),
            features,
            feature_names: numbered("x", n_features),
            target,
            weights: None,
            groups: None,
            missing,
        })
    }

    /// Names the data set, for reports and errors.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Names the features, in the order of the rows.
    ///
    /// # Errors
    /// [`Error::FeatureCount`], or [`Error::BadName`] for an empty or repeated name.
    pub fn with_feature_names(mut self, names: Vec<String>) -> Result<Self, Error> {
        if names.len() != self.n_features() {
            let what = "list of feature names";
            return Err(Error::FeatureCount {
                what,
                expected: self.n_features(),
                actual: names.len(),
            });
        }
        check_names("feature", &names)?;
        self.feature_names = names;
        Ok(self)
    }

    /// Weighs the samples: a loss is then the weighted mean over a batch, and statistics are weighted too.
    ///
    /// # Errors
    /// [`Error::SampleCount`], [`Error::BadWeight`] for a negative, infinite or NaN weight, [`Error::ZeroWeights`].
    pub fn with_weights(mut self, weights: Vec<T>) -> Result<Self, Error> {
        check_length("weights", self.n_samples(), weights.len())?;
        for (sample, weight) in weights.iter().enumerate() {
            let weight = weight.to_f64();
            if !weight.is_finite() || weight < 0.0 {
                return Err(Error::BadWeight { sample, weight });
            }
        }
        if weights.iter().all(|weight| weight.to_f64() == 0.0) {
            return Err(Error::ZeroWeights {
                n_samples: weights.len(),
            });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// Says which samples are relatives: equal numbers are kept together by a grouped split.
    ///
    /// # Errors
    /// [`Error::SampleCount`].
    pub fn with_groups(mut self, groups: Vec<u32>) -> Result<Self, Error> {
        check_length("groups", self.n_samples(), groups.len())?;
        self.groups = Some(groups);
        Ok(self)
    }

    /// The same samples with other values for the same features; everything else stays.
    ///
    /// # Errors
    /// [`Error::FeatureCount`], [`Error::SampleCount`], [`Error::NonFiniteFeature`].
    pub fn with_features(mut self, features: DMatrix<T>) -> Result<Self, Error> {
        if features.nrows() != self.n_features() {
            let (expected, actual) = (self.n_features(), features.nrows());
            return Err(Error::FeatureCount {
                what: "feature matrix",
                expected,
                actual,
            });
        }
        check_length("feature matrix", self.n_samples(), features.ncols())?;
        check_features(&features, &self.feature_names, self.missing)?;
        self.features = Features::numbers(features);
        Ok(self)
    }

    /// The same samples with another target.
    ///
    /// # Errors
    /// [`Error::SampleCount`] and those of the target, as [`Dataset::new`].
    pub fn with_target(mut self, target: Target<T>) -> Result<Self, Error> {
        target.check()?;
        check_length("target", self.n_samples(), target.n_samples())?;
        self.target = target;
        Ok(self)
    }

    /// The same samples, with the classes named and numbered as those of another data set: by their names.
    ///
    /// Classes are numbered in the order in which a table has them, or names them. So in a second table that lacks one, class 0 can be
    /// another class: a model is then judged by wrong labels. (A second table read by the [schema](crate::TableSchema) of the first
    /// has the right ones already.)
    ///
    /// ```
    /// use nalgebra::dmatrix;
    /// use smallbatch_data::{Dataset, Target};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let named = |labels: Vec<u32>, names: &[&str]| Target::Classes { labels, names: names.iter().map(|&name| name.into()).collect() };
    /// let training = Dataset::new(dmatrix![1.0, 2.0, 3.0], named(vec![0, 1, 2], &["a", "b", "c"]))?;
    /// let test = Dataset::new(dmatrix![2.0, 3.0], named(vec![0, 1], &["b", "c"]))?;
    /// let test = test.with_classes_of(&training)?;
    /// assert_eq!(test.target().labels(), Some(&[1, 2][..]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Mismatch::UnknownClass`](crate::Mismatch::UnknownClass) for a class with samples that the other data set does not name; [`Error::NotClasses`] where either
    /// target is numbers.
    pub fn with_classes_of<U: Scalar>(mut self, other: &Dataset<U>) -> Result<Self, Error> {
        let not_classes = |dataset: &str| Error::NotClasses {
            what: "numbering classes",
            dataset: dataset.to_owned(),
        };
        let Target::Classes { names: known, .. } = other.target() else {
            return Err(not_classes(other.name()));
        };
        let Target::Classes { labels, names } = &mut self.target else {
            return Err(not_classes(&self.name));
        };
        let number_of: Vec<Option<usize>> = names
            .iter()
            .map(|name| known.iter().position(|other| other == name))
            .collect();
        for label in labels {
            match number_of[*label as usize] {
                Some(number) => *label = number as u32,
                None => {
                    return Err(Mismatch::UnknownClass {
                        dataset: self.name,
                        class: names[*label as usize].clone(),
                        known: known.clone(),
                    }
                    .into());
                }
            }
        }
        names.clone_from(known);
        Ok(self)
    }

    /// The data set's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many samples (columns of the features) there are; at least 1, but for a part that a split gave none.
    pub fn n_samples(&self) -> usize {
        self.features.shape().1
    }

    /// Whether this is a part that a [`Split`](crate::Split) gave no samples. Every other data set has some.
    pub fn is_empty(&self) -> bool {
        self.n_samples() == 0
    }

    /// How many features (rows of the features) there are; at least 1.
    pub fn n_features(&self) -> usize {
        self.features.shape().0
    }

    /// How many outputs a network for this target usually has: one a class, or one a number.
    pub fn n_outputs(&self) -> usize {
        self.target.n_outputs()
    }

    /// The features as numbers, shape (`n_features`, `n_samples`).
    ///
    /// Features that are stored as [bytes](Self::from_bytes), or are [scaled when they are read](Self::scaled_on_read), are all
    /// read when this is first asked for, and kept: that takes the memory that was spared. [`stored`](Self::stored) does not.
    pub fn features(&self) -> &DMatrix<T> {
        self.features.matrix()
    }

    /// The features as they are stored.
    pub fn stored(&self) -> StoredFeatures<'_, T> {
        self.features.stored()
    }

    /// The target.
    pub fn target(&self) -> &Target<T> {
        &self.target
    }

    /// The features' names, one a row.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The samples' weights, if they have any.
    pub fn weights(&self) -> Option<&[T]> {
        self.weights.as_deref()
    }

    /// The samples' groups, if they have any.
    pub fn groups(&self) -> Option<&[u32]> {
        self.groups.as_deref()
    }

    /// Whether NaN is admitted among the features.
    pub fn missing(&self) -> MissingValues {
        self.missing
    }

    /// The samples at these indices, in this order; an index may be repeated, as in a bootstrap.
    ///
    /// # Errors
    /// [`Error::EmptySelection`], [`Error::SampleOutOfRange`], [`Error::NoSamples`], [`Error::ZeroWeights`] when only samples of weight 0
    /// are selected.
    ///
    /// ```
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let wine = smallbatch_data::builtin::wine()?;
    /// let first_and_last = wine.subset(&[0, wine.n_samples() - 1])?;
    /// assert_eq!(first_and_last.target().labels(), Some(&[0, 2][..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn subset(&self, indices: &[usize]) -> Result<Self, Error> {
        self.require_samples()?;
        let n_samples = self.n_samples();
        if indices.is_empty() {
            return Err(Error::EmptySelection);
        }
        if let Some(&index) = indices.iter().find(|&&index| index >= n_samples) {
            return Err(Error::SampleOutOfRange { index, n_samples });
        }
        let weights: Option<Vec<T>> = self.weights.as_ref().map(|weights| pick(weights, indices));
        if weights
            .as_ref()
            .is_some_and(|weights| weights.iter().all(|weight| weight.to_f64() == 0.0))
        {
            return Err(Error::ZeroWeights {
                n_samples: indices.len(),
            });
        }
        Ok(Self {
            weights,
            ..self.picked(indices)
        })
    }

    /// The same without samples: a part of a split that gets none.
    pub(crate) fn emptied(&self) -> Self {
        self.picked(&[])
    }

    /// The samples at these indices, without their weights, which the caller checks.
    fn picked(&self, indices: &[usize]) -> Self {
        Self {
            name: self.name.clone(),
            features: self.features.select(indices),
            feature_names: self.feature_names.clone(),
            target: self.target.select(indices),
            weights: None,
            groups: self.groups.as_ref().map(|groups| pick(groups, indices)),
            missing: self.missing,
        }
    }

    /// Refuses a part that a split gave no samples, where some are needed.
    pub(crate) fn require_samples(&self) -> Result<(), Error> {
        if self.is_empty() {
            return Err(Error::NoSamples {
                dataset: self.name.clone(),
            });
        }
        Ok(())
    }

    /// The same data in another scalar type.
    ///
    /// # Errors
    /// [`Error::Narrowing`] where a finite number (a feature, target or weight) becomes infinite, or 0 without being it.
    ///
    /// ```
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let wine = smallbatch_data::builtin::wine()?.cast::<f64>()?;
    /// assert_eq!(wine.features()[(0, 0)], f64::from(14.23_f32));
    /// # Ok(())
    /// # }
    /// ```
    pub fn cast<U: Scalar>(&self) -> Result<Dataset<U>, Error> {
        let features = match self.features.of_same_bytes() {
            Some(bytes) => bytes,
            None => Features::numbers(cast_matrix(self.features(), &self.feature_names)?),
        };
        let target = match &self.target {
            Target::Classes { labels, names } => Target::Classes {
                labels: labels.clone(),
                names: names.clone(),
            },
            Target::Values { values, names } => Target::Values {
                values: cast_matrix(values, names)?,
                names: names.clone(),
            },
        };
        let cast = Dataset {
            name: self.name.clone(),
            features,
            feature_names: self.feature_names.clone(),
            target,
            weights: None,
            groups: self.groups.clone(),
            missing: self.missing,
        };
        match &self.weights {
            Some(weights) => {
                let place = |sample: usize| format!("the weight of sample {sample}");
                cast.with_weights(cast_values(weights, place)?)
            }
            None => Ok(cast),
        }
    }

    /// The same samples with their features transformed by a fitted scaler.
    ///
    /// Features are told by their names, where both the data set and the scaler were given any.
    ///
    /// # Errors
    /// [`Error::OtherNames`] for features of other names, or in another order, than were fitted; [`Error::Scaling`] when the
    /// scaler refuses, for example because it was fitted on another number of features; [`Error::NonFiniteFeature`] when a
    /// scaled value overflows.
    pub fn scaled(&self, scaler: &FittedScaler) -> Result<Self, Error> {
        Ok(self.scaled_with_report(scaler)?.0)
    }

    /// As [`scaled`](Self::scaled), with what lay outside the range seen in fitting: data that a model was not
    /// trained for.
    ///
    /// # Errors
    /// As [`scaled`](Self::scaled).
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use smallbatch_data::{Dataset, Target};
    /// use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let training = DMatrix::from_row_slice(1, 3, &[1.0, 2.0, 3.0]);
    /// let scaler = StandardScaler::new().fit(&FitData::new(&training))?;
    /// let new = Dataset::new(DMatrix::from_row_slice(1, 2, &[2.0, 9.0]), Target::numbers(vec![0.0, 1.0]))?;
    /// let (_scaled, report) = new.scaled_with_report(&scaler)?;
    /// assert_eq!(report.to_string(), "2 samples scaled; outside the range seen in fitting: feature 0 (1 above)");
    /// # Ok(())
    /// # }
    /// ```
    pub fn scaled_with_report(
        &self,
        scaler: &FittedScaler,
    ) -> Result<(Self, TransformReport), Error> {
        check_fitted_names("feature", "x", scaler.feature_names(), &self.feature_names)?;
        let (features, report) = match self.features.as_numbers() {
            Some(numbers) => {
                // Zeros that the operating system provides when they are first touched.
                let blank = vec![T::zero(); numbers.len()];
                let mut features = DMatrix::from_vec(numbers.nrows(), numbers.ncols(), blank);
                let report = scaler.transform_into(numbers, &mut features)?;
                (features, report)
            }
            None => {
                let mut features = self.features.decoded();
                let report = scaler.transform_in_place(&mut features)?;
                (features, report)
            }
        };
        check_features(&features, &self.feature_names, self.missing)?;
        Ok((self.with_same_rest(Features::numbers(features)), report))
    }

    /// As [`scaled`](Self::scaled), but the features stay stored as they are, shared with this data set, and are scaled whenever
    /// they are read: to the same bits, without the memory of a scaled copy, and for bytes with a quarter of what is moved.
    /// A training reads them so.
    ///
    /// That needs a scaler that only shifts and scales (standard, min-max, max-abs, robust), in numbers that the data's type can
    /// hold, and features that are not scaled already, nor missing. For others this is [`scaled`](Self::scaled).
    ///
    /// # Errors
    /// As [`scaled`](Self::scaled).
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use smallbatch_data::{Dataset, Target};
    /// use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pixels = DMatrix::from_column_slice(3, 2, &[0_u8, 128, 255, 7, 0, 9]);
    /// let images: Dataset = Dataset::from_bytes(pixels, Target::classes(vec![0, 1]))?;
    /// let scaler = StandardScaler::new().fit(&FitData::new(images.features()))?;
    /// assert_eq!(images.scaled_on_read(&scaler)?, images.scaled(&scaler)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn scaled_on_read(&self, scaler: &FittedScaler) -> Result<Self, Error> {
        check_fitted_names("feature", "x", scaler.feature_names(), &self.feature_names)?;
        let suits =
            self.missing == MissingValues::Refuse && scaler.n_features() == self.n_features();
        let coefficients = scaler.coefficients().filter(|_| suits);
        match coefficients.and_then(|coefficients| self.features.scaled_by(coefficients)) {
            Some(features) if features.all_finite() => Ok(self.with_same_rest(features)),
            // With the right error, where there is one.
            _ => self.scaled(scaler),
        }
    }

    fn with_same_rest(&self, features: Features<T>) -> Self {
        Self {
            name: self.name.clone(),
            features,
            feature_names: self.feature_names.clone(),
            target: self.target.clone(),
            weights: self.weights.clone(),
            groups: self.groups.clone(),
            missing: self.missing,
        }
    }

    /// Features that are stored as numbers, target and weights, to be written over with others of the same kind.
    pub(crate) fn parts_mut(
        &mut self,
    ) -> (Option<&mut DMatrix<T>>, &mut Target<T>, Option<&mut [T]>) {
        (
            self.features.as_numbers_mut(),
            &mut self.target,
            self.weights.as_deref_mut(),
        )
    }

    /// Has the features of these samples fetched, which will be read soon.
    pub(crate) fn ask_for(&self, samples: &[usize]) {
        self.features.ask_for(samples);
    }

    /// All features as numbers, if they are stored so.
    pub(crate) fn as_numbers(&self) -> Option<&DMatrix<T>> {
        self.features.as_numbers()
    }

    /// A copy of all features as numbers, where they are not stored so.
    pub(crate) fn numbers(&self) -> Cow<'_, DMatrix<T>> {
        match self.features.as_numbers() {
            Some(numbers) => Cow::Borrowed(numbers),
            None => Cow::Owned(self.features.decoded()),
        }
    }
}

/// Equal in all that is read, however it is stored.
impl<T: Scalar> PartialEq for Dataset<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.feature_names == other.feature_names
            && self.features == other.features
            && self.target == other.target
            && self.weights == other.weights
            && self.groups == other.groups
            && self.missing == other.missing
    }
}

fn check_length(what: &'static str, expected: usize, actual: usize) -> Result<(), Error> {
    if actual == expected {
        Ok(())
    } else {
        Err(Error::SampleCount {
            what,
            expected,
            actual,
        })
    }
}

fn check_features<T: Scalar>(
    features: &DMatrix<T>,
    names: &[String],
    missing: MissingValues,
) -> Result<(), Error> {
    let refused = |value: &T| {
        let value = value.to_f64();
        value.is_infinite() || (value.is_nan() && missing == MissingValues::Refuse)
    };
    // Whole chunks first, without a branch a value: most data has nothing to refuse, and may be large.
    let any = |chunk: &[T]| chunk.iter().fold(false, |any, value| any | refused(value));
    if !features.as_slice().chunks(4096).any(any) {
        return Ok(());
    }
    match features.as_slice().iter().position(refused) {
        None => Ok(()),
        Some(at) => {
            let (sample, feature) = (at / features.nrows(), at % features.nrows());
            let value = features.as_slice()[at].to_f64();
            let advice = if value.is_nan() {
                "remove the sample, fill the value in, or admit missing values with `Dataset::with_missing`"
            } else {
                "infinite values are never admitted: remove the sample or correct the value"
            };
            Err(Error::NonFiniteFeature {
                sample,
                feature,
                name: names[feature].clone(),
                value,
                advice,
            })
        }
    }
}

fn pick<V: Copy>(values: &[V], indices: &[usize]) -> Vec<V> {
    indices.iter().map(|&index| values[index]).collect()
}

fn cast_matrix<T: Scalar, U: Scalar>(
    matrix: &DMatrix<T>,
    row_names: &[String],
) -> Result<DMatrix<U>, Error> {
    let n_rows = matrix.nrows();
    let place = |at: usize| format!("sample {}, {:?}", at / n_rows, row_names[at % n_rows]);
    let cast = cast_values(matrix.as_slice(), place)?;
    Ok(DMatrix::from_vec(n_rows, matrix.ncols(), cast))
}

/// Refuses a number that becomes infinite, or 0 without being it; `place` says where it stands.
pub(crate) fn cast_values<T: Scalar, U: Scalar>(
    values: &[T],
    place: impl Fn(usize) -> String,
) -> Result<Vec<U>, Error> {
    let cast: Vec<U> = values.iter().map(|value| U::of(value.to_f64())).collect();
    // Values are finite (or NaN) before, by the data set's own checks.
    let lost = |(value, cast): (&T, &U)| {
        let (value, cast) = (value.to_f64(), cast.to_f64());
        cast.is_infinite() || (cast == 0.0 && value != 0.0)
    };
    match values.iter().zip(&cast).position(lost) {
        None => Ok(cast),
        Some(at) => Err(Error::Narrowing {
            place: place(at),
            value: values[at].to_f64(),
            becomes: cast[at].to_f64(),
            to: std::any::type_name::<U>(),
        }),
    }
}
