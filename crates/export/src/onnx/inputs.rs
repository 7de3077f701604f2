//! The inputs of the graph: one for each column, of a date one for each part that is used.

use std::collections::HashSet;

use smallbatch_predict::{Column, DatePart, Feature, Kind, Model};

use super::graph::{Graph, Name, integer, integers, texts};
use super::proto::{
    DataType, DimensionProto, Size, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::Error;

/// The code of a missing cell; that of a text that training did not know is one more, and known ones begin at 0.
pub(super) const MISSING: i64 = -2;
const UNSEEN: i64 = -1;
/// The mean length of a year in days.
const DAYS_OF_A_YEAR: f64 = 365.25;

/// An input: a column, or a part of a date or of a time of day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'m> {
    column: &'m Column,
    part: Option<DatePart>,
}

/// What the model's features are made of, in the order of its columns.
pub(super) fn inputs(model: &Model) -> Vec<Input<'_>> {
    let parts = [
        None,
        Some(DatePart::Trend),
        Some(DatePart::Month),
        Some(DatePart::Weekday),
        Some(DatePart::Hour),
        Some(DatePart::Sine),
        Some(DatePart::Cosine),
    ];
    let features = || {
        model
            .members
            .iter()
            .flat_map(|member| member.features.iter())
    };
    let of_column = |(at, column)| {
        let is_used = move |part: &Option<DatePart>| {
            features().any(|feature: &Feature| feature.column() == at && feature.part() == *part)
        };
        let used = parts.into_iter().filter(is_used);
        used.map(move |part| Input { column, part })
    };
    model
        .columns
        .iter()
        .enumerate()
        .flat_map(of_column)
        .collect()
}

impl<'m> Input<'m> {
    /// The input that a feature is made of.
    ///
    /// # Errors
    /// [`Error::Unsound`] where the model has no such column.
    pub(super) fn of(feature: &Feature, model: &'m Model) -> Result<Self, Error> {
        let column = model.columns.get(feature.column());
        let column = column.ok_or_else(|| Error::Unsound {
            reason: format!(
                "a feature is made of column {}, which it has not",
                feature.column()
            ),
        })?;
        let part = feature.part();
        Ok(Self { column, part })
    }

    /// Its name: the column's, with `.days`, `.month`, `.weekday` or `.hour` for the part of a date, and `.sine` or `.cosine` for that of a time
    /// of day.
    pub(super) fn name(&self) -> Name {
        let name = &self.column.name;
        match self.part {
            None => name.to_string(),
            Some(DatePart::Trend) => format!("{name}.days"),
            Some(DatePart::Month) => format!("{name}.month"),
            Some(DatePart::Weekday) => format!("{name}.weekday"),
            Some(DatePart::Hour) => format!("{name}.hour"),
            Some(DatePart::Sine) => format!("{name}.sine"),
            Some(DatePart::Cosine) => format!("{name}.cosine"),
        }
    }

    /// Its declaration, with a sentence about what it takes.
    pub(super) fn declaration(&self) -> ValueInfoProto {
        let (data_type, what) = match (&self.column.kind, self.part) {
            (Kind::Category { .. }, _) => (DataType::Text, "a text; an empty one is missing"),
            (Kind::Boolean, _) => (DataType::Double, "1 for yes, 0 for no; NaN is missing"),
            (_, None) => (DataType::Double, "a number; NaN is missing"),
            (_, Some(DatePart::Trend)) => (
                DataType::Double,
                "days since 1970-01-01 in UTC, the time as a fraction; NaN is missing",
            ),
            (_, Some(DatePart::Month)) => {
                (DataType::Double, "the month from 1 to 12; NaN is missing")
            }
            (_, Some(DatePart::Weekday)) => (
                DataType::Double,
                "the day of the week from 0 for Monday; NaN is missing",
            ),
            (_, Some(DatePart::Hour)) => {
                (DataType::Double, "the hour from 0 to 23; NaN is missing")
            }
            (_, Some(DatePart::Sine)) => (
                DataType::Double,
                "the sine of 2π times the share of the day that has passed; NaN is missing",
            ),
            (_, Some(DatePart::Cosine)) => (
                DataType::Double,
                "the cosine of 2π times the share of the day that has passed; NaN is missing",
            ),
        };
        ValueInfoProto {
            doc_string: Some(what.to_owned()),
            ..declaration(&self.name(), data_type, Some(1))
        }
    }

