//! What options cost: the speed with an option over the speed without it, in turns. And what is the default over what these
//! benches do, which leave evaluations out.

use std::time::Instant;

use smallbatch_benches::turns::{Visit, measure, summary};
use smallbatch_benches::{CASES, Case};
use smallbatch_data::{BatchSize, Dataset, builtin};
use smallbatch_mlp::{Activation, MlpSpec, OptimizerSpec};
use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Trainer};

const ROUNDS: usize = 9;

/// One training with an option, and what it must reach of the first one's speed.
struct Variant {
    name: &'static str,
    trainer: Trainer,
    goal: f64,
}

fn variant(name: &'static str, trainer: Trainer, goal: f64) -> Variant {
    Variant {
        name,
        trainer,
        goal,
    }
}

fn base(spec: MlpSpec, learning_rate: f64, epochs: u64) -> Trainer {
    Trainer::new(spec)
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(learning_rate)
        .batch_size(BatchSize::Mini(32))
        .budget(Budget::Epochs(epochs))
        .seed(1)
}

/// As the other benches train: nothing is evaluated but a sample, before and after.
fn unwatched(trainer: Trainer) -> Trainer {
    trainer.evaluation(Evaluation::every(EvaluateEvery::Updates(u64::MAX)).training_samples(1))
}

/// The whole `fit`'s speed, evaluations included.
fn visit<'a>(trainer: &'a Trainer, dataset: &'a Dataset<f32>, epochs: u64) -> Visit<'a> {
    Box::new(move || {
        let begun = Instant::now();
        trainer.fit(dataset, None).expect("it learns");
        (epochs as usize * dataset.n_samples()) as f64 / begun.elapsed().as_secs_f64()
    })
}

fn table(
    title: &str,
    dataset: &Dataset<f32>,
    epochs: u64,
    variants: &[Variant],
    rows: &mut Vec<(String, f64, f64)>,
) {
    println!("\n{title}, batch 32, one thread          thousand/s   ratio   goal");
    let mut visits: Vec<Visit<'_>> = variants
        .iter()
        .map(|variant| visit(&variant.trainer, dataset, epochs))
        .collect();
    for (index, (variant, speed)) in variants
        .iter()
        .zip(measure(&mut visits, ROUNDS))
        .enumerate()
    {
        let goal = if index == 0 || variant.goal == 0.0 {
            String::new()
        } else {
            rows.push((
                format!("{title}, {}", variant.name),
                speed.ratio,
                variant.goal,
            ));
            format!("{:7.2}", variant.goal)
        };
        println!(
            "  {:<46} {:10.0} {:7.2}{goal}",
            variant.name,
            speed.speed / 1e3,
            speed.ratio
        );
    }
}

fn tabular(case: &Case, rows: &mut Vec<(String, f64, f64)>) {
    const EPOCHS: u64 = 5;
    let (spec, rate) = (case.spec(), case.learning_rate);
    let plain = || unwatched(base(spec.clone(), rate, EPOCHS));
    let with = |spec: MlpSpec| unwatched(base(spec, rate, EPOCHS));
    let of = |activation| with(spec.clone().activation(activation));
    let dropout = |probability| with(spec.clone().dropout(probability));
    let variants = [
        variant("ReLU, SGD", plain(), 0.0),
        variant("dropout 0.1", dropout(0.1), 0.8),
        variant("dropout 0.5", dropout(0.5), 0.8),
        variant("GELU", of(Activation::Gelu), 0.75),
        variant("softplus", of(Activation::Softplus), 0.75),
        variant("SiLU", of(Activation::Silu), 0.0),
        variant("tanh", of(Activation::Tanh), 0.0),
        variant("sigmoid", of(Activation::Sigmoid), 0.0),
        variant("ELU", of(Activation::elu()), 0.0),
        variant(
            "tanh, dropout 0.1",
            with(spec.clone().activation(Activation::Tanh).dropout(0.1)),
            0.0,
        ),
        variant(
            "clipped by norm",
            plain().optimizer(OptimizerSpec::sgd().clip_norm(0.1)),
            0.0,
        ),
    ];
    table("13-64-64-3", &case.dataset(), EPOCHS, &variants, rows);
}

fn mnist(case: &Case, rows: &mut Vec<(String, f64, f64)>) {
    const EPOCHS: u64 = 1;
    let dataset = case.dataset();
    let (spec, rate) = (case.spec(), case.learning_rate);
    for (name, optimizer, rate) in [
        ("784-128-10, SGD", OptimizerSpec::sgd(), rate),
        ("784-128-10, Adam", OptimizerSpec::adam(), 1e-3),
    ] {
        let with = |optimizer| unwatched(base(spec.clone(), rate, EPOCHS)).optimizer(optimizer);
        let variants = [
            variant("not clipped", with(optimizer), 0.0),
            variant("clipped by norm", with(optimizer.clip_norm(0.1)), 0.85),
        ];
        table(name, &dataset, EPOCHS, &variants, rows);
    }
}

fn defaults(
    name: &str,
    spec: MlpSpec,
    dataset: &Dataset<f32>,
    epochs: u64,
    rows: &mut Vec<(String, f64, f64)>,
) {
    let variants = [
        variant(
            "nothing evaluated",
            unwatched(base(spec.clone(), 0.01, epochs)),
            0.0,
        ),
        variant("the default", base(spec, 0.01, epochs), 0.95),
    ];
    table(name, dataset, epochs, &variants, rows);
}

fn main() {
    let mut rows = Vec::new();
    tabular(&CASES[1], &mut rows);
    mnist(&CASES[2], &mut rows);
    let wine = builtin::wine().expect("it is built in");
    let few: Vec<usize> = (0..107).map(|place| place * 178 / 107).collect();
    let few = wine.subset(&few).expect("so many rows are there");
    let fitted = StandardScaler::new().fit(&FitData::new(few.features()));
    let few = few.scaled(&fitted.expect("every column varies"));
    let few = few.and_then(|few| few.cast()).expect("numbers near 1");
    defaults(
        "13-32-3, 107 samples",
        MlpSpec::new([13, 32, 3]),
        &few,
        200,
        &mut rows,
    );
    defaults(
        "13-64-64-3",
        CASES[1].spec(),
        &CASES[1].dataset(),
        10,
        &mut rows,
    );
    defaults(
        "784-128-10",
        CASES[2].spec(),
        &CASES[2].dataset(),
        5,
        &mut rows,
    );
    println!("\n{}; medians of {ROUNDS} rounds, in turns", summary(&rows));
}
