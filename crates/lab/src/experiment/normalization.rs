//! The experiment on normalization: six ways to scale the inputs, everything else equal.

use smallbatch_data::BatchSize;
use smallbatch_preprocess::{
    AnyScaler, Centering, MinMaxScaler, PerSample, RobustScaler, Scaling, StandardScaler,
};

use super::arms::{Applies, Arm, Axis, Claim, Experiment, Measure};
use super::cases::{Case, Source};
use super::plan::ExperimentName;
use crate::statistics::Direction;

/// The batch size of every arm.
const BATCH: usize = 32;

/// The experiment, long or short.
///
/// Epochs are not among its budgets: every arm has the same batch size, so equal updates *are* equal epochs, and the
/// line would only repeat the one above.
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
        case(Source::TwoInputs, &[16], 2, 10),
        case(Source::Wine, &[32], 5, 10),
        case(Source::Airfoil, &[32, 32], if quick { 15 } else { 25 }, 10),
    ];
    if !quick {
        cases.push(case(Source::Digits, &[64], 3, 10));
        cases.push(Case {
            measured: Some(2048),
            tuning_seeds: 2,
            ..case(Source::Digits100k, &[32], 1, 5)
        });
    }
    Experiment {
        name: ExperimentName::Normalization,
        question: "Does it matter how the inputs are scaled, and which part of standardizing helps?",
        method: "Each arm scales the inputs in another way, fitted on the training part; targets that are numbers are \
                 standardized in all of them. Batches of 32, so that equal updates are equal epochs, and epochs are \
                 not listed beside them.",
        arms: arms(),
        reference: 2,
        axes: vec![Axis::Updates, Axis::Seconds],
        cases,
        claims: claims(),
    }
}

fn arms() -> Vec<Arm> {
    let arm = |name, scaler_name, scaler| Arm {
        name,
        scaler,
        scaler_name,
        batch_size: BatchSize::Mini(BATCH),
    };
    vec![
        arm("raw", "none", AnyScaler::Identity),
        arm(
            "centred",
            "centre",
            StandardScaler::new().scaling(Scaling::None).into(),
        ),
        arm(
            "standardized",
            "standard",
            StandardScaler::new().centering(Centering::Mean).into(),
        ),
        arm("per-sample", "per sample", PerSample::new().into()),
        arm("min-max", "min-max", MinMaxScaler::new().into()),
        arm("robust", "robust", RobustScaler::new().into()),
    ]
}

fn claims() -> Vec<Claim> {
    let ratio = |id, text, measure, first, data| Claim {
        id,
        text,
        measure,
        first,
        second: "standardized",
        direction: Direction::Greater,
        margin: 0.1,
        data,
    };
    vec![
        ratio(
            "scale-mismatch-hurts",
            "When the inputs differ widely in scale, training on raw inputs goes badly.",
            Measure::FinalLossRatio,
            "raw",
            Applies::MismatchedScales,
        ),
        ratio(
            "standardize-speeds-training",
            "Standardizing each feature reaches the same loss in fewer updates and less time.",
            Measure::TimeToTarget,
            "raw",
            Applies::Everywhere,
        ),
        ratio(
            "across-features-does-not-help",
            "Normalizing over the features of one sample does not give what standardizing each feature gives.",
            Measure::FinalLossRatio,
            "per-sample",
            Applies::ManyFeatures,
        ),
        Claim {
            second: "centred",
            ..ratio(
                "centering-alone",
                "Subtracting the mean gives part of the gain.",
                Measure::FinalLossRatio,
                "raw",
                Applies::Everywhere,
            )
        },
        ratio(
            "centering-alone",
            "Dividing by the deviation gives the rest of the gain.",
            Measure::FinalLossRatio,
            "centred",
            Applies::Everywhere,
        ),
    ]
}
