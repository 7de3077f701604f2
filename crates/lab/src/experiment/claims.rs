//! From final runs to claims: pairs by seed, an effect with its interval, a verdict, a sentence.

use super::definition::{AcrossClaim, Applies, Axis, Claim, Measure};
use super::observation::{observe, right_epochs};
use super::protocol::{Final, Findings};
use super::wording::{effect_in_words, statement, unit};
use crate::Error;
use crate::results::{ClaimResult, Effect};
use crate::statistics::{Comparison, Direction, Hypothesis, Observation};

/// How sure the intervals are.
const CONFIDENCE: f64 = 0.95;

/// Every claim of the experiment on these data, under every budget under which it is well defined.
pub(crate) fn results(findings: &Findings<'_>) -> Result<Vec<ClaimResult>, Error> {
    let mut results = Vec::new();
    for claim in findings
        .experiment
        .claims
        .iter()
        .filter(|claim| applies(claim, findings))
    {
        for &axis in &findings.experiment.axes {
            let aims = claim.measure != Measure::TimeToTarget || findings.aims_at_target(axis);
            if claim.measure.suits(axis) && aims {
                results.extend(result(claim, axis, findings)?);
            }
        }
    }
    Ok(results)
}

fn applies(claim: &Claim, findings: &Findings<'_>) -> bool {
    let source = &findings.case.source;
    match claim.data {
        Applies::Everywhere => true,
        Applies::MismatchedScales => source.has_mismatched_scales(),
        Applies::ManyFeatures => source.dataset.n_features() > 2,
    }
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
pub(crate) fn across(found: &[Findings<'_>]) -> Result<Vec<ClaimResult>, Error> {
    let Some(first) = found.first() else {
        return Ok(Vec::new());
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
                results.extend(across_two(claim, findings, shortest)?);
            }
        }
    }
    Ok(results)
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
