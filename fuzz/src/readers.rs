//! The readers, by the names of their targets.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use smallbatch_data::{Dataset, Table, TableChunks, TableReader, Target};
use smallbatch_lab::RunPlan;
use smallbatch_mlp::{Activation, Loss, Mlp};
use smallbatch_pipeline::Pipeline;
use smallbatch_predict::Model;
use smallbatch_sweep::{Cache, Constant, Point, Trajectory};
use smallbatch_train::{Checkpoint, Observer, Trainer, Update};

use super::seal;

/// What can be asked for.
pub const TARGETS: [&str; 13] = [
    "csv",
    "npy",
    "npz",
    "idx",
    "parquet",
    "arrow",
    "schema",
    "model",
    "checkpoint",
    "experiment",
    "results",
    "cache",
    "import",
];

/// Gives bytes to a target's reader, and uses what it takes; whether it took them.
///
/// Where a checksum protects the content it is made to fit, so that what is behind it is reached.
pub fn read(target: &str, bytes: &[u8]) -> bool {
    match target {
        "csv" => table("table.csv", bytes),
        "npy" => table("table.npy", bytes),
        "npz" => table("table.npz", bytes),
        "idx" => table("images-idx3-ubyte", bytes),
        "parquet" => table("table.parquet", bytes),
        "arrow" => table("table.arrow", bytes),
        "schema" => schema(bytes),
        "model" => model(&seal::model(bytes)),
        "checkpoint" => checkpoint(&seal::checkpoint(bytes)),
        "experiment" => experiment(bytes),
        "results" => results(&seal::results(bytes)),
        "cache" => cache(&seal::cache(bytes)),
        "import" => import(bytes),
        other => panic!(
            "there is no target {other}; there are {}",
            TARGETS.join(", ")
        ),
    }
}

/// A folder for the files of this process.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| tempfile::tempdir().expect("a folder"))
        .path()
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let file = folder().join(name);
    std::fs::write(&file, bytes).expect("a file");
    file
}

fn table(name: &str, bytes: &[u8]) -> bool {
    let file = file(name, bytes);
    let said = |error: smallbatch_data::Error| assert!(!error.to_string().is_empty());
    if let Ok(pieces) = TableChunks::open_tolerant(&file, 100).map_err(said) {
        // An error ends it.
        pieces.take_while(Result::is_ok).for_each(drop);
    }
    let Ok(table) = Table::read_path(&file).map_err(said) else {
        return false;
    };
    if let Ok(schema) = TableReader::new()
        .leave_out_text(true)
        .schema(&table)
        .map_err(said)
    {
        schema.frame(&table).map_err(said).ok();
        // What was read off reads the same table again.
        let again = TableReader::from_toml(&schema.to_toml()).expect("what was written is read");
        again.schema(&table).map_err(said).ok();
    }
    true
}

fn schema(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(reader) = TableReader::from_toml(text) else {
        return false;
    };
    let table = "size,rooms,street,sold,price\n50,2,A,2024-01-02,100\n70,3,B,2024-02-02,150\n90,4,A,2024-03-04,180\n60,2,C,2024-05-06,120\n";
    let table = Table::read(table.as_bytes()).expect("a table");
    if let Ok(schema) = reader.schema(&table) {
        schema.frame(&table).ok();
    }
    true
}

fn model(bytes: &[u8]) -> bool {
    let small = Model::from_bytes(bytes);
    if let Ok(small) = &small {
        small.predict(&small.row()).ok();
    }
    let file = file("model.safetensors", bytes);
    let Ok(model) = Pipeline::load(&file) else {
        return small.is_ok();
    };
    let later = "size,x,town,day,y\n50,1.5,Ulm,2024-05-05,1\n,,Rom,2025-01-01,2\n";
    let later = Table::read(later.as_bytes()).expect("a table");
    model.predict(&later).ok();
    model.evaluate(&later).ok();
    model.portable().ok();
    model.save(folder().join("again.safetensors")).ok();
    true
}

