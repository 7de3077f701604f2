//! The effect over tables, and how much it differs between them.

use serde::{Deserialize, Serialize};

use crate::interval::check_confidence;
use crate::numeric::{chi_squared_with_above, chi_squared_with_below, falls_to};
use crate::predictive::Predictive;
use crate::tables::Tables;
use crate::{Answer, Error, Hypothesis, Interval, Scale};

/// Fewer tables than this tell nothing of the population that they come from.
pub(crate) const LEAST_TABLES: usize = 3;

/// The mean effect over tables, with the spread τ between tables.
///
/// Tables are taken as drawn from a population. On table i of k the true effect is μ + uᵢ, and what was measured is
/// yᵢ = μ + uᵢ + eᵢ, with uᵢ ~ N(0, τ²) and eᵢ ~ N(0, sᵢ²), where sᵢ is the standard error on that table. Effects and errors
/// are of differences, or of logarithms of ratios. With wᵢ = 1 / (τ² + sᵢ²):
///
/// - **τ²** solves Σ wᵢ (yᵢ - μ̂)² = k - 1, and is 0 where the left side is less at τ² = 0 (Paule & Mandel, "Consensus values
///   and weighting factors", 1982).
/// - **mean** μ̂ = Σ wᵢ yᵢ / Σ wᵢ.
/// - **standard error**: se² = q / Σ wᵢ, with q = Σ wᵢ (yᵢ - μ̂)² / (k - 1), at least 1 (Hartung & Knapp, "A refined method for
///   the meta-analysis of controlled clinical trials with binary outcome", 2001; the bound is that of Knapp & Hartung 2003).
///   By the definition of τ², q is 1 where τ² is above 0, and bounded where it is 0; what their method adds is the next item.
/// - The interval is Student's t with k - 1 degrees of freedom, since τ² is estimated from k numbers.
///
/// An interval that leaves out τ is one for these very tables, and says nothing about others.
///
/// Two tables say nothing about others, either: they have a mean, and all intervals are open.
///
/// # Standard errors of nearly zero
///
/// A table whose few repetitions happen to be equal has a standard error of 0, and would get all the weight. So each sᵢ
/// counts as at least a tenth of the median of those above 0. If all are 0, every table has the same weight, and τ is the
/// standard deviation of the effects. If all effects are equal as well, the standard error is 0 and the interval open.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Hypothesis, RandomEffects, Scale, Verdict};
///
/// // Logarithms of ratios on five tables, each with its standard error.
/// let tables = [(1.2, 0.2), (0.4, 0.1), (0.9, 0.3), (1.6, 0.2), (0.7, 0.1)];
/// let over_tables = RandomEffects::of(&tables)?.expect("two tables or more");
/// let ratio = over_tables.interval(0.95, Scale::Ratio);
/// assert!(ratio.low > 1.3 && ratio.high < 4.8);
/// // Tables differ by a factor of exp(τ) = 1.6, so that a new table may show next to nothing.
/// assert!(over_tables.tau > 0.4);
/// assert!(over_tables.prediction(0.95, Scale::Ratio).low < 1.0);
/// let answer = over_tables.answer(&Hypothesis::exceeds(1.1)?, Scale::Ratio);
/// assert_eq!(answer.at_level(0.05), Verdict::Supported);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomEffects {
    /// The mean effect over tables, μ̂.
    pub mean: f64,
    /// Its standard error by Hartung & Knapp, the factor at least 1.
    pub standard_error: f64,
    /// The standard deviation of the true effects between tables, τ.
    pub tau: f64,
    /// How many tables, k.
    pub n_tables: usize,
}

