//! Chooses the width of a network by cross-validation, with what the choice is worth.
//!
//! Run it with `cargo run --release --example cross_validation`.

use std::error::Error;

use smallbatch::data::{KFolds, Strategy, builtin};
use smallbatch::prelude::*;

const WIDTHS: [usize; 3] = [2, 8, 32];

fn main() -> Result<(), Box<dyn Error>> {
    let table = builtin::wine()?;
    let folds = KFolds::new(&table, 5, 1, Strategy::Stratified)?;
    println!("width  validation loss of each fold          mean   its standard error");
    let mut chosen = (f64::INFINITY, 0);
    for width in WIDTHS {
        let mut losses = Vec::new();
        for split in folds.splits() {
            // Each fold has a scaler of its own: that of all rows would have seen the validation rows.
            let (split, _) = split?.scaled_by(&StandardScaler::default())?;
            let trained = trainer(&table, width).fit(split.train(), None)?;
            losses.push(trained.evaluate(split.validation())?.loss);
        }
        let (mean, error) = mean_and_error(&losses);
        println!("{width:5}  {losses:.4?}  {mean:.4}  {error:.4}");
        if mean < chosen.0 {
            chosen = (mean, width);
        }
    }

    // The lowest of three losses is a little too good, because it was chosen. The test parts had no say in the choice: every sample is
    // in one of them, predicted by a network that did not see it.
    let (_, width) = chosen;
    let mut right = 0.0;
    for split in folds.splits() {
        let (split, _) = split?.scaled_by(&StandardScaler::default())?;
        let test = split.test();
        let trained = trainer(&table, width).fit(split.train(), None)?;
        let accuracy = trained.evaluate(test)?.metrics.accuracy();
        right += accuracy.unwrap_or(f64::NAN) * test.n_samples() as f64;
    }
    let accuracy = right / table.n_samples() as f64;
    println!("width {width}: accuracy {accuracy:.3} on test samples");
    Ok(())
}

fn trainer(table: &Dataset, width: usize) -> Trainer {
    Trainer::new(MlpSpec::new([table.n_features(), width, table.n_outputs()]))
        .learning_rate(0.01)
        .batch_size(BatchSize::Mini(16))
        .budget(Budget::Epochs(40))
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}
