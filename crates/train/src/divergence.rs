//! A training that went out of the finite numbers: where, and what to try.

use std::fmt;

use smallbatch_data::{BatchTarget, Dataset};

use crate::{History, Scalar, Watched};

/// What was found not to be finite.
///
/// ```
/// use smallbatch_train::{NotFinite, Watched};
///
/// let what = NotFinite::EvaluatedLoss(Watched::Validation, f64::INFINITY);
/// assert_eq!(what.part(), Watched::Validation);
/// assert_eq!(what.to_string(), "the validation loss is inf");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum NotFinite {
    /// The loss of the batch of an update, which was then not made.
    BatchLoss(f64),
    /// The norm of an update's gradient, which was to be clipped; the update was then not made.
    Gradient(f64),
    /// An evaluated loss.
    EvaluatedLoss(Watched, f64),
    /// A weight or a bias.
    Parameter(f64),
    /// What the optimizer keeps of a weight or a bias.
    Moment(f64),
}

impl NotFinite {
    /// The data it was found on: the training data but for the evaluated validation loss.
    pub fn part(&self) -> Watched {
        match self {
            Self::EvaluatedLoss(part, _) => *part,
            Self::BatchLoss(_) | Self::Gradient(_) | Self::Parameter(_) | Self::Moment(_) => {
                Watched::Training
            }
        }
    }
}

/// The values that one feature or target takes in the data that something was found on.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
/// # use smallbatch_train::{Error, Trainer};
/// # let training = Dataset::<f64>::new(dmatrix![2e4, 1.02e6, 7e4], Target::values(dmatrix![0.1, 0.9, 0.2]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError)).optimizer(OptimizerSpec::sgd());
/// // An income, as it is, at a rate of 0.001.
/// if let Err(Error::Diverged(divergence)) = trainer.batch_size(BatchSize::Full).fit(&training, None) {
///     let income = divergence.feature.ok_or("incomes are large")?;
///     assert_eq!((income.low, income.high, income.span()), (2e4, 1.02e6, 1e6));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Range {
    /// Its name.
    pub name: String,
    /// Its smallest value.
    pub low: f64,
    /// Its largest value.
    pub high: f64,
}

impl Range {
    /// `high - low`.
    pub fn span(&self) -> f64 {
        self.high - self.low
    }

    fn magnitude(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}

/// A training that diverged: where it stood, how it got there, and what to try.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
/// use smallbatch_train::{Error, Trainer};
///
/// // Two features: an age in centuries, and an income that spans a million.
/// let features = dmatrix![0.3, 0.5, 0.4, 0.6; 2e4, 1.02e6, 7e4, 3e5];
/// let training = Dataset::<f64>::new(features, Target::values(dmatrix![0.1, 0.9, 0.2, 0.5]))?
///     .with_feature_names(vec!["age".into(), "income".into()])?;
/// let trainer = Trainer::new(MlpSpec::new([2, 1]).loss(Loss::MeanSquaredError))
///     .optimizer(OptimizerSpec::sgd())
///     .batch_size(BatchSize::Full)
///     .learning_rate(0.01);
///
/// let Err(Error::Diverged(divergence)) = trainer.fit(&training, None) else {
///     return Err("a rate of 0.01 is far too large for these inputs".into());
/// };
/// assert_eq!(divergence.feature.as_ref().map(|feature| feature.name.as_str()), Some("income"));
/// assert!(divergence.to_string().ends_with(
///     "Lower the learning rate of 0.01, to 0.001 perhaps; normalize the inputs: feature `income` spans 1000000 \
///      (from 20000 to 1020000), while the median feature spans 500000"
/// ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Divergence {
    /// What was not finite.
    pub what: NotFinite,
    /// How many updates had been made.
    pub update: u64,
    /// The epoch that the last (or the refused) update belongs to, counted from 0.
    pub epoch: u64,
    /// The last batch loss that was finite; none where the model was not finite before training.
    pub last_finite_loss: Option<f64>,
    /// The learning rate of the last (or the refused) update.
    pub learning_rate: f64,
    /// The trainer's learning rate, which the schedule makes that of an update from.
    pub base_learning_rate: f64,
    /// Of the data it was found on (see [`NotFinite::part`]), the feature with the largest values, where these are large enough (above 10) to be a likely cause.
    pub feature: Option<Range>,
    /// The median of all features' spans in that data, to compare with.
    pub median_span: f64,
    /// Of that data, the target with the largest values, where these are large enough (above 10) to be a likely cause.
    pub target: Option<Range>,
    /// Every record before.
    pub history: History,
}

