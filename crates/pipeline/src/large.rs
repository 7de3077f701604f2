//! Tables that are not held in memory: encoded into a file, and trained on from there.

mod hold_out;

use std::path::{Path, PathBuf};

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_data::{
    Dataset, Frame, RowFile, RowFileWriter, Table, TableChunks, TableReader, TableSchema, Target,
    sample_path,
};
use smallbatch_preprocess::{FitData, FittedScaler, Scaler};

use crate::Output;
use crate::course::CourseLook;
use crate::encoder::Encoder;
use crate::fold::{Fold, Part};
use crate::member::narrowed;

use crate::output::{FitOutput as _, check_unit};
use crate::recipe::{NetworkRecipe, Recipe};
use crate::saving::{Identity, Keeper, NEVER, Saving};
use crate::{Conformal, Error, Pipeline, Scores};
use hold_out::HoldOut;

/// Rows that are read and encoded at once.
const ROWS_AT_ONCE: usize = 10_000;

/// What a training may hold in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// A table of more rows is trained on from a file. Of these rows, drawn at random, also what fills missing cells, the encoding of
    /// categories and the scaling are learned then.
    pub rows: usize,
    /// Bytes of encoded rows that are shuffled at a time.
    pub bytes: usize,
    /// Where the file with the encoded rows is. It has no name, and is gone afterwards.
    pub folder: PathBuf,
}

impl Default for Memory {
    /// 100,000 rows, 256 MiB, and the system's folder for temporary files.
    fn default() -> Self {
        Self {
            rows: 100_000,
            bytes: 256 << 20,
            folder: std::env::temp_dir(),
        }
    }
}

impl Memory {
    /// Checks that something may be held.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<(), Error> {
        for (setting, value) in [("memory.rows", self.rows), ("memory.bytes", self.bytes)] {
            if value == 0 {
                return Err(Error::Setting {
                    setting,
                    value: value.to_string(),
                    expected: "at least 1",
                });
            }
        }
        Ok(())
    }
}

impl Pipeline {
    /// Trains by a recipe on the table in a file, of any size, in bounded memory.
    ///
    /// A table of up to `memory.rows` rows is trained on as by [`fit`](Self::fit). Of a larger one there is one network. It is trained on all
    /// rows but some, at most 50,000 or a fifth, by which it is judged and its length is chosen; rows of one group, or with equal features,
    /// are on one side, and with times the latest rows are held out. The rows are encoded once, into a file, of which as many are
    /// shuffled at a time as `memory.bytes` hold.
    ///
    /// A straight line is fitted to `memory.rows` rows. Standard input is read whole, whatever its size.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); and [`Error::Data`] where no file can be written.
    pub fn fit_path(
        path: impl AsRef<Path>,
        reader: &TableReader,
        recipe: &Recipe,
        seed: u64,
        memory: &Memory,
    ) -> Result<Self, Error> {
        Self::fit_path_as(path.as_ref(), reader, recipe, seed, memory, None)
    }

    /// The same, and what the training came to is saved now and then: killed at any moment, the same call goes on from there (where `saving`
    /// says so), and the model is that of a training that was never stopped, to the bit. Of a straight line only whole folds are saved.
    ///
    /// Once the model is saved, [`Saving::clear`] removes the rest.
    ///
    /// ```
    /// use std::sync::atomic::AtomicBool;
    /// use std::time::Duration;
    /// use smallbatch_data::TableReader;
    /// use smallbatch_pipeline::{Memory, Pipeline, Recipe, Saving};
    ///
    /// # let scratch = tempfile::tempdir()?;
    /// # let file = scratch.path().join("houses.csv");
    /// # let rows: String = (0..60).map(|i| format!("{},{}\n", i * 7 % 60, i * 21 % 180)).collect();
    /// # std::fs::write(&file, format!("size,price\n{rows}"))?;
    /// let stop = AtomicBool::new(false); // set by a handler of signals, say
    /// let saving = Saving { folder: scratch.path().join("unfinished"), every: Duration::from_secs(30), resume: true, stop: &stop };
    /// let recipe: Recipe = serde_json::from_str(r#"{"network": {"hidden": [8], "epochs": 5}}"#)?;
    /// let model = Pipeline::fit_path_saved(&file, &TableReader::new(), &recipe, 0, &Memory::default(), &saving)?;
    /// model.save(scratch.path().join("model.safetensors"))?;
    /// saving.clear()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`fit_path`](Self::fit_path); [`Error::Interrupted`] where somebody asked to stop; [`Error::OtherTraining`] and
    /// [`Error::NoTraining`] for what cannot be gone on with; [`Error::File`] where the folder cannot be written to.
    pub fn fit_path_saved(
        path: impl AsRef<Path>,
        reader: &TableReader,
        recipe: &Recipe,
        seed: u64,
        memory: &Memory,
        saving: &Saving<'_>,
    ) -> Result<Self, Error> {
        Self::fit_path_as(path.as_ref(), reader, recipe, seed, memory, Some(saving))
    }