/// Stops after the first update.
struct Once;

impl Observer for Once {
    fn on_update(&mut self, _: &Update) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

/// What the checkpoints of the seeds were trained on.
pub(crate) fn training() -> Dataset<f64> {
    let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
    Dataset::new(features, Target::classes(vec![0, 0, 1, 1])).expect("data")
}

fn checkpoint(bytes: &[u8]) -> bool {
    let Ok(checkpoint) = Checkpoint::<f64>::from_bytes(bytes) else {
        return false;
    };
    checkpoint.to_bytes().expect("what was read is written");
    let training = training();
    // It may be of other data.
    let Ok(mut session) = Trainer::resume(checkpoint, &training, None) else {
        return true;
    };
    session.run(&mut Once).ok();
    session.checkpoint().to_bytes().ok();
    session.finish().ok();
    true
}

fn experiment(bytes: &[u8]) -> bool {
    let plan = RunPlan {
        file: Some(file("design.toml", bytes)),
        ..RunPlan::default()
    };
    match smallbatch_lab::preregister(&plan) {
        Ok(_) => true,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

fn results(bytes: &[u8]) -> bool {
    let Ok(results) = smallbatch_report::read(&file("results.json", bytes)) else {
        return false;
    };
    assert!(!smallbatch_report::html(&results).is_empty());
    RunPlan::of(&results).ok();
    true
}

/// The one shelf of a cache in a folder, and its file.
pub(crate) fn shelf() -> &'static (Cache, PathBuf) {
    static SHELF: OnceLock<(Cache, PathBuf)> = OnceLock::new();
    SHELF.get_or_init(|| {
        let folder = folder().join("cache");
        let cache = Cache::open(&folder).expect("a cache");
        for (name, points) in [("one", 3), ("two", 0)] {
            let made = cache.made_once("shelf", name, || Ok::<_, ()>(trajectory(points)));
            made.expect("a trajectory");
        }
        let mut files = std::fs::read_dir(&folder).expect("a folder");
        let file = files.next().expect("a file").expect("an entry").path();
        (cache, file)
    })
}

fn trajectory(points: u64) -> Trajectory {
    let loss = |at: u64| 1.0 / (1 + at) as f64;
    let point = |at| Point {
        updates: 10 * at,
        training_loss: loss(at),
        validation_loss: loss(at),
        test_loss: f64::INFINITY,
    };
    Trajectory {
        points: (0..points).map(point).collect(),
        diverged: points == 0,
        own_tests: vec![0.5],
        constant: Constant {
            training: 1.0,
            validation: 1.1,
            test: 0.9,
        },
        updates_per_epoch: 12.5,
    }
}

fn cache(bytes: &[u8]) -> bool {
    let (cache, file) = shelf();
    std::fs::write(file, bytes).expect("a file");
    let mut found = 0;
    for name in ["one", "two"] {
        let made = cache.made_once("shelf", name, || Err(()));
        if let Ok::<Trajectory, ()>(trajectory) = made {
            found += 1;
            trajectory.best();
            trajectory.final_training_loss();
            let at = |updates| trajectory.training_loss_at(updates);
            let _ = [0, 5, u64::MAX].map(at);
        }
    }
    found > 0
}

fn import(bytes: &[u8]) -> bool {
    let mut taken = false;
    for (activation, loss) in [
        (Activation::Relu, Loss::softmax_cross_entropy()),
        (Activation::Tanh, Loss::MeanSquaredError),
        (Activation::Relu, Loss::BinaryCrossEntropy),
    ] {
        match Mlp::<f32>::from_safetensors(bytes, activation, loss) {
            Ok(network) => {
                let inputs = nalgebra::DMatrix::from_element(network.spec().n_inputs(), 2, 0.5);
                network.predict(inputs.as_view()).ok();
                taken = true;
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    taken
}
