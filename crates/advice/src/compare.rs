//! Comparisons of two ways to train, over runs and over rows.

use serde::{Deserialize, Serialize};
use smallbatch_evidence::{
    Comparison, Direction, Hypothesis, Interval, Observation, Scale, Verdict, holm, p_of_verdict,
    verdict,
};

use crate::Error;

const CONFIDENCE: f64 = 0.95;
/// A gain smaller than this does not count: one hundredth of the classes, or of the variance.
pub(super) const MARGIN: f64 = 0.01;

/// How much better one way to train is than another, on the reserved rows.
///
/// The gain is the difference of the mean scores; its 95 % interval allows for other seeds and for other reserved rows: with h_runs
/// and h_rows the half-widths of the Student's t intervals of the differences by run (each the mean over rows) and by row
/// (each the mean over runs), its half-width is √(h_runs² + h_rows²), which is on the safe side (Owen, *The pigeonhole
/// bootstrap*, 2007).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// The better one, if the gain is above 0.
    pub of: String,
    /// The other one.
    pub over: String,
    /// The gain in the score: 0.01 is one point.
    pub estimate: f64,
    /// The lower end of the interval; `None` if it is open.
    pub low: Option<f64>,
    /// The upper end of the interval; `None` if it is open.
    pub high: Option<f64>,
    /// Supported: surely better. Refuted: surely worse. Equivalent: within a hundredth.
    pub verdict: Verdict,
    /// The p-value of the verdict: 1 - the highest confidence at which the interval still gives it. `None` for an
    /// inconclusive one.
    #[serde(default)]
    pub p: Option<f64>,
    /// Whether the verdict stands Holm's correction over all gains of the advice, at a level of 5 %. Only verdicts that do
    /// count in the conclusion.
    #[serde(default)]
    pub stands: bool,
}

impl Gain {
    /// Whether the one is better, for sure, and all gains together considered.
    pub(super) fn is_sure(&self) -> bool {
        self.stands && self.verdict == Verdict::Supported
    }
}

/// Marks which verdicts stand when all of them are considered together.
pub(super) fn correct(gains: &mut [Gain]) {
    let p_values: Vec<Option<f64>> = gains.iter().map(|gain| gain.p).collect();
    for (gain, p) in gains.iter_mut().zip(holm(&p_values)) {
        gain.stands = p.is_some_and(|p| p <= 1.0 - CONFIDENCE);
    }
}

/// Scores: for each run those of all rows.
pub(super) type Scores = Vec<Vec<f64>>;

pub(super) fn mean(list: &[f64]) -> f64 {
    list.iter().sum::<f64>() / list.len().max(1) as f64
}

/// The mean over runs and rows.
pub(super) fn mean_score(scores: &Scores) -> f64 {
    mean(&scores.iter().map(|run| mean(run)).collect::<Vec<_>>())
}

/// For each row the mean over the runs.
fn by_row(scores: &Scores) -> Vec<f64> {
    let rows = scores.first().map_or(0, Vec::len);
    (0..rows)
        .map(|row| mean(&scores.iter().map(|run| run[row]).collect::<Vec<_>>()))
        .collect()
}

