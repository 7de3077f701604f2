//! `export`: a saved model in other forms.

use std::path::PathBuf;

use clap::Args;
use smallbatch::export::{c_header, onnx, rust_source};
use smallbatch::pipeline::Pipeline;
use smallbatch::report;

use crate::ending::{Ending, Failure};
use crate::help;
use crate::output::say;
use crate::table::model_file;

/// Write a saved model as a source of Rust or C or as an ONNX file, which predict without this program
///
/// The C header needs no library and allocates nothing; the Rust source needs the crate smallbatch-predict. Both predict the same bits on every
/// processor. ONNX runtimes differ by rounding.
#[derive(Debug, Args)]
#[command(after_help = help::EXPORT)]
pub(crate) struct Export {
    /// The model: the file model.safetensors, or the folder that it is in
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    #[command(flatten)]
    forms: Forms,
}

/// What is written; at least one.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Forms {
    /// Write a Rust source with the static MODEL
    #[arg(long, value_name = "FILE")]
    rust: Option<PathBuf>,

    /// Write a C header; the file's name is what its functions' names begin with
    #[arg(long, value_name = "FILE")]
    c: Option<PathBuf>,

    /// Write a file for ONNX runtimes
    #[arg(long, value_name = "FILE")]
    onnx: Option<PathBuf>,
}

/// Reads the model and writes what was asked for.
pub(crate) fn export(asked: &Export) -> Result<Ending, Failure> {
    let model = Pipeline::load(model_file(&asked.model))?.portable()?;
    let Forms {
        rust,
        c,
        onnx: onnx_file,
    } = &asked.forms;
    let mut files = Vec::new();
    if let Some(file) = rust {
        files.push((file.clone(), rust_source(&model).into_bytes()));
    }
    if let Some(file) = c {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        files.push((file.clone(), c_header(&model, &name).into_bytes()));
    }
    if let Some(file) = onnx_file {
        let bytes = onnx(&model).map_err(|error| Failure::failed(error.to_string()))?;
        files.push((file.clone(), bytes));
    }
    report::write_files(&files).map_err(|error| {
        Failure::failed(format!("{error}; name another file, or make its folder"))
    })?;
    for (file, _) in files {
        say(&format!("wrote {}", file.display()));
    }
    Ok(Ending::Done)
}
