//! Predicts two numbers at once, each in its own unit: one network, two outputs.
//!
//! Run it with `cargo run --release --example multi_output`.

use std::error::Error;

use smallbatch::data::builtin;
use smallbatch::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    // Samples are columns, so a feature is a row. Of five measured quantities and a sound pressure, the last two become the targets.
    let table = builtin::airfoil()?;
    let pressure = table.target().as_values().ok_or("a pressure is a number")?;
    let mut targets = pressure.clone().insert_row(1, 0.0);
    targets.set_row(1, &table.features().row(4));
    let names = vec!["sound pressure, dB".into(), "displacement, m".into()];
    let target = Target::Values {
        values: targets,
        names,
    };
    let table = Dataset::new(table.features().clone().remove_row(4), target)?;

    // One target is around 125, the other around 0.01. The loss is the mean over both, so unscaled it would see the first alone.
    let raw = Splitter::new(1).fractions(0.6, 0.2, 0.2).split(&table)?;
    let (split, _) = raw.scaled_by(&StandardScaler::default())?;
    let (split, units) = split.with_scaled_targets()?;

    let network =
        MlpSpec::new([table.n_features(), 32, 32, table.n_outputs()]).loss(Loss::MeanSquaredError);
    let trained = Trainer::new(network)
        .learning_rate(0.003)
        .budget(Budget::Epochs(60))
        .early_stopping(EarlyStopping::patience(10))
        .fit(split.train(), Some(split.validation()))?;

    // Predictions go back to the targets' units, and are compared with the targets as they were measured.
    let mut predicted = trained.model().predict(split.test().features())?;
    units.invert(&mut predicted)?;
    let measured = raw.test().target().as_values().ok_or("numbers")?;
    for (output, name) in raw.test().target().names().iter().enumerate() {
        let (of, truth) = (predicted.rows(output, 1), measured.rows(output, 1));
        let error = metrics::rmse(&of.into_owned(), &truth.into_owned(), None)?;
        println!(
            "{name}: error {error:.4}; always the mean {:.4}",
            units.scale()[output]
        );
    }
    Ok(())
}
