//! A learning rate of one's own, a log of one's own, and an end when one likes.
//!
//! Run it with `cargo run --release --example observer`.

use std::error::Error;
use std::ops::ControlFlow;

use smallbatch::data::builtin;
use smallbatch::prelude::*;
use smallbatch::train::{ModelRef, Observer, RateBy, Record, Update};

/// Prints each evaluation, and ends the training when 96 % of the validation samples are right.
struct Log {
    largest: f64,
}

impl Observer for Log {
    /// After each update. It runs while the clock runs, so it is short.
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        self.largest = self.largest.max(update.batch_loss);
        ControlFlow::Continue(())
    }

    /// After each epoch, with the model as it stands.
    fn on_evaluated_model(&mut self, model: ModelRef<'_>, record: &Record) -> ControlFlow<()> {
        let weights = model
            .get::<f32>()
            .map(|model| model.parameters().as_slice());
        let squares = weights.map_or(0.0, |weights| weights.iter().map(|w| w * w).sum());
        let accuracy = record.validation_metrics.and_then(|m| m.accuracy());
        let accuracy = accuracy.unwrap_or(f64::NAN);
        println!(
            "epoch {:2.0}: rate {:.4}, validation accuracy {accuracy:.3}, norm of the weights {:.2}, largest batch loss {:.2}",
            record.epoch,
            record.learning_rate,
            squares.sqrt(),
            self.largest
        );
        self.largest = 0.0;
        if accuracy >= 0.96 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let table = builtin::digits()?;
    let raw = Splitter::new(1).stratified().split(&table)?;
    let (split, _) = raw.scaled_by(&StandardScaler::default())?;
    let trainer = Trainer::new(MlpSpec::new([64, 32, 10])).budget(Budget::Epochs(30));

    // The inverse square root after a warm-up of 100 updates: a schedule that the crate does not have. `Schedule` has six.
    let rate =
        RateBy(|update, _| 0.01 * f64::min(update as f64 / 100.0, (100.0 / update as f64).sqrt()));
    let mut listeners = (rate, Log { largest: 0.0 });
    let trained = trainer.fit_observed(split.train(), Some(split.validation()), &mut listeners)?;
    println!("{}", trained.outcome());
    Ok(())
}
