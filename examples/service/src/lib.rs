//! A saved model as a service.
//!
//! | request | answer |
//! |---|---|
//! | `POST /predict` with a row, `{"size": 54, "town": "Ulm"}`, or a list of rows | a prediction each, with probabilities or an interval, and warnings |
//! | `GET /model` | what it predicts, and which columns it reads |
//! | `GET /health` | 200 while it serves |
//!
//! A row names every column; `null` is a missing cell. A column that is missing, unknown, given twice or of another type is an error with the row and the
//! name, and no row of that request is predicted. When the model's file is replaced, the next request meets the new model; requests on
//! their way end with the old one. A new file that cannot be read changes nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use smallbatch_predict::{Kind, Model, Prediction, Row, Scratch, Value};

/// The largest request.
pub const MOST_BYTES: usize = 1 << 20;
/// The coverage of intervals around numbers.
const COVERAGE: f64 = 0.9;
/// What is said of a row that is none.
const NO_ROW: &str = "a row is an object, such as {\"size\": 54}";

/// The model that is served now.
#[derive(Clone)]
pub struct Served {
    file: PathBuf,
    model: Arc<RwLock<Arc<Model>>>,
}

impl Served {
    /// Reads the model.
    ///
    /// # Errors
    /// A sentence with the file's name.
    pub fn open(file: impl Into<PathBuf>) -> Result<Self, String> {
        let file = file.into();
        let model = Arc::new(RwLock::new(Arc::new(read(&file)?)));
        Ok(Self { file, model })
    }

    fn now(&self) -> Arc<Model> {
        let model = self.model.read();
        // Nothing panics while it holds the lock, which only copies a pointer.
        Arc::clone(&model.unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// Where it cannot be read; the model stays.
    pub fn reload(&self) -> Result<(), String> {
        let new = Arc::new(read(&self.file)?);
        let mut model = self.model.write();
        **model.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut()) = new;
        Ok(())
    }

    /// Looks at the file every so often, and reads it again when it was replaced. Does not end.
    pub async fn watch(self, every: Duration) {
        let mut seen = stamp(&self.file);
        loop {
            tokio::time::sleep(every).await;
            let now = stamp(&self.file);
            if now == seen || now.is_none() {
                continue;
            }
            seen = now;
            match self.reload() {
                Ok(()) => eprintln!("{} is served anew", self.file.display()),
                Err(error) => eprintln!("the model before is served on: {error}"),
            }
        }
    }
}

fn read(file: &Path) -> Result<Model, String> {
    let bytes =
        std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Model::from_bytes(&bytes).map_err(|error| format!("{}: {error}", file.display()))
}

/// What another file in the place of the first differs in.
#[derive(Debug, PartialEq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    /// Two files that were there at one time have different ones, whatever their time and length.
    #[cfg(unix)]
    inode: u64,
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    Some(Stamp {
        modified: metadata.modified().ok()?,
        length: metadata.len(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&metadata),
    })
}

/// The routes.
pub fn app(served: Served) -> Router {
    Router::new()
        .route("/predict", post(predict))
        .route("/model", get(describe))
        .route("/health", get(async || "ok\n"))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(served)
}

fn answer(status: StatusCode, content: &Json) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, format!("{content}\n")).into_response()
}

fn refused(why: String) -> Response {
    answer(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "error": why }))
}

fn no_json(error: &serde_json::Error) -> Response {
    let error = json!({ "error": format!("the request is no JSON: {error}") });
    answer(StatusCode::BAD_REQUEST, &error)
}

/// The elements of a list, or what is none as the only one.
fn one_or_more(body: &[u8]) -> Result<Vec<&RawValue>, serde_json::Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(body)
    } else {
        Ok(vec![serde_json::from_slice(body)?])
    }
}

/// A row as it was sent. A map would keep the last of two cells of one name, and nobody knows which of them was meant.
struct Cells(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Cells;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cells, A::Error> {
        let mut cells = Vec::new();
        while let Some(cell) = map.next_entry()? {
            cells.push(cell);
        }
        Ok(Cells(cells))
    }
}

