//! Predictions put to the test: each table from the others.

use crate::interval::check_confidence;
use crate::predictive::Predictive;
use crate::tables::counted_variances;
use crate::{Error, Hypothesis, Interval, MetaRegression, RandomEffects, Scale, TableEffect};

/// So many groups of tables are left out in turn.
const MOST_GROUPS: usize = 50;

/// Each table left out in turn, and its effect predicted from the other tables.
///
/// A prediction interval is a promise about tables that were not seen. The tables at hand can hold it to that: made from all but
/// one of them, it should contain that one as often as it says. What is predicted is the *estimate* on the table, so its own error counts.
/// With the mean μ̂ of the others, its standard error se and their τ, and the table's own standard error s with f degrees of
/// freedom, the interval is
///
/// μ̂ ± t(1 - α/2, ν) · √(τ² + se² + s²).
///
/// ν is what Welch and Satterthwaite give for the sum of τ² + se², with k - 2 degrees of freedom for k others, and of s², with f;
/// at most k - 2, and k - 3 around a line (Higgins, Thompson & Spiegelhalter 2009 have k - 2).
///
/// Student's t is enough: at 95 % it covers 93 to 97 % of 8, 12 and 38 tables whose effects are normal, skewed, cut, or have heavy
/// tails or outliers, with standard errors that differ 16-fold (simulated, in the crate's tests). The limit are tables of which a
/// few are of another kind: where one in eight lies 2.65 deviations from the mean it is 91 % of 12 and 89 % of 38. To take in the
/// range of the others' effects would make that 94 % and 97 %, but intervals of 38 tables wider by a tenth (normal effects) to a half
/// (heavy tails); a [moderator](crate::Moderation) that tells the kinds apart makes them narrower.
///
/// Of more than 50 tables, 50 groups are left out in turn instead, each of every 50th table: one by one the work would grow with the cube of
/// their number, and the others say the same.
///
/// An estimate that is a bound, such as "at least ten", is taken as it stands: the interval is then one for what is measured with
/// the same cut.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{LeftOut, TableEffect};
///
/// let table = |mean| TableEffect { mean, standard_error: 0.1, degrees_of_freedom: 15.0, n_repetitions: 4 };
/// let effects = [0.9, 0.4, 0.7, 1.2, 0.6, 0.8, 4.0].map(table);
/// let left_out = LeftOut::of(&effects, None, 0.95)?.expect("four tables or more");
/// // The others do not foresee the last one.
/// assert!(!left_out.tables()[6].is_contained());
/// assert!((left_out.coverage() - 6.0 / 7.0).abs() < 1e-12);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// At least one.
    tables: Vec<LeftOutTable>,
}

/// What the others say of one table, and what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeftOutTable {
    /// The effect that was measured on the table: a difference, or a logarithm of a ratio.
    pub effect: f64,
    /// The interval predicted from the other tables, in differences (for ratios: of logarithms).
    pub predicted: Interval,
    /// What the interval is of.
    distribution: Predictive,
}

impl LeftOutTable {
    /// Whether the effect lies in the interval, the ends included.
    pub fn is_contained(&self) -> bool {
        self.predicted.low <= self.effect && self.effect <= self.predicted.high
    }

    /// How far the effect lies from the middle of the interval, in halves of its width.
    fn distance(&self) -> f64 {
        let centre = self.predicted.estimate.unwrap_or(self.effect);
        match (self.effect - centre).abs() / (self.width() / 2.0) {
            // In the middle of an interval of no width.
            distance if distance.is_nan() => 0.0,
            distance => distance,
        }
    }

    /// The probability that the others give to the claim on this table: that its effect, measured with its error, is one of the claimed
    /// ones. `None` where the interval is open.
    pub fn share(&self, hypothesis: &Hypothesis, scale: Scale) -> Option<f64> {
        self.distribution.share(hypothesis, scale)
    }

    /// The interval's width, in units of the effect.
    pub fn width(&self) -> f64 {
        self.predicted.high - self.predicted.low
    }

