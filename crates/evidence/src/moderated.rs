//! Variances of few repetitions, drawn towards what is typical of all tables.

use statrs::function::gamma::digamma;

use crate::numeric::turning_point;
use crate::table_effect::Spread;
use crate::{Error, TableEffect, median};

/// In logarithms a variance counts as at least this part of the median one.
const LEAST_PART: f64 = 1e-5;

impl TableEffect {
    /// The effects on several tables, each with a variance between its own and the one typical of all: empirical Bayes.
    ///
    /// [`TableEffect::of`] trusts the variance of four repetitions, which is a poor one; [`TableEffect::pooled`] gives a
    /// quiet and a noisy table the same, which is wrong for both. Here the tables' true variances are taken as drawn from a
    /// distribution, s₀² f₀ / χ²(f₀), whose two numbers are estimated from all tables together; a table with the variance s²
    /// of f degrees of freedom then gets
    ///
    /// s̃² = (f₀ s₀² + f s²) / (f₀ + f), with f₀ + f degrees of freedom, at most those of all tables together
    ///
    /// (the "moderated t" of Smyth, "Linear models and empirical Bayes methods for assessing differential expression in
    /// microarray experiments", 2004). The less the tables differ, the greater is f₀. With zⱼ = ln sⱼ² - ψ(fⱼ/2) + ln(fⱼ/2) over
    /// the n tables of at least two repetitions, f₀ solves ψ′(f₀/2) = Σ(zⱼ - z̄)² / (n - 1) - Σ ψ′(fⱼ/2) / n, and
    /// ln s₀² = z̄ + ψ(f₀/2) - ln(f₀/2). Where the right side is not above 0 the tables do not differ, and all get the pooled
    /// variance. In the logarithm a variance counts as at least 1e-5 of the median one.
    ///
    /// A table with one repetition gets s₀². `None` stands for a table without repetitions, and for one with a single
    /// repetition where fewer than two tables have more. A table alone keeps its own variance.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] as of [`TableEffect::of`].
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::TableEffect;
    ///
    /// let tables = [
    ///     vec![0.5, 0.7, 0.6],
    ///     vec![1.0, 1.9, 0.2],
    ///     vec![0.1, 0.4, 0.5],
    ///     vec![2.0, 2.02, 2.01], // quiet by chance, perhaps
    /// ];
    /// let effects = TableEffect::moderated(&tables)?;
    /// let (own, drawn) = (TableEffect::of(&tables[3])?.expect("three"), effects[3].expect("three"));
    /// assert!(drawn.standard_error > own.standard_error);
    /// assert!(drawn.degrees_of_freedom > own.degrees_of_freedom);
    /// # Ok::<(), smallbatch_evidence::Error>(())
    /// ```
    pub fn moderated(tables: &[Vec<f64>]) -> Result<Vec<Option<Self>>, Error> {
        let spreads: Vec<Option<Spread>> = tables
            .iter()
            .map(|repetitions| Spread::of(repetitions))
            .collect::<Result<_, _>>()?;
        let typical = Typical::of(&spreads);
        let all_freedom: f64 = spreads.iter().flatten().map(|spread| spread.freedom).sum();
        let effect = |spread: &Spread| match typical {
            Some(Typical { variance, freedom }) if freedom.is_finite() => {
                let total = freedom + spread.freedom;
                let drawn = (freedom * variance + spread.squares) / total;
                Some(spread.effect(drawn, total.min(all_freedom)))
            }
            Some(Typical { variance, .. }) => Some(spread.effect(variance, all_freedom)),
            None => (spread.freedom > 0.0)
                .then(|| spread.effect(spread.squares / spread.freedom, spread.freedom)),
        };
        Ok(spreads
            .iter()
            .map(|spread| spread.as_ref().and_then(effect))
            .collect())
    }
}

/// The variance typical of the tables, and how many degrees of freedom it is worth; infinitely many where they do not differ.
#[derive(Clone, Copy)]
struct Typical {
    variance: f64,
    freedom: f64,
}

