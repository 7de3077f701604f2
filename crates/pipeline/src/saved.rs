//! A model as a file: JSON with a version and a checksum.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, Pipeline};

/// The layout of the file.
const FORMAT: u32 = 2;

#[derive(Serialize)]
struct Written<'a> {
    smallbatch_model: u32,
    checksum: String,
    model: &'a Pipeline,
}

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
    model: Pipeline,
}

/// The checksum of a model: of the text that it is written as.
fn checksum(model: &Pipeline) -> Result<String, serde_json::Error> {
    let text = serde_json::to_vec(model)?;
    Ok(format!("{:032x}", xxh3_128(&text)))
}

pub(crate) fn save(model: &Pipeline, file: &Path) -> Result<(), Error> {
    let failed = |source| Error::File {
        doing: "write",
        file: file.to_path_buf(),
        source,
    };
    let json = |error: serde_json::Error| failed(error.into());
    let written = Written {
        smallbatch_model: FORMAT,
        checksum: checksum(model).map_err(json)?,
        model,
    };
    let mut text = serde_json::to_vec(&written).map_err(json)?;
    text.push(b'\n');
    // Beside the file, and renamed when it is whole.
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = file.with_file_name(name);
    let written = fs::File::create(&beside)
        .and_then(|mut open| open.write_all(&text).and_then(|()| open.sync_all()))
        .and_then(|()| fs::rename(&beside, file));
    written.map_err(|error| {
        // What is left of it is of no use; that it cannot be removed either says nothing new.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

pub(crate) fn load(file: &Path) -> Result<Pipeline, Error> {
    let text = fs::read_to_string(file).map_err(|source| Error::File {
        doing: "read",
        file: file.to_path_buf(),
        source,
    })?;
    let none = |reason: String| Error::NoModel {
        file: file.to_path_buf(),
        reason,
    };
    let format: Format = serde_json::from_str(&text)
        .map_err(|error| none(format!("it is no JSON of one ({error})")))?;
    match (format.smallbatch_model, format.format) {
        (Some(FORMAT), _) => {}
        (Some(other), _) => {
            return Err(none(format!(
                "it has format {other}, and this program reads format {FORMAT}; use the program that wrote it, or train anew"
            )));
        }
        (None, Some(1)) => {
            return Err(none(
                "it has format 1, of an earlier version; train it anew with `advise`".into(),
            ));
        }
        (None, _) => return Err(none("it does not say its format".into())),
    }
    let read: Read =
        serde_json::from_str(&text).map_err(|error| none(format!("it is damaged ({error})")))?;
    let computed = checksum(&read.model).map_err(|error| none(error.to_string()))?;
    if computed != read.checksum {
        return Err(none("it is damaged: its checksum differs".into()));
    }
    check(&read.model).map_err(none)?;
    Ok(read.model)
}

/// Whether the pieces fit together.
fn check(model: &Pipeline) -> Result<(), String> {
    let outputs = model.schema.classes().len().max(1);
    for member in &model.members {
        let spec = member.network.spec();
        let features = member.encoder.feature_names().len();
        if member.scaler.n_features() != features || spec.n_inputs() != features {
            return Err(format!(
                "its columns make {features} features, its scaler has {} and its network {}",
                member.scaler.n_features(),
                spec.n_inputs()
            ));
        }
        if spec.n_outputs() != outputs {
            return Err(format!(
                "its network has {} outputs, and its target {outputs}",
                spec.n_outputs()
            ));
        }
    }
    if model.members.is_empty() {
        return Err("it has no network".into());
    }
    Ok(())
}
