//! Checkpoints on disk: how often, where, and how a training goes on from them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use smallbatch_base::vectors_in_use;
use smallbatch_data::Dataset;
use smallbatch_files::Rotation;

use crate::{
    Checkpoint, Error, Observer, Outcome, SavePace, Scalar, Session, Trained, Trainer, TrainingRows,
};

/// How many are kept, where nothing is said: where the newest is damaged, there is one before it.
const KEPT: usize = 2;

/// A folder with the last few checkpoints of one training, and how often one is added.
///
/// Each is written beside its place, synchronized with the disk and then moved there, so that a process that is killed, or a disk that is
/// full, leaves the ones before it whole. Any damage is noticed by a checksum.
///
/// [`Trainer::fit_saved`] goes on from the newest that is whole, to the bits of a training that was never stopped.
///
/// ```
/// use smallbatch_data::builtin;
/// use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Checkpoints, Silent, Trainer};
///
/// # let scratch = tempfile::tempdir()?;
/// let wine = builtin::wine()?.cast::<f32>()?;
/// let trainer = Trainer::new(MlpSpec::new([13, 8, 3])).learning_rate(1e-5).budget(Budget::Epochs(3));
/// let checkpoints = Checkpoints::in_folder(scratch.path().join("wine"));
/// // Killed at any moment, the same lines go on from where it was.
/// let trained = trainer.fit_saved(&wine, None, &mut Silent, &checkpoints)?;
/// assert_eq!(trained.model(), trainer.fit(&wine, None)?.model());
/// checkpoints.clear()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoints {
    folder: PathBuf,
    every: Duration,
    keep: usize,
}

impl Checkpoints {
    /// In this folder, which is made when the first is saved: one every 30 seconds, of which the last 2 are kept.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            every: Duration::from_secs(30),
            keep: KEPT,
        }
    }

    /// One every so often, but never more than a twentieth of the time for saving; with zero after each update.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Keeps the last `keep`; 0 counts as 1.
    #[must_use]
    pub fn keep(mut self, keep: usize) -> Self {
        self.keep = keep;
        self
    }

    /// Saves one more.
    ///
    /// # Errors
    /// [`Error::CheckpointFolder`] with what the system said; those before are then still there.
    pub fn save<T: Scalar>(&self, checkpoint: &Checkpoint<T>) -> Result<(), Error> {
        let saved = self.rotation().save(&checkpoint.to_bytes()?);
        saved.map_err(|error| self.failed("write", &error))?;
        Ok(())
    }

    /// The newest that is whole; none where there is none at all.
    ///
    /// # Errors
    /// Where none is whole, what is wrong with the newest: [`Error::CheckpointDamaged`] or [`Error::CheckpointFormat`].
    /// [`Error::CheckpointFolder`] with what the system said.
    pub fn newest<T: Scalar>(&self) -> Result<Option<Checkpoint<T>>, Error> {
        let failed = |error: io::Error| self.failed("read", &error);
        let mut wrong = None;
        for file in self.rotation().files().map_err(failed)? {
            match Checkpoint::from_bytes(&fs::read(file).map_err(failed)?) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        wrong.map_or(Ok(None), Err)
    }

    /// Removes all of them, and the folder where nothing else is in it.
    ///
    /// # Errors
    /// [`Error::CheckpointFolder`] with what the system said.
    pub fn clear(&self) -> Result<(), Error> {
        let cleared = self.rotation().clear();
        cleared.map_err(|error| self.failed("remove", &error))
    }

    fn rotation(&self) -> Rotation {
        Rotation::new(&self.folder, "checkpoint", self.keep)
    }

    fn failed(&self, doing: &'static str, error: &io::Error) -> Error {
        Error::CheckpointFolder {
            doing,
            folder: self.folder.clone(),
            reason: error.to_string(),
        }
    }
}

impl Trainer {
    /// Trains to the end and saves on the way. Where the folder has checkpoints of this training it goes on from the newest that is whole, to
    /// the bits of a training that was never stopped; where that had ended, it gives what it gave.
    ///
    /// An observer that breaks ends it early: then the last checkpoint is where it broke, and the same call goes on. So a program ends on a
    /// signal: an observer sees the flag that the signal set. The budget's seconds are those of all calls together; what a killed process
    /// trained after its last checkpoint is trained again, and does not count.
    ///
    /// # Errors
    /// As [`Trainer::fit`] and [`Trainer::resume`]; [`Error::CheckpointOther`] for checkpoints of another trainer, and the errors of
    /// [`Checkpoints`].
    pub fn fit_saved<'a, T: Scalar>(
        &self,
        training: impl Into<TrainingRows<'a, T>>,
        validation: Option<&'a Dataset<T>>,
        observer: &mut dyn Observer,
        checkpoints: &Checkpoints,
    ) -> Result<Trained<T>, Error> {
        let other = |what| Error::CheckpointOther {
            folder: checkpoints.folder.clone(),
            what,
        };
        let mut session = match checkpoints.newest()? {
            None => self.start(training, validation)?,
            Some(checkpoint) if checkpoint.trainer() != self => return Err(other("the trainer")),
            // It would come to other bits.
            Some(checkpoint) if checkpoint.vectors() != vectors_in_use() => {
                return Err(other("the processor's vector width"));
            }
            Some(checkpoint) => Self::resume(checkpoint, training, validation)?,
        };
        session.run_saved(observer, checkpoints)?;
        session.finish()
    }
}

impl<T: Scalar> Session<'_, T> {
    /// As [`run`](Self::run), and saves every so often, where the observer breaks, and at the end.
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`Error::CheckpointFolder`] where a checkpoint cannot be written.
    pub fn run_saved(
        &mut self,
        observer: &mut dyn Observer,
        checkpoints: &Checkpoints,
    ) -> Result<Outcome, Error> {
        observer.on_start(&self.plan());
        let mut pace = SavePace::every(checkpoints.every);
        loop {
            let outcome = self.advance_saved(observer, &mut pace, |session| {
                checkpoints.save(&session.checkpoint())
            })?;
            if let Some(outcome) = outcome {
                if outcome != Outcome::Interrupted {
                    checkpoints.save(&self.checkpoint())?;
                }
                return Ok(outcome);
            }
        }
    }
}
