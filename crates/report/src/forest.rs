//! Forest plots: an effect with its interval in each row, ordered by size, and below them their mean and where a new table is expected.

use smallbatch_evidence::Scale;

use crate::content::{Block, Form, Span, Table, Text, Tone, plain};
use crate::results::{AnswerNote, Effect, PartNote, PredictionNote, Results, TableAnswer};
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

/// The answer of each table to a question, with what sums them up; a plot for each part of a question with several, and one for the
/// smallest of them where that is what is foretold.
pub(crate) fn tables(results: &Results, answer: &AnswerNote, identifier: &str) -> Vec<Block> {
    let plots: Vec<(&str, Sums)> = if answer.parts.is_empty() {
        vec![(&answer.unit, Sums::of(answer))]
    } else {
        let parts = answer.parts.iter();
        parts
            .map(|part| (part.unit.as_str(), Sums::of_part(answer, part)))
            .collect()
    };
    let mut blocks = Vec::new();
    let mut shown = Sums::default();
    for (at, (unit, mut sums)) in plots.into_iter().enumerate() {
        let mut rows = rows(results, answer, unit);
        if rows.is_empty() {
            continue;
        }
        if rows.len() == 1 {
            // The mean over one table is that table's.
            sums = Sums::default();
        }
        shown.mean = shown.mean.or(sums.mean);
        shown.prediction = shown.prediction.or(sums.prediction);
        let thresholds = match sums.mean {
            Some(_) => thresholds(answer),
            None => Vec::new(),
        };
        rows.extend(sums.rows("mean"));
        let name = format!("{identifier}-{at}");
        blocks.extend(plot(rows, thresholds, answer.scale, (unit, "table"), &name));
    }
    if blocks.is_empty() {
        return blocks;
    }
    blocks.extend(Block::words(Tone::Small, caption(results, answer, &shown)));
    let prediction = answer.prediction.as_ref();
    let is_of_smallest = answer.parts.len() > 1 && shown.prediction.is_none();
    if let Some(prediction) = prediction.filter(|_| is_of_smallest) {
        blocks.extend(smallest(answer, prediction, identifier));
    }
    blocks
}

/// Whether the plots of a question end with a bar: what to expect of a new table.
pub(crate) fn has_bar(results: &Results, answer: &AnswerNote) -> bool {
    let n_tables = units(answer).into_iter();
    let n_tables = n_tables.map(|unit| of_tables(results, answer, unit).len());
    answer.prediction.is_some() && n_tables.max() > Some(1)
}

/// Of a claim with several effects: the smallest mean, and where the smallest effect on a new table is expected.
fn smallest(answer: &AnswerNote, prediction: &PredictionNote, identifier: &str) -> Vec<Block> {
    let sums = Sums {
        mean: Some(Size::of(answer)),
        prediction: Some(Size::of_prediction(prediction, answer.scale)),
    };
    let n = match answer.parts.len() {
        2 => "two".into(),
        n => words::count(n),
    };
    let title = format!("the smallest of the {n} effects")
        .replace("smallest of the two", "smaller of the two");
    let by = (title.as_str(), "");
    let name = format!("{identifier}-smallest");
    let rows = sums.rows("smaller mean");
    let mut blocks = Vec::new();
    blocks.extend(plot(rows, thresholds(answer), answer.scale, by, &name));
    let caption = format!(
        "The claim needs all {n} effects, so the smaller one decides. The diamond is the smaller of the {n} means. The bar is where \
         the smaller effect on a new table is expected, in 95 of 100 cases. The first screen shows these two."
    );
    blocks.extend(Block::words(Tone::Small, caption));
    blocks
}

/// What sums up the tables of one plot.
#[derive(Clone, Copy, Default)]
struct Sums {
    mean: Option<Size>,
    prediction: Option<Size>,
}

impl Sums {
    fn of(answer: &AnswerNote) -> Self {
        let prediction = answer.prediction.as_ref();
        Self {
            mean: Some(Size::of(answer)),
            prediction: prediction.map(|found| Size::of_prediction(found, answer.scale)),
        }
    }

    /// The spread of some numbers is not their mean, and its threshold not theirs. The prediction belongs to a part where it is of
    /// that one alone.
    fn of_part(answer: &AnswerNote, part: &PartNote) -> Self {
        let is_foretold = words::foretold_alone(answer) == Some(part);
        let prediction = answer.prediction.as_ref().filter(|_| is_foretold);
        Self {
            mean: (!part.between_tables).then(|| Size::of_part(part, answer.scale)),
            prediction: prediction.map(|found| Size::of_prediction(found, answer.scale)),
        }
    }

