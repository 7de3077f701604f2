//! The effect over tables as a line in a number that can be read off a table.

use serde::{Deserialize, Serialize};

use crate::interval::ROUNDING;
use crate::numeric::falls_to;
use crate::predictive::Predictive;
use crate::random_effects::LEAST_TABLES;
use crate::tables::Tables;
use crate::{Answer, Error, Hypothesis, Interval, Scale};

/// The mean effect over tables as a line in a moderator, with the spread τ that the line leaves between tables.
///
/// A moderator is a number that a table has before anything is trained on it, such as the logarithm of its condition number. It
/// has no error. On table i of k the true effect is α + β xᵢ + uᵢ, and what was measured is yᵢ = α + β xᵢ + uᵢ + eᵢ, with
/// uᵢ ~ N(0, τ²) and eᵢ ~ N(0, sᵢ²). With wᵢ = 1 / (τ² + sᵢ²), the line by weighted least squares, and rᵢ what it leaves of yᵢ:
///
/// - **τ²** solves Σ wᵢ rᵢ² = k - 2, and is 0 where the left side is less at τ² = 0 (Paule & Mandel 1982, with the degrees of freedom
///   of a line: DerSimonian & Kacker, "Random-effects model for meta-analysis of clinical trials: an update", 2007).
/// - **center** x̄ = Σ wᵢ xᵢ / Σ wᵢ, where the **mean** is Σ wᵢ yᵢ / Σ wᵢ.
/// - **slope** β = Σ wᵢ (xᵢ - x̄) yᵢ / S with S = Σ wᵢ (xᵢ - x̄)²: the effect's change for a unit of the moderator.
/// - **standard errors**: of the mean q / Σ wᵢ and of the slope q / S, squared, with q = Σ wᵢ rᵢ² / (k - 2), at least 1 (Knapp &
///   Hartung, "Improved tests for a random effects meta-regression with a single covariate", 2003). The two are uncorrelated, so
///   that at x the line has the variance se² + se(β)² (x - x̄)².
/// - The intervals are Student's t with k - 2 degrees of freedom, and k - 3 for a new table.
///
/// Small standard errors count as they do in [`RandomEffects`](crate::RandomEffects).
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Hypothesis, MetaRegression, Scale};
///
/// // Logarithms of ratios with their standard errors, and the decimal logarithm of each table's condition number.
/// let effects = [(0.1, 0.1), (0.5, 0.2), (0.9, 0.1), (1.6, 0.2), (1.7, 0.1), (2.5, 0.3)];
/// let condition = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let line = MetaRegression::of(&effects, &condition)?.expect("three tables or more");
/// let slope = line.slope_interval(0.95);
/// assert!(slope.low > 0.3 && slope.high < 0.6);
///
/// // What to expect of a new table whose condition number is 10^5.
/// let there = line.prediction(5.0, 0.95, Scale::Ratio);
/// assert!(there.low > 3.0 && there.high < 13.0);
/// let share = line.expected_share(5.0, &Hypothesis::exceeds(2.0)?, Scale::Ratio);
/// assert!(share.expect("six tables") > 0.99);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetaRegression {
    /// The mean effect at the center.
    pub mean: f64,
    /// Its standard error, the factor at least 1.
    pub standard_error: f64,
    /// The change of the effect for a unit of the moderator, β.
    pub slope: f64,
    /// Its standard error, the factor at least 1.
    pub slope_standard_error: f64,
    /// The weighted mean of the moderator, x̄.
    pub center: f64,
    /// The standard deviation of the true effects around the line, τ.
    pub tau: f64,
    /// How many tables, k.
    pub n_tables: usize,
}

impl MetaRegression {
    /// From the effect on each table with its standard error, and each table's value of the moderator.
    ///
    /// `None` for fewer than three tables, and where all have the same value but for rounding.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] as of [`RandomEffects::of`](crate::RandomEffects::of), for another number of values than of tables, and
    /// for a value that is not finite or whose square is beyond `f64`.
    pub fn of(effects: &[(f64, f64)], moderator: &[f64]) -> Result<Option<Self>, Error> {
        let tables = Tables::of(effects)?;
        let spread = spread_of(effects.len(), moderator)?;
        if effects.len() < LEAST_TABLES || spread == 0.0 {
            return Ok(None);
        }
        let lines = Lines {
            tables: &tables,
            moderator,
        };
        let expected = (effects.len() - 2) as f64;
        // Q(τ²), the least over all lines, is at most Σ (y - mean)² / τ².
        let tau_squared = falls_to(expected, tables.squares / expected, |tau_squared| {
            let line = lines.weighted(tau_squared);
            (line.q, line.fall)
        });
        let line = lines.weighted(tau_squared);
        let factor = (line.q / expected).max(1.0);
        // Without any spread around the line the weights are infinite.
        let error = |weight: f64| {
            if line.is_certain {
                0.0
            } else {
                (factor / weight).sqrt()
            }
        };
        Ok(Some(Self {
            mean: line.mean,
            standard_error: error(line.weight),
            slope: line.slope,
            slope_standard_error: error(line.moderator_squares),
            center: line.center,
            tau: tau_squared.sqrt(),
            n_tables: effects.len(),
        }))
    }

