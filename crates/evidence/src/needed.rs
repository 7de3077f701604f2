//! What would settle an inconclusive answer.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::interval::student_quantile;
use crate::numeric::{chi_squared_with_above, chi_squared_with_below};
use crate::random_effects::LEAST_TABLES;
use crate::tables::counted_variances;
use crate::{
    Error, Hypothesis, Interval, Look, RandomEffects, Scale, TableEffect, Verdict, verdict,
};

/// The probability with which the repetitions are meant to settle a question.
const POWER: f64 = 0.8;
/// The spread is plausible between the ends of its interval of this confidence.
const PLAUSIBLE: f64 = 0.8;
/// The last look that is considered takes 8,192 repetitions: nobody makes more.
const LAST: usize = 8_192;

/// What would settle a question that is still open.
///
/// It assumes that the effect stays as it was seen, and looks for the first [`Look`] whose interval, widened by
/// Φ⁻¹(0.8) standard errors, gives a verdict: the answer then comes out with a probability of about 80 %. The spread between
/// repetitions is not taken as known, since a few repetitions do not tell it: there is one number for each end of its
/// 80 % interval, s² · f / χ² with f degrees of freedom.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Hypothesis, Needed, Scale, TableEffect};
///
/// let effect = TableEffect::of(&[0.1, 0.4, -0.1, 0.3])?.expect("four repetitions");
/// let more_than_none = Hypothesis::exceeds(1.0)?;
/// let needed = effect.needed(&more_than_none, 0.05, Scale::Ratio);
/// assert_eq!(needed, Needed::Repetitions { from: 16, to: 256 });
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needed {
    /// So many repetitions in all, those that were made included; each is the number of a look.
    Repetitions {
        /// If the spread is as small as it plausibly may be.
        from: usize,
        /// If it is as large as it plausibly may be. 8,192 also stands for more.
        to: usize,
    },
    /// No number of repetitions, as the tables differ too much among each other; more tables would.
    MoreTables,
    /// Nothing that the numbers tell: the spread is not known, or the effect lies on the border of the claim.
    Unknown,
}

impl TableEffect {
    /// How many repetitions would settle a question on this table, with all looks together at the level `alpha`.
    pub fn needed(&self, hypothesis: &Hypothesis, alpha: f64, scale: Scale) -> Needed {
        let variance = self.standard_error.powi(2) * self.n_repetitions as f64;
        let settles = |look: Look, part: f64| {
            let n = look.n_repetitions() as f64;
            let error = (part * variance / n).sqrt();
            let freedom = self.degrees_of_freedom.max(n - 1.0);
            settles(
                self.mean,
                error,
                freedom,
                look.spend(alpha),
                hypothesis,
                scale,
            )
        };
        if variance == 0.0 {
            return Needed::Unknown;
        }
        Plausible::with(self.degrees_of_freedom)
            .and_then(|plausible| plausible.repetitions(self.n_repetitions, settles))
            .unwrap_or(Needed::Unknown)
    }
}

