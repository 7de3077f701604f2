//! Tables, and what holds for the advice on any of them.

use std::fmt::Write;

use smallbatch_advice::{Advice, AdvicePlan, Advised, Conclusion, Size, Way, advise};
use smallbatch_data::{Table, TableReader};
use smallbatch_pipeline::{Measures, Scores};

/// The terminal's columns.
const WIDTH: usize = 80;

/// Random numbers between 0 and 1.
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A table with a header and rows.
pub(crate) fn table(header: &str, rows: impl IntoIterator<Item = String>) -> Table {
    let mut text = format!("{header}\n");
    for row in rows {
        writeln!(text, "{row}").unwrap();
    }
    Table::read(text.as_bytes()).unwrap()
}

/// A file of the crate that reads tables.
pub(crate) fn path(name: &str) -> String {
    format!("{}/../data/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn file(name: &str) -> Table {
    Table::read_path(path(name)).unwrap()
}

/// A table that broke earlier advice.
pub(crate) fn case(name: &str) -> Table {
    file(&format!("tests/cases/{name}.csv"))
}

/// The short version on one thread: tests run side by side.
pub(crate) fn quick(reader: TableReader) -> AdvicePlan {
    AdvicePlan {
        size: Size::Quick,
        threads: 1,
        ..AdvicePlan::new(reader)
    }
}

/// Advises, and checks what holds for any table.
pub(crate) fn advised(table: &Table) -> Advised {
    let advised = advise(table, &quick(TableReader::new()), &mut ()).unwrap();
    check(&advised, table);
    assert!(advised.advice.is_complete);
    advised
}

pub(crate) fn scores(advice: &Advice, way: Way) -> &Scores {
    advice.judged(way).unwrap().scores.as_ref().unwrap()
}

/// What of a number's variance is explained, or the share of rows whose class is right.
pub(crate) fn right(scores: &Scores) -> f64 {
    match scores.measures {
        Measures::Numbers { r2, .. } => r2,
        Measures::Classes { accuracy, .. } => accuracy,
    }
}

pub(crate) fn check(advised: &Advised, table: &Table) {
    let Advised { advice, model, .. } = advised;
    let chosen = advice.judged(advice.advised()).unwrap();
    // What failed in any fold is not advised, and what is saved is what was judged.
    assert_eq!(chosen.diverged, 0);
    assert_eq!(chosen.recipe.as_ref(), Some(model.recipe()));
    assert_eq!(model.advice(), advice.id);
    assert!(!model.members().is_empty());
    let (found, line) = (scores(advice, advice.advised()), scores(advice, Way::Line));
    assert!(
        found.loss.is_finite() && found.loss <= line.loss,
        "{advice}"
    );
    assert!(model.held_out().loss.is_finite());
    let predictions = model.predict(table).unwrap();
    assert_eq!(predictions.bad_rows, []);
    assert!(predictions.values.iter().all(|value| value.is_finite()));

    let text = advice.to_string();
    assert!(text.contains("\n  a straight line "), "{text}");
    let mut lines = text.lines();
    assert!(lines.all(|line| line.chars().count() <= WIDTH), "{text}");
    for word in ["NaN", "inf", "  -0 "] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let says_close = advice.headline.contains("another seed may choose it");
    assert_eq!(
        says_close,
        advice.is_close && advice.conclusion != Conclusion::CannotTell
    );
    let json = serde_json::to_string(advice).unwrap();
    let read: Advice = serde_json::from_str(&json).unwrap();
    assert_eq!(&read, advice);
}