    fn fit_path_as(
        path: &Path,
        reader: &TableReader,
        recipe: &Recipe,
        seed: u64,
        memory: &Memory,
        saving: Option<&Saving<'_>>,
    ) -> Result<Self, Error> {
        recipe.validate()?;
        memory.validate()?;
        if path == Path::new("-") {
            let table = Table::read_path(path)?;
            return Self::fit_as_read(reader.schema(&table)?, &table, recipe, seed, saving);
        }
        let (schema, table, n_rows) = sample_path(path, reader, memory.rows, seed)?;
        match recipe {
            Recipe::Network(network) if n_rows > table.n_rows() as u64 => {
                let frame = schema.labelled_frame(&table)?.frame;
                let hold_out = HoldOut::new(&schema, &frame, n_rows, seed)?;
                let held = hold_out.held(&frame, schema.group_keys(&table).as_deref());
                let rows: Vec<usize> = (0..frame.n_rows()).filter(|&row| !held[row]).collect();
                let large = Large {
                    path,
                    schema: &schema,
                    hold_out,
                    sample: frame.select(&rows),
                    memory,
                    saving,
                };
                drop((table, frame));
                large.fit(network, recipe, seed)
            }
            _ => Self::fit_as_read(schema, &table, recipe, seed, saving),
        }
    }
}

/// A table in a file, with some of its training rows in memory.
struct Large<'a> {
    path: &'a Path,
    schema: &'a TableSchema,
    hold_out: HoldOut,
    sample: Frame,
    memory: &'a Memory,
    saving: Option<&'a Saving<'a>>,
}

/// What rows become before a network reads them.
struct Encoding {
    encoder: Encoder,
    scaler: FittedScaler,
    output: Output,
}

