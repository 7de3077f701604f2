//! A training that is kept on disk while it goes on.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use smallbatch_base::vectors_in_use;
use smallbatch_data::{Frame, FrameValues, TableSchema, Target};
use smallbatch_files::{Rotation, seal, unseal};
use smallbatch_train::{Checkpoint, SavePace, Session};
use xxhash_rust::xxh3::Xxh3;

use crate::Error;
use crate::course::{Course, KeptCourse};
use crate::recipe::Recipe;

/// What a file is, and its format.
const KIND: &str = "training";
const FORMAT: u32 = 2;
/// Who trains without asking: nobody sets it.
pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);
/// So many are kept: where the newest is damaged, there is one before it.
const KEPT: usize = 2;

/// Where a training is kept while it goes on, and who may end it. A training that was killed goes on from there, to the bits of one that was
/// not: see [`Pipeline::fit_path_saved`](crate::Pipeline::fit_path_saved).
///
/// Each file in the folder has the trainings of all folds that are finished, and a [`Checkpoint`] of the one that runs. It is written beside
/// its place, synchronized with the disk and moved there; a checksum notices any damage; the last two are kept.
#[derive(Clone, Debug)]
pub struct Saving<'a> {
    /// The folder; nothing else should be in it.
    pub folder: PathBuf,
    /// One file every so often, but never more than a twentieth of the time for saving.
    pub every: Duration,
    /// Whether to go on with what is in the folder. Otherwise that is removed, and the training begins anew.
    pub resume: bool,
    /// Ends the training when it is set, with [`Error::Interrupted`]: what it came to is then saved.
    pub stop: &'a AtomicBool,
}

impl Saving<'_> {
    /// Whether the folder has an unfinished training.
    pub fn is_begun(&self) -> bool {
        self.rotation().files().is_ok_and(|files| !files.is_empty())
    }

    /// Removes what is in the folder, and the folder: once the model is saved.
    ///
    /// # Errors
    /// [`Error::File`] with what the system said.
    pub fn clear(&self) -> Result<(), Error> {
        let cleared = self.rotation().clear();
        cleared.map_err(|source| self.failed("remove", source))
    }

    fn rotation(&self) -> Rotation {
        Rotation::new(&self.folder, KIND, KEPT)
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> Error {
        Error::File {
            doing,
            file: self.folder.clone(),
            source,
        }
    }
}

/// What decides every bit of a training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    program: String,
    /// Sums with other vectors are rounded otherwise.
    vectors: String,
    schema: String,
    rows: u64,
    recipe: String,
    seed: u64,
}

impl Identity {
    pub(crate) fn new(
        schema: &TableSchema,
        rows: u64,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Self, Error> {
        let unreadable = |error: serde_json::Error| Error::Write {
            reason: error.to_string(),
        };
        Ok(Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            vectors: vectors_in_use().to_owned(),
            schema: serde_json::to_string(schema).map_err(unreadable)?,
            rows,
            recipe: serde_json::to_string(recipe).map_err(unreadable)?,
            seed,
        })
    }

    /// What is not the same in another.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        let pairs = [
            (self.program == other.program, "the version of smallbatch"),
            (
                self.vectors == other.vectors,
                "the processor's vector width",
            ),
            (self.schema == other.schema, "the schema of the table"),
            (self.rows == other.rows, "the rows of the table"),
            (self.recipe == other.recipe, "the recipe"),
            (self.seed == other.seed, "the seed"),
        ];
        pairs
            .into_iter()
            .find_map(|(same, what)| (!same).then_some(what))
    }
}

/// A hash of all rows.
pub(crate) fn hash_of(frame: &Frame) -> u64 {
    let mut hash = Xxh3::new();
    let mut numbers = |values: &[f64]| {
        hash.update(&(values.len() as u64).to_le_bytes());
        values
            .iter()
            .for_each(|value| hash.update(&value.to_bits().to_le_bytes()));
    };
    for column in &frame.columns {
        match &column.values {
            FrameValues::Numbers(values) => numbers(values),
            FrameValues::Categories { codes, .. } => {
                numbers(&codes.iter().copied().map(f64::from).collect::<Vec<_>>());
            }
        }
    }
    match &frame.target {
        Some(Target::Classes { labels, .. }) => {
            numbers(&labels.iter().copied().map(f64::from).collect::<Vec<_>>());
        }
        Some(Target::Values { values, .. }) => numbers(values.as_slice()),
        _ => {}
    }
    for column in [&frame.weights, &frame.times].into_iter().flatten() {
        numbers(column);
    }
    if let Some(groups) = &frame.groups {
        numbers(&groups.iter().copied().map(f64::from).collect::<Vec<_>>());
    }
    hash.digest()
}

/// Who may end trainings, and what is kept of them. They come one after the other, in the same order each time.
pub(crate) struct Keeper<'a> {
    pub(crate) stop: &'a AtomicBool,
    kept: Option<Kept<'a>>,
}

struct Kept<'a> {
    saving: &'a Saving<'a>,
    identity: Identity,
    finished: Vec<KeptCourse>,
    /// Those of an earlier process that have not come yet.
    before: VecDeque<KeptCourse>,
    /// That which the earlier process was at.
    running: Option<(KeptCourse, Checkpoint<f32>)>,
    written: Cell<Instant>,
}

