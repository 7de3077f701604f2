//! Writes random models as ONNX, each with rows and what this crate's predictions are, into a folder: `onnx_cases FOLDER COUNT`.
//!
//! `cargo xtask onnx` has onnxruntime predict the same rows.

#[path = "../tests/random/mod.rs"]
mod random;

use std::path::Path;

use random::{Case, Cell, Columns};
use serde_json::{Value, json};

const ROWS: usize = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: onnx_cases FOLDER COUNT".into());
    };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    for number in 0..count.parse()? {
        let case = random::case(number, Columns::All, ROWS);
        let file = |kind| folder.join(format!("{number:04}.{kind}"));
        std::fs::write(file("onnx"), smallbatch_export::onnx(&case.model)?)?;
        std::fs::write(file("json"), described(&case).to_string())?;
    }
    Ok(())
}

fn described(case: &Case) -> Value {
    let cell = |cell: &Cell| match cell {
        Cell::Missing => Value::Null,
        Cell::Number(number) => json!(number),
        Cell::Truth(is) => json!(is),
        Cell::Text(text) => json!(text),
    };
    let columns: Vec<_> = case
        .model
        .columns
        .iter()
        .map(|c| c.name.to_string())
        .collect();
    let rows = case.rows.iter();
    let rows: Vec<Vec<Value>> = rows.map(|row| row.iter().map(cell).collect()).collect();
    json!({
        "columns": columns,
        "classes": case.model.classes,
        "rows": rows,
        "predictions": case.predictions(),
        "intervals": case.intervals(),
    })
}
