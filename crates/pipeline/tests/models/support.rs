//! Tables, recipes and random numbers for the tests.

use std::fmt::Write;

use smallbatch_data::{Frame, Table, TableReader};
use smallbatch_pipeline::{Line, NetworkRecipe, Pipeline, Rates, Recipe, RecipeOptimizer};

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

/// A table as its own schema reads it.
pub(crate) fn frame(table: &Table, reader: &TableReader) -> Frame {
    let schema = reader.schema(table).unwrap();
    schema.labelled_frame(table).unwrap().frame
}

pub(crate) fn line() -> Recipe {
    Recipe::Line(Line {
        penalty: 1e-4,
        ..Line::default()
    })
}

/// One that is trained in a moment.
pub(crate) fn small_network() -> NetworkRecipe {
    NetworkRecipe {
        hidden: vec![8],
        learning_rate: 0.01,
        epochs: 16,
        ..NetworkRecipe::default()
    }
}

/// One whose weights double with each update.
pub(crate) fn diverging_network() -> NetworkRecipe {
    NetworkRecipe {
        optimizer: RecipeOptimizer::Sgd,
        rates: Rates::Constant,
        learning_rate: 1e6,
        weight_decay: 0.0,
        clip_norm: None,
        ..small_network()
    }
}

pub(crate) fn fit(table: &Table, recipe: &Recipe) -> Pipeline {
    Pipeline::fit(table, &TableReader::new(), recipe, 0).unwrap()
}

/// y = 2a - b with a little noise, and a town that adds 3.
pub(crate) fn houses(n: usize, seed: u64) -> Table {
    let mut draw = uniform(seed);
    let rows = (0..n).map(|at| {
        let (a, b, noise) = (draw(), draw(), draw() - 0.5);
        let town = ["Bonn", "Ulm"][at % 2];
        let y = 2.0 * a - b + 3.0 * (at % 2) as f64 + 0.2 * noise;
        format!("{a:.4},{b:.4},{town},{y:.4}")
    });
    table("a,b,town,y", rows)
}
