//! Reads 70,000 handwritten digits and trains the textbook's network on them: 784 inputs, 800 hidden units, 10 classes.
//!
//! Fetch them with `smallbatch data mnist`, then `cargo run --release --example mnist -- data/mnist`. It takes some minutes, and about
//! 1.5 % of the 10,000 test digits come out wrong.

use std::error::Error;
use std::path::Path;

use smallbatch::data::{Target, read_labelled_idx};
use smallbatch::prelude::*;
use smallbatch::train::{Period, metrics};

/// Epochs, where none are given as the second argument.
const EPOCHS: u64 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("name the folder, such as data/mnist")?;
    let epochs = arguments
        .next()
        .map_or(Ok(EPOCHS), |epochs| epochs.parse())?;
    let folder = Path::new(&folder);

    // The pixels stay bytes, and are scaled to 0..1 as batches are made.
    let training: Dataset = read_labelled_idx(folder.join("train-images-idx3-ubyte"))?;
    let test: Dataset = read_labelled_idx(folder.join("t10k-images-idx3-ubyte"))?;
    let last: Vec<usize> = (55_000..training.n_samples()).collect();
    let first: Vec<usize> = (0..55_000).collect();
    let (train, validation) = (training.subset(&first)?, training.subset(&last)?);
    let split = Split::from_parts(train, validation, test)?;
    let (split, _) = split.scaled_on_read_by(&MinMaxScaler::default())?;

    let trained = Trainer::new(MlpSpec::new([784, 800, 10]).dropout(0.3))
        .optimizer(OptimizerSpec::adam().weight_decay(0.01))
        .learning_rate(0.001)
        .schedule(Schedule::cosine(Period::Epochs(1)))
        .batch_size(BatchSize::Mini(64))
        .budget(Budget::Epochs(epochs))
        .evaluation(Evaluation::default())
        .automatic_threads()
        .fit(split.train(), Some(split.validation()))?;
    for record in trained.history().records() {
        let validation = record.validation_loss.unwrap_or(f64::NAN);
        println!(
            "epoch {:>4}: training {:.4}, validation {validation:.4}, {:.0} s",
            record.epoch, record.training_loss, record.seconds
        );
    }

    let Target::Classes { labels, .. } = split.test().target() else {
        return Err("digits are classes".into());
    };
    let probabilities = trained.model().predict(split.test().features().as_view())?;
    let accuracy = metrics::accuracy(probabilities.as_view(), labels, None)?;
    println!(
        "{:.2} % of the test digits come out wrong",
        100.0 * (1.0 - accuracy)
    );
    Ok(())
}
