//! Tells malignant from benign tumours: a whole classification, from the table to a saved model.
//!
//! Run it with `cargo run --release --example classify`.

use std::error::Error;
use std::fs;

use smallbatch::data::builtin;
use smallbatch::prelude::*;
use smallbatch::train::metrics;

fn main() -> Result<(), Box<dyn Error>> {
    // 569 patients, 30 measurements each. A table of your own comes from a file: see `regress.rs`.
    let table = builtin::breast_cancer()?;
    println!(
        "{} rows, {} features, classes {:?}",
        table.n_samples(),
        table.n_features(),
        table.target().names()
    );

    // Three parts with the same share of each class. The mean and the deviation of each feature come from the training
    // part alone, and scale all three.
    let raw = Splitter::new(1)
        .fractions(0.6, 0.2, 0.2)
        .stratified()
        .split(&table)?;
    let (split, scaler) = raw.scaled_by(&StandardScaler::default())?;

    // Each update sees 32 samples. Training stops when the validation loss has not fallen for 10 epochs, and goes back
    // to the best weights.
    let network = MlpSpec::new([table.n_features(), 32, table.n_outputs()]);
    let trained = Trainer::new(network)
        .optimizer(OptimizerSpec::adam())
        .learning_rate(0.003)
        .batch_size(BatchSize::Mini(32))
        .budget(Budget::Epochs(200))
        .early_stopping(EarlyStopping::patience(10))
        .seed(1)
        .fit(split.train(), Some(split.validation()))?;
    let best = trained.record();
    println!(
        "best after {} epochs: validation loss {:.3} ({})",
        best.epoch,
        best.validation_loss.unwrap_or(f64::NAN),
        trained.outcome()
    );

    // The test part was not looked at until now. Its labels are numbers: places in the list of classes.
    let labels = split
        .test()
        .target()
        .labels()
        .ok_or("the target has classes")?;
    let probabilities = trained.model().predict(split.test().features().as_view())?;
    let accuracy = metrics::accuracy(probabilities.as_view(), labels, None)?;
    let area = metrics::roc_auc(probabilities.as_view(), labels, None)?;
    println!("test accuracy {accuracy:.3}, area under the ROC curve {area:.3}");

    // A model is of no use without its scaler, so both go into one file.
    let file = std::env::temp_dir().join(format!("classify-{}.json", std::process::id()));
    fs::write(&file, serde_json::to_string(&(trained.model(), &scaler))?)?;

    // Later, in another program: read both, and predict patients as they were measured.
    let (model, scaler): (Mlp<f32>, FittedScaler) =
        serde_json::from_str(&fs::read_to_string(&file)?)?;
    fs::remove_file(&file)?;
    let measured = raw.test().features();
    let again = model.predict(scaler.transform(measured)?.as_view())?;
    for (class, probability) in table.target().names().iter().zip(again.column(0).iter()) {
        println!("first patient, {class}: probability {probability:.3}");
    }
    println!(
        "the saved model predicts the same: {}",
        again == probabilities
    );
    Ok(())
}
