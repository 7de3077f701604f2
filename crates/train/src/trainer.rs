//! The description of a training, checked before it begins.

use serde::{Deserialize, Serialize};
use smallbatch_data::BatchSize;
use smallbatch_mlp::{MlpSpec, OptimizerSpec};

use crate::error::require_positive;
use crate::{Budget, EarlyStopping, Error, Evaluation, Schedule, Watched};

/// The description of a training: the model, how it is optimized, for how long, and when it is evaluated. It is plain
/// data, serializes, and is checked as a whole by [`Trainer::fit`], before it looks at the data; [`Trainer::validate`] checks it sooner. Each setting is a method that sets it and a field to
/// read.
///
/// | setting | default | range |
/// |---|---|---|
/// | model | none: give an [`MlpSpec`] | see there |
/// | `optimizer` | Adam | see [`OptimizerSpec`] |
/// | `learning_rate` | 0.001 | finite, above 0 |
/// | `schedule` | constant | see [`Schedule`] |
/// | `batch_size` | 32 | 1 to the number of training samples, or full |
/// | `budget` | 100 epochs | see [`Budget`] |
/// | `early_stopping` | none | needs validation data |
/// | `evaluation` | each epoch: the mean of its batches' losses, and all validation samples | see [`Evaluation`] |
/// | `seed` | 0 | any |
/// | `threads` | 1 | 1 to 64, or automatic |
///
/// The defaults are those of Adam's paper and of the literature on small batches, for inputs that are standardized. Tune
/// the rate first.
///
/// **Weights.** An update goes down Σ wᵢ·ℓᵢ / (n·w̄) of its n samples, where wᵢ is the sample's weight times its class's and w̄ the mean of
/// these over all training rows: what a sample weighs does not depend on the batch it is in. (Losses that are recorded or given to an
/// observer are Σ wᵢ·ℓᵢ / Σ wᵢ.) A batch whose samples all weigh 0, which chance may make where many do, changes nothing; it counts as an update,
/// with a loss of 0.
///
/// **Same seed, same bits.** On the same machine the same trainer and data give the same model to the last bit, unless the
/// budget counts seconds. The number of threads does not matter. Initial weights, the order of samples, dropout and the sample that
/// evaluations are limited to come from streams of the one seed.
///
/// ```
/// use smallbatch_data::{BatchSize, Dataset, Target};
/// use smallbatch_mlp::{Loss, MlpSpec};
/// use smallbatch_train::{Budget, Trainer};
/// use nalgebra::DMatrix;
///
/// // y = 2x + 1, eight samples.
/// let features = DMatrix::from_fn(1, 8, |_, i| i as f64 / 4.0 - 1.0);
/// let target = Target::values(features.map(|x| 2.0 * x + 1.0));
/// let training = Dataset::new(features, target)?;
///
/// let trained = Trainer::new(MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError))
///     .batch_size(BatchSize::Mini(4))
///     .learning_rate(0.1)
///     .budget(Budget::Epochs(200))
///     .fit(&training, None)?;
/// assert!(trained.history().last().unwrap().training_loss < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
#[non_exhaustive]
pub struct Trainer {
    /// The model's description.
    pub model: MlpSpec,
    /// Which rule turns gradients into updates.
    pub optimizer: OptimizerSpec,
    /// The base learning rate.
    pub learning_rate: f64,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// How many samples an update sees.
    pub batch_size: BatchSize,
    /// How long the training may go on.
    pub budget: Budget,
    /// When the training stops because the validation loss no longer falls, if it does.
    pub early_stopping: Option<EarlyStopping>,
    /// When the losses are recorded, and over which samples.
    pub evaluation: Evaluation,
    /// The seed of every random draw.
    pub seed: u64,
    /// How many threads share each update; `None` is automatic.
    pub threads: Option<usize>,
}

impl Trainer {
    /// A training of this model, with the defaults above.
    pub fn new(model: MlpSpec) -> Self {
        Self {
            model,
            optimizer: OptimizerSpec::adam(),
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            batch_size: BatchSize::Mini(32),
            budget: Budget::Epochs(100),
            early_stopping: None,
            evaluation: Evaluation::default(),
            seed: 0,
            threads: Some(1),
        }
    }

