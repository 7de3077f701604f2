//! Tables read as a schema says: frames, with what is new in them and the rows that cannot be read.

mod column;

use std::collections::HashMap;

use nalgebra::DMatrix;

use crate::cells::{Among, short};
use crate::column::{ColumnRole, Reading, TableColumn};
use crate::dates::Moment;
use crate::decide::{class_of, expected_date};
use crate::schema::unknown;
use crate::{BadRow, Error, Frame, FrameColumn, Framed, Notice, Table, TableSchema, Target};
pub(crate) use column::Findings;
use column::{CORRECT, Cells, Seen, finite, positions};

/// The features of a table, all rows.
pub(crate) struct Read {
    pub(crate) columns: Vec<FrameColumn>,
    /// Where each stands in the table.
    pub(crate) sources: Vec<usize>,
    pub(crate) findings: Findings,
}

impl TableSchema {
    /// The table as a [`Frame`]: numbers and categories, with what is missing still missing. Columns are found by name.
    ///
    /// Everything else is read on, and said: other columns than in training, new categories, numbers outside the range of
    /// the training rows by more than its width, and constants that changed are [`Notice`]s; a row with a cell of another
    /// kind than its column is a [`BadRow`], and not in the frame.
    ///
    /// The frame is for predictions. It has a target if the table has one in each row that can be read; groups, weights and times
    /// likewise. [`labelled_frame`](Self::labelled_frame) is for training and judging.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] for a column that features are made of.
    pub fn frame(&self, table: &Table) -> Result<Framed, Error> {
        let read = self.read(table)?;
        let mut of_others = Findings::default();
        let target = self.is_complete(table, ColumnRole::Target);
        let target = if target {
            Some(self.target_of(table, &mut of_others)?)
        } else {
            None
        };
        let mut notices = Vec::new();
        let target = match of_others.bad.first_key_value() {
            None => target,
            Some((&row, _)) => {
                notices.push(Notice {
                    line: Some(table.lines()[row]),
                    column: self.target().to_owned(),
                    rows: of_others.bad.len(),
                    what: "is not as the target was in training; it is not used".to_owned(),
                });
                None
            }
        };
        let mut of_rows = Findings::default();
        let weights = self.weights_of(table, &mut of_rows);
        let weights = weights.filter(|_| of_rows.bad.is_empty());
        let mut of_rows = Findings::default();
        let times = self.times_of(table, &mut of_rows);
        let times = times.filter(|_| of_rows.bad.is_empty());
        Ok(self.assemble(table, read, target, (weights, times), notices))
    }

    /// The rows of a table whose target is there, as a [`Frame`] that has one: for training, and for judging predictions. A row
    /// whose target is missing is left out with a [`Notice`]; one whose target cannot be read is a [`BadRow`].
    ///
    /// # Errors
    /// As [`frame`](Self::frame); [`Error::UnknownColumn`] without the target's column; [`Error::MissingTarget`] where all of
    /// its cells are missing.
    pub fn labelled_frame(&self, table: &Table) -> Result<Framed, Error> {
        let at = table.position(self.target())?;
        let target = self.of_role(ColumnRole::Target);
        let among = target.map_or(Among::Texts, TableColumn::among);
        let there: Vec<usize> = table
            .cells(at)
            .enumerate()
            .filter(|(_, (_, cell))| !self.markers.is_missing(cell, among))
            .map(|(row, _)| row)
            .collect();
        if there.is_empty() {
            return Err(Error::MissingTarget {
                column: self.target().to_owned(),
                n_rows: table.n_rows() as u64,
            });
        }
        let lacking = table.n_rows() - there.len();
        if lacking == 0 {
            return self.labelled(table, Vec::new());
        }
        let first = table
            .cells(at)
            .find(|(_, cell)| self.markers.is_missing(cell, among));
        let notice = Notice {
            line: first.map(|(place, _)| place.line),
            column: self.target().to_owned(),
            rows: lacking,
            what: "has no target; the row is left out".to_owned(),
        };
        self.labelled(&table.select(&there), vec![notice])
    }

