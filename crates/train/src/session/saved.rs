//! Saving on the way: between two updates, where the stopwatch stands and nothing is evaluated for it.

use std::ops::ControlFlow;

use super::Session;
use crate::{Error, ModelRef, Observer, Outcome, Plan, Record, SavePace, Scalar, Update};

impl<T: Scalar> Session<'_, T> {
    /// As [`advance`](Self::advance), and calls `save` every so often, between two updates, and where the observer breaks. Saving changes no
    /// bit, takes no time of the budget, and evaluates nothing: also where the observer broke, the model is evaluated by
    /// [`finish`](Self::finish) only.
    ///
    /// # Errors
    /// As [`advance`](Self::advance), and those of `save`.
    pub fn advance_saved<E: From<Error>>(
        &mut self,
        observer: &mut dyn Observer,
        pace: &mut SavePace,
        mut save: impl FnMut(&Self) -> Result<(), E>,
    ) -> Result<Option<Outcome>, E> {
        loop {
            let mut due = Due {
                observer: &mut *observer,
                pace: &mut *pace,
                broke: false,
            };
            let outcome = self.advance_unclosed(&mut due)?;
            let broke = due.broke;
            if outcome != Some(Outcome::Interrupted) {
                return Ok(outcome);
            }
            self.require_sound()?;
            pace.saving(|| save(self))?;
            if broke {
                return Ok(outcome);
            }
            let last = self.history().last();
            if last.is_some_and(|last| last.update == self.update) {
                // It was time to save where it was evaluated, and so far it was to go.
                return Ok(None);
            }
        }
    }
}

/// Breaks where the observer does, and where it is time to save.
struct Due<'o> {
    observer: &'o mut dyn Observer,
    pace: &'o mut SavePace,
    /// Whether it was the observer.
    broke: bool,
}

impl Due<'_> {
    fn heard(&mut self, flow: ControlFlow<()>) -> ControlFlow<()> {
        self.broke |= flow.is_break();
        flow
    }
}

impl Observer for Due<'_> {
    fn on_start(&mut self, plan: &Plan) {
        self.observer.on_start(plan);
    }

    fn learning_rate(&mut self, update: u64, scheduled: f64) -> f64 {
        self.observer.learning_rate(update, scheduled)
    }

    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        let flow = self.observer.on_update(update);
        if self.heard(flow).is_break() || self.pace.is_due() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn on_evaluation(&mut self, record: &Record) -> ControlFlow<()> {
        let flow = self.observer.on_evaluation(record);
        self.heard(flow)
    }

    fn on_evaluated_model(&mut self, model: ModelRef<'_>, record: &Record) -> ControlFlow<()> {
        let flow = self.observer.on_evaluated_model(model, record);
        self.heard(flow)
    }
}