    /// Which rule turns gradients into updates. A good learning rate for one is not good for another.
    pub fn optimizer(mut self, optimizer: OptimizerSpec) -> Self {
        self.optimizer = optimizer;
        self
    }

    /// The base learning rate, which the schedule multiplies.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// How the learning rate changes.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// How many samples an update sees. Gradients are means over the batch, so that the rate need not shrink with it.
    pub fn batch_size(mut self, batch_size: BatchSize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// How long the training may go on.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Stops when the validation loss no longer falls, and goes back to the best weights.
    pub fn early_stopping(mut self, early_stopping: EarlyStopping) -> Self {
        self.early_stopping = Some(early_stopping);
        self
    }

    /// When the losses are recorded, and over which samples.
    pub fn evaluation(mut self, evaluation: Evaluation) -> Self {
        self.evaluation = evaluation;
        self
    }

    /// The seed of every random draw.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many threads share each update; see [`Mlp::workspace_with_threads`](smallbatch_mlp::Mlp::workspace_with_threads)
    /// for how. It changes no bit. Evaluations use one.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// As many threads as are fastest, of those that the processor has. That is measured while the training goes on, and
    /// changes when another process comes or goes: see
    /// [`Mlp::workspace_with_automatic_threads`](smallbatch_mlp::Mlp::workspace_with_automatic_threads).
    /// [`Session::threads`](crate::Session::threads) says how many it is at present.
    pub fn automatic_threads(mut self) -> Self {
        self.threads = None;
        self
    }

    /// The model's description.
    pub fn model(&self) -> &MlpSpec {
        &self.model
    }

    /// Checks every setting that can be checked without data, as [`fit`](Self::fit) and [`start`](Self::start) do first.
    ///
    /// # Errors
    /// [`Error::Setting`] or [`Error::Mlp`] that names the first setting outside its range; [`Error::ScheduleNeedsTotal`].
    pub fn validate(&self) -> Result<(), Error> {
        self.model.validate()?;
        self.optimizer.validate()?;
        require_positive(
            "learning_rate",
            self.learning_rate,
            "a finite number above 0, such as 0.01",
        )?;
        self.schedule.validate()?;
        Error::require(
            self.batch_size != BatchSize::Mini(0),
            "batch_size",
            0,
            "at least 1, or `BatchSize::Full`",
        )?;
        self.budget.validate()?;
        if matches!(
            self.schedule,
            Schedule::Cosine { .. } | Schedule::OneCycle { .. }
        ) {
            self.schedule.total(&self.budget, 1)?;
        }
        if let Some(early_stopping) = self.early_stopping {
            early_stopping.validate()?;
        }
        self.evaluation.validate()?;
        let threads = self.threads.unwrap_or(1);
        Error::require(
            (1..=smallbatch_base::limits::MOST_STEP_THREADS).contains(&threads),
            "threads",
            threads,
            "at least 1 and at most 64",
        )
    }

    /// Checks what depends on there being validation data.
    pub(crate) fn validate_with(&self, has_validation: bool) -> Result<(), Error> {
        self.validate()?;
        if has_validation {
            return Ok(());
        }
        if self.early_stopping.is_some() {
            return Err(Error::NeedsValidation {
                what: "early stopping",
            });
        }
        if let Some((Watched::Validation, _)) = self.budget.target() {
            return Err(Error::NeedsValidation {
                what: "a budget until a validation loss",
            });
        }
        Ok(())
    }
}

/// In a sentence: "13-32-3, ReLU, softmax cross-entropy; Adam at 0.001, constant; batches of 32; 100 epochs".
impl std::fmt::Display for Trainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            model,
            optimizer,
            learning_rate,
            schedule,
            budget,
            ..
        } = self;
        write!(f, "{model}; {optimizer} at {learning_rate}, {schedule}; ")?;
        match self.batch_size {
            BatchSize::Full => write!(f, "full batch")?,
            BatchSize::Mini(size) => write!(f, "batches of {size}")?,
        }
        write!(f, "; {budget}")?;
        if let Some(early_stopping) = self.early_stopping {
            write!(f, ", {early_stopping}")?;
        }
        Ok(())
    }
}
