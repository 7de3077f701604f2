//! What is read off a table: the kind of each column, in one pass over tables that may be pieces of a large one.

use crate::cells::{Among, Markers};
use crate::column::{ColumnKind, ColumnRole, Reading, TableColumn};
use crate::decide::{Candidate, Decision, names_what_repeats};
use crate::numbers::Habit;
use crate::schema::Time;
use crate::survey::Survey;
use crate::{Error, Table, TableReader, TableSchema, Task};

/// So many rows are looked at before the next column is.
const ROWS_AT_ONCE: usize = 512;

/// Reads a [`TableSchema`] off tables that are pieces of one: the first says the columns, and the memory does not grow
/// with the rows. [`TableReader::schema`] is this for one table.
///
/// ```
/// use smallbatch_data::{ColumnKind, SchemaInference, Table, TableReader};
///
/// let reader = TableReader::new();
/// let mut inference = SchemaInference::new(&reader);
/// for piece in ["a,y\n1.5,no\n2,yes\n", "a,y\n?,no\n4,yes\n"] {
///     inference.observe(&Table::read(piece.as_bytes())?)?;
/// }
/// let schema = inference.finish()?;
/// assert_eq!((schema.n_rows(), schema.classes()), (4, &["no".to_owned(), "yes".to_owned()][..]));
/// let a = &schema.columns()[0];
/// assert_eq!((a.kind(), a.missing(), a.range()), (ColumnKind::Number, 1, Some((1.5, 4.0))));
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SchemaInference {
    reader: TableReader,
    markers: Markers,
    columns: Vec<String>,
    delimiter: u8,
    surveys: Vec<Survey>,
}

impl SchemaInference {
    /// Before any table has been seen.
    pub fn new(reader: &TableReader) -> Self {
        Self {
            reader: reader.clone(),
            markers: reader.markers.clone(),
            columns: Vec::new(),
            delimiter: b',',
            surveys: Vec::new(),
        }
    }

    /// Looks at the next piece.
    ///
    /// # Errors
    /// - [`Error::UnknownColumn`]: a column that was named is not there; the nearest name is offered.
    /// - [`Error::UsedTwice`]: one column is to serve two purposes.
    /// - [`Error::MissingColumn`]: a later piece has other columns than the first.
    pub fn observe(&mut self, table: &Table) -> Result<(), Error> {
        if self.surveys.is_empty() {
            self.reader.check(table)?;
            self.columns = table.columns().to_vec();
            self.delimiter = table.delimiter();
            self.surveys = vec![Survey::new(); self.columns.len()];
        } else {
            let there = table.columns();
            let mut columns = self.columns.iter().enumerate();
            if let Some((_, lost)) = columns.find(|&(at, name)| there.get(at) != Some(name)) {
                return Err(table.lacks(lost, &self.columns));
            }
        }
        // The text lies row by row: so many rows stay in the cache while the columns take turns.
        let n_rows = table.n_rows();
        for first in (0..n_rows).step_by(ROWS_AT_ONCE) {
            let rows = first..n_rows.min(first + ROWS_AT_ONCE);
            for (at, survey) in self.surveys.iter_mut().enumerate() {
                for row in rows.clone() {
                    let (line, cell) = table.line_and_cell(row, at);
                    survey.observe(line, cell, &self.markers);
                }
            }
        }
        Ok(())
    }

