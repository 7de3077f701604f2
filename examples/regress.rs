//! Predicts the fuel consumption of cars: a regression on a CSV file, with the error in miles per gallon.
//!
//! Run it with `cargo run --release --example regress`, or with a file of your own whose last column is a number:
//! `cargo run --release --example regress -- houses.csv`.

use std::error::Error;

use smallbatch::data::{Table, Task};
use smallbatch::prelude::*;
use smallbatch::train::metrics;

/// 392 cars: displacement, horse power, weight, acceleration, model year, and miles per gallon.
const CARS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/data/auto_mpg.csv");

/// Cars that are not in the file. Columns are found by name, in any order.
const NEW: &str = "\
model_year,weight,horse_power,displacement,acceleration
70,4100,165,350,11
82,2100,70,98,17
";

fn main() -> Result<(), Box<dyn Error>> {
    let own = std::env::args().nth(1);
    let table = Table::read_path(own.as_deref().unwrap_or(CARS))?;

    // The schema says which columns are features, and reads later tables in the same way.
    let schema = TableReader::new().task(Task::Regression).schema(&table)?;
    let dataset: Dataset = schema.dataset(&table)?;
    let raw = Splitter::new(3).split(&dataset)?;

    // Inputs and target are standardized by the training part. The network then predicts deviations from the mean,
    // and one learning rate serves targets in any unit.
    let (split, scaler) = raw.scaled_by(&StandardScaler::default())?;
    let (split, target_scaler) = split.with_scaled_targets()?;

    let network = MlpSpec::new([dataset.n_features(), 32, 1]).loss(Loss::MeanSquaredError);
    let trained = Trainer::new(network)
        .learning_rate(0.003)
        .batch_size(BatchSize::Mini(32))
        .budget(Budget::Epochs(300))
        .early_stopping(EarlyStopping::patience(20))
        .seed(3)
        .fit(split.train(), Some(split.validation()))?;

    // Predictions of the test part, back in the target's own unit, against the numbers of the file.
    let truth = raw
        .test()
        .target()
        .as_values()
        .ok_or("the target is a number")?;
    let mut predicted = trained.model().predict(split.test().features().as_view())?;
    target_scaler.invert(&mut predicted)?;
    let error = metrics::mae(predicted.as_view(), truth.as_view(), None)?;

    // What the error is worth shows beside the simplest prediction: always the training mean.
    predicted.fill(target_scaler.mean()[0] as f32);
    let error_of_mean = metrics::mae(predicted.as_view(), truth.as_view(), None)?;
    println!("{}: mean absolute error on the test part", schema.target());
    println!("  the network          {error:.2}");
    println!("  always the mean      {error_of_mean:.2}");

    // New rows are scaled by the statistics of the training part, never by their own.
    if own.is_none() {
        let cars = Table::read(NEW.as_bytes())?;
        let features = scaler.transform(&schema.features::<f32>(&cars)?)?;
        let mut consumption = trained.model().predict(features.as_view())?;
        target_scaler.invert(&mut consumption)?;
        for (car, mpg) in consumption.iter().enumerate() {
            println!("new car {}: {mpg:.1} {}", car + 1, schema.target());
        }
    }
    Ok(())
}
