//! What the page about a table shows: an advice, and what was predicted of rows held out, as plain records.

mod predictions;

use std::fmt::Display;

use smallbatch_data::{BatchSize, Task};
use smallbatch_evidence::Verdict;
use smallbatch_pipeline::{Line, Measures, NetworkRecipe, Recipe, RecipeOptimizer};
use smallbatch_preprocess::AnyScaler;
use smallbatch_report::{
    AdviceCurve, AdviceLoss, AdvicePage, AdviceWay, Expectation, number, round_number,
};

use crate::advice::{Advice, Conclusion, Judged, Way};
use crate::{Advised, words};

/// The page, with what is expected of a table like this one.
pub(crate) fn page(advised: &Advised, expected: Result<Vec<Expectation>, String>) -> AdvicePage {
    let advice = &advised.advice;
    let measures = match advice.task {
        Task::Classification => ["right", "balanced", "AUC"],
        Task::Regression => ["explained", "RMSE", "MAE"],
    };
    let compared = [Way::Found, Way::Raw, Way::FullBatch, Way::Default];
    let curves = compared.iter().filter_map(|way| advice.judged(*way));
    let line = advice.judged(Way::Line);
    AdvicePage {
        program: advice.program.clone(),
        data: advice.data.clone(),
        target: advice.target.clone(),
        headline: advice.headline.clone(),
        facts: words::facts(advice),
        notes: advice.notes.clone(),
        measures: measures.map(str::to_owned).to_vec(),
        ways: advice.judged.iter().map(|of| way(advice, of)).collect(),
        lesson: lesson(advice),
        curves: curves.map(|judged| curve(advice, judged)).collect(),
        line_loss: line.and_then(|line| Some(line.scores.as_ref()?.relative_loss())),
        predictions: predictions::predictions(advised),
        importance: advice.importance.clone(),
        expected,
        tried_columns: TRIED.map(str::to_owned).to_vec(),
        tried: advice.tried.iter().filter_map(tried).collect(),
        method: method(advised),
    }
}

fn way(advice: &Advice, judged: &Judged) -> AdviceWay {
    let measures = match judged.scores.as_ref().map(|scores| &scores.measures) {
        Some(Measures::Classes {
            accuracy,
            balanced_accuracy,
            auc,
            ..
        }) => vec![
            words::percent(*accuracy),
            words::percent(*balanced_accuracy),
            auc.map(|auc| format!("{auc:.3}")).unwrap_or_default(),
        ],
        Some(Measures::Numbers { rmse, mae, r2 }) => {
            vec![explained(*r2), number(*rmse), number(*mae)]
        }
        None => Vec::new(),
    };
    let gain = advice.gain(judged.way, Way::Found);
    let times = match (judged.way, gain) {
        (Way::Found, _) => Some((1.0, Some(1.0), Some(1.0))),
        (_, Some(gain)) => gain.ratio.map(|ratio| (ratio, gain.low, gain.high)),
        (_, None) => None,
    };
    AdviceWay {
        name: words::title(judged.way).into(),
        is_advised: judged.way == advice.advised() && advice.conclusion != Conclusion::CannotTell,
        recipe: judged.recipe.as_ref().map(recipe).unwrap_or_default(),
        times,
        is_open: times.is_some()
            && gain.is_some_and(|gain| matches!(gain.verdict, Verdict::Inconclusive { .. })),
        measures,
        remark: match judged.diverged {
            0 => String::new(),
            n => format!("diverged in {n} of {} folds", advice.folds),
        },
    }
}

fn recipe(recipe: &Recipe) -> String {
    let rounded = match recipe {
        Recipe::Line(line) => {
            let penalty = round_number(line.penalty).parse().unwrap_or(line.penalty);
            Recipe::Line(Line { penalty, ..*line })
        }
        Recipe::Network(_) => recipe.clone(),
    };
    let text = rounded.to_string();
    text.strip_prefix("a ").unwrap_or(&text).to_owned()
}

/// The share of the variance that is explained, where there is one.
fn explained(r2: f64) -> String {
    if r2 < -1.0 {
        return "none".into();
    }
    words::percent(r2)
}

/// What raw inputs and the full batch did, and at which rates.
fn lesson(advice: &Advice) -> Vec<String> {
    let network = |way| match advice.judged(way)?.recipe.as_ref()? {
        Recipe::Network(network) => Some(network),
        Recipe::Line(_) => None,
    };
    let Some(found) = network(Way::Found) else {
        return vec!["No network was found whose training did not diverge.".into()];
    };
    let mut sentences = vec![format!(
        "The network found {} and trains {} at a rate of {}",
        inputs(&found.scaler),
        batches(found),
        round_number(found.learning_rate)
    )];
    let changed = [
        (Way::Raw, "on raw inputs the same network"),
        (Way::FullBatch, "with the full batch the same network"),
    ];
    for (way, name) in changed {
        let rate = network(way).map(|network| round_number(network.learning_rate));
        if let (Some(cost), Some(rate)) = (words::cost(advice, way, name), rate) {
            sentences.push(format!("{cost}; of three rates {rate} was best"));
        }
    }
    sentences
}

