//! Do intervals mean what they say? Ask runs of the same design with other seeds.

use crate::{Interval, Scale, median};

/// How often the intervals of several runs contain what the other runs found.
///
/// One design, run with several base seeds, gives one estimate with an interval a run. The true effect is not known, but the
/// mean of the *other* runs' estimates is nearly it. If the intervals are honest, about as many of them contain that mean
/// as their confidence says; with m runs whose estimates have the standard deviation σ, the mean of the others has an error
/// of σ/√(m - 1) of its own, which costs 2 points at 8 runs and half a point at 20 (95 % become 93 and 94.4 %). Intervals
/// that leave out a source of variation contain it far less often.
///
/// Coverage alone is easy: intervals need only be wide. So the half-width is given in standard deviations of the estimates,
/// √(Σ(x - mean)² / (m - 1)). At 95 % it is about 2 for many degrees of freedom, and 3.2 for three. All is computed on the
/// scale of differences, or of logarithms of ratios.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Interval, MutualCoverage, Scale};
///
/// let run = |estimate: f64, half: f64| {
///     Interval::new(Some(estimate), estimate - half, estimate + half, Scale::Difference, 0.95)
/// };
/// // Three runs that differ by more than each of them admits.
/// let found = MutualCoverage::of(&[run(1.0, 0.2), run(2.0, 0.2), run(1.4, 0.2)]).expect("three runs");
/// assert_eq!((found.covered, found.cases), (1, 3));
/// assert!((found.half_width_in_deviations - 0.397_4).abs() < 1e-4); // 0.2 of 0.503
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MutualCoverage {
    /// How many intervals contain the mean of the other runs' estimates.
    pub covered: usize,
    /// How many intervals were asked.
    pub cases: usize,
    /// The median half-width in standard deviations of the estimates; infinite where more than half of the intervals are
    /// open, or all estimates are equal.
    pub half_width_in_deviations: f64,
}

impl MutualCoverage {
    /// Of the runs of one design on one table, or over one population of tables: an interval a run. Intervals without an
    /// estimate do not count. `None` for fewer than two with one.
    ///
    /// Intervals may be ratios or differences; ratios are compared by their logarithms.
    pub fn of(runs: &[Interval]) -> Option<Self> {
        let runs: Vec<(f64, f64, f64)> = runs.iter().filter_map(working).collect();
        if runs.len() < 2 {
            return None;
        }
        // From the first one, so that equal estimates have no deviation at all.
        let (origin, ..) = runs[0];
        let sum: f64 = runs.iter().map(|(estimate, ..)| estimate - origin).sum();
        let others = (runs.len() - 1) as f64;
        let mean = sum / runs.len() as f64;
        let squares: f64 = runs
            .iter()
            .map(|(estimate, ..)| (estimate - origin - mean).powi(2))
            .sum();
        let deviation = (squares / others).sqrt();
        let covered = runs
            .iter()
            .filter(|(estimate, low, high)| {
                let of_others = origin + (sum - (estimate - origin)) / others;
                *low <= of_others && of_others <= *high
            })
            .count();
        let half_widths: Vec<f64> = runs
            .iter()
            .map(|(_, low, high)| {
                let ratio = (high - low) / 2.0 / deviation;
                // No width of no deviation; or infinite in both.
                if ratio.is_nan() { f64::INFINITY } else { ratio }
            })
            .collect();
        Some(Self {
            covered,
            cases: runs.len(),
            half_width_in_deviations: median(&half_widths).unwrap_or(f64::INFINITY),
        })
    }

    /// Several designs, or tables, together: the cases of all, and the median of their half-widths. `None` of none.
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::MutualCoverage;
    ///
    /// let of = |covered, half_width_in_deviations| MutualCoverage {
    ///     covered,
    ///     cases: 20,
    ///     half_width_in_deviations,
    /// };
    /// let all = MutualCoverage::merge(&[of(19, 2.0), of(20, 2.4), of(17, 1.7)]).expect("three");
    /// assert_eq!((all.covered, all.cases, all.half_width_in_deviations), (56, 60, 2.0));
    /// assert!((all.share() - 0.933).abs() < 1e-3);
    /// ```
    pub fn merge(parts: &[Self]) -> Option<Self> {
        let half_widths: Vec<f64> = parts
            .iter()
            .map(|part| part.half_width_in_deviations)
            .collect();
        Some(Self {
            covered: parts.iter().map(|part| part.covered).sum(),
            cases: parts.iter().map(|part| part.cases).sum(),
            half_width_in_deviations: median(&half_widths)?,
        })
    }

    /// The share of intervals that contain the mean of the others, from 0 to 1; 0 of no cases.
    pub fn share(&self) -> f64 {
        self.covered as f64 / self.cases.max(1) as f64
    }
}

/// Estimate and ends on the scale on which effects are averaged; `None` without an estimate there.
fn working(interval: &Interval) -> Option<(f64, f64, f64)> {
    let on = |value: f64| match interval.scale {
        Scale::Difference => value,
        Scale::Ratio => value.max(0.0).ln(),
    };
    let estimate = on(interval.estimate?);
    estimate
        .is_finite()
        .then(|| (estimate, on(interval.low), on(interval.high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(estimate: f64, half: f64) -> Interval {
        let (low, high) = (estimate - half, estimate + half);
        Interval::new(Some(estimate), low, high, Scale::Difference, 0.95)
    }

    #[test]
    fn ratios_are_compared_by_their_logarithms() {
        let differences = [run(0.1, 0.3), run(0.5, 0.2), run(-0.2, 0.4), run(0.3, 0.1)];
        let ratios = differences.map(|interval| interval.on(Scale::Ratio));
        let (found, expected) = (
            MutualCoverage::of(&ratios).expect("four runs"),
            MutualCoverage::of(&differences).expect("four runs"),
        );
        assert_eq!(found.covered, expected.covered);
        let (found, expected) = (
            found.half_width_in_deviations,
            expected.half_width_in_deviations,
        );
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    }

    #[test]
    fn of_two_runs_each_is_held_against_the_other() {
        let found = MutualCoverage::of(&[run(0.0, 0.5), run(1.0, 1.5)]).expect("two runs");
        assert_eq!((found.covered, found.cases), (1, 2));
        // A deviation of √½, and half-widths of 0.5 and 1.5.
        assert!((found.half_width_in_deviations - 2.0f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn open_intervals_cover_and_have_infinite_width() {
        let inf = f64::INFINITY;
        let found = MutualCoverage::of(&[run(0.0, inf), run(1.0, inf), run(2.0, 0.1)]);
        let found = found.expect("three runs");
        assert_eq!((found.covered, found.cases), (2, 3));
        assert_eq!(found.half_width_in_deviations, inf);
    }

    #[test]
    fn equal_estimates_and_missing_ones() {
        let equal = MutualCoverage::of(&[run(0.1, 0.0); 3]).expect("three runs");
        assert_eq!((equal.covered, equal.cases), (3, 3));
        assert_eq!(equal.half_width_in_deviations, f64::INFINITY);
        let missing = Interval::new(None, 0.0, 1.0, Scale::Ratio, 0.95);
        assert_eq!(MutualCoverage::of(&[run(0.1, 0.2), missing]), None);
        assert_eq!(MutualCoverage::of(&[]), None);
        assert_eq!(MutualCoverage::merge(&[]), None);
    }
}
