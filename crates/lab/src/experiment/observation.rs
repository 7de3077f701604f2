//! What one run says about what a claim compares: a value, or "at least" one.

use super::definition::{Axis, Measure, Side};
use super::protocol::{Final, Findings};
use super::summary::{counted_point, counted_test};
use super::trajectory::{TestMeasures, Trajectory};
use crate::statistics::Observation;

/// A loss below this counts as this: in single precision it is nothing but rounding, and a ratio of two such losses would
/// mean nothing.
const LEAST_LOSS: f64 = 1e-7;

/// What the run of one side says, counted as the measure counts. `target` is the loss to reach, where there is one.
pub(super) fn observe(
    measure: Measure,
    axis: Axis,
    run: &Final,
    side: &Side,
    target: f64,
    findings: &Findings<'_>,
) -> Observation {
    let naive = findings.naive_loss;
    match measure {
        Measure::TrainingLossRatio => training_loss(axis, run, naive),
        Measure::TrainingLossDifference => match training_loss(axis, run, naive) {
            Observation::Exact(loss) => Observation::Exact(loss / naive),
            Observation::AtLeast(loss) => Observation::AtLeast(loss / naive),
        },
        Measure::TimeToTarget => time_to_target(run, axis, target),
        Measure::TestLossRatio => test_loss(axis, run, side, naive),
        Measure::TestErrorDifference => test_error(axis, run, side, findings.naive_error),
        Measure::RightEpochs => right_epochs(run, naive),
    }
}

/// The training loss at the moment that counts; "at least" that of the best constant prediction where it is greater, or
/// where training diverged.
///
/// A network that is worse than a constant has learned nothing. How much worse it is depends on the size of its first
/// outputs, which on raw inputs can be a million; ratios of such losses would say nothing about training, and their spread
/// would drown what can be said. To call it equal to the constant would say too much: two arms that learned nothing would
/// seem to agree to the last digit.
fn training_loss(axis: Axis, run: &Final, naive: f64) -> Observation {
    let naive = naive.max(LEAST_LOSS);
    match counted_point(axis, &run.run).map(|point| point.training_loss) {
        Some(loss) if loss <= naive => Observation::Exact(loss.max(LEAST_LOSS)),
        _ => Observation::AtLeast(naive),
    }
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
    loss.map_or(Observation::AtLeast(naive.max(LEAST_LOSS)), |loss| {
        Observation::Exact(loss.max(LEAST_LOSS))
    })
}

/// The error on the test part, 1 - metric; of a run that diverged, or gave no numbers, it is at least that of a constant
/// prediction, `naive_error`.
fn test_error(axis: Axis, run: &Final, side: &Side, naive_error: f64) -> Observation {
    let metric = test_measures(axis, run, side)
        .map(|test| test.metric)
        .filter(|metric| metric.is_finite());
    metric.map_or(Observation::AtLeast(naive_error), |metric| {
        Observation::Exact(1.0 - metric)
    })
}

