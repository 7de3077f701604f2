//! One training on some rows, looked at on others.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_data::{Dataset, Frame, RowFile, Target};
use smallbatch_mlp::{Mlp, Parameters};
use smallbatch_preprocess::{FitData, FittedScaler, Scaler};
use smallbatch_train::{Observer, Record, Trainer, TrainingRows, Update};

use crate::Error;
use crate::encoder::Encoder;
use crate::line;
use crate::member::{Member, row_losses};
use crate::output::Output;
use crate::recipe::{Network, Recipe};

/// Looks in a row without a lower loss, after which a training is not continued.
const PATIENCE: usize = 5;
/// So many training rows tell what a logarithm's predictions are to be multiplied by.
const SMEAR_ROWS: usize = 1_000;

/// A larger input counts as this: on its way through the layers a number may grow by a factor of 10²⁰ before single precision overflows,
/// and infinite minus infinite is no prediction.
const MOST: f64 = 1e18;

/// Rows to train on, encoded, with rows that are held out: by what was fitted to the former.
#[derive(Clone, Debug)]
pub struct Fold {
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) training: Part,
    pub(crate) held_out: Part,
}

/// Encoded rows.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) features: DMatrix<f64>,
    pub(crate) target: Target<f64>,
    pub(crate) weights: Option<Vec<f64>>,
}

/// What a training is looked at by: scaled rows, and how outputs are read.
struct Looked {
    /// The first of the training rows.
    first: DMatrix<f64>,
    held_out: DMatrix<f64>,
    output: Output,
}

/// A training, with what it was at each look.
#[derive(Clone, Debug)]
pub struct Course {
    encoder: Arc<Encoder>,
    scaler: FittedScaler,
    /// What it was, look after look; the last is its end, unless it diverged or no longer improved.
    pub looks: Vec<Look>,
    /// Whether it ended with numbers that are not finite.
    pub diverged: bool,
}

/// A training after some epochs.
#[derive(Clone, Debug)]
pub struct Look {
    /// How many.
    pub epoch: f64,
    /// The loss of each row that is held out: log loss, or the squared error in the target's unit.
    pub losses: Vec<f64>,
    /// The mean loss of the batches since the look before, by the network's own measure.
    pub training_loss: f64,
    network: Mlp<f32>,
    output: Output,
}

impl Look {
    /// The mean loss of the rows held out.
    pub fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len().max(1) as f64
    }
}

impl Fold {
    /// Encodes rows to train on and rows held out.
    ///
    /// # Errors
    /// [`Error::NoTarget`]; [`Error::NothingToLearnFrom`] where no feature varies in the training rows.
    pub fn new(frame: &Frame, training: &[usize], held_out: &[usize]) -> Result<Self, Error> {
        let no_target = || Error::NoTarget {
            column: "the target".into(),
            doing: "train",
        };
        let part = |frame: &Frame, features| -> Result<Part, Error> {
            Ok(Part {
                features,
                target: frame.target.clone().ok_or_else(no_target)?,
                weights: frame.weights.clone(),
            })
        };
        let rows = frame.select(training);
        let (encoder, features) = Encoder::fit(&rows)?;
        let training = part(&rows, features)?;
        let rows = frame.select(held_out);
        let held_out = part(&rows, encoder.encode(&rows)?)?;
        Ok(Self {
            encoder: Arc::new(encoder),
            training,
            held_out,
        })
    }

    /// Rows to train on.
    pub fn n_training(&self) -> usize {
        self.training.features.ncols()
    }

    /// Features.
    pub fn n_features(&self) -> usize {
        self.training.features.nrows()
    }

    /// The mean of ‖x‖², by which a learning rate for raw inputs is guessed.
    pub fn mean_square(&self) -> f64 {
        let sum: f64 = self.training.features.iter().map(|x| x * x).sum();
        sum / self.n_training() as f64
    }

    /// The target of the rows held out.
    pub fn held_out(&self) -> &Target<f64> {
        &self.held_out.target
    }

