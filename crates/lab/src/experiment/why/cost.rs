//! How sure the fit of the cost curve is.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::cost_fit::CostFit;
use crate::statistics::{median, quantile};

/// How often the seeds are drawn again.
const RESAMPLES: usize = 1_000;

/// The points that a fit goes through: medians over the seeds, where the median run arrived.
pub(super) fn medians(batches: &[usize], runs: &[Vec<f64>]) -> Vec<(f64, f64)> {
    batches
        .iter()
        .zip(runs)
        .filter_map(|(batch, runs)| Some((*batch as f64, median(runs)?)))
        .filter(|(_, samples)| samples.is_finite() && *samples > 0.0)
        .collect()
}

/// 95 % intervals of E_min and B_crit: percentiles of the fits through medians of seeds drawn with replacement. `runs` has a
/// row a batch size and a column a seed, infinite for a run that did not arrive. Where the points of a draw do not bend,
/// B_crit counts as infinite, and E_min as the least of them.
pub(super) fn intervals(batches: &[usize], runs: &[Vec<f64>]) -> [(f64, f64); 2] {
    let n_seeds = runs.iter().map(Vec::len).min().unwrap_or(0);
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let (mut least, mut critical) = (Vec::new(), Vec::new());
    for _ in 0..if n_seeds == 0 { 0 } else { RESAMPLES } {
        let drawn: Vec<usize> = (0..n_seeds)
            .map(|_| random.random_range(0..n_seeds))
            .collect();
        let again: Vec<Vec<f64>> = runs
            .iter()
            .map(|runs| drawn.iter().map(|&seed| runs[seed]).collect())
            .collect();
        let points = medians(batches, &again);
        let fit = CostFit::through(&points);
        let lowest = points
            .iter()
            .map(|point| point.1)
            .fold(f64::INFINITY, f64::min);
        least.push(fit.map_or(lowest, |fit| fit.e_min));
        critical.push(fit.map_or(f64::INFINITY, |fit| fit.b_crit));
    }
    [least, critical].map(|mut values| {
        values.sort_unstable_by(f64::total_cmp);
        let at = |p| quantile(&values, p).unwrap_or(f64::NAN);
        (at(0.025), at(0.975))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(random: &mut ChaCha8Rng) -> f64 {
        let (u, v): (f64, f64) = (random.random(), random.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    #[test]
    fn a_fit_recovers_the_curve_that_runs_were_drawn_from() {
        let truth = CostFit {
            e_min: 5_000.0,
            b_crit: 40.0,
        };
        let batches = [4, 16, 64, 256, 900];
        let exact: Vec<_> = batches.map(|b| (b as f64, truth.cost(b as f64))).to_vec();
        let fit = CostFit::through(&exact).unwrap();
        assert!((fit.e_min / 5_000.0 - 1.0).abs() < 1e-9 && (fit.b_crit / 40.0 - 1.0).abs() < 1e-9);
        assert!(fit.relative_error(&exact) < 1e-9);

        let mut random = ChaCha8Rng::seed_from_u64(3);
        let (mut covered, repetitions) = (0, 60);
        for _ in 0..repetitions {
            let runs: Vec<Vec<f64>> = batches
                .iter()
                .map(|b| {
                    (0..15)
                        .map(|_| truth.cost(*b as f64) * (0.1 * normal(&mut random)).exp())
                        .collect()
                })
                .collect();
            let fit = CostFit::through(&medians(&batches, &runs)).unwrap();
            assert!((fit.b_crit / 40.0 - 1.0).abs() < 0.25, "{fit:?}");
            assert!((fit.e_min / 5_000.0 - 1.0).abs() < 0.15, "{fit:?}");
            let [_, (low, high)] = intervals(&batches, &runs);
            covered += usize::from(low <= 40.0 && 40.0 <= high);
        }
        // A bootstrap of fifteen medians need not cover 95 %, and sixty repetitions do not tell it to a few per cent:
        // fewer than 80 % would be a mistake.
        assert!(
            covered * 100 >= 80 * repetitions,
            "{covered} of {repetitions}"
        );
    }

    #[test]
    fn descent_on_a_noisy_quadratic_follows_the_curve() {
        // One weight with curvature 1, gradients θ + noise of variance 100 / B. With θ = 1, the best rate for one
        // step is 1 / (1 + B_noise/B), where B_noise = 100/θ² is held constant by noise in proportion to θ: then the expected θ²
        // falls by the factor B_noise / (B + B_noise) a step, and the samples to a target are B·ln(goal)/ln(1 + B/B_noise).
        let (noise, goal) = (100.0f64, 1e-2f64);
        let batches = [4usize, 8, 16, 32, 64, 128, 256];
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let points: Vec<(f64, f64)> = batches
            .iter()
            .map(|&batch| {
                let rate = 1.0 / (1.0 + noise / batch as f64);
                let mut thetas = vec![1.0f64; 2_000];
                let mut updates = 0.0;
                let (mut before, mut mean) = (1.0, 1.0f64);
                while mean > goal {
                    before = mean;
                    for theta in &mut thetas {
                        let spread = theta.abs() * (noise / batch as f64).sqrt();
                        *theta -= rate * (*theta + spread * normal(&mut random));
                    }
                    mean = thetas.iter().map(|theta| theta * theta).sum::<f64>() / 2_000.0;
                    updates += 1.0;
                }
                // Between two updates the logarithm is taken to be linear.
                let past = (goal / mean).ln() / (before / mean).ln();
                (batch as f64, batch as f64 * (updates - past))
            })
            .collect();
        let fit = CostFit::through(&points).unwrap();
        assert!(fit.relative_error(&points) < 0.1, "{fit:?} {points:?}");
        // ln(1 + x) is not x/(1 + x): to first order B/ln(1 + B/N) is N (1 + B/2N), so that B_crit is near twice the scale.
        assert!((1.0..4.0).contains(&(fit.b_crit / noise)), "{fit:?}");
    }
}