/// Standardized values hardly ever exceed this, so larger ones were not normalized.
const LARGE: f64 = 10.0;

/// The feature and the target with the largest values if those are large, and the median span of the features.
pub(crate) struct Suspects {
    pub(crate) feature: Option<Range>,
    pub(crate) median_span: f64,
    pub(crate) target: Option<Range>,
}

impl Suspects {
    /// Looks through the data that failed. It is done after a divergence alone, so it costs a good training nothing.
    pub(crate) fn of<T: Scalar>(data: &Dataset<T>) -> Self {
        let mut features = unseen(data.feature_names());
        data.stored()
            .for_each_sample(|_, sample| widen(&mut features, sample));
        let mut spans: Vec<f64> = features.iter().map(Range::span).collect();
        spans.sort_unstable_by(f64::total_cmp);
        let middle = spans.len() / 2;
        let median_span = match spans.len() {
            0 => 0.0,
            n if n % 2 == 1 => spans[middle],
            _ => 0.5 * (spans[middle - 1] + spans[middle]),
        };
        let target = match data.target().view() {
            BatchTarget::Values(values) => {
                let mut targets = unseen(data.target().names());
                for column in values.column_iter() {
                    widen(&mut targets, column.as_slice());
                }
                largest(targets)
            }
            BatchTarget::Labels(_) => None,
        };
        Self {
            feature: largest(features),
            median_span,
            target,
        }
    }
}

/// Ranges that nothing has been seen of.
fn unseen(names: &[String]) -> Vec<Range> {
    let unseen = |name: &String| Range {
        name: name.clone(),
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };
    names.iter().map(unseen).collect()
}

/// Makes room for one more value of each.
fn widen<T: Scalar>(ranges: &mut [Range], values: &[T]) {
    for (range, &value) in ranges.iter_mut().zip(values) {
        let value = value.to_f64();
        range.low = range.low.min(value);
        range.high = range.high.max(value);
    }
}

fn largest(ranges: Vec<Range>) -> Option<Range> {
    ranges
        .into_iter()
        .max_by(|a, b| a.magnitude().total_cmp(&b.magnitude()))
        .filter(|range| range.magnitude() > LARGE)
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BatchLoss(loss) => write!(f, "the loss of the next batch is {loss}"),
            Self::Gradient(norm) => write!(f, "the norm of the next batch's gradient is {norm}"),
            Self::EvaluatedLoss(part, loss) => write!(f, "the {part} loss is {loss}"),
            Self::Parameter(value) => write!(f, "a weight is {value}"),
            Self::Moment(value) => write!(f, "a moment of the optimizer is {value}"),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            update,
            epoch,
            ..
        } = self;
        if *update == 0 {
            write!(f, "training cannot begin: before any update {what}")?;
        } else {
            write!(
                f,
                "training diverged after update {update} (epoch {epoch}): {what}"
            )?;
        }
        if let Some(loss) = self.last_finite_loss {
            write!(f, ", after {} for the batch before", Short(loss))?;
        }
        for (place, advice) in self.advice().iter().enumerate() {
            if place > 0 {
                write!(f, "; {advice}")?;
                continue;
            }
            let mut letters = advice.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            write!(f, ". {}{}", first.collect::<String>(), letters.as_str())?;
        }
        Ok(())
    }
}

