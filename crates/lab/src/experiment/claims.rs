//! From final runs to claims: pairs by seed, an effect with its interval, a verdict, a sentence.

use super::definition::{AcrossClaim, Axis, Claim, Measure};
use super::observation::{observe, right_epochs};
use super::protocol::{Final, Findings};
use super::wording::{effect_in_words, statement, unit};
use crate::Error;
use crate::results::{ClaimResult, Effect, Omission, OmissionKind};
use crate::statistics::{Comparison, Direction, Hypothesis, Observation};

/// How sure the intervals are.
const CONFIDENCE: f64 = 0.95;

/// Every claim of the experiment on these data, under every budget under which it is well defined. A claim that cannot be
/// computed takes no other with it: its error joins the failures.
pub(crate) fn results(findings: &Findings<'_>, failures: &mut Vec<Error>) -> Vec<ClaimResult> {
    let mut results = Vec::new();
    for (claim, axis) in asked(findings) {
        let aims = claim.measure != Measure::TimeToTarget || findings.aims_at_target(axis);
        if aims {
            match result(claim, axis, findings) {
                Ok(found) => results.extend(found),
                Err(error) => failures.push(error),
            }
        }
    }
    results
}

/// The claims that are well defined on these data, each with the budgets under which it is tested.
fn asked<'f>(findings: &'f Findings<'_>) -> impl Iterator<Item = (&'f Claim, Axis)> {
    let experiment = findings.experiment;
    experiment
        .claims
        .iter()
        .filter(|claim| claim.applies(findings.case))
        .flat_map(|claim| claim.axes.iter().map(move |axis| (claim, *axis)))
        .filter(|(claim, axis)| claim.measure.suits(*axis))
}

/// What is left out on these data, and why: arms that cannot be run, times to a target that is not aimed at, and all that
/// was still to come when a step failed.
pub(crate) fn omissions(findings: &Findings<'_>) -> Vec<Omission> {
    let dataset = &findings.case.source.name;
    let omission = |kind, claim: Option<&Claim>, reason| Omission {
        experiment: findings.experiment.name.clone(),
        dataset: dataset.clone(),
        claim: claim.map(|claim| claim.id.clone()),
        kind,
        reason,
    };
    let mut omissions = Vec::new();
    for (index, arm) in findings.experiment.arms.iter().enumerate() {
        if !findings.arms.contains(&index) {
            let reason = format!(
                "{} was not run on {dataset}: its batch is larger than the training part of {} samples.",
                arm.name, findings.note.training_samples
            );
            omissions.push(omission(OmissionKind::Arm, None, reason));
        }
    }
    for (claim, axis) in asked(findings) {
        if claim.measure == Measure::TimeToTarget && !findings.aims_at_target(axis) {
            let reason = format!(
                "{} was not tested on {dataset} under equal {}: the budget of {} updates is too short to set a target by.",
                claim.id,
                axis.name(),
                findings.case.updates.unwrap_or_default()
            );
            // Several claims of one name are left out for one reason.
            let left_out = omission(OmissionKind::Budget, Some(claim), reason);
            if !omissions.contains(&left_out) {
                omissions.push(left_out);
            }
        }
    }
    if let Some(error) = &findings.failure {
        let reason = format!("Not all of it was run: {error}.");
        omissions.push(omission(OmissionKind::Failed, None, reason));
    }
    omissions
}