    /// k - 2.
    pub fn degrees_of_freedom(&self) -> f64 {
        self.n_tables as f64 - 2.0
    }

    /// The interval of the slope, in effect (a logarithm for ratios) for a unit of the moderator.
    ///
    /// Open where its standard error is 0, and for a confidence that is not from 0 up to 1.
    pub fn slope_interval(&self, confidence: f64) -> Interval {
        Interval::student(
            self.slope,
            self.slope_standard_error,
            self.degrees_of_freedom(),
            confidence,
            Scale::Difference,
        )
    }

    /// The interval of the mean effect over the tables that have this value of the moderator:
    /// α̂ + β̂ x ± t(1 - α/2, k - 2) · se(x); on the scale of ratios exp of both ends.
    ///
    /// Open where the standard error is 0, for a value that is not finite, and for a confidence that is not from 0 up to 1.
    pub fn interval(&self, at: f64, confidence: f64, scale: Scale) -> Interval {
        let (mean, error) = self.line(at);
        Interval::student(mean, error, self.degrees_of_freedom(), confidence, scale)
    }

    /// The prediction interval, where the true effect on a new table with this value of the moderator lies:
    /// α̂ + β̂ x ± t(1 - α/2, k - 3) · √(τ² + se(x)²), as Higgins, Thompson & Spiegelhalter (2009) have it without a moderator.
    ///
    /// Open for three tables, and where [`MetaRegression::interval`] is.
    pub fn prediction(&self, at: f64, confidence: f64, scale: Scale) -> Interval {
        self.predictive(at).interval(confidence, scale)
    }

    /// The share of new tables with this value of the moderator on which the claim is expected to hold, as of
    /// [`RandomEffects::expected_share`](crate::RandomEffects::expected_share).
    pub fn expected_share(&self, at: f64, hypothesis: &Hypothesis, scale: Scale) -> Option<f64> {
        self.predictive(at).share(hypothesis, scale)
    }

    /// What the tables say to a hypothesis on the mean over the tables with this value of the moderator.
    pub fn answer(&self, at: f64, hypothesis: &Hypothesis, scale: Scale) -> Answer {
        Answer::of(
            |confidence| self.interval(at, confidence, scale),
            hypothesis,
        )
    }

    /// The mean at a value of the moderator with its standard error.
    fn line(&self, at: f64) -> (f64, f64) {
        let away = at - self.center;
        let error = self.standard_error.hypot(self.slope_standard_error * away);
        (self.mean + self.slope * away, error)
    }

    /// How the true effect on a new table with this value of the moderator is distributed.
    pub fn predictive(&self, at: f64) -> Predictive {
        let (centre, error) = self.line(at);
        Predictive {
            centre,
            error: self.tau.hypot(error),
            freedom: self.n_tables as f64 - 3.0,
        }
    }
}

/// Σ (x - mean)², 0 where the values differ by rounding only.
fn spread_of(n_tables: usize, moderator: &[f64]) -> Result<f64, Error> {
    let wrong = |what: String, value: String, expected| Error::Statistic {
        statistic: "meta-regression",
        what,
        value,
        expected,
    };
    if moderator.len() != n_tables {
        return Err(wrong(
            "the number of the moderator's values".into(),
            moderator.len().to_string(),
            "that of the tables",
        ));
    }
    if let Some(table) = moderator.iter().position(|value| !value.is_finite()) {
        return Err(wrong(
            format!("the moderator of table {table}"),
            moderator[table].to_string(),
            "a finite number",
        ));
    }
    let n = n_tables.max(1) as f64;
    let mean = moderator.iter().map(|value| value / n).sum::<f64>();
    let squares: f64 = moderator.iter().map(|value| (value - mean).powi(2)).sum();
    if !squares.is_finite() {
        return Err(wrong(
            "the spread of the moderator".into(),
            "beyond the range of numbers".into(),
            "finite when squared; is it a logarithm?",
        ));
    }
    let is_rounding = (squares / n).sqrt() <= ROUNDING * mean.abs();
    Ok(if is_rounding { 0.0 } else { squares })
}

