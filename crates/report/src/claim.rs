//! A claim's page: the question, the answer, the tables behind it, and what the literature says.

use smallbatch_evidence::{Scale, Verdict};

use crate::content::{Block, Form, Section, Span, Table, Text, Tone, plain};
use crate::results::{Answer, ClaimNote, LeftOut, Moderator, Part, Results, TableAnswer, Variance};
use crate::words::{self, Bound, Size};
use crate::{forest, moderator, textbook};

/// The page of the claim with a number, from 0.
pub(crate) fn page(results: &Results, number: usize) -> Section {
    let note = &results.claims[number];
    let id = identifier(note);
    let mut blocks = Vec::new();
    blocks.extend(Block::words(Tone::Soft, note.question.clone()));
    let answer = results.primary(&note.id);
    match answer {
        Some(answer) => blocks.extend(answered(answer)),
        None => blocks.extend(Block::words(Tone::Note, "This claim was not answered.")),
    }
    blocks.extend(textbook::pictures(results, note, &id));
    if let Some(answer) = answer {
        blocks.extend(by_table(results, answer, &id));
        blocks.extend(moderator::where_not(results, answer, &id));
    }
    blocks.extend(targets(results, note, &id));
    blocks.extend(literature(results, note));
    blocks.extend(behind(results, note, &id));
    Section {
        id,
        title: title(note, number),
        is_claim: true,
        blocks,
    }
}

/// The name of a claim's page: what is no letter, digit or hyphen of it becomes a hyphen.
pub(crate) fn identifier(note: &ClaimNote) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("claim-{}", note.id.chars().map(safe).collect::<String>())
}

pub(crate) fn title(note: &ClaimNote, number: usize) -> String {
    let title = if note.title.is_empty() {
        &note.id
    } else {
        &note.title
    };
    format!("{}. {title}", number + 1)
}

/// The effects that a claim is made of: "raw / centred: 1.4 (1.2 to 1.6)".
pub(crate) fn parts(answer: &Answer) -> Vec<String> {
    let part = |part: &Part| {
        format!(
            "{}: {}",
            part.unit,
            Size::of_part(part, answer.scale).in_brackets()
        )
    };
    answer.parts.iter().map(part).collect()
}

/// The answer with its numbers.
fn answered(answer: &Answer) -> Vec<Block> {
    let mut text = vec![
        Span::Verdict(answer.verdict, answer.same),
        Span::Plain(format!(". {}", words::sentence_with_interval(answer))),
    ];
    if let Some(expected) = words::on_a_new_table(answer) {
        text.push(Span::Plain(format!(" {expected}.")));
    }
    if let Some(needed) = words::needed(answer.needed.as_ref()) {
        text.push(Span::Plain(format!(" {}.", words::capital(&needed))));
    }
    let mut blocks = vec![Block::Paragraph(Tone::Answer, text)];
    let part = |(text, part): (String, &Part)| {
        let text = Span::Plain(format!("{text}, "));
        vec![text, Span::Verdict(part.verdict, answer.same)]
    };
    if !answer.parts.is_empty() {
        let parts = parts(answer).into_iter().zip(&answer.parts);
        blocks.push(Block::List(parts.map(part).collect()));
    }
    blocks.extend(Block::words(Tone::Plain, answer.note.clone()));
    blocks
}

/// The forest plot, with how it is read.
fn by_table(results: &Results, answer: &Answer, id: &str) -> Vec<Block> {
    let plots = forest::tables(results, answer, &format!("{id}-tables"));
    if plots.is_empty() {
        return plots;
    }
    let mut blocks = vec![Block::Heading("Table by table".into())];
    blocks.extend(plots);
    let how = [
        "Read one row: the dot says how large the effect is on that table, the line how sure that is.",
        "Read all rows: where the dots lie far apart, the answer depends on the table, and the mean says little of a single one.",
        "Read the bar at the end: it is what to expect of your own table.",
    ];
    let items = how.iter().map(|text| plain(*text)).collect();
    let mut folded = vec![Block::List(items)];
    let more = vec![
        Span::Plain("All words are explained under ".into()),
        Span::Link("reading".into(), "How to read this".into()),
        Span::Plain(".".into()),
    ];
    folded.push(Block::Paragraph(Tone::Plain, more));
    blocks.extend(Block::folded("How to read this picture", folded));
    blocks
}