impl RandomEffects {
    /// What would settle a question on the mean over tables, with all looks together at the level `alpha`, from the effects on
    /// the tables.
    ///
    /// More repetitions make the tables' standard errors smaller, and leave τ, which is taken as it was estimated. Where even
    /// the last look would not do, but would if τ were 0, the answer is [`Needed::MoreTables`].
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] as of [`RandomEffects::of`].
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::{Hypothesis, Needed, RandomEffects, Scale, TableEffect};
    ///
    /// let table = |mean| TableEffect {
    ///     mean,
    ///     standard_error: 0.05,
    ///     degrees_of_freedom: 3.0,
    ///     n_repetitions: 4,
    /// };
    /// // Sure on each table, and different on each.
    /// let tables = [1.2, -0.6, 0.3, 0.9].map(table);
    /// let more_than_none = Hypothesis::exceeds(1.0)?;
    /// let needed = RandomEffects::needed(&tables, &more_than_none, 0.05, Scale::Ratio)?;
    /// assert_eq!(needed, Needed::MoreTables);
    /// # Ok::<(), smallbatch_evidence::Error>(())
    /// ```
    pub fn needed(
        tables: &[TableEffect],
        hypothesis: &Hypothesis,
        alpha: f64,
        scale: Scale,
    ) -> Result<Needed, Error> {
        let effects: Vec<(f64, f64)> = tables
            .iter()
            .map(|table| (table.mean, table.standard_error))
            .collect();
        let Some(over_tables) = Self::of(&effects)? else {
            return Ok(Needed::Unknown);
        };
        if over_tables.n_tables < LEAST_TABLES {
            return Ok(Needed::MoreTables);
        }
        // Of one repetition, on each table.
        let variances: Vec<f64> = counted_variances(&effects)
            .into_iter()
            .zip(tables)
            .map(|(variance, table)| variance * table.n_repetitions as f64)
            .collect();
        if variances.iter().all(|variance| *variance == 0.0) {
            return Ok(Needed::Unknown);
        }
        let settles_with = |tau: f64, look: Look, part: f64| {
            let n = look.n_repetitions() as f64;
            let weight: f64 = variances
                .iter()
                .map(|variance| 1.0 / (tau * tau + part * variance / n))
                .sum();
            let error = weight.recip().sqrt();
            let freedom = over_tables.degrees_of_freedom();
            settles(
                over_tables.mean,
                error,
                freedom,
                look.spend(alpha),
                hypothesis,
                scale,
            )
        };
        let made = tables
            .iter()
            .map(|table| table.n_repetitions)
            .max()
            .unwrap_or(0);
        // Not the sum of their degrees of freedom: those of a pooled variance are counted with every table.
        let freedom: usize = tables
            .iter()
            .map(|table| table.n_repetitions.saturating_sub(1))
            .sum();
        let Some(plausible) = Plausible::with(freedom as f64) else {
            return Ok(Needed::Unknown);
        };
        let with =
            |tau: f64| plausible.repetitions(made, |look, part| settles_with(tau, look, part));
        Ok(match (with(over_tables.tau), with(0.0)) {
            (Some(repetitions), _) => repetitions,
            (None, Some(_)) => Needed::MoreTables,
            (None, None) => Needed::Unknown,
        })
    }
}

/// Whether an interval around the mean, widened for the power, gives a verdict.
fn settles(
    mean: f64,
    error: f64,
    freedom: f64,
    level: f64,
    hypothesis: &Hypothesis,
    scale: Scale,
) -> bool {
    let power = Normal::standard().inverse_cdf(POWER);
    let half = (student_quantile(1.0 - level, freedom) + power) * error;
    let (low, high) = (mean - half, mean + half);
    let widened = Interval::new(Some(mean), low, high, Scale::Difference, 1.0 - level).on(scale);
    !matches!(verdict(&widened, hypothesis), Verdict::Inconclusive { .. })
}

/// The plausible variances, as parts of the one that was seen.
struct Plausible {
    low: f64,
    high: f64,
}

impl Plausible {
    fn with(freedom: f64) -> Option<Self> {
        let tail = (1.0 - PLAUSIBLE) / 2.0;
        (freedom > 0.0).then(|| Self {
            low: freedom / chi_squared_with_above(tail, freedom),
            high: freedom / chi_squared_with_below(tail, freedom),
        })
    }

