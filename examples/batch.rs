//! Scores a table of any size with a saved model: one piece of the table is in memory at a time.
//!
//! `cargo run --release --example batch -- out/model.safetensors new.csv scored.csv`. Without arguments a small model is trained, and scores
//! the table that it was trained on.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use smallbatch::data::TableChunks;
use smallbatch::prelude::*;

/// Rows in memory at once. More are not much faster.
const ROWS_AT_ONCE: usize = 10_000;

/// Writes a prediction for each row that can be read, with its line in the table. Returns how many were written, and how many were not.
fn score(model: &Pipeline, table: &Path, mut to: impl Write) -> Result<[usize; 2], Box<dyn Error>> {
    let [mut written, mut unread] = [0; 2];
    // `open` instead would end at the first malformed line, with an error.
    for (piece, rows) in TableChunks::open_tolerant(table, ROWS_AT_ONCE)?.enumerate() {
        let predictions = model.predict(&rows?)?;
        let text = predictions.to_csv()?;
        let body = text.split_once('\n').map_or("", |(_, body)| body);
        to.write_all(if piece == 0 { &text } else { body }.as_bytes())?;
        written += predictions.lines.len();
        unread += predictions.bad_rows.len();
        for row in &predictions.bad_rows {
            eprintln!("line {} is left out: {}", row.line, row.reason);
        }
    }
    to.flush()?;
    Ok([written, unread])
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [written, unread] = match &*arguments {
        [model, table, scored] => {
            let to = BufWriter::new(File::create(scored)?);
            score(&Pipeline::load(model)?, table.as_ref(), to)?
        }
        [] => {
            let wine = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/data/wine.csv");
            let table = Table::read_path(wine)?;
            let model = Pipeline::fit(&table, &TableReader::new(), &Recipe::default(), 3)?;
            score(&model, wine.as_ref(), std::io::stdout().lock())?
        }
        _ => return Err("usage: batch MODEL TABLE.csv SCORED.csv".into()),
    };
    eprintln!("{written} rows are scored, {unread} are left out");
    Ok(())
}
