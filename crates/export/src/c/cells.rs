//! What a header calls cells, levels and classes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use smallbatch_base::plausible::admitted;
use smallbatch_predict::{DatePart, Kind, Model, Text};

use super::number;
use super::runtime::Runtime;

/// The parts of a date in their order; the first is called as its column is.
const PARTS: [&str; 4] = ["", "_MONTH", "_WEEKDAY", "_HOUR"];
/// The same of a time of day: the sine and the cosine.
const TIMES: [&str; 2] = ["", "_COSINE"];

/// An underscore of a text, which begins no name of the header's own. No text has this character when it is written: it is escaped.
pub(crate) const KEPT: char = '\u{e000}';

/// The cells of a model's columns, constant ones aside: one a column, four of a date, two of a time of day.
pub(crate) struct Cells {
    /// For each column of the model its cell's name.
    names: Vec<Option<String>>,
}

impl Cells {
    /// Names that are no others of the header, whatever the columns are called.
    pub(crate) fn of(model: &Model) -> Self {
        let mut taken: BTreeSet<String> = ["H", "N_CELLS", "N_OUTPUTS", "HALF_WIDTH_90"]
            .map(|name| format!("Q_{name}"))
            .into();
        let mut named = |column: &str, parts: &[&str]| {
            let name = format!("Q_{}", word(column).to_ascii_uppercase());
            let mut tried = name.clone();
            let mut n = 1;
            while parts
                .iter()
                .any(|part| taken.contains(&format!("{tried}{part}")))
            {
                n += 1;
                tried = format!("{name}_{n}");
            }
            taken.extend(parts.iter().map(|part| format!("{tried}{part}")));
            tried
        };
        let names = model.columns.iter().map(|column| match column.kind {
            Kind::Constant { .. } => None,
            Kind::Date { .. } => Some(named(&column.name, &PARTS)),
            Kind::Time => Some(named(&column.name, &TIMES)),
            Kind::Number { .. } | Kind::Boolean | Kind::Category { .. } => {
                Some(named(&column.name, &[""]))
            }
        });
        Self {
            names: names.collect(),
        }
    }

    /// The name of a column's cell.
    pub(crate) fn cell(&self, column: usize, part: Option<DatePart>) -> String {
        let name = self.names.get(column).and_then(Option::as_deref);
        let part = match part {
            None | Some(DatePart::Trend | DatePart::Sine) => "",
            Some(DatePart::Month) => PARTS[1],
            Some(DatePart::Weekday) => PARTS[2],
            Some(DatePart::Hour) => PARTS[3],
            Some(DatePart::Cosine) => TIMES[1],
        };
        format!("{}{part}", name.unwrap_or("0"))
    }

    /// The names of the columns that are read, and their places in the model.
    pub(crate) fn read(&self) -> impl Iterator<Item = (&str, usize)> {
        let names = self.names.iter().enumerate();
        names.filter_map(|(at, name)| Some((name.as_deref()?, at)))
    }

    /// The enum of cells.
    pub(crate) fn list(&self, model: &Model) -> String {
        let mut text = String::from("enum P_cell {\n");
        for (name, at) in self.read() {
            let (kind, column) = (&model.columns[at].kind, &model.columns[at].name);
            let what = match kind {
                Kind::Number {
                    range: Some([a, b]),
                } => {
                    format!("a number, {} to {} in training", number(*a), number(*b))
                }
                Kind::Number { range: None } => "a number".into(),
                Kind::Boolean => "1 or 0".into(),
                Kind::Category { .. } => format!("P_level({name}, text)"),
                Kind::Date { .. } => format!("P_date(cells, {name}, ...)"),
                Kind::Time => format!("P_time(cells, {name}, ...)"),
                Kind::Constant { .. } => String::new(),
            };
            let _ = writeln!(text, "    {name}, /* {}: {what} */", commented(column));
            let parts = match kind {
                Kind::Date { .. } => &PARTS[1..],
                Kind::Time => &TIMES[1..],
                _ => &[],
            };
            if !parts.is_empty() {
                let parts: Vec<String> = parts.iter().map(|p| format!("{name}{p},")).collect();
                let _ = writeln!(text, "    {}", parts.join(" "));
            }
        }
        text.push_str("    Q_N_CELLS\n};\n");
        text
    }

    /// The lines that refuse numbers too far from those of training.
    pub(crate) fn refused(&self, model: &Model) -> String {
        let mut text = String::new();
        for (name, at) in self.read() {
            let Kind::Number { range: Some(range) } = model.columns[at].kind else {
                continue;
            };
            let [least, largest] = admitted(range);
            for (sign, limit) in [('<', least), ('>', largest)] {
                if limit.is_finite() {
                    let limit = number(limit);
                    let _ = writeln!(text, "    if (cells[{name}] {sign} {limit}) return 0;");
                }
            }
        }
        text
    }

