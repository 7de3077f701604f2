//! From final runs to claims: pairs by seed, an effect with its interval, a verdict, a sentence.

use super::arms::{Applies, Axis, Claim, Measure};
use super::protocol::{Final, Findings};
use super::runs::Extent;
use crate::Error;
use crate::results::{ClaimResult, Effect};
use crate::statistics::{Bound, Comparison, Hypothesis, Observation};

/// How sure the intervals are.
const CONFIDENCE: f64 = 0.95;
/// A training loss below this counts as this: in single precision it is nothing but rounding, and a ratio of two such
/// losses would mean nothing.
const LEAST_LOSS: f64 = 1e-7;

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
            if claim.measure == Measure::TimeToTarget && !findings.aims_at_target(axis) {
                continue;
            }
            results.extend(result(claim, axis, findings)?);
        }
    }
    Ok(results)
}

fn applies(claim: &Claim, findings: &Findings<'_>) -> bool {
    let source = findings.case.source;
    match claim.data {
        Applies::Everywhere => true,
        Applies::MismatchedScales => source.has_mismatched_scales(),
        Applies::ManyFeatures => source.widths().0 > 2,
    }
}

/// One claim under one budget; `None` when there are no two runs to compare.
fn result(
    claim: &Claim,
    axis: Axis,
    findings: &Findings<'_>,
) -> Result<Option<ClaimResult>, Error> {
    let experiment = findings.experiment;
    let (Some(first), Some(second)) = (experiment.arm(claim.first), experiment.arm(claim.second))
    else {
        return Ok(None);
    };
    let target = match (claim.measure, findings.target) {
        (Measure::TimeToTarget, None) => return Ok(None),
        (_, target) => target.unwrap_or(f64::NAN),
    };
    let observe = |run: &Final| match claim.measure {
        Measure::FinalLossRatio => Observation::Exact(final_loss(run, findings.naive_loss)),
        Measure::FinalLossDifference => {
            Observation::Exact(final_loss(run, findings.naive_loss) / findings.naive_loss)
        }
        Measure::TimeToTarget => time_to_target(run, axis, target),
    };
    let pairs: Vec<(Observation, Observation)> = findings
        .finals
        .range((axis, first, 0)..=(axis, first, u64::MAX))
        .filter_map(|((_, _, seed), run)| {
            let other = findings.finals.get(&(axis, second, *seed))?;
            Some((observe(run), observe(other)))
        })
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let comparison = match claim.measure {
        Measure::FinalLossDifference => Comparison::differences(&pairs, CONFIDENCE)?,
        Measure::FinalLossRatio | Measure::TimeToTarget => Comparison::ratios(&pairs, CONFIDENCE)?,
    };
    let hypothesis = Hypothesis::new(claim.direction, claim.margin)?;
    Ok(Some(ClaimResult {
        id: claim.id.into(),
        claim: claim.text.into(),
        experiment: experiment.name.to_string(),
        dataset: findings.case.source.name().into(),
        budget: axis.name().into(),
        verdict: comparison.verdict(&hypothesis),
        effect: Effect::new(&comparison, unit(claim, axis)),
        hypothesis,
        pairs: comparison.pairs,
        censored: comparison.censored,
        statement: statement(
            claim,
            axis,
            findings.extents.get(&(axis, second)),
            target,
            &comparison,
        ),
    }))
}

/// The training loss at the end of the budget, at most that of the best constant prediction.
///
/// A network that is worse than a constant, or whose training diverged, has learned nothing. How much worse it is depends
/// on the size of its first outputs, which on raw inputs can be a million; ratios of such losses would say nothing about
/// training, and their spread would drown what can be said.
fn final_loss(run: &Final, naive: f64) -> f64 {
    run.run
        .final_training_loss()
        .clamp(LEAST_LOSS, naive.max(LEAST_LOSS))
}

/// What it took to reach the target, in the budget's own coin; epochs are counted in samples.
fn time_to_target(run: &Final, axis: Axis, target: f64) -> Observation {
    let longest = run.race.as_ref().map_or(&run.run, |(_, race)| race);
    let reached = run
        .run
        .reached(target)
        .or_else(|| longest.reached(target))
        .map(|moment| match axis {
            Axis::Epochs => moment.samples,
            Axis::Updates => moment.updates,
            Axis::Seconds => moment.seconds,
        });
    let spent = longest.last().map_or(0.0, |point| match axis {
        Axis::Epochs => point.samples as f64,
        Axis::Updates => point.updates as f64,
        Axis::Seconds => point.seconds,
    });
    // Reached before the first update: a ratio needs something above nothing.
    Observation::reached(reached.map(|time| time.max(1e-9)), spent.max(1e-9))
}