/// Tables with their moderator.
struct Lines<'a> {
    tables: &'a Tables,
    moderator: &'a [f64],
}

/// The line by weights 1 / (τ² + s²).
struct Line {
    mean: f64,
    slope: f64,
    center: f64,
    /// Σ w.
    weight: f64,
    /// Σ w (x - x̄)².
    moderator_squares: f64,
    /// Σ w r².
    q: f64,
    /// How fast q falls as τ² grows: Σ w² r².
    fall: f64,
    /// No table has any variance.
    is_certain: bool,
}

impl Lines<'_> {
    fn weighted(&self, tau_squared: f64) -> Line {
        let effects = &self.tables.effects;
        // Without any variance all tables weigh the same, and infinitely much.
        let is_certain = effects.iter().all(|(_, v)| tau_squared + v == 0.0);
        let weight_of = |variance: f64| {
            if is_certain {
                1.0
            } else {
                1.0 / (tau_squared + variance)
            }
        };
        // (weight, x, y) of the tables, x and y from those of the first.
        let (x0, y0) = (self.moderator[0], effects[0].0);
        let points = || {
            let pairs = effects.iter().zip(self.moderator);
            pairs.map(|((y, variance), x)| (weight_of(*variance), x - x0, y - y0))
        };
        let weight: f64 = points().map(|(w, ..)| w).sum();
        let center = points().map(|(w, x, _)| w * x).sum::<f64>() / weight;
        let mean = points().map(|(w, _, y)| w * y).sum::<f64>() / weight;
        let moderator_squares: f64 = points().map(|(w, x, _)| w * (x - center).powi(2)).sum();
        let products: f64 = points()
            .map(|(w, x, y)| w * (x - center) * (y - mean))
            .sum();
        let slope = products / moderator_squares;
        let (mut q, mut fall) = (0.0, 0.0);
        for (w, x, y) in points() {
            let part = w * (y - mean - slope * (x - center)).powi(2);
            q += part;
            fall += w * part;
        }
        Line {
            mean: y0 + mean,
            slope,
            center: x0 + center,
            weight,
            moderator_squares,
            q: if is_certain && q > 0.0 {
                f64::INFINITY
            } else {
                q
            },
            fall,
            is_certain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RandomEffects;
    use proptest::prelude::*;

    fn of(effects: &[(f64, f64)], moderator: &[f64]) -> MetaRegression {
        MetaRegression::of(effects, moderator)
            .expect("numbers")
            .expect("three or more")
    }

    #[test]
    fn equal_errors_make_it_the_plain_line() {
        // By hand: x̄ = 2.5, S = 5, β = 4.1 / 5 = 0.82; residuals 0.03, 0.11, -0.31, 0.17 with the sum of squares 0.138.
        let effects = [1.0, 1.9, 2.3, 3.6].map(|y| (y, 0.1));
        let line = of(&effects, &[1.0, 2.0, 3.0, 4.0]);
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        };
        close(line.mean, 2.2);
        close(line.slope, 0.82);
        close(line.center, 2.5);
        // τ² + s² is the residual variance of 2 degrees of freedom.
        close(line.tau.powi(2) + 0.01, 0.069);
        close(line.standard_error, (0.069f64 / 4.0).sqrt());
        close(line.slope_standard_error, (0.069f64 / 5.0).sqrt());
        let there = line.interval(4.0, 0.95, Scale::Difference);
        close(there.estimate.expect("a mean"), 3.43);
        // scipy.stats.t.ppf(0.975, 2), and the t of 1 degree for a new table.
        let error = (0.069f64 / 4.0 + 2.25 * 0.069 / 5.0).sqrt();
        assert!((there.high - 3.43 - 4.302_652_729_911_275 * error).abs() < 1e-9);
        let new = line.prediction(4.0, 0.95, Scale::Difference);
        let error = (error.powi(2) + line.tau.powi(2)).sqrt();
        assert!((new.high - 3.43 - 12.706_204_736_432_095 * error).abs() < 1e-8);
    }

    #[test]
    fn few_tables_and_a_moderator_that_is_none() {
        let effects = [(1.0, 0.1), (2.0, 0.1), (2.5, 0.1)];
        assert_eq!(MetaRegression::of(&[], &[]), Ok(None));
        assert_eq!(MetaRegression::of(&effects[..2], &[1.0, 2.0]), Ok(None));
        assert_eq!(MetaRegression::of(&effects, &[7.0; 3]), Ok(None));
        let rounding = [0.3, 0.1 + 0.2, 0.3];
        assert_eq!(MetaRegression::of(&effects, &rounding), Ok(None));
        let three = of(&effects, &[1.0, 2.0, 3.0]);
        assert!(three.interval(2.0, 0.95, Scale::Ratio).high.is_finite());
        let open = three.prediction(2.0, 0.95, Scale::Ratio);
        assert_eq!((open.low, open.high), (0.0, f64::INFINITY));
        let claim = Hypothesis::exceeds(1.0).expect("a threshold");
        assert_eq!(three.expected_share(2.0, &claim, Scale::Ratio), None);
    }

    #[test]
    fn bad_values_are_named() {
        let effects = [(1.0, 0.1), (2.0, 0.1), (2.5, 0.1)];
        let said = |moderator: &[f64]| {
            let error = MetaRegression::of(&effects, moderator);
            error.expect_err("a bad value").to_string()
        };
        assert!(said(&[1.0]).contains("values is 1, but must be that of the tables"));
        assert!(said(&[1.0, f64::NAN, 2.0]).contains("the moderator of table 1 is NaN"));
        assert!(said(&[1e200, -1e200, 2.0]).contains("is it a logarithm?"));
    }

    #[test]
    fn a_line_without_any_error_is_no_certainty() {
        let exact = of(
            &[(1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (4.0, 0.0)],
            &[0.0, 1.0, 2.0, 3.0],
        );
        assert_eq!(
            (exact.slope, exact.tau, exact.standard_error),
            (1.0, 0.0, 0.0)
        );
        assert_eq!(exact.slope_interval(0.95).high, f64::INFINITY);
        let claim = Hypothesis::exceeds(0.0).expect("a threshold");
        assert_eq!(exact.answer(1.0, &claim, Scale::Difference), Answer::NONE);
        let apart = of(
            &[(1.0, 0.0), (2.5, 0.0), (3.0, 0.0), (4.0, 0.0)],
            &[0.0, 1.0, 2.0, 3.0],
        );
        assert!(apart.tau > 0.2 && apart.slope_interval(0.95).high.is_finite());
    }

    fn any_tables() -> impl Strategy<Value = Vec<((f64, f64), f64)>> {
        prop::collection::vec(((-3.0..3.0f64, 0.05..2.0f64), -5.0..5.0f64), 4..20)
    }

    proptest! {
        #[test]
        fn the_moderators_unit_and_origin_do_not_matter(
            tables in any_tables(), factor in 0.1..10.0f64, shift in -9.0..9.0f64,
        ) {
            let (effects, moderator): (Vec<_>, Vec<_>) = tables.into_iter().unzip();
            let moved: Vec<f64> = moderator.iter().map(|x| factor * x + shift).collect();
            let (here, there) = (of(&effects, &moderator), of(&effects, &moved));
            // τ² is found to where rounding moves Q.
            prop_assert!((here.tau.powi(2) - there.tau.powi(2)).abs() < 1e-8);
            let at = 0.7;
            let (here, there) = (
                here.prediction(at, 0.95, Scale::Difference),
                there.prediction(factor * at + shift, 0.95, Scale::Difference),
            );
            prop_assert!((here.low - there.low).abs() < 1e-6 * (1.0 + here.low.abs()));
            prop_assert!((here.high - there.high).abs() < 1e-6 * (1.0 + here.high.abs()));
        }

        #[test]
        fn a_line_added_to_the_effects_is_a_line_added_to_the_answer(
            tables in any_tables(), slope in -2.0..2.0f64,
        ) {
            let (effects, moderator): (Vec<_>, Vec<_>) = tables.into_iter().unzip();
            let tilted: Vec<_> = effects
                .iter()
                .zip(&moderator)
                .map(|((y, s), x)| (y + slope * x, *s))
                .collect();
            let (flat, tilted) = (of(&effects, &moderator), of(&tilted, &moderator));
            prop_assert!((flat.slope + slope - tilted.slope).abs() < 1e-7);
            prop_assert!((flat.tau.powi(2) - tilted.tau.powi(2)).abs() < 1e-8);
        }

        #[test]
        fn what_a_moderator_does_not_explain_is_left_to_the_spread(
            effects in prop::collection::vec((-3.0..3.0f64, 0.05..2.0f64), 3..9),
        ) {
            // Each table twice, with the moderator once up and once down: the line is flat.
            let twice: Vec<_> = effects.iter().chain(&effects).copied().collect();
            let moderator: Vec<f64> = (0..twice.len())
                .map(|i| if i < effects.len() { -1.0 } else { 1.0 })
                .collect();
            let line = of(&twice, &moderator);
            let mean = RandomEffects::of(&twice).expect("numbers").expect("tables");
            prop_assert!(line.slope.abs() < 1e-9);
            prop_assert!(line.tau >= mean.tau - 1e-9, "the same squares over fewer degrees");
        }
    }
}
