//! Whatever people write into cells: a model with finite predictions, or an error that is a sentence; never a panic.

use proptest::collection::vec;
use proptest::prelude::*;
use smallbatch_data::{Table, TableReader};
use smallbatch_pipeline::{Pipeline, Recipe};

use crate::support::{line, small_network};

/// What a column of a certain kind may hold.
fn cell(kind: usize) -> BoxedStrategy<String> {
    let of = |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(str::to_owned);
    match kind {
        0 => (-100.0..100.0).prop_map(|x: f64| format!("{x:.3}")).boxed(),
        1 => of(&["1", "2", "3", "-0", "1e30", "-1e30", "1e-30", "NA", ""]).boxed(),
        2 => of(&["red", "green", "blue", "null", ""]).boxed(),
        3 => of(&["yes", "no"]).boxed(),
        4 => of(&["2024-02-29", "1999-12-31", "2031-01-01", ""]).boxed(),
        5 => of(&["7"]).boxed(),
        6 => of(&["", "NA"]).boxed(),
        _ => "[a-zé\",; ]{0,9}"
            .prop_map(|text| format!("\"{}\"", text.replace('"', "\"\"")))
            .boxed(),
    }
}

/// Lines of a table with three columns and a target.
fn table(rows: usize) -> impl Strategy<Value = (String, String)> {
    (0..8_usize, 0..8_usize, 0..8_usize, 0..4_usize).prop_flat_map(move |(a, b, c, y)| {
        let row = (cell(a), cell(b), cell(c), cell(y));
        let lines = |rows: Vec<(String, String, String, String)>| {
            let lines = rows
                .into_iter()
                .map(|(a, b, c, y)| format!("{a},{b},{c},{y}\n"));
            format!("a,b,c,y\n{}", lines.collect::<String>())
        };
        let later = (cell(0), cell(2), cell(7), cell(1));
        let later = prop_oneof![row.clone(), later];
        (
            vec(row, rows).prop_map(lines),
            vec(later, 1..8).prop_map(lines),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_table_gives_finite_predictions_or_a_sentence(
        (text, later) in (8..40_usize).prop_flat_map(table),
        is_network in any::<bool>(),
    ) {
        let Ok(table) = Table::read(text.as_bytes()) else { return Ok(()) };
        let recipe = if is_network { Recipe::Network(small_network()) } else { line() };
        let reader = TableReader::new().leave_out_text(true);
        let model = match Pipeline::fit(&table, &reader, &recipe, 0) {
            Ok(model) => model,
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                return Ok(());
            }
        };
        prop_assert!(model.held_out().loss.is_finite());
        for text in [&text, &later] {
            // It may have no line, or an open quote.
            let Ok(table) = Table::read(text.as_bytes()) else { continue };
            match model.predict(&table) {
                Ok(predictions) => {
                    prop_assert!(predictions.values.iter().all(|value| value.is_finite()));
                    let rows = predictions.values.ncols() + predictions.bad_rows.len();
                    prop_assert_eq!(rows, table.n_rows());
                    prop_assert_eq!(predictions.to_csv().unwrap().lines().count(), 1 + predictions.values.ncols());
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