impl RandomEffects {
    /// From the effect on each table with its standard error. `None` for fewer than two tables.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] when an effect is not finite, a standard error not finite and at least 0, or the spread of the
    /// effects beyond `f64`.
    pub fn of(effects: &[(f64, f64)]) -> Result<Option<Self>, Error> {
        let tables = Tables::of(effects)?;
        if effects.len() < 2 {
            return Ok(None);
        }
        let expected = (effects.len() - 1) as f64;
        let tau_squared = tables.tau_squared(expected);
        let Weighted {
            mean, weight, q, ..
        } = tables.weighted(tau_squared);
        let factor = (q / expected).max(1.0);
        Ok(Some(Self {
            mean,
            // Without any spread the weight is infinite.
            standard_error: if weight.is_finite() {
                (factor / weight).sqrt()
            } else {
                0.0
            },
            tau: tau_squared.sqrt(),
            n_tables: effects.len(),
        }))
    }

    /// k - 1.
    pub fn degrees_of_freedom(&self) -> f64 {
        self.n_tables as f64 - 1.0
    }

    /// The interval of the mean over tables: μ̂ ± t(1 - α/2, k - 1) · se; on the scale of ratios exp of both ends.
    ///
    /// Both ends are open for two tables, where the standard error is 0, and for a confidence that is not from 0 up to 1.
    pub fn interval(&self, confidence: f64, scale: Scale) -> Interval {
        let freedom = if self.n_tables < LEAST_TABLES {
            0.0
        } else {
            self.degrees_of_freedom()
        };
        Interval::student(self.mean, self.standard_error, freedom, confidence, scale)
    }

    /// The prediction interval, where the true effect on a new table of the same population lies:
    /// μ̂ ± t(1 - α/2, k - 2) · √(τ² + se²) (Higgins, Thompson & Spiegelhalter, "A re-evaluation of random-effects
    /// meta-analysis", 2009). What is *measured* on the new table has an error of its own besides.
    ///
    /// At 95 % it covers 91 to 97 % of new tables whose effects are normal, skewed or have heavy tails, if they differ by more than
    /// their standard errors. Where they differ by about as much, τ is sometimes estimated as 0: then it is 85 to 93 % with 8 and 12
    /// tables, and 92 to 97 % with 38 (simulated). [`LeftOut`](crate::LeftOut) shows it on the tables at hand.
    ///
    /// Open where [`RandomEffects::interval`] is.
    pub fn prediction(&self, confidence: f64, scale: Scale) -> Interval {
        self.predictive().interval(confidence, scale)
    }

    /// The share of new tables on which the claim is expected to hold: the probability of the claimed effects by the
    /// distribution behind [`RandomEffects::prediction`].
    ///
    /// Claimed are the effects above the threshold; above or below no effect, of a direction; inside the margin, of
    /// sameness. `None` where the prediction interval is open.
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::{Hypothesis, RandomEffects, Scale};
    ///
    /// let over_tables = RandomEffects { mean: 0.7, standard_error: 0.1, tau: 0.3, n_tables: 30 };
    /// let twice = Hypothesis::exceeds(2.0)?;
    /// let share = over_tables.expected_share(&twice, Scale::Ratio).expect("thirty tables");
    /// assert!((share - 0.51).abs() < 0.01); // the mean is exp(0.7) = 2.01
    /// # Ok::<(), smallbatch_evidence::Error>(())
    /// ```
    pub fn expected_share(&self, hypothesis: &Hypothesis, scale: Scale) -> Option<f64> {
        self.predictive().share(hypothesis, scale)
    }

    /// How the true effect on a new table is distributed: what [`RandomEffects::prediction`] is an interval of.
    pub fn predictive(&self) -> Predictive {
        Predictive {
            centre: self.mean,
            error: self.tau.hypot(self.standard_error),
            freedom: self.n_tables as f64 - 2.0,
        }
    }

    /// What the tables say to a hypothesis on the mean over the population, with its p-value.
    pub fn answer(&self, hypothesis: &Hypothesis, scale: Scale) -> Answer {
        Answer::of(|confidence| self.interval(confidence, scale), hypothesis)
    }
}