    fn rows(&self, mean: &str) -> Vec<Row> {
        let diamond = self
            .mean
            .map(|size| sum(mean.into(), size, Strip::default().diamond(&size)));
        let bar = self
            .prediction
            .map(|size| sum("a new table".into(), size, Strip::default().bar(&size)));
        diamond.into_iter().chain(bar).collect()
    }
}

fn caption(results: &Results, answer: &AnswerNote, shown: &Sums) -> String {
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
    if shown.mean.is_some() {
        caption += " The diamond is the mean over tables, as wide as its interval.";
    }
    if shown.prediction.is_some() {
        caption += " The bar is the 95\u{a0}% prediction interval: a table that was not used here is expected in it.";
    }
    if shown.mean.is_some() {
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
pub(crate) fn targets(answers: &[&AnswerNote], identifier: &str) -> Option<Block> {
    let first = answers.first()?;
    let row = |answer: &&AnswerNote| {
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
    answers: &[(String, &AnswerNote)],
    unit: &str,
    identifier: &str,
) -> Option<Block> {
    let (_, first) = answers.first()?;
    let row = |(name, answer): &(String, &AnswerNote)| {
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
pub(crate) fn units(answer: &AnswerNote) -> Vec<&str> {
    match answer.parts.as_slice() {
        [] => vec![&answer.unit],
        parts => parts.iter().map(|part| part.unit.as_str()).collect(),
    }
}

/// What the tables say to a question, in the order of the results.
pub(crate) fn of_tables<'a>(
    results: &'a Results,
    answer: &AnswerNote,
    unit: &str,
) -> Vec<&'a TableAnswer> {
    let of_unit = |row: &&TableAnswer| belongs(row, answer) && row.unit == unit;
    results.tables.iter().filter(of_unit).collect()
}

fn belongs(row: &TableAnswer, answer: &AnswerNote) -> bool {
    row.claim == answer.claim && row.primary == answer.primary && row.target == answer.target
}

/// What effects are held against, on both sides where sameness is claimed.
pub(crate) fn thresholds(answer: &AnswerNote) -> Vec<f64> {
    let mut thresholds = vec![answer.threshold];
    if answer.same {
        thresholds.push(match answer.scale {
            Scale::Ratio => answer.threshold.recip(),
            Scale::Difference => -answer.threshold,
        });
    }
    thresholds
}

/// The tables of one plot by size, those without an effect last.
fn rows(results: &Results, answer: &AnswerNote, unit: &str) -> Vec<Row> {
    let rows = of_tables(results, answer, unit).into_iter();
    let mut rows: Vec<Row> = rows.map(|row| table(results, row, answer.scale)).collect();
    let key = |row: &Row| row.size.estimate.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
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
        let mut rows = rows(&results, answer, &answer.unit);
        rows.extend(Sums::of(answer).rows("mean"));
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

    /// The first columns of all plots of a claim.
    fn names(results: &Results, claim: &str) -> Vec<Vec<String>> {
        let answer = fixture::primary(results, claim);
        let plots = tables(results, answer, "test").into_iter();
        let plots = plots.filter_map(|block| match block {
            Block::Table(plot) => Some(plot),
            _ => None,
        });
        let name = |row: Vec<Text>| match row.into_iter().next().as_deref() {
            Some([Span::Plain(name) | Span::Strong(name)]) => name.clone(),
            other => panic!("{other:?}"),
        };
        plots
            .map(|plot| plot.rows.into_iter().map(name).collect())
            .collect()
    }

    #[test]
    fn one_table_has_no_mean() {
        let mut results = fixture::results();
        let wine = |row: &TableAnswer| row.table == "wine" || row.claim != "minibatch-is-faster";
        results.tables.retain(wine);
        let plots = names(&results, "minibatch-is-faster");
        assert_eq!(plots, [["wine"]]);
        let answer = fixture::primary(&results, "minibatch-is-faster");
        assert!(!has_bar(&results, answer));
    }

    #[test]
    fn the_smaller_of_two_effects_has_a_picture_with_its_bar() {
        let mut results = fixture::results();
        let prediction = fixture::primary(&results, "minibatch-is-faster")
            .prediction
            .clone();
        let mut answers = results.answers.iter_mut();
        let answer = answers.find(|answer| answer.primary && answer.claim == "centering-alone");
        answer.expect("answered").prediction = prediction;
        let plots = names(&results, "centering-alone");
        let last = plots.last().expect("plots");
        assert_eq!(last[..], ["smaller mean", "a new table"]);
        assert_eq!(plots.len(), 3);
    }
}
