//! A C program that compares what generated headers predict with what the predictor does.

use std::fmt::Write as _;

use smallbatch_export::c_header;
use smallbatch_predict::{Kind, Model};

use crate::random::{self, Drawn, Random};

/// C with `check()`, which returns how many of the predictions differ, and `checks()`, how many there are.
pub(crate) fn source(seeds: std::ops::Range<u64>, n_rows: usize) -> String {
    let mut text = String::new();
    let mut calls = String::new();
    let mut n = 0;
    for seed in seeds {
        let model = random::model(seed);
        let name = format!("m{seed}");
        let _ = writeln!(text, "{}", c_header(&model, &name));
        let random = &mut Random(1000 + seed);
        for at in 0..n_rows {
            text.push_str(&row(&model, &name, at, random));
            let _ = writeln!(calls, "    wrong += {name}_row_{at}();");
            n += 1;
        }
    }
    format!(
        "{SAME}{text}
int checks(void);
int checks(void) {{ return {n}; }}
int check(void);
int check(void) {{
    int wrong = 0;
{calls}    return wrong;
}}
"
    )
}

const SAME: &str = "
static int same_text(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}
";

/// A text of C.
fn quoted(text: &str) -> String {
    let bytes = text.bytes().map(|byte| format!("\\{byte:03o}"));
    format!("\"{}\"", bytes.collect::<String>())
}

/// Compares what the header says of a column, or of one that training knew as constant, of which it says nothing.
fn about(column: &smallbatch_predict::Column, at: usize, place: usize) -> String {
    let (kind, n_levels, last) = match &column.kind {
        Kind::Number { .. } => ('n', 0, None),
        Kind::Boolean => ('b', 0, None),
        Kind::Category { levels } => ('c', levels.len(), levels.last()),
        Kind::Date { .. } => ('d', 0, None),
        Kind::Time => ('t', 0, None),
        Kind::Constant { .. } => return String::new(),
    };
    let last = last.map_or(String::new(), |last| {
        format!(
            " || !same_text(about->columns[{at}].levels[{}], {})",
            n_levels - 1,
            quoted(last)
        )
    });
    format!(
        "    wrong |= !same_text(about->columns[{at}].name, {}) || about->columns[{at}].kind != '{kind}' || (int)about->columns[{at}].cell != {place} || about->columns[{at}].n_levels != {n_levels}{last};\n",
        quoted(&column.name)
    )
}

/// A function that is 1 where a random row's prediction differs.
fn row(model: &Model, name: &str, at: usize, random: &mut Random) -> String {
    let drawn = random::row(model, random);
    let predicted = random::predict(model, &drawn);
    let capitals = name.to_uppercase();
    let mut text = format!(
        "static int {name}_row_{at}(void) {{
    double cells[{capitals}_N_CELLS], outputs[{capitals}_N_OUTPUTS];
    const struct {name}_model *about = {name}_about();
    int wrong = !same_text(about->target, {}) || (about->classes != 0) != {};
    {name}_clear(cells);
",
        quoted(&model.target),
        i32::from(!model.classes.is_empty()),
    );
    let wide = |x: f64| format!("{name}_from_wide({:#x}u)", x.to_bits());
    let (mut place, mut n_columns) = (0, 0);
    for (column, cell) in model.columns.iter().zip(&drawn) {
        let levels = match &column.kind {
            Kind::Constant { .. } => continue,
            Kind::Category { levels } => &**levels,
            _ => &[],
        };
        // A name of the header is the place, which its text is looked up by.
        let cast = format!("(enum {name}_cell){place}");
        let line = match cell {
            Drawn::Missing => format!("cells[{place}] = {name}_missing()"),
            Drawn::Number(number) => format!("cells[{place}] = {}", wide(*number)),
            Drawn::Unseen => format!("cells[{place}] = {name}_level({cast}, \"never seen\")"),
            Drawn::Level(level) => {
                let bytes = levels[*level].bytes().map(|byte| format!("\\{byte:03o}"));
                let bytes: String = bytes.collect();
                format!("cells[{place}] = {name}_level({cast}, \"{bytes}\")")
            }
            Drawn::Date {
                year,
                month,
                day,
                hour,
                minute,
                second,
                ahead,
            } => {
                let second = f64::from(3600 * hour + 60 * minute) + second;
                let second = wide(second);
                format!(
                    "wrong |= !{name}_date(cells, {cast}, {year}, {month}, {day}, {second}, {ahead})"
                )
            }
            Drawn::Time {
                hour,
                minute,
                second,
            } => {
                let second = wide(f64::from(3600 * hour + 60 * minute) + second);
                format!("wrong |= !{name}_time(cells, {cast}, {second})")
            }
        };
        let _ = writeln!(text, "    {line};");
        text.push_str(&about(column, n_columns, place));
        n_columns += 1;
        place += match column.kind {
            Kind::Date { .. } => 4,
            Kind::Time => 2,
            _ => 1,
        };
    }
    let _ = writeln!(
        text,
        "    wrong |= {capitals}_N_CELLS != {place} || about->n_columns != {n_columns};"
    );
    match predicted {
        Ok(prediction) => {
            let _ = writeln!(text, "    wrong |= !{name}_predict(cells, outputs);");
            for (at, value) in prediction.values.iter().enumerate() {
                let bits = value.to_bits();
                let _ = writeln!(
                    text,
                    "    wrong |= {name}_to_wide(outputs[{at}]) != {bits:#x}u;"
                );
            }
            if let Some(class) = prediction.class() {
                let at = model.classes.iter().position(|c| c == class);
                let at = at.unwrap_or(usize::MAX);
                let first = class.as_bytes()[0];
                let _ = writeln!(
                    text,
                    "    wrong |= !same_text(about->classes[{at}], {name}_class_name({at})) || {name}_class(outputs) != {at} || (unsigned char){name}_class_name({at})[0] != {first};"
                );
            }
        }
        Err(_) => {
            let _ = writeln!(text, "    wrong |= {name}_predict(cells, outputs);");
        }
    }
    text.push_str("    return wrong;\n}\n");
    text
}
