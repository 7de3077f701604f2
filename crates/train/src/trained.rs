//! What a training gives.

use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchTarget, Dataset};
use smallbatch_mlp::Mlp;

use crate::evaluator::measure;
use crate::metrics::ConfusionMatrix;
use crate::{Error, History, Measurement, Outcome, Record, Scalar};

/// What a training gives: the model, what it went through, and why it ended.
///
/// With early stopping the model is the best evaluated one; otherwise that after the last update.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// # use smallbatch_train::{Budget, Outcome, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features.clone(), Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Full).budget(Budget::Epochs(3));
/// let trained = trainer.fit(&training, None)?;
/// assert_eq!(trained.outcome(), Outcome::BudgetSpent);
/// assert_eq!(trained.record().update, 3);
/// let probabilities = trained.model().predict(features.as_view())?;
/// assert_eq!(probabilities.shape(), (2, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Trained<T: Scalar> {
    pub(crate) names: Names,
    pub(crate) model: Mlp<T>,
    pub(crate) history: History,
    pub(crate) record: Record,
    pub(crate) outcome: Outcome,
}

/// The saved form.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Trained", bound = "T: Scalar", deny_unknown_fields)]
struct Saved<T: Scalar> {
    names: Names,
    model: Mlp<T>,
    history: History,
    record: Record,
    outcome: Outcome,
}

smallbatch_base::saved_as!(Trained<T> as Saved<T>);

impl<T: Scalar> From<&Trained<T>> for Saved<T> {
    fn from(trained: &Trained<T>) -> Self {
        Self {
            names: trained.names.clone(),
            model: trained.model.clone(),
            history: trained.history.clone(),
            record: trained.record,
            outcome: trained.outcome,
        }
    }
}

impl<T: Scalar> From<Saved<T>> for Trained<T> {
    fn from(saved: Saved<T>) -> Self {
        Self {
            names: saved.names,
            model: saved.model,
            history: saved.history,
            record: saved.record,
            outcome: saved.outcome,
        }
    }
}

/// In a line: "13-32-3, ReLU, softmax cross-entropy; epoch 3, update 24: training loss 0.5100; the budget is spent".
impl<T: Scalar> std::fmt::Display for Trained<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(4);
        let (spec, record, outcome) = (self.model.spec(), self.record, self.outcome);
        write!(f, "{spec}; {record:.digits$}; {outcome}")
    }
}

impl<T: Scalar> Trained<T> {
    /// The trained model.
    pub fn model(&self) -> &Mlp<T> {
        &self.model
    }

    /// The trained model, and nothing else.
    pub fn into_model(self) -> Mlp<T> {
        self.model
    }

    /// The loss and the metrics on other data, such as the test part: with the same features, classes or outputs as the training
    /// data, by their names.
    ///
    /// ```
    /// # use smallbatch_data::{Splitter, builtin};
    /// # use smallbatch_mlp::MlpSpec;
    /// # use smallbatch_preprocess::StandardScaler;
    /// # use smallbatch_train::{Budget, Trainer};
    /// # let trainer = Trainer::new(MlpSpec::new([13, 8, 3])).learning_rate(0.01).budget(Budget::Epochs(30));
    /// let split = Splitter::new(1).fractions(0.8, 0.0, 0.2).stratified().split(&builtin::wine()?)?;
    /// let (split, _scaler) = split.scaled_by(&StandardScaler::default())?;
    /// let trained = trainer.fit(split.train(), None)?;
    /// let on_test = trained.evaluate(split.test())?;
    /// assert!(on_test.metrics.accuracy() > Some(0.9));
    /// println!("{}", trained.confusion_matrix(split.test())?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OtherData`] for data with other names; [`smallbatch_data::Error::NoSamples`] for a part without samples; those of the loss, such as targets outside
    /// its range.
    pub fn evaluate(&self, data: &Dataset<T>) -> Result<Measurement, Error> {
        evaluate(self, data)
    }

    /// Which class is taken for which, with the names of the classes.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate); [`Error::NotClasses`] where the target is numbers.
    pub fn confusion_matrix(&self, data: &Dataset<T>) -> Result<ConfusionMatrix, Error> {
        confusion_matrix(self, data)
    }

    /// Every evaluation, the one before the first update and the one after the last included.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The evaluation of the model returned: with early stopping the best one, otherwise the last.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Why the training ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }
}

fn evaluate_here<T: Scalar>(trained: &Trained<T>, data: &Dataset<T>) -> Result<Measurement, Error> {
    trained.names.check(data)?;
    measure(&trained.model, data)
}

fn confusion_matrix_here<T: Scalar>(
    trained: &Trained<T>,
    data: &Dataset<T>,
) -> Result<ConfusionMatrix, Error> {
    trained.names.check(data)?;
    let labels = data.target().labels().ok_or(Error::NotClasses)?;
    let predictions = trained.model.predict(data.features())?;
    ConfusionMatrix::new(&predictions, labels, data.weights(), data.target().names())
}

smallbatch_base::compiled! {
    fn evaluate(trained: &'a Trained<T>, data: &'a Dataset<T>) -> Result<Measurement, Error> = evaluate_here;

    fn confusion_matrix(
        trained: &'a Trained<T>,
        data: &'a Dataset<T>,
    ) -> Result<ConfusionMatrix, Error> = confusion_matrix_here;
}

/// What tells whether data is of the training's kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    features: Vec<String>,
    /// Of the classes, or of the outputs.
    targets: Vec<String>,
    are_classes: bool,
}

impl Names {
    pub(crate) fn of<T: Scalar>(data: &Dataset<T>) -> Self {
        Self {
            features: data.feature_names().to_vec(),
            targets: data.target().names().to_vec(),
            are_classes: matches!(data.target().view(), BatchTarget::Labels(_)),
        }
    }

    fn check<T: Scalar>(&self, data: &Dataset<T>) -> Result<(), Error> {
        if data.is_empty() {
            return Err(smallbatch_data::Error::NoSamples {
                dataset: data.name().to_owned(),
            }
            .into());
        }
        let given = Self::of(data);
        let differs = |what, trained: &[String], given: &[String]| {
            let most = trained.len().max(given.len());
            let word = |names: &[String], at| {
                names
                    .get(at)
                    .map_or("nothing".to_owned(), |name: &String| format!("`{name}`"))
            };
            (0..most)
                .find(|&at| trained.get(at) != given.get(at))
                .map_or(Ok(()), |at| {
                    Err(Error::OtherData {
                        what,
                        position: at,
                        dataset: data.name().to_owned(),
                        trained: word(trained, at),
                        given: word(given, at),
                    })
                })
        };
        differs("feature", &self.features, &given.features)?;
        let kind = |names: &Self| if names.are_classes { "class" } else { "output" };
        if self.are_classes != given.are_classes {
            return Err(Error::OtherData {
                what: "target",
                position: 0,
                dataset: data.name().to_owned(),
                trained: kind(self).to_owned(),
                given: kind(&given).to_owned(),
            });
        }
        differs(kind(self), &self.targets, &given.targets)
    }
}
