//! Writes random models as they are exported, with what they must predict, for `cargo xtask portable`.
//!
//! `check.c` has `check()`, the number of predictions that differ; `model_N.rs` are models, and `rows_N.rs` what they predict. `page.h` is a
//! header with every kind of column.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use smallbatch_predict::{Kind, Model};

#[path = "../tests/all/check.rs"]
mod check;
#[path = "../../predict/tests/all/random.rs"]
#[allow(dead_code)] // The tests need more of it.
mod random;

/// So many models that each kind of feature, scaling, activation and output meets.
const MODELS: std::ops::Range<u64> = 0..18;
const ROWS: usize = 12;

/// Of the first model that has a number, a truth, a category, a date and a time of day.
fn header_of_all_kinds() -> Result<String, Box<dyn Error>> {
    let has_all = |model: &Model| {
        let has = |is: fn(&Kind) -> bool| model.columns.iter().any(|column| is(&column.kind));
        has(|kind| matches!(kind, Kind::Number { .. }))
            && has(|kind| matches!(kind, Kind::Boolean))
            && has(|kind| matches!(kind, Kind::Category { .. }))
            && has(|kind| matches!(kind, Kind::Date { .. }))
            && has(|kind| matches!(kind, Kind::Time))
    };
    let model = (0..1000).map(random::model).find(has_all);
    let model = model.ok_or("no random model has every kind of column")?;
    Ok(smallbatch_export::c_header(&model, "page"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name a folder")?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("check.c"), check::source(MODELS, ROWS))?;
    fs::write(folder.join("page.h"), header_of_all_kinds()?)?;
    let mut models = String::new();
    for seed in MODELS {
        let model = random::model(seed);
        let source = smallbatch_export::rust_source(&model);
        fs::write(folder.join(format!("model_{seed}.rs")), source)?;
        let prediction = model.predict(&model.row())?;
        let bits: Vec<String> = prediction
            .values
            .iter()
            .map(|x| format!("{:#x}", x.to_bits()))
            .collect();
        models.push_str(&format!("    (&m{seed}::MODEL, &[{}]),\n", bits.join(", ")));
        let bytes = model.to_bytes("null")?;
        fs::write(folder.join(format!("model_{seed}.safetensors")), bytes)?;
    }
    let modules: String = MODELS
        .map(|seed| format!("#[path = \"model_{seed}.rs\"]\nmod m{seed};\n"))
        .collect();
    let files: String = MODELS
        .map(|seed| format!("    include_bytes!(\"model_{seed}.safetensors\"),\n"))
        .collect();
    let n = MODELS.end;
    let all = format!(
        "\
{modules}
/// Models, and the bits of what they predict where every cell is missing.
pub(crate) static MODELS: [(&smallbatch_predict::Model, &[u64]); {n}] = [
{models}];

/// The same models as files.
#[cfg(feature = \"file\")]
pub(crate) static FILES: [&[u8]; {n}] = [
{files}];
"
    );
    fs::write(folder.join("models.rs"), all)?;
    Ok(())
}
