//! Losses and metrics of a model on the data it is evaluated on.

use std::borrow::Cow;
use std::collections::HashMap;

use nalgebra::DMatrix;
use rand::Rng;
use serde::{Deserialize, Serialize};
use smallbatch_base::{Stream, generator};
use smallbatch_data::{BatchTarget, Dataset, RowFile};
use smallbatch_mlp::{Batch, CHUNK, Loss, Mlp, MlpSpec, PredictionKind, Workspace};

use crate::metrics::{fraction_right, rmse_and_r2};
use crate::network_batch::network_batch;
use crate::rows::Rows;
use crate::{Error, Evaluation, Scalar, TaskMetrics, TrainingLoss, Watched};

/// On how many training samples the loss is evaluated where it is to be that of the batches, and there were none: enough to
/// see where a training begins, and less than an epoch of nearly any data set.
const WITHOUT_BATCHES: usize = 256;

/// The loss and the metrics of a model on a data set; see [`Trained::evaluate`](crate::Trained::evaluate).
///
/// ```
/// use smallbatch_train::{Measurement, TaskMetrics};
///
/// let on_test = Measurement { loss: 0.25, metrics: TaskMetrics::Classification { accuracy: 0.9 } };
/// assert_eq!(on_test.metrics.accuracy(), Some(0.9));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The mean loss over the samples.
    pub loss: f64,
    /// The metrics that suit the task.
    pub metrics: TaskMetrics,
}

/// In a few words, with 4 digits or as many as asked for: "loss 0.2500, accuracy 0.9333".
impl std::fmt::Display for Measurement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(4);
        write!(f, "loss {:.digits$}", self.loss)?;
        match self.metrics {
            TaskMetrics::LossOnly => Ok(()),
            metrics => write!(f, ", {metrics:.digits$}"),
        }
    }
}

/// Of all samples, once.
pub(crate) fn measure<T: Scalar>(model: &Mlp<T>, data: &Dataset<T>) -> Result<Measurement, Error> {
    let mut subject = Subject::new(data, None, model.spec(), 0, Watched::Validation)?;
    subject.measure(model, &mut model.workspace(CHUNK))
}

/// Measures a model on the same samples each time, in buffers made once.
pub(crate) struct Evaluator<'a, T: Scalar> {
    training: Subject<'a, T>,
    validation: Option<Subject<'a, T>>,
    workspace: Workspace<T>,
}

/// One part of the data, or the sample of it that evaluations are limited to, with room for its logits.
struct Subject<'a, T: Scalar> {
    data: Cow<'a, Dataset<T>>,
    logits: DMatrix<T>,
}

impl<'a, T: Scalar> Evaluator<'a, T> {
    pub(crate) fn new(
        spec: &MlpSpec,
        workspace: Workspace<T>,
        evaluation: &Evaluation,
        seed: u64,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Self, Error> {
        let subject = |data, limit, part| Subject::new(data, limit, spec, seed, part);
        let limit = match evaluation.training {
            TrainingLoss::Batches => Some(WITHOUT_BATCHES),
            TrainingLoss::All => None,
            TrainingLoss::Samples(limit) => Some(limit),
        };
        Ok(Self {
            training: match training {
                Rows::Memory(data) => subject(data, limit, Watched::Training)?,
                Rows::File(file) => Subject::of_file(file, limit, spec, seed)?,
            },
            validation: validation
                .map(|data| subject(data, evaluation.validation_samples, Watched::Validation))
                .transpose()?,
            workspace,
        })
    }

    /// The training data's measurement. The loss may be infinite or NaN: then nothing else is computed, and the metrics are
    /// [`TaskMetrics::LossOnly`].
    pub(crate) fn measure_training(&mut self, model: &Mlp<T>) -> Result<Measurement, Error> {
        self.training.measure(model, &mut self.workspace)
    }

    /// Over which samples that is.
    pub(crate) fn training_loss_of(&self) -> TrainingLoss {
        match &self.training.data {
            Cow::Borrowed(_) => TrainingLoss::All,
            Cow::Owned(sample) => TrainingLoss::Samples(sample.n_samples()),
        }
    }

    /// The same of the validation data, if there is any.
    pub(crate) fn measure_validation(
        &mut self,
        model: &Mlp<T>,
    ) -> Result<Option<Measurement>, Error> {
        let subject = self.validation.as_mut();
        subject
            .map(|subject| subject.measure(model, &mut self.workspace))
            .transpose()
    }
}

impl<'a, T: Scalar> Subject<'a, T> {
    fn new(
        data: &'a Dataset<T>,
        limit: Option<usize>,
        spec: &MlpSpec,
        seed: u64,
        part: Watched,
    ) -> Result<Self, Error> {
        let data = match limit {
            Some(limit) if limit < data.n_samples() => {
                let all = weighty(data, spec);
                let limit = limit.min(all.len());
                let chosen = sample_of(all.len(), limit, seed, part);
                let chosen: Vec<usize> = chosen.into_iter().map(|place| all[place]).collect();
                Cow::Owned(data.subset(&chosen)?)
            }
            _ => Cow::Borrowed(data),
        };
        let logits = DMatrix::zeros(spec.n_outputs(), data.n_samples());
        Ok(Self { data, logits })
    }

