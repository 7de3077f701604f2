//! Averages the probabilities of networks that differ in their seed alone: the cheapest way to a lower loss.
//!
//! Run it with `cargo run --release --example ensemble`.

use std::error::Error;

use smallbatch::data::builtin;
use smallbatch::prelude::*;

const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

fn main() -> Result<(), Box<dyn Error>> {
    let table = builtin::digits()?;
    let raw = Splitter::new(1).stratified().split(&table)?;
    let (split, _) = raw.scaled_by(&StandardScaler::default())?;
    let labels = split.test().target().labels().ok_or("digits are classes")?;

    // The seed decides the first weights and the order of the samples. One thread a network; the bits do not depend on that.
    let trainer = Trainer::new(MlpSpec::new([64, 24, 10]))
        .learning_rate(0.003)
        .budget(Budget::Epochs(30))
        .early_stopping(EarlyStopping::patience(5));
    let train = |seed| {
        let trainer = trainer.clone().seed(seed);
        trainer.fit(split.train(), Some(split.validation()))
    };
    let networks = std::thread::scope(|scope| {
        let threads = SEEDS.map(|seed| scope.spawn(move || train(seed)));
        threads.map(|thread| thread.join().map_err(|_| "a training panicked"))
    });

    let mut probabilities = Vec::new();
    println!("        log-loss  accuracy");
    for (network, seed) in networks.into_iter().zip(SEEDS) {
        let of_one = network??.model().predict(split.test().features())?;
        let loss = metrics::log_loss(&of_one, labels, None)?;
        let accuracy = metrics::accuracy(&of_one, labels, None)?;
        println!("seed {seed}    {loss:.4}     {accuracy:.3}");
        probabilities.push(of_one);
    }

    // Probabilities are averaged, not classes: a network that is unsure then has less say.
    let n = probabilities.len() as f32;
    let sum = probabilities.into_iter().reduce(|sum, next| sum + next);
    let mean = sum.ok_or("there are networks")? / n;
    let loss = metrics::log_loss(&mean, labels, None)?;
    let accuracy = metrics::accuracy(&mean, labels, None)?;
    println!("all {n}     {loss:.4}     {accuracy:.3}");
    Ok(())
}
