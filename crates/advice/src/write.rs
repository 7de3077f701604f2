//! An advice as files.

use std::path::{Path, PathBuf};

use smallbatch_pipeline::Pipeline;
use smallbatch_report::{Expectation, advice_html, write_file};

use crate::{Advised, Error, page};

impl Advised {
    /// Writes `model.safetensors`, `advice.json` and the page `advice.html` into a folder, in this order. Model and advice name each other by
    /// the advice's identity, and each file appears whole or not at all.
    ///
    /// `expected` is what the results of the experiments let one expect of a table like this one, or why they say nothing; the page shows
    /// it beside what was measured.
    ///
    /// # Errors
    /// [`Error::Report`] and [`Error::Pipeline`] for a file that cannot be written.
    pub fn write(
        &self,
        folder: &Path,
        expected: Result<Vec<Expectation>, String>,
    ) -> Result<Vec<PathBuf>, Error> {
        smallbatch_report::prepare(folder)?;
        let model = folder.join(Pipeline::FILE_NAME);
        self.model.save(&model)?;
        let file = folder.join("advice.json");
        let text = serde_json::to_string_pretty(&self.advice).map_err(|error| {
            smallbatch_report::Error::Write {
                file: file.clone(),
                reason: error.to_string(),
            }
        })?;
        write_file(&file, smallbatch_files::seal_json(&text).as_bytes())?;
        let page = folder.join("advice.html");
        write_file(&page, advice_html(&page::page(self, expected)).as_bytes())?;
        Ok(vec![page, file, model])
    }
}
