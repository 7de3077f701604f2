//! A training in the middle, saved so that it goes on to the same bits.

mod as_json;
mod check;
mod fingerprint;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use smallbatch_files::{SealError, seal, unseal};
use smallbatch_mlp::{Mlp, Optimizer};
use xxhash_rust::xxh3::xxh3_128;

use crate::batch_losses::BatchLosses;
use crate::best::Best;
use crate::plateau::Plateau;
use crate::{Budget, Error, History, Outcome, Scalar, Trainer};

pub(crate) use fingerprint::Fingerprint;

/// The format that [`Checkpoint`] is saved in, and the only one that is read: formats before it had no checksum, so that what was
/// altered in them went unnoticed. A checkpoint is a training of today, and no model to keep.
const FORMAT: u32 = 5;

/// The format, which is written first and refuses any other while it is read: so a file of another format is refused for its format,
/// and not for the first field that this version does not know.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
struct Format;

impl From<Format> for u32 {
    fn from(_: Format) -> Self {
        FORMAT
    }
}

impl TryFrom<u32> for Format {
    type Error = Error;

    fn try_from(found: u32) -> Result<Self, Error> {
        if found == FORMAT {
            return Ok(Self);
        }
        Err(Error::CheckpointFormat {
            found,
            supported: FORMAT,
        })
    }
}

/// A training in the middle. It holds all that the rest depends on: the trainer, the model, the optimizer's moments,
/// the position (a number of updates, from which epoch and batch follow), the history, and what early stopping and the
/// schedule have seen. Not the data: of these it keeps a fingerprint, to refuse others. Not the observer either: where one gives
/// [learning rates](crate::Observer::learning_rate), the rest is the same if it is given again and says the same.
///
/// [`to_bytes`](Self::to_bytes) is its file, exact for every number and of which any damage is noticed; [`Checkpoints`](crate::Checkpoints)
/// keeps the last few on disk. It serializes with serde, too, with a checksum of what it says: what was altered is refused with the sentence of
/// [`Error::CheckpointDamaged`], and another format with that of [`Error::CheckpointFormat`]. In JSON, read it back with `serde_json`'s
/// feature `float_roundtrip`, without which floats can come back off by one bit, which the checksum notices.
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
/// let bytes = session.checkpoint().to_bytes()?; // … and the lights go out.
///
/// let checkpoint = Checkpoint::from_bytes(&bytes)?;
/// let mut resumed = Trainer::resume(checkpoint, &training, None)?;
/// resumed.run(&mut Silent)?;
/// assert_eq!(resumed.finish()?.model(), trainer.fit(&training, None)?.model());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Form<State<T>>", bound = "T: Scalar")]
pub struct Checkpoint<T>(pub(crate) State<T>);

/// What a checkpoint holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Scalar", deny_unknown_fields)]
pub(crate) struct State<T> {
    /// With which its numbers were computed.
    pub(crate) vectors: String,
    #[serde(with = "as_json")]
    pub(crate) trainer: Trainer,
    pub(crate) training: Fingerprint,
    pub(crate) validation: Option<Fingerprint>,
    pub(crate) model: Mlp<T>,
    pub(crate) optimizer: Optimizer<T>,
    pub(crate) update: u64,
    pub(crate) seconds: f64,
    pub(crate) last_batch_loss: Option<f64>,
    /// Of the latest update, where an observer gave it; for the next record.
    pub(crate) given_rate: Option<f64>,
    pub(crate) batch_losses: BatchLosses,
    pub(crate) plateau: Plateau,
    pub(crate) best: Option<Best<T>>,
    pub(crate) history: History,
    /// Where the training has ended for good: not where it was interrupted.
    pub(crate) outcome: Option<Outcome>,
}

/// What serde writes and reads.
#[derive(Serialize, Deserialize)]
struct Form<S> {
    format: Format,
    /// XXH3, 128 bits, of the state's bytes in a file.
    checksum: String,
    state: S,
}

