//! The cells of one column as a schema reads them, and what is new in them.

use std::collections::{BTreeMap, HashMap};

use smallbatch_base::plausible::Plausibility;
use smallbatch_base::{Number, sine_and_cosine};

use crate::cells::{Absence, Among, Place, is_written_zero, short, truth};
use crate::column::{CalendarPart, Reading, TableColumn};
use crate::dates::{DAYS_OF_A_YEAR, DateOrder, Moment, clock, written};
use crate::decide::{TIME, expected_date};
use crate::numbers::NumberFormat;
use crate::{Error, FrameValues, Notice, Table, TableSchema};

/// The way out of a cell that later data has.
pub(super) const CORRECT: &str = "correct it";
const SECONDS_OF_A_DAY: f64 = 86_400.0;
/// So many new categories of one column are named.
const MOST_NEW_CATEGORIES: usize = 20;

/// What later data has that the training data had not, by row where a row cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(super) notices: Vec<Notice>,
    /// Why, of the first bad cell of each row.
    pub(super) bad: BTreeMap<usize, Error>,
}

impl Findings {
    /// The first bad cell as an error.
    pub(crate) fn refuse(self) -> Result<(), Error> {
        self.bad.into_values().next().map_or(Ok(()), Err)
    }

    pub(super) fn bad(&mut self, row: usize, error: Error) {
        self.bad.entry(row).or_insert(error);
    }
}

/// Counts the rows that have something, and keeps what it is in the first.
#[derive(Default)]
pub(super) struct Seen {
    line: u64,
    rows: usize,
    what: String,
}

impl Seen {
    pub(super) fn add(&mut self, line: u64, what: impl FnOnce() -> String) {
        if self.rows == 0 {
            (self.line, self.what) = (line, what());
        }
        self.rows += 1;
    }

    pub(super) fn tell(self, column: &str, findings: &mut Findings) {
        if self.rows > 0 {
            findings.notices.push(Notice {
                line: Some(self.line),
                column: column.to_owned(),
                rows: self.rows,
                what: self.what,
            });
        }
    }
}

/// One column of a table that is read as its schema says.
pub(super) struct Cells<'a> {
    pub(super) schema: &'a TableSchema,
    pub(super) table: &'a Table,
    /// Where it stands.
    pub(super) at: usize,
    pub(super) column: &'a TableColumn,
}