    /// What the columns are.
    ///
    /// # Errors
    /// - [`Error::EmptyFile`]: no table was seen.
    /// - [`Error::TooFewColumns`], [`Error::NothingToUse`]: nothing is left beside the target.
    /// - [`Error::TextColumn`]: a column of free text that is not left out.
    /// - [`Error::BadCell`]: a text among numbers, or a number that is not finite, with its line and column.
    /// - [`Error::BadKind`]: a column that is not of its declared kind.
    /// - [`Error::TooManyClasses`], [`Error::ConstantTarget`], [`Error::MissingTarget`]: a target that cannot be learned.
    /// - [`Error::MissingCells`]: groups, weights or times that are missing.
    pub fn finish(self) -> Result<TableSchema, Error> {
        let last = self.columns.len().checked_sub(1).ok_or(Error::EmptyFile)?;
        let reader = &self.reader;
        let target = match &reader.target {
            Some(name) => self.position(name)?,
            None => last,
        };
        let is_feature = |at: usize| {
            self.role(at, target) == ColumnRole::Feature
                && !reader.ignored.contains(&self.columns[at])
        };
        if !(0..self.columns.len()).any(is_feature) {
            return Err(Error::TooFewColumns {
                columns: self.columns.len().saturating_sub(reader.ignored.len()),
            });
        }
        let habit = self.habit();
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut counting = Vec::new();
        for (at, name) in self.columns.iter().enumerate() {
            let role = self.role(at, target);
            let candidate = self.candidate(at, habit);
            let decision = match role {
                ColumnRole::Target => candidate.as_target(self.task(name))?,
                ColumnRole::Groups => Decision {
                    kind: ColumnKind::Identifier,
                    reading: Reading::Nothing,
                    reason: "equal cells make a group".to_owned(),
                    only_counts: false,
                    notes: Vec::new(),
                },
                ColumnRole::Weights => candidate.as_kind(ColumnKind::Number)?,
                ColumnRole::Feature => self.feature(&candidate)?,
            };
            if decision.only_counts {
                counting.push(at);
            }
            let mut column = self.column(at, role, decision);
            column.notes.extend(self.hints(&column));
            columns.push(column);
            if matches!(role, ColumnRole::Groups | ColumnRole::Weights)
                || reader.time.as_ref() == Some(name)
            {
                self.check_complete(at, role)?;
            }
        }
        // Better a number that counts the rows than nothing.
        if !columns.iter().any(TableColumn::is_feature)
            && let Some(&at) = counting.first()
        {
            let decision = self.candidate(at, habit).as_kind(ColumnKind::Number)?;
            columns[at] = self.column(at, ColumnRole::Feature, decision);
        }
        self.check_features(&columns)?;
        let time = match &reader.time {
            None => None,
            Some(name) => {
                let at = self.position(name)?;
                let decision = self.candidate(at, habit).as_time()?;
                // It may be ignored as a feature.
                if columns[at].notes.is_empty() {
                    columns[at].notes = decision.notes;
                }
                Some(Time {
                    column: name.clone(),
                    reading: decision.reading,
                })
            }
        };
        Ok(TableSchema {
            columns,
            time,
            markers: self.markers.clone(),
            missing: reader.missing,
            day_first: reader.day_first,
            rows: self.surveys[0].rows,
        })
    }

    fn position(&self, name: &str) -> Result<usize, Error> {
        crate::table::position(name, &self.columns)
    }

    fn role(&self, at: usize, target: usize) -> ColumnRole {
        let name = Some(&self.columns[at]);
        if at == target {
            ColumnRole::Target
        } else if self.reader.groups.as_ref() == name {
            ColumnRole::Groups
        } else if self.reader.weights.as_ref() == name {
            ColumnRole::Weights
        } else {
            ColumnRole::Feature
        }
    }

    /// What is said of the target, as a task or as a kind.
    fn task(&self, target: &str) -> Option<Task> {
        let of_kind = match self.reader.kinds.get(target) {
            Some(ColumnKind::Number) => Some(Task::Regression),
            Some(ColumnKind::Category | ColumnKind::Boolean) => Some(Task::Classification),
            _ => None,
        };
        self.reader.task.or(of_kind)
    }

