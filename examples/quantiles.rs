//! Predicts a range instead of a number: the quantiles 0.1, 0.5 and 0.9 of a sound pressure, from one network.
//!
//! Run it with `cargo run --release --example quantiles`.

use std::error::Error;

use smallbatch::data::builtin;
use smallbatch::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    // Rows of one run in the wind tunnel stay together, so that the test asks for runs that were never measured.
    let table = builtin::airfoil_by_run()?;
    let raw = Splitter::new(1)
        .fractions(0.6, 0.2, 0.2)
        .grouped()
        .split(&table)?;
    let (split, _) = raw.scaled_by(&StandardScaler::default())?;
    let (split, unit) = split.with_scaled_targets()?;

    // The pinball loss has an output for each quantile of each target.
    let loss = Loss::Pinball {
        quantiles: vec![0.1, 0.5, 0.9],
    };
    let n_quantiles = loss.outputs_per_target();
    let network = MlpSpec::new([table.n_features(), 32, n_quantiles]).loss(loss);
    let trained = Trainer::new(network)
        .learning_rate(0.003)
        .budget(Budget::Epochs(100))
        .early_stopping(EarlyStopping::patience(10))
        .fit(split.train(), Some(split.validation()))?;

    // The targets were standardized; this brings every quantile back to decibels.
    let mut predicted = trained.model().predict(split.test().features())?;
    unit.invert_quantiles(&mut predicted, n_quantiles)?;

    let measured = raw.test().target().as_values().ok_or("numbers")?;
    println!("measured  predicted from .. to (median)");
    for sample in [0, 50, 100] {
        let range = predicted.column(sample);
        println!(
            "{:7.1}   {:.1} .. {:.1} ({:.1})",
            measured[sample], range[0], range[2], range[1]
        );
    }

    // 80 % should lie between the outer quantiles. On runs that are new it is often less: nothing guarantees it. Where it must hold,
    // `Pipeline` makes intervals from held-out errors: see `regress.rs`.
    let columns = predicted.as_slice().chunks_exact(n_quantiles);
    let covered = columns
        .zip(measured)
        .filter(|(range, truth)| (range[0]..=range[2]).contains(*truth))
        .count();
    let share = 100.0 * covered as f64 / measured.len() as f64;
    println!("{share:.0} % of the test samples lie between their quantiles 0.1 and 0.9");
    Ok(())
}