/// One claim under one budget; `None` when there are no two runs to compare.
fn result(
    claim: &Claim,
    axis: Axis,
    findings: &Findings<'_>,
) -> Result<Option<ClaimResult>, Error> {
    let target = match (claim.measure, findings.target) {
        (Measure::TimeToTarget, None) => return Ok(None),
        (_, target) => target.unwrap_or(f64::NAN),
    };
    let observed = |run: &Final, side| observe(claim.measure, axis, run, side, target, findings);
    let pairs: Vec<(Observation, Observation)> = side_runs(findings, axis, claim.first.arm)
        .filter_map(|(seed, run)| {
            let other = findings.finals.get(&(axis, claim.second.arm, seed))?;
            Some((observed(run, &claim.first), observed(other, &claim.second)))
        })
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let comparison = match claim.measure {
        // Shares of right answers go in steps of one answer; R² has no steps.
        Measure::TestErrorDifference if findings.metric_name == "accuracy" => {
            Comparison::differences(&pairs, CONFIDENCE)?
                .in_steps_of(1.0 / findings.test_samples.max(1) as f64)?
        }
        Measure::TrainingLossDifference | Measure::TestErrorDifference => {
            Comparison::differences(&pairs, CONFIDENCE)?
        }
        _ => Comparison::ratios(&pairs, CONFIDENCE)?,
    };
    let hypothesis = Hypothesis::new(claim.direction, claim.margin)?;
    Ok(Some(ClaimResult {
        id: claim.id.clone(),
        claim: claim.text.clone(),
        experiment: findings.experiment.name.clone(),
        dataset: findings.case.source.name.clone(),
        budget: axis.name().into(),
        verdict: comparison.verdict(&hypothesis),
        effect: Effect::new(&comparison, unit(claim, axis, findings.metric_name)),
        hypothesis,
        p: comparison.p_value(&hypothesis),
        pairs: comparison.pairs,
        censored: comparison.censored,
        statement: statement(
            claim,
            axis,
            findings.extents.get(&(axis, claim.second.arm)),
            target,
            &comparison,
        ),
    }))
}

fn side_runs<'f>(
    findings: &'f Findings<'_>,
    axis: Axis,
    arm: usize,
) -> impl Iterator<Item = (u64, &'f Final)> {
    findings
        .finals
        .range((axis, arm, 0)..=(axis, arm, u64::MAX))
        .map(|((_, _, seed), run)| (*seed, run))
}

/// The claims about one arm on several data sets: each data set against the one that, as the tuning runs tell, needs the
/// fewest epochs.
pub(crate) fn across(found: &[Findings<'_>], failures: &mut Vec<Error>) -> Vec<ClaimResult> {
    let Some(first) = found.first() else {
        return Vec::new();
    };
    let mut results = Vec::new();
    for claim in &first.experiment.across {
        let epochs = |findings: &Findings<'_>| findings.right_epochs.get(&claim.arm).copied();
        let shortest = found
            .iter()
            .filter(|findings| epochs(findings).is_some())
            .min_by(|a, b| {
                let epochs = |f| epochs(f).unwrap_or(f64::INFINITY);
                epochs(a).total_cmp(&epochs(b))
            });
        let Some(shortest) = shortest else { continue };
        for findings in found {
            if findings.case.source.name != shortest.case.source.name {
                match across_two(claim, findings, shortest) {
                    Ok(found) => results.extend(found),
                    Err(error) => failures.push(error),
                }
            }
        }
    }
    results
}

fn across_two(
    claim: &AcrossClaim,
    longer: &Findings<'_>,
    shorter: &Findings<'_>,
) -> Result<Option<ClaimResult>, Error> {
    let axis = Axis::BestEpoch;
    let pairs: Vec<(Observation, Observation)> = side_runs(longer, axis, claim.arm)
        .filter_map(|(seed, run)| {
            let other = shorter.finals.get(&(axis, claim.arm, seed))?;
            Some((
                right_epochs(run, longer.naive_loss),
                right_epochs(other, shorter.naive_loss),
            ))
        })
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let comparison = Comparison::ratios(&pairs, CONFIDENCE)?;
    let hypothesis = Hypothesis::new(Direction::Greater, claim.margin)?;
    let names = [longer, shorter].map(|findings| findings.case.source.name.as_str());
    let arm = &longer.experiment.arms[claim.arm].name;
    Ok(Some(ClaimResult {
        id: claim.id.clone(),
        claim: claim.text.clone(),
        experiment: longer.experiment.name.clone(),
        dataset: names.join(" / "),
        budget: axis.name().into(),
        verdict: comparison.verdict(&hypothesis),
        effect: Effect::new(
            &comparison,
            format!("ratio of the right epochs on two data sets, {arm}"),
        ),
        hypothesis,
        p: comparison.p_value(&hypothesis),
        pairs: comparison.pairs,
        censored: comparison.censored,
        statement: format!(
            "With {arm}, the fewest epochs that give nearly all are {1} times as many on {0} as on {2}.",
            names[0],
            effect_in_words(&comparison),
            names[1]
        ),
    }))
}