/// What a file holds.
type Content = (
    Identity,
    Vec<KeptCourse>,
    Option<(KeptCourse, Checkpoint<f32>)>,
);

impl<'a> Keeper<'a> {
    /// Keeps nothing.
    pub(crate) fn none(stop: &'a AtomicBool) -> Self {
        Self { stop, kept: None }
    }

    /// Keeps what `saving` says, and has what was kept before.
    pub(crate) fn new(saving: &'a Saving<'a>, identity: Identity) -> Result<Self, Error> {
        let mut kept = Kept {
            saving,
            identity,
            finished: Vec::new(),
            before: VecDeque::new(),
            running: None,
            written: Cell::new(Instant::now()),
        };
        if !saving.resume {
            saving.clear()?;
        } else if let Some((identity, finished, running)) = newest(saving)? {
            if let Some(what) = kept.identity.difference(&identity) {
                return Err(kept.other(what));
            }
            kept.before = finished.into();
            kept.running = running;
        }
        Ok(Self {
            stop: saving.stop,
            kept: Some(kept),
        })
    }

    /// How often a training is saved.
    pub(crate) fn pace(&self) -> SavePace {
        self.kept
            .as_ref()
            .map_or_else(SavePace::never, |kept| SavePace::every(kept.saving.every))
    }

    /// The next training, where an earlier process had finished it.
    pub(crate) fn take_finished(&mut self) -> Option<KeptCourse> {
        let kept = self.kept.as_mut()?;
        let next = kept.before.pop_front()?;
        kept.finished.push(next.clone());
        Some(next)
    }

    /// The next training, where an earlier process was at it: the looks so far, and where it stands.
    pub(crate) fn take_running(&mut self) -> Option<(KeptCourse, Checkpoint<f32>)> {
        self.kept.as_mut()?.running.take()
    }

    /// Saves a training that goes on.
    pub(crate) fn save(&self, course: &Course, session: &Session<'_, f32>) -> Result<(), Error> {
        match &self.kept {
            Some(kept) => kept.write(Some(&(course.kept(), session.checkpoint()))),
            None => Ok(()),
        }
    }

    /// Takes a training that has ended, and saves it where it is time for that.
    pub(crate) fn finish(&mut self, course: &Course) -> Result<(), Error> {
        let Some(kept) = &mut self.kept else {
            return Ok(());
        };
        kept.finished.push(course.kept());
        if kept.written.get().elapsed() < kept.saving.every {
            return Ok(());
        }
        kept.write(None)
    }

    /// What was kept is of another training.
    pub(crate) fn other(&self, what: &'static str) -> Error {
        self.kept.as_ref().map_or(
            Error::OtherTraining {
                folder: PathBuf::new(),
                what,
            },
            |kept| kept.other(what),
        )
    }
}

impl Kept<'_> {
    fn write(&self, running: Option<&(KeptCourse, Checkpoint<f32>)>) -> Result<(), Error> {
        let content = (&self.identity, &self.finished, running);
        let content = postcard::to_stdvec(&content).map_err(|error| Error::Write {
            reason: error.to_string(),
        })?;
        let saved = self.saving.rotation().save(&seal(KIND, FORMAT, &content));
        saved.map_err(|source| self.saving.failed("write", source))?;
        self.written.set(Instant::now());
        Ok(())
    }

    fn other(&self, what: &'static str) -> Error {
        Error::OtherTraining {
            folder: self.saving.folder.clone(),
            what,
        }
    }
}

/// The newest that is whole; none where there is none at all.
fn newest(saving: &Saving<'_>) -> Result<Option<Content>, Error> {
    let failed = |source| saving.failed("read", source);
    let mut wrong = None;
    for file in saving.rotation().files().map_err(failed)? {
        match read(&fs::read(&file).map_err(failed)?) {
            Ok(content) => return Ok(Some(content)),
            Err(reason) => wrong = wrong.or(Some(Error::NoTraining { file, reason })),
        }
    }
    wrong.map_or(Ok(None), Err)
}

fn read(bytes: &[u8]) -> Result<Content, String> {
    let unsealed = unseal(KIND, FORMAT..=FORMAT, bytes);
    let (_, content) = unsealed.map_err(|error| error.to_string())?;
    match postcard::take_from_bytes(content) {
        Ok((content, [])) => Ok(content),
        Ok(_) => Err("it goes on after its end".into()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(vectors: &str) -> Identity {
        Identity {
            program: "1".into(),
            vectors: vectors.into(),
            schema: String::new(),
            rows: 1,
            recipe: String::new(),
            seed: 0,
        }
    }

    /// The same training on a processor with other vectors comes to other bits.
    #[test]
    fn what_other_vectors_began_is_not_gone_on_with() {
        let scratch = tempfile::tempdir().unwrap();
        let saving = Saving {
            folder: scratch.path().join("training"),
            every: Duration::ZERO,
            resume: true,
            stop: &NEVER,
        };
        let begin = |vectors: &str| Keeper::new(&saving, identity(vectors));
        let begun = begin("wide").unwrap();
        begun.kept.unwrap().write(None).unwrap();
        begin("wide").unwrap();
        let Err(error) = begin("narrow") else {
            panic!("it went on")
        };
        assert!(matches!(error, Error::OtherTraining { what, .. } if what.contains("vector")));
    }
}