    /// The interval score: the width, and 2/α times what the effect lies outside, with α = 1 - confidence. Less is better.
    ///
    /// It is proper: on the average the true α/2 and 1 - α/2 quantiles have the least (Winkler 1972; Gneiting & Raftery, "Strictly
    /// proper scoring rules, prediction, and estimation", 2007, equation 43). So it does not pay to be narrow and wrong.
    pub fn score(&self) -> f64 {
        let Interval {
            low,
            high,
            confidence,
            ..
        } = self.predicted;
        let outside = (low - self.effect).max(self.effect - high).max(0.0);
        self.width() + 2.0 / (1.0 - confidence) * outside
    }
}

impl LeftOut {
    /// Around the mean of the others, or around their line in a moderator that has one value a table.
    ///
    /// `None` for fewer than four tables, or five with a moderator: the others would predict nothing. Also where all other tables
    /// have the same value of the moderator.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] as of [`RandomEffects::of`] and [`MetaRegression::of`], and when the confidence is not between 0
    /// and 1.
    pub fn of(
        effects: &[TableEffect],
        moderator: Option<&[f64]>,
        confidence: f64,
    ) -> Result<Option<Self>, Error> {
        if let Some(values) = moderator
            && MetaRegression::of(&pairs(effects), values)?.is_none()
        {
            return Ok(None);
        }
        Self::by(effects, confidence, |left_out| {
            let predictives = predictives(effects, moderator, left_out)?;
            Ok(predictives.map(|predictives| (predictives, 1.0)))
        })
    }

    /// With the predictions that `predict` makes for the tables of a group without them, and by how much they are widened.
    pub(crate) fn by(
        effects: &[TableEffect],
        confidence: f64,
        predict: impl Fn(&[usize]) -> Result<Option<(Vec<Predictive>, f64)>, Error>,
    ) -> Result<Option<Self>, Error> {
        check_confidence(confidence)?;
        let variances = counted_variances(&pairs(effects));
        let mut tables = vec![None; effects.len()];
        for group in groups(effects.len()) {
            let Some((predictives, widening)) = predict(&group)? else {
                return Ok(None);
            };
            for (table, predictive) in group.into_iter().zip(predictives) {
                let of = &effects[table];
                let measured = predictive.measured(variances[table], of);
                let distribution = measured.widened(widening);
                tables[table] = Some(LeftOutTable {
                    effect: of.mean,
                    predicted: distribution.interval(confidence, Scale::Difference),
                    distribution,
                });
            }
        }
        let tables: Vec<LeftOutTable> = tables.into_iter().flatten().collect();
        Ok((!tables.is_empty()).then_some(Self { tables }))
    }

    /// One a table, in the order of the effects.
    pub fn tables(&self) -> &[LeftOutTable] {
        &self.tables
    }

    /// The share of tables whose effect lies in its interval.
    pub fn coverage(&self) -> f64 {
        self.mean(|table| f64::from(u8::from(table.is_contained())))
    }

    /// How many times as wide intervals must be for nine tenths of the tables to lie inside, whatever effects are distributed like: the
    /// ⌈0.9 (n + 1)⌉-th smallest distance from the middle, in halves of the width, and at least 1.
    ///
    /// Were the n tables and a new one drawn alike, and their predictions no better for having seen the others, the new one would lie
    /// inside with a probability of 0.9 or more (Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2005). Where
    /// Student's t is enough, as it mostly is, this is 1. It is 1 with fewer than nineteen tables, too, where the farthest one alone would decide.
    pub fn widening(&self) -> f64 {
        let place = (9 * (self.tables.len() + 1)).div_ceil(10);
        let mut distances: Vec<f64> = self.tables.iter().map(LeftOutTable::distance).collect();
        distances.sort_by(f64::total_cmp);
        let decides = distances.get(place - 1).filter(|_| place < distances.len());
        decides.map_or(1.0, |distance| distance.max(1.0))
    }

    /// The mean width of the intervals.
    pub fn mean_width(&self) -> f64 {
        self.mean(LeftOutTable::width)
    }

    /// The mean [score](LeftOutTable::score): less is better.
    pub fn mean_score(&self) -> f64 {
        self.mean(LeftOutTable::score)
    }

    fn mean(&self, of: impl Fn(&LeftOutTable) -> f64) -> f64 {
        self.tables.iter().map(of).sum::<f64>() / self.tables.len() as f64
    }
}

pub(crate) fn pairs(effects: &[TableEffect]) -> Vec<(f64, f64)> {
    effects
        .iter()
        .map(|table| (table.mean, table.standard_error))
        .collect()
}

