//! A training that is stopped at any moment goes on to the model of one that never was.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smallbatch_data::TableReader;
use smallbatch_pipeline::{Error, Memory, NetworkRecipe, Pipeline, Recipe, Saving};

use crate::support::{line, uniform};

/// Where synchronizing with the disk costs nothing, if there is such a place: each update is saved.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn table(folder: &Path, rows: usize) -> PathBuf {
    let mut draw = uniform(2);
    let rows: String = (0..rows)
        .map(|at| {
            let (a, b) = (draw(), draw());
            let town = ["Bonn", "Ulm", "Jena"][at % 3];
            format!("{a:.4},{b:.4},{town},{at},{:.4}\n", 2.0 * a - b)
        })
        .collect();
    let file = folder.join(format!("houses-{}.csv", rows.len()));
    std::fs::write(&file, format!("a,b,town,day,y\n{rows}")).unwrap();
    file
}

fn network() -> Recipe {
    Recipe::Network(NetworkRecipe {
        hidden: vec![4],
        epochs: 4,
        dropout: 0.1,
        ..NetworkRecipe::default()
    })
}

fn file_of(model: &Pipeline, folder: &Path) -> Vec<u8> {
    let file = folder.join("model.safetensors");
    model.save(&file).unwrap();
    std::fs::read(file).unwrap()
}

/// Each part lasts a little longer than the one before, so that the parts end anywhere: while a network trains, between two folds, at the end.
#[test]
fn stopped_again_and_again_it_is_the_same_model() {
    let scratch = scratch();
    let folder = scratch.path();
    let small = Memory {
        rows: 120,
        bytes: 2_000,
        folder: folder.to_path_buf(),
    };
    let by_time = TableReader::new().time("day");
    for (name, rows, reader, recipe, memory) in [
        (
            "folds",
            90,
            TableReader::new(),
            network(),
            Memory::default(),
        ),
        ("time", 90, by_time, network(), Memory::default()),
        ("file", 400, TableReader::new(), network(), small),
        ("line", 90, TableReader::new(), line(), Memory::default()),
    ] {
        let table = table(folder, rows);
        let fit = || Pipeline::fit_path(&table, &reader, &recipe, 7, &memory);
        let whole = file_of(&fit().unwrap(), folder);
        let stop = AtomicBool::new(false);
        let saving = Saving {
            folder: folder.join(name),
            every: Duration::ZERO,
            resume: true,
            stop: &stop,
        };
        let mut parts = 0;
        let resumed = loop {
            stop.store(false, Ordering::Relaxed);
            parts += 1;
            let part = std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(3 * parts));
                    stop.store(true, Ordering::Relaxed);
                });
                Pipeline::fit_path_saved(&table, &reader, &recipe, 7, &memory, &saving)
            });
            match part {
                Ok(model) => break model,
                Err(Error::Interrupted) => {}
                Err(error) => panic!("{name}, part {parts}: {error}"),
            }
        };
        assert!(file_of(&resumed, folder) == whole, "{name}: {parts} parts");
        assert!(saving.is_begun(), "{name}");
        saving.clear().unwrap();
        assert!(!saving.folder.exists(), "{name}");
    }
}

#[test]
fn what_is_of_another_training_or_damaged_is_refused() {
    let scratch = scratch();
    let folder = scratch.path();
    let (first, second) = (table(folder, 90), table(folder, 93));
    let stop = AtomicBool::new(false);
    let saving = |resume| Saving {
        folder: folder.join("unfinished"),
        every: Duration::ZERO,
        resume,
        stop: &stop,
    };
    let fit = |table: &Path, reader: &TableReader, recipe: &Recipe, seed, resume| {
        let memory = Memory::default();
        Pipeline::fit_path_saved(table, reader, recipe, seed, &memory, &saving(resume))
    };
    let reader = TableReader::new();
    let whole = file_of(&fit(&first, &reader, &network(), 1, true).unwrap(), folder);
    let other_reader = TableReader::new().ignore(["town"]);
    for (said, refused) in [
        ("the seed", fit(&first, &reader, &network(), 2, true)),
        ("the recipe", fit(&first, &reader, &line(), 1, true)),
        (
            "the schema",
            fit(&first, &other_reader, &network(), 1, true),
        ),
        ("of the table", fit(&second, &reader, &network(), 1, true)),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::OtherTraining { .. }), "{error}");
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
    // The newest is damaged: that before it is as good.
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("unfinished"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort_by_key(|file| {
        std::cmp::Reverse(std::fs::metadata(file).unwrap().modified().unwrap())
    });
    assert_eq!(files.len(), 2);
    let mut bytes = std::fs::read(&files[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&files[0], bytes).unwrap();
    let resumed = fit(&first, &reader, &network(), 1, true).unwrap();
    assert!(file_of(&resumed, folder) == whole);
    for file in std::fs::read_dir(folder.join("unfinished")).unwrap() {
        std::fs::write(file.unwrap().path(), "smallbatch training 1 0 0\n").unwrap();
    }
    let error = fit(&first, &reader, &network(), 1, true).unwrap_err();
    assert!(matches!(error, Error::NoTraining { .. }), "{error}");
    let anew = fit(&first, &reader, &network(), 1, false).unwrap();
    assert!(file_of(&anew, folder) == whole);
}
