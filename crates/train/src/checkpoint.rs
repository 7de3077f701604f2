//! A training in the middle, saved so that it goes on to the same bits.

use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchTarget, Dataset};
use smallbatch_mlp::{Mlp, Optimizer};

use crate::batch_losses::BatchLosses;
use crate::best::Best;
use crate::plateau::Plateau;
use crate::rows::Rows;
use crate::{Budget, Error, History, Outcome, Scalar, Trainer, Watched};

/// The format that [`Checkpoint`] is saved in. In format 3 training losses can be those of batches; a file of format 2 is read,
/// and written as format 3. Of format 1, in which weights were stored column by column, no file is read: a checkpoint is a
/// training of today, and no model to keep.
const FORMAT: u32 = 3;
const OLDEST: u32 = 2;

/// A format that this version reads. It refuses any other while it is read, and it is written first: so a
/// newer file is refused for its format, and not for the first field that this version does not know. Whatever was read,
/// what is written is of today's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
pub(crate) struct Format;

impl From<Format> for u32 {
    fn from(_: Format) -> Self {
        FORMAT
    }
}

impl TryFrom<u32> for Format {
    type Error = Error;

    fn try_from(found: u32) -> Result<Self, Error> {
        if (OLDEST..=FORMAT).contains(&found) {
            return Ok(Self);
        }
        Err(Error::CheckpointFormat {
            found,
            oldest: OLDEST,
            supported: FORMAT,
        })
    }
}

/// A training in the middle. It holds all that the rest depends on: the trainer, the model, the optimizer's moments,
/// the position (a number of updates, from which epoch and batch follow), the history, and what early stopping and the
/// schedule have seen. Not the data: of these it keeps a fingerprint, to refuse others. Not the observer either: where one gives
/// [learning rates](crate::Observer::learning_rate), the rest is the same if it is given again and says the same.
///
/// It serializes. Reading one of another format fails with the sentence of [`Error::CheckpointFormat`]. In JSON, read it back with `serde_json`'s feature `float_roundtrip`, without which floats can come back
/// off by one bit.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Checkpoint, Silent, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 4, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(10));
///
/// let mut session = trainer.start(&training, None)?;
/// for _ in 0..4 {
///     session.advance(&mut Silent)?; // to the next evaluation
/// }
/// let json = serde_json::to_string(&session.checkpoint())?; // … and the lights go out.
///
/// let checkpoint: Checkpoint<f64> = serde_json::from_str(&json)?;
/// let mut resumed = Trainer::resume(checkpoint, &training, None)?;
/// resumed.run(&mut Silent)?;
/// assert_eq!(resumed.finish()?.model(), trainer.fit(&training, None)?.model());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Scalar")]
pub struct Checkpoint<T> {
    pub(crate) format: Format,
    pub(crate) trainer: Trainer,
    pub(crate) training: Fingerprint,
    pub(crate) validation: Option<Fingerprint>,
    pub(crate) model: Mlp<T>,
    pub(crate) optimizer: Optimizer<T>,
    pub(crate) update: u64,
    pub(crate) seconds: f64,
    pub(crate) last_batch_loss: Option<f64>,
    /// Of the latest update, where an observer gave it; for the next record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) given_rate: Option<f64>,
    /// Of format 2, which has none, the trainers evaluate.
    #[serde(default)]
    pub(crate) batch_losses: BatchLosses,
    pub(crate) plateau: Plateau,
    pub(crate) best: Option<Best<T>>,
    pub(crate) history: History,
    /// Where the training has ended for good: not where it was interrupted.
    pub(crate) outcome: Option<Outcome>,
}

impl<T: Scalar> Checkpoint<T> {
    /// The training it belongs to.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// The model as it stands (not the best one so far).
    pub fn model(&self) -> &Mlp<T> {
        &self.model
    }

    /// How many updates have been made.
    pub fn update(&self) -> u64 {
        self.update
    }