    /// The number of each row, (rows, 1); NaN where it is missing.
    ///
    /// # Errors
    /// [`Error::Unsound`] where the column has none.
    pub(super) fn number(&self, graph: &mut Graph) -> Result<Name, Error> {
        let name = self.name();
        match (&self.column.kind, self.part) {
            (Kind::Number { .. } | Kind::Boolean, None)
            | (Kind::Time, Some(DatePart::Sine | DatePart::Cosine)) => Ok(name),
            (Kind::Date { earliest }, Some(DatePart::Trend)) => {
                let (earliest, year) = (graph.double(*earliest), graph.double(DAYS_OF_A_YEAR));
                let days = graph.node("Sub", &[&name, &earliest]);
                Ok(graph.node("Div", &[&days, &year]))
            }
            _ => Err(self.misfit("numbers")),
        }
    }

    /// The code of each row's cell, (rows, 1), and how many codes are known.
    ///
    /// # Errors
    /// [`Error::Unsound`] where the column has none.
    pub(super) fn code(&self, graph: &mut Graph) -> Result<(Name, usize), Error> {
        let name = self.name();
        let (first, n) = match (&self.column.kind, self.part) {
            (Kind::Category { levels }, None) => {
                return Ok((code_of_text(graph, &name, levels), levels.len()));
            }
            (Kind::Date { .. }, Some(DatePart::Month)) => (1.0, 12_u8),
            (Kind::Date { .. }, Some(DatePart::Weekday)) => (0.0, 7),
            (Kind::Date { .. }, Some(DatePart::Hour)) => (0.0, 24),
            _ => return Err(self.misfit("codes")),
        };
        #[allow(clippy::cast_precision_loss)] // It is -2.
        let missing = graph.double(MISSING as f64 + first);
        let first = graph.double(first);
        let is_missing = graph.node("IsNaN", &[&name]);
        let part = graph.node("Where", &[&is_missing, &missing, &name]);
        let code = graph.node("Sub", &[&part, &first]);
        let code = graph.cast(&code, DataType::Int64);
        let (least, largest) = (
            graph.integers(&[], &[MISSING]),
            graph.integers(&[], &[i64::from(n) - 1]),
        );
        let code = graph.node("Clip", &[&code, &least, &largest]);
        Ok((code, usize::from(n)))
    }

    fn misfit(&self, what: &str) -> Error {
        Error::Unsound {
            reason: format!("a feature takes {what} of column {:?}", self.column.name),
        }
    }
}

fn code_of_text(graph: &mut Graph, name: &str, levels: &[smallbatch_predict::Text]) -> Name {
    let mut keys: Vec<&str> = Vec::new();
    let mut codes = Vec::new();
    let mut seen = HashSet::new();
    // As a row looks for them: the first of equal ones, and what is missing only where no level is empty.
    for (key, code) in levels.iter().map(|level| &**level).zip(0..) {
        if seen.insert(key) {
            keys.push(key);
            codes.push(code);
        }
    }
    if seen.insert("") {
        keys.push("");
        codes.push(MISSING);
    }
    let attributes = vec![
        texts("keys_strings", keys),
        integers("values_int64s", codes),
        integer("default_int64", UNSEEN),
    ];
    graph.node_with("LabelEncoder", &[name], attributes)
}

/// A tensor of one row a row: (rows) or (rows, columns).
pub(super) fn declaration(name: &str, of: DataType, columns: Option<i64>) -> ValueInfoProto {
    let rows = Some(Size::Named("rows".to_owned()));
    let columns = columns.map(|columns| Some(Size::Fixed(columns)));
    let sizes = std::iter::once(rows).chain(columns);
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: Some(of as i32),
                shape: Some(TensorShapeProto {
                    dim: sizes.map(|size| DimensionProto { size }).collect(),
                }),
            }),
        }),
        doc_string: None,
    }
}
