//! The form before safetensors: JSON with a checksum. It is read, and no longer written.

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::Pipeline;

/// The layout of the file.
const FORMAT: u32 = 2;

#[derive(Deserialize)]
struct Format {
    smallbatch_model: Option<u32>,
    format: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "smallbatch_model")]
    _format: u32,
    checksum: String,
    model: Box<serde_json::value::RawValue>,
}

/// A model from such a text; a sentence that says why not.
pub(super) fn read(text: &[u8]) -> Result<Pipeline, String> {
    let damaged = |error: &dyn std::fmt::Display| format!("it is damaged ({error})");
    let format: Format =
        serde_json::from_slice(text).map_err(|error| format!("it is no JSON of one ({error})"))?;
    match (format.smallbatch_model, format.format) {
        (Some(FORMAT), _) => {}
        (Some(other), _) => {
            return Err(format!(
                "it has format {other} as JSON, and this program reads format {FORMAT}; use the program that wrote it, or train anew"
            ));
        }
        (None, Some(1)) => {
            return Err(
                "it has format 1, of an earlier version; train it anew with `advise`".into(),
            );
        }
        (None, _) => return Err("it does not say its format".into()),
    }
    let read: Read = serde_json::from_slice(text).map_err(|error| damaged(&error))?;
    // Over the text as it was written.
    if format!("{:032x}", xxh3_128(read.model.get().as_bytes())) != read.checksum {
        return Err("it is damaged: its checksum differs".into());
    }
    serde_json::from_str(read.model.get()).map_err(|error| damaged(&error))
}