/// Compares. Where scores are counted (right or wrong), they move in steps.
pub(super) fn gain(
    (of, scores): (&str, &Scores),
    (over, others): (&str, &Scores),
    counted: bool,
) -> Result<Gain, Error> {
    let by_run = |scores: &Scores| scores.iter().map(|run| mean(run)).collect::<Vec<_>>();
    let half_width = |first: &[f64], second: &[f64], step: usize, confidence: f64| {
        let pairs: Vec<(Observation, Observation)> = first
            .iter()
            .zip(second)
            .map(|(first, second)| (Observation::Exact(*first), Observation::Exact(*second)))
            .collect();
        let mut comparison = Comparison::differences(&pairs, confidence)?;
        if counted {
            comparison = comparison.in_steps_of(1.0 / step.max(1) as f64)?;
        }
        Ok::<f64, Error>((comparison.interval.high - comparison.interval.low) / 2.0)
    };
    let n_rows = scores.first().map_or(0, Vec::len);
    let runs = (by_run(scores), by_run(others));
    let rows = (by_row(scores), by_row(others));
    let estimate = mean_score(scores) - mean_score(others);
    let at = |confidence: f64| {
        let over_runs = half_width(&runs.0, &runs.1, n_rows, confidence)?;
        // All runs judge the same rows: one row more can be one right answer more in each of them.
        let over_rows = half_width(&rows.0, &rows.1, 1, confidence)?;
        let half = over_runs.hypot(over_rows);
        let (low, high) = (estimate - half, estimate + half);
        Ok::<Interval, Error>(Interval::new(
            Some(estimate),
            low,
            high,
            Scale::Difference,
            confidence,
        ))
    };
    let interval = at(CONFIDENCE)?;
    let hypothesis = Hypothesis::new(Direction::Greater, MARGIN)?;
    Ok(Gain {
        of: of.to_owned(),
        over: over.to_owned(),
        estimate,
        low: Some(interval.low).filter(|end| end.is_finite()),
        high: Some(interval.high).filter(|end| end.is_finite()),
        verdict: verdict(&interval, &hypothesis),
        p: p_of_verdict(&interval, &hypothesis, |confidence| at(confidence).ok()),
        stands: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two runs, four rows; the first is better by 0.2, give or take `by_run` and `by_row`.
    fn compared(by_run: f64, by_row: f64) -> Gain {
        let signs = [1.0, -1.0];
        let better: Scores = signs
            .iter()
            .map(|run| {
                let rows = [1.0, -1.0, 1.0, -1.0];
                rows.iter()
                    .map(|row| 0.5 + run * by_run + row * by_row)
                    .collect()
            })
            .collect();
        let worse = vec![vec![0.3; 4]; 2];
        gain(("a", &better), ("b", &worse), false).unwrap()
    }

    #[test]
    fn other_runs_and_other_rows_both_widen_the_interval() {
        let half = |gain: &Gain| gain.high.unwrap() - gain.estimate;
        let t_of_2_runs = 12.706_204_736 * 0.01 * 2f64.sqrt() / 2f64.sqrt();
        // Deviation 0.02 √(4/3) of four rows.
        let t_of_4_rows = 3.182_446_305 * 0.02 * (4.0f64 / 3.0).sqrt() / 2.0;
        let both = compared(0.01, 0.02);
        assert!((both.estimate - 0.2).abs() < 1e-12);
        assert!((half(&both) - t_of_2_runs.hypot(t_of_4_rows)).abs() < 1e-8);
        assert_eq!(both.verdict, Verdict::Supported);
        let noisy = compared(0.05, 0.02);
        assert!(half(&noisy) > half(&both));
        assert!(matches!(noisy.verdict, Verdict::Inconclusive { .. }));
    }

    #[test]
    fn two_that_are_always_right_are_equivalent_only_with_many_rows() {
        let few: Scores = vec![vec![1.0; 20]; 5];
        let many: Scores = vec![vec![1.0; 2_000]; 20];
        let verdict_of = |scores: &Scores| {
            let gain = gain(("a", scores), ("b", scores), true).unwrap();
            gain.verdict
        };
        assert!(matches!(verdict_of(&few), Verdict::Inconclusive { .. }));
        assert_eq!(verdict_of(&many), Verdict::Equivalent);
        // More runs on the same few rows do not show what the other rows would have been.
        let often: Scores = vec![vec![1.0; 100]; 20];
        assert!(matches!(verdict_of(&often), Verdict::Inconclusive { .. }));
    }

    /// The p-value is where the interval's end touches no gain.
    #[test]
    fn the_p_value_is_that_of_the_interval() {
        // With hardly any spread by rows, a paired t of two runs: t = 0.2 / (0.04·√2/√2) = 5, with 1 degree of freedom.
        let gain = compared(0.04, 1e-9);
        let half = gain.high.unwrap() - gain.estimate;
        assert!(half > 0.2, "{half}");
        assert!(gain.p.is_none() && matches!(gain.verdict, Verdict::Inconclusive { .. }));
        let sure = compared(0.01, 1e-9);
        let p = sure.p.unwrap();
        // Cauchy's distribution: p = 2 (1/2 - atan(t)/π) at t = 20.
        let expected = 1.0 - 2.0 * 20f64.atan() / std::f64::consts::PI;
        assert!((p - expected).abs() < 1e-3, "{p} for {expected}");
    }

    /// Four gains without any truth: uncorrected, some verdict is wrong in about one of ten advices; corrected, in one of
    /// twenty at most.
    #[test]
    fn of_gains_without_truth_few_stand() {
        let mut state = 7_u64;
        let mut noise = || {
            // Twelve uniform numbers make a normal one, nearly.
            let mut sum = -6.0;
            for _ in 0..12 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                sum += (state >> 11) as f64 / (1_u64 << 53) as f64;
            }
            sum
        };
        let (n_runs, n_rows, repetitions) = (5, 30, 200);
        let (mut wrong, mut wrong_corrected) = (0, 0);
        for _ in 0..repetitions {
            // Each run and each row has its own effect: the interval allows for both.
            let mut way = || -> Scores {
                let rows: Vec<f64> = (0..n_rows).map(|_| noise()).collect();
                let runs: Vec<f64> = (0..n_runs).map(|_| noise()).collect();
                let run = |run: &f64| rows.iter().map(|row| run + row).collect();
                runs.iter().map(run).collect()
            };
            let first = way();
            let mut gains: Vec<Gain> = (0..4)
                .map(|_| gain(("a", &first), ("b", &way()), false).unwrap())
                .collect();
            correct(&mut gains);
            let decided = |gain: &Gain| !matches!(gain.verdict, Verdict::Inconclusive { .. });
            wrong += usize::from(gains.iter().any(decided));
            wrong_corrected += usize::from(gains.iter().any(|gain| decided(gain) && gain.stands));
        }
        assert!(wrong > wrong_corrected, "{wrong} and {wrong_corrected}");
        // Binomial: 5 % of 200 are 10, and three deviations of 3.1 more.
        assert!(wrong_corrected < 20, "{wrong_corrected}");
    }
}
