//! Finds a learning rate with one short training whose rate rises, and then checks it against its neighbours.
//!
//! Run it with `cargo run --release --example range_test`.

use std::error::Error;

use smallbatch::data::builtin;
use smallbatch::prelude::*;
use smallbatch::train::RangeTest;

fn main() -> Result<(), Box<dyn Error>> {
    let raw = Splitter::new(1).stratified().split(&builtin::digits()?)?;
    let (split, _) = raw.scaled_by(&StandardScaler::default())?;
    let trainer = Trainer::new(MlpSpec::new([64, 32, 10]))
        .optimizer(OptimizerSpec::momentum(0.9))
        .budget(Budget::Epochs(10));

    // 200 updates from a rate of 0.00001 to 10. The loss stays, falls, and rises.
    let curve = RangeTest::new().lowest(1e-5).run(&trainer, split.train())?;
    let first = curve.points().first().ok_or("there are updates")?;
    for point in curve.points().iter().step_by(12) {
        let width = 20.0 * point.smoothed_loss / first.batch_loss;
        let bar = "#".repeat(width.min(60.0) as usize);
        println!(
            "{:9.5}  {:6.2}  {bar}",
            point.learning_rate, point.smoothed_loss
        );
    }
    let suggested = curve.suggested().ok_or("no rate lowered the loss")?;
    println!("half of the fall is done at {suggested:.4}");

    // It is where a search begins. The neighbours, a factor of 4 apart, say whether it should go on.
    for factor in [1.0 / 16.0, 0.25, 1.0, 4.0, 16.0] {
        let rate = suggested * factor;
        let trained = trainer
            .clone()
            .learning_rate(rate)
            .fit(split.train(), Some(split.validation()));
        match trained {
            Ok(trained) => println!(
                "rate {rate:.4}: validation loss {:.3}",
                trained.record().validation_loss.unwrap_or(f64::NAN)
            ),
            Err(error) => println!("rate {rate:.4}: {error}"),
        }
    }
    Ok(())
}