/// An interval for the spread τ between tables, from the effects with their standard errors: the Q-profile.
///
/// Q(τ²) = Σ wᵢ (yᵢ - μ̂)² with wᵢ = 1 / (τ² + sᵢ²) falls as τ² grows, and at the true τ² it has a chi-squared distribution
/// with k - 1 degrees of freedom. The ends are where it meets that distribution's quantiles at 1 - α/2 (the lower one) and
/// α/2 (Viechtbauer, "Confidence intervals for the amount of heterogeneity in meta-analysis", 2007). An end is 0 where Q is
/// below its quantile already at τ² = 0; so is the upper one where the effects agree better than chance would have it.
///
/// Small standard errors count as they do in [`RandomEffects`]. Fewer than three tables give (0, ∞).
///
/// # Errors
///
/// [`Error::Statistic`] as of [`RandomEffects::of`], and when the confidence is not between 0 and 1.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::tau_interval;
///
/// let tables = [(1.2, 0.2), (0.4, 0.1), (0.9, 0.3), (1.6, 0.2), (0.7, 0.1)];
/// let (low, high) = tau_interval(&tables, 0.95)?;
/// assert!(low > 0.2 && high < 1.4); // five tables do not tell much of it
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn tau_interval(effects: &[(f64, f64)], confidence: f64) -> Result<(f64, f64), Error> {
    check_confidence(confidence)?;
    let tables = Tables::of(effects)?;
    if effects.len() < LEAST_TABLES {
        return Ok((0.0, f64::INFINITY));
    }
    let tail = (1.0 - confidence) / 2.0;
    let freedom = (effects.len() - 1) as f64;
    let low = tables.tau_squared(chi_squared_with_above(tail, freedom));
    let high = tables.tau_squared(chi_squared_with_below(tail, freedom));
    Ok((low.sqrt(), high.sqrt()))
}

/// [`tau_interval`] as an [`Interval`], with Paule & Mandel's τ as the estimate: what a hypothesis on the spread is held
/// against. On the scale of ratios it is exp(τ), the factor by which the ratio on a table typically differs from the mean one.
///
/// # Errors
///
/// [`Error::Statistic`] as of [`tau_interval`].
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Answer, Hypothesis, Interval, Scale, Verdict, spread_interval};
///
/// // "How many epochs are right depends on the table": by more than a factor of 1.1?
/// let tables = [(1.2, 0.2), (0.4, 0.1), (0.9, 0.3), (1.6, 0.2), (0.7, 0.1)];
/// let depends = Hypothesis::exceeds(1.1)?;
/// let unknown = Interval::new(None, 1.0, f64::INFINITY, Scale::Ratio, 0.95);
/// let at = |confidence| spread_interval(&tables, confidence, Scale::Ratio).unwrap_or(unknown);
/// let answer = Answer::of(at, &depends);
/// assert_eq!(answer.at_level(0.05), Verdict::Supported);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn spread_interval(
    effects: &[(f64, f64)],
    confidence: f64,
    scale: Scale,
) -> Result<Interval, Error> {
    let (low, high) = tau_interval(effects, confidence)?;
    let estimate = RandomEffects::of(effects)?.map(|over_tables| over_tables.tau);
    Ok(Interval::new(estimate, low, high, Scale::Difference, confidence).on(scale))
}

/// The effects weighed by 1 / (τ² + s²).
struct Weighted {
    mean: f64,
    /// Σ w.
    weight: f64,
    /// Σ w (y - mean)².
    q: f64,
    /// How fast q falls as τ² grows.
    fall: f64,
}

impl Tables {
    fn weighted(&self, tau_squared: f64) -> Weighted {
        // Without any variance all tables weigh the same, and infinitely much.
        let certain = self.effects.iter().all(|(_, v)| tau_squared + v == 0.0);
        let weight_of = |variance: f64| {
            if certain {
                1.0
            } else {
                1.0 / (tau_squared + variance)
            }
        };
        let origin = self.effects.first().map_or(0.0, |(effect, _)| *effect);
        let (mut weight, mut sum) = (0.0, 0.0);
        for (effect, variance) in &self.effects {
            weight += weight_of(*variance);
            sum += weight_of(*variance) * (effect - origin);
        }
        let mean = origin + sum / weight;
        let (mut q, mut fall) = (0.0, 0.0);
        for (effect, variance) in &self.effects {
            let weight = weight_of(*variance);
            let part = weight * (effect - mean).powi(2);
            q += part;
            fall += weight * part;
        }
        Weighted {
            mean,
            weight: if certain { f64::INFINITY } else { weight },
            q: if certain && q > 0.0 { f64::INFINITY } else { q },
            fall,
        }
    }