/// The tables that are left out together: each alone, or many groups.
fn groups(n_tables: usize) -> Vec<Vec<usize>> {
    let n_groups = n_tables.min(MOST_GROUPS);
    let of_group = |first| (first..n_tables).step_by(n_groups).collect();
    (0..n_groups).map(of_group).collect()
}

/// All but those of a group.
pub(crate) fn without<T: Copy>(values: &[T], left_out: &[usize]) -> Vec<T> {
    let others = values.iter().enumerate();
    let others = others.filter(|(table, _)| left_out.binary_search(table).is_err());
    others.map(|(_, value)| *value).collect()
}

/// What the other tables say of each of a group; `None` where that is nothing.
pub(crate) fn predictives(
    effects: &[TableEffect],
    moderator: Option<&[f64]>,
    left_out: &[usize],
) -> Result<Option<Vec<Predictive>>, Error> {
    let others = without(&pairs(effects), left_out);
    let found: Option<Vec<Predictive>> = match moderator {
        None => RandomEffects::of(&others)?
            .map(|mean| left_out.iter().map(|_| mean.predictive()).collect()),
        Some(values) => MetaRegression::of(&others, &without(values, left_out))?.map(|line| {
            let of_table = |table: &usize| line.predictive(values[*table]);
            left_out.iter().map(of_table).collect()
        }),
    };
    Ok(found.filter(|found| found.iter().all(|predictive| predictive.freedom > 0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(mean: f64, standard_error: f64, degrees_of_freedom: f64) -> TableEffect {
        TableEffect {
            mean,
            standard_error,
            degrees_of_freedom,
            n_repetitions: 4,
        }
    }

    #[test]
    fn of_many_tables_groups_are_left_out() {
        let effects: Vec<TableEffect> = (0..130)
            .map(|i| table(f64::from(i * 37 % 130) / 65.0, 0.2, 7.0))
            .collect();
        let moderator: Vec<f64> = (0..130).map(|i| f64::from(i * 11 % 130)).collect();
        for moderator in [None, Some(&moderator[..])] {
            let predicted = |effects: &[TableEffect]| -> Vec<(f64, f64)> {
                let found = LeftOut::of(effects, moderator, 0.95);
                let tables = found.expect("numbers").expect("130 tables").tables;
                let intervals = tables.iter().map(|table| table.predicted);
                intervals
                    .map(|interval| (interval.low, interval.high))
                    .collect()
            };
            let mut other = effects.clone();
            other[77].mean = 9.0;
            let (before, after) = (predicted(&effects), predicted(&other));
            for (i, (before, after)) in before.iter().zip(&after).enumerate() {
                // Tables 27, 77 and 127 are left out together.
                assert_eq!(before == after, i % 50 == 27, "{i}");
            }
        }
        assert_eq!(groups(3), [[0], [1], [2]]);
        assert_eq!(groups(0), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn the_score_is_the_width_and_forty_times_what_is_outside() {
        let of = |effect| LeftOutTable {
            effect,
            predicted: Interval::new(Some(1.0), 0.0, 2.0, Scale::Difference, 0.95),
            distribution: Predictive {
                centre: 1.0,
                error: 0.5,
                freedom: 30.0,
            },
        };
        assert_eq!((of(2.0).score(), of(2.0).is_contained()), (2.0, true));
        assert!((of(2.5).score() - 22.0).abs() < 1e-9);
        assert!((of(-0.25).score() - 12.0).abs() < 1e-9);
        assert!(!of(-0.25).is_contained());
    }

    #[test]
    fn the_others_predict_and_the_tables_own_error_counts() {
        let effects = [1.0, 1.4, 0.8, 1.9, 1.2].map(|mean| table(mean, 0.2, 40.0));
        let found = LeftOut::of(&effects, None, 0.95)
            .expect("numbers")
            .expect("five");
        let others: Vec<(f64, f64)> = pairs(&effects)[..4].to_vec();
        let others = RandomEffects::of(&others).expect("numbers").expect("four");
        let true_effect = others.prediction(0.95, Scale::Difference);
        let predicted = found.tables()[4].predicted;
        assert_eq!(predicted.estimate, true_effect.estimate);
        let half = |interval: Interval| (interval.high - interval.low) / 2.0;
        // Two degrees of freedom, since the error that has more of them is the smaller part.
        let error = (others.tau.powi(2) + others.standard_error.powi(2) + 0.04).sqrt();
        assert!((half(predicted) - 4.302_652_729_911_275 * error).abs() < 1e-9);
        assert!(half(predicted) > half(true_effect));
        // Half of all effects are above the centre.
        let above = Hypothesis::exceeds(predicted.estimate.expect("four tables")).expect("finite");
        let share = found.tables()[4].share(&above, Scale::Difference);
        assert!((share.expect("four tables") - 0.5).abs() < 1e-12);
        assert_eq!(found.coverage(), 1.0);
        assert!((found.mean_score() - found.mean_width()).abs() < 1e-12);
    }

    #[test]
    fn an_error_of_few_degrees_of_freedom_widens_and_one_of_many_does_not_narrow() {
        let predictive = Predictive {
            centre: 0.0,
            error: 0.1,
            freedom: 30.0,
        };
        let freedom = |of_error: f64| predictive.measured(1.0, &table(0.0, 1.0, of_error)).freedom;
        // Nearly all of the variance is the table's own: 1 / (0.0099² / 30 + 0.9901² / 2).
        assert!((freedom(2.0) - 2.040_19).abs() < 1e-4, "{}", freedom(2.0));
        assert_eq!(freedom(1e6), 30.0);
        let certain = Predictive {
            error: 0.0,
            ..predictive
        };
        assert_eq!(certain.measured(0.0, &table(0.0, 0.0, 3.0)).freedom, 30.0);
    }

    #[test]
    fn intervals_are_widened_where_a_tenth_of_the_tables_would_lie_outside() {
        let mut effects: Vec<TableEffect> = (0..20)
            .map(|i| table(0.1 * f64::from(i % 5), 0.05, 12.0))
            .collect();
        let found = |effects: &[TableEffect]| {
            let found = LeftOut::of(effects, None, 0.95);
            found.expect("numbers").expect("twenty")
        };
        assert_eq!(found(&effects).widening(), 1.0);
        // Three of twenty: the 19th smallest of 20 distances must lie inside.
        for (odd, mean) in [(3, 2.0), (8, 1.9), (13, 1.8)] {
            effects[odd] = table(mean, 0.05, 12.0);
        }
        let widening = found(&effects).widening();
        let outside = |factor: f64| {
            let distances = found(&effects).tables.clone();
            let mut distances = distances.iter().map(LeftOutTable::distance);
            distances
                .by_ref()
                .filter(|distance| *distance > factor)
                .count()
        };
        assert!(widening > 1.0 && outside(1.0) == 3 && outside(widening) == 1);
        assert_eq!(found(&effects[..18]).widening(), 1.0, "too few to tell");
    }

    #[test]
    fn few_tables_predict_nothing() {
        let effects = [1.0, 1.4, 0.8, 1.9, 1.2].map(|mean| table(mean, 0.2, 3.0));
        let moderator = [1.0, 2.0, 3.0, 4.0, 5.0];
        let of = |n: usize, with: bool| {
            let moderator = with.then_some(&moderator[..n]);
            LeftOut::of(&effects[..n], moderator, 0.95).expect("numbers")
        };
        assert!(of(0, false).is_none() && of(3, false).is_none() && of(4, false).is_some());
        assert!(of(4, true).is_none() && of(5, true).is_some());
        // The last table is the only one with another value.
        let one = [1.0, 1.0, 1.0, 1.0, 2.0];
        assert_eq!(LeftOut::of(&effects, Some(&one), 0.95), Ok(None));
        assert!(LeftOut::of(&effects, Some(&one[..3]), 0.95).is_err());
        assert!(LeftOut::of(&effects, None, 1.0).is_err());
    }

    #[test]
    fn equal_effects_without_errors_leave_the_intervals_open() {
        let found = LeftOut::of(&[table(0.1, 0.0, 3.0); 5], None, 0.95);
        let found = found.expect("numbers").expect("five");
        assert_eq!((found.coverage(), found.mean_width()), (1.0, f64::INFINITY));
        assert_eq!(found.mean_score(), f64::INFINITY);
    }
}
