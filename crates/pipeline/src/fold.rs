//! One training on some rows, looked at on others.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use nalgebra::DMatrix;
use smallbatch_data::{Dataset, Frame, RowFile, Target};
use smallbatch_mlp::{Mlp, MlpSpec, Parameters};
use smallbatch_preprocess::{AnyScaler, FitData, FittedScaler, Scaler, StandardScaler};
use smallbatch_train::{Observer, Record, Trainer, TrainingRows, Update};

use crate::Error;
use crate::Output;
use crate::course::{Course, CourseLook, KeptCourse};
use crate::encoder::{Encoder, has_many_levels};
use crate::line;
use crate::member::{row_losses, run};

use crate::output::{FitOutput as _, check_unit};
use crate::recipe::{Levels, NetworkRecipe, Recipe};
use crate::saving::Keeper;

/// Looks in a row without a lower loss, after which a training is not continued.
const PATIENCE: usize = 5;
/// So many training rows tell what a logarithm's predictions are to be multiplied by.
const SMEAR_ROWS: usize = 1_000;

/// Rows to train on, encoded, with rows that are held out: by what was fitted to the former.
#[derive(Clone, Debug)]
pub struct Fold {
    /// With means of columns of many categories.
    means: Encoded,
    /// With a feature for each category; where none has many that is the same, and not kept twice.
    all: Option<Encoded>,
    /// Of the rows to train on.
    target: Target<f64>,
    weights: Option<Vec<f64>>,
    /// Of the rows held out.
    held_out: Target<f64>,
}

/// Encoded rows.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) features: DMatrix<f64>,
    pub(crate) target: Target<f64>,
    pub(crate) weights: Option<Vec<f64>>,
}

/// Rows as features, by what was fitted to those to train on.
#[derive(Clone, Debug)]
struct Encoded {
    encoder: Arc<Encoder>,
    training: DMatrix<f64>,
    held_out: DMatrix<f64>,
    /// What standardizes them, which most recipes ask for.
    standard: OnceLock<FittedScaler>,
}

impl Encoded {
    fn new(training: &Frame, held_out: &Frame, levels: Levels) -> Result<Self, Error> {
        let (encoder, training) = Encoder::fit_as(training, levels)?;
        let held_out = encoder.encode(held_out)?;
        Ok(Self {
            encoder: Arc::new(encoder),
            training,
            held_out,
            standard: OnceLock::new(),
        })
    }
}

/// What a training is looked at by: scaled rows, and how outputs are read.
struct Looked {
    /// The first of the training rows.
    first: DMatrix<f64>,
    held_out: DMatrix<f64>,
    output: Output,
}

impl Fold {
    /// Encodes rows to train on and rows held out.
    ///
    /// # Errors
    /// [`Error::NoTarget`]; [`Error::NothingToLearnFrom`] where no feature varies in the training rows; [`Error::TargetUnit`].
    pub fn new(frame: &Frame, training: &[usize], held_out: &[usize]) -> Result<Self, Error> {
        let target = |frame: &Frame| {
            frame.target.clone().ok_or_else(|| Error::NoTarget {
                column: "the target".into(),
                doing: "train",
            })
        };
        let (training, held_out) = (frame.select(training), frame.select(held_out));
        let learned = target(&training)?;
        check_unit(&learned)?;
        let many = has_many_levels(&training);
        let all = many.then(|| Encoded::new(&training, &held_out, Levels::All));
        Ok(Self {
            means: Encoded::new(&training, &held_out, Levels::Means)?,
            all: all.transpose()?,
            target: learned,
            held_out: target(&held_out)?,
            weights: training.weights,
        })
    }

    /// Rows that were encoded elsewhere.
    pub(crate) fn of(encoder: Encoder, training: Part, held_out: Part) -> Self {
        Self {
            means: Encoded {
                encoder: Arc::new(encoder),
                training: training.features,
                held_out: held_out.features,
                standard: OnceLock::new(),
            },
            all: None,
            target: training.target,
            weights: training.weights,
            held_out: held_out.target,
        }
    }

    fn encoded(&self, levels: Levels) -> &Encoded {
        match (levels, &self.all) {
            (Levels::All, Some(all)) => all,
            _ => &self.means,
        }
    }

