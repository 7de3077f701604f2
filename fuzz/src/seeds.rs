//! Small valid files, of which each target begins.

use std::fs;
use std::path::{Path, PathBuf};

use smallbatch_data::{BatchSize, Table, TableReader};
use smallbatch_mlp::MlpSpec;
use smallbatch_pipeline::{Line, NetworkRecipe, Pipeline, Recipe};
use smallbatch_train::{Budget, Silent, Trainer};

use super::readers;

/// The crates of this repository: this is part of two of them.
fn crates() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut above = here.ancestors();
    let root = above.find(|folder| folder.join("fuzz/src/seeds.rs").is_file());
    root.expect("the repository").join("crates")
}

/// A file of this repository.
fn kept(path: &str) -> Vec<u8> {
    let path = crates().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder of this repository with that ending, but for those of these names.
fn folder(path: &str, ending: &str, without: &[&str]) -> Vec<Vec<u8>> {
    let path = crates().join(path);
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files.retain(|file| {
        !without
            .iter()
            .any(|name| file.file_stem().is_some_and(|found| found == *name))
    });
    files
        .iter()
        .map(|file| fs::read(file).expect("a file"))
        .collect()
}

/// Files of tables that are sound, and of a kind that is not read.
const NOT_READ: [&str; 3] = ["empty", "nested", "zstd"];

/// The files that a target begins with.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "parquet" => folder("data/tests/parquet", "parquet", &[]),
        "arrow" => folder("data/tests/arrow", "arrow", &[]),
        _ => valid(target),
    }
}

/// Those of them that the reader takes.
pub fn valid(target: &str) -> Vec<Vec<u8>> {
    match target {
        "csv" => {
            let mut seeds = folder("data/tests/cases", "csv", &[]);
            seeds.push(b"sep=;\r\nt;y\r\n\"a \"\"b\"\"\";1,5\r\nc;2,5\r\n\"d\ne\";3\r\n".to_vec());
            seeds.push(
                "\u{feff}x\ty\n1\tja\n2\tnein\n"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect(),
            );
            seeds.push(kept("data/data/population/iris.csv.gz"));
            seeds
        }
        "npy" => folder("data/tests/arrays", "npy", &[]),
        "npz" => vec![archive(&folder("data/tests/arrays", "npy", &[]))],
        "idx" => {
            let mut images = vec![0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 3];
            images.extend(0..30_u8);
            let mut numbers = vec![0, 0, 0x0d, 2, 0, 0, 0, 3, 0, 0, 0, 2];
            numbers.extend(
                [1.5_f32, -2.0, 0.25, 1e9, 0.0, 3.0]
                    .iter()
                    .flat_map(|x| x.to_be_bytes()),
            );
            vec![images, numbers]
        }
        "parquet" => folder("data/tests/parquet", "parquet", &NOT_READ),
        "arrow" => folder("data/tests/arrow", "arrow", &NOT_READ),
        "schema" => schemas(),
        "model" => models(),
        "checkpoint" => checkpoints(),
        "experiment" => vec![kept("lab/design/lesson.toml")],
        "results" => {
            let old = kept("report/src/results/results-2.json");
            let sealed = smallbatch_files::seal_json(&String::from_utf8_lossy(&old));
            vec![old, sealed.into_bytes()]
        }
        "cache" => vec![fs::read(&readers::shelf().1).expect("a shelf")],
        "import" => folder("mlp/tests/imported", "safetensors", &[]),
        other => panic!("there is no target {other}"),
    }
}

/// A stored archive of these arrays; the checksums of zip are those of its own.
fn archive(arrays: &[Vec<u8>]) -> Vec<u8> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (at, array) in arrays.iter().enumerate() {
        let name = format!("{}.npy", (b'a' + at as u8) as char);
        let mut entry = Vec::new();
        entry.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        entry.extend(crc(array).to_le_bytes());
        entry.extend((array.len() as u32).to_le_bytes());
        entry.extend((array.len() as u32).to_le_bytes());
        entry.extend((name.len() as u16).to_le_bytes());
        entry.extend([0, 0]);
        let offset = bytes.len() as u32;
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&entry);
        bytes.extend(name.as_bytes());
        bytes.extend(array);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&entry);
        central.extend([0; 10]);
        central.extend(offset.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let start = bytes.len() as u32;
    bytes.extend(&central);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend((arrays.len() as u16).to_le_bytes());
    bytes.extend((arrays.len() as u16).to_le_bytes());
    bytes.extend((central.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32| {
        if sum & 1 == 1 {
            (sum >> 1) ^ 0xedb8_8320
        } else {
            sum >> 1
        }
    };
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| step(sum))
    })
}

/// Numbers with missing cells, a category, a date; the target is a number or a class.
fn table(classes: bool) -> Table {
    let mut text = "size,town,day,y\n".to_owned();
    for at in 0..60_u32 {
        let size = if at % 9 == 4 {
            String::new()
        } else {
            format!("{}", 20 + (at * 37) % 61)
        };
        let town = ["Bonn", "Ulm", "Oslo"][at as usize % 3];
        let y = 3 * ((at * 37) % 61) + at % 3;
        let y = if classes {
            ["low", "high"][usize::from(y > 90)].to_owned()
        } else {
            y.to_string()
        };
        text += &format!(
            "{size},{town},2024-{:02}-{:02},{y}\n",
            1 + at % 12,
            1 + at % 28
        );
    }
    Table::read(text.as_bytes()).expect("a table")
}

fn schemas() -> Vec<Vec<u8>> {
    let whole = "target = \"price\"\ntask = \"numbers\"\ngroups = \"street\"\nweights = \"rooms\"\ntime = \"sold\"\nignore = [\"note\"]\n\
                 missing = [\"unknown\"]\nmissing-markers = true\nleave-out-text = false\nday-first = true\n[columns]\nsize = \"category\"\n";
    let read_off = TableReader::new()
        .schema(&table(false))
        .expect("a schema")
        .to_toml();
    vec![whole.into(), read_off.into_bytes()]
}

fn models() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("model.safetensors");
    let network = Recipe::Network(NetworkRecipe {
        hidden: vec![3],
        epochs: 2,
        ..NetworkRecipe::default()
    });
    let line = Recipe::Line(Line::default());
    let mut seeds = vec![kept("pipeline/tests/models/model-2.json")];
    for (classes, recipe) in [
        (false, &line),
        (true, &line),
        (false, &network),
        (true, &network),
    ] {
        let model = Pipeline::fit(&table(classes), &TableReader::new(), recipe, 0);
        model.expect("a model").save(&file).expect("a file");
        seeds.push(fs::read(&file).expect("a file"));
    }
    seeds
}

fn checkpoints() -> Vec<Vec<u8>> {
    let training = readers::training();
    let trainer = Trainer::new(MlpSpec::new([1, 4, 2]))
        .batch_size(BatchSize::Mini(2))
        .budget(Budget::Epochs(10));
    let mut session = trainer.start(&training, None).expect("a training");
    let _ = session.advance(&mut Silent).expect("an epoch");
    vec![
        session.checkpoint().to_bytes().expect("bytes"),
        kept("train/tests/saved/format-5.checkpoint"),
    ]
}