    /// The loss of each row held out, of what is said without looking at features: the training rows' mean, or their shares of
    /// classes (of one row more, spread over all classes).
    pub fn constant_losses(&self) -> Vec<f64> {
        let weight = |at: usize| {
            self.training
                .weights
                .as_ref()
                .map_or(1.0, |weights| weights[at])
        };
        let n = self.held_out.features.ncols();
        let prediction = match &self.training.target {
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
        row_losses(&predictions, &self.held_out.target)
    }

    /// Trains by a recipe. Divergence is an outcome and no error.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when `stop` was set; what a recipe or rows make impossible.
    pub fn train(&self, recipe: &Recipe, seed: u64, stop: &AtomicBool) -> Result<Course, Error> {
        let names = self.encoder.feature_names();
        let data = FitData::new(&self.training.features).names(names);
        let scaler = recipe.scaler().fit(&data)?;
        let (target, weights) = (&self.training.target, self.training.weights.as_deref());
        let output = Output::fit(target, weights, recipe.logarithm());
        let mut course = Course {
            encoder: Arc::clone(&self.encoder),
            looks: Vec::new(),
            diverged: false,
            scaler,
        };
        let training = course.scaler.transform(&self.training.features)?;
        let looked = Looked {
            first: training
                .columns(0, training.ncols().min(SMEAR_ROWS))
                .into_owned(),
            held_out: course.scaler.transform(&self.held_out.features)?,
            output,
        };
        let encoded = output.encode(target);
        match recipe {
            Recipe::Line(line) => {
                let network = line::fit(&training, &encoded, weights, line.penalty, stop)?;
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
                        self.descend(&mut course, &looked, &trainer, &dataset, stop)?;
                    }
                    // Raw numbers that the network's type cannot hold: what would be trained on them is of no use.
                    Err(smallbatch_data::Error::Narrowing { .. }) => course.diverged = true,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(course)
    }

    fn trainer(&self, recipe: &Network, n_samples: usize, seed: u64) -> Trainer {
        let spec = recipe.spec(self.n_features(), &self.training.target);
        recipe.trainer(spec, n_samples, seed)
    }

    /// Trains a network on rows in a file, scaled and with their targets as `output` says. The fold's own training rows are some of
    /// them.
    pub(crate) fn train_on_file(
        &self,
        recipe: &Network,
        scaler: FittedScaler,
        output: Output,
        rows: &RowFile<f32>,
        seed: u64,
    ) -> Result<Course, Error> {
        let looked = self.looked(&scaler, output)?;
        let mut course = Course {
            encoder: Arc::clone(&self.encoder),
            looks: Vec::new(),
            diverged: false,
            scaler,
        };
        let trainer = self.trainer(recipe, rows.n_samples(), seed);
        let stop = AtomicBool::new(false);
        self.descend(&mut course, &looked, &trainer, rows, &stop)?;
        Ok(course)
    }

    fn looked(&self, scaler: &FittedScaler, output: Output) -> Result<Looked, Error> {
        let n_first = self.n_training().min(SMEAR_ROWS);
        let first = self.training.features.columns(0, n_first).into_owned();
        Ok(Looked {
            first: scaler.transform(&first)?,
            held_out: scaler.transform(&self.held_out.features)?,
            output,
        })
    }

    /// What a look's network predicts for the rows held out.
    pub(crate) fn predictions(&self, course: &Course, look: usize) -> Result<DMatrix<f64>, Error> {
        let features = course.scaler.transform(&self.held_out.features)?;
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
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        let mut session = trainer.start(rows, None)?;
        let (mut best, mut since) = (f64::INFINITY, 0);
        loop {
            let outcome = match session.advance(&mut StopWhen(stop)) {
                Ok(outcome) => outcome,
                Err(smallbatch_train::Error::Diverged(_)) => {
                    course.diverged = true;
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            };
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            let last = session.history().last();
            let (epoch, loss) =
                last.map_or((0.0, f64::NAN), |last| (last.epoch, last.training_loss));
            if epoch > 0.0 && course.looks.last().is_none_or(|look| look.epoch < epoch) {
                let network = session.model().clone();
                self.look(course, looked, network, epoch, loss)?;
                let loss = course.looks.last().map_or(f64::INFINITY, Look::loss);
                if !loss.is_finite() {
                    course.looks.pop();
                    course.diverged = true;
                    return Ok(());
                }
                since = if loss < best { 0 } else { since + 1 };
                best = best.min(loss);
            }
            if outcome.is_some() || since >= PATIENCE {
                return Ok(());
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
            output = output.smeared(&predictions, &select(&self.training.target, &first));
        }
        let predictions = run(&network, &looked.held_out, output)?;
        course.looks.push(Look {
            epoch,
            losses: row_losses(&predictions, &self.held_out.target),
            training_loss,
            network,
            output,
        });
        Ok(())
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

/// Scaled features as a network reads them.
pub(crate) fn narrowed(features: &DMatrix<f64>) -> DMatrix<f32> {
    #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
    features.map(|x| x.clamp(-MOST, MOST) as f32)
}

/// What a network predicts for scaled features.
pub(crate) fn run(
    network: &Mlp<f32>,
    features: &DMatrix<f64>,
    output: Output,
) -> Result<DMatrix<f64>, Error> {
    let narrowed = narrowed(features);
    let outputs = network.predict(narrowed.as_view())?;
    Ok(output.decode(outputs.map(f64::from)))
}

impl Course {
    /// What can be used of it: the network at a look, with all that stands before and after it.
    pub fn member(&self, look: usize) -> Option<Member> {
        let look = self.looks.get(look)?;
        Some(Member {
            encoder: (*self.encoder).clone(),
            scaler: self.scaler.clone(),
            network: look.network.clone(),
            output: look.output,
        })
    }
}

/// A [`Course`] without what its fold and recipe tell: to be kept, and brought back by [`Fold::recall`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCourse {
    looks: Vec<KeptLook>,
    diverged: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptLook {
    epoch: f64,
    losses: Vec<f64>,
    training_loss: f64,
    parameters: Vec<f32>,
    output: KeptOutput,
}

/// Mean and scale of an output, with smear and reach of a logarithm; of probabilities none.
type KeptOutput = Option<(f64, f64, Option<(f64, f64)>)>;

impl Course {
    /// What is to be kept of it.
    pub fn kept(&self) -> KeptCourse {
        let look = |look: &Look| KeptLook {
            epoch: look.epoch,
            losses: look.losses.clone(),
            training_loss: look.training_loss,
            parameters: look.network.parameters().as_slice().to_vec(),
            output: match look.output {
                Output::Probabilities => None,
                Output::Number { mean, scale } => Some((mean, scale, None)),
                Output::Logarithm {
                    mean,
                    scale,
                    smear,
                    reach,
                } => Some((mean, scale, Some((smear, reach)))),
            },
        };
        KeptCourse {
            looks: self.looks.iter().map(look).collect(),
            diverged: self.diverged,
        }
    }
}

impl Fold {
    /// The training by a recipe on this fold of which this was kept: the same bits as when it was made.
    ///
    /// # Errors
    /// [`Error::Scaling`] and [`Error::Network`] where it was kept of another recipe or fold.
    pub fn recall(&self, recipe: &Recipe, kept: KeptCourse) -> Result<Course, Error> {
        let names = self.encoder.feature_names();
        let data = FitData::new(&self.training.features).names(names);
        let spec = recipe.spec(self.n_features(), &self.training.target);
        let look = |kept: KeptLook| -> Result<Look, Error> {
            let parameters = Parameters::from_vec(spec.layer_sizes(), kept.parameters)?;
            Ok(Look {
                epoch: kept.epoch,
                losses: kept.losses,
                training_loss: kept.training_loss,
                network: Mlp::from_parameters(spec.clone(), parameters)?,
                output: match kept.output {
                    None => Output::Probabilities,
                    Some((mean, scale, None)) => Output::Number { mean, scale },
                    Some((mean, scale, Some((smear, reach)))) => Output::Logarithm {
                        mean,
                        scale,
                        smear,
                        reach,
                    },
                },
            })
        };
        Ok(Course {
            encoder: Arc::clone(&self.encoder),
            scaler: recipe.scaler().fit(&data)?,
            looks: kept
                .looks
                .into_iter()
                .map(look)
                .collect::<Result<_, Error>>()?,
            diverged: kept.diverged,
        })
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
