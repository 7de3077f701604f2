//! The effect on one table, where the repetition is the unit of inference.

use serde::{Deserialize, Serialize};

use crate::interval::{Moments, not_finite};
use crate::{Answer, Error, Hypothesis, Interval, Scale};

/// The mean effect on one table with its standard error, over repetitions.
///
/// A repetition draws everything anew (split, tuning, initial weights, order) and ends in one number: a difference, or the
/// logarithm of a ratio. Its pairs share split and rates, so they do not count as separate evidence: intervals over pairs
/// covered 40 to 62 % instead of 95 % in the first edition of the lab. With the effects x₁ to xₙ of n repetitions
///
/// mean = Σx / n, s² = Σ(x - mean)² / (n - 1), standard error = s / √n, with n - 1 degrees of freedom.
///
/// Where s² is 0, all repetitions being equal, the spread is unknown: [`TableEffect::interval`] is open.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Scale, TableEffect};
///
/// // Logarithms of the ratio of updates, one a repetition.
/// let effect = TableEffect::of(&[0.6, 0.8, 0.7, 0.9])?.expect("at least two repetitions");
/// assert!((effect.mean - 0.75).abs() < 1e-12);
/// assert_eq!(effect.degrees_of_freedom, 3.0);
/// let ratio = effect.interval(0.95, Scale::Ratio);
/// assert!(ratio.low > 1.7 && ratio.high < 2.7); // around exp(0.75) = 2.1
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableEffect {
    /// The mean over repetitions, of differences or of logarithms of ratios.
    pub mean: f64,
    /// The standard error of the mean, on the same scale.
    pub standard_error: f64,
    /// Degrees of freedom of the variance that the standard error comes from.
    pub degrees_of_freedom: f64,
    /// How many repetitions.
    pub n_repetitions: usize,
}

impl TableEffect {
    /// The effect on a table by itself: its own variance. `None` for fewer than two repetitions.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] when a repetition's effect is not a finite number, or their mean or variance is beyond `f64`.
    pub fn of(repetitions: &[f64]) -> Result<Option<Self>, Error> {
        let Some(spread) = Spread::of(repetitions)? else {
            return Ok(None);
        };
        Ok((spread.freedom > 0.0)
            .then(|| spread.effect(spread.squares / spread.freedom, spread.freedom)))
    }

    /// The effect on a table that was cut into folds, one number a fold. Trainings share rows, so that the numbers depend on each other;
    /// the standard error is therefore √(1/n + `held_out` / (1 - `held_out`))·s, where `held_out` is the share of rows that each fold
    /// holds out (Nadeau & Bengio 2003). `None` for fewer than two folds.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_folds(folds: &[f64], held_out: f64) -> Result<Option<Self>, Error> {
        Ok(Self::of(folds)?.map(|effect| {
            let share = 1.0 / effect.n_repetitions as f64;
            let factor = (1.0 + held_out / (1.0 - held_out) / share).sqrt();
            Self {
                standard_error: factor * effect.standard_error,
                ..effect
            }
        }))
    }

    /// The effects on several tables, where tables with few repetitions share one variance.
    ///
    /// A variance of three degrees of freedom is a poor one, and an interval made from it is wide. Tables with fewer than
    /// `below` repetitions (8 is usual) get the pooled variance instead,
    /// s² = Σⱼ Σ(xⱼ - meanⱼ)² / Σⱼ(nⱼ - 1) over all such tables j, with Σⱼ(nⱼ - 1) degrees of freedom; their standard
    /// errors are s / √nⱼ. So a table with a single repetition has an effect, too. The others keep their own variance.
    ///
    /// Pooling takes the variances to be alike. Where they are not, intervals on quiet tables are too wide, and those on
    /// noisy ones too narrow: [`TableEffect::moderated`] is for these.
    ///
    /// `None` stands for a table without repetitions, and for all that would be pooled if none has two repetitions.
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
    /// let tables = [vec![0.5, 0.7], vec![1.0, 1.4], vec![2.0]];
    /// let effects = TableEffect::pooled(&tables, 8)?;
    /// // (0.02 + 0.08) / 2 = 0.05 for all three, with two degrees of freedom.
    /// let third = effects[2].expect("the others tell the variance");
    /// assert!((third.standard_error - 0.05f64.sqrt()).abs() < 1e-12);
    /// assert_eq!((third.degrees_of_freedom, third.n_repetitions), (2.0, 1));
    /// # Ok::<(), smallbatch_evidence::Error>(())
    /// ```
    pub fn pooled(tables: &[Vec<f64>], below: usize) -> Result<Vec<Option<Self>>, Error> {
        let spreads: Vec<Option<Spread>> = tables
            .iter()
            .map(|repetitions| Spread::of(repetitions))
            .collect::<Result<_, _>>()?;
        let few = |spread: &&Spread| spread.count < below;
        let pooled = spreads.iter().flatten().filter(few);
        let (squares, freedom) = pooled.fold((0.0, 0.0), |(squares, freedom), spread| {
            (squares + spread.squares, freedom + spread.freedom)
        });
        let effect = |spread: &Spread| {
            let (squares, freedom) = if few(&spread) {
                (squares, freedom)
            } else {
                (spread.squares, spread.freedom)
            };
            (freedom > 0.0).then(|| spread.effect(squares / freedom, freedom))
        };
        Ok(spreads
            .iter()
            .map(|spread| spread.as_ref().and_then(effect))
            .collect())
    }

    /// Student's t interval: mean ± t(1 - α/2, degrees of freedom) · standard error, with α = 1 - confidence; on the scale
    /// of ratios exp of both ends.
    ///
    /// Both ends are open where the standard error is 0 (or is rounding: below 1e-12 of the mean), and for a confidence that
    /// is not from 0 up to 1.
    pub fn interval(&self, confidence: f64, scale: Scale) -> Interval {
        Interval::student(
            self.mean,
            self.standard_error,
            self.degrees_of_freedom,
            confidence,
            scale,
        )
    }

    /// What the table says to a hypothesis, with its p-value.
    pub fn answer(&self, hypothesis: &Hypothesis, scale: Scale) -> Answer {
        Answer::of(|confidence| self.interval(confidence, scale), hypothesis)
    }
}

