//! The experiment on batch sizes: mini-batches of several sizes against the full batch, everything else equal.

use smallbatch_data::BatchSize;
use smallbatch_preprocess::StandardScaler;

use super::arms::{Applies, Arm, Axis, Claim, Experiment, Measure};
use super::cases::{Case, Source};
use super::plan::ExperimentName;
use crate::statistics::Direction;

/// The experiment, long or short.
pub(crate) fn experiment(quick: bool) -> Experiment {
    let case = |source, hidden, epochs, patience| Case {
        source,
        hidden,
        epochs,
        updates: None,
        patience,
        measured: None,
        tuning_seeds: if quick { 4 } else { 6 },
    };
    let mut cases = vec![
        case(Source::Wine, &[32], 5, 20),
        case(Source::Airfoil, &[32, 32], if quick { 15 } else { 25 }, 20),
    ];
    if !quick {
        cases.push(case(Source::Digits, &[64], 3, 20));
        cases.push(Case {
            // An update of the full batch costs 60,000 samples: more of them would take minutes.
            updates: Some(80),
            measured: Some(2048),
            tuning_seeds: 2,
            ..case(Source::Digits100k, &[32], 1, 100)
        });
    }
    Experiment {
        name: ExperimentName::BatchSize,
        question: "How many samples should go into one update?",
        method: "Standardized inputs; the arms differ in the batch size alone. Every run computes on one thread, a full \
                 batch too: spread over p threads it could be up to p times as fast.",
        arms: arms(),
        reference: 1,
        axes: vec![Axis::Epochs, Axis::Updates, Axis::Seconds],
        cases,
        claims: claims(),
    }
}

fn arms() -> Vec<Arm> {
    let arm = |name, batch_size| Arm {
        name,
        scaler: StandardScaler::new().into(),
        scaler_name: "standard",
        batch_size,
    };
    vec![
        arm("batch 16", BatchSize::Mini(16)),
        arm("batch 32", BatchSize::Mini(32)),
        arm("batch 256", BatchSize::Mini(256)),
        arm("full batch", BatchSize::Full),
    ]
}

fn claims() -> Vec<Claim> {
    let claim = |id, text, measure, direction, margin| Claim {
        id,
        text,
        measure,
        first: "full batch",
        second: "batch 32",
        direction,
        margin,
        data: Applies::Everywhere,
    };
    vec![
        claim(
            "minibatch-is-faster",
            "With small batches, training reaches the target loss in far less time than with the full batch.",
            Measure::TimeToTarget,
            Direction::Greater,
            0.1,
        ),
        claim(
            "same-destination",
            "Full batch and mini-batch end at about the same loss: within 5 % of what there is to learn.",
            Measure::FinalLossDifference,
            Direction::Same,
            0.05,
        ),
    ]
}