/// What was run, and all numbers, folded away.
fn behind(results: &Results, note: &ClaimNote, id: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(answer) = results.primary(&note.id) {
        let facts = Block::facts(facts(results, answer));
        blocks.extend(Block::folded("What was run", facts));
        let numbers = Block::table(table(results, answer));
        blocks.extend(Block::folded("The numbers of each table", numbers));
    }
    blocks.extend(textbook::folded(results, note, id));
    let left_out = results
        .omissions
        .iter()
        .filter(|omission| omission.claim == note.id);
    blocks.extend(left_out.filter_map(|omission| {
        Block::words(Tone::Small, format!("Left out: {}", omission.reason))
    }));
    let of_claim = |answer: &&Answer| !answer.primary && answer.claim == note.id;
    let n_others = results.answers.iter().filter(of_claim).count();
    if n_others > 0 {
        let others = words::counted(n_others, "further question");
        let text = vec![
            Span::Plain(format!("{others} about this claim: see ")),
            Span::Link("secondary".into(), "All other answers".into()),
            Span::Plain(".".into()),
        ];
        blocks.push(Block::Paragraph(Tone::Small, text));
    }
    blocks
}

/// What was compared, and what is known beside the answer.
pub(crate) fn facts(results: &Results, answer: &Answer) -> Vec<(&'static str, String)> {
    let p = match (answer.p, answer.p_corrected) {
        (None, _) => String::new(),
        (p, None) => words::p_value(p),
        (p, corrected) => format!(
            "{}; corrected for all primary questions (Holm): {}",
            words::p_value(p),
            words::p_value(corrected)
        ),
    };
    let of_claim = |variance: &&Variance| variance.claim == answer.claim;
    vec![
        ("Claim", answer.text.clone()),
        ("Compared", answer.unit.clone()),
        ("Counts as a yes", answer.hypothesis.clone()),
        ("Held equal", answer.budget.clone()),
        ("Target", answer.target.map(target).unwrap_or_default()),
        ("Runs", runs(answer)),
        ("Never arrived", cut(results, answer)),
        (
            "To settle it",
            words::needed(answer.needed.as_ref()).unwrap_or_default(),
        ),
        ("p", p),
        ("Between tables", spread(answer)),
        ("On a new table", prediction(answer)),
        ("It depends on", moderator(answer)),
        ("Left out in turn", left_out(answer)),
        (
            "Variation",
            results
                .variance
                .iter()
                .find(of_claim)
                .map(variation)
                .unwrap_or_default(),
        ),
    ]
}

/// A target: "90 % of the way from a constant prediction's loss to the lowest of the tuning runs".
fn target(part: f64) -> String {
    format!(
        "{} of the way from a constant prediction's loss to the lowest loss of the tuning runs",
        words::percent(part)
    )
}

fn runs(answer: &Answer) -> String {
    let repetitions = words::counted(answer.n_repetitions, "repetition");
    let mut runs = format!(
        "{}, {repetitions} of each",
        words::counted(answer.n_tables, "table")
    );
    if answer.n_pairs > 0 {
        runs += &format!(", {} of runs", words::counted(answer.n_pairs, "pair"));
    }
    runs
}

/// How many pairs are cut at the horizon, and what that makes of the effect.
fn cut(results: &Results, answer: &Answer) -> String {
    if answer.n_censored == 0 {
        return String::new();
    }
    let meaning = match Size::of(answer).bound() {
        Bound::AtLeast => "so the effect is at least what is given",
        Bound::AtMost => "so the effect is at most what is given",
        Bound::Exact | Bound::Either => "on both sides, so the effect may be smaller or larger",
    };
    format!(
        "in {} of {} pairs one side did not reach the target within {} times the other's time; they count with that factor, {meaning}",
        words::count(answer.n_censored),
        words::count(answer.n_pairs),
        words::round_number(results.design.horizon),
    )
}

