//! Forest plots: an effect with its interval in each row, ordered by size, and below them their mean and where a new table is expected.

use smallbatch_evidence::Scale;

use crate::content::{Block, Form, Span, Table, Text, Tone, plain};
use crate::results::{Answer, Effect, Part, Results, TableAnswer};
use crate::strip::{Ruler, Strip};
use crate::words::{self, Size};

/// An axis goes beyond the estimates by this factor at most; longer intervals end at its edge.
const ROOM: f64 = 4.0;

/// One row of a forest plot.
struct Row {
    name: String,
    size: Size,
    strip: Strip,
    /// What stands at its end.
    end: String,
    /// Whether it sums up the others.
    is_sum: bool,
}

/// The answer of each table to a question, with the mean over tables; a plot for each part of a question with several.
pub(crate) fn tables(results: &Results, answer: &Answer, identifier: &str) -> Vec<Block> {
    // The spread of some numbers is not their mean, and its threshold not theirs.
    let of_part = |part: &Part| (!part.between_tables).then(|| Size::of_part(part, answer.scale));
    let plots: Vec<(&str, Option<Size>)> = if answer.parts.is_empty() {
        vec![(&answer.unit, Some(Size::of(answer)))]
    } else {
        let parts = answer.parts.iter();
        parts
            .map(|part| (part.unit.as_str(), of_part(part)))
            .collect()
    };
    let is_held = plots.iter().any(|(_, mean)| mean.is_some());
    let mut blocks = Vec::new();
    for (at, (unit, mean)) in plots.into_iter().enumerate() {
        let rows = rows(results, answer, unit, mean.as_ref());
        let thresholds = if mean.is_some() {
            thresholds(answer)
        } else {
            Vec::new()
        };
        let name = format!("{identifier}-{at}");
        blocks.extend(plot(rows, thresholds, answer.scale, (unit, "table"), &name));
    }
    if !blocks.is_empty() {
        blocks.extend(Block::words(Tone::Small, caption(results, answer, is_held)));
    }
    blocks
}

fn caption(results: &Results, answer: &Answer, is_held: bool) -> String {
    let mut caption = String::from(
        "Each dot is one table's mean over its repetitions; its line is the 95\u{a0}% interval.",
    );
    let has = |wanted: fn(&TableAnswer) -> bool| {
        let rows = results.tables.iter();
        rows.filter(|row| belongs(row, answer)).any(wanted)
    };
    if !results.effects.is_empty() {
        caption += " Small ticks are single repetitions.";
    }
    if is_held {
        caption += " The diamond is the mean over tables, as wide as its interval.";
    }
    if answer.prediction.is_some() && answer.parts.is_empty() {
        caption += " The bar is the 95\u{a0}% prediction interval: a table that was not used here is expected in it.";
    }
    if is_held {
        caption += " The solid upright line is no effect, the dashed one what the claim needs.";
    }
    if has(|row| row.n_censored > 0) {
        caption += " ▶ and ≥ mark a lower bound: at least one run never reached the target.";
    }
    if has(|row| row.fragile) {
        caption += " * marks tables on which a chosen learning rate was fragile.";
    }
    caption
}

/// The same question with the targets of all answers to it.
pub(crate) fn targets(answers: &[&Answer], identifier: &str) -> Option<Block> {
    let first = answers.first()?;
    let row = |answer: &&Answer| {
        let size = Size::of(answer);
        let name = answer.target.map_or_else(String::new, words::percent);
        sum(name, size, Strip::default().diamond(&size))
    };
    let rows = answers.iter().map(row).collect();
    plot(
        rows,
        thresholds(first),
        first.scale,
        (&first.unit, "target"),
        identifier,
    )
}

/// Answers to questions of one kind, a row each.
pub(crate) fn answers(
    answers: &[(String, &Answer)],
    unit: &str,
    identifier: &str,
) -> Option<Block> {
    let (_, first) = answers.first()?;
    let row = |(name, answer): &(String, &Answer)| {
        let size = Size::of(answer);
        let expected = answer.prediction.as_ref();
        let bar = expected.map(|found| Size::of_prediction(found, answer.scale));
        let strip = bar.map_or_else(Strip::default, |bar| Strip::default().bar(&bar));
        sum(name.clone(), size, strip.diamond(&size))
    };
    let rows = answers.iter().map(row).collect();
    plot(rows, thresholds(first), first.scale, (unit, ""), identifier)
}

/// The units of the effects that an answer is made of: its own, or those of its parts.
pub(crate) fn units(answer: &Answer) -> Vec<&str> {
    match answer.parts.as_slice() {
        [] => vec![&answer.unit],
        parts => parts.iter().map(|part| part.unit.as_str()).collect(),
    }
}

/// What the tables say to a question, in the order of the results.
pub(crate) fn of_tables<'a>(
    results: &'a Results,
    answer: &Answer,
    unit: &str,
) -> Vec<&'a TableAnswer> {
    let of_unit = |row: &&TableAnswer| belongs(row, answer) && row.unit == unit;
    results.tables.iter().filter(of_unit).collect()
}

fn belongs(row: &TableAnswer, answer: &Answer) -> bool {
    row.claim == answer.claim && row.primary == answer.primary && row.target == answer.target
}