/// What a table's repetitions tell about their mean and variance.
pub(crate) struct Spread {
    count: usize,
    mean: f64,
    /// Σ(x - mean)².
    pub(crate) squares: f64,
    /// n - 1.
    pub(crate) freedom: f64,
}

impl Spread {
    pub(crate) fn of(repetitions: &[f64]) -> Result<Option<Self>, Error> {
        if let Some(position) = repetitions.iter().position(|effect| !effect.is_finite()) {
            return Err(not_finite("table effect", position, repetitions[position]));
        }
        if repetitions.is_empty() {
            return Ok(None);
        }
        let beyond = || Error::Statistic {
            statistic: "table effect",
            what: "the mean or the variance of its repetitions".into(),
            value: "beyond the range of numbers".into(),
            expected: "a finite number; are these logarithms of ratios?",
        };
        let moments = Moments::of(repetitions).ok_or_else(beyond)?;
        let freedom = (moments.count - 1) as f64;
        let squares = moments.deviation.map_or(0.0, |s| s * s * freedom);
        if !squares.is_finite() {
            return Err(beyond());
        }
        Ok(Some(Self {
            count: moments.count,
            mean: moments.mean,
            squares,
            freedom,
        }))
    }

    pub(crate) fn effect(&self, variance: f64, degrees_of_freedom: f64) -> TableEffect {
        TableEffect {
            mean: self.mean,
            standard_error: (variance / self.count as f64).sqrt(),
            degrees_of_freedom,
            n_repetitions: self.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five folds: s²·(1/5 + 1/4).
    #[test]
    fn folds_that_share_rows_count_for_less() {
        let folds = [0.1, 0.3, 0.2, 0.5, 0.4];
        let effect = TableEffect::of_folds(&folds, 0.2).unwrap().unwrap();
        assert!((effect.standard_error - (0.025_f64 * 0.45).sqrt()).abs() < 1e-12);
        assert_eq!(effect.degrees_of_freedom, 4.0);
    }
    use crate::{Verdict, mean_interval};
    use proptest::prelude::*;

    #[test]
    fn too_few_repetitions() {
        assert_eq!(TableEffect::of(&[]), Ok(None));
        assert_eq!(TableEffect::of(&[1.0]), Ok(None));
        let alone = TableEffect::pooled(&[vec![1.0], vec![], vec![2.0]], 8).expect("numbers");
        assert_eq!(alone, [None; 3]);
    }

    #[test]
    fn equal_repetitions_are_no_certainty() {
        let equal = TableEffect::of(&[0.3; 5]).expect("numbers").expect("five");
        assert_eq!((equal.mean, equal.standard_error), (0.3, 0.0));
        let interval = equal.interval(0.95, Scale::Ratio);
        assert_eq!((interval.low, interval.high), (0.0, f64::INFINITY));
        assert_eq!(interval.estimate, Some(0.3f64.exp()));
        let hypothesis = Hypothesis::exceeds(1.0).expect("a threshold");
        assert_eq!(equal.answer(&hypothesis, Scale::Ratio), Answer::NONE);
        // Among tables that tell the spread it has one.
        let among = TableEffect::pooled(&[vec![0.3; 5], vec![0.2, 0.4]], 8).expect("numbers");
        let equal = among[0].expect("five repetitions");
        // 0.02 over 4 + 1 degrees of freedom.
        assert!((equal.standard_error - (0.004f64 / 5.0).sqrt()).abs() < 1e-15);
        assert_eq!(
            equal.answer(&hypothesis, Scale::Ratio).verdict,
            Verdict::Supported
        );
    }

    #[test]
    fn tables_with_enough_repetitions_keep_their_variance_and_lend_none() {
        let many: Vec<f64> = (0..8).map(f64::from).collect();
        let few = vec![1.0, 2.0, 3.0];
        let effects = TableEffect::pooled(&[many.clone(), few.clone()], 8).expect("numbers");
        assert_eq!(effects[0], TableEffect::of(&many).expect("numbers"));
        assert_eq!(effects[1], TableEffect::of(&few).expect("numbers"));
    }

    #[test]
    fn what_is_not_a_number_is_refused_by_position() {
        let error = TableEffect::of(&[1.0, f64::INFINITY]).expect_err("an infinity");
        assert!(error.to_string().contains("value 1 is inf"), "{error}");
        assert!(TableEffect::pooled(&[vec![1.0], vec![f64::NAN]], 8).is_err());
        assert!(TableEffect::of(&[1e300, -1e300]).is_err(), "the variance");
    }

    #[test]
    fn a_confidence_that_is_none_gives_open_ends() {
        let effect = TableEffect::of(&[1.0, 2.0]).expect("numbers").expect("two");
        for confidence in [1.0, -0.1, f64::NAN, 95.0] {
            let interval = effect.interval(confidence, Scale::Difference);
            assert_eq!(
                (interval.low, interval.high),
                (f64::NEG_INFINITY, f64::INFINITY)
            );
        }
    }

    proptest! {
        #[test]
        fn alone_it_is_the_t_interval_of_the_mean(
            repetitions in prop::collection::vec(-5.0..5.0f64, 2..12),
        ) {
            let found = TableEffect::of(&repetitions).expect("numbers").expect("two or more");
            let (found, expected) = (
                found.interval(0.9, Scale::Difference),
                mean_interval(&repetitions, 0.9).expect("numbers"),
            );
            prop_assert_eq!(found.estimate, expected.estimate);
            // (s² (n-1) / (n-1) / n)^½ against s / √n: a few roundings.
            prop_assert!((found.low - expected.low).abs() <= 1e-13 * (1.0 + expected.low.abs()));
            prop_assert!((found.high - expected.high).abs() <= 1e-13 * (1.0 + expected.high.abs()));
        }

        #[test]
        fn of_equally_many_repetitions_the_pooled_variance_is_the_mean_of_the_variances(
            tables in prop::collection::vec(prop::collection::vec(-5.0..5.0f64, 4), 1..6),
        ) {
            let pooled = TableEffect::pooled(&tables, 8).expect("numbers");
            let alone: Vec<TableEffect> = tables
                .iter()
                .map(|table| TableEffect::of(table).expect("numbers").expect("four"))
                .collect();
            let mean = alone.iter().map(|effect| effect.standard_error.powi(2)).sum::<f64>()
                / alone.len() as f64;
            for (pooled, alone) in pooled.iter().zip(&alone) {
                let pooled = pooled.expect("four");
                prop_assert!((pooled.standard_error.powi(2) - mean).abs() <= 1e-12 * mean);
                prop_assert_eq!(pooled.degrees_of_freedom, 3.0 * tables.len() as f64);
                prop_assert_eq!(pooled.mean, alone.mean);
            }
        }
    }
}
