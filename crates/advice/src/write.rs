//! An advice as files.

use std::path::{Path, PathBuf};

use crate::{Advised, Error};

impl Advised {
    /// Writes `advice.json` and `model.json` into a folder; each names the other by the advice's identity. The model is written first, and
    /// each file appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::Report`] and [`Error::Pipeline`] for a file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        smallbatch_report::prepare(folder)?;
        let model = folder.join("model.json");
        self.model.save(&model)?;
        let file = folder.join("advice.json");
        let mut text = serde_json::to_vec_pretty(&self.advice).map_err(|error| {
            smallbatch_report::Error::Write {
                file: file.clone(),
                reason: error.to_string(),
            }
        })?;
        text.push(b'\n');
        smallbatch_report::write_file(&file, &text)?;
        Ok(vec![file, model])
    }
}