    /// A line that sets a cell, for the header's first comment.
    pub(crate) fn example(&self) -> String {
        let first = self.names.iter().flatten().next();
        first.map_or(String::new(), |name| format!("     cells[{name}] = ...;\n"))
    }

    /// Names of classes, `missing`, `clear`, `level`, `date` and `time`.
    pub(crate) fn names(&self, model: &Model, runtime: &mut Runtime) -> String {
        let mut text = String::from(
            "
/* A cell that is not known. */
static inline double P_missing(void) { return P_from_wide(0x7ff8000000000000u); }

/* All cells missing. */
static inline void P_clear(double cells[Q_N_CELLS]) {
    int i;
    for (i = 0; i < Q_N_CELLS; i++) cells[i] = P_missing();
}
",
        );
        if !model.classes.is_empty() {
            text.push_str(
                "
/* The most probable class, and a class's name in UTF-8. */
static inline int P_class(const double outputs[Q_N_OUTPUTS]) {
    int best = 0, i;
    for (i = 1; i < Q_N_OUTPUTS; i++) best = outputs[i] > outputs[best] ? i : best;
    return best;
}
static inline const char *P_class_name(int at) { return P_classes[at]; }
",
            );
        }
        let mut levels = String::new();
        let mut dates = String::new();
        let mut times = String::new();
        for (at, (name, column)) in self.read().enumerate() {
            match &model.columns[column].kind {
                Kind::Category { levels: all } => {
                    runtime.need("level");
                    let _ = writeln!(
                        levels,
                        "    if (cell == {name}) return P_level_of(text, P_levels_{at}, {});",
                        all.len()
                    );
                }
                Kind::Date { earliest } => {
                    runtime.need("date");
                    let _ = writeln!(
                        dates,
                        "    if (cell == {name}) return P_date_of(cells + {name}, {}, year, month, day, second, ahead);",
                        number(*earliest)
                    );
                }
                Kind::Time => {
                    runtime.need("time");
                    let _ = writeln!(
                        times,
                        "    if (cell == {name}) return P_time_of(cells + {name}, second);"
                    );
                }
                Kind::Number { .. } | Kind::Boolean | Kind::Constant { .. } => {}
            }
        }
        if !levels.is_empty() {
            let _ = writeln!(
                text,
                "
/* The cell of a text in UTF-8, without spaces around it; -1 for one that training did not know. */
static inline double P_level(enum P_cell cell, const char *text) {{
{levels}    return -1.0;
}}"
            );
        }
        if !dates.is_empty() {
            let _ = writeln!(
                text,
                "
/* Sets the cells of a date: second of the day, and how many minutes its zone is ahead of UTC. Returns 0 where there is no such date; the cells
   are missing then. */
static inline int P_date(double cells[Q_N_CELLS], enum P_cell cell, int year, int month, int day, double second, int ahead) {{
{dates}    return 0;
}}"
            );
        }
        if !times.is_empty() {
            let _ = writeln!(
                text,
                "
/* Sets the cells of a time of day: its seconds since midnight. Returns 0 where there is no such time; the cells are missing then. */
static inline int P_time(double cells[Q_N_CELLS], enum P_cell cell, double second) {{
{times}    return 0;
}}"
            );
        }
        text.push('\n');
        text
    }
}

/// Letters, digits and single underscores.
pub(crate) fn word(name: &str) -> String {
    let letters = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' });
    let letters: String = letters.collect();
    letters.split_whitespace().collect::<Vec<_>>().join("_")
}

/// A text within a comment.
pub(crate) fn commented(text: &str) -> String {
    let text = format!("{text:?}").replace('_', &KEPT.to_string());
    text.replace("*/", "* /").replace("/*", "/ *")
}

/// Texts in quotation marks, as C reads them: in UTF-8.
pub(crate) fn quoted(texts: &[Text]) -> String {
    let quote = |text: &Text| {
        let mut quoted = String::from("\"");
        for byte in text.bytes() {
            match byte {
                // `?` could begin a trigraph.
                b'_' => quoted.push(KEPT),
                b' '..=b'~' if !matches!(byte, b'"' | b'\\' | b'?') => quoted.push(byte.into()),
                _ => {
                    let _ = write!(quoted, "\\{byte:03o}");
                }
            }
        }
        quoted.push('"');
        quoted
    };
    texts.iter().map(quote).collect::<Vec<_>>().join(", ")
}
