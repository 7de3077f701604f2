//! Trains one network with batches of 16 and 32 and with the full batch, each at its best learning rate, to the same
//! loss: how many epochs, updates and seconds does each need?
//!
//! Run it with `cargo run --release --example batch_size`.

use std::error::Error;

use smallbatch::data::builtin;
use smallbatch::prelude::*;

/// A good rate for one batch size is not good for another, so that each has its choice.
const LEARNING_RATES: [f64; 6] = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The loss to reach on the training part. Always guessing one of ten digits with equal probability has 2.3.
const TARGET: f64 = 0.01;

/// No training may take more passes over the training part.
const MOST_EPOCHS: u64 = 400;

fn main() -> Result<(), Box<dyn Error>> {
    // 1,797 handwritten digits of 8 x 8 pixels, standardized by the training part.
    let split = Splitter::new(5).stratified().split(&builtin::digits()?)?;
    let (split, _scaler) = split.scaled_by(&StandardScaler::default())?;
    println!(
        "{} training samples, to a training loss of {TARGET}",
        split.train().n_samples()
    );
    println!("batch   rate  epochs  updates  seconds   loss  validation");

    for batch_size in [BatchSize::Mini(16), BatchSize::Mini(32), BatchSize::Full] {
        let best = best(&split, batch_size)?;
        let record = best.record();
        println!(
            "{batch_size:<5} {:>6} {:>7} {:>8} {:>8.3} {:>6.3} {:>11.3}  {}",
            record.learning_rate,
            record.epoch,
            record.update,
            record.seconds,
            record.training_loss,
            record.validation_loss.unwrap_or(f64::NAN),
            best.outcome()
        );
    }
    Ok(())
}

/// The training with the learning rate that arrives after the fewest epochs, and of equally many with the lowest loss.
fn best(split: &Split, batch_size: BatchSize) -> Result<Trained<f32>, Box<dyn Error>> {
    let key = |trained: &Trained<f32>| (trained.record().epoch, trained.record().training_loss);
    let budget = Budget::until_training_loss(TARGET, Budget::Epochs(MOST_EPOCHS));
    let mut best: Option<Trained<f32>> = None;
    for rate in LEARNING_RATES {
        let trainer = Trainer::new(MlpSpec::new([64, 32, 10]))
            .optimizer(OptimizerSpec::sgd())
            .learning_rate(rate)
            .batch_size(batch_size)
            .budget(budget.clone())
            .seed(5);
        let trained = match trainer.fit(split.train(), Some(split.validation())) {
            Ok(trained) => trained,
            // Too high a rate leaves the finite numbers. The error says at which update; here it only loses.
            Err(smallbatch::train::Error::Diverged(_)) => continue,
            Err(other) => return Err(other.into()),
        };
        if best.as_ref().is_none_or(|best| key(&trained) < key(best)) {
            best = Some(trained);
        }
    }
    best.ok_or_else(|| "every learning rate diverged".into())
}