fn bytes_here<T: Scalar>(state: &State<T>) -> Result<Vec<u8>, Error> {
    postcard::to_stdvec(state).map_err(|error| Error::damaged(error.to_string()))
}

fn from_bytes_here<T: Scalar>(bytes: &[u8]) -> Result<Checkpoint<T>, Error> {
    let content = match unseal(&kind::<T>(), FORMAT..=FORMAT, bytes) {
        Ok((_, content)) => content,
        Err(SealError::Version { found, .. }) => {
            return Err(Error::CheckpointFormat {
                found,
                supported: FORMAT,
            });
        }
        Err(error) => return Err(Error::damaged(error.to_string())),
    };
    match postcard::take_from_bytes(content) {
        Ok((state, [])) => Ok(Checkpoint(state)),
        Ok(_) => Err(Error::damaged("it goes on after its end")),
        Err(error) => Err(Error::damaged(error.to_string())),
    }
}

smallbatch_base::compiled! {
    fn bytes(state: &'a State<T>) -> Result<Vec<u8>, Error> = bytes_here;

    fn from_bytes(bytes: &'a [u8]) -> Result<Checkpoint<T>, Error> = from_bytes_here;
}

impl<T: Scalar> State<T> {
    fn bytes(&self) -> Result<Vec<u8>, Error> {
        bytes(self)
    }

    fn checksum(&self) -> Result<String, Error> {
        Ok(format!("{:032x}", xxh3_128(&self.bytes()?)))
    }
}

impl<T: Scalar> Serialize for Checkpoint<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Form {
            format: Format,
            checksum: self.0.checksum().map_err(S::Error::custom)?,
            state: &self.0,
        };
        form.serialize(serializer)
    }
}

impl<T: Scalar> TryFrom<Form<State<T>>> for Checkpoint<T> {
    type Error = Error;

    fn try_from(form: Form<State<T>>) -> Result<Self, Error> {
        if form.state.checksum()? != form.checksum {
            return Err(Error::damaged("its checksum differs"));
        }
        Ok(Self(form.state))
    }
}

/// What a file of such numbers is.
fn kind<T>() -> String {
    format!("checkpoint-f{}", 8 * size_of::<T>())
}

impl<T: Scalar> Checkpoint<T> {
    /// The bytes of its file.
    ///
    /// # Errors
    /// [`Error::CheckpointDamaged`] for more than memory holds.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(seal(&kind::<T>(), FORMAT, &self.0.bytes()?))
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`Error::CheckpointFormat`] for another format; [`Error::CheckpointDamaged`] for what is no checkpoint of these numbers (`f32` or
    /// `f64`), was cut short, or of which a bit is another.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        from_bytes(bytes)
    }

    /// The vectors it was computed with, as [`vectors_in_use`](smallbatch_base::vectors_in_use) names them. With others the rest of the
    /// training comes to the same numbers to rounding, and not to the same bits.
    pub fn vectors(&self) -> &str {
        &self.0.vectors
    }

    /// The training it belongs to.
    pub fn trainer(&self) -> &Trainer {
        &self.0.trainer
    }

    /// The model as it stands (not the best one so far).
    pub fn model(&self) -> &Mlp<T> {
        &self.0.model
    }

    /// How many updates have been made.
    pub fn update(&self) -> u64 {
        self.0.update
    }

    /// The evaluations so far.
    pub fn history(&self) -> &History {
        &self.0.history
    }

    /// Gives the training another budget, such as a larger one to go on after the first is spent. A schedule that depends
    /// on the total number of updates follows the new total from here on. A training that had ended goes on, and one that
    /// early stopping had ended has its whole patience again.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        let state = &mut self.0;
        state.trainer.budget = budget;
        if state.outcome == Some(Outcome::EarlyStopped)
            && let Some(best) = &mut state.best
        {
            best.start_over();
        }
        state.outcome = None;
        self
    }
}

#[cfg(test)]
mod tests;
