//! Does training slow down once it has succeeded? The last epochs' speed over the first epochs', on data that can be learned.
//!
//! A loss near 0 makes small numbers everywhere: probabilities, deltas, moments. Below 1.2e-38 a processor may take a hundred
//! cycles for each, and benches on targets that cannot be learned never see one.

use std::num::NonZero;

use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smallbatch_benches::turns::{measure, summary};
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Activation, Loss, MlpSpec, OptimizerSpec};
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Session, Silent, Trainer};

const N_FEATURES: usize = 13;
const N_SAMPLES: usize = 2_000;
/// Trained before the last epochs are timed.
const EPOCHS: u64 = 1_000;
/// Timed at a visit.
const TIMED: u64 = 10;
const ROUNDS: usize = 7;
const GOAL: f64 = 0.9;

/// What is learned.
#[derive(Clone, Copy)]
enum Task {
    Classes,
    YesOrNo,
    Numbers,
}

impl Task {
    fn loss(self) -> Loss {
        match self {
            Self::Classes => Loss::softmax_cross_entropy(),
            Self::YesOrNo => Loss::BinaryCrossEntropy,
            Self::Numbers => Loss::MeanSquaredError,
        }
    }

    fn n_outputs(self) -> usize {
        match self {
            Self::Classes => 2,
            Self::YesOrNo | Self::Numbers => 1,
        }
    }

    /// Two groups that a plane separates; a number is the side of it, a little bent.
    fn dataset(self) -> Dataset<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let features = DMatrix::from_fn(N_FEATURES, N_SAMPLES, |feature, sample| {
            let side = if sample % 2 == 0 { 1.5 } else { -1.5 };
            let centre = if feature < 4 { side } else { 0.0 };
            centre + random.random_range(-1.4_f32..1.4)
        });
        let target = match self {
            Self::Classes | Self::YesOrNo => {
                Target::classes((0..N_SAMPLES).map(|sample| sample as u32 % 2).collect())
            }
            Self::Numbers => Target::values(DMatrix::from_fn(1, N_SAMPLES, |_, sample| {
                (0.5 * features[(0, sample)]).tanh() + 0.3 * features[(1, sample)]
            })),
        };
        Dataset::new(features, target).expect("features are finite and both classes occur")
    }
}

/// A training, `TIMED` epochs after `TIMED` epochs.
fn session<'a>(trainer: &Trainer, dataset: &'a Dataset<f32>) -> Session<'a, f32> {
    let mut session = trainer.start(dataset, None).expect("the data fits");
    // The evaluation before the first update.
    session.advance(&mut Silent).expect("it learns");
    session
}

/// The next epochs' speed.
fn next(session: &mut Session<'_, f32>) -> f64 {
    let seconds = |session: &Session<'_, f32>| {
        let last = session.history().last();
        last.map_or(0.0, |record| record.seconds)
    };
    let before = seconds(session);
    session.advance(&mut Silent).expect("it learns");
    (TIMED as usize * N_SAMPLES) as f64 / (seconds(session) - before)
}

fn main() {
    let optimizers = [
        ("SGD", OptimizerSpec::sgd(), 0.5),
        ("momentum", OptimizerSpec::momentum(0.9), 0.05),
        ("Nesterov", OptimizerSpec::nesterov(0.9), 0.05),
        ("RMSprop", OptimizerSpec::rmsprop(), 0.001),
        ("Adam", OptimizerSpec::adam(), 0.003),
        ("AdamW", OptimizerSpec::adamw(0.1), 0.003),
    ];
    let two = [64_usize, 64];
    let eight = [64_usize; 8];
    let networks: [(&str, Task, &[usize], Activation, f64); 5] = [
        ("classes", Task::Classes, &two, Activation::Relu, 1.0),
        ("yes or no", Task::YesOrNo, &two, Activation::Relu, 1.0),
        ("numbers", Task::Numbers, &two, Activation::Relu, 0.1),
        ("deep, ReLU", Task::Classes, &eight, Activation::Relu, 0.1),
        ("deep, tanh", Task::Classes, &eight, Activation::Tanh, 0.1),
    ];
    println!("13-64-64 and, deep, eight layers of 64; batch 32, one thread, {N_SAMPLES} samples");
    println!("thousand samples a second, first {TIMED} epochs and after {EPOCHS}\n");
    println!("network      optimizer      first     last   ratio   loss");
    let mut rows = Vec::new();
    for (name, task, hidden, activation, rate_factor) in networks {
        let dataset = task.dataset();
        let sizes = [&[N_FEATURES], hidden, &[task.n_outputs()]].concat();
        let spec = MlpSpec::new(sizes).activation(activation).loss(task.loss());
        for (optimizer_name, optimizer, rate) in optimizers {
            let trainer = Trainer::new(spec.clone())
                .optimizer(optimizer)
                .learning_rate(rate * rate_factor)
                .batch_size(BatchSize::Mini(32))
                .budget(Budget::Epochs(u64::MAX))
                .evaluation(Evaluation::every(EvaluateEvery::Epochs(TIMED)).training_samples(256))
                .seed(1);
            let mut learned = session(&trainer, &dataset);
            for _ in 0..EPOCHS / TIMED {
                next(&mut learned);
            }
            let speeds = measure(
                &mut [
                    Box::new(|| next(&mut session(&trainer, &dataset))),
                    Box::new(|| next(&mut learned)),
                ],
                ROUNDS,
            );
            let [first, last] = [speeds[0].speed, speeds[1].speed].map(|speed| speed / 1e3);
            let ratio = speeds[1].ratio;
            let loss = learned
                .history()
                .last()
                .map_or(f64::NAN, |r| r.training_loss);
            println!(
                "{name:<12} {optimizer_name:<10} {first:9.0} {last:8.0} {ratio:7.2}   {loss:.1e}"
            );
            rows.push((format!("{name}, {optimizer_name}"), ratio, GOAL));
        }
    }
    println!("\n{}", summary(&rows));
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    println!("on a processor with {cores} cores; medians of {ROUNDS} rounds, in turns");
}