/// The fewest epochs that give nearly all: at least those of the whole run where its end did not show it.
pub(super) fn right_epochs(run: &Final, naive: f64) -> Observation {
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
    let race = run.race.as_ref().map(|(_, race)| race.as_ref());
    let reached = run
        .run
        .reached(target)
        .or_else(|| race?.reached(target))
        .map(|moment| match axis {
            Axis::Epochs => moment.samples,
            Axis::Seconds => moment.seconds,
            Axis::Updates | Axis::BestEpoch => moment.updates,
        });
    // A race at another rate may diverge before the budget's end: what the run to that end spent is spent all the same.
    let spent = [Some(run.run.as_ref()), race]
        .into_iter()
        .flatten()
        .filter_map(Trajectory::last)
        .map(|point| match axis {
            Axis::Epochs => point.samples as f64,
            Axis::Seconds => point.seconds,
            Axis::Updates | Axis::BestEpoch => point.updates as f64,
        })
        .fold(0.0, f64::max);
    // Reached before the first update: a ratio needs something above nothing.
    Observation::reached(reached.map(|time| time.max(1e-9)), spent.max(1e-9))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::trajectory::tests::run;
    use super::*;
    use crate::statistics::{Bound, Comparison, Direction, Hypothesis, Verdict};

    fn final_of(losses: &[(u64, f64)], race: Option<&[(u64, f64)]>) -> Final {
        Final {
            learning_rate: 0.1,
            run: Arc::new(run(losses)),
            race: race.map(|losses| (0.1, Arc::new(run(losses)))),
        }
    }

    fn diverged() -> Final {
        let mut run = run(&[(0, 8.0), (1, 0.5)]);
        run.diverged = true;
        Final {
            learning_rate: 1.0,
            run: Arc::new(run),
            race: None,
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
    fn a_race_that_diverged_early_takes_nothing_from_what_was_spent() {
        let mut raced = final_of(&[(0, 8.0), (40, 4.0)], Some(&[(0, 8.0), (3, 90.0)]));
        assert_eq!(
            time_to_target(&raced, Axis::Updates, 1.0),
            Observation::AtLeast(40.0)
        );
        raced.race = None;
        assert_eq!(
            time_to_target(&raced, Axis::Seconds, 1.0),
            Observation::AtLeast(20.0)
        );
    }

    #[test]
    fn a_run_that_is_worse_than_a_constant_counts_as_at_least_that() {
        let of = |run: &Final| training_loss(Axis::Updates, run, 2.0);
        let exploded = final_of(&[(0, 8.0), (10, 90.0)], None);
        assert_eq!(of(&exploded), Observation::AtLeast(2.0));
        let no_number = final_of(&[(0, 8.0), (10, f64::NAN)], None);
        assert_eq!(of(&no_number), Observation::AtLeast(2.0));
        assert_eq!(of(&diverged()), Observation::AtLeast(2.0));
        let learned = |loss| of(&final_of(&[(0, 8.0), (10, loss)], None));
        assert_eq!(learned(2.0), Observation::Exact(2.0));
        assert_eq!(learned(0.5), Observation::Exact(0.5));
        assert_eq!(learned(0.0), Observation::Exact(LEAST_LOSS));
    }

    #[test]
    fn two_arms_that_learned_nothing_cannot_be_told_apart() {
        // Airfoil, raw against centred: losses of 1.4, 20 and 21 against 42, 4.3 and 2.7, where a constant gives 1.
        let observed = |loss| {
            training_loss(
                Axis::Updates,
                &final_of(&[(0, 99.0), (10, loss)], None),
                1.0,
            )
        };
        let pairs = [(1.4, 42.0), (20.0, 4.3), (21.0, 2.7)]
            .map(|(raw, centred)| (observed(raw), observed(centred)));
        let found = Comparison::ratios(&pairs, 0.95).unwrap();
        let hypothesis = Hypothesis::new(Direction::Greater, 0.1).unwrap();
        assert_eq!((found.bound, found.censored), (Bound::Unknown, 3));
        assert_eq!(
            found.verdict(&hypothesis),
            Verdict::Inconclusive { more_seeds: None }
        );
        // Against an arm that learned, the interval is open above, and the verdict stands on its lower end.
        let pairs = [(1.4, 0.2), (20.0, 0.25), (21.0, 0.22)]
            .map(|(raw, standardized)| (observed(raw), observed(standardized)));
        let found = Comparison::ratios(&pairs, 0.95).unwrap();
        assert_eq!((found.bound, found.censored), (Bound::AtLeast, 3));
        assert_eq!(found.interval.high, f64::INFINITY);
        assert_eq!(found.verdict(&hypothesis), Verdict::Supported);
    }

    #[test]
    fn a_run_without_a_finite_metric_is_at_least_as_wrong_as_a_constant() {
        let side = Side {
            name: "x".into(),
            arm: 0,
            test: None,
        };
        let of = |run: &Final| test_error(Axis::Updates, run, &side, 0.6);
        assert_eq!(of(&diverged()), Observation::AtLeast(0.6));
        let with_metric = |metric| {
            let mut run = run(&[(0, 8.0), (10, 1.0)]);
            run.test = Some(TestMeasures { loss: 1.0, metric });
            of(&Final {
                learning_rate: 0.1,
                run: Arc::new(run),
                race: None,
            })
        };
        assert_eq!(with_metric(f64::NAN), Observation::AtLeast(0.6));
        assert_eq!(with_metric(0.75), Observation::Exact(0.25));
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
}
