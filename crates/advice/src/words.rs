//! The advice in words, for a terminal of 80 columns.

use std::fmt;

use smallbatch_data::{BatchSize, Task};
use smallbatch_evidence::Verdict;
use smallbatch_pipeline::{Measures, Network, Optimizer, Recipe, Scores};
use smallbatch_preprocess::AnyScaler;
use smallbatch_report::{number, round_number};

use crate::advice::{Advice, Conclusion, Gain, Judged, Way};

/// How many times as much is lost where predictions explode: a number beyond it says no more.
const EXPLODED: f64 = 1_000.0;
/// Columns of the terminal.
const WIDTH: usize = 80;

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
fn how(network: &Network, epoch: Option<f64>) -> String {
    let batches = match network.batch_size {
        BatchSize::Full => "the full batch".into(),
        BatchSize::Mini(size) => format!("batches of {size}"),
    };
    let optimizer = match network.optimizer {
        Optimizer::Sgd => "plain gradient descent",
        Optimizer::Momentum => "momentum",
        Optimizer::AdamW => "AdamW",
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
fn times(gain: &Gain, number: fn(f64) -> String) -> Option<String> {
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

/// A number of times with two digits, in six columns at most.
fn short(times: f64) -> String {
    match times {
        1e6.. => ">1e6".into(),
        ..1e-6 => "<1e-6".into(),
        0.01..9_950.0 => round_number(format!("{times:.1e}").parse().unwrap_or(times)),
        _ => format!("{times:.1e}"),
    }
}

/// A measure in the target's unit, in eight columns at most.
fn measure(value: f64) -> String {
    if value < 100_000.0 {
        number(value)
    } else {
        format!("{value:.2e}")
    }
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
            format!("{how}: so {worth}.{lesson}")
        }
        (Conclusion::CannotTell, _) => format!(
            "Cannot tell: nothing predicts {:?} surely better than saying the same of every row. More rows or other columns may help.",
            advice.target
        ),
        _ => {
            let ratio = advice
                .gain(Way::Line, Way::Found)
                .and_then(|gain| gain.ratio);
            let gain = match ratio {
                None if advice.tried.is_empty() => " No network was tried.",
                Some(ratio) if ratio > 1.0 => {
                    " The best network is better by less than its standard error."
                }
                _ => " No network that was tried does better.",
            };
            format!("Take a straight line on standardized inputs: so {worth}.{gain}{lesson}")
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The same words in lines of at most 80 columns; lines after the first begin with the indent. A word that no line holds is cut.
fn wrapped(text: &str, indent: &str) -> String {
    let width = WIDTH - indent.len();
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (at, piece) in letters.chunks(width).enumerate() {
            let fits = at == 0 && used + 1 + piece.len() <= width;
            match lines.last_mut() {
                Some(last) if fits => {
                    last.push(' ');
                    last.extend(piece);
                    used += 1 + piece.len();
                }
                _ => {
                    lines.push(piece.iter().collect());
                    used = piece.len();
                }
            }
        }
    }
    lines.join(&format!("\n{indent}"))
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

/// The columns of a row: measures, then how its loss compares.
fn row(advice: &Advice, judged: &Judged) -> String {
    let mut line = format!("  {:<21}", title(judged.way));
    match judged.scores.as_ref().map(|scores| &scores.measures) {
        Some(Measures::Classes {
            accuracy,
            balanced_accuracy,
            auc,
            ..
        }) => {
            let auc = auc.map(|auc| format!("{auc:.3}")).unwrap_or_default();
            line += &format!(
                "{:>9}{:>10}{auc:>8}",
                percent(*accuracy),
                percent(*balanced_accuracy)
            );
        }
        Some(Measures::Numbers { rmse, mae, r2 }) => {
            line += &format!(
                "{:>9}{:>9}{:>9}",
                percent(*r2),
                measure(*rmse),
                measure(*mae)
            );
        }
        None if judged.way == Way::Constant => {}
        None => {
            let (n, all) = (judged.diverged, advice.folds);
            line += &format!("  diverged in {n} of {all} folds");
            return line;
        }
    }
    let width: usize = 2 + 21 + 27;
    let compared = match advice.gain(judged.way, Way::Found) {
        Some(gain) => {
            let mark = match gain.verdict {
                Verdict::Inconclusive { .. } => " ?",
                _ => "",
            };
            format!("{}{mark}", times(gain, short).unwrap_or_default())
        }
        None if judged.way == Way::Found => "1".into(),
        None => String::new(),
    };
    let padding = width.saturating_sub(line.chars().count());
    format!("{line}{:padding$}   {compared}", "")
        .trim_end()
        .to_owned()
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", wrapped(&self.headline, ""))?;
        writeln!(f)?;
        let sample = if self.used_rows < self.rows {
            let sample = if self.rows > crate::MOST_ROWS {
                "a random sample of "
            } else {
                ""
            };
            let all = if self.rows > crate::MOST_ROWS {
                " (`smallbatch train` uses all)"
            } else {
                ""
            };
            format!(", of which {sample}{} were used{all}", self.used_rows)
        } else {
            String::new()
        };
        let task = match self.task {
            Task::Classification => format!("one of {} classes", self.classes.len()),
            Task::Regression => "a number".into(),
        };
        let line = self.judged(Way::Line);
        let judged = match line.and_then(|line| line.scores.as_ref()) {
            Some(scores) if scores.rows < self.used_rows => format!(
                "The last {} rows were each predicted from earlier ones.",
                scores.rows
            ),
            _ => "Each row was predicted by a model that had not seen it.".into(),
        };
        let facts = format!(
            "{}: {} rows{sample}, {} feature{}; {:?} is {task}. {judged}",
            self.data,
            self.rows,
            self.features,
            if self.features == 1 { "" } else { "s" },
            self.target
        );
        writeln!(f, "{}", wrapped(&facts, ""))?;
        for note in &self.notes {
            writeln!(f, "{}", wrapped(&format!("! {note}."), "  "))?;
        }
        writeln!(f)?;
        let columns = match self.task {
            Task::Classification => format!("{:>9}{:>10}{:>8}", "right", "balanced", "AUC"),
            Task::Regression => format!("{:>9}{:>9}{:>9}", "explained", "RMSE", "MAE"),
        };
        writeln!(f, "  {:<21}{columns}   times the loss, 95 %", "")?;
        for judged in &self.judged {
            writeln!(f, "{}", row(self, judged))?;
        }
        let open = |gain: &Gain| matches!(gain.verdict, Verdict::Inconclusive { .. });
        if self
            .gains
            .iter()
            .any(|gain| gain.over == Way::Found && open(gain))
        {
            writeln!(f, "  ? may be chance: the interval contains 1")?;
        }
        if let Some((most, _)) = self.importance.first().filter(|(_, growth)| *growth > 0.0) {
            let others: Vec<String> = self.importance[1..]
                .iter()
                .take(2)
                .filter(|(_, growth)| *growth > 0.0)
                .map(|(name, _)| format!("{name:?}"))
                .collect();
            let others = if others.is_empty() {
                String::new()
            } else {
                format!(", then {}", others.join(" and "))
            };
            writeln!(f)?;
            writeln!(
                f,
                "{}",
                wrapped(&format!("What matters most: {most:?}{others}."), "")
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_full_and_no_word_is_too_long() {
        let long = "x".repeat(100);
        let text = format!("a {long} b {}", "word ".repeat(40));
        for indent in ["", "  "] {
            let lines = wrapped(&text, indent);
            assert!(lines.lines().all(|line| line.chars().count() <= WIDTH));
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(letters(&lines), letters(&text));
        }
        assert_eq!(wrapped("", "  "), "");
        assert_eq!(wrapped("one  line", "  "), "one line");
        assert_eq!(wrapped(&"é".repeat(80), ""), "é".repeat(80));
    }

    #[test]
    fn numbers_keep_to_their_columns() {
        let mut value = 1.2345e-30;
        while value < 1e30 {
            for factor in [1.0, 3.0, 7.79, 8.09] {
                let (times, measure) = (short(factor * value), measure(factor * value));
                assert!(times.len() <= 6, "{times}");
                assert!(measure.len() <= 8, "{measure}");
            }
            value *= 10.0;
        }
        let shown = [
            0.0, 0.0012, 0.0408, 1.0, 2.69, 27.9, 713.0, 9_400.0, 9_960.0, 8e6,
        ]
        .map(short);
        let expected = [
            "<1e-6", "1.2e-3", "0.041", "1", "2.7", "28", "710", "9,400", "1.0e4", ">1e6",
        ];
        assert_eq!(shown, expected);
    }
}