    fn candidate(&self, at: usize, habit: Habit) -> Candidate<'_> {
        Candidate {
            name: &self.columns[at],
            at,
            survey: &self.surveys[at],
            markers: &self.markers,
            habit,
            day_first: self.reader.day_first,
        }
    }

    /// What the reader may be told of a column, and was not.
    fn hints(&self, column: &TableColumn) -> Option<String> {
        let may_be_groups = || {
            let survey = self.surveys.iter().zip(&self.columns);
            let survey = survey.into_iter().find(|(_, name)| **name == column.name);
            let repeats =
                survey.is_some_and(|(survey, _)| names_what_repeats(&column.name, survey));
            repeats && self.reader.groups.is_none()
        };
        match (column.role, column.kind) {
            (ColumnRole::Feature, ColumnKind::Date) if self.reader.time.is_none() => Some(
                "it has dates; if the past is to predict the future, name it as the time (`time`)".to_owned(),
            ),
            (ColumnRole::Feature, ColumnKind::Number | ColumnKind::Category) if may_be_groups() => {
                Some(
                    "its name says that it identifies something, but its values repeat; if rows with equal ones belong together, name it as the groups (`groups`)"
                        .to_owned(),
                )
            }
            _ => None,
        }
    }

    fn feature(&self, candidate: &Candidate<'_>) -> Result<Decision, Error> {
        let reader = &self.reader;
        let declared = reader.kinds.get(candidate.name).copied();
        if reader.ignored.iter().any(|name| name == candidate.name) {
            let mut decision = candidate.as_kind(ColumnKind::Ignored)?;
            decision.reason = "left out by name".to_owned();
            return Ok(decision);
        }
        let decision = match declared {
            Some(kind) => {
                let mut decision = candidate.as_kind(kind)?;
                if kind.is_used() {
                    decision.reason = format!("declared; {}", decision.reason);
                }
                return Ok(decision);
            }
            None => candidate.decide()?,
        };
        if decision.kind == ColumnKind::Text && !reader.leaves_out_text {
            return Err(candidate.too_many_texts());
        }
        Ok(decision)
    }

    fn column(&self, at: usize, role: ColumnRole, decision: Decision) -> TableColumn {
        let survey = &self.surveys[at];
        let mut column = TableColumn {
            name: self.columns[at].clone(),
            role,
            kind: decision.kind,
            reason: decision.reason,
            missing: survey.missing,
            reading: decision.reading,
            notes: decision.notes,
        };
        column.missing += match column.among() {
            Among::Numbers => survey.among_numbers,
            Among::Classes => survey.dashes,
            Among::Texts => 0,
        };
        column
    }

    /// Whether the table has decimal points or decimal commas, as far as a cell's own text tells.
    fn habit(&self) -> Habit {
        let (mut points, mut commas) = (0, 0);
        for survey in &self.surveys {
            let (of_points, of_commas) = survey.decimals();
            // Texts have commas and points, too.
            if 2 * (of_points + of_commas) >= survey.present() {
                points += of_points;
                commas += of_commas;
            }
        }
        match (points, commas) {
            (1.., 0) => Habit::Points,
            (0, 1..) => Habit::Commas,
            _ if self.delimiter == b',' => Habit::CommaSeparated,
            _ => Habit::OtherwiseSeparated,
        }
    }

    fn check_complete(&self, at: usize, role: ColumnRole) -> Result<(), Error> {
        let survey = &self.surveys[at];
        let missing = match role {
            // A group may be called `None`.
            ColumnRole::Groups => survey.missing,
            _ => survey.missing + survey.among_numbers,
        };
        if missing == 0 {
            return Ok(());
        }
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        Err(Error::MissingCells {
            rows: missing,
            n_rows: usize::try_from(survey.rows).unwrap_or(usize::MAX),
            columns: vec![(self.columns[at].clone(), missing)],
            first: survey.missing_lines.clone(),
            advice: crate::schema::FILL_IN,
        })
    }

    fn check_features(&self, columns: &[TableColumn]) -> Result<(), Error> {
        if columns.iter().any(TableColumn::is_feature) {
            return Ok(());
        }
        let left_out: Vec<(String, String)> = columns
            .iter()
            .filter(|column| column.role == ColumnRole::Feature)
            .filter(|column| column.kind != ColumnKind::Ignored)
            .map(|column| (column.name.clone(), column.reason.clone()))
            .collect();
        Err(Error::NothingToUse { columns: left_out })
    }
}