async fn predict(State(served): State<Served>, body: Bytes) -> Response {
    let model = served.now();
    let rows: Vec<&RawValue> = match one_or_more(&body) {
        Ok(rows) => rows,
        Err(error) => return no_json(&error),
    };
    let mut scratch = Scratch::default();
    let mut row = model.row();
    let mut predictions = Vec::with_capacity(rows.len());
    for (at, sent) in rows.iter().enumerate() {
        let place = if rows.len() > 1 {
            format!("row {}: ", at + 1)
        } else {
            String::new()
        };
        let cells = match serde_json::from_str(sent.get()) {
            Ok(cells) => cells,
            Err(error) if error.is_data() => return refused(format!("{place}{NO_ROW}")),
            Err(error) => return no_json(&error),
        };
        if let Err(why) = fill(&mut row, &cells) {
            return refused(format!("{place}{why}"));
        }
        match model.predict_with(&row, &mut scratch) {
            Ok(prediction) => predictions.push(said(&prediction)),
            Err(error) => return refused(format!("{place}{error}")),
        }
    }
    answer(StatusCode::OK, &json!({ "predictions": predictions }))
}

/// Sets the cells of a row, which name every column once.
fn fill(row: &mut Row<'_>, Cells(cells): &Cells) -> Result<(), String> {
    row.clear();
    let mut given = BTreeSet::new();
    for (column, cell) in cells {
        if !given.insert(column) {
            return Err(format!("column {column:?} is given twice"));
        }
        let value = match cell {
            Json::Null => Value::Missing,
            Json::Bool(truth) => Value::Truth(*truth),
            Json::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Value::Text(text),
            Json::Array(_) | Json::Object(_) => {
                return Err(format!(
                    "column {column:?} takes one value, not a list or an object"
                ));
            }
        };
        row.set(column, value).map_err(|error| error.to_string())?;
    }
    let unset = row.unset().next();
    match unset {
        Some(column) => Err(format!(
            "column {:?} is not given; null is a missing cell",
            column.name
        )),
        None => Ok(()),
    }
}

fn said(prediction: &Prediction<'_>) -> Json {
    let mut said = Map::new();
    if let Some(class) = prediction.class() {
        said.insert("class".into(), class.into());
        let probabilities = prediction
            .probabilities()
            .map(|(class, p)| (class.to_owned(), p.into()));
        said.insert(
            "probabilities".into(),
            Json::Object(probabilities.collect()),
        );
    }
    if let Some(number) = prediction.number() {
        said.insert("number".into(), number.into());
    }
    if let Some((low, high)) = prediction.interval(COVERAGE) {
        // JSON has no infinity: an end that too few rows vouch for is null.
        said.insert(
            "interval".into(),
            json!({ "coverage": COVERAGE, "low": low, "high": high }),
        );
    }
    let warnings = prediction.warnings.iter();
    let warnings =
        warnings.map(|warning| json!({ "column": warning.column, "what": warning.what }));
    said.insert("warnings".into(), warnings.collect());
    Json::Object(said)
}

async fn describe(State(served): State<Served>) -> Response {
    let model = served.now();
    let columns = model.columns.iter().map(|column| {
        let kind = match &column.kind {
            Kind::Number { range } => json!({ "number": { "range": range } }),
            Kind::Boolean => json!("boolean"),
            Kind::Category { levels } => json!({ "category": levels }),
            Kind::Date { .. } => json!("date"),
            Kind::Time => json!("time of day"),
            Kind::Constant { value } => json!({ "constant": value }),
        };
        json!({ "name": column.name, "kind": kind })
    });
    let described = json!({
        "target": model.target,
        "classes": model.classes,
        "columns": columns.collect::<Json>(),
        "networks": model.members.len(),
    });
    answer(StatusCode::OK, &described)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use super::*;

    /// As by `cp -p`, or within the resolution of the file system's clock.
    #[test]
    fn a_new_file_of_the_same_time_and_length_is_another() {
        let folder = std::env::temp_dir().join(format!("service-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let [served, new] = ["served", "new"].map(|name| folder.join(name));
        for (file, content) in [(&served, "one"), (&new, "two")] {
            std::fs::write(file, content).expect("a file");
            let file = File::options().write(true).open(file).expect("it is there");
            file.set_modified(SystemTime::UNIX_EPOCH).expect("a time");
        }
        let before = stamp(&served);
        assert!(before.is_some() && before == stamp(&served));
        std::fs::rename(&new, &served).expect("in its place");
        assert_ne!(before, stamp(&served));
        std::fs::remove_dir_all(&folder).expect("it is there");
    }
}