    /// The evaluations so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Gives the training another budget, such as a larger one to go on after the first is spent. A schedule that depends
    /// on the total number of updates follows the new total from here on. A training that had ended goes on, and one that
    /// early stopping had ended has its whole patience again.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.trainer.budget = budget;
        if self.outcome == Some(Outcome::EarlyStopped)
            && let Some(best) = &mut self.best
        {
            best.start_over();
        }
        self.outcome = None;
        self
    }

    /// Refuses a checkpoint of parts that do not fit together, or of other data.
    pub(crate) fn check(
        &self,
        training: Rows<'_, T>,
        validation: Option<&Dataset<T>>,
    ) -> Result<(), Error> {
        let damaged = |what: &str| Error::CheckpointDamaged {
            what: what.to_owned(),
        };
        if self.model.spec() != &self.trainer.model {
            return Err(damaged("its model is not the one its trainer describes"));
        }
        if self.optimizer.spec() != &self.trainer.optimizer {
            return Err(damaged(
                "its optimizer is not the one its trainer describes",
            ));
        }
        // Fewer are possible: a batch whose samples weigh nothing counts as an update, of which the optimizer does not hear.
        if self.optimizer.step() > self.update {
            return Err(damaged(
                "its optimizer has made more updates than there were",
            ));
        }
        if !(self.seconds.is_finite() && self.seconds >= 0.0) {
            return Err(damaged("its seconds of training are not a time"));
        }
        let n_parameters = self.model.n_parameters();
        if self
            .best
            .as_ref()
            .is_some_and(|best| best.parameters.len() != n_parameters)
        {
            return Err(damaged("its best weights are another model's"));
        }
        let validation = validation.map(Fingerprint::of);
        let training = Some(Fingerprint::of_rows(training));
        same(Watched::Training, Some(&self.training), training.as_ref())?;
        same(
            Watched::Validation,
            self.validation.as_ref(),
            validation.as_ref(),
        )
    }
}

fn same(
    part: Watched,
    expected: Option<&Fingerprint>,
    found: Option<&Fingerprint>,
) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    let words =
        |print: Option<&Fingerprint>| print.map_or_else(|| "none".to_owned(), ToString::to_string);
    Err(Error::CheckpointData {
        part,
        expected: words(expected),
        found: words(found),
    })
}

/// Enough of a data set to tell it from others: its size and a hash of every value that a training reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    n_features: usize,
    n_samples: usize,
    hash: u64,
    /// How many rows of a file were in memory: another number makes another order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<usize>,
}

impl Fingerprint {
    pub(crate) fn of_rows<T: Scalar>(rows: Rows<'_, T>) -> Self {
        match rows {
            Rows::Memory(dataset) => Self::of(dataset),
            Rows::File(file) => Self {
                n_features: file.n_features(),
                n_samples: file.n_samples(),
                hash: file.hash(),
                window: Some(file.most_rows()),
            },
        }
    }

    pub(crate) fn of<T: Scalar>(data: &Dataset<T>) -> Self {
        let mut hash = Fnv::default();
        let mut values = |values: &[T]| values.iter().for_each(|&v| hash.add(v.to_f64().to_bits()));
        // As they are read: the same data may be stored in another way.
        data.stored().for_each_sample(|_, sample| values(sample));
        if let Some(weights) = data.weights() {
            values(weights);
        }
        match data.target().view() {
            BatchTarget::Values(target) => {
                target
                    .iter()
                    .for_each(|value| values(std::slice::from_ref(value)));
            }
            BatchTarget::Labels(labels) => {
                labels.iter().for_each(|&label| hash.add(u64::from(label)));
            }
        }
        Self {
            n_features: data.n_features(),
            n_samples: data.n_samples(),
            hash: hash.0,
            window: None,
        }
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            n_features,
            n_samples,
            hash,
            window,
        } = self;
        write!(
            f,
            "{n_samples} samples of {n_features} features, hash {hash:016x}"
        )?;
        match window {
            Some(rows) => write!(f, ", {rows} of them in memory at a time"),
            None => Ok(()),
        }
    }
}

/// Fowler, Noll and Vo's hash (1a), by words of 64 bits: stable across releases, which the standard library's is not.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, word: u64) {
        // Folding the high half in: f32 values widened to f64 end in zeros, and multiplying only carries upwards.
        let word = word ^ (word >> 32);
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
    }
}
