//! The cost curve of batch sizes.

/// The cost rises when the largest batch costs more than the least by this part.
const RISE: f64 = 1e-6;

/// The samples E that it takes to a target, by the batch size B: E(B) = E_min (1 + B / B_crit), fitted (McCandlish et al. 2018).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CostFit {
    pub(crate) e_min: f64,
    pub(crate) b_crit: f64,
}

impl CostFit {
    /// Through the points (batch, samples), all finite: the least squares of (measured - fitted) / measured, which is linear
    /// in E_min and E_min / B_crit. `None` for fewer than two batch sizes, and where the points do not rise from a cost
    /// above 0.
    pub(crate) fn through(points: &[(f64, f64)]) -> Option<Self> {
        // Rows (1/E, B/E) against 1.
        let (mut s00, mut s01, mut s11, mut t0, mut t1) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for &(batch, samples) in points {
            let (u, v) = (1.0 / samples, batch / samples);
            s00 += u * u;
            s01 += u * v;
            s11 += v * v;
            t0 += u;
            t1 += v;
        }
        let determinant = s00 * s11 - s01 * s01;
        if determinant <= 1e-12 * s00 * s11 {
            return None;
        }
        let e_min = (t0 * s11 - t1 * s01) / determinant;
        let slope = (t1 * s00 - t0 * s01) / determinant;
        // Costs that are equal but for rounding do not rise.
        let widest = points.iter().map(|point| point.0).fold(0.0, f64::max);
        (e_min > 0.0 && slope * widest > RISE * e_min).then(|| Self {
            e_min,
            b_crit: e_min / slope,
        })
    }

    pub(crate) fn cost(&self, batch: f64) -> f64 {
        self.e_min * (1.0 + batch / self.b_crit)
    }

    /// The root mean square of ln(measured / fitted).
    pub(crate) fn relative_error(&self, points: &[(f64, f64)]) -> f64 {
        let squares: f64 = points
            .iter()
            .map(|(batch, samples)| (samples / self.cost(*batch)).ln().powi(2))
            .sum();
        (squares / points.len() as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_points_give_their_curve() {
        let truth = CostFit {
            e_min: 5_000.0,
            b_crit: 40.0,
        };
        let points = [4.0, 16.0, 900.0].map(|batch| (batch, truth.cost(batch)));
        let fit = CostFit::through(&points).expect("it rises");
        assert!((fit.e_min / 5_000.0 - 1.0).abs() < 1e-9 && (fit.b_crit / 40.0 - 1.0).abs() < 1e-9);
        assert!(fit.relative_error(&points) < 1e-9);
    }

    #[test]
    fn costs_that_do_not_rise_have_no_critical_batch() {
        assert_eq!(
            CostFit::through(&[(4.0, 100.0), (16.0, 90.0), (64.0, 80.0)]),
            None
        );
        assert_eq!(
            CostFit::through(&[(4.0, 100.0), (16.0, 100.0), (64.0, 100.0)]),
            None
        );
        assert_eq!(CostFit::through(&[(4.0, 100.0)]), None);
        assert_eq!(CostFit::through(&[]), None);
    }
}