    /// The τ² at which Q falls to `q`; 0 where it is there at once.
    fn tau_squared(&self, q: f64) -> f64 {
        // Q(τ²), the least over all centres, is at most Σ (y - mean)² / τ².
        falls_to(q, self.squares / q, |tau_squared| {
            let weighted = self.weighted(tau_squared);
            (weighted.q, weighted.fall)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Verdict};
    use proptest::prelude::*;

    /// Vaccination against tuberculosis: cases and others among the vaccinated, then among the controls, of 13 trials
    /// (Colditz et al. 1994; `dat.bcg` of R's metafor), as logarithms of risk ratios.
    fn vaccine() -> Vec<(f64, f64)> {
        [
            [4.0, 119.0, 11.0, 128.0],
            [6.0, 300.0, 29.0, 274.0],
            [3.0, 228.0, 11.0, 209.0],
            [62.0, 13_536.0, 248.0, 12_619.0],
            [33.0, 5_036.0, 47.0, 5_761.0],
            [180.0, 1_361.0, 372.0, 1_079.0],
            [8.0, 2_537.0, 10.0, 619.0],
            [505.0, 87_886.0, 499.0, 87_892.0],
            [29.0, 7_470.0, 45.0, 7_232.0],
            [17.0, 1_699.0, 65.0, 1_600.0],
            [186.0, 50_448.0, 141.0, 27_197.0],
            [5.0, 2_493.0, 3.0, 2_338.0],
            [27.0, 16_886.0, 29.0, 17_825.0],
        ]
        .map(|[a, b, c, d]: [f64; 4]| {
            let ratio = (a / (a + b)) / (c / (c + d));
            let variance = 1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d);
            (ratio.ln(), variance.sqrt())
        })
        .to_vec()
    }

    fn of(effects: &[(f64, f64)]) -> RandomEffects {
        RandomEffects::of(effects)
            .expect("numbers")
            .expect("two or more")
    }

    #[test]
    fn the_published_spread_of_a_published_study() {
        // R: confint(rma(ai, bi, ci, di, data = dat.bcg, measure = "RR")) gives tau 0.5597 (by another estimator),
        // 0.3460 to 1.0543 by the Q-profile.
        let (low, high) = tau_interval(&vaccine(), 0.95).expect("numbers");
        assert!((low - 0.3460).abs() < 5e-5, "{low}");
        assert!((high - 1.0543).abs() < 5e-5, "{high}");
        let tau = of(&vaccine()).tau;
        assert!(low < tau && tau < high, "{tau}");
    }

    #[test]
    fn equal_errors_make_it_the_t_interval_of_the_effects() {
        // τ² is then the variance of the effects less that of the measurement; the two add up again.
        let values = [0.4, 1.9, 1.1, 3.0, 0.7];
        let with_error = of(&values.map(|value| (value, 0.3)));
        let plain = crate::mean_interval(&values, 0.95).expect("numbers");
        let found = with_error.interval(0.95, Scale::Difference);
        assert!((found.low - plain.low).abs() < 1e-12);
        assert!((found.high - plain.high).abs() < 1e-12);
        let variance = values
            .map(|value: f64| (value - 1.42).powi(2))
            .iter()
            .sum::<f64>()
            / 4.0;
        assert!((with_error.tau.powi(2) - (variance - 0.09)).abs() < 1e-12);
    }

    #[test]
    fn agreement_leaves_no_spread_and_is_not_rewarded() {
        // Closer together than their errors allow: q would be 0.02, and the interval seven times too narrow.
        let found = of(&[(1.0, 0.5), (1.05, 0.5), (0.95, 0.5)]);
        assert_eq!(found.tau, 0.0);
        assert!((found.standard_error - 0.5 / 3.0f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_table_without_error_does_not_get_all_the_weight() {
        let found = of(&[(0.0, 0.0), (0.2, 0.2), (0.3, 0.2), (0.4, 0.2)]);
        assert!(found.mean > 0.0 && found.standard_error > 0.01, "{found:?}");
        // The rule: as if it were a tenth of the median error.
        let raised = of(&[(0.0, 0.02), (0.2, 0.2), (0.3, 0.2), (0.4, 0.2)]);
        assert!((found.mean - raised.mean).abs() < 1e-15);
    }

    #[test]
    fn without_any_errors_the_effects_tell_the_spread() {
        let found = of(&[(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]);
        assert!((found.tau - 1.0).abs() < 1e-12);
        assert!((found.standard_error - 1.0 / 3.0f64.sqrt()).abs() < 1e-12);
        let equal = of(&[(0.1, 0.0); 3]);
        assert_eq!(
            (equal.mean, equal.standard_error, equal.tau),
            (0.1, 0.0, 0.0)
        );
        assert_eq!(
            equal.interval(0.95, Scale::Difference).high,
            f64::INFINITY,
            "agreement is no certainty"
        );
        let claim = Hypothesis::exceeds(0.0).expect("a threshold");
        assert_eq!(equal.answer(&claim, Scale::Difference), Answer::NONE);
        assert_eq!(equal.expected_share(&claim, Scale::Difference), None);
        let (low, high) = tau_interval(&[(0.1, 0.0); 3], 0.95).expect("numbers");
        assert_eq!((low, high), (0.0, 0.0));
    }

    #[test]
    fn few_tables() {
        assert_eq!(RandomEffects::of(&[]), Ok(None));
        assert_eq!(RandomEffects::of(&[(1.0, 0.1)]), Ok(None));
        let two = [(1.0, 0.1), (2.0, 0.1)];
        for effects in [&two[..1], &two] {
            assert_eq!(tau_interval(effects, 0.95), Ok((0.0, f64::INFINITY)));
        }
        let two = of(&two);
        assert_eq!(two.mean, 1.5);
        for interval in [
            two.interval(0.95, Scale::Ratio),
            two.prediction(0.95, Scale::Ratio),
        ] {
            assert_eq!((interval.low, interval.high), (0.0, f64::INFINITY));
        }
        let claim = Hypothesis::exceeds(1.0).expect("a threshold");
        assert_eq!(two.answer(&claim, Scale::Ratio), Answer::NONE);
        assert_eq!(two.expected_share(&claim, Scale::Ratio), None);
    }

    #[test]
    fn bad_numbers_are_named() {
        let error = RandomEffects::of(&[(1.0, 0.1), (f64::NAN, 0.1)]).expect_err("NaN");
        assert!(
            error.to_string().contains("the effect of table 1 is NaN"),
            "{error}"
        );
        let error = tau_interval(&[(1.0, -0.1)], 0.95).expect_err("a negative error");
        assert!(
            error
                .to_string()
                .contains("the standard error of table 0 is -0.1"),
            "{error}"
        );
        assert!(RandomEffects::of(&[(1.0, f64::INFINITY), (1.0, 1.0)]).is_err());
        assert!(RandomEffects::of(&[(1e200, 1.0), (-1e200, 1.0)]).is_err());
        assert!(tau_interval(&vaccine(), 1.0).is_err());
    }

    #[test]
    fn the_share_of_tables_for_each_form_of_a_claim() {
        let over_tables = RandomEffects {
            mean: 0.0,
            standard_error: 0.3,
            tau: 0.4,
            n_tables: 12,
        };
        let share = |hypothesis: Result<Hypothesis, Error>, scale| {
            over_tables
                .expected_share(&hypothesis.expect("a hypothesis"), scale)
                .expect("twelve tables")
        };
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
        };
        // scipy.stats.t.sf(0.5 / 0.5, 10)
        close(
            share(Hypothesis::exceeds(0.5), Scale::Difference),
            0.170_446_566_151_029_94,
        );
        close(
            share(Hypothesis::exceeds(0.5f64.exp()), Scale::Ratio),
            0.170_446_566_151_029_94,
        );
        close(share(Hypothesis::exceeds(-1.0), Scale::Ratio), 1.0);
        close(
            share(Hypothesis::new(Direction::Greater, 0.1), Scale::Ratio),
            0.5,
        );
        close(
            share(Hypothesis::new(Direction::Less, 0.1), Scale::Ratio),
            0.5,
        );
        close(
            share(Hypothesis::within(0.5f64.exp()), Scale::Ratio),
            1.0 - 2.0 * 0.170_446_566_151_029_94,
        );
    }

    #[test]
    fn the_spread_is_held_against_a_hypothesis_as_a_factor() {
        let effects = vaccine();
        let found = spread_interval(&effects, 0.95, Scale::Ratio).expect("numbers");
        let (low, high) = tau_interval(&effects, 0.95).expect("numbers");
        assert_eq!((found.low, found.high), (low.exp(), high.exp()));
        assert_eq!(found.estimate, Some(of(&effects).tau.exp()));
        let at = |confidence| spread_interval(&effects, confidence, Scale::Ratio).expect("numbers");
        let answer = Answer::of(at, &Hypothesis::exceeds(1.2).expect("a threshold"));
        assert_eq!(answer.at_level(0.05), Verdict::Supported);
    }

    fn any_tables() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((-3.0..3.0f64, 0.0..2.0f64), 2..20)
    }

    proptest! {
        #[test]
        fn shifting_all_effects_shifts_the_mean_alone(effects in any_tables(), shift in -5.0..5.0f64) {
            let moved: Vec<_> = effects.iter().map(|(y, s)| (y + shift, *s)).collect();
            let (here, there) = (of(&effects), of(&moved));
            // τ² is found to where rounding moves Q; the shift rounds the effects by some 1e-15.
            prop_assert!((here.mean + shift - there.mean).abs() < 1e-9);
            prop_assert!((here.tau.powi(2) - there.tau.powi(2)).abs() < 1e-9);
            prop_assert!((here.standard_error - there.standard_error).abs() < 1e-9);
        }

        #[test]
        fn stretching_all_stretches_all(effects in any_tables(), factor in 0.1..10.0f64) {
            let stretched: Vec<_> = effects.iter().map(|(y, s)| (y * factor, s * factor)).collect();
            let (here, there) = (of(&effects), of(&stretched));
            prop_assert!((here.mean * factor - there.mean).abs() < 1e-8 * factor);
            prop_assert!((here.tau.powi(2) * factor * factor - there.tau.powi(2)).abs() < 1e-8 * factor * factor);
        }

        #[test]
        fn the_ends_grow_apart_with_the_confidence(effects in any_tables()) {
            let (mut low_before, mut high_before) = (f64::INFINITY, 0.0);
            for confidence in [0.001, 0.5, 0.9, 0.95, 0.999, 1.0 - 1e-12] {
                let (low, high) = tau_interval(&effects, confidence).expect("numbers");
                prop_assert!(low <= low_before && high >= high_before && low <= high);
                (low_before, high_before) = (low, high);
            }
        }

        #[test]
        fn nothing_is_not_a_number(
            effects in prop::collection::vec((-1e100..1e100f64, prop_oneof![Just(0.0), 0.0..1e100f64]), 2..9),
        ) {
            let found = of(&effects);
            prop_assert!(found.mean.is_finite() && found.tau.is_finite());
            prop_assert!(found.standard_error.is_finite() && found.standard_error >= 0.0);
            for interval in [found.interval(0.95, Scale::Ratio), found.prediction(0.95, Scale::Ratio)] {
                prop_assert!(interval.low <= interval.high);
            }
        }
    }
}
