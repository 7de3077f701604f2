//! What is worth knowing of a table before anything is judged, a sentence each.

use smallbatch_data::{
    BadRow, ColumnKind, ColumnRole, Folds, Frame, FrameValues, Notice, Table, TableSchema, Target,
};

use crate::words::percent;

/// How the table was read, where that is not plain: what was left out and why, what is odd.
pub(crate) fn of_the_table(
    table: &Table,
    schema: &TableSchema,
    notices: &[Notice],
    bad_rows: &[BadRow],
) -> Vec<String> {
    let mut notes = table.notes().to_vec();
    for column in schema.columns() {
        let kind = column.kind();
        if column.role() == ColumnRole::Feature && !kind.is_used() && kind != ColumnKind::Ignored {
            let (name, reason) = (column.name(), column.reason());
            notes.push(format!("column {name:?} is left out: {reason}"));
        }
    }
    notes.extend(schema.notes());
    notes.extend(notices.iter().map(|notice| {
        let rows = match notice.rows {
            1 => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        format!("column {:?} {} ({rows})", notice.column, notice.what)
    }));
    if let Some(first) = bad_rows.first() {
        notes.push(format!(
            "{} rows cannot be read and are left out; the first is line {}: {}",
            bad_rows.len(),
            first.line,
            first.reason
        ));
    }
    notes
}

/// That not everything was tried.
pub(crate) const STOPPED: &str =
    "stopped before the end: what was complete counts, and the rest was not tried";

/// That a column gives the target away.
pub(crate) fn gives_away(column: &str) -> String {
    format!(
        "column {column:?} alone gives the target away; is it known when you predict? If not, leave it out"
    )
}

/// What is worth knowing of the rows.
pub(crate) fn notes(frame: &Frame, folds: &Folds, rare: f64) -> Vec<String> {
    let mut notes = Vec::new();
    if folds.n_copies() > 0 && !folds.copies_together() {
        notes.push(format!(
            "only {} different inputs in {} rows, with different targets; they are no copies, and not kept in one fold",
            frame.n_rows() - folds.n_copies(),
            frame.n_rows()
        ));
    } else if folds.n_copies() > 0 {
        notes.push(format!(
            "{} rows have the inputs of an earlier row; such rows stay in one fold",
            folds.n_copies()
        ));
    }
    for column in &frame.columns {
        let missing = match &column.values {
            FrameValues::Numbers(values) => values.iter().filter(|value| value.is_nan()).count(),
            FrameValues::Categories { codes, .. } => codes
                .iter()
                .filter(|code| **code == FrameValues::MISSING)
                .count(),
        };
        if missing > 0 {
            let filled = match &column.values {
                FrameValues::Numbers(_) => "they are filled in by the median, and marked",
                FrameValues::Categories { .. } => "they are a category of their own",
            };
            notes.push(format!(
                "column {:?} has {missing} missing cell{}; {filled}",
                column.name,
                if missing == 1 { "" } else { "s" }
            ));
        }
    }
    if let Some(Target::Classes { labels, names }) = &frame.target {
        let mut counts = vec![0_usize; names.len()];
        labels.iter().for_each(|&label| counts[label as usize] += 1);
        let rarest = counts
            .iter()
            .zip(names)
            .filter(|(count, _)| **count > 0)
            .min();
        // Of many classes each is rare, if they are equally frequent.
        let rare = rare.min(0.3 / names.len() as f64) * labels.len() as f64;
        if let Some((&count, name)) = rarest
            && (count as f64) < rare
        {
            notes.push(format!(
                "only {} of the rows are {name:?}: judged by log loss; look at AUC and balanced accuracy rather than accuracy",
                percent(count as f64 / labels.len() as f64)
            ));
        }
    }
    notes
}
