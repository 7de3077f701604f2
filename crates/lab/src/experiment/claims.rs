//! From final runs to claims: pairs by seed, an effect with its interval, a verdict, a sentence.

use super::definition::{AcrossClaim, Applies, Axis, Claim, Measure, Side};
use super::protocol::{Final, Findings};
use super::runs::Extent;
use super::summary::{counted_point, counted_test};
use super::trajectory::TestMeasures;
use crate::Error;
use crate::results::{ClaimResult, Effect};
use crate::statistics::{Bound, Comparison, Direction, Hypothesis, Observation};

/// How sure the intervals are.
const CONFIDENCE: f64 = 0.95;
/// A loss below this counts as this: in single precision it is nothing but rounding, and a ratio of two such losses would
/// mean nothing.
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
    let observe = |run: &Final, side: &Side| match claim.measure {
        Measure::TrainingLossRatio => Observation::Exact(training_loss(axis, run, findings)),
        Measure::TrainingLossDifference => {
            Observation::Exact(training_loss(axis, run, findings) / findings.naive_loss)
        }
        Measure::TimeToTarget => time_to_target(run, axis, target),
        Measure::TestLossRatio => test_loss(axis, run, side, findings.naive_loss),
        Measure::TestErrorDifference => {
            // A run that diverged answers nothing right.
            let metric = test_measures(axis, run, side).map_or(0.0, |test| test.metric);
            Observation::Exact(1.0 - metric)
        }
        Measure::RightEpochs => right_epochs(run, findings.naive_loss),
    };
    let of = |side: &Side| side_runs(findings, axis, side.arm);
    let pairs: Vec<(Observation, Observation)> = of(&claim.first)
        .filter_map(|(seed, run)| {
            let other = findings.finals.get(&(axis, claim.second.arm, seed))?;
            Some((observe(run, &claim.first), observe(other, &claim.second)))
        })
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let comparison = match claim.measure {
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

/// The training loss at the moment that counts, at most that of the best constant prediction.
///
/// A network that is worse than a constant, or whose training diverged, has learned nothing. How much worse it is depends
/// on the size of its first outputs, which on raw inputs can be a million; ratios of such losses would say nothing about
/// training, and their spread would drown what can be said.
fn training_loss(axis: Axis, run: &Final, findings: &Findings<'_>) -> f64 {
    clamped_loss(axis, run, findings.naive_loss)
}

fn clamped_loss(axis: Axis, run: &Final, naive: f64) -> f64 {
    let loss = counted_point(axis, &run.run)
        .map(|point| point.training_loss)
        .filter(|loss| loss.is_finite());
    loss.unwrap_or(f64::INFINITY)
        .clamp(LEAST_LOSS, naive.max(LEAST_LOSS))
}

/// What the test part gave at the moment that counts, scaled as this side scales it.
fn test_measures(axis: Axis, run: &Final, side: &Side) -> Option<TestMeasures> {
    match side.test {
        None => counted_test(axis, &run.run),
        // Only the end of a run is tested in other ways; the tests of an arm are in the order of the experiment's.
        Some(test) => run.run.other_tests.get(test).copied(),
    }
}

/// The test loss; of a run that diverged it is at least that of a constant prediction.
fn test_loss(axis: Axis, run: &Final, side: &Side, naive: f64) -> Observation {
    let loss = test_measures(axis, run, side)
        .map(|test| test.loss)
        .filter(|loss| loss.is_finite());
    loss.map_or(Observation::AtLeast(naive), |loss| {
        Observation::Exact(loss.max(LEAST_LOSS))
    })
}

/// The fewest epochs that give nearly all: at least those of the whole run where its end did not show it.
fn right_epochs(run: &Final, naive: f64) -> Observation {
    let end = run.run.last().map_or(0.0, |point| point.epoch);
    // Where training never helped, the first evaluation after its beginning is the nearest that a ratio can hold.
    let least = run.run.points.get(1).map_or(1.0, |point| point.epoch);
    match run.run.right_epochs(naive) {
        Some(epochs) => Observation::Exact(epochs.max(least)),
        None => Observation::AtLeast(end.max(least)),
    }
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
            Axis::Seconds => moment.seconds,
            Axis::Updates | Axis::BestEpoch => moment.updates,
        });
    let spent = longest.last().map_or(0.0, |point| match axis {
        Axis::Epochs => point.samples as f64,
        Axis::Seconds => point.seconds,
        Axis::Updates | Axis::BestEpoch => point.updates as f64,
    });
    // Reached before the first update: a ratio needs something above nothing.
    Observation::reached(reached.map(|time| time.max(1e-9)), spent.max(1e-9))
}

