//! What the literature says of a claim, and whether the answer agrees.

use smallbatch_evidence::Verdict;

use crate::content::{Block, Span, Text, Tone};
use crate::results::{ClaimNote, Results};
use crate::words;

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
pub(super) fn literature(results: &Results, note: &ClaimNote) -> Vec<Block> {
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
}
