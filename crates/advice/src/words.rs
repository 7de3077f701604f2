//! The advice in words, for terminal and page.

use smallbatch_data::{BatchSize, Task};
use smallbatch_evidence::Verdict;
use smallbatch_pipeline::{Measures, NetworkRecipe, Recipe, RecipeOptimizer, Scores};
use smallbatch_preprocess::AnyScaler;
use smallbatch_report::{number, round_number};

use crate::advice::{Advice, Conclusion, Gain, Way};

/// How many times as much is lost where predictions explode: a number beyond it says no more.
const EXPLODED: f64 = 1_000.0;

/// How inputs are scaled, as what one does.
fn normalization(scaler: &AnyScaler) -> &'static str {
    match scaler {
        AnyScaler::Identity => "leave the inputs raw",
        AnyScaler::Standard(_) => "standardize the inputs",
        AnyScaler::Robust(_) => "scale the inputs by median and quartiles",
        AnyScaler::SmoothClip(_) => "scale the inputs by median and quartiles, outliers clipped",
        AnyScaler::MinMax(_) => "scale the inputs to their range",
        AnyScaler::MaxAbs(_) => "divide the inputs by the largest",
        AnyScaler::Quantile(_) => "map the inputs to a normal distribution by their quantiles",
        AnyScaler::PerSample(_) => "scale each row by itself",
        _ => "scale the inputs",
    }
}

/// How a network is trained, as what one does.
fn how(network: &NetworkRecipe, epoch: Option<f64>) -> String {
    let batches = match network.batch_size {
        BatchSize::Full => "the full batch".into(),
        BatchSize::Mini(size) => format!("batches of {size}"),
    };
    let optimizer = match network.optimizer {
        RecipeOptimizer::Sgd => "plain gradient descent",
        RecipeOptimizer::Momentum => "momentum",
        RecipeOptimizer::AdamW => "AdamW",
    };
    let epochs = epoch.unwrap_or(network.epochs as f64).round();
    format!(
        "{}, and train {} hidden units in {batches} by {optimizer} at {} for {epochs} epochs",
        normalization(&network.scaler),
        units(&network.hidden),
        round_number(network.learning_rate),
    )
}

fn units(hidden: &[usize]) -> String {
    if hidden.is_empty() {
        return "no".into();
    }
    let units: Vec<String> = hidden.iter().map(usize::to_string).collect();
    units.join(" and ")
}

pub(crate) fn percent(share: f64) -> String {
    if share < -10.0 {
        return "< -1000 %".into();
    }
    format!("{:.1} %", 100.0 * share)
}

/// What scores say in a few words.
pub(crate) fn worth(scores: &Scores, target: &str) -> String {
    match &scores.measures {
        Measures::Classes { accuracy, auc, .. } => {
            let auc = auc.map(|auc| format!(", AUC {auc:.3}")).unwrap_or_default();
            format!(
                "{} of the rows get the right {target:?}{auc}",
                percent(*accuracy)
            )
        }
        Measures::Numbers { rmse, r2, .. } => format!(
            "{} of the variance of {target:?} is explained, with an RMSE of {}",
            percent(*r2),
            number(*rmse)
        ),
    }
}

/// How many times, with the interval.
pub(crate) fn times(gain: &Gain, number: fn(f64) -> String) -> Option<String> {
    let (ratio, low, high) = (gain.ratio?, gain.low, gain.high);
    Some(match (low, high) {
        (Some(low), Some(high)) => {
            format!("{} ({} to {})", number(ratio), number(low), number(high))
        }
        (None, Some(high)) => format!("{} (up to {})", number(ratio), number(high)),
        (Some(low), None) => format!("{} ({} or more)", number(ratio), number(low)),
        (None, None) => number(ratio),
    })
}

/// What a way would have cost.
pub(crate) fn cost(advice: &Advice, way: Way, name: &str) -> Option<String> {
    let judged = advice.judged(way)?;
    if judged.diverged > 0 {
        let (n, all) = (judged.diverged, advice.folds);
        return Some(format!(
            "{name} diverges in {n} of {all} folds at the best of three rates"
        ));
    }
    let gain = advice.gain(way, Way::Found)?;
    if gain.ratio? > EXPLODED {
        return Some(format!(
            "{name} loses more than {} times as much",
            number(EXPLODED)
        ));
    }
    let times = times(gain, number)?;
    let sure = if gain.verdict == Verdict::Supported || gain.verdict == Verdict::Refuted {
        ""
    } else {
        ", which may be chance"
    };
    Some(format!("{name} ends at {times} times the loss{sure}"))
}

