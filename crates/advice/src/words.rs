//! The advice in words, for a terminal of 100 columns.

use std::fmt;

use smallbatch_data::{BatchSize, Task};
use smallbatch_evidence::Verdict;
use smallbatch_preprocess::AnyScaler;
use smallbatch_report::{number, round_number};

use super::compare::Gain;
use super::finals::{CONSTANT, DEFAULT, FOUND, RAW};
use super::{Advice, Conclusion, Judged, Setting};

/// Columns of the terminal.
const WIDTH: usize = 100;

/// How the inputs are to be scaled, as a command.
fn normalization(scaler: &AnyScaler) -> &'static str {
    match scaler {
        AnyScaler::Identity => "leave the inputs raw",
        AnyScaler::Standard(_) => "standardize the inputs (mean 0, deviation 1)",
        AnyScaler::Robust(_) => "scale the inputs by median and quartiles",
        AnyScaler::MinMax(_) => "scale the inputs to their range",
        AnyScaler::Quantile(_) => "map the inputs to a normal distribution by their quantiles",
        _ => "scale the inputs",
    }
}

fn batches(size: BatchSize) -> String {
    match size {
        BatchSize::Full => "the full batch".into(),
        BatchSize::Mini(size) => format!("batches of {size}"),
    }
}

fn how(setting: &Setting, epochs: u64) -> String {
    format!(
        "{}, {}, learning rate {}, {epochs} epochs",
        normalization(&setting.scaler),
        batches(setting.batch_size),
        round_number(setting.learning_rate)
    )
}

/// Points with one decimal; an open end as infinity.
fn points(value: Option<f64>, open: &'static str) -> String {
    value.map_or_else(
        || open.into(),
        |value| {
            let points = 100.0 * value;
            if points.abs() < 1000.0 {
                format!("{points:+.1}")
            } else {
                format!("{}{}", if points > 0.0 { "+" } else { "" }, number(points))
            }
        },
    )
}

/// In points.
fn interval(gain: &Gain) -> String {
    format!(
        "{} [{}, {}]",
        points(Some(gain.estimate), ""),
        points(gain.low, "-∞"),
        points(gain.high, "∞")
    )
}

fn percent(score: f64) -> String {
    let percent = 100.0 * score;
    if percent.abs() < 1000.0 {
        format!("{percent:.1} %")
    } else {
        format!("{} %", number(percent))
    }
}

/// What the score is.
fn measure(advice: &Advice) -> String {
    match advice.task {
        Task::Classification => format!("of the rows get the right {:?}", advice.target),
        Task::Regression => format!("of the variance of {:?} is explained", advice.target),
    }
}

