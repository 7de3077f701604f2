//! What can go wrong in this crate, and what to do about it.

use std::fmt::Display;
use std::path::PathBuf;

use smallbatch_base::Number;

use crate::{Divergence, Watched};

/// An error of this crate. The fields are for programs, the sentence is for people.
///
/// ```
/// use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::Trainer;
///
/// let error = Trainer::new(MlpSpec::new([13, 3])).learning_rate(-0.1).validate().unwrap_err();
/// assert_eq!(error.to_string(), "`learning_rate` is -0.1; it must be a finite number above 0, such as 0.01");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting of the trainer is outside its range.
    #[error("`{name}` is {value}; it must be {range}")]
    Setting {
        /// The setting's name, as the builder method or the field that sets it.
        name: &'static str,
        /// The value given.
        value: String,
        /// The values it may take, in words.
        range: &'static str,
    },
    /// The learning-rate schedule needs to know how many updates there will be, and the budget does not say.
    #[error(
        "the schedule {schedule} needs to know the number of updates, but the budget {budget} does not fix it; use a \
         budget of epochs or updates, or a schedule that needs no total (constant, step, exponential, reduce on plateau)"
    )]
    ScheduleNeedsTotal {
        /// The schedule's name.
        schedule: &'static str,
        /// The budget, in words.
        budget: String,
    },
    /// The schedule's warm-up leaves no update for the rest.
    #[error(
        "the schedule warms up for {warm_up} updates, but the budget has only {total}; warm up for fewer than that"
    )]
    WarmUpTooLong {
        /// The warm-up's length, in updates.
        warm_up: u64,
        /// The whole training's, in updates.
        total: u64,
    },
    /// Something that watches the validation loss was asked for, and there is no validation data.
    #[error(
        "{what} watches the validation loss, but no validation data was given; give some, or leave {what} out"
    )]
    NeedsValidation {
        /// What watches it.
        what: &'static str,
    },
    /// A data set that may hold missing values holds one, and a network cannot read it.
    #[error(
        "feature `{feature}` of sample {sample} of the {part} data `{dataset}` is missing (NaN); fill it in, or drop \
         the sample or the feature"
    )]
    MissingValue {
        /// Which data.
        part: Watched,
        /// The data set's name.
        dataset: String,
        /// The first sample with a missing value, counted from 0.
        sample: usize,
        /// The feature's name.
        feature: String,
    },
    /// Data without samples was given: a part of a split whose fraction is 0.
    #[error(
        "the {part} data `{dataset}` has no samples: the split gave that part none; split with a fraction above 0, or \
         train without (`None` is no validation data)"
    )]
    NoSamples {
        /// Which data.
        part: Watched,
        /// The data set's name.
        dataset: String,
    },
    /// One sample has nothing to differ from.
    #[error(
        "the training data `{dataset}` has {n_samples} sample; give at least 2 (a sample is a column: was a matrix with \
         samples in rows given?)"
    )]
    TooFewSamples {
        /// The data set's name.
        dataset: String,
        /// How many samples it has.
        n_samples: usize,
    },
    /// All training samples are of one class.
    #[error(
        "all {n_samples} samples of the training data `{dataset}` are of class `{class}`, so there is nothing to tell \
         apart; give samples of at least two classes (a stratified split keeps every class in every part)"
    )]
    OneClassToLearn {
        /// The data set's name.
        dataset: String,
        /// How many samples it has.
        n_samples: usize,
        /// The class they all have.
        class: String,
    },
    /// The network's inputs are not as many as the features.
    #[error(
        "the {part} data `{dataset}` has {n_features} features, but the network has {n_inputs} inputs; make the first \
         layer size {n_features}, or choose {n_inputs} features"
    )]
    FeatureCount {
        /// Which data.
        part: Watched,
        /// The data set's name.
        dataset: String,
        /// How many features it has.
        n_features: usize,
        /// How many inputs the network has.
        n_inputs: usize,
    },
    /// The number of outputs does not suit the target.
    #[error(
        "the target of the {part} data `{dataset}` has {n_targets} {unit}, but the network has {n_outputs} output(s) \
         and the loss {loss}; {way_out}"
    )]
    TargetShape {
        /// Which data.
        part: Watched,
        /// The data set's name.
        dataset: String,
        /// How many classes, or values a sample, the target has.
        n_targets: usize,
        /// Which of these it is.
        unit: &'static str,
        /// How many outputs the network has.
        n_outputs: usize,
        /// The loss's name.
        loss: &'static str,
        /// What would fit.
        way_out: String,
    },
    /// The loss takes another kind of target.
    #[error(
        "the loss {loss} takes {expected}, but the target of the {part} data `{dataset}` is {found}; {way_out}"
    )]
    TargetKind {
        /// Which data.
        part: Watched,
        /// The data set's name.
        dataset: String,
        /// The loss's name.
        loss: &'static str,
        /// What the loss takes.
        expected: &'static str,
        /// What the target is.
        found: &'static str,
        /// What to use instead.
        way_out: &'static str,
    },
    /// A number of the target is outside what the loss is defined for.
    #[error(
        "target `{target}` of sample {sample} of the {part} data `{dataset}` is {value}, but the loss {loss} takes \
         values of {range}; correct the value, or use a loss for any number, such as `Loss::MeanSquaredError`",
        value = Number(*value)
    )]
    TargetValue {
        /// Which data.
        part: Watched,
        /// The data set's name.
        dataset: String,
        /// The target's name.
        target: String,
        /// The first sample with such a value, counted from 0.
        sample: usize,
        /// The value.
        value: f64,
        /// The loss's name.
        loss: &'static str,
        /// The values the loss takes, in words.
        range: String,
    },
    /// The targets are so small that their squares are 0.
    #[error(
        "no target of the training data `{dataset}` is larger than {largest}, and its square is 0 in this number type, so the loss {loss} has nothing to \
         tell apart; standardize the target (`TargetScaler`)",
        largest = Number(*largest)
    )]
    TargetTooSmall {
        /// The data set's name.
        dataset: String,
        /// The largest, without its sign.
        largest: f64,
        /// The loss's name.
        loss: &'static str,
    },
    /// Training and validation data do not have the same features or classes in the same order.
    #[error(
        "{what} {position} is `{validation}` in the validation data but `{training}` in the training data; the two \
         must have the same {what} names in the same order{}",
        renumbering(what)
    )]
    ValidationDiffers {
        /// What differs: `feature`, `class` or `target`.
        what: &'static str,
        /// Which one, counted from 0.
        position: usize,
        /// Its name in the training data.
        training: String,
        /// Its name in the validation data.
        validation: String,
    },
    /// Data to evaluate a trained model on is not of the kind that it was trained on.
    #[error(
        "{what} {position} is {given} in `{dataset}`, but {trained} in the training data; the two must have the same \
         names in the same order{}",
        renumbering(what)
    )]
    OtherData {
        /// What differs: `feature`, `class`, `output` or, of another kind, `target`.
        what: &'static str,
        /// Which one, counted from 0.
        position: usize,
        /// The data set's name.
        dataset: String,
        /// Its name in the training data.
        trained: String,
        /// Its name in the data set.
        given: String,
    },
    /// A confusion matrix needs classes.
    #[error(
        "a confusion matrix needs classes, but the target is numbers; look at `metrics::rmse` or `metrics::mae`"
    )]
    NotClasses,
    /// The batch is larger than the training data.
    #[error(
        "the batch size is {batch_size}, but the training data `{dataset}` has only {n_samples} samples; use at most \
         {n_samples}, or `BatchSize::Full`"
    )]
    BatchTooLarge {
        /// The batch size asked for.
        batch_size: usize,
        /// The training data's name.
        dataset: String,
        /// How many samples it has.
        n_samples: usize,
    },
    /// The training went out of the finite numbers. The history so far is inside.
    #[error("{0}")]
    Diverged(Box<Divergence>),
    /// A checkpoint belongs to other data.
    #[error(
        "the checkpoint was made with other {part} data ({found} instead of {expected}); resume with the same data, in \
         the same order of samples and with the same scaling"
    )]
    CheckpointData {
        /// Which data.
        part: Watched,
        /// What the checkpoint was made with.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A checkpoint's parts do not fit together.
    #[error("the checkpoint is damaged: {what}; use an earlier one")]
    CheckpointDamaged {
        /// What does not fit.
        what: String,
    },
    /// A model to begin with is not of the kind that the trainer describes.
    #[error(
        "the model to begin with is {given}, but the trainer describes {described}; make the trainer of the model: \
         `Trainer::new(model.spec().clone())`"
    )]
    OtherModel {
        /// The trainer's.
        described: String,
        /// The model's.
        given: String,
    },
    /// A checkpoint has a format this version does not read.
    #[error(
        "the checkpoint has format {found}; this version reads format {supported}. Finish that run with the version that began it"
    )]
    CheckpointFormat {
        /// The format found.
        found: u32,
        /// The format that this version reads and writes.
        supported: u32,
    },
    /// A checkpoint belongs to another training.
    #[error(
        "the checkpoints in {} are of another training ({what} differs); go on with that one, or choose another folder",
        folder.display()
    )]
    CheckpointOther {
        /// Where they are.
        folder: PathBuf,
        /// What is not the same.
        what: &'static str,
    },
    /// A checkpoint cannot be written or read.
    #[error("cannot {doing} a checkpoint in {}: {reason}", folder.display())]
    CheckpointFolder {
        /// "read", "write" or "remove".
        doing: &'static str,
        /// Where.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A metric was asked for over no samples.
    #[error("{metric} over no samples is undefined; give at least one")]
    MetricOfNothing {
        /// The metric's name.
        metric: &'static str,
    },
    /// Two arguments of a metric do not have the shapes that fit.
    #[error("{metric}: {what} is {found}, expected {expected}")]
    MetricShape {
        /// The metric's name.
        metric: &'static str,
        /// What has the wrong length.
        what: &'static str,
        /// The length expected.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A label given to a metric names a class that the predictions have no row for.
    #[error(
        "{metric}: sample {sample} has label {label}, but the predictions are for {n_classes} classes, numbered from 0"
    )]
    MetricLabel {
        /// The metric's name.
        metric: &'static str,
        /// The sample, counted from 0.
        sample: usize,
        /// Its label.
        label: u32,
        /// How many classes the predictions have.
        n_classes: usize,
    },
    /// A value given to a metric is outside what the metric is defined for.
    #[error(
        "{metric}: {what} of sample {sample} is {value}; it must be {range}",
        value = Number(*value)
    )]
    MetricValue {
        /// The metric's name.
        metric: &'static str,
        /// Which value.
        what: &'static str,
        /// The sample, counted from 0.
        sample: usize,
        /// The value found.
        value: f64,
        /// The values it may take, in words.
        range: &'static str,
    },
    /// All the weights given to a metric are zero.
    #[error("{metric}: the sample weights add up to 0, so the mean is undefined")]
    MetricWeight {
        /// The metric's name.
        metric: &'static str,
    },
    /// The area under the curve compares classes, and only one occurs.
    #[error(
        "ROC AUC needs samples of at least two classes; all these {n_samples} samples are of class {class}"
    )]
    OneClass {
        /// How many samples were given.
        n_samples: usize,
        /// The class they have.
        class: u32,
    },
    /// R² compares with the target's variance, and there is none.
    #[error(
        "R² is undefined: target {output} is {value} for every sample, so there is no variance to explain",
        value = Number(*value)
    )]
    ConstantTarget {
        /// Which row of the target.
        output: usize,
        /// The value it always has.
        value: f64,
    },
    /// The network, its loss or its optimizer refused something.
    #[error(transparent)]
    Mlp(#[from] smallbatch_mlp::Error),
    /// The data set refused something.
    #[error(transparent)]
    Data(#[from] smallbatch_data::Error),
}

impl Error {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::CheckpointDamaged { what: what.into() }
    }

    /// Refuses a setting for which `ok` is false. A value that is not a number must make `ok` false.
    pub(crate) fn require(
        ok: bool,
        name: &'static str,
        value: impl Display,
        range: &'static str,
    ) -> Result<(), Self> {
        if ok {
            return Ok(());
        }
        Err(Self::Setting {
            name,
            value: value.to_string(),
            range,
        })
    }
}

/// Refuses a number that is not finite and above zero.
pub(crate) fn require_positive(
    name: &'static str,
    value: f64,
    range: &'static str,
) -> Result<(), Error> {
    Error::require(value.is_finite() && value > 0.0, name, Number(value), range)
}

/// The way out where classes are numbered otherwise.
fn renumbering(what: &str) -> &'static str {
    match what {
        "class" => " (`Dataset::with_classes_of` numbers classes by their names)",
        _ => "",
    }
}
