//! What is printed of models, scores and tables.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use smallbatch::advice::Advice;
use smallbatch::data::{BadRow, Notice, Table, TableSchema};
use smallbatch::pipeline::{Measures, Pipeline, Recipe, Scores};
use smallbatch::report::number;

use crate::ending::{Failure, in_flags};

/// What predictions are worth, a line each measure.
pub(super) fn scores(scores: &Scores, inside: Option<f64>) -> String {
    let mut lines = vec![("rows", scores.rows.to_string())];
    match &scores.measures {
        Measures::Classes {
            accuracy,
            balanced_accuracy,
            f1,
            auc,
            ..
        } => {
            lines.push(("right", percent(*accuracy)));
            lines.push(("balanced accuracy", percent(*balanced_accuracy)));
            lines.push(("F1, mean over classes", format!("{f1:.3}")));
            if let Some(auc) = auc {
                lines.push(("AUC", format!("{auc:.3}")));
            }
            lines.push(("log loss", number(scores.loss)));
            lines.push(("log loss of a constant", number(scores.constant_loss)));
        }
        Measures::Numbers { rmse, mae, r2 } => {
            lines.push(("explained (R²)", percent(*r2)));
            lines.push(("RMSE", number(*rmse)));
            lines.push(("MAE", number(*mae)));
            lines.push(("RMSE of a constant", number(scores.constant_loss.sqrt())));
        }
    }
    if let Some(inside) = inside {
        lines.push(("inside the 90 % intervals", percent(inside)));
    }
    let line = |(name, value): (&str, String)| format!("  {name:<26}{value:>10}\n");
    lines.into_iter().map(line).collect()
}

/// The same as JSON.
pub(super) fn scores_in_json(scores: &Scores, inside: Option<f64>) -> Result<String, Failure> {
    #[derive(serde::Serialize)]
    struct Judged<'a> {
        #[serde(flatten)]
        scores: &'a Scores,
        /// The share of rows inside the intervals of 90 %.
        #[serde(skip_serializing_if = "Option::is_none")]
        inside_intervals: Option<f64>,
    }
    super::json(&Judged {
        scores,
        inside_intervals: inside,
    })
}

fn percent(share: f64) -> String {
    if share < -10.0 {
        return "< -1000 %".into();
    }
    format!("{:.1} %", 100.0 * share)
}

/// How a table that memory does not hold was trained on.
pub(super) fn from_file(model: &Pipeline, most_rows: usize) -> String {
    let (rows, held) = (model.data().1, model.held_out().rows);
    if rows > most_rows && model.members().len() == 1 {
        format!("; trained on {} rows from a file", rows - held)
    } else if rows == most_rows {
        format!("; trained on {rows} rows")
    } else {
        String::new()
    }
}

/// What was written.
pub(super) fn files(files: &[PathBuf]) -> String {
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    format!("wrote {}", names.join(", "))
}

/// A file's name, or that it is none.
pub(super) fn file(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

/// Something new, as a sentence.
pub(super) fn notice(notice: &Notice) -> String {
    let place = notice
        .line
        .map(|line| format!("line {line}: "))
        .unwrap_or_default();
    let more = match notice.rows {
        0 | 1 => String::new(),
        rows => format!(" ({rows} rows)"),
    };
    format!("{place}column {:?} {}{more}", notice.column, notice.what)
}

/// Rows that cannot be read, as comma-separated values.
pub(super) fn bad_rows(rows: &[BadRow]) -> String {
    let mut text = String::from("line,reason\n");
    for row in rows {
        let reason = row.reason.replace('"', "\"\"");
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{},\"{reason}\"", row.line);
    }
    text
}

/// What a model is made of.
pub(super) fn model(model: &Pipeline) -> String {
    let (data, rows) = model.data();
    let schema = model.schema();
    let mut text = format!(
        "predicts {:?}, trained on {data} ({rows} rows): {}\n",
        schema.target(),
        model.recipe()
    );
    if !schema.classes().is_empty() {
        let _ = writeln!(text, "classes: {}", schema.classes().join(", "));
    }
    if let Some(member) = model.members().first() {
        let _ = writeln!(
            text,
            "{} of {} parameters each; features:",
            match model.members().len() {
                1 => "1 network".into(),
                n => format!("{n} networks"),
            },
            member.network.n_parameters()
        );
        for (column, features) in member.encoder.features_by_column() {
            let names = features
                .iter()
                .map(|&at| member.encoder.feature_names()[at].as_str());
            let names: Vec<&str> = names.collect();
            let _ = writeln!(text, "  {column}: {}", names.join(", "));
        }
    }
    text += "on rows that were held out:\n";
    text + scores(model.held_out(), None).trim_end()
}

/// How a table would be read: a column a line, with the reason.
pub(super) fn schema(table: &Table, schema: &TableSchema) -> String {
    let mut text = format!(
        "{}: {} rows; predicts {:?}\n",
        table.name(),
        table.n_rows(),
        schema.target()
    );
    let widest = schema
        .columns()
        .iter()
        .map(|column| column.name().chars().count());
    let widest = widest.max().unwrap_or(0).min(24);
    for column in schema.columns() {
        let (name, kind, reason) = (column.name(), column.kind().to_string(), column.reason());
        let _ = writeln!(text, "  {name:<widest$}  {kind:<10}  {reason}");
    }
    for note in schema.notes() {
        let _ = writeln!(text, "note: {}", in_flags(&note));
    }
    text.trim_end().to_owned()
}

/// A recipe in a file of TOML or JSON, or what an advice.json advises.
pub(super) fn recipe(file: &Path) -> Result<Recipe, Failure> {
    let failed = |reason: String| Failure::wrong(format!("{}: {reason}", file.display()));
    let text =
        smallbatch::report::read_settings(file).map_err(|error| failed(error.to_string()))?;
    if !text.trim_start().starts_with('{') {
        return toml::from_str(&text).map_err(|error| failed(error.to_string()));
    }
    if let Ok(advice) = serde_json::from_str::<Advice>(&text) {
        let advised = advice.judged(advice.advised());
        let recipe = advised.and_then(|judged| judged.recipe.clone());
        return recipe.ok_or_else(|| failed("this advice advises nothing".into()));
    }
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}