/// The advice in one or two sentences.
pub(super) fn headline(advice: &Advice) -> String {
    let judged = |name: &str| advice.judged.iter().find(|judged| judged.name == name);
    let advised = judged(match advice.conclusion {
        Conclusion::Found => FOUND,
        _ => DEFAULT,
    });
    let score = advised.map_or(f64::NAN, |judged| judged.score);
    let in_points = |over: &str| {
        let gain = advice.gain(FOUND, over);
        gain.map(|gain| format!("{} points", interval(gain)))
            .unwrap_or_default()
    };
    let against = in_points(DEFAULT);
    let what = format!(
        "{} {} in {} rows that no training saw",
        percent(score),
        measure(advice),
        advice.reserved_rows
    );
    match advice.conclusion {
        Conclusion::Found => {
            let surely = advice.gain(FOUND, DEFAULT).is_some_and(Gain::is_sure);
            let over = if surely {
                format!("over the default that gains {against}")
            } else {
                format!(
                    "the default is not surely better than a constant; the gain over it is {against}"
                )
            };
            let how = capitalized(&how(&advice.advised, advice.epochs));
            format!("{how}. So {what}; {over}.")
        }
        Conclusion::Default => format!(
            "Take the default: {}. So {what}; the best of {} other settings is not surely better ({against}).",
            how(&advice.advised, advice.epochs),
            advice.tried.len()
        ),
        Conclusion::CannotTell => {
            let answer = match advice.task {
                Task::Classification => "its most frequent class",
                Task::Regression => "its mean",
            };
            format!(
                "Cannot tell: no setting predicts {:?} surely better than {answer} does ({} in {} rows that no training saw). \
                 More rows or other columns may help. Until then, the default is as good as any.",
                advice.target,
                in_points(CONSTANT),
                advice.reserved_rows
            )
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The same words in lines of at most 100 columns.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        let fits = indent.len() + line + 1 + word.chars().count() <= WIDTH;
        match lines.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if fits => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{indent}{line}")).collect();
    lines.join("\n")
}

/// The name of a judged way, as the table has it.
fn title(name: &str) -> &str {
    match name {
        FOUND => "found by the search",
        DEFAULT => "the default",
        RAW => "the best on raw inputs",
        CONSTANT => "a constant prediction",
        other => other,
    }
}

fn answer(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "surely better",
        Verdict::Refuted => "surely worse",
        Verdict::Equivalent => "the same, within a point",
        Verdict::Inconclusive { .. } => "cannot tell",
    }
}

fn row(advice: &Advice, judged: &Judged) -> String {
    let rmse = judged.rmse.map(number).unwrap_or_default();
    let failed = if judged.failed > 0 {
        format!("  {} of {} failed", judged.failed, advice.pairs)
    } else {
        String::new()
    };
    let line = format!(
        "  {:<24}{:<10}{:>6}{:>10}{:>8}{:>11}{:>10}{failed}",
        title(&judged.name),
        judged.setting.scaler.name(),
        judged.setting.batch_size,
        round_number(judged.setting.learning_rate),
        judged.epochs,
        percent(judged.score),
        rmse
    );
    line.trim_end().to_owned()
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", wrapped(&self.headline, ""))?;
        writeln!(f)?;
        let categories: Vec<String> = self
            .categories
            .iter()
            .map(|(name, count)| format!("{name:?} ({count})"))
            .collect();
        let categories = if categories.is_empty() {
            String::new()
        } else {
            format!(", of which categories of {}", categories.join(", "))
        };
        let task = match self.task {
            Task::Classification => "a class",
            Task::Regression => "a number",
        };
        let sample = if self.development_rows + self.reserved_rows < self.rows {
            format!(
                ", and of the others a random sample of {} was searched and judged with; the model is trained on all",
                self.development_rows
            )
        } else {
            String::new()
        };
        let data = format!(
            "{}: {} rows, {} features{categories}; the target {:?} is {task}. {} rows were reserved for the judgement{sample}. \
             Network: {} hidden units, plain gradient descent. {} settings were tried.",
            self.data,
            self.rows,
            self.features,
            self.target,
            self.reserved_rows,
            if self.hidden.is_empty() {
                "no".to_owned()
            } else {
                let sizes: Vec<String> = self.hidden.iter().map(usize::to_string).collect();
                sizes.join(" and ")
            },
            self.tried.len()
        );
        writeln!(f, "{}", wrapped(&data, ""))?;
        writeln!(f)?;
        let (score, error) = match self.task {
            Task::Classification => ("right", ""),
            Task::Regression => ("explained", "RMSE"),
        };
        let header = format!(
            "  {:<24}{:<10}{:>6}{:>10}{:>8}{score:>11}{error:>10}",
            "", "inputs", "batch", "rate", "epochs"
        );
        writeln!(f, "{}", header.trim_end())?;
        for judged in &self.judged {
            writeln!(f, "{}", row(self, judged))?;
        }
        let constant = percent(self.constant_score);
        writeln!(f, "  {:<58}{constant:>11}", title(CONSTANT))?;
        if self.judged.iter().any(|judged| judged.failed > 0) {
            writeln!(
                f,
                "  A run fails if it diverges or is worse than a constant on its validation rows, and counts as one."
            )?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "  Gains in points, with 95 % intervals over {} pairs of runs and {} rows:",
            self.pairs, self.reserved_rows
        )?;
        let falls = |gain: &Gain| !gain.stands && gain.p.is_some();
        for gain in &self.gains {
            let pair = format!("{} over {}", title(&gain.of), title(&gain.over));
            let interval = interval(gain) + " ";
            let star = if falls(gain) { " *" } else { "" };
            let answer = answer(&gain.verdict);
            writeln!(f, "  {pair:<48}{interval:<26}{answer}{star}")?;
        }
        if self.gains.iter().any(falls) {
            writeln!(
                f,
                "  * does not stand when all {} are considered together (Holm 1979), and does not count",
                self.gains.len()
            )?;
        }
        Ok(())
    }
}