fn unit(claim: &Claim, axis: Axis) -> String {
    match claim.measure {
        Measure::FinalLossRatio => format!(
            "ratio of training losses, {} / {}",
            claim.first, claim.second
        ),
        Measure::FinalLossDifference => format!(
            "difference of training losses, {} - {}, in units of the loss of a constant prediction",
            claim.first, claim.second
        ),
        Measure::TimeToTarget => {
            format!(
                "ratio of {} to the target, {} / {}",
                axis.name(),
                claim.first,
                claim.second
            )
        }
    }
}

fn statement(
    claim: &Claim,
    axis: Axis,
    extent: Option<&Extent>,
    target: f64,
    comparison: &Comparison,
) -> String {
    let (first, second) = (claim.first, claim.second);
    let effect = effect_in_words(comparison);
    let budget = extent.map_or_else(|| format!("the same {}", axis.name()), Extent::to_string);
    match claim.measure {
        Measure::FinalLossRatio => format!(
            "After {budget}, the training loss of {first} is {effect} times that of {second}."
        ),
        Measure::FinalLossDifference => format!(
            "After {budget}, the training loss of {first} less that of {second} is {effect} of what there is to learn."
        ),
        Measure::TimeToTarget => format!(
            "To a training loss of {}, {first} takes {effect} times as many {} as {second}.",
            number(target),
            axis.name()
        ),
    }
}

/// Such as `at least 9.3 (6.1 to 14)`.
fn effect_in_words(comparison: &Comparison) -> String {
    let interval = &comparison.interval;
    let bound = match comparison.bound {
        Bound::AtLeast => "at least ",
        Bound::AtMost => "at most ",
        _ => "",
    };
    let estimate = interval
        .estimate
        .map_or_else(|| "an unknown number of".into(), number);
    let end = |value: f64, open: &str| {
        if value.is_finite() {
            number(value)
        } else {
            open.into()
        }
    };
    format!(
        "{bound}{estimate} ({} to {})",
        end(interval.low, "anything"),
        end(interval.high, "any number")
    )
}

/// A number with three significant digits.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let decimals = 2 - value.abs().log10().floor() as i32;
    match decimals {
        ..=-4 => format!("{value:.2e}"),
        -3..=0 => format!("{value:.0}"),
        1..=6 => format!("{value:.*}", decimals as usize),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::trajectory::tests::run;
    use super::*;

    fn final_of(losses: &[(u64, f64)], race: Option<&[(u64, f64)]>) -> Final {
        Final {
            learning_rate: 0.1,
            run: Arc::new(run(losses)),
            race: race.map(|losses| (0.1, Arc::new(run(losses)))),
        }
    }

    #[test]
    fn a_run_that_never_arrives_counts_as_at_least_its_longest() {
        let short = final_of(&[(0, 8.0), (10, 4.0)], None);
        assert_eq!(
            time_to_target(&short, Axis::Updates, 1.0),
            Observation::AtLeast(10.0)
        );
        assert_eq!(
            time_to_target(&short, Axis::Seconds, 1.0),
            Observation::AtLeast(5.0)
        );
        let raced = final_of(
            &[(0, 8.0), (10, 4.0)],
            Some(&[(0, 8.0), (10, 4.0), (30, 2.0)]),
        );
        assert_eq!(
            time_to_target(&raced, Axis::Epochs, 1.0),
            Observation::AtLeast(30.0)
        );
        let arrived = final_of(
            &[(0, 8.0), (10, 4.0)],
            Some(&[(0, 8.0), (10, 4.0), (30, 1.0)]),
        );
        assert_eq!(
            time_to_target(&arrived, Axis::Updates, 1.0),
            Observation::Exact(30.0)
        );
    }

    #[test]
    fn a_run_that_is_worse_than_a_constant_has_learned_nothing() {
        let exploded = final_of(&[(0, 8.0), (10, 90.0)], None);
        assert_eq!(final_loss(&exploded, 2.0), 2.0);
        let mut diverged = run(&[(0, 8.0), (1, 0.5)]);
        diverged.diverged = true;
        let diverged = Final {
            learning_rate: 1.0,
            run: Arc::new(diverged),
            race: None,
        };
        assert_eq!(final_loss(&diverged, 2.0), 2.0);
        assert_eq!(
            final_loss(&final_of(&[(0, 8.0), (10, 0.5)], None), 2.0),
            0.5
        );
        assert_eq!(
            final_loss(&final_of(&[(0, 8.0), (10, 0.0)], None), 2.0),
            LEAST_LOSS
        );
    }

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (9.3333, "9.33"),
            (0.012_345, "0.0123"),
            (123.4, "123"),
            (1234.0, "1234"),
            (-0.5, "-0.500"),
            (1.5e7, "1.50e7"),
            (1.5e-7, "1.50e-7"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
