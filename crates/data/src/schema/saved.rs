//! A schema as it is read from a file, of this version or an earlier one.

use std::collections::HashSet;

use serde::Deserialize;

use super::{TableSchema, Time};
use crate::MissingValues;
use crate::cells::Markers;
use crate::column::{ColumnKind, ColumnRole, Reading, TableColumn};
use crate::numbers::NumberFormat;

/// A schema as it is read from a file.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Saved {
    Now(Now),
    Before(Before),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Now {
    columns: Vec<TableColumn>,
    #[serde(default)]
    time: Option<Time>,
    #[serde(default)]
    markers: Markers,
    #[serde(default)]
    missing: MissingValues,
    #[serde(default)]
    day_first: Option<bool>,
    rows: u64,
}

/// A schema as it was before columns had kinds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Before {
    features: Vec<ColumnBefore>,
    target: String,
    classes: Option<Vec<String>>,
    ignored: Vec<String>,
    #[serde(default)]
    groups: Option<String>,
    #[serde(default)]
    missing: MissingValues,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnBefore {
    name: String,
    /// `None` for numbers.
    categories: Option<Vec<String>>,
}

impl From<Before> for Now {
    fn from(before: Before) -> Self {
        let column = |name: String, role, kind, reading| TableColumn {
            name,
            role,
            kind,
            reason: "read by an earlier version".to_owned(),
            missing: 0,
            reading,
            notes: Vec::new(),
        };
        let values = |name, role, levels: Option<Vec<String>>| match levels {
            Some(levels) => column(name, role, ColumnKind::Category, Reading::Levels(levels)),
            None => {
                let format = NumberFormat::default();
                let reading = Reading::Numbers {
                    format,
                    range: None,
                };
                column(name, role, ColumnKind::Number, reading)
            }
        };
        let mut columns: Vec<TableColumn> = before
            .features
            .into_iter()
            .map(|feature| values(feature.name, ColumnRole::Feature, feature.categories))
            .collect();
        columns.extend(before.groups.into_iter().map(|name| {
            let kind = ColumnKind::Identifier;
            column(name, ColumnRole::Groups, kind, Reading::Nothing)
        }));
        columns.extend(before.ignored.into_iter().map(|name| {
            let kind = ColumnKind::Ignored;
            column(name, ColumnRole::Feature, kind, Reading::Nothing)
        }));
        columns.push(values(before.target, ColumnRole::Target, before.classes));
        Self {
            columns,
            time: None,
            markers: Markers::default(),
            missing: before.missing,
            day_first: None,
            rows: 0,
        }
    }
}

impl TryFrom<Saved> for TableSchema {
    type Error = String;

    /// Refuses what [`TableReader::schema`](crate::TableReader::schema) would not have made.
    fn try_from(saved: Saved) -> Result<Self, String> {
        let saved = match saved {
            Saved::Now(now) => now,
            Saved::Before(before) => before.into(),
        };
        let mut names = HashSet::new();
        for column in &saved.columns {
            column.check()?;
            if !names.insert(&column.name) {
                return Err(format!("the schema has the column {:?} twice", column.name));
            }
        }
        let of_role = |role| {
            saved
                .columns
                .iter()
                .filter(move |column| column.role == role)
        };
        for (role, name) in [
            (ColumnRole::Groups, "groups"),
            (ColumnRole::Weights, "weights"),
        ] {
            if of_role(role).count() > 1 {
                return Err(format!("the schema has two columns of {name}"));
            }
        }
        let mut targets = of_role(ColumnRole::Target);
        match (targets.next().map(|target| &target.reading), targets.next()) {
            (Some(Reading::Levels(classes)), None) if classes.len() < 2 => {
                return Err("the schema's classes are not two or more different names".into());
            }
            (Some(Reading::Levels(_) | Reading::Numbers { .. }), None) => {}
            _ => return Err("the schema has not one target, of classes or of numbers".into()),
        }
        if !saved.columns.iter().any(TableColumn::is_feature) {
            return Err("the schema has no column beside the target".into());
        }
        Ok(Self {
            columns: saved.columns,
            time: saved.time,
            markers: saved.markers,
            missing: saved.missing,
            day_first: saved.day_first,
            rows: saved.rows,
        })
    }
}
