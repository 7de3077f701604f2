//! Whether a moderator says more about a table than the mean over tables does.

use crate::left_out::{pairs, predictives, without};
use crate::{Error, Interval, LeftOut, MetaRegression, TableEffect};

/// How often at most a slope counts as one where there is none, over all candidates.
const ERROR: f64 = 0.05;
/// The mean score with the moderator is at most this part of the one without.
const MOST_PART: f64 = 0.9;

/// A number that each table has before anything is trained on it, such as the logarithm of its condition number, of its samples or
/// of its features.
#[derive(Clone, Debug, PartialEq)]
pub struct Moderator {
    /// What it is.
    pub name: String,
    /// One a table.
    pub values: Vec<f64>,
}

/// Of several moderators the one that is kept, if any, and how well it does on tables that were left out.
///
/// A candidate is kept where both hold:
///
/// - **Its slope is no chance**: the interval of the slope ([`MetaRegression::slope_interval`]) at the confidence 1 - 0.05 / m leaves
///   out 0, for m candidates (Bonferroni). Scores alone are too noisy for that: of three candidates without any effect one lowers the
///   mean score by a tenth in 19 to 29 % of samples of 8 or 12 tables.
/// - **It narrows what is said of tables that were left out**: the mean [interval score](crate::LeftOutTable::score) is at most 0.9 of
///   the one without a moderator. A slope can be certain and explain next to nothing; a sentence with a condition in it has to pay.
///
/// Of several the one with the least mean score is kept. Without any effect one of three is kept in 3 to 8 % of samples of 8, 12 or
/// 38 tables. One that explains four fifths of the variance is kept in 73 %, 92 % and 100 %, and makes the intervals 0.63, 0.56 and
/// 0.52 times as wide on the average. Tables that were left out stay covered in 91 % or more, with the choice made without them
/// (simulated, in the crate's tests).
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Moderation, Moderator, TableEffect};
///
/// let table = |mean| TableEffect { mean, standard_error: 0.1, degrees_of_freedom: 15.0, n_repetitions: 4 };
/// let effects = [0.2, 0.6, 0.8, 1.3, 1.5, 2.1, 2.2, 2.8].map(table);
/// let candidates = [
///     Moderator { name: "log rows".into(), values: vec![7.0, 5.5, 6.1, 8.2, 5.0, 6.6, 7.7, 5.9] },
///     Moderator { name: "log condition number".into(), values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0] },
/// ];
/// let found = Moderation::of(&effects, &candidates, 0.95)?.expect("four tables or more");
/// assert_eq!(found.kept, Some(1));
/// // Also where the choice is made without the table that is predicted.
/// assert!(found.nested.coverage() > 0.9);
/// assert!(found.nested.mean_width() < 0.5 * found.without.mean_width());
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Moderation {
    /// Which of the candidates is kept, from 0; `None` where the mean over tables is all there is to say.
    pub kept: Option<usize>,
    /// Without a moderator.
    pub without: LeftOut,
    /// With each candidate.
    pub tried: Vec<TriedModerator>,
    /// How many times as wide as Student's t the intervals for a new table are to be: [`LeftOut::widening`] with what is kept.
    pub widening: f64,
    /// The procedure as a whole: for each table the choice is made anew from the others, which then predict it, with the widening that
    /// they ask for. Only this says how well predictions do on new tables, since those in `tried` were chosen by the same tables.
    pub nested: LeftOut,
}

/// How well one moderator does.
#[derive(Clone, Debug, PartialEq)]
pub struct TriedModerator {
    /// The interval of its slope at the confidence 1 - 0.05 / m; `None` where there is no line.
    pub slope: Option<Interval>,
    /// With this moderator; `None` where there are too few tables, or too few values of it.
    pub left_out: Option<LeftOut>,
}

impl Moderation {
    /// From the effects on the tables and the candidates. `None` for fewer than four tables.
    ///
    /// The confidence is that of the intervals that the tables which were left out are held against.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] as of [`LeftOut::of`].
    pub fn of(
        effects: &[TableEffect],
        candidates: &[Moderator],
        confidence: f64,
    ) -> Result<Option<Self>, Error> {
        let Some(without_any) = LeftOut::of(effects, None, confidence)? else {
            return Ok(None);
        };
        let values: Vec<Vec<f64>> = candidates
            .iter()
            .map(|candidate| candidate.values.clone())
            .collect();
        let tried = values
            .iter()
            .map(|values| {
                Ok(TriedModerator {
                    slope: slope(effects, values, candidates.len())?,
                    left_out: LeftOut::of(effects, Some(values), confidence)?,
                })
            })
            .collect::<Result<_, Error>>()?;
        let nested = LeftOut::by(effects, confidence, |left_out| {
            let others = without(effects, left_out);
            let values_of_others: Vec<Vec<f64>> = values
                .iter()
                .map(|values| without(values, left_out))
                .collect();
            let kept = choice(&others, &values_of_others, confidence)?;
            let of_others = kept.map(|kept| &values_of_others[kept][..]);
            let widening = widening(&others, of_others, confidence)?;
            let moderator = kept.map(|kept| &values[kept][..]);
            let predictives = predictives(effects, moderator, left_out)?;
            Ok(predictives.map(|predictives| (predictives, widening)))
        })?;
        let kept = choice(effects, &values, confidence)?;
        let widening = widening(effects, kept.map(|kept| &values[kept][..]), confidence)?;
        Ok(nested.map(|nested| Self {
            kept,
            widening,
            without: without_any,
            tried,
            nested,
        }))
    }
}