    /// Rows to train on.
    pub fn n_training(&self) -> usize {
        self.means.training.ncols()
    }

    /// Features that the columns make in one way or another.
    pub fn n_features(&self, levels: Levels) -> usize {
        self.encoded(levels).training.nrows()
    }

    /// Whether a column has so many categories that [`Levels`] matters.
    pub fn has_many_levels(&self) -> bool {
        self.all.is_some()
    }

    /// The mean of ‖x‖², by which a learning rate for raw inputs is guessed.
    pub fn mean_square(&self) -> f64 {
        let sum: f64 = self.means.training.iter().map(|x| x * x).sum();
        sum / self.n_training() as f64
    }

    /// The target of the rows held out.
    pub fn held_out(&self) -> &Target<f64> {
        &self.held_out
    }

    /// The loss of each row held out, of what is said without looking at features: the training rows' mean, or their shares of
    /// classes (of one row more, spread over all classes).
    pub fn constant_losses(&self) -> Vec<f64> {
        let weight = |at: usize| self.weights.as_ref().map_or(1.0, |weights| weights[at]);
        let n = self.means.held_out.ncols();
        let prediction = match &self.target {
            Target::Classes { labels, names } => {
                let mut shares = vec![1.0 / names.len() as f64; names.len()];
                for (at, &label) in labels.iter().enumerate() {
                    shares[label as usize] += weight(at);
                }
                let total: f64 = shares.iter().sum();
                shares.iter().map(|share| share / total).collect()
            }
            Target::Values { values, .. } => {
                let total: f64 = (0..values.ncols()).map(weight).sum();
                let sum: f64 = values
                    .iter()
                    .enumerate()
                    .map(|(at, y)| weight(at) * y)
                    .sum();
                vec![sum / total]
            }
            _ => Vec::new(),
        };
        let predictions = DMatrix::from_fn(prediction.len(), n, |output, _| prediction[output]);
        row_losses(&predictions, &self.held_out)
    }

    /// Trains by a recipe. Divergence is an outcome and no error.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when `stop` was set; what a recipe or rows make impossible.
    pub fn train(&self, recipe: &Recipe, seed: u64, stop: &AtomicBool) -> Result<Course, Error> {
        self.train_kept(recipe, seed, &mut Keeper::none(stop))
    }

