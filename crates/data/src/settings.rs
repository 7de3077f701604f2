//! What is said of a table in a file beside it: the short form of a schema, for people to read and edit.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use smallbatch_base::limits;
use smallbatch_files as files;

use crate::cells::Markers;
use crate::{ColumnKind, ColumnRole, Error, TableReader, TableSchema, Task};

/// What a file `name.toml` may say of the table `name.csv` beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    target: Option<String>,
    task: Option<Task>,
    groups: Option<String>,
    weights: Option<String>,
    time: Option<String>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default = "yes")]
    missing_markers: bool,
    #[serde(default)]
    leave_out_text: bool,
    day_first: Option<bool>,
    #[serde(default)]
    columns: BTreeMap<String, ColumnKind>,
}

fn yes() -> bool {
    true
}

impl TableReader {
    /// A reader of which this text says what there is to say, all of it optional:
    ///
    /// ```
    /// use smallbatch_data::TableReader;
    ///
    /// TableReader::from_toml(r#"
    /// target = "price"
    /// task = "numbers"            # or "classes"
    /// groups = "street"           # rows with equal cells stay in one part of a grouped split
    /// weights = "count"           # how much a row counts
    /// time = "sold"               # when a row happened
    /// ignore = ["note"]           # left out
    /// missing = ["unknown"]       # means a missing cell, beside the common markers
    /// missing-markers = true      # false: NA is Namibia
    /// leave-out-text = false      # true: free text is left out, not refused
    /// day-first = true            # 3/4/2021 is in April; false: in March
    ///
    /// [columns]                   # what a column is, instead of reading it off
    /// zip = "category"            # or number, boolean, date, time, identifier, constant, text, ignored
    /// "#)?;
    ///
    /// let error = TableReader::from_toml("target = \"price\"\ngruops = \"street\"").unwrap_err();
    /// assert!(error.to_string().contains("line 2: unknown field `gruops`"));
    /// # Ok::<(), smallbatch_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TableSettings`] for what is no TOML, or has a key or a value that is not known, with its line.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let settings: Settings = toml::from_str(text).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            let before = text.get(..place).unwrap_or_default();
            Error::TableSettings {
                file: "settings".into(),
                line: 1 + before.matches('\n').count(),
                reason: error.message().to_owned(),
            }
        })?;
        Ok(Self {
            target: settings.target,
            task: settings.task,
            ignored: settings.ignore,
            kinds: settings.columns,
            groups: settings.groups,
            weights: settings.weights,
            time: settings.time,
            markers: Markers {
                common: settings.missing_markers,
                more: settings.missing,
            },
            leaves_out_text: settings.leave_out_text,
            day_first: settings.day_first,
            ..Self::new()
        })
    }

    /// What a file says, see [`from_toml`](Self::from_toml).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::TableSettings`] with the file and the line.
    pub fn from_settings(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let text =
            files::read_text(path, limits::MOST_SETTINGS_BYTES).map_err(|source| Error::Io {
                path: path.to_path_buf(),
                source,
            })?;
        Self::from_toml(&text).map_err(|error| match error {
            Error::TableSettings { line, reason, .. } => Error::TableSettings {
                file: path.to_path_buf(),
                line,
                reason,
            },
            other => other,
        })
    }

    /// What the file beside a table says, `houses.toml` for `houses.csv` (or `houses.csv.gz`); nothing if there is none, as
    /// beside standard input (`-`).
    ///
    /// # Errors
    /// As [`from_settings`](Self::from_settings), but for a file that is not there.
    pub fn beside(table: impl AsRef<Path>) -> Result<Self, Error> {
        let table = table.as_ref();
        if table == Path::new("-") {
            return Ok(Self::new());
        }
        let name = crate::source::name_of(table);
        match Self::from_settings(table.with_file_name(format!("{name}.toml"))) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::new())
            }
            other => other,
        }
    }
}

impl TableSchema {
    /// What was read off, in the form that [`TableReader::from_toml`] reads: a column a line, with the reason behind it.
    ///
    /// ```
    /// use smallbatch_data::{Table, TableReader};
    ///
    /// let table = Table::read("id,size,sold\n7,1.5,no\n3,2,yes\n5,?,no\n4,2,yes\n".as_bytes())?;
    /// let schema = TableReader::new().schema(&table)?;
    /// let text = schema.to_toml();
    /// assert_eq!(text, r#"target = "sold"
    /// task = "classes"  # 2 classes in 4 rows
    ///
    /// [columns]
    /// id = "identifier"  # 4 different whole numbers in 4 rows, and the name of an identifier
    /// size = "number"  # numbers from 1.5 to 2; 1 missing
    /// "#);
    /// assert_eq!(TableReader::from_toml(&text)?.schema(&table)?.to_toml().lines().count(), 6);
    /// # Ok::<(), smallbatch_data::Error>(())
    /// ```
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: String, comment: &str| {
            let comment = match comment {
                "" => String::new(),
                said => format!("  # {}", said.replace(['\n', '\r'], " ")),
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "{} = {value}{comment}", key_of(key));
        };
        let task = match self.task() {
            Task::Classification => "classes",
            Task::Regression => "numbers",
        };
        let of_target = self.of_role(ColumnRole::Target).map(comment);
        line("target", quoted(self.target()), "");
        line("task", quoted(task), of_target.as_deref().unwrap_or(""));
        let named = [
            ("groups", self.groups()),
            ("weights", self.weights()),
            ("time", self.time()),
        ];
        for (key, column) in named {
            if let Some(column) = column {
                line(key, quoted(column), "");
            }
        }
        if !self.markers.more.is_empty() {
            let texts: Vec<String> = self.markers.more.iter().map(|text| quoted(text)).collect();
            line("missing", format!("[{}]", texts.join(", ")), "");
        }
        if !self.markers.common {
            line("missing-markers", "false".to_owned(), "");
        }
        if let Some(day_first) = self.day_first {
            line("day-first", day_first.to_string(), "");
        }
        text.push_str("\n[columns]\n");
        for column in &self.columns {
            if column.role == ColumnRole::Feature {
                let kind = quoted(&column.kind.to_string());
                let comment = comment(column).replace(['\n', '\r'], " ");
                let _ = writeln!(text, "{} = {kind}  # {comment}", key_of(&column.name));
            }
        }
        text
    }
}

fn comment(column: &crate::TableColumn) -> String {
    match column.missing {
        0 => column.reason.clone(),
        missing => format!("{}; {missing} missing", column.reason),
    }
}

fn key_of(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
