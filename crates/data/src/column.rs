//! What one column of a table is, why, and how its cells are read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cells::{Absence, Among, Markers};
use crate::dates::{DateOrder, MONTHS, WEEKDAYS};
use crate::numbers::NumberFormat;

/// What the cells of a column are.
///
/// In files it is written in small letters: `kind = "number"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ColumnKind {
    /// Numbers; a feature as they are.
    Number,
    /// Texts of which each stands in several rows.
    Category,
    /// Two values such as yes and no: a feature of 1 and 0.
    Boolean,
    /// Dates, with or without times: a trend and the parts of the calendar.
    Date,
    /// Times of day without a date: the sine and cosine of the angle of the hour hand of a clock of 24 hours.
    Time,
    /// A number or a name of the row: left out.
    Identifier,
    /// One value in all rows: left out.
    Constant,
    /// Free text: left out.
    Text,
    /// Left out by name.
    Ignored,
}

impl ColumnKind {
    /// All kinds, as they are written.
    pub const NAMES: [(&'static str, Self); 9] = [
        ("number", Self::Number),
        ("category", Self::Category),
        ("boolean", Self::Boolean),
        ("date", Self::Date),
        ("time", Self::Time),
        ("identifier", Self::Identifier),
        ("constant", Self::Constant),
        ("text", Self::Text),
        ("ignored", Self::Ignored),
    ];

    /// Whether features are made of such a column.
    pub fn is_used(self) -> bool {
        matches!(
            self,
            Self::Number | Self::Category | Self::Boolean | Self::Date | Self::Time
        )
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, kind)| kind == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// What a column is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ColumnRole {
    /// Features are made of it, if its kind has any.
    #[default]
    Feature,
    /// It is predicted.
    Target,
    /// Rows with equal cells belong together.
    Groups,
    /// It says how much each row counts.
    Weights,
}

/// A column of a [`TableSchema`](crate::TableSchema).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableColumn {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "is_feature")]
    pub(crate) role: ColumnRole,
    pub(crate) kind: ColumnKind,
    pub(crate) reason: String,
    pub(crate) missing: u64,
    pub(crate) reading: Reading,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

/// By reference, as serde asks for it.
fn is_feature(role: &ColumnRole) -> bool {
    *role == ColumnRole::Feature
}

/// How cells become values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reading {
    /// As numbers.
    Numbers {
        /// How they are written.
        format: NumberFormat,
        /// The least and the largest that there was, if it is known.
        range: Option<[f64; 2]>,
    },
    /// As one of these texts.
    Levels(Vec<String>),
    /// As 1 for true and 0 for false.
    Truth,
    /// As dates.
    Dates {
        /// How they are written.
        order: DateOrder,
        /// The earliest, in days since 1970-01-01.
        earliest: f64,
        /// The latest, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latest: Option<f64>,
        /// Which parts of the calendar vary.
        parts: Vec<CalendarPart>,
    },
    /// As times of day.
    Clock,
    /// Not at all, but it was always this.
    Always(String),
    /// Not at all.
    Nothing,
}

/// A part of the calendar that varies among the dates of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CalendarPart {
    Month,
    Weekday,
    Hour,
}

impl CalendarPart {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Weekday => "weekday",
            Self::Hour => "hour",
        }
    }

    /// The names of its values, whether they have been seen or not.
    pub(crate) fn levels(self) -> Vec<String> {
        match self {
            Self::Month => MONTHS.map(str::to_owned).to_vec(),
            Self::Weekday => WEEKDAYS.map(str::to_owned).to_vec(),
            Self::Hour => (0..24).map(|hour| format!("{hour:02}")).collect(),
        }
    }
}

impl TableColumn {
    /// The name in the table's header.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn role(&self) -> ColumnRole {
        self.role
    }

    /// What its cells are.
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }

    /// Why it is of this kind, as a sentence without its end: `12 different whole numbers in 12 rows`.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What was assumed of it, and what is odd about it, as sentences without their end: dates that can be read in two ways, say.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many of its cells were missing.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The categories, or the classes of a target; empty for all else.
    pub fn levels(&self) -> &[String] {
        match &self.reading {
            Reading::Levels(levels) => levels,
            _ => &[],
        }
    }

    /// The least and the largest number that there was.
    pub fn range(&self) -> Option<(f64, f64)> {
        match self.reading {
            Reading::Numbers {
                range: Some([least, largest]),
                ..
            } => Some((least, largest)),
            _ => None,
        }
    }

    /// The earliest date that there was, in days since 1970-01-01; its trend counts from there.
    pub fn earliest(&self) -> Option<f64> {
        match self.reading {
            Reading::Dates { earliest, .. } => Some(earliest),
            _ => None,
        }
    }

    /// What was in all rows of a constant column.
    pub fn always(&self) -> Option<&str> {
        match &self.reading {
            Reading::Always(value) => Some(value),
            _ => None,
        }
    }

    /// Whether features are made of it.
    pub fn is_feature(&self) -> bool {
        self.role == ColumnRole::Feature && self.kind.is_used()
    }

    /// What may be written for a missing cell.
    pub(crate) fn among(&self) -> Among {
        let is_dash = |level: &String| Markers::default().absence(level) == Absence::Dash;
        match (&self.reading, self.role) {
            (_, ColumnRole::Groups) => Among::Texts,
            // A dash may be a class beside a plus.
            (Reading::Levels(levels), ColumnRole::Target) if !levels.iter().any(is_dash) => {
                Among::Classes
            }
            (Reading::Levels(_), _) => Among::Texts,
            _ => Among::Numbers,
        }
    }

    /// The names of what it becomes in a frame; the categories of those that have some.
    pub(crate) fn parts(&self) -> Vec<(String, Option<Vec<String>>)> {
        match &self.reading {
            Reading::Numbers { .. } | Reading::Truth => vec![(self.name.clone(), None)],
            Reading::Levels(levels) => vec![(self.name.clone(), Some(levels.clone()))],
            Reading::Dates { parts, .. } => {
                let mut all = vec![(format!("{}: trend", self.name), None)];
                all.extend(parts.iter().map(|part| {
                    let name = format!("{}: {}", self.name, part.name());
                    (name, Some(part.levels()))
                }));
                all
            }
            Reading::Clock => ["sine", "cosine"]
                .map(|part| (format!("{}: {part}", self.name), None))
                .to_vec(),
            Reading::Always(_) | Reading::Nothing => Vec::new(),
        }
    }

    /// Refuses what no reader would have made.
    pub(crate) fn check(&self) -> Result<(), String> {
        let fits = match &self.reading {
            Reading::Numbers { format, range } => {
                let ordered = range.is_none_or(|[least, largest]| least <= largest);
                self.kind == ColumnKind::Number && format.is_known() && ordered
            }
            Reading::Levels(levels) => {
                let distinct: std::collections::HashSet<&String> = levels.iter().collect();
                if distinct.len() < levels.len() {
                    return Err(format!(
                        "the schema's column {:?} has a category twice",
                        self.name
                    ));
                }
                self.kind == ColumnKind::Category
            }
            Reading::Truth => self.kind == ColumnKind::Boolean,
            Reading::Dates { earliest, .. } => {
                self.kind == ColumnKind::Date && earliest.is_finite()
            }
            Reading::Clock => self.kind == ColumnKind::Time,
            Reading::Always(_) => self.kind == ColumnKind::Constant,
            Reading::Nothing => !self.kind.is_used() || self.role == ColumnRole::Groups,
        };
        if fits {
            Ok(())
        } else {
            Err(format!(
                "the schema's column {:?} is not read as its kind ({})",
                self.name, self.kind
            ))
        }
    }
}