    /// The same, going on from what was kept of it.
    pub(crate) fn train_kept(
        &self,
        recipe: &Recipe,
        seed: u64,
        keeper: &mut Keeper<'_>,
    ) -> Result<Course, Error> {
        if let Some(finished) = keeper.take_finished() {
            return self.recall(recipe, finished);
        }
        recipe.validate()?;
        let features = self.encoded(recipe.levels());
        let (target, weights) = (&self.target, self.weights.as_deref());
        let output = Output::fit(target, weights, recipe.logarithm());
        let mut course = Course {
            encoder: Arc::clone(&features.encoder),
            looks: Vec::new(),
            diverged: false,
            scaler: self.scaler(recipe)?,
        };
        let training = course.scaler.transform(&features.training)?;
        let looked = Looked {
            first: training
                .columns(0, training.ncols().min(SMEAR_ROWS))
                .into_owned(),
            held_out: course.scaler.transform(&features.held_out)?,
            output,
        };
        let encoded = output.encode(target);
        match recipe {
            Recipe::Line(line) => {
                let network = line::fit(&training, &encoded, weights, line, keeper.stop)?;
                self.look(&mut course, &looked, network, 0.0, f64::NAN)?;
            }
            Recipe::Network(network) => {
                let dataset = Dataset::new(training, encoded)?;
                let dataset = match weights {
                    Some(weights) => dataset.with_weights(weights.to_vec())?,
                    None => dataset,
                };
                match dataset.cast::<f32>() {
                    Ok(dataset) => {
                        let trainer = self.trainer(network, dataset.n_samples(), seed);
                        self.descend(&mut course, &looked, &trainer, &dataset, keeper)?;
                    }
                    // Raw numbers that the network's type cannot hold: what would be trained on them is of no use.
                    Err(smallbatch_data::Error::Narrowing { .. }) => course.diverged = true,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        keeper.finish(&course)?;
        Ok(course)
    }

    /// What scales the features, fitted to the rows to train on.
    fn scaler(&self, recipe: &Recipe) -> Result<FittedScaler, Error> {
        let encoded = self.encoded(recipe.levels());
        let is_standard = recipe.scaler() == AnyScaler::from(StandardScaler::default());
        if let Some(scaler) = encoded.standard.get().filter(|_| is_standard) {
            return Ok(scaler.clone());
        }
        let names = encoded.encoder.feature_names();
        let data = FitData::new(&encoded.training).names(names);
        let data = match &self.weights {
            Some(weights) => data.weights(weights),
            None => data,
        };
        let scaler = recipe.scaler().fit(&data)?;
        if is_standard {
            // That of another thread is the same.
            let _ = encoded.standard.set(scaler.clone());
        }
        Ok(scaler)
    }

    fn trainer(&self, recipe: &NetworkRecipe, n_samples: usize, seed: u64) -> Trainer {
        let spec = recipe.spec(self.n_features(recipe.levels), &self.target);
        recipe.trainer(spec, n_samples, seed)
    }

    /// Trains a network on rows in a file, scaled and with their targets as `output` says. The fold's own training rows are some of
    /// them.
    pub(crate) fn train_on_file(
        &self,
        recipe: &NetworkRecipe,
        scaler: FittedScaler,
        output: Output,
        rows: &RowFile<f32>,
        seed: u64,
        keeper: &mut Keeper<'_>,
    ) -> Result<Course, Error> {
        let features = self.encoded(recipe.levels);
        let trainer = self.trainer(recipe, rows.n_samples(), seed);
        if let Some(finished) = keeper.take_finished() {
            let encoder = Arc::clone(&features.encoder);
            return finished.recalled(encoder, scaler, network_of(&trainer.model));
        }
        let looked = self.looked(features, &scaler, output)?;
        let mut course = Course {
            encoder: Arc::clone(&features.encoder),
            looks: Vec::new(),
            diverged: false,
            scaler,
        };
        self.descend(&mut course, &looked, &trainer, rows, keeper)?;
        keeper.finish(&course)?;
        Ok(course)
    }

    fn looked(
        &self,
        features: &Encoded,
        scaler: &FittedScaler,
        output: Output,
    ) -> Result<Looked, Error> {
        let n_first = self.n_training().min(SMEAR_ROWS);
        let first = features.training.columns(0, n_first).into_owned();
        Ok(Looked {
            first: scaler.transform(&first)?,
            held_out: scaler.transform(&features.held_out)?,
            output,
        })
    }

    /// What a look's network predicts for the rows held out.
    pub(crate) fn predictions(
        &self,
        levels: Levels,
        course: &Course,
        look: usize,
    ) -> Result<DMatrix<f64>, Error> {
        let features = &self.encoded(levels).held_out;
        let features = course.scaler.transform(features)?;
        match course.looks.get(look) {
            Some(look) => run(&look.network, &features, look.output),
            None => Ok(DMatrix::zeros(0, 0)),
        }
    }

    /// Trains, and looks now and then.
    fn descend<'a>(
        &self,
        course: &mut Course,
        looked: &Looked,
        trainer: &Trainer,
        rows: impl Into<TrainingRows<'a, f32>>,
        keeper: &mut Keeper<'_>,
    ) -> Result<(), Error> {
        let mut session = match keeper.take_running() {
            None => trainer.start(rows, None)?,
            Some((_, checkpoint)) if checkpoint.trainer() != trainer => {
                return Err(keeper.other("the recipe"));
            }
            Some((looks, checkpoint)) => {
                let encoder = Arc::clone(&course.encoder);
                let network = network_of(&trainer.model);
                *course = looks.recalled(encoder, course.scaler.clone(), network)?;
                Trainer::resume(checkpoint, rows, None)?
            }
        };
        let mut pace = keeper.pace();
        let mut lowest = Lowest::of(course);
        let mut outcome = None;
        loop {
            // Before it goes on: a training that was saved at an evaluation was not looked at there.
            let last = session.history().last();
            let (epoch, loss) =
                last.map_or((0.0, f64::NAN), |last| (last.epoch, last.training_loss));
            if epoch > 0.0 && course.looks.last().is_none_or(|look| look.epoch < epoch) {
                let network = session.model().clone();
                self.look(course, looked, network, epoch, loss)?;
                let loss = course.looks.last().map_or(f64::INFINITY, CourseLook::loss);
                if !loss.is_finite() {
                    course.looks.pop();
                    course.diverged = true;
                    return Ok(());
                }
                lowest.observe(loss);
            }
            if outcome.is_some() || lowest.since >= PATIENCE {
                return Ok(());
            }
            let mut stop = StopWhen(keeper.stop);
            let advanced =
                session.advance_saved(&mut stop, &mut pace, |session| keeper.save(course, session));
            outcome = match advanced {
                Ok(outcome) => outcome,
                Err(Error::Training(smallbatch_train::Error::Diverged(_))) => {
                    course.diverged = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if keeper.stop.load(Ordering::Relaxed) {
                keeper.save(course, &session)?;
                return Err(Error::Interrupted);
            }
        }
    }

    /// Looks at a network: what is the loss of each row held out?
    fn look(
        &self,
        course: &mut Course,
        looked: &Looked,
        network: Mlp<f32>,
        epoch: f64,
        training_loss: f64,
    ) -> Result<(), Error> {
        let mut output = looked.output;
        if matches!(output, Output::Logarithm { .. }) {
            let predictions = run(&network, &looked.first, output)?;
            let first: Vec<usize> = (0..looked.first.ncols()).collect();
            output = output.smeared(&predictions, &select(&self.target, &first));
        }
        let predictions = run(&network, &looked.held_out, output)?;
        course.looks.push(CourseLook {
            epoch,
            losses: row_losses(&predictions, &self.held_out),
            training_loss,
            network,
            output,
        });
        Ok(())
    }
}

/// The lowest loss of the looks so far, and how many there were since.
#[derive(Clone, Copy)]
struct Lowest {
    loss: f64,
    since: usize,
}

impl Lowest {
    fn of(course: &Course) -> Self {
        let mut lowest = Self {
            loss: f64::INFINITY,
            since: 0,
        };
        course
            .looks
            .iter()
            .for_each(|look| lowest.observe(look.loss()));
        lowest
    }

    fn observe(&mut self, loss: f64) {
        self.since = if loss < self.loss { 0 } else { self.since + 1 };
        self.loss = self.loss.min(loss);
    }
}

/// Makes networks of this kind from their parameters.
fn network_of(spec: &MlpSpec) -> impl Fn(Vec<f32>) -> Result<Mlp<f32>, Error> {
    move |parameters| {
        let parameters = Parameters::from_vec(spec.layer_sizes(), parameters)?;
        Ok(Mlp::from_parameters(spec.clone(), parameters)?)
    }
}

/// Some rows of a target.
fn select(target: &Target<f64>, rows: &[usize]) -> Target<f64> {
    match target {
        Target::Values { values, names } => Target::Values {
            values: values.select_columns(rows),
            names: names.clone(),
        },
        other => other.clone(),
    }
}

impl Fold {
    /// The training by a recipe on this fold of which this was kept: the same bits as when it was made.
    ///
    /// # Errors
    /// [`Error::Scaling`] and [`Error::Network`] where it was kept of another recipe or fold.
    pub fn recall(&self, recipe: &Recipe, kept: KeptCourse) -> Result<Course, Error> {
        let encoded = self.encoded(recipe.levels());
        let spec = recipe.spec(encoded.training.nrows(), &self.target);
        let (encoder, scaler) = (Arc::clone(&encoded.encoder), self.scaler(recipe)?);
        kept.recalled(encoder, scaler, network_of(&spec))
    }
}

/// Ends a training when the flag is set.
struct StopWhen<'a>(&'a AtomicBool);

impl StopWhen<'_> {
    fn flow(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Observer for StopWhen<'_> {
    fn on_update(&mut self, _update: &Update) -> ControlFlow<()> {
        self.flow()
    }

    fn on_evaluation(&mut self, _record: &Record) -> ControlFlow<()> {
        self.flow()
    }
}