    /// The first look after `made` repetitions that settles, for either end; `None` where none does for the lower end.
    fn repetitions(&self, made: usize, settles: impl Fn(Look, f64) -> bool) -> Option<Needed> {
        let first = |part: f64| {
            Look::up_to(LAST)
                .find(|look| look.n_repetitions() > made && settles(*look, part))
                .map(Look::n_repetitions)
        };
        let from = first(self.low)?;
        Some(Needed::Repetitions {
            from,
            to: first(self.high).unwrap_or(LAST),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(mean: f64, standard_error: f64, n_repetitions: usize) -> TableEffect {
        TableEffect {
            mean,
            standard_error,
            degrees_of_freedom: n_repetitions as f64 - 1.0,
            n_repetitions,
        }
    }

    fn above_none() -> Hypothesis {
        Hypothesis::exceeds(0.0).expect("a threshold")
    }

    #[test]
    fn the_more_repetitions_tell_the_spread_the_closer_the_range() {
        // The same effect of half a deviation, known from 4 and from 128 repetitions.
        let width = |n: usize| {
            let effect = table(0.5, 1.0 / (n as f64).sqrt(), n);
            match effect.needed(&above_none(), 0.05, Scale::Difference) {
                Needed::Repetitions { from, to } => (from, to),
                other => panic!("{other:?}"),
            }
        };
        let (from, to) = width(4);
        assert!(to >= 8 * from, "{from} to {to}");
        // (t + z) / √n ≤ 0.5 with the level 0.05/64 and z = 0.84: n is 73, so the next look.
        let (from, to) = width(64);
        assert_eq!((from, to), (128, 128));
    }

    #[test]
    fn an_effect_on_the_border_cannot_be_settled() {
        let effect = table(1e-9, 1.0, 8);
        let needed = effect.needed(&above_none(), 0.05, Scale::Difference);
        assert_eq!(needed, Needed::Unknown);
    }

    #[test]
    fn an_unknown_spread_tells_nothing() {
        let effect = table(1.0, 0.0, 8);
        let needed = effect.needed(&above_none(), 0.05, Scale::Difference);
        assert_eq!(needed, Needed::Unknown);
        let of = |tables: &[TableEffect]| {
            RandomEffects::needed(tables, &above_none(), 0.05, Scale::Difference).expect("numbers")
        };
        assert_eq!(of(&[effect; 3]), Needed::Unknown);
        assert_eq!(of(&[table(0.1, 1.0, 8)]), Needed::Unknown);
        assert_eq!(of(&[]), Needed::Unknown);
        let two = [table(0.9, 0.1, 8), table(1.1, 0.1, 8)];
        assert_eq!(of(&two), Needed::MoreTables, "no statement from two");
    }

    #[test]
    fn where_tables_agree_repetitions_help_and_where_they_differ_they_do_not() {
        let of = |means: [f64; 5], error: f64| {
            let tables = means.map(|mean| table(mean, error, 4));
            RandomEffects::needed(&tables, &above_none(), 0.05, Scale::Difference).expect("numbers")
        };
        let noisy = of([0.5, 0.1, 0.3, -0.1, 0.2], 0.4);
        let Needed::Repetitions { from, to } = noisy else {
            panic!("{noisy:?}");
        };
        assert!(from > 4 && to >= from, "{from} to {to}");
        assert_eq!(of([5.0, 1.0, 3.0, -1.0, 2.0], 0.4), Needed::MoreTables);
        // On the border, more tables would show nothing, either.
        assert_eq!(of([1.0, -1.0, 0.0, 2.0, -2.0], 0.4), Needed::Unknown);
    }

    #[test]
    fn it_is_a_look_that_has_not_been_made() {
        // An effect so clear that four repetitions would have done.
        let effect = table(5.0, 0.1, 16);
        let needed = effect.needed(&above_none(), 0.05, Scale::Difference);
        assert_eq!(needed, Needed::Repetitions { from: 32, to: 32 });
    }

    #[test]
    fn sameness_can_be_settled_as_well() {
        let effect = table(0.0, 0.2, 8);
        let within = Hypothesis::within(1.25).expect("a factor");
        let needed = effect.needed(&within, 0.05, Scale::Ratio);
        assert!(matches!(needed, Needed::Repetitions { .. }), "{needed:?}");
    }
}