impl Typical {
    /// `None` for fewer than two tables that have a variance above 0.
    fn of(spreads: &[Option<Spread>]) -> Option<Self> {
        let known: Vec<&Spread> = spreads
            .iter()
            .flatten()
            .filter(|spread| spread.freedom > 0.0)
            .collect();
        let variances: Vec<f64> = known
            .iter()
            .map(|spread| spread.squares / spread.freedom)
            .collect();
        let positive: Vec<f64> = variances.iter().copied().filter(|v| *v > 0.0).collect();
        if positive.len() < 2 {
            return None;
        }
        let least = LEAST_PART * median(&positive)?;
        let n = known.len() as f64;
        let logarithms: Vec<f64> = variances
            .iter()
            .zip(&known)
            .map(|(variance, spread)| {
                let half = spread.freedom / 2.0;
                variance.max(least).ln() - digamma(half) + half.ln()
            })
            .collect();
        let mean = logarithms.iter().sum::<f64>() / n;
        let squares: f64 = logarithms.iter().map(|z| (z - mean).powi(2)).sum();
        let by_chance: f64 = known
            .iter()
            .map(|spread| trigamma(spread.freedom / 2.0))
            .sum();
        let excess = squares / (n - 1.0) - by_chance / n;
        if excess > 0.0 {
            let half = inverse_trigamma(excess);
            let variance = (mean + digamma(half) - half.ln()).exp();
            if variance.is_finite() && half.is_finite() {
                return Some(Self {
                    variance,
                    freedom: 2.0 * half,
                });
            }
        }
        let squares: f64 = known.iter().map(|spread| spread.squares).sum();
        let freedom: f64 = known.iter().map(|spread| spread.freedom).sum();
        Some(Self {
            variance: squares / freedom,
            freedom: f64::INFINITY,
        })
    }
}

/// ψ′(x) for x > 0: by ψ′(x) = ψ′(x + 1) + 1/x² up to 12, and there by the asymptotic series (Abramowitz & Stegun 6.4.12),
/// whose next term is below 1e-15.
fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 12.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series =
        y * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y * (1.0 / 30.0 - y * 5.0 / 66.0))));
    sum + (1.0 + 0.5 / x + series) / x
}

/// x with ψ′(x) = y, for y > 0.
fn inverse_trigamma(y: f64) -> f64 {
    // ψ′(x) < 1 / (x - 1/2) for x above 1/2.
    turning_point(1.0 / y + 1.0, |x| x > 0.0 && trigamma(x) <= y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigamma_is_the_published_one_and_its_inverse_turns_it_round() {
        let pi_squared = std::f64::consts::PI.powi(2);
        // Abramowitz & Stegun 6.4.2 and 6.4.5.
        assert!((trigamma(1.0) - pi_squared / 6.0).abs() < 1e-14);
        assert!((trigamma(0.5) - pi_squared / 2.0).abs() < 1e-14);
        for x in [1e-3, 0.1, 0.5, 3.0, 40.0, 1e6] {
            let found = inverse_trigamma(trigamma(x));
            assert!((found / x - 1.0).abs() < 1e-9, "{x}: {found}");
        }
    }

    #[test]
    fn tables_that_do_not_differ_get_the_pooled_variance() {
        let tables = [
            vec![0.0, 1.0, 2.0],
            vec![5.0, 6.0, 7.0],
            vec![1.0, 2.0, 3.1],
            vec![4.0],
        ];
        let found = TableEffect::moderated(&tables).expect("numbers");
        assert_eq!(found, TableEffect::pooled(&tables, 8).expect("numbers"));
    }

    #[test]
    fn tables_that_differ_much_keep_nearly_their_own() {
        // Variances over ten orders of magnitude.
        let tables: Vec<Vec<f64>> = [1e-3, 0.02, 0.3, 5.0, 90.0]
            .map(|s| (0..6).map(|i| s * f64::from(i % 3)).collect())
            .to_vec();
        let found = TableEffect::moderated(&tables).expect("numbers");
        for (found, table) in found.into_iter().zip(&tables) {
            let own = TableEffect::of(table).expect("numbers").expect("six");
            let found = found.expect("six");
            let ratio = found.standard_error / own.standard_error;
            // The quietest is raised most. A pooled variance would raise it by a factor of 40,000.
            assert!((0.95..2.5).contains(&ratio), "{ratio}");
            assert!(found.degrees_of_freedom > 5.0 && found.degrees_of_freedom < 6.0);
        }
    }

    #[test]
    fn few_tables() {
        let alone = vec![vec![1.0, 2.0], vec![3.0], vec![]];
        let found = TableEffect::moderated(&alone).expect("numbers");
        assert_eq!(found[0], TableEffect::of(&alone[0]).expect("numbers"));
        assert_eq!((found[1], found[2]), (None, None));
        assert_eq!(TableEffect::moderated(&[]), Ok(vec![]));
        assert!(TableEffect::moderated(&[vec![f64::NAN]]).is_err());
        // A table whose repetitions are equal has a spread among others.
        let tables = [
            vec![1.0; 4],
            vec![1.0, 2.0, 1.5, 0.5],
            vec![0.0, 0.9, 0.2, 0.4],
        ];
        let found = TableEffect::moderated(&tables).expect("numbers")[0].expect("four");
        assert!(found.standard_error > 0.0 && found.standard_error.is_finite());
    }
}