/// The advice in two or three sentences.
pub(crate) fn headline(advice: &Advice) -> String {
    let judged = advice.judged(advice.advised());
    let worth = judged
        .and_then(|judged| judged.scores.as_ref())
        .map(|scores| worth(scores, &advice.target))
        .unwrap_or_default();
    let network = match advice.conclusion {
        Conclusion::Network => "the same network",
        _ => "the best network",
    };
    let lesson: Vec<String> = [
        cost(advice, Way::Raw, &format!("on raw inputs {network}")),
        cost(advice, Way::FullBatch, "with the full batch it"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let lesson = if lesson.is_empty() {
        String::new()
    } else {
        format!(" {}.", capitalized(&lesson.join("; ")))
    };
    match (
        advice.conclusion,
        judged.and_then(|judged| judged.recipe.as_ref()),
    ) {
        (Conclusion::Network, Some(Recipe::Network(network))) => {
            let how = capitalized(&how(network, judged.and_then(|judged| judged.epoch)));
            let close = if advice.is_close {
                " A straight line is about as good here: another seed may choose it."
            } else {
                ""
            };
            format!("{how}: so {worth}.{close}{lesson}")
        }
        (Conclusion::CannotTell, _) => format!(
            "Cannot tell: nothing predicts {:?} surely better than saying the same of every row. More rows or other columns may help.",
            advice.target
        ),
        (_, recipe) => {
            let line = match recipe {
                Some(Recipe::Line(line)) if line.l1 > 0.0 => {
                    "a straight line that leaves features out (lasso)"
                }
                _ => "a straight line",
            };
            let ratio = advice
                .gain(Way::Line, Way::Found)
                .and_then(|gain| gain.ratio);
            let gain = match ratio {
                None if advice.tried.is_empty() => " No network was tried.",
                _ if advice.is_close => {
                    " The best network is about as good here: another seed may choose it."
                }
                Some(ratio) if ratio > 1.0 => {
                    " The best network is better by less than its standard error."
                }
                _ => " No network that was tried does better.",
            };
            format!("Take {line} on standardized inputs: so {worth}.{gain}{lesson}")
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A way's name, as the table has it.
pub(crate) fn title(way: Way) -> &'static str {
    match way {
        Way::Found => "the network found",
        Way::Line => "a straight line",
        Way::Default => "a default network",
        Way::Raw => "the same, raw inputs",
        Way::FullBatch => "the same, full batch",
        Way::Constant => "always the same",
    }
}

/// How many rows and features there are, what is predicted, and how the rows were judged.
pub(crate) fn facts(advice: &Advice) -> String {
    let sample = if advice.used_rows < advice.rows {
        let sample = if advice.rows > crate::MOST_ROWS {
            "a random sample of "
        } else {
            ""
        };
        let all = if advice.rows > crate::MOST_ROWS {
            " (`smallbatch train` uses all)"
        } else {
            ""
        };
        format!(", of which {sample}{} were used{all}", advice.used_rows)
    } else {
        String::new()
    };
    let task = match advice.task {
        Task::Classification => format!("one of {} classes", advice.classes.len()),
        Task::Regression => "a number".into(),
    };
    let line = advice.judged(Way::Line);
    let judged = match line.and_then(|line| line.scores.as_ref()) {
        Some(scores) if scores.rows < advice.used_rows => {
            let by = advice.time.as_ref();
            let by = by.map_or(String::new(), |time| format!(" by {time:?}"));
            format!(
                "The last {} rows{by} were each predicted from earlier ones.",
                scores.rows
            )
        }
        _ => "Each row was predicted by a model that had not seen it.".into(),
    };
    let groups = advice.groups.as_ref().map_or(String::new(), |groups| {
        format!(" Rows with the same {groups:?} were kept together.")
    });
    let weights = advice.weights.as_ref().map_or(String::new(), |weights| {
        format!(" In training a row counted by its {weights:?}; where they were judged, all rows counted alike.")
    });
    format!(
        "{} rows{sample}, {} feature{}; {:?} is {task}. {judged}{groups}{weights}",
        advice.rows,
        advice.features,
        if advice.features == 1 { "" } else { "s" },
        advice.target
    )
}