impl Cells<'_> {
    /// What it becomes in a frame: of a date several columns.
    pub(super) fn read(&self, findings: &mut Findings) -> Vec<FrameValues> {
        self.compare_missing(findings);
        match &self.column.reading {
            Reading::Numbers { format, range } => {
                vec![self.numbers(*format, *range, findings)]
            }
            Reading::Truth => vec![self.truths(findings)],
            Reading::Levels(levels) => vec![self.levels(levels, findings)],
            Reading::Dates {
                order,
                earliest,
                latest,
                parts,
            } => self.dates(*order, (*earliest, *latest), parts, findings),
            Reading::Clock => self.clocks(findings),
            Reading::Always(_) | Reading::Nothing => Vec::new(),
        }
    }

    /// Missing cells where training had none: what they mean was not learned.
    fn compare_missing(&self, findings: &mut Findings) {
        // An earlier version did not count.
        if self.column.missing > 0 || self.schema.rows == 0 {
            return;
        }
        let among = self.column.among();
        let levels = self.column.levels();
        let mut missing = Seen::default();
        for (place, cell) in self.table.cells(self.at) {
            let is_missing = self.schema.markers.is_missing(cell, among)
                || (among == Among::Texts
                    && self.schema.markers.is_missing(cell, Among::Numbers)
                    && !levels.iter().any(|level| level == cell));
            if is_missing {
                missing.add(place.line, || {
                    "is missing, and never was in training".to_owned()
                });
            }
        }
        missing.tell(&self.column.name, findings);
    }

    /// Each cell, whether it is missing, with its place and row.
    fn cells(&self) -> impl Iterator<Item = (usize, Place<'_>, &str, Absence)> {
        let cells = self.table.cells(self.at).enumerate();
        cells.map(|(row, (place, cell))| (row, place, cell, self.schema.markers.absence(cell)))
    }

    fn numbers(
        &self,
        format: NumberFormat,
        range: Option<[f64; 2]>,
        findings: &mut Findings,
    ) -> FrameValues {
        let mut far = Seen::default();
        let mut values = Vec::with_capacity(self.table.n_rows());
        for (row, place, cell, absence) in self.cells() {
            values.push(if absence != Absence::Present {
                f64::NAN
            } else {
                let value = finite(format, place, cell)
                    .and_then(|value| near(range, value, place, cell, &mut far));
                match value {
                    Ok(value) => value,
                    Err(error) => {
                        findings.bad(row, error);
                        f64::NAN
                    }
                }
            });
        }
        far.tell(&self.column.name, findings);
        FrameValues::Numbers(values)
    }

    /// The sine and the cosine of the angle of the hour.
    fn clocks(&self, findings: &mut Findings) -> Vec<FrameValues> {
        let (mut sines, mut cosines) = (Vec::new(), Vec::new());
        for (row, place, cell, absence) in self.cells() {
            let second = match absence {
                Absence::Present => clock(cell),
                _ => None,
            };
            if second.is_none() && absence == Absence::Present {
                findings.bad(row, place.bad(cell, TIME, CORRECT));
            }
            let (sine, cosine) = second.map_or((f64::NAN, f64::NAN), |second| {
                sine_and_cosine(second / SECONDS_OF_A_DAY)
            });
            sines.push(sine);
            cosines.push(cosine);
        }
        vec![FrameValues::Numbers(sines), FrameValues::Numbers(cosines)]
    }

    fn truths(&self, findings: &mut Findings) -> FrameValues {
        let mut values = Vec::with_capacity(self.table.n_rows());
        for (row, place, cell, absence) in self.cells() {
            values.push(match truth(cell) {
                Some(is_true) => f64::from(u8::from(is_true)),
                None => {
                    if absence == Absence::Present {
                        findings.bad(row, place.bad(cell, "true or false, or yes or no", CORRECT));
                    }
                    f64::NAN
                }
            });
        }
        FrameValues::Numbers(values)
    }

    fn levels(&self, levels: &[String], findings: &mut Findings) -> FrameValues {
        let known = positions(levels);
        let mut unseen: BTreeMap<String, Seen> = BTreeMap::new();
        let mut more = Seen::default();
        let mut codes = Vec::with_capacity(self.table.n_rows());
        for (_, place, cell, absence) in self.cells() {
            let code = known.get(cell).copied();
            codes.push(match code {
                Some(code) => code,
                // A dash that was no category means nothing.
                None if absence != Absence::Present => FrameValues::MISSING,
                None => {
                    let what = || format!("has the new category {:?}", short(cell));
                    if let Some(seen) = unseen.get_mut(cell) {
                        seen.add(place.line, what);
                    } else if unseen.len() < MOST_NEW_CATEGORIES {
                        let seen = unseen.entry(cell.to_owned()).or_default();
                        seen.add(place.line, what);
                    } else {
                        more.add(place.line, || "has still more new categories".to_owned());
                    }
                    FrameValues::UNSEEN
                }
            });
        }
        let mut unseen: Vec<Seen> = unseen.into_values().collect();
        unseen.sort_by_key(|seen| seen.line);
        unseen.push(more);
        for seen in unseen {
            seen.tell(&self.column.name, findings);
        }
        FrameValues::Categories {
            codes,
            levels: levels.to_vec(),
        }
    }

    fn dates(
        &self,
        order: DateOrder,
        (earliest, latest): (f64, Option<f64>),
        parts: &[CalendarPart],
        findings: &mut Findings,
    ) -> Vec<FrameValues> {
        let rows = self.table.n_rows();
        let mut far = Seen::default();
        let range = [earliest, latest.unwrap_or(earliest)];
        let mut trend = Vec::with_capacity(rows);
        let mut codes = vec![Vec::with_capacity(rows); parts.len()];
        for (row, place, cell, absence) in self.cells() {
            let moment = match absence {
                Absence::Present => Moment::parse(cell, order),
                _ => None,
            };
            if moment.is_none() && absence == Absence::Present {
                findings.bad(row, place.bad(cell, expected_date(order), CORRECT));
            }
            if let Some(days) = moment
                .map(Moment::days)
                .filter(|days| Plausibility::of(*days, range) != Plausibility::Usual)
            {
                far.add(place.line, || {
                    let [day, first, last] = [days, range[0], range[1]].map(written);
                    format!("is {day}, far outside {first} to {last} of the training rows")
                });
            }
            trend.push(moment.map_or(f64::NAN, |moment| {
                (moment.days() - earliest) / DAYS_OF_A_YEAR
            }));
            for (part, codes) in parts.iter().zip(&mut codes) {
                codes.push(moment.map_or(FrameValues::MISSING, |moment| match part {
                    CalendarPart::Month => moment.month(),
                    CalendarPart::Weekday => moment.weekday(),
                    CalendarPart::Hour => moment.hour(),
                }));
            }
        }
        far.tell(&self.column.name, findings);
        let mut values = vec![FrameValues::Numbers(trend)];
        values.extend(parts.iter().zip(codes).map(|(part, codes)| {
            let levels = part.levels();
            FrameValues::Categories { codes, levels }
        }));
        values
    }
}

/// The value, unless it must be a mistake; far outside the training rows, it is told.
fn near(
    range: Option<[f64; 2]>,
    value: f64,
    place: Place<'_>,
    cell: &str,
    far: &mut Seen,
) -> Result<f64, Error> {
    let Some(range) = range else {
        return Ok(value);
    };
    match Plausibility::of(value, range) {
        Plausibility::Usual => {}
        Plausibility::Far => far.add(place.line, || {
            let [value, least, largest] = [value, range[0], range[1]].map(Number);
            format!("is {value}, far outside {least} to {largest} of the training rows")
        }),
        Plausibility::Absurd => {
            return Err(place.bad(cell, "a number anywhere near those of training", CORRECT));
        }
    }
    Ok(value)
}

/// The place of each name.
pub(super) fn positions(names: &[String]) -> HashMap<&str, u32> {
    names.iter().map(String::as_str).zip(0..).collect()
}

/// The number in a cell that is not missing.
pub(super) fn finite(format: NumberFormat, place: Place<'_>, cell: &str) -> Result<f64, Error> {
    match format.parse(cell) {
        Some(value) if value.is_infinite() => Err(place.no_number(cell)),
        Some(0.0) if !is_written_zero(cell) => Err(place.too_small(cell)),
        Some(value) => Ok(value),
        None => Err(place.no_number(cell)),
    }
}
