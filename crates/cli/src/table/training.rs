//! `train` while it goes on: it is saved now and then, and on a signal, and a later call goes on from there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smallbatch::data::{TableChunks, TableReader};
use smallbatch::pipeline::{Error, Memory, Pipeline, Recipe, Saving};

use super::arguments::Train;
use super::{is_standard_input, tell_notes};
use crate::ending::Failure;
use crate::interruption::Interruption;
use crate::output::warn;

/// The folder in DIR.
const FOLDER: &str = "unfinished";
/// How often somebody is asked whether to stop.
const GLANCE: Duration = Duration::from_millis(20);

/// Trains; `None` where somebody asked to stop.
pub(super) fn fit(
    asked: &Train,
    reader: &TableReader,
    recipe: &Recipe,
    memory: &Memory,
) -> Result<Option<Pipeline>, Failure> {
    let stop = flag_of(Interruption::listen());
    let saving = saving(asked, &stop);
    let there = saving.folder.display();
    match (saving.is_begun(), asked.resume) {
        (true, false) => warn(&format!(
            "note: the unfinished training in {there} is removed; --resume would go on with it"
        )),
        (false, true) => warn(&format!(
            "note: there is no unfinished training in {there}; this one begins anew"
        )),
        _ => {}
    }
    if !is_standard_input(&asked.table)
        && let Some(first) = TableChunks::open(&asked.table, 1)?.next()
    {
        tell_notes(&asked.table, &first?);
    }
    let trained = Pipeline::fit_path_saved(
        &asked.table,
        reader,
        recipe,
        asked.base_seed,
        memory,
        &saving,
    );
    match trained {
        Err(Error::Interrupted) => {
            warn("stopped; the same command with --resume goes on from here");
            Ok(None)
        }
        trained => Ok(Some(trained?)),
    }
}

/// Removes what the training was saved in, once its model is.
pub(super) fn clear(asked: &Train) -> Result<(), Failure> {
    Ok(saving(asked, &AtomicBool::new(false)).clear()?)
}

fn saving<'a>(asked: &Train, stop: &'a AtomicBool) -> Saving<'a> {
    Saving {
        folder: Path::join(&asked.out, FOLDER),
        every: asked.save_every,
        resume: asked.resume,
        stop,
    }
}

/// A flag that is set where somebody asks to stop.
fn flag_of(interruption: Interruption) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    // It ends with the program.
    std::thread::spawn(move || {
        while !interruption.happened() {
            std::thread::sleep(GLANCE);
        }
        set.store(true, Ordering::Relaxed);
    });
    flag
}
