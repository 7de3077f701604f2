//! Stops a training, saves it to a file, and goes on later: to the same bits as one that never stopped.
//!
//! Run it with `cargo run --release --example resume`.

use std::error::Error;
use std::fs;

use smallbatch::data::builtin;
use smallbatch::prelude::*;
use smallbatch::train::{Checkpoint, Silent};

fn main() -> Result<(), Box<dyn Error>> {
    let raw = Splitter::new(1).split(&builtin::airfoil()?)?;
    let (split, _) = raw.scaled_by(&StandardScaler::default())?;
    let (split, _) = split.with_scaled_targets()?;
    let (training, validation) = (split.train(), Some(split.validation()));
    let trainer = Trainer::new(MlpSpec::new([5, 32, 1]).loss(Loss::MeanSquaredError))
        .schedule(Schedule::one_cycle())
        .learning_rate(0.01)
        .budget(Budget::Epochs(20));

    // A session is a training that can be stopped: here after the evaluations of 8 epochs and the one before the first update.
    let mut session = trainer.start(training, validation)?;
    for _ in 0..9 {
        session.advance(&mut Silent)?;
    }

    // The checkpoint has the weights, Adam's moments, the place in the schedule and in the shuffled data. The data itself it has not:
    // of that it keeps a hash, and refuses other data.
    let file = std::env::temp_dir().join(format!("resume-{}.json", std::process::id()));
    fs::write(&file, serde_json::to_string(&session.checkpoint())?)?;
    println!("stopped after {} updates", session.update());
    drop(session);

    // Later, in another program. `serde_json` needs its feature `float_roundtrip` to read the same bits.
    let checkpoint: Checkpoint<f32> = serde_json::from_str(&fs::read_to_string(&file)?)?;
    fs::remove_file(&file)?;
    let other = Trainer::resume(checkpoint.clone(), split.validation(), None);
    println!("with other data: {}", other.err().ok_or("it went on")?);
    let mut session = Trainer::resume(checkpoint, training, validation)?;
    session.run(&mut Silent)?;
    let resumed = session.finish()?;

    let uninterrupted = trainer.fit(training, validation)?;
    println!(
        "ended after {} updates, validation loss {:.4}",
        resumed.record().update,
        resumed.record().validation_loss.unwrap_or(f64::NAN)
    );
    let same = resumed.model() == uninterrupted.model();
    println!("the same bits as without a stop: {same}");
    Ok(())
}