impl Large<'_> {
    fn fit(self, network: &NetworkRecipe, recipe: &Recipe, seed: u64) -> Result<Pipeline, Error> {
        let (encoder, features) = Encoder::fit_as(&self.sample, recipe.levels())?;
        let data = FitData::new(&features).names(encoder.feature_names());
        let data = match &self.sample.weights {
            Some(weights) => data.weights(weights),
            None => data,
        };
        let scaler = recipe.scaler().fit(&data)?;
        let training = Part {
            features,
            target: target_of(&self.sample)?,
            weights: self.sample.weights.clone(),
        };
        let output =
            |logarithm| Output::fit(&training.target, training.weights.as_deref(), logarithm);
        let mut encoding = Encoding {
            encoder,
            scaler,
            output: output(recipe.logarithm()),
        };
        let (rows, held_out) = match self.encode(&encoding) {
            // The sample's targets are positive, and another row's is not.
            Err(Error::Data(smallbatch_data::Error::NonFiniteTarget { .. })) => {
                encoding.output = output(false);
                self.encode(&encoding)?
            }
            encoded => encoded?,
        };
        let Encoding {
            encoder,
            scaler,
            output,
        } = encoding;
        let mut keeper = match self.saving {
            None => Keeper::none(&NEVER),
            Some(saving) => {
                let held = held_out.features.iter().map(|value| value.to_bits());
                let hash = held.fold(rows.hash(), |hash, bits| hash.rotate_left(1) ^ bits);
                Keeper::new(saving, Identity::new(self.schema, hash, recipe, seed)?)?
            }
        };
        check_unit(&training.target)?;
        let fold = Fold::of(encoder, training, held_out);
        let course = fold.train_on_file(network, scaler, output, &rows, seed, &mut keeper)?;
        let broken = |why: &str| Error::Broken {
            what: recipe.to_string(),
            why: why.into(),
        };
        if course.diverged {
            return Err(broken("the training diverged"));
        }
        let best = (0..course.looks.len()).min_by(|&a, &b| {
            let loss = |at: usize| course.looks.get(at).map_or(f64::INFINITY, CourseLook::loss);
            loss(a).total_cmp(&loss(b))
        });
        let (Some(best), Some(member)) = (best, best.and_then(|best| course.member(best))) else {
            return Err(broken("no training came to its first look"));
        };
        let predictions = fold.predictions(recipe.levels(), &course, best)?;
        if predictions.iter().any(|value| !value.is_finite()) {
            return Err(broken("some predictions are not finite"));
        }
        let target = fold.held_out();
        let errors = |values: &DMatrix<f64>| {
            values
                .iter()
                .zip(&predictions)
                .map(|(y, p)| y - p)
                .collect()
        };
        Ok(Pipeline {
            schema: self.schema.clone(),
            members: vec![member],
            recipe: recipe.clone(),
            held_out: Scores::new(&predictions, target)?,
            conformal: target
                .as_values()
                .map(|values| Conformal::new(errors(values))),
            data: self.sample.name.clone(),
            rows: rows.n_samples() + target.n_samples(),
            advice: String::new(),
        })
    }

    /// Encodes all rows: those to train on into a file, those held out into memory.
    fn encode(&self, encoding: &Encoding) -> Result<(RowFile<f32>, Part), Error> {
        let mut writer = RowFileWriter::new(&self.memory.folder)?;
        let mut held_out: Option<Part> = None;
        for piece in TableChunks::open(self.path, ROWS_AT_ONCE)? {
            let piece = piece?;
            let frame = match self.schema.labelled_frame(&piece) {
                Ok(framed) => framed.frame,
                // None of these rows has one.
                Err(smallbatch_data::Error::MissingTarget { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let keys = self.schema.group_keys(&piece);
            let held = self.hold_out.held(&frame, keys.as_deref());
            let weighs = |row: usize| {
                frame
                    .weights
                    .as_ref()
                    .is_none_or(|weights| weights[row] > 0.0)
            };
            let (apart, training): (Vec<usize>, Vec<usize>) = (0..frame.n_rows())
                .filter(|&row| weighs(row))
                .partition(|&row| held[row]);
            if !training.is_empty() {
                writer.push(&encoding.rows(&frame.select(&training))?)?;
            }
            if !apart.is_empty() {
                let frame = frame.select(&apart);
                let part = Part {
                    features: encoding.encoder.encode(&frame)?,
                    target: target_of(&frame)?,
                    weights: None,
                };
                held_out = Some(match held_out {
                    Some(before) => joined(before, part),
                    None => part,
                });
            }
        }
        let held_out = held_out.ok_or(Error::FewRows { rows: 0, needed: 1 })?;
        // Features, a label or a number, and a weight, of four bytes each.
        let row_bytes = 4 * (held_out.features.nrows() + 2);
        Ok((writer.finish(self.memory.bytes / row_bytes)?, held_out))
    }
}

impl Encoding {
    /// Rows as the network reads them.
    fn rows(&self, frame: &Frame) -> Result<Dataset<f32>, Error> {
        let features = self.scaler.transform(&self.encoder.encode(frame)?)?;
        let target = match self.output.encode(&target_of(frame)?) {
            Target::Values { values, names } => Target::Values {
                values: narrowed(&values),
                names,
            },
            Target::Classes { labels, names } => Target::Classes { labels, names },
            _ => return Err(no_target()),
        };
        let rows = Dataset::new(narrowed(&features), target)?
            .with_feature_names(self.encoder.feature_names().to_vec())?;
        Ok(match &frame.weights {
            #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
            Some(weights) => rows.with_weights(weights.iter().map(|&w| w as f32).collect())?,
            None => rows,
        })
    }
}

/// Rows after others of the same kind.
fn joined(before: Part, part: Part) -> Part {
    let beside = |a: &DMatrix<f64>, b: &DMatrix<f64>| {
        let columns = a.as_slice().iter().chain(b.as_slice()).copied();
        DMatrix::from_iterator(a.nrows(), a.ncols() + b.ncols(), columns)
    };
    let target = match (before.target, part.target) {
        (Target::Values { values, names }, Target::Values { values: more, .. }) => Target::Values {
            values: beside(&values, &more),
            names,
        },
        (Target::Classes { mut labels, names }, Target::Classes { labels: more, .. }) => {
            labels.extend(more);
            Target::Classes { labels, names }
        }
        // One schema has one kind of target.
        (target, _) => target,
    };
    Part {
        features: beside(&before.features, &part.features),
        target,
        weights: None,
    }
}

fn target_of(frame: &Frame) -> Result<Target<f64>, Error> {
    frame.target.clone().ok_or_else(no_target)
}

fn no_target() -> Error {
    Error::NoTarget {
        column: "of the target".into(),
        doing: "train",
    }
}
