//! Whether the parts of a checkpoint fit together, and the data are those that it was made with.

use smallbatch_data::Dataset;

use super::{Fingerprint, State};
use crate::rows::Rows;
use crate::{Error, Outcome, Scalar, Watched};

impl<T: Scalar> State<T> {
    /// Refuses parts that do not fit together, and other data.
    pub(crate) fn check(
        &self,
        training: Rows<'_, T>,
        validation: Option<&Dataset<T>>,
    ) -> Result<(), Error> {
        self.trainer.validate_with(validation.is_some())?;
        self.check_network()?;
        self.check_what_was_seen()?;
        let validation = validation.map(Fingerprint::of);
        let training = Some(Fingerprint::of_rows(training));
        same(Watched::Training, Some(&self.training), training.as_ref())?;
        same(
            Watched::Validation,
            self.validation.as_ref(),
            validation.as_ref(),
        )
    }

    fn check_network(&self) -> Result<(), Error> {
        let n_parameters = self.model.n_parameters();
        require(
            self.model.spec() == &self.trainer.model,
            "its model is not the one its trainer describes",
        )?;
        require(
            self.optimizer.spec() == &self.trainer.optimizer,
            "its optimizer is not the one its trainer describes",
        )?;
        require(
            self.optimizer.n_parameters() == n_parameters,
            "its moments are another model's",
        )?;
        // Fewer are possible: a batch whose samples weigh nothing counts as an update, of which the optimizer does not hear.
        require(
            self.optimizer.step() <= self.update,
            "its optimizer has made more updates than there were",
        )?;
        require(
            self.model.require_finite().is_ok() && self.optimizer.require_finite().is_ok(),
            "its weights or moments are not finite",
        )?;
        let best = self.best.as_ref();
        require(
            best.is_none_or(|best| best.parameters.len() == n_parameters),
            "its best weights are another model's",
        )
    }

    /// What early stopping, schedule and budget have seen.
    fn check_what_was_seen(&self) -> Result<(), Error> {
        let trainer = &self.trainer;
        require(
            self.seconds.is_finite() && self.seconds >= 0.0,
            "its seconds of training are not a time",
        )?;
        require(
            self.given_rate
                .is_none_or(|rate| rate.is_finite() && rate >= 0.0),
            "its latest learning rate is none",
        )?;
        require(
            self.batch_losses.is_sound(),
            "its mean of batch losses is none",
        )?;
        require(
            self.plateau.is_of(&trainer.schedule),
            "it has seen a plateau that its schedule does not look for",
        )?;
        require(
            self.best.is_none() || trainer.early_stopping.is_some(),
            "it has best weights, and no early stopping",
        )?;
        let records = self.history.records();
        let in_history = |best: &crate::best::Best<T>| records.contains(&best.record);
        require(
            self.best.as_ref().is_none_or(in_history),
            "its best weights are of no evaluation",
        )?;
        let is_possible = match self.outcome {
            None | Some(Outcome::BudgetSpent) => true,
            Some(Outcome::TargetReached) => trainer.budget.target().is_some(),
            Some(Outcome::EarlyStopped) => self.best.is_some(),
            Some(Outcome::Interrupted) => false,
        };
        require(is_possible, "it has ended as its trainer cannot end")
    }

    /// Whether so many updates fit to the evaluations that were made, where an epoch has this many.
    pub(crate) fn check_position(&self, updates_per_epoch: u64) -> Result<(), Error> {
        let records = self.history.records();
        let epoch = |update: u64| update as f64 / updates_per_epoch as f64;
        require(
            records
                .iter()
                .all(|record| record.epoch == epoch(record.update)),
            "its epochs have another number of updates than its batch size makes",
        )?;
        require(
            records
                .windows(2)
                .all(|pair| pair[0].update < pair[1].update && pair[0].seconds <= pair[1].seconds),
            "its evaluations are not in order",
        )?;
        let position = match records.last() {
            None => self.update == 0,
            Some(last) => {
                let next = self
                    .trainer
                    .evaluation
                    .when
                    .next_after(last.update, updates_per_epoch);
                (last.update..=next).contains(&self.update) && last.seconds <= self.seconds
            }
        };
        require(
            position && self.update < u64::MAX,
            "its number of updates does not follow its last evaluation",
        )
    }
}

fn require(holds: bool, otherwise: &str) -> Result<(), Error> {
    if holds {
        return Ok(());
    }
    Err(Error::damaged(otherwise))
}

fn same(
    part: Watched,
    expected: Option<&Fingerprint>,
    found: Option<&Fingerprint>,
) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    let words =
        |print: Option<&Fingerprint>| print.map_or_else(|| "none".to_owned(), ToString::to_string);
    Err(Error::CheckpointData {
        part,
        expected: words(expected),
        found: words(found),
    })
}
