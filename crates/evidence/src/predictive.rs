//! How the effect on a new table is distributed.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Direction, Hypothesis, Interval, Scale, TableEffect};

/// The effect on a table that was not seen, as the others tell it: centre + error · T, for T of Student's distribution.
///
/// [`RandomEffects::predictive`](crate::RandomEffects::predictive) and [`MetaRegression::predictive`](crate::MetaRegression::predictive)
/// make it.
///
/// ```
/// use smallbatch_evidence::{RandomEffects, Scale};
///
/// let over_tables = RandomEffects { mean: 0.7, standard_error: 0.1, tau: 0.3, n_tables: 30 };
/// let predictive = over_tables.predictive();
/// assert_eq!(predictive.interval(0.95, Scale::Ratio), over_tables.prediction(0.95, Scale::Ratio));
/// let wider = predictive.widened(1.5).interval(0.95, Scale::Ratio);
/// assert!(wider.low < over_tables.prediction(0.95, Scale::Ratio).low);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predictive {
    pub(crate) centre: f64,
    /// √(τ² + se²): from table to table, and of the centre.
    pub(crate) error: f64,
    /// Without degrees of freedom above 0 nothing is told.
    pub(crate) freedom: f64,
}

impl Predictive {
    /// The same, so many times as wide: see [`LeftOut::widening`](crate::LeftOut::widening).
    #[must_use]
    pub fn widened(mut self, factor: f64) -> Self {
        self.error *= factor;
        self
    }

    /// The prediction interval. Open without degrees of freedom, and where the error is 0.
    pub fn interval(&self, confidence: f64, scale: Scale) -> Interval {
        Interval::student(self.centre, self.error, self.freedom, confidence, scale)
    }

    /// The probability of the claimed effects; `None` where the interval is open.
    pub fn share(&self, hypothesis: &Hypothesis, scale: Scale) -> Option<f64> {
        let student = StudentsT::new(self.centre, self.error, self.freedom).ok()?;
        let working = |effect: f64| match scale {
            Scale::Difference => effect,
            // No ratio is below 0.
            Scale::Ratio => effect.max(0.0).ln(),
        };
        let below = |effect: f64| match working(effect) {
            f64::NEG_INFINITY => 0.0,
            effect => student.cdf(effect),
        };
        let none = scale.no_effect();
        Some(match hypothesis.direction() {
            Direction::Greater => 1.0 - below(hypothesis.threshold().unwrap_or(none)),
            Direction::Less => below(none),
            Direction::Same => {
                let (low, high) = hypothesis.band(scale);
                below(high) - below(low)
            }
        })
    }

    /// Of what is measured on a table with these errors, which add to those of its true effect.
    ///
    /// The degrees of freedom are those of Welch and Satterthwaite for the sum of two variances, f = 1 / (p² / f₁ + (1 - p)² / f₂)
    /// with the part p of the first, and at most those of the true effect.
    pub(crate) fn measured(&self, variance: f64, table: &TableEffect) -> Self {
        let of_effect = self.error.powi(2);
        let sum = of_effect + variance;
        let part = of_effect / sum;
        let freedom =
            1.0 / (part.powi(2) / self.freedom + (1.0 - part).powi(2) / table.degrees_of_freedom);
        Self {
            centre: self.centre,
            error: sum.sqrt(),
            // `min` passes over "not a number": without any errors it is the first.
            freedom: self.freedom.min(freedom),
        }
    }
}
