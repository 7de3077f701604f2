//! An advice as files.

use std::path::{Path, PathBuf};

use smallbatch_base::limits;
use smallbatch_files as files;
use smallbatch_pipeline::Pipeline;
use smallbatch_report::{Expectation, STOPPED, advice_html, write_files};

use crate::{Advice, Advised, Error, page};

impl Advised {
    /// Writes `model.safetensors`, `advice.json` and the page `advice.html` into a folder. Model and advice name each other by the advice's
    /// identity, and none of the three is replaced before there is room for all.
    ///
    /// An advice that was stopped before its end does not replace a complete one: its files are in the folder `stopped` of this one then.
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
        let is_kept = !self.advice.is_complete && has_complete_advice(folder);
        let folder = if is_kept {
            folder.join(STOPPED)
        } else {
            folder.to_path_buf()
        };
        smallbatch_report::prepare(&folder)?;
        let [model, file, page] =
            [Pipeline::FILE_NAME, ADVICE, "advice.html"].map(|name| folder.join(name));
        let text = serde_json::to_string_pretty(&self.advice).map_err(|error| {
            smallbatch_report::Error::Write {
                file: file.clone(),
                reason: error.to_string(),
            }
        })?;
        let html = advice_html(&page::page(self, expected)).into_bytes();
        write_files(&[
            (model.clone(), self.model.to_bytes()?),
            (file.clone(), files::seal_json(&text).into_bytes()),
            (page.clone(), html),
        ])?;
        Ok(vec![page, file, model])
    }
}

const ADVICE: &str = "advice.json";

fn has_complete_advice(folder: &Path) -> bool {
    let begins = |text: &[u8]| text.trim_ascii_start().first() == Some(&b'{');
    let text = files::read_if(&folder.join(ADVICE), limits::MOST_RESULTS_BYTES, begins);
    let advice = text
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    advice.is_some_and(|advice: Advice| advice.is_complete)
}
