//! The answers that do not count: the same question at other targets, and the secondary questions.

use crate::content::{Block, Form, Span, Table, Text, Tone, plain};
use crate::forest;
use crate::results::{AnswerNote, ClaimNote, Results};
use crate::words::{self, Size};

/// The answer at each target, where it was asked at several; and whether it depends on the target.
pub(super) fn targets(results: &Results, note: &ClaimNote, id: &str) -> Vec<Block> {
    let wants = note.pictures.iter().any(|picture| picture == "targets");
    let Some(answer) = results.primary(&note.id).filter(|_| wants) else {
        return Vec::new();
    };
    let is_same_question = |other: &&AnswerNote| {
        other.claim == answer.claim
            && (&other.unit, &other.budget, &other.measure)
                == (&answer.unit, &answer.budget, &answer.measure)
    };
    let mut answers: Vec<&AnswerNote> = results
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
    let told = |answer: &&AnswerNote| {
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
    let row = |(note, answer): (&ClaimNote, &AnswerNote)| -> Vec<Text> {
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
        let of = others.filter(move |answer: &&AnswerNote| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

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