/// By how much predictions from these tables are to be widened.
fn widening(
    effects: &[TableEffect],
    moderator: Option<&[f64]>,
    confidence: f64,
) -> Result<f64, Error> {
    let left_out = LeftOut::of(effects, moderator, confidence)?;
    Ok(left_out.map_or(1.0, |left_out| left_out.widening()))
}

/// The interval of a slope, corrected for the number of candidates.
fn slope(
    effects: &[TableEffect],
    values: &[f64],
    n_candidates: usize,
) -> Result<Option<Interval>, Error> {
    let line = MetaRegression::of(&pairs(effects), values)?;
    Ok(line.map(|line| line.slope_interval(1.0 - ERROR / n_candidates as f64)))
}

/// The candidate that is kept.
fn choice(
    effects: &[TableEffect],
    candidates: &[Vec<f64>],
    confidence: f64,
) -> Result<Option<usize>, Error> {
    let mut with_slope = Vec::new();
    for (candidate, values) in candidates.iter().enumerate() {
        let slope = slope(effects, values, candidates.len())?;
        if slope.is_some_and(|slope| slope.low > 0.0 || slope.high < 0.0) {
            with_slope.push(candidate);
        }
    }
    // Scores cost a model a table: only where they can matter.
    let mut best = match LeftOut::of(effects, None, confidence)? {
        Some(left_out) if !with_slope.is_empty() => (None, MOST_PART * left_out.mean_score()),
        _ => return Ok(None),
    };
    for candidate in with_slope {
        if let Some(left_out) = LeftOut::of(effects, Some(&candidates[candidate]), confidence)?
            && left_out.mean_score() <= best.1
        {
            best = (Some(candidate), left_out.mean_score());
        }
    }
    Ok(best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(mean: f64) -> TableEffect {
        TableEffect {
            mean,
            standard_error: 0.1,
            degrees_of_freedom: 15.0,
            n_repetitions: 4,
        }
    }

    fn moderator(values: &[f64]) -> Moderator {
        Moderator {
            name: "a number".into(),
            values: values.to_vec(),
        }
    }

    const RISING: [f64; 8] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

    #[test]
    fn without_candidates_or_slope_the_mean_is_all() {
        let effects = [0.5, 0.9, 0.4, 1.0, 0.6, 0.8, 0.5, 0.9].map(table);
        for candidates in [vec![], vec![moderator(&RISING)], vec![moderator(&[1.0; 8])]] {
            let found = Moderation::of(&effects, &candidates, 0.95)
                .expect("numbers")
                .expect("eight");
            assert_eq!(found.kept, None);
            assert_eq!(found.nested, found.without);
            assert_eq!(found.tried.len(), candidates.len());
        }
        let constant = Moderation::of(&effects, &[moderator(&[1.0; 8])], 0.95);
        let tried = &constant.expect("numbers").expect("eight").tried[0];
        assert_eq!((&tried.slope, &tried.left_out), (&None, &None));
    }

    #[test]
    fn a_slope_that_is_certain_but_explains_little_is_not_kept() {
        // An eighth of the variance, on forty tables.
        let effects: Vec<TableEffect> = (0..40)
            .map(|i| table(f64::from(i % 2) + 0.016 * f64::from(i)))
            .collect();
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        let found = Moderation::of(&effects, &[moderator(&values)], 0.95)
            .expect("numbers")
            .expect("forty");
        let slope = found.tried[0].slope.expect("a line");
        let ratio = found.tried[0]
            .left_out
            .as_ref()
            .expect("forty")
            .mean_score()
            / found.without.mean_score();
        assert!(slope.low > 0.0 && ratio > MOST_PART, "{slope:?}, {ratio}");
        assert_eq!(found.kept, None);
    }

    #[test]
    fn the_choice_is_made_without_the_table_that_is_predicted() {
        // The last table alone makes the slope: without it there is none, so it is predicted by the mean.
        let effects = [0.1, -0.1, 0.0, 0.1, -0.1, 0.0, 0.1, 5.0].map(table);
        let values = [0.1, 0.2, -0.1, 0.0, 0.1, -0.2, 0.0, 9.0];
        let found = Moderation::of(&effects, &[moderator(&values)], 0.95)
            .expect("numbers")
            .expect("eight");
        assert_eq!(found.nested.tables()[7], found.without.tables()[7]);
        assert!(!found.nested.tables()[7].is_contained());
    }

    #[test]
    fn too_few_tables_for_a_line() {
        let effects = [0.1, 0.9, 2.1, 2.9].map(table);
        assert_eq!(Moderation::of(&effects[..3], &[], 0.95), Ok(None));
        let four = Moderation::of(&effects, &[moderator(&RISING[..4])], 0.95)
            .expect("numbers")
            .expect("four");
        assert_eq!((four.kept, &four.tried[0].left_out), (None, &None));
        assert!(Moderation::of(&effects, &[moderator(&RISING)], 0.95).is_err());
    }
}