fn unit(claim: &Claim, axis: Axis, metric: &str) -> String {
    let (first, second) = (&claim.first.name, &claim.second.name);
    match claim.measure {
        Measure::TrainingLossRatio => format!("ratio of training losses, {first} / {second}"),
        Measure::TrainingLossDifference => format!(
            "difference of training losses, {first} - {second}, in units of the loss of a constant prediction"
        ),
        Measure::TimeToTarget => {
            format!("ratio of {} to the target, {first} / {second}", axis.name())
        }
        Measure::TestLossRatio => format!("ratio of test losses, {first} / {second}"),
        Measure::TestErrorDifference => {
            format!("difference of 1 - test {metric}, {first} - {second}")
        }
        Measure::RightEpochs => format!("ratio of the right epochs, {first} / {second}"),
    }
}

fn statement(
    claim: &Claim,
    axis: Axis,
    extent: Option<&Extent>,
    target: f64,
    comparison: &Comparison,
) -> String {
    let (first, second) = (&claim.first.name, &claim.second.name);
    let effect = effect_in_words(comparison);
    let budget = match axis {
        Axis::BestEpoch => "At its best epoch".to_owned(),
        _ => extent.map_or_else(
            || format!("After the same {}", axis.name()),
            |extent| format!("After {extent}"),
        ),
    };
    match claim.measure {
        Measure::TrainingLossRatio => {
            format!("{budget}, the training loss of {first} is {effect} times that of {second}.")
        }
        Measure::TrainingLossDifference => format!(
            "{budget}, the training loss of {first} less that of {second} is {effect} of what there is to learn."
        ),
        Measure::TimeToTarget => format!(
            "To a training loss of {}, {first} takes {effect} times as many {} as {second}.",
            number(target),
            axis.name()
        ),
        Measure::TestLossRatio => {
            format!("{budget}, the test loss of {first} is {effect} times that of {second}.")
        }
        Measure::TestErrorDifference => {
            format!("{budget}, the test error of {first} less that of {second} is {effect}.")
        }
        Measure::RightEpochs => format!(
            "The fewest epochs that give nearly all are {effect} times as many with {first} as with {second}."
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
        assert_eq!(clamped_loss(Axis::Updates, &exploded, 2.0), 2.0);
        let mut diverged = run(&[(0, 8.0), (1, 0.5)]);
        diverged.diverged = true;
        let diverged = Final {
            learning_rate: 1.0,
            run: Arc::new(diverged),
            race: None,
        };
        assert_eq!(clamped_loss(Axis::Updates, &diverged, 2.0), 2.0);
        assert_eq!(
            clamped_loss(Axis::Updates, &final_of(&[(0, 8.0), (10, 0.5)], None), 2.0),
            0.5
        );
        assert_eq!(
            clamped_loss(Axis::Updates, &final_of(&[(0, 8.0), (10, 0.0)], None), 2.0),
            LEAST_LOSS
        );
    }

    #[test]
    fn the_right_epochs_are_open_where_the_loss_still_falls() {
        let overfitted = final_of(&[(0, 9.0), (1, 8.0), (10, 1.0), (20, 3.0)], None);
        let Observation::Exact(epochs) = right_epochs(&overfitted, 8.0) else {
            panic!("the end was seen");
        };
        assert!((9.0..10.0).contains(&epochs), "{epochs}");
        let falling = final_of(&[(0, 9.0), (10, 4.0), (20, 3.0)], None);
        assert_eq!(right_epochs(&falling, 8.0), Observation::AtLeast(20.0));
        let never_better = final_of(&[(0, 8.5), (1, 9.0), (20, 9.0)], None);
        assert_eq!(right_epochs(&never_better, 8.0), Observation::Exact(1.0));
    }

    #[test]
    fn tests_of_an_arm_are_told_apart() {
        let mut run = run(&[(0, 8.0), (10, 1.0)]);
        let measures = |loss| TestMeasures { loss, metric: 0.5 };
        run.test = Some(measures(1.0));
        run.other_tests = vec![measures(2.0), measures(3.0)];
        let run = Final {
            learning_rate: 0.1,
            run: Arc::new(run),
            race: None,
        };
        let side = |test| Side {
            name: "x".into(),
            arm: 0,
            test,
        };
        let loss = |test| test_loss(Axis::Updates, &run, &side(test), 7.0);
        assert_eq!(loss(None), Observation::Exact(1.0));
        assert_eq!(loss(Some(1)), Observation::Exact(3.0));
        // Such as of a run that diverged.
        assert_eq!(loss(Some(2)), Observation::AtLeast(7.0));
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
