//! A range test: which learning rates a model can be trained with, from one short training.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use smallbatch_base::Number;

use crate::{
    Budget, Error, EvaluateEvery, Evaluation, Observer, Scalar, Schedule, Trainer, TrainingRows,
    Update,
};

/// The loss is averaged over so many updates before and after each, as a part of all.
const WINDOW: f64 = 0.03;
/// The test ends when the running mean of the loss is so many times the size of the first loss above it.
const RISE: f64 = 3.0;
/// Of the running mean that ends the test: what stays of it at each update.
const DECAY: f64 = 0.9;

/// Finds learning rates: one short training whose rate rises exponentially from `lowest` to `highest`, update after update (Smith 2017,
/// *Cyclical Learning Rates for Training Neural Networks*). Where the rates are too low the loss stays, where they are good it falls,
/// where they are too high it rises.
///
/// The rate of update t, of N, is lowest · (highest / lowest)^(t / (N - 1)). The test ends early when the loss has risen to four times
/// the first, or is not finite.
///
/// What it suggests is the rate at which half of the fall is done. That is a start for a search, and not its result, and for the
/// model, optimizer, batch size and scaling it was made with. Of a full batch the best rates are below that of the lowest loss: a rate
/// that is too high takes some updates to show.
///
/// ```
/// use smallbatch_data::{Splitter, builtin};
/// use smallbatch_mlp::MlpSpec;
/// use smallbatch_preprocess::StandardScaler;
/// use smallbatch_train::{Budget, RangeTest, Trainer};
///
/// let (split, _scaler) = Splitter::new(1).split(&builtin::wine()?)?.scaled_by(&StandardScaler::default())?;
/// let trainer = Trainer::new(MlpSpec::new([13, 16, 3])).budget(Budget::Epochs(20));
/// let curve = RangeTest::new().run(&trainer, split.train())?;
/// let rate = curve.suggested().ok_or("no rate lowered the loss")?;
/// let trained = trainer.learning_rate(rate).fit(split.train(), Some(split.validation()))?;
/// assert!(trained.record().training_loss < 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
#[non_exhaustive]
pub struct RangeTest {
    /// The first rate.
    pub lowest: f64,
    /// The last rate.
    pub highest: f64,
    /// How many updates there are.
    pub updates: u64,
}

impl Default for RangeTest {
    fn default() -> Self {
        Self::new()
    }
}

impl RangeTest {
    /// 200 updates, from 1e-6 to 10.
    pub fn new() -> Self {
        Self {
            lowest: 1e-6,
            highest: 10.0,
            updates: 200,
        }
    }

    /// The first rate; finite and above 0.
    pub fn lowest(mut self, rate: f64) -> Self {
        self.lowest = rate;
        self
    }

    /// The last rate; finite and above the first.
    pub fn highest(mut self, rate: f64) -> Self {
        self.highest = rate;
        self
    }

    /// How many updates there are; at least 10. More are less noisy, and each rate then acts for longer.
    pub fn updates(mut self, updates: u64) -> Self {
        self.updates = updates;
        self
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the first outside its range.
    pub fn validate(&self) -> Result<(), Error> {
        Error::require(
            self.lowest > 0.0 && self.lowest.is_finite(),
            "range_test.lowest",
            Number(self.lowest),
            "a finite number above 0",
        )?;
        Error::require(
            self.highest > self.lowest && self.highest.is_finite(),
            "range_test.highest",
            Number(self.highest),
            "a finite number above the lowest rate",
        )?;
        Error::require(
            self.updates >= 10,
            "range_test.updates",
            self.updates,
            "at least 10",
        )
    }

    /// Trains a model of the trainer's description, from its seed, with its optimizer and batch size. The trainer's own rate, schedule,
    /// budget, early stopping and evaluations are not used, and the model is thrown away.
    ///
    /// # Errors
    /// [`Error::Setting`]; as [`Trainer::fit`](crate::Trainer::fit), but a divergence only where it comes before the first update.
    pub fn run<'a, T: Scalar>(
        &self,
        trainer: &Trainer,
        training: impl Into<TrainingRows<'a, T>>,
    ) -> Result<RangeCurve, Error> {
        self.validate()?;
        let mut trainer = trainer
            .clone()
            .learning_rate(self.lowest)
            .schedule(Schedule::Constant)
            .budget(Budget::Updates(self.updates))
            .evaluation(Evaluation::every(EvaluateEvery::Updates(u64::MAX)));
        trainer.early_stopping = None;
        let mut rise = Rise {
            test: self,
            batch_losses: Vec::new(),
            running: 0.0,
        };
        match trainer.start(training, None)?.run(&mut rise) {
            Ok(_) => {}
            Err(Error::Diverged(_)) if !rise.batch_losses.is_empty() => {}
            Err(error) => return Err(error),
        }
        Ok(RangeCurve::new(self, &rise.batch_losses))
    }

