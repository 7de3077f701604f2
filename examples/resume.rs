//! Stops a training, and goes on later from the checkpoint on disk: to the same bits as one that never stopped.
//!
//! Run it with `cargo run --release --example resume`.

use std::error::Error;
use std::ops::ControlFlow;

use smallbatch::data::builtin;
use smallbatch::prelude::*;
use smallbatch::train::{Checkpoints, Observer, Silent, Update};

/// Somebody who stops a training after so many updates. In a program it would be a flag that a signal sets.
struct StopAt(u64);

impl Observer for StopAt {
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        if update.update == self.0 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let raw = Splitter::new(1).split(&builtin::airfoil()?)?;
    let (split, _) = raw.scaled_by(&StandardScaler::default())?;
    let (split, _) = split.with_scaled_targets()?;
    let (training, validation) = (split.train(), Some(split.validation()));
    let trainer = Trainer::new(MlpSpec::new([5, 32, 1]).loss(Loss::MeanSquaredError))
        .schedule(Schedule::one_cycle())
        .learning_rate(0.01)
        .budget(Budget::Epochs(20));

    // Every 30 seconds, and where it is stopped, a checkpoint with the weights, Adam's moments, the place in the schedule and in the
    // shuffled data, and a checksum. The last two are kept. The data itself they have not: of that they keep a hash, and refuse other data.
    let folder = std::env::temp_dir().join(format!("resume-{}", std::process::id()));
    let checkpoints = Checkpoints::in_folder(folder);
    let stopped = trainer.fit_saved(training, validation, &mut StopAt(200), &checkpoints)?;
    println!("stopped after {} updates", stopped.record().update);

    let other = trainer.fit_saved(split.validation(), None, &mut Silent, &checkpoints);
    println!("with other data: {}", other.err().ok_or("it went on")?);
    // Later, in another process, after a power cut: the same call goes on.
    let resumed = trainer.fit_saved(training, validation, &mut Silent, &checkpoints)?;
    checkpoints.clear()?;

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
