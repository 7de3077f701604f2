//! The loop: stretches of updates between evaluations.

use smallbatch_base::{Number, PerType};

use super::Session;
use crate::batch_losses::total_weight;
use crate::clock::Deadline;
use crate::divergence::NotFinite;
use crate::network_batch::network_batch;
use crate::{Error, Observer, Outcome, Scalar, Update};

/// How a stretch of updates ended.
enum Stretch {
    Whole,
    TimeIsUp,
    Interrupted,
}

impl<T: Scalar> Session<'_, T> {
    /// Trains to the end. After an interruption, called again, it goes on.
    ///
    /// # Errors
    /// [`Error::Diverged`], with the history so far. Called again, it stands where it stood, and diverges again.
    pub fn run<O: Observer + ?Sized>(&mut self, observer: &mut O) -> Result<Outcome, Error> {
        observer.on_start(&self.plan());
        loop {
            if let Some(outcome) = self.advance(observer)? {
                return Ok(outcome);
            }
        }
    }

    /// Trains to the next evaluation (the first time: evaluates the model before training), and says whether that was
    /// the end. Does not call [`Observer::on_start`].
    ///
    /// # Errors
    /// [`Error::Diverged`], with the history so far.
    pub fn advance<O: Observer + ?Sized>(
        &mut self,
        mut observer: &mut O,
    ) -> Result<Option<Outcome>, Error> {
        T::per_type::<GoOn>(())(self, &mut observer, true)
    }

    /// As [`advance`](Self::advance), but where the observer breaks it stands between two updates and evaluates nothing.
    pub(super) fn advance_unclosed(
        &mut self,
        observer: &mut dyn Observer,
    ) -> Result<Option<Outcome>, Error> {
        T::per_type::<GoOn>(())(self, observer, false)
    }

    /// Trains to the next evaluation, or to where the observer breaks; the model is evaluated there, too, if this closes.
    fn go_on(
        &mut self,
        observer: &mut dyn Observer,
        closes: bool,
    ) -> Result<Option<Outcome>, Error> {
        if matches!(self.outcome, Some(outcome) if outcome != Outcome::Interrupted) {
            return Ok(self.outcome);
        }
        if self.broken.is_some() {
            self.require_sound()?;
        }
        self.closing = None;
        self.outcome = if self.owes_an_evaluation() {
            self.evaluate_when_due(observer)?
        } else if self.is_spent() {
            Some(Outcome::BudgetSpent)
        } else {
            let due = self.next_evaluation();
            self.stopwatch.start();
            let stretch = self.train_until(due.min(self.last_update), observer);
            self.stopwatch.stop();
            self.judge(&stretch?, due, observer)?
        };
        if closes && self.outcome == Some(Outcome::Interrupted) && !self.is_evaluated() {
            // A target that is reached here counts for nothing: uninterrupted, nobody would have looked.
            self.close(observer)?;
        }
        Ok(self.outcome)
    }

    /// The update after which the timetable asks for an evaluation.
    fn next_evaluation(&self) -> u64 {
        let when = self.trainer.evaluation.when;
        when.next_after(self.update, self.updates_per_epoch())
    }

    /// Whether the model that stands is in the history.
    fn is_evaluated(&self) -> bool {
        let last = self.history.last();
        last.is_some_and(|last| last.update == self.update)
    }

    /// Whether the evaluation that is due here has not been made: before the first update, and where it failed before.
    fn owes_an_evaluation(&self) -> bool {
        let Some(last) = self.history.last() else {
            return true;
        };
        let when = self.trainer.evaluation.when;
        last.update < self.update
            && when.next_after(self.update - 1, self.updates_per_epoch()) == self.update
    }

    /// Whether nothing is left of the budget, and the model that stands has been evaluated: so it can be after a checkpoint
    /// was given a budget that is not larger than what had been done.
    fn is_spent(&self) -> bool {
        let seconds = self.trainer.budget.seconds();
        let is_over = self.update >= self.last_update
            || seconds.is_some_and(|limit| self.stopwatch.seconds() >= limit);
        is_over && self.is_evaluated()
    }

    /// What follows from a stretch of updates: the evaluation that was due after it, or the last one.
    fn judge(
        &mut self,
        stretch: &Stretch,
        due: u64,
        observer: &mut dyn Observer,
    ) -> Result<Option<Outcome>, Error> {
        let judged = if self.update == due {
            self.evaluate_when_due(observer)?
        } else if matches!(stretch, Stretch::Interrupted) && self.update < self.last_update {
            None
        } else {
            self.close(observer)?
        };
        // What the evaluation found comes first: a target reached with the last update is reached.
        Ok(match (judged, stretch) {
            (Some(Outcome::TargetReached), _) => judged,
            (_, Stretch::TimeIsUp) => Some(Outcome::BudgetSpent),
            (_, _) if self.update >= self.last_update => Some(Outcome::BudgetSpent),
            (None, Stretch::Interrupted) => Some(Outcome::Interrupted),
            (Some(_), Stretch::Interrupted) | (_, Stretch::Whole) => judged,
        })
    }

    /// The loop. Between two evaluations there is nothing but batches, updates, and whoever listens.
    fn train_until(&mut self, end: u64, observer: &mut dyn Observer) -> Result<Stretch, Error> {
        let seconds = self.trainer.budget.seconds();
        if seconds.is_some_and(|limit| self.stopwatch.seconds() >= limit) {
            // So it is after an interruption by the last update that there was time for.
            return Ok(Stretch::TimeIsUp);
        }
        let mut deadline = Deadline::new(seconds, &self.stopwatch);
        while self.update < end {
            let scheduled = self.learning_rate_of(self.update);
            let learning_rate = observer.learning_rate(self.update, scheduled);
            self.given_rate = given(learning_rate, scheduled)?;
            let batch_loss = self.update_once(learning_rate)?;
            let update = Update {
                update: self.update,
                epoch: self.epoch_of(self.update - 1),
                batch_loss,
                learning_rate,
            };
            if observer.on_update(&update).is_break() {
                return Ok(Stretch::Interrupted);
            }
            if deadline.is_over(&self.stopwatch) {
                return Ok(Stretch::TimeIsUp);
            }
        }
        Ok(Stretch::Whole)
    }

    /// One update on the next batch.
    fn update_once(&mut self, learning_rate: f64) -> Result<f64, Error> {
        if self.batches.in_pieces() {
            return self.update_in_pieces(learning_rate);
        }
        if self.batches.position() == self.batches.n_updates() {
            self.batches.start_epoch(self.batches.epoch() + 1);
        }
        let Some(batch) = self.batches.next_choice()? else {
            // A data set has samples and a batch size is at least 1, so an epoch has a batch.
            return Err(smallbatch_mlp::Error::EmptyBatch.into());
        };
        let mut samples = network_batch(batch.features, &batch.target).known_finite();
        if self.inputs_are_normal {
            samples = samples.known_normal();
        }
        if let Some(chosen) = batch.samples {
            samples = samples.samples(chosen);
        }
        if let Some(weights) = batch.weights {
            samples = samples.weights(weights);
        }
        let weight = total_weight(&self.model.spec().loss, batch.weights, &batch.target);
        // The loss by the batch's own weights, as it is recorded, of that by the mean weight of all rows.
        let mut own = 1.0;
        if let Some(mean_weight) = self.mean_weight {
            own = samples.n_samples() as f64 * mean_weight / weight;
            samples = samples.mean_weight(mean_weight);
        }
        let step = self.model.train_step(
            &samples,
            &mut self.optimizer,
            learning_rate,
            self.trainer.seed,
            &mut self.workspace,
        );
        match step {
            Ok(loss) => {
                let loss = loss * own;
                self.update += 1;
                self.last_batch_loss = Some(loss);
                self.batch_losses.add(loss, weight);
                Ok(loss)
            }
            // A batch of samples that weigh nothing has nothing to say, and changes nothing.
            Err(smallbatch_mlp::Error::ZeroTotalWeight) => {
                self.update += 1;
                Ok(0.0)
            }
            Err(error @ smallbatch_mlp::Error::ParametersNotFinite { .. }) => {
                self.update += 1;
                self.require_sound()?;
                Err(error.into())
            }
            Err(error) => {
                // The update was not made: whoever goes on stands before it still.
                self.batches.skip_to(self.batches.position() - 1)?;
                Err(match error {
                    smallbatch_mlp::Error::LossNotFinite { loss, .. } => {
                        self.diverged(NotFinite::BatchLoss(loss))
                    }
                    smallbatch_mlp::Error::GradientNotFinite { norm } => {
                        self.diverged(NotFinite::Gradient(norm))
                    }
                    error => error.into(),
                })
            }
        }
    }
}

