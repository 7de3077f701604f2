//! What a training went through, evaluation by evaluation.

use serde::{Deserialize, Serialize};

use crate::{TrainingLoss, Watched};

/// The metrics that suit the task, beside the loss: those that cost nothing once the logits are there, and that say
/// something at every evaluation. Others (balanced accuracy, macro F1, ROC AUC, mean absolute error) are functions in
/// [`metrics`](crate::metrics), which shows how to follow them: whoever needs one chooses it, and no history that is kept
/// has to change its form for it.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Evaluation, TaskMetrics, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// let trained = trainer.evaluation(Evaluation::default().all_training_samples()).fit(&training, None)?;
/// let metrics = trained.record().training_metrics.ok_or("it was evaluated")?;
/// assert!(matches!(metrics, TaskMetrics::Classification { .. }));
/// assert!(metrics.accuracy().is_some_and(|accuracy| (0.0..=1.0).contains(&accuracy)));
/// assert_eq!(metrics.rmse(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskMetrics {
    /// The targets are classes, or values that are 0 or 1 (binary cross-entropy).
    Classification {
        /// The fraction predicted right, by sample weight if there are weights. See [`metrics::accuracy`](crate::metrics::accuracy).
        accuracy: f64,
    },
    /// The targets are numbers, and the model predicts their means or medians.
    Regression {
        /// The root of the mean squared error, in the target's unit. See [`metrics::rmse`](crate::metrics::rmse).
        rmse: f64,
        /// 1 - (residual / total sum of squares); `None` where a target is constant. See [`metrics::r2`](crate::metrics::r2).
        r2: Option<f64>,
    },
    /// The model predicts something that neither suits, such as several quantiles: the loss is all there is.
    LossOnly,
}

impl TaskMetrics {
    /// The accuracy, for classification.
    pub fn accuracy(&self) -> Option<f64> {
        match *self {
            Self::Classification { accuracy } => Some(accuracy),
            Self::Regression { .. } | Self::LossOnly => None,
        }
    }

    /// The root mean squared error, for regression.
    pub fn rmse(&self) -> Option<f64> {
        match *self {
            Self::Regression { rmse, .. } => Some(rmse),
            Self::Classification { .. } | Self::LossOnly => None,
        }
    }

    /// R², for regression on a target that varies.
    pub fn r2(&self) -> Option<f64> {
        match *self {
            Self::Regression { r2, .. } => r2,
            Self::Classification { .. } | Self::LossOnly => None,
        }
    }
}

/// One evaluation: where the training stood, and how good the model was there. Every number is finite.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Trainer, Watched};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// let trained = trainer.fit(&training, None)?;
/// let record = trained.record();
/// assert_eq!((record.epoch, record.update, record.samples), (3.0, 6, 12));
/// assert_eq!(record.loss(Watched::Training), Some(record.training_loss));
/// assert_eq!(record.loss(Watched::Validation), None); // there is no validation data
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// Passes over the training data, with the fraction of the one begun: whole epochs plus batches done / batches an
    /// epoch.
    pub epoch: f64,
    /// Updates made. 0 is the model before training.
    pub update: u64,
    /// Samples that the updates have seen, counted with repetition.
    pub samples: u64,
    /// Seconds of training alone: gathering batches and updating, without evaluations.
    pub seconds: f64,
    /// The learning rate of the last update before this; at update 0, that of the first.
    pub learning_rate: f64,
    /// The mean training loss; `training_loss_of` says of what. That of batches is not the loss of the model here, but of
    /// those that led to it.
    pub training_loss: f64,
    /// What the training loss is the mean of: the batches since the last record, or the training samples that it was
    /// evaluated on. As [`Evaluation::training`](crate::Evaluation::training) asks, but for the model before training, which
    /// no batch has seen. Histories of earlier versions do not have it: they are read as `All`, though they may have been
    /// limited to a sample.
    #[serde(default = "evaluated")]
    pub training_loss_of: TrainingLoss,
    /// The metrics on the samples that the training loss was evaluated on; none where it is that of batches.
    pub training_metrics: Option<TaskMetrics>,
    /// The mean loss over the validation data, if there is any.
    pub validation_loss: Option<f64>,
    /// The metrics on the validation data, if there is any.
    pub validation_metrics: Option<TaskMetrics>,
}

fn evaluated() -> TrainingLoss {
    TrainingLoss::All
}

impl Record {
    /// The loss of this part, if there is one.
    pub fn loss(&self, part: Watched) -> Option<f64> {
        match part {
            Watched::Training => Some(self.training_loss),
            Watched::Validation => self.validation_loss,
        }
    }
}

/// In a line: "epoch 3, update 24: training loss 0.51, validation loss 0.6 (accuracy 0.9)".
impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(4);
        write!(
            f,
            "epoch {}, update {}: training loss {:.digits$}",
            self.epoch, self.update, self.training_loss
        )?;
        metrics_of(self.training_metrics, digits, f)?;
        if let Some(loss) = self.validation_loss {
            write!(f, ", validation loss {loss:.digits$}")?;
            metrics_of(self.validation_metrics, digits, f)?;
        }
        Ok(())
    }
}

/// In parentheses, if there are any.
fn metrics_of(
    metrics: Option<TaskMetrics>,
    digits: usize,
    f: &mut std::fmt::Formatter<'_>,
) -> std::fmt::Result {
    match metrics {
        None | Some(TaskMetrics::LossOnly) => Ok(()),
        Some(metrics) => write!(f, " ({metrics:.digits$})"),
    }
}

