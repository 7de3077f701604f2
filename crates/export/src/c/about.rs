//! What a header says of its model to a program that asks for the cells of any model.

use std::fmt::Write as _;

use smallbatch_predict::{DatePart, Feature, Kind, Model};

use crate::half_width_90;

use super::cells::{Cells, quoted};
use super::number;

/// The records, whose fields are the same for every model.
const RECORDS: &str = "
/* A column that is read. Texts are in UTF-8. */
struct P_column {
    const char *name;
    char kind;                 /* 'n' for numbers, 'b' for 1 or 0, 'c' for categories, 'd' for dates, 't' for times of day */
    enum P_cell cell;          /* the first of four for dates, of two for times of day */
    double least, most;        /* of numbers in training; 1 and 0 where that is not known */
    double usual;              /* what a missing cell counts as; days since 1970-01-01 for dates; 0 for times of day */
    double earliest;           /* the date whose first cell is 0, in days; the others are month, weekday from Monday and hour, all from 0 */
    int n_levels;
    const char *const *levels; /* of categories: a cell is the place of its text here, or -1 */
};

/* What is predicted, and from what. */
struct P_model {
    const char *target;
    const char *const *classes; /* of each output; 0 where a number is predicted */
    double half_width_90;       /* 9 of 10 numbers are within outputs[0] - and + this; 0 where that is not known */
    int n_columns;
    const struct P_column *columns;
};
";

/// The texts: arrays of classes, and of each category's levels.
pub(crate) fn texts(model: &Model, cells: &Cells) -> String {
    let mut text = String::from("\n");
    let mut array = |name: String, texts: &[smallbatch_predict::Text]| {
        // C has no array without elements.
        let all = if texts.is_empty() {
            "\"\"".into()
        } else {
            quoted(texts)
        };
        let _ = writeln!(text, "static const char *const {name}[] = {{{all}}};");
    };
    if !model.classes.is_empty() {
        array("P_classes".into(), &model.classes);
    }
    for (at, (_, column)) in cells.read().enumerate() {
        if let Kind::Category { levels } = &model.columns[column].kind {
            array(format!("P_levels_{at}"), levels);
        }
    }
    text
}

/// The records and the function that gives them.
pub(crate) fn about(model: &Model, cells: &Cells) -> String {
    let mut columns = String::new();
    let mut n_columns = 0;
    for (at, (cell, column)) in cells.read().enumerate() {
        n_columns += 1;
        let (mut range, mut earliest, mut levels) = ([1.0, 0.0], 0.0, (0, String::from("0")));
        let mut usual = fill(model, column);
        let kind = match &model.columns[column].kind {
            Kind::Number { range: known } => {
                range = known.unwrap_or(range);
                'n'
            }
            Kind::Boolean => 'b',
            Kind::Category { levels: all } => {
                levels = (all.len(), format!("P_levels_{at}"));
                'c'
            }
            Kind::Date { earliest: first } => {
                earliest = *first;
                usual = first + 365.25 * usual;
                'd'
            }
            Kind::Time => 't',
            Kind::Constant { .. } => continue,
        };
        let numbers = [range[0], range[1], usual, earliest].map(number).join(", ");
        let _ = writeln!(
            columns,
            "        {{{}, '{kind}', {cell}, {numbers}, {}, {}}},",
            quoted(std::slice::from_ref(&model.columns[column].name)),
            levels.0,
            levels.1,
        );
    }
    if n_columns == 0 {
        columns.push_str("        {\"\", 'n', Q_N_CELLS, 1.0, 0.0, 0.0, 0.0, 0, 0},\n");
    }
    let classes = if model.classes.is_empty() {
        "0"
    } else {
        "P_classes"
    };
    format!(
        "{RECORDS}static inline const struct P_model *P_about(void) {{
    static const struct P_column columns[] = {{
{columns}    }};
    static const struct P_model about = {{{}, {classes}, {}, {n_columns}, columns}};
    return &about;
}}
",
        quoted(std::slice::from_ref(&model.target)),
        number(half_width_90(model).unwrap_or(0.0)),
    )
}

/// What a missing number of the column counts as, of the first network that has it; of a date its years.
fn fill(model: &Model, of: usize) -> f64 {
    let mut features = model.members.iter().flat_map(|member| &*member.features);
    let fill = features.find_map(|feature| match feature {
        Feature::Number {
            column,
            part: None | Some(DatePart::Trend),
            fill,
        } if *column == of => Some(*fill),
        _ => None,
    });
    fill.unwrap_or(0.0)
}