    fn rate(&self, update: u64) -> f64 {
        let position = update as f64 / (self.updates - 1) as f64;
        self.lowest * (self.highest / self.lowest).powf(position)
    }
}

/// Gives the rates, and notes the losses until they are too high.
struct Rise<'a> {
    test: &'a RangeTest,
    batch_losses: Vec<f64>,
    running: f64,
}

impl Observer for Rise<'_> {
    fn learning_rate(&mut self, update: u64, _: f64) -> f64 {
        self.test.rate(update)
    }

    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        self.batch_losses.push(update.batch_loss);
        let first = self.batch_losses[0];
        if self.batch_losses.len() == 1 {
            self.running = first;
        }
        self.running = DECAY * self.running + (1.0 - DECAY) * update.batch_loss;
        if self.running - first > RISE * first.abs() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// The losses of a [`RangeTest`], and what follows from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeCurve {
    points: Vec<RangePoint>,
}

/// One update of a [`RangeTest`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangePoint {
    /// The rate of the update.
    pub learning_rate: f64,
    /// The mean loss over its batch, before it.
    pub batch_loss: f64,
    /// The mean of the batch losses around it: of 3 % of the updates before and as many after it, where there are so many on both sides.
    pub smoothed_loss: f64,
}

impl RangeCurve {
    fn new(test: &RangeTest, batch_losses: &[f64]) -> Self {
        // At least 1 on both sides.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let reach = ((WINDOW * test.updates as f64) as usize).max(1);
        let n = batch_losses.len();
        let smoothed = |at: usize| {
            let reach = reach.min(at).min(n - 1 - at);
            let around = &batch_losses[at - reach..=at + reach];
            around.iter().sum::<f64>() / around.len() as f64
        };
        let points = (0..n).map(|at| RangePoint {
            learning_rate: test.rate(at as u64),
            batch_loss: batch_losses[at],
            smoothed_loss: smoothed(at),
        });
        Self {
            points: points.collect(),
        }
    }

    /// The updates, in order; fewer than asked for where the test ended early.
    pub fn points(&self) -> &[RangePoint] {
        &self.points
    }

    /// The point of the lowest smoothed loss: higher rates are too high.
    pub fn lowest(&self) -> Option<&RangePoint> {
        let by_loss =
            |a: &&RangePoint, b: &&RangePoint| a.smoothed_loss.total_cmp(&b.smoothed_loss);
        self.points.iter().min_by(by_loss)
    }

    /// The rate at which half of the fall is done: the last before the lowest smoothed loss where it is at least half-way up to the mean of
    /// the first tenth of the updates. `None` where the loss does not fall by more than the losses of these differ (one standard
    /// deviation): all rates were too low, or too high.
    pub fn suggested(&self) -> Option<f64> {
        let n_first = (self.points.len() / 10).max(1);
        let first = self.points.get(..n_first)?;
        let mean_of = |value: &dyn Fn(&RangePoint) -> f64| {
            first.iter().map(value).sum::<f64>() / first.len() as f64
        };
        let start = mean_of(&|point| point.batch_loss);
        let spread = mean_of(&|point| (point.batch_loss - start).powi(2)).sqrt();
        let lowest = self.lowest()?;
        let fall = start - lowest.smoothed_loss;
        if fall.is_nan() || fall <= spread {
            return None;
        }
        self.points
            .iter()
            .rfind(|point| {
                point.learning_rate < lowest.learning_rate
                    && point.smoothed_loss >= start - fall / 2.0
            })
            .map(|point| point.learning_rate)
    }
}