/// What effects are held against, on both sides where sameness is claimed.
pub(crate) fn thresholds(answer: &Answer) -> Vec<f64> {
    let mut thresholds = vec![answer.threshold];
    if answer.same {
        thresholds.push(match answer.scale {
            Scale::Ratio => answer.threshold.recip(),
            Scale::Difference => -answer.threshold,
        });
    }
    thresholds
}

/// The rows of one plot: tables by size, those without an effect last, then what sums them up.
fn rows(results: &Results, answer: &Answer, unit: &str, mean: Option<&Size>) -> Vec<Row> {
    let scale = answer.scale;
    let mut rows: Vec<Row> = of_tables(results, answer, unit)
        .into_iter()
        .map(|row| table(results, row, scale))
        .collect();
    let key = |row: &Row| row.size.estimate.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    if rows.is_empty() {
        return rows;
    }
    if let Some(mean) = mean {
        rows.push(sum("mean".into(), *mean, Strip::default().diamond(mean)));
        // Of several effects the prediction is of the smallest one, which has no plot.
        let prediction = answer
            .prediction
            .as_ref()
            .filter(|_| answer.parts.is_empty());
        if let Some(prediction) = prediction {
            let size = Size::of_prediction(prediction, scale);
            rows.push(sum("a new table".into(), size, Strip::default().bar(&size)));
        }
    }
    rows
}

fn table(results: &Results, row: &TableAnswer, scale: Scale) -> Row {
    let size = Size::of_table(row, scale);
    Row {
        name: format!("{}{}", row.table, if row.fragile { " *" } else { "" }),
        strip: Strip::default()
            .specks(repetitions(results, row, scale))
            .estimate(&size),
        end: match size.estimate {
            None if row.note.is_empty() && size.interval().is_empty() => "no effect".into(),
            None if row.note.is_empty() => size.interval(),
            None => row.note.clone(),
            Some(_) => size.in_brackets(),
        },
        size,
        is_sum: false,
    }
}

fn sum(name: String, size: Size, strip: Strip) -> Row {
    Row {
        name,
        end: match size.estimate {
            None => size.interval(),
            Some(_) => size.in_brackets(),
        },
        size,
        strip,
        is_sum: true,
    }
}

/// The effect of each repetition on a table: the mean over its pairs.
fn repetitions(results: &Results, row: &TableAnswer, scale: Scale) -> Vec<f64> {
    let of_row = |effect: &&Effect| {
        (&effect.claim, &effect.unit, &effect.table) == (&row.claim, &row.unit, &row.table)
            && effect.target == row.target
    };
    let effects = results.effects.iter().filter(of_row);
    let means = effects.map(|effect| {
        let mean = effect.pairs.iter().sum::<f64>() / effect.pairs.len().max(1) as f64;
        match scale {
            Scale::Ratio => mean.exp(),
            Scale::Difference => mean,
        }
    });
    means.filter(|mean| mean.is_finite()).collect()
}

fn plot(
    rows: Vec<Row>,
    thresholds: Vec<f64>,
    scale: Scale,
    (unit, by): (&str, &str),
    identifier: &str,
) -> Option<Block> {
    let ruler = Ruler::of(rows.iter().map(|row| &row.size), thresholds, scale, ROOM);
    let cells = |row: Row| -> Vec<Text> {
        let word = |text: String| match row.is_sum {
            true => vec![Span::Strong(text)],
            false => plain(text),
        };
        vec![word(row.name), vec![Span::Strip(row.strip)], word(row.end)]
    };
    let table = Table::new(
        unit,
        &format!("{by}||effect, 95 % interval"),
        rows.into_iter().map(cells).collect(),
    );
    let table = table.with_form(Form::Forest).with_ruler(1, ruler);
    Block::table(Table {
        identifier: identifier.into(),
        ..table
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn tables_stand_by_size_with_their_mean_and_what_was_cut() {
        let results = fixture::results();
        let answer = fixture::primary(&results, "minibatch-is-faster");
        let mean = Size::of(answer);
        let rows = rows(&results, answer, &answer.unit, Some(&mean));
        let ends: Vec<&str> = rows.iter().map(|row| row.end.as_str()).collect();
        assert_eq!(ends.len(), 6, "four tables, the mean and a new table");
        assert_eq!(
            (rows[5].name.as_str(), ends[5]),
            ("a new table", "0.91 to 47")
        );
        assert!(ends.iter().any(|end| end.starts_with("≥ 10")), "{ends:?}");
        assert_eq!(ends[3], "neither trained");
        assert_eq!(rows[4].name, "mean");
        assert_eq!(thresholds(answer), [2.0]);
    }

    #[test]
    fn a_spread_between_tables_has_no_mean_and_no_threshold() {
        let results = fixture::results();
        let answer = fixture::primary(&results, "epochs-depend");
        assert!(answer.parts[0].between_tables);
        let Block::Table(plot) = &tables(&results, answer, "test")[0] else {
            panic!("a table")
        };
        let names: Vec<&Text> = plot.rows.iter().map(|row| &row[0]).collect();
        assert!(
            names.iter().all(|name| **name != plain("mean")),
            "{names:?}"
        );
        assert!(names.contains(&&plain("wine")), "{names:?}");
    }
}