/// [`Session::go_on`] of a number type.
type GoOnOf<T> = for<'s, 'a> fn(
    &'s mut Session<'a, T>,
    &'s mut dyn Observer,
    bool,
) -> Result<Option<Outcome>, Error>;

/// The loop as it was compiled here, for both number types, and not again in every crate that trains. `compiled!` would tie the
/// session's borrow to that of its data; a pointer does not.
struct GoOn;

impl PerType for GoOn {
    type Arguments<'a, T: Scalar> = ();
    type Output<'a, T: Scalar> = GoOnOf<T>;

    // Inlined, they would bring the loop along.
    #[inline(never)]
    fn narrow<'a>((): Self::Arguments<'a, f32>) -> Self::Output<'a, f32> {
        |session, observer, closes| session.go_on(observer, closes)
    }

    #[inline(never)]
    fn wide<'a>((): Self::Arguments<'a, f64>) -> Self::Output<'a, f64> {
        |session, observer, closes| session.go_on(observer, closes)
    }
}

/// The rate, where the observer gave another than the schedule's.
#[inline]
fn given(learning_rate: f64, scheduled: f64) -> Result<Option<f64>, Error> {
    if learning_rate == scheduled {
        return Ok(None);
    }
    Error::require(
        learning_rate.is_finite() && learning_rate >= 0.0,
        "Observer::learning_rate",
        Number(learning_rate),
        "a finite number, at least 0",
    )?;
    Ok(Some(learning_rate))
}