/// The spread between tables in words.
fn spread(answer: &Answer) -> String {
    let Some(tau) = answer.tau.filter(|tau| tau.is_finite()) else {
        return String::new();
    };
    match answer.scale {
        Scale::Ratio => format!(
            "the effect differs from table to table by a typical factor of {} (τ = {})",
            words::amount(tau.exp(), Scale::Ratio),
            words::number(tau)
        ),
        Scale::Difference => {
            format!(
                "the effect differs from table to table by {} (τ)",
                words::number(tau)
            )
        }
    }
}

fn prediction(answer: &Answer) -> String {
    let Some(prediction) = &answer.prediction else {
        return String::new();
    };
    let mut parts = Vec::new();
    let range = words::range(prediction.low, prediction.high, answer.scale);
    if !range.is_empty() {
        parts.push(format!("expect {range} (95\u{a0}% prediction interval)"));
    }
    if let Some(share) = prediction.share.filter(|share| share.is_finite()) {
        parts.push(format!(
            "the claim is expected to hold on {} of tables",
            words::percent(share)
        ));
    }
    parts.join("; ")
}

/// How well the tables foretell one another.
fn left_out(answer: &Answer) -> String {
    let Some(prediction) = &answer.prediction else {
        return String::new();
    };
    let LeftOut {
        n_tables, n_inside, ..
    } = prediction.left_out;
    format!(
        "{n_inside} of {n_tables} tables lie in the prediction interval that the other tables give for them"
    )
}

/// What a table's place among the others can be read off.
fn moderator(answer: &Answer) -> String {
    let moderator = answer
        .prediction
        .as_ref()
        .and_then(|prediction| prediction.moderator);
    let Some(Moderator { fact, line }) = moderator else {
        return String::new();
    };
    let slope = line.slope_interval(0.95);
    let tenfold = |slope: f64| match answer.scale {
        Scale::Ratio => (slope * 10.0_f64.ln()).exp(),
        Scale::Difference => slope * 10.0_f64.ln(),
    };
    let change = words::amount(tenfold(line.slope), answer.scale);
    let range = words::range(tenfold(slope.low), tenfold(slope.high), answer.scale);
    match answer.scale {
        Scale::Ratio => format!(
            "{}: with ten times as much the effect is multiplied by {change} ({range})",
            fact.words()
        ),
        Scale::Difference => format!(
            "{}: with ten times as much the effect grows by {change} ({range})",
            fact.words()
        ),
    }
}

/// Where the variation comes from, as shares of all of it.
fn variation(variance: &Variance) -> String {
    let parts = [
        (variance.between_tables, "lies between tables"),
        (
            variance.split_and_tuning,
            "comes from other splits and tuning runs",
        ),
        (
            variance.initialization_and_order,
            "from other initial weights and orders",
        ),
    ];
    let all: f64 = parts.iter().map(|(part, _)| part).sum();
    if !(all.is_finite() && all > 0.0) {
        return String::new();
    }
    let share = |(part, name): &(f64, &str)| format!("{:.0}\u{a0}% {name}", 100.0 * part / all);
    words::list(&parts.iter().map(share).collect::<Vec<_>>())
}

/// The numbers of each table.
fn table(results: &Results, answer: &Answer) -> Table {
    let several = answer.parts.len() > 1;
    let units = forest::units(answer);
    let row = |row: &TableAnswer| {
        let size = Size::of_table(row, answer.scale);
        let mut remarks = vec![row.note.clone()];
        if row.fragile {
            remarks.push("a chosen rate was fragile".into());
        }
        remarks.retain(|remark| !remark.is_empty());
        let name = if several {
            format!("{}, {}", row.table, row.unit)
        } else {
            row.table.clone()
        };
        let cut = match row.n_censored {
            0 => String::new(),
            cut => format!("{cut} of {}", row.n_pairs),
        };
        let cells = [
            name,
            size.in_cell(),
            size.interval(),
            row.n_repetitions.to_string(),
            cut,
            remarks.join("; "),
        ];
        cells.map(plain).into()
    };
    let of_unit = |unit: &&str| forest::of_tables(results, answer, unit);
    Table::new(
        &format!("{}: the numbers of each table", answer.text),
        "table|#effect|#95 % interval|#repetitions|#pairs never arrived|remarks",
        units.iter().flat_map(of_unit).map(row).collect(),
    )
}

