//! What a second run says of the first.

use smallbatch_evidence::Verdict;
use smallbatch_report::results::{Replicated, Replication, Results};

/// Which primary answers of an earlier run a new one confirms: those whose new estimate lies in the earlier interval, and whose verdicts do
/// not contradict each other.
pub fn compare(file: &str, before: &Results, now: &Results) -> Replication {
    let primary = |results: &Results, claim: &str| {
        let mut answers = results.answers.iter();
        answers
            .find(|answer| answer.primary && answer.claim == claim)
            .cloned()
    };
    let answers = before
        .answers
        .iter()
        .filter(|answer| answer.primary)
        .filter_map(|answer| Some((answer, primary(now, &answer.claim)?)))
        .map(|(before, now)| {
            let is_inside = now
                .estimate
                .is_some_and(|estimate| (before.low..=before.high).contains(&estimate));
            Replicated {
                claim: before.claim.clone(),
                before: before.verdict,
                now: now.verdict,
                confirmed: is_inside && !contradict(before.verdict, now.verdict),
            }
        });
    Replication {
        of: file.to_owned(),
        base_seed: before.base_seed,
        same_design: before.design_hash == now.design_hash,
        answers: answers.collect(),
    }
}

/// Whether one says yes and the other no.
pub(crate) fn contradict(one: Verdict, other: Verdict) -> bool {
    let says = |verdict| match verdict {
        Verdict::Supported | Verdict::Equivalent => Some(true),
        Verdict::Refuted => Some(false),
        Verdict::Inconclusive { .. } => None,
    };
    matches!((says(one), says(other)), (Some(a), Some(b)) if a != b)
}
