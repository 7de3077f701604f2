//! What the training loss of a record is the mean of.

use serde::{Deserialize, Serialize};

/// What the training loss of a [`Record`](crate::Record) is the mean of.
///
/// | | the mean over | of the losses of | dropout | cost |
/// |---|---|---|---|---|
/// | `Batches` | the samples of the updates since the last record | the model before each of these updates | on | none |
/// | `All` | all training samples | the model as it stands | off | a forward pass over them |
/// | `Samples(k)` | k of them, the same ones each time | the model as it stands | off | a forward pass over them |
///
/// `Batches` is Σ W_b · L_b / Σ W_b over the batches b since the last record: L_b is the mean loss that the update
/// computed anyway, W_b the sum of the batch's sample weights (times class weights, if the loss has any), or its number of
/// samples. Keras and scikit-learn show the same. While the loss falls it lags behind the model, and lies above
/// the two others; dropout makes it noisier, and higher.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Evaluation, Trainer, TrainingLoss};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// let lagging = trainer.fit(&training, None)?;
/// assert_eq!(lagging.record().training_loss_of, TrainingLoss::Batches);
///
/// let exact = trainer.evaluation(Evaluation::default().all_training_samples()).fit(&training, None)?;
/// assert_eq!(exact.record().training_loss_of, TrainingLoss::All);
/// assert_eq!(exact.model(), lagging.model());
/// assert!(exact.record().training_loss < lagging.record().training_loss);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrainingLoss {
    /// The losses that the updates since the last record computed.
    #[default]
    Batches,
    /// All training samples.
    All,
    /// So many training samples, drawn from the seed; at least 1.
    Samples(usize),
}