/// The answer at each target, where it was asked at several; and whether it depends on the target.
fn targets(results: &Results, note: &ClaimNote, id: &str) -> Vec<Block> {
    let wants = note.pictures.iter().any(|picture| picture == "targets");
    let Some(answer) = results.primary(&note.id).filter(|_| wants) else {
        return Vec::new();
    };
    let is_same_question = |other: &&Answer| {
        other.claim == answer.claim
            && (&other.unit, &other.budget, &other.measure)
                == (&answer.unit, &answer.budget, &answer.measure)
    };
    let mut answers: Vec<&Answer> = results
        .answers
        .iter()
        .filter(is_same_question)
        .filter(|answer| answer.target.is_some())
        .collect();
    answers.sort_by(|a, b| {
        a.target
            .partial_cmp(&b.target)
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    if answers.len() < 2 {
        return Vec::new();
    }
    let told = |answer: &&Answer| {
        let target = answer.target.map(words::percent).unwrap_or_default();
        format!(
            "{} at {target}",
            words::verdict(answer.verdict, answer.same)
        )
    };
    let depends = answers.iter().any(|other| other.verdict != answer.verdict);
    let told = words::list(&answers.iter().map(told).collect::<Vec<_>>());
    let remark = if depends {
        format!("The answer depends on the target: {told}.")
    } else {
        format!("The answer does not depend on the target: {told}.")
    };
    let figure = forest::targets(&answers, &format!("{id}-targets"));
    let mut blocks = vec![Block::Heading("At other targets".into())];
    blocks.extend(Block::words(Tone::Plain, remark));
    blocks.extend(figure);
    blocks
}

/// All that was asked without counting, with the claim that it belongs to.
pub(crate) fn secondary(results: &Results) -> Vec<Block> {
    let row = |(note, answer): (&ClaimNote, &Answer)| -> Vec<Text> {
        let size = Size::of(answer);
        let target = answer
            .target
            .map(|target| format!(", target {}", words::percent(target)));
        let mut what = plain(format!("{}{}", answer.unit, target.unwrap_or_default()));
        what.push(Span::Small(format!("{} · {}", note.title, answer.budget)));
        vec![
            vec![Span::Verdict(answer.verdict, answer.same)],
            what,
            plain(answer.hypothesis.clone()),
            plain(size.in_cell()),
            plain(size.interval()),
            plain(words::count(answer.n_tables)),
            plain(words::p_value(answer.p)),
        ]
    };
    let of_claim = |note| {
        let others = results.answers.iter().filter(|answer| !answer.primary);
        let of = others.filter(move |answer: &&Answer| {
            let note: &ClaimNote = note;
            answer.claim == note.id
        });
        of.map(move |answer| (note, answer))
    };
    let table = Table::new(
        "All other answers",
        "holds?|compared|a yes is|#effect|#95 % interval|#tables|#p",
        results.claims.iter().flat_map(of_claim).map(row).collect(),
    )
    .with_form(Form::Cards);
    let Some(table) = Block::table(table) else {
        return Vec::new();
    };
    let mut blocks = Vec::new();
    blocks.extend(Block::words(
        Tone::Small,
        "Shown, and not counted: these answers are not corrected for how many there are.",
    ));
    blocks.push(table);
    blocks
}

/// How an answer compares with the literature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    Agrees,
    Differs,
    CannotTell,
    /// Nothing was published, or nothing was answered.
    Nothing,
}

pub(crate) fn agreement(results: &Results, note: &ClaimNote) -> Agreement {
    let Some(answer) = results.primary(&note.id) else {
        return Agreement::Nothing;
    };
    match answer.verdict {
        _ if note.expectation.is_empty() => Agreement::Nothing,
        Verdict::Inconclusive { .. } => Agreement::CannotTell,
        verdict if verdict.name() == note.expectation => Agreement::Agrees,
        // Of a claim of sameness, both words mean that it holds.
        verdict if note.expectation == "supported" && words::holds(verdict, answer.same) => {
            Agreement::Agrees
        }
        Verdict::Supported | Verdict::Refuted | Verdict::Equivalent => Agreement::Differs,
    }
}

/// What the literature says, and whether it agrees.
fn literature(results: &Results, note: &ClaimNote) -> Vec<Block> {
    let said = note.literature.iter().map(|citation| {
        vec![Span::Plain(format!(
            "{} ({})",
            citation.says, citation.source
        ))]
    });
    let said: Vec<Text> = said.collect();
    if said.is_empty() {
        return Vec::new();
    }
    let expected = match note.expectation.as_str() {
        "supported" => "By the literature the claim holds",
        "refuted" => "By the literature the claim does not hold",
        "equivalent" => "By the literature there is no difference that counts",
        _ => "No published result fits this question",
    };
    let compared = match agreement(results, note) {
        Agreement::Agrees => ": this run agrees.",
        Agreement::Differs => ": this run differs.",
        Agreement::CannotTell => ": this run cannot tell.",
        Agreement::Nothing => ".",
    };
    let mut blocks = vec![Block::Heading("The literature".into()), Block::List(said)];
    blocks.extend(Block::words(Tone::Plain, format!("{expected}{compared}")));
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn answers_are_held_against_the_literature() {
        let mut results = fixture::results();
        let mut note = results.claims[0].clone();
        let mut agreement_of = |verdict, expectation: &str, same| {
            results.answers[0].verdict = verdict;
            results.answers[0].same = same;
            note.expectation = expectation.into();
            agreement(&results, &note)
        };
        let (yes, same, no) = (Verdict::Supported, Verdict::Equivalent, Verdict::Refuted);
        assert_eq!(agreement_of(yes, "supported", false), Agreement::Agrees);
        assert_eq!(agreement_of(same, "supported", true), Agreement::Agrees);
        assert_eq!(agreement_of(same, "equivalent", false), Agreement::Agrees);
        assert_eq!(agreement_of(no, "supported", false), Agreement::Differs);
        assert_eq!(agreement_of(yes, "", false), Agreement::Nothing);
    }

    #[test]
    fn facts_are_in_plain_words() {
        let results = fixture::results();
        let answer = fixture::primary(&results, "minibatch-is-faster");
        let facts = facts(&results, answer);
        let fact = |name| {
            let found = facts.iter().find(|(fact, _)| *fact == name);
            found
                .map(|(_, value)| value.replace('\u{a0}', " "))
                .unwrap_or_default()
        };
        assert!(fact("Never arrived").starts_with("in 15 of 48 pairs one side did not"));
        assert!(fact("Never arrived").ends_with("so the effect is at least what is given"));
        assert!(fact("On a new table").ends_with("expected to hold on 83 % of tables"));
        assert_eq!(
            fact("Variation"),
            "70 % lies between tables, 20 % comes from other splits and tuning runs and 10 % from other initial weights and orders"
        );
    }

    #[test]
    fn an_answer_that_changes_with_the_target_says_so() {
        let results = fixture::results();
        let note = results
            .claims
            .iter()
            .find(|note| note.id == "minibatch-is-faster");
        let blocks = targets(&results, note.expect("there"), "x");
        let Block::Paragraph(_, text) = &blocks[1] else {
            panic!("{blocks:?}")
        };
        let Span::Plain(text) = &text[0] else {
            panic!("{text:?}")
        };
        assert_eq!(
            text.replace('\u{a0}', " "),
            "The answer depends on the target: cannot tell at 50 %, yes at 90 % and yes at 99 %."
        );
    }
}
