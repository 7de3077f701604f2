//! What a training gives.

use smallbatch_mlp::Mlp;

use crate::{History, Outcome, Record, Scalar};

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
    pub(crate) model: Mlp<T>,
    pub(crate) history: History,
    pub(crate) record: Record,
    pub(crate) outcome: Outcome,
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
