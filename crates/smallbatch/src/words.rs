//! The names in `docs/words.md` exist: the list below names each of them twice, in a text and in code, and the texts are the page's.

use std::collections::BTreeSet;

use crate::prelude::*;
use crate::{data, pipeline, preprocess, train};

const PAGE: &str = include_str!("../../../docs/words.md");

/// The names of a list, whose code is compiled and not run.
macro_rules! names {
    ($($name:literal: $code:expr;)*) => {{
        let _ = || { $(let _ = $code;)* };
        [$($name),*]
    }};
}

type Numbers = Dataset<f32>;
type Three = Split<f32>;
type Network = Mlp<f32>;

#[test]
fn every_name_of_the_page_exists() {
    let names = names! {
        "Activation::Gelu": Activation::Gelu;
        "Activation::LeakyRelu": Activation::LeakyRelu { slope: 0.01 };
        "Activation::Silu": Activation::Silu;
        "Activation::Tanh": Activation::Tanh;
        "Budget::Epochs": Budget::Epochs;
        "Dataset::cast": Numbers::cast::<f64>;
        "Dataset::from_bytes": Numbers::from_bytes;
        "Dataset::new": Numbers::new;
        "Dataset::with_weights": Numbers::with_weights;
        "EarlyStopping::min_delta": EarlyStopping::min_delta;
        "EarlyStopping::patience": EarlyStopping::patience;
        "FittedScaler::inverse": FittedScaler::inverse::<f32>;
        "FittedScaler::transform": FittedScaler::transform::<f32>;
        "Loss::BinaryCrossEntropy": Loss::BinaryCrossEntropy;
        "Loss::Huber": Loss::Huber { delta: 1.0 };
        "Loss::MeanAbsoluteError": Loss::MeanAbsoluteError;
        "Loss::MeanSquaredError": Loss::MeanSquaredError;
        "Loss::Pinball": Loss::Pinball { quantiles: vec![0.5] };
        "Loss::Poisson": Loss::Poisson;
        "Loss::SoftmaxCrossEntropy": Loss::SoftmaxCrossEntropy { label_smoothing: 0.1, class_weights: None };
        "Loss::softmax_cross_entropy": Loss::softmax_cross_entropy;
        "Loss::weighted_softmax_cross_entropy": Loss::weighted_softmax_cross_entropy([1.0]);
        "MinMaxScaler::new": MinMaxScaler::new;
        "Mlp::fold_input_scaling": Network::fold_input_scaling;
        "Mlp::from_safetensors": Network::from_safetensors;
        "Mlp::loss_and_gradient": Network::loss_and_gradient;
        "Mlp::n_parameters": Network::n_parameters;
        "Mlp::parameters": Network::parameters;
        "Mlp::predict": |model: Network, data: Numbers| model.predict(data.features());
        "Mlp::train_step": Network::train_step;
        "MlpSpec::activation": MlpSpec::activation;
        "MlpSpec::dropout": MlpSpec::dropout;
        "MlpSpec::initializer": MlpSpec::initializer;
        "MlpSpec::loss": MlpSpec::loss;
        "MlpSpec::new": MlpSpec::new([13, 3]);
        "OptimizerSpec::adam": OptimizerSpec::adam;
        "OptimizerSpec::adamw": OptimizerSpec::adamw;
        "OptimizerSpec::clip_norm": OptimizerSpec::clip_norm;
        "OptimizerSpec::momentum": OptimizerSpec::momentum;
        "OptimizerSpec::nesterov": OptimizerSpec::nesterov;
        "OptimizerSpec::rmsprop": OptimizerSpec::rmsprop;
        "OptimizerSpec::sgd": OptimizerSpec::sgd;
        "OptimizerSpec::weight_decay": OptimizerSpec::weight_decay;
        "Pipeline::cross_validate": Pipeline::cross_validate;
        "Pipeline::fit": Pipeline::fit;
        "Pipeline::load": |file: &str| Pipeline::load(file);
        "Pipeline::save": |model: Pipeline, file: &str| model.save(file);
        "RobustScaler::new": RobustScaler::new;
        "Schedule::Exponential": |every| Schedule::Exponential { every, factor: 0.5 };
        "Schedule::Step": |every| Schedule::Step { every, factor: 0.5 };
        "Schedule::cosine": Schedule::cosine;
        "Schedule::one_cycle": Schedule::one_cycle;
        "Schedule::reduce_on_plateau": Schedule::reduce_on_plateau;
        "Split::scaled_by": |split: Three| split.scaled_by(&StandardScaler::new());
        "Split::with_scaled_targets": Three::with_scaled_targets;
        "Splitter::fractions": Splitter::fractions;
        "Splitter::grouped": Splitter::grouped;
        "Splitter::new": Splitter::new;
        "Splitter::split": Splitter::split::<f32>;
        "Splitter::stratified": Splitter::stratified;
        "StandardScaler::new": StandardScaler::new;
        "TableReader::kind": |reader: TableReader, kind| reader.kind("colour", kind);
        "TableReader::schema": TableReader::schema;
        "TableReader::time": |reader: TableReader| reader.time("day");
        "Target::balanced_class_weights": Target::<f32>::balanced_class_weights;
        "Trained::confusion_matrix": Trained::<f32>::confusion_matrix;
        "Trained::evaluate": Trained::<f32>::evaluate;
        "Trained::history": Trained::<f32>::history;
        "Trainer::batch_size": Trainer::batch_size;
        "Trainer::budget": Trainer::budget;
        "Trainer::early_stopping": Trainer::early_stopping;
        "Trainer::fit": |trainer: Trainer, split: Three| trainer.fit(split.train(), None);
        "Trainer::fit_observed": |trainer: Trainer, split: Three| trainer.fit_observed(split.train(), None, &mut train::Silent);
        "Trainer::fit_saved": |trainer: Trainer, split: Three, kept: train::Checkpoints| {
            trainer.fit_saved(split.train(), None, &mut train::Silent, &kept).err()
        };
        "Trainer::learning_rate": Trainer::learning_rate;
        "Trainer::optimizer": Trainer::optimizer;
        "Trainer::resume": |saved, split: Three| Trainer::resume(saved, split.train(), None).err();
        "Trainer::seed": Trainer::seed;
        "Trainer::start_from": |trainer: Trainer, model: Network, split: Three| trainer.start_from(model, split.train(), None).err();
        "Trainer::threads": Trainer::threads;
        "data::Batches::new": data::Batches::<f32>::new;
        "data::KFolds::new": data::KFolds::<f32>::new;
        "data::KFolds::splits": |folds: data::KFolds<'_, f32>| folds.splits().count();
        "data::RowFileWriter": |folder: &str| data::RowFileWriter::<f32>::new(folder);
        "data::Strategy::Grouped": data::Strategy::Grouped;
        "data::Strategy::Stratified": data::Strategy::Stratified;
        "data::TargetScaler::invert": data::TargetScaler::invert::<f32>;
        "data::TargetScaler::invert_quantiles": data::TargetScaler::invert_quantiles::<f32>;
        "metrics::accuracy": |p: &Numbers| metrics::accuracy(p.features(), &[], None);
        "metrics::argmax": |p: &Numbers| metrics::argmax(p.features());
        "metrics::log_loss": |p: &Numbers| metrics::log_loss(p.features(), &[], None);
        "metrics::macro_f1": |p: &Numbers| metrics::macro_f1(p.features(), &[], None);
        "metrics::mae": |p: &Numbers| metrics::mae(p.features(), p.features(), None);
        "metrics::r2": |p: &Numbers| metrics::r2(p.features(), p.features(), None);
        "metrics::roc_auc": |p: &Numbers| metrics::roc_auc(p.features(), &[], None);
        "pipeline::Encoder": size_of::<pipeline::Encoder>();
        "preprocess::MaxAbsScaler::new": preprocess::MaxAbsScaler::new;
        "preprocess::QuantileTransformer::new": preprocess::QuantileTransformer::new;
        "train::Error::Diverged": |what| train::Error::Diverged(what);
        "train::Observer": |mut observer: train::Silent, plan| train::Observer::on_start(&mut observer, plan);
        "train::RangeTest::run": |test: train::RangeTest, trainer: &Trainer, split: Three| test.run(trainer, split.train());
        "train::RateBy": train::RateBy(|_: u64, scheduled: f64| scheduled);
        "train::Session::checkpoint": train::Session::<f32>::checkpoint;
    };
    let written: BTreeSet<&str> = PAGE
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            // The word elsewhere, ours, and a note.
            let [_, ours, note] = cells[..] else {
                return None;
            };
            Some([ours, note])
        })
        .flatten()
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| name.contains("::"))
        .collect();
    assert_eq!(written, BTreeSet::from(names));
}