    fn labelled(&self, table: &Table, notices: Vec<Notice>) -> Result<Framed, Error> {
        let mut read = self.read(table)?;
        let target = self.target_of(table, &mut read.findings)?;
        let weights = self.weights_of(table, &mut read.findings);
        let times = self.times_of(table, &mut read.findings);
        Ok(self.assemble(table, read, Some(target), (weights, times), notices))
    }

    /// Whether the table has this column, and no cell of it is missing.
    fn is_complete(&self, table: &Table, role: ColumnRole) -> bool {
        self.of_role(role).is_some_and(|column| {
            table.position(&column.name).is_ok_and(|at| {
                !table
                    .cells(at)
                    .any(|(_, cell)| self.markers.is_missing(cell, column.among()))
            })
        })
    }

    fn assemble(
        &self,
        table: &Table,
        read: Read,
        target: Option<Target<f64>>,
        (weights, times): (Option<Vec<f64>>, Option<Vec<f64>>),
        mut notices: Vec<Notice>,
    ) -> Framed {
        let Read {
            columns,
            mut findings,
            ..
        } = read;
        let frame = Frame {
            name: table.name().to_owned(),
            lines: table.lines().to_vec(),
            columns,
            target,
            groups: self.groups_of(table),
            weights,
            times,
        };
        notices.append(&mut findings.notices);
        self.compare_others(table, &mut notices);
        let mut bad_rows = table.bad_rows().to_vec();
        bad_rows.extend(findings.bad.iter().map(|(&row, error)| BadRow {
            line: table.lines()[row],
            reason: reason(error),
        }));
        bad_rows.sort_by_key(|row| row.line);
        let frame = if findings.bad.is_empty() {
            frame
        } else {
            let good: Vec<usize> = (0..table.n_rows())
                .filter(|row| !findings.bad.contains_key(row))
                .collect();
            frame.select(&good)
        };
        Framed {
            frame,
            notices,
            bad_rows,
        }
    }

    /// The features, with what is new in them.
    pub(crate) fn read(&self, table: &Table) -> Result<Read, Error> {
        let mut read = Read {
            columns: Vec::new(),
            sources: Vec::new(),
            findings: Findings::default(),
        };
        for column in self.used() {
            let at = table.needed(column.name(), &self.columns)?;
            let cells = Cells {
                schema: self,
                table,
                at,
                column,
            };
            let values = cells.read(&mut read.findings);
            for ((name, _), values) in column.parts().into_iter().zip(values) {
                read.sources.push(at);
                read.columns.push(FrameColumn {
                    name,
                    source: column.name.clone(),
                    values,
                });
            }
        }
        Ok(read)
    }

    /// The target; of rows where it cannot be read, a placeholder.
    pub(crate) fn target_of(
        &self,
        table: &Table,
        findings: &mut Findings,
    ) -> Result<Target<f64>, Error> {
        let at = table.position(self.target())?;
        let column = self.of_role(ColumnRole::Target);
        if let Some(TableColumn {
            reading: Reading::Numbers { format, .. },
            ..
        }) = column
        {
            let values: Vec<f64> = table
                .cells(at)
                .enumerate()
                .map(|(row, (place, cell))| {
                    finite(*format, place, cell).unwrap_or_else(|error| {
                        findings.bad(row, error);
                        0.0
                    })
                })
                .collect();
            return Ok(Target::Values {
                values: DMatrix::from_vec(1, values.len(), values),
                names: vec![self.target().to_owned()],
            });
        }
        let names = self.classes();
        let codes = positions(names);
        let labels = table
            .cells(at)
            .enumerate()
            .map(|(row, (place, cell))| {
                let code = codes.get(cell).copied();
                let code = code.or_else(|| codes.get(class_of(cell).as_str()).copied());
                code.unwrap_or_else(|| {
                    findings.bad(row, unknown(place, cell, names));
                    0
                })
            })
            .collect();
        Ok(Target::Classes {
            labels,
            names: names.to_vec(),
        })
    }

