//! The advice for a terminal of 80 columns.

use std::fmt;

use smallbatch_data::Task;
use smallbatch_evidence::Verdict;
use smallbatch_pipeline::Measures;
use smallbatch_report::{number, round_number};

use crate::advice::{Advice, Gain, Judged, Way};
use crate::words::{facts, percent, times, title};

/// Columns of the terminal.
const WIDTH: usize = 80;

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
        let facts = format!("{}: {}", self.data, facts(self));
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
