//! The effects on tables, checked, as the models over tables take them.

use crate::error::number;
use crate::{Error, median};

/// A table's standard error counts as at least this part of the median one.
const LEAST_PART: f64 = 0.1;

/// The effects with their variances, small ones raised.
pub(crate) struct Tables {
    /// Each with its variance.
    pub(crate) effects: Vec<(f64, f64)>,
    /// Σ (y - mean)², without weights.
    pub(crate) squares: f64,
}

impl Tables {
    pub(crate) fn of(effects: &[(f64, f64)]) -> Result<Self, Error> {
        for (position, (effect, error)) in effects.iter().enumerate() {
            check(
                position,
                "effect",
                *effect,
                "a finite number",
                effect.is_finite(),
            )?;
            let good = error.is_finite() && *error >= 0.0;
            check(
                position,
                "standard error",
                *error,
                "zero or more, and finite",
                good,
            )?;
        }
        let k = effects.len().max(1) as f64;
        // From the first one, so that equal effects have no spread at all.
        let origin = effects.first().map_or(0.0, |(effect, _)| *effect);
        let mean = origin
            + effects
                .iter()
                .map(|(effect, _)| effect - origin)
                .sum::<f64>()
                / k;
        let squares: f64 = effects
            .iter()
            .map(|(effect, _)| (effect - mean).powi(2))
            .sum();
        let effects: Vec<(f64, f64)> = effects
            .iter()
            .map(|(effect, _)| *effect)
            .zip(counted_variances(effects))
            .collect();
        let variances: f64 = effects.iter().map(|(_, variance)| variance).sum();
        if squares.is_finite() && variances.is_finite() {
            return Ok(Self { effects, squares });
        }
        Err(Error::Statistic {
            statistic: "random effects",
            what: "the spread of the effects, or of their standard errors,".into(),
            value: "beyond the range of numbers".into(),
            expected: "finite when squared; are these logarithms of ratios?",
        })
    }
}

/// The squares of the standard errors, small ones raised.
pub(crate) fn counted_variances(effects: &[(f64, f64)]) -> Vec<f64> {
    let positive: Vec<f64> = effects
        .iter()
        .map(|(_, error)| *error)
        .filter(|error| *error > 0.0)
        .collect();
    let least = LEAST_PART * median(&positive).unwrap_or(0.0);
    effects
        .iter()
        .map(|(_, error)| error.max(least).powi(2))
        .collect()
}

fn check(
    table: usize,
    what: &str,
    value: f64,
    expected: &'static str,
    good: bool,
) -> Result<(), Error> {
    if good {
        return Ok(());
    }
    Err(Error::Statistic {
        statistic: "random effects",
        what: format!("the {what} of table {table}"),
        value: number(value),
        expected,
    })
}