    /// Rows of a file that are drawn once.
    fn of_file(
        file: &RowFile<T>,
        limit: Option<usize>,
        spec: &MlpSpec,
        seed: u64,
    ) -> Result<Self, Error> {
        let n_samples = file.n_samples();
        let Some(limit) = limit else {
            return Err(Error::Setting {
                name: "evaluation.training",
                value: "all".into(),
                range: "`batches` or a number of samples where the training rows are in a file",
            });
        };
        // Some of them may weigh nothing.
        let may_weigh_nothing =
            file.like().weights().is_some() || spec.loss.class_weights().is_some();
        let drawn = if may_weigh_nothing { 16 * limit } else { limit };
        let chosen = sample_of(n_samples, drawn.min(n_samples), seed, Watched::Training);
        let mut data = file.select(&chosen)?;
        let weighty = weighty(&data, spec);
        if weighty.len() > limit {
            let thinned = (0..limit).map(|at| weighty[at * weighty.len() / limit]);
            data = data.subset(&thinned.collect::<Vec<_>>())?;
        }
        let logits = DMatrix::zeros(spec.n_outputs(), data.n_samples());
        Ok(Self {
            data: Cow::Owned(data),
            logits,
        })
    }

    fn measure(
        &mut self,
        model: &Mlp<T>,
        workspace: &mut Workspace<T>,
    ) -> Result<Measurement, Error> {
        let batch = batch_of(&self.data);
        let loss = model.loss_and_logits(&batch, workspace, &mut self.logits)?;
        if !loss.is_finite() {
            return Ok(Measurement {
                loss,
                metrics: TaskMetrics::LossOnly,
            });
        }
        let metrics = self.metrics(&model.spec().loss)?;
        Ok(Measurement { loss, metrics })
    }

    /// The metrics of the logits; these become predictions in place where the two differ in what is measured.
    fn metrics(&mut self, loss: &Loss) -> Result<TaskMetrics, Error> {
        let weights = self.data.weights();
        let values = match self.data.target().view() {
            BatchTarget::Labels(labels) => {
                // Softmax and sigmoid are increasing: the largest logit, or one above 0, tells the class.
                let accuracy = fraction_right(self.logits.as_view(), labels, weights, 0.0)?;
                return Ok(TaskMetrics::Classification { accuracy });
            }
            BatchTarget::Values(values) => values,
        };
        match loss.prediction() {
            PredictionKind::Class | PredictionKind::Answers => {
                let half: T = nalgebra::convert(0.5);
                let right = self
                    .logits
                    .iter()
                    .zip(values.iter())
                    .map(|(&z, &y): (&T, &T)| (z > T::zero()) == (y > half));
                let accuracy = weighted_fraction(right, values.nrows(), weights);
                Ok(TaskMetrics::Classification { accuracy })
            }
            PredictionKind::Quantiles => Ok(TaskMetrics::LossOnly),
            prediction @ (PredictionKind::Numbers | PredictionKind::Rates) => {
                if prediction == PredictionKind::Rates {
                    self.logits.apply(|z| *z = z.exp());
                }
                let (rmse, r2) = rmse_and_r2(self.logits.as_view(), values, weights)?;
                // The loss may be finite where its square is not.
                Ok(if rmse.is_finite() && r2.is_none_or(f64::is_finite) {
                    TaskMetrics::Regression { rmse, r2 }
                } else {
                    TaskMetrics::LossOnly
                })
            }
        }
    }
}

/// Σ wᵢ · (fraction of the sample's `n_outputs` answers that are right) / Σ wᵢ.
fn weighted_fraction<T: Scalar>(
    right: impl Iterator<Item = bool>,
    n_outputs: usize,
    weights: Option<&[T]>,
) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (place, right) in right.enumerate() {
        let weight = weights.map_or(1.0, |weights| weights[place / n_outputs].to_f64());
        total += weight;
        sum += if right { weight } else { 0.0 };
    }
    sum / total
}