    /// A number for each group, in the order of their first rows. A row without a group is one of its own.
    pub(crate) fn groups_of(&self, table: &Table) -> Option<Vec<u32>> {
        let at = table.position(self.groups()?).ok()?;
        let mut ids: HashMap<&str, u32> = HashMap::new();
        let mut next = 0;
        let mut new = || {
            next += 1;
            next - 1
        };
        let groups = table.cells(at).map(|(_, cell)| {
            if self.markers.is_missing(cell, Among::Texts) {
                new()
            } else {
                *ids.entry(cell).or_insert_with(&mut new)
            }
        });
        Some(groups.collect())
    }

    pub(crate) fn weights_of(&self, table: &Table, findings: &mut Findings) -> Option<Vec<f64>> {
        let column = self.of_role(ColumnRole::Weights)?;
        let Reading::Numbers { format, .. } = column.reading else {
            return None;
        };
        let at = table.position(&column.name).ok()?;
        let weights =
            table
                .cells(at)
                .enumerate()
                .map(|(row, (place, cell))| match format.parse(cell) {
                    Some(weight) if weight.is_finite() && weight >= 0.0 => weight,
                    _ => {
                        let expected = "a weight, which is finite and at least 0";
                        findings.bad(row, place.bad(cell, expected, CORRECT));
                        1.0
                    }
                });
        Some(weights.collect())
    }

    fn times_of(&self, table: &Table, findings: &mut Findings) -> Option<Vec<f64>> {
        let time = self.time.as_ref()?;
        let at = table.position(&time.column).ok()?;
        let times = table.cells(at).enumerate().map(|(row, (place, cell))| {
            let read = match time.reading {
                Reading::Dates { order, .. } => Moment::parse(cell, order)
                    .map(Moment::days)
                    .ok_or_else(|| place.bad(cell, expected_date(order), CORRECT)),
                Reading::Numbers { format, .. } => finite(format, place, cell),
                _ => Ok(0.0),
            };
            read.unwrap_or_else(|error| {
                findings.bad(row, error);
                0.0
            })
        });
        Some(times.collect())
    }

    /// Columns that are not known, and constants that are none any more.
    fn compare_others(&self, table: &Table, notices: &mut Vec<Notice>) {
        for name in table.columns() {
            if !self.columns.iter().any(|column| column.name == *name) {
                notices.push(Notice {
                    line: None,
                    column: name.clone(),
                    rows: table.n_rows(),
                    what: "was not there in training; it is not used".to_owned(),
                });
            }
        }
        for column in &self.columns {
            let Reading::Always(value) = &column.reading else {
                continue;
            };
            let Ok(at) = table.position(&column.name) else {
                continue;
            };
            let number = value.parse::<f64>().ok();
            let mut seen = Seen::default();
            for (place, cell) in table.cells(at) {
                let is_same = cell == value
                    || self.markers.is_missing(cell, Among::Numbers)
                    || (number.is_some() && cell.parse().ok() == number);
                if !is_same {
                    seen.add(place.line, || {
                        format!(
                            "was always {} in training, and is now {}; it is not used",
                            short(value),
                            short(cell)
                        )
                    });
                }
            }
            let mut findings = Findings::default();
            seen.tell(&column.name, &mut findings);
            notices.append(&mut findings.notices);
        }
    }
}

/// An error of a cell without the line, which stands beside it.
fn reason(error: &Error) -> String {
    let said = error.to_string();
    match said.split_once(", ") {
        Some((line, rest)) if line.starts_with("line ") => rest.to_owned(),
        _ => said,
    }
}