/// In a few words, with 4 digits or as many as asked for: "accuracy 0.9333".
impl std::fmt::Display for TaskMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(4);
        match self {
            Self::Classification { accuracy } => write!(f, "accuracy {accuracy:.digits$}"),
            Self::Regression { rmse, r2: None } => write!(f, "RMSE {rmse:.digits$}"),
            Self::Regression { rmse, r2: Some(r2) } => {
                write!(f, "RMSE {rmse:.digits$}, R² {r2:.digits$}")
            }
            Self::LossOnly => f.write_str("the loss alone"),
        }
    }
}

/// What a training went through: one [`Record`] before the first update, one at each evaluation, one at the end.
///
/// It serializes, and so do the checkpoints that contain it.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Watched, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let target = Target::Classes { labels: vec![0, 0, 1, 1], names: vec!["left".into(), "right".into()] };
/// # let training = Dataset::<f64>::new(features, target)?;
///
/// let trained = Trainer::new(MlpSpec::new([1, 2]))
///     .batch_size(BatchSize::Full)
///     .learning_rate(1.0)
///     .budget(Budget::Epochs(20))
///     .fit(&training, None)?;
/// let history = trained.history();
/// assert_eq!(history.records().len(), 21);
/// let first = history.first_at_or_below(Watched::Training, 0.5).ok_or("0.5 was never reached")?;
/// println!("a training loss of 0.5 took {} updates", first.update);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    records: Vec<Record>,
}

impl History {
    pub(crate) fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// All records, in the order of updates.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The record before the first update. None only when the training diverged before its first evaluation was over.
    pub fn first(&self) -> Option<&Record> {
        self.records.first()
    }

    /// The latest record.
    pub fn last(&self) -> Option<&Record> {
        self.records.last()
    }

    /// The record with the lowest loss of this part (the first such); none without validation data, when that is asked.
    /// Training losses are compared as they were recorded: where they are those of batches, one of them is not
    /// (see [`Record::training_loss_of`]).
    pub fn best(&self, part: Watched) -> Option<&Record> {
        let mut best: Option<(&Record, f64)> = None;
        for record in &self.records {
            if let Some(loss) = record.loss(part)
                && best.is_none_or(|(_, lowest)| loss < lowest)
            {
                best = Some((record, loss));
            }
        }
        best.map(|(record, _)| record)
    }

    /// The first record whose loss of this part is at or below `loss`: how much training that loss took, to the
    /// accuracy of the evaluations' times. None when it was never reached: the answer is then "at least the last record".
    pub fn first_at_or_below(&self, part: Watched, loss: f64) -> Option<&Record> {
        self.records
            .iter()
            .find(|record| record.loss(part).is_some_and(|found| found <= loss))
    }
}

/// Why a training ended.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Outcome, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// let until = trainer.clone().budget(Budget::until_training_loss(1e3, Budget::Epochs(3)));
/// assert_eq!(until.fit(&training, None)?.outcome(), Outcome::TargetReached);
/// assert_eq!(trainer.fit(&training, None)?.outcome().to_string(), "the budget is spent");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The epochs, updates or seconds are used up. Of a budget until a loss, this is the cap: the loss was not reached.
    BudgetSpent,
    /// The loss of [`Budget::UntilLoss`](crate::Budget::UntilLoss) is reached.
    TargetReached,
    /// The validation loss no longer fell.
    EarlyStopped,
    /// The observer asked to stop.
    Interrupted,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BudgetSpent => "the budget is spent",
            Self::TargetReached => "the target loss is reached",
            Self::EarlyStopped => "the validation loss no longer fell",
            Self::Interrupted => "it was interrupted",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A history with these training and validation losses, one update apart.
    pub(crate) fn history(losses: &[(f64, Option<f64>)]) -> History {
        let records = losses
            .iter()
            .zip(0_u64..)
            .map(|(&(training_loss, validation_loss), update)| Record {
                epoch: update as f64,
                update,
                samples: update,
                seconds: 0.5 * update as f64,
                learning_rate: 0.1,
                training_loss,
                training_loss_of: TrainingLoss::All,
                training_metrics: Some(TaskMetrics::Classification { accuracy: 0.5 }),
                validation_loss,
                validation_metrics: validation_loss.map(|loss| TaskMetrics::Regression {
                    rmse: loss.sqrt(),
                    r2: None,
                }),
            })
            .collect();
        History { records }
    }

    #[test]
    fn the_best_is_the_first_of_the_lowest() {
        let history = history(&[
            (3.0, Some(2.0)),
            (2.0, Some(1.0)),
            (1.0, Some(1.0)),
            (0.5, Some(4.0)),
        ]);
        assert_eq!(history.best(Watched::Validation).unwrap().update, 1);
        assert_eq!(history.best(Watched::Training).unwrap().update, 3);
    }

    #[test]
    fn a_loss_counts_as_reached_when_equal() {
        let history = history(&[(3.0, None), (2.0, None), (1.0, None)]);
        assert_eq!(
            history
                .first_at_or_below(Watched::Training, 2.0)
                .unwrap()
                .update,
            1
        );
        assert!(history.first_at_or_below(Watched::Training, 0.9).is_none());
        assert!(
            history
                .first_at_or_below(Watched::Validation, 9.0)
                .is_none()
        );
        assert!(history.best(Watched::Validation).is_none());
    }

    #[test]
    fn a_history_survives_json_to_the_bit() {
        let history = history(&[(0.1 + 0.2, Some(1.0 / 3.0)), (1e-300, None)]);
        let json = serde_json::to_string(&history).unwrap();
        assert_eq!(serde_json::from_str::<History>(&json).unwrap(), history);
    }
}