impl Divergence {
    /// What to try, the likeliest first.
    fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        // Before the first update no rate was used, so that none is to blame.
        if self.update > 0 {
            let rate = self.base_learning_rate;
            let mut lower = format!("lower the learning rate of {}", Short(rate));
            if self.learning_rate != rate {
                let now = Short(self.learning_rate);
                lower += &format!(" (by schedule {now} at this update)");
            }
            advice.push(format!("{lower}, to {} perhaps", Short(rate / 10.0)));
        }
        let is_validation = self.what.part() == Watched::Validation;
        if let Some(feature) = &self.feature {
            let normalize = if is_validation {
                "scale the validation inputs as the training inputs were, by the scaler fitted to these"
            } else {
                "normalize the inputs"
            };
            advice.push(format!(
                "{normalize}: feature `{}` spans {} (from {} to {}), while the median feature spans {}",
                feature.name,
                Short(feature.span()),
                Short(feature.low),
                Short(feature.high),
                Short(self.median_span)
            ));
        }
        if let Some(target) = &self.target {
            let standardize = if is_validation {
                "scale the validation target as the training target was"
            } else {
                "standardize the target"
            };
            advice.push(format!(
                "{standardize}: `{}` goes from {} to {}",
                target.name,
                Short(target.low),
                Short(target.high)
            ));
        }
        if advice.is_empty() {
            advice.push("no value of the data is large: look at the weights it began with".into());
        }
        advice
    }
}

/// A number in about four digits: these are hints, not data.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        if magnitude != 0.0 && !(1e-3..1e7).contains(&magnitude) {
            return write!(f, "{:.1e}", self.0);
        }
        // Rounding to four digits by way of the shortest text that reads back: 0.1, not 0.1000.
        let digits = if magnitude >= 1e3 { 0 } else { 4 };
        let rounded: f64 = format!("{:.digits$}", self.0).parse().unwrap_or(self.0);
        write!(f, "{rounded}")
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, dmatrix};
    use smallbatch_data::Target;

    use super::*;

    fn divergence(suspects: Suspects) -> Divergence {
        Divergence {
            what: NotFinite::BatchLoss(f64::NAN),
            update: 12,
            epoch: 2,
            last_finite_loss: Some(3.456_789e8),
            learning_rate: 0.1,
            base_learning_rate: 0.1,
            feature: suspects.feature,
            median_span: suspects.median_span,
            target: suspects.target,
            history: History::default(),
        }
    }

    #[test]
    fn the_feature_with_the_largest_values_is_named() {
        let features = dmatrix![1.0, 2.5, 1.5; 278.0, 1680.0, 500.0; 0.5, 3.6, 0.6];
        let names = ["ash", "proline", "flavanoids"].map(String::from).to_vec();
        let data = Dataset::<f64>::new(features, Target::classes(vec![0, 1, 1]))
            .unwrap()
            .with_feature_names(names)
            .unwrap();
        assert_eq!(
            divergence(Suspects::of(&data)).to_string(),
            "training diverged after update 12 (epoch 2): the loss of the next batch is NaN, after 3.5e8 for the batch \
             before. Lower the learning rate of 0.1, to 0.01 perhaps; normalize the inputs: feature `proline` spans 1402 \
             (from 278 to 1680), while the median feature spans 3.1"
        );
    }

    #[test]
    fn a_large_offset_is_found_though_its_span_is_small() {
        let features = dmatrix![1e6, 1e6 + 1.0; 0.0, 50.0];
        let data = Dataset::<f64>::new(features, Target::classes(vec![0, 1])).unwrap();
        let suspect = Suspects::of(&data).feature.unwrap();
        assert_eq!((suspect.low, suspect.span()), (1e6, 1.0));
    }

    #[test]
    fn normalized_data_is_not_blamed() {
        let features = DMatrix::from_fn(2, 10, |i, j| (i as f64 - 0.5) * (j as f64 - 4.5) / 3.0);
        let values = DMatrix::from_fn(1, 10, |_, j| 100.0 + j as f64);
        let data = Dataset::<f64>::new(features, Target::values(values)).unwrap();
        let suspects = Suspects::of(&data);
        assert_eq!(suspects.feature, None);
        let target = data.target().names()[0].clone();
        let sentence = divergence(suspects).to_string();
        let advice = format!(
            "Lower the learning rate of 0.1, to 0.01 perhaps; standardize the target: `{target}` goes from 100 to 109"
        );
        assert!(sentence.ends_with(&advice), "{sentence}");
    }

    #[test]
    fn hints_are_short() {
        let short = |value: f64| Short(value).to_string();
        assert_eq!(short(0.1), "0.1");
        assert_eq!(short(0.001), "0.001");
        assert_eq!(short(1e-5), "1.0e-5");
        assert_eq!(short(1_234.567), "1235");
        assert_eq!(short(2.0 / 3.0), "0.6667");
        assert_eq!(short(0.0), "0");
        assert_eq!(short(-2.5e12), "-2.5e12");
    }
}