/// Samples that weigh something: others would say nothing.
fn weighty<T: Scalar>(data: &Dataset<T>, spec: &MlpSpec) -> Vec<usize> {
    let (weights, labels) = (data.weights(), data.target().labels());
    let class_weights = spec.loss.class_weights();
    let weighs = |&sample: &usize| {
        let class = labels.map(|labels| labels[sample] as usize);
        let classes = class_weights.zip(class);
        weights.is_none_or(|weights| weights[sample] > T::zero())
            && classes.is_none_or(|(weights, class)| weights[class] > 0.0)
    };
    (0..data.n_samples()).filter(weighs).collect()
}

/// The whole data set as a batch of the network, borrowed.
pub(crate) fn batch_of<T: Scalar>(data: &Dataset<T>) -> Batch<'_, T> {
    let batch = network_batch(data.stored(), &data.target().view());
    match data.weights() {
        Some(weights) => batch.weights(weights),
        None => batch,
    }
}

/// `k` of `n` samples, in ascending order: a pure function of the seed and the part.
///
/// Drawn from the stream `evaluate` of the seed, counter 0 for training and 1 for validation, by a Fisher-Yates shuffle
/// that stops after `k`.
fn sample_of(n: usize, k: usize, seed: u64, part: Watched) -> Vec<usize> {
    let mut rng = generator(
        seed,
        Stream::Evaluate,
        u64::from(part == Watched::Validation),
    );
    // Where an index is that was moved; the others are where they were. Of a large n few move.
    let mut moved = HashMap::with_capacity(2 * k);
    let mut sample = Vec::with_capacity(k);
    for place in 0..k {
        let left = (n - place) as u128;
        // 2^64 draws on at most a few billion places: the bias is below 1e-9.
        #[allow(clippy::cast_possible_truncation)]
        let offset = ((u128::from(rng.next_u64()) * left) >> 64) as usize;
        let here = moved.get(&place).copied().unwrap_or(place);
        let there = moved.insert(place + offset, here);
        sample.push(there.unwrap_or(place + offset));
    }
    sample.sort_unstable();
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_fixed_seeded_and_without_repetition() {
        let sample = sample_of(1_000, 100, 7, Watched::Training);
        assert_eq!(sample.len(), 100);
        assert!(sample.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(sample[99] < 1_000);
        assert_eq!(sample, sample_of(1_000, 100, 7, Watched::Training));
        assert_ne!(sample, sample_of(1_000, 100, 8, Watched::Training));
        assert_ne!(sample, sample_of(1_000, 100, 7, Watched::Validation));
        assert_eq!(sample_of(5, 5, 7, Watched::Training), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn every_sample_is_drawn_equally_often() {
        let mut counts = [0_u32; 10];
        for seed in 0..10_000 {
            for sample in sample_of(10, 3, seed, Watched::Training) {
                counts[sample] += 1;
            }
        }
        // Binomial with mean 3000 and standard deviation 46: five of them.
        assert!(
            counts.iter().all(|&count| count.abs_diff(3_000) < 230),
            "{counts:?}"
        );
    }
}
