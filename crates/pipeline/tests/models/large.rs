//! Models of tables that are not held in memory.

use std::fmt::Write;
use std::path::PathBuf;

use smallbatch_data::{Table, TableReader};
use smallbatch_pipeline::{Error, Measures, Memory, Pipeline, Recipe};

use crate::support::{diverging_network, line, small_network, uniform};

/// y = 2a - b with a little noise, and a town that adds 3; sorted by y. `more` is a column more.
fn houses(folder: &tempfile::TempDir, n: usize, more: impl Fn(usize) -> String) -> PathBuf {
    let mut draw = uniform(1);
    let mut rows: Vec<(f64, String)> = (0..n)
        .map(|at| {
            let (a, b, noise) = (draw(), draw(), draw() - 0.5);
            let town = ["Bonn", "Ulm"][at % 2];
            let y = 2.0 * a - b + 3.0 * (at % 2) as f64 + 0.2 * noise;
            (y, format!("{a:.4},{b:.4},{town},{},{y:.4}", more(at)))
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut text = "a,b,town,more,y\n".to_owned();
    rows.iter()
        .for_each(|(_, row)| writeln!(text, "{row}").unwrap());
    let file = folder.path().join("houses.csv");
    std::fs::write(&file, text).unwrap();
    file
}

/// Room for a few rows.
fn little(folder: &tempfile::TempDir) -> Memory {
    Memory {
        rows: 500,
        bytes: 16_000,
        folder: folder.path().to_path_buf(),
    }
}

fn r2(model: &Pipeline) -> f64 {
    let Measures::Numbers { r2, .. } = model.held_out().measures else {
        panic!()
    };
    r2
}

#[test]
fn all_rows_are_trained_on_or_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = houses(&folder, 5_000, |at| (at % 7).to_string());
    let recipe = Recipe::Network(small_network());
    let fit = || Pipeline::fit_path(&file, &TableReader::new(), &recipe, 3, &little(&folder));
    let model = fit().unwrap();
    assert_eq!((model.data().1, model.members().len()), (5_000, 1));
    // A fifth, give or take five deviations.
    assert!(
        model.held_out().rows.abs_diff(1_000) < 150,
        "{:?}",
        model.held_out()
    );
    // The noise of a deviation of 0.06 leaves less than 1 %.
    assert!(r2(&model) > 0.97, "{}", r2(&model));
    assert_eq!(model, fit().unwrap());
    let table = Table::read_path(&file).unwrap();
    let inside = model.evaluate(&table).unwrap().1.unwrap();
    assert!((0.88..0.92).contains(&inside), "{inside}");
    // The file with the rows is gone.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_table_that_memory_holds_and_a_line_are_fitted_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = houses(&folder, 300, |at| (at % 7).to_string());
    let (reader, recipe) = (TableReader::new(), Recipe::Network(small_network()));
    let table = Table::read_path(&file).unwrap();
    let from_path = Pipeline::fit_path(&file, &reader, &recipe, 3, &little(&folder)).unwrap();
    assert_eq!(
        from_path,
        Pipeline::fit(&table, &reader, &recipe, 3).unwrap()
    );
    let memory = Memory {
        rows: 100,
        ..little(&folder)
    };
    let of_line = Pipeline::fit_path(&file, &reader, &line(), 3, &memory).unwrap();
    assert_eq!((of_line.data().1, of_line.members().len()), (100, 5));
}

/// The group tells the target, and the features do not: whoever has rows of the groups held out is too good.
#[test]
fn rows_of_a_group_are_on_one_side_and_the_past_predicts_the_future() {
    let folder = tempfile::tempdir().unwrap();
    let mut draw = uniform(2);
    let mut text = "g,x,t,y\n".to_owned();
    let levels: Vec<f64> = (0..100).map(|_| draw()).collect();
    for at in 0..4_000 {
        let g = at * 37 % 100;
        writeln!(text, "g{g},{},{at},{}", g as f64 * 0.731 % 1.0, levels[g]).unwrap();
    }
    let file = folder.path().join("groups.csv");
    std::fs::write(&file, text).unwrap();
    let recipe = Recipe::Network(small_network());
    let fit = |reader: TableReader| {
        let reader = reader.target("y");
        Pipeline::fit_path(&file, &reader, &recipe, 3, &little(&folder)).unwrap()
    };
    let by_groups = fit(TableReader::new().groups("g").ignore(["t"]));
    // Whole groups of 40 rows.
    assert_eq!(by_groups.held_out().rows % 40, 0);
    let by_time = fit(TableReader::new().time("t").ignore(["g"]));
    assert!(
        by_time.held_out().rows.abs_diff(800) < 100,
        "{:?}",
        by_time.held_out()
    );
}

#[test]
fn classes_weights_and_missing_cells() {
    let folder = tempfile::tempdir().unwrap();
    let mut draw = uniform(5);
    let mut text = "x,w,kind\n".to_owned();
    for at in 0..3_000 {
        let x = draw();
        let cell = if at % 10 == 0 {
            String::new()
        } else {
            format!("{x:.4}")
        };
        // Every third row is wrong, and weighs nothing.
        let (weight, kind) = if at % 3 == 0 {
            (0.0, "c")
        } else {
            (1.0, ["a", "b"][usize::from(x > 0.5)])
        };
        writeln!(text, "{cell},{weight},{kind}").unwrap();
    }
    let file = folder.path().join("kinds.csv");
    std::fs::write(&file, text).unwrap();
    let reader = TableReader::new().weights("w");
    let recipe = Recipe::Network(small_network());
    let model = Pipeline::fit_path(&file, &reader, &recipe, 3, &little(&folder)).unwrap();
    assert_eq!(model.schema().classes(), ["a", "b", "c"]);
    assert!(model.data().1 <= 2_000);
    let Measures::Classes { accuracy, .. } = model.held_out().measures else {
        panic!()
    };
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn a_logarithm_that_only_the_sample_has_is_given_up_and_divergence_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    let mut text = "x,y\n".to_owned();
    (0..2_000)
        .for_each(|at| writeln!(text, "{},{}", at * 37 % 2_000, at * 37 % 2_000 + 1).unwrap());
    text += "5,0\n";
    std::fs::write(&file, text).unwrap();
    let mut network = small_network();
    network.logarithm = true;
    let fit = |recipe: &Recipe| {
        Pipeline::fit_path(&file, &TableReader::new(), recipe, 0, &little(&folder))
    };
    let model = fit(&Recipe::Network(network)).unwrap();
    assert_eq!(model.data().1, 2_001);
    let error = fit(&Recipe::Network(diverging_network())).unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error}");
}