/// What a network does with its inputs.
fn inputs(scaler: &AnyScaler) -> &'static str {
    match scaler {
        AnyScaler::Identity => "takes raw inputs",
        AnyScaler::Standard(_) => "standardizes its inputs",
        AnyScaler::Robust(_) => "scales its inputs by median and quartiles",
        AnyScaler::SmoothClip(_) => {
            "scales its inputs by median and quartiles, with outliers clipped,"
        }
        AnyScaler::Quantile(_) => "maps its inputs to a normal distribution by their quantiles",
        _ => "scales its inputs",
    }
}

fn batches(network: &NetworkRecipe) -> String {
    match network.batch_size {
        BatchSize::Full => "with the full batch".into(),
        BatchSize::Mini(size) => format!("in batches of {size}"),
    }
}

/// Losses as shares of the constant's. The training batches' loss is by the network's own measure: of numbers, or of their logarithms, in
/// units of their variance.
fn curve(advice: &Advice, judged: &Judged) -> AdviceCurve {
    let constant = advice.judged.iter().find_map(|of| of.scores.as_ref());
    let constant = constant.map_or(1.0, |scores| scores.constant_loss);
    let unit = match advice.task {
        Task::Classification => constant,
        Task::Regression => 1.0,
    };
    let points = judged.curve.iter();
    AdviceCurve {
        name: words::title(judged.way).into(),
        points: points
            .map(|(epoch, own, held_out)| AdviceLoss {
                epoch: *epoch,
                training: own / unit,
                held_out: held_out / constant,
            })
            .collect(),
        best: judged.epoch,
    }
}

/// The columns of what was tried.
const TRIED: [&str; 10] = [
    "#loss",
    "#folds",
    "inputs",
    "#batch",
    "hidden",
    "optimizer",
    "#rate",
    "#epochs",
    "#decay",
    "#dropout",
];

fn tried(tried: &crate::TriedRecipe) -> Option<Vec<String>> {
    let Recipe::Network(network) = &tried.recipe else {
        return None;
    };
    let or_none = |share: f64| match share {
        0.0 => "–".into(),
        share => round_number(share),
    };
    Some(vec![
        tried
            .relative_loss
            .map_or_else(|| "diverged".into(), number),
        tried.folds.to_string(),
        network.scaler.name().to_string(),
        match network.batch_size {
            BatchSize::Full => "full".into(),
            BatchSize::Mini(size) => size.to_string(),
        },
        joined(&network.hidden),
        match network.optimizer {
            RecipeOptimizer::Sgd => "plain descent".into(),
            RecipeOptimizer::Momentum => "momentum".into(),
            RecipeOptimizer::AdamW => "AdamW".into(),
        },
        round_number(network.learning_rate),
        network.epochs.to_string(),
        or_none(network.weight_decay),
        or_none(network.dropout),
    ])
}

fn joined(sizes: &[impl Display]) -> String {
    let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
    sizes.join(" · ")
}

fn method(advised: &Advised) -> Vec<(String, String)> {
    let advice = &advised.advice;
    let n = advice.folds;
    let copies = match advice.copies {
        0 => String::new(),
        1 => " 1 row has the inputs of an earlier one.".into(),
        copies => format!(" {copies} rows have the inputs of an earlier one."),
    };
    let loss = match advice.task {
        Task::Classification => {
            "the log loss: minus the logarithm of the probability of a row's class"
        }
        Task::Regression => "the squared error",
    };
    let errors = match advice.task {
        Task::Classification => String::new(),
        Task::Regression => " Intervals of predicted numbers are conformal: the 90\u{a0}% quantile of the absolute errors of rows held out, to \
             both sides of the prediction."
            .into(),
    };
    [
        (
            "Folds",
            match &advice.time {
                Some(time) => format!(
                    "The later rows by {time:?} are cut into {n} stretches of time. What is tried trains on all rows before a stretch and is \
                     judged on it, so the past predicts the future.{copies}"
                ),
                None => format!(
                    "The rows are cut into {n} folds. What is tried trains on the others and is judged on one, which it has not seen. Rows \
                     with equal inputs stay in one fold, and so do rows of a group.{copies}"
                ),
            },
        ),
        (
            "Loss",
            format!("Ways are compared by {loss}. The other measures are shown and decide nothing."),
        ),
        (
            "Network or line",
            "A network is advised only where its loss is lower than a straight line's by more than one standard error of the difference. Where \
             the difference is near that, another seed may choose the other."
                .into(),
        ),
        (
            "Intervals",
            "Intervals of how many times a loss is another are over the folds, of the difference of the losses, with the correction for rows that trainings share (Nadeau & Bengio \
             2003). Verdicts are corrected for their number (Holm 1979)."
                .into(),
        ),
        (
            "The model",
            match advised.model.members().len() {
                1 => format!(
                    "The saved model is trained on all rows, for as many epochs as were best for rows held out.{errors}"
                ),
                members => format!(
                    "The saved model is the mean of {members} models, each trained without one fold. A row held out is predicted by those that \
                     had not seen it: {}. The mean of all is usually better than that.{errors}",
                    words::worth(advised.model.held_out(), &advice.target)
                ),
            },
        ),
        (
            "Optimism",
            "The network found is the best of many on these rows, so its loss is a little too good.".into(),
        ),
        (
            "Seeds",
            format!(
                "All random numbers come from the base seed {}. The same table, settings and program give the same advice.",
                advice.base_seed
            ),
        ),
    ]
    .map(|(name, sentence)| (name.to_owned(), sentence))
    .to_vec()
}
