//! Between a table's target and what a network puts out.

use nalgebra::DMatrix;
use smallbatch_data::Target;
use smallbatch_predict::Output;

use crate::Error;

/// What is learned of a target, and done with many rows at once; what one row becomes is `smallbatch-predict`'s own.
pub(crate) trait FitOutput: Sized {
    /// Learns from the targets of training rows, with weights where they have some. The logarithm is taken where it is asked for and
    /// all are positive.
    fn fit(target: &Target<f64>, weights: Option<&[f64]>, logarithm: bool) -> Self;

    /// What the network is to put out for these targets.
    fn encode(&self, target: &Target<f64>) -> Target<f64>;

    /// Predictions from what the network puts out, shape (outputs, rows).
    fn decode(&self, outputs: DMatrix<f64>) -> DMatrix<f64>;

    /// The same with s as these predictions, made with s = 1, ask for.
    fn smeared(self, predictions: &DMatrix<f64>, target: &Target<f64>) -> Self;
}

/// Differences of a target that can be squared, and their squares added up, with room for errors a millionth as large.
const SQUARED: std::ops::RangeInclusive<f64> = 1e-140..=1e140;

/// Refuses a target whose losses would be 0 or infinite for its unit alone.
pub(crate) fn check_unit(target: &Target<f64>) -> Result<(), Error> {
    let Target::Values { values, names } = target else {
        return Ok(());
    };
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
            (low.min(*y), high.max(*y))
        });
    let span = high - low;
    if span <= 0.0 || SQUARED.contains(&span) {
        return Ok(());
    }
    Err(Error::TargetUnit {
        target: names.first().cloned().unwrap_or_default(),
        low,
        high,
    })
}

impl FitOutput for Output {
    fn fit(target: &Target<f64>, weights: Option<&[f64]>, logarithm: bool) -> Self {
        let Some(values) = target.as_values() else {
            return Self::Probabilities;
        };
        let logarithm = logarithm && values.iter().all(|value| *value > 0.0);
        let numbers: Vec<f64> = if logarithm {
            values.iter().map(|value| value.ln()).collect()
        } else {
            values.iter().copied().collect()
        };
        let weight = |at: usize| weights.map_or(1.0, |weights| weights[at]);
        let total: f64 = (0..numbers.len()).map(weight).sum();
        let mean_of = |f: &dyn Fn(f64) -> f64| {
            let sum: f64 = numbers
                .iter()
                .enumerate()
                .map(|(at, y)| weight(at) * f(*y))
                .sum();
            sum / total
        };
        let mean = mean_of(&|y| y);
        let deviation = mean_of(&|y| (y - mean).powi(2)).sqrt();
        let scale = if deviation > 0.0 { deviation } else { 1.0 };
        if logarithm {
            let largest = numbers.iter().map(|y| ((y - mean) / scale).abs());
            Self::Logarithm {
                mean,
                scale,
                smear: 1.0,
                reach: 1.5 * largest.fold(0.0, f64::max),
            }
        } else {
            Self::Number { mean, scale }
        }
    }

    fn encode(&self, target: &Target<f64>) -> Target<f64> {
        let (mean, scale, logarithm) = match *self {
            Self::Probabilities => return target.clone(),
            Self::Number { mean, scale } => (mean, scale, false),
            Self::Logarithm { mean, scale, .. } => (mean, scale, true),
        };
        match target {
            Target::Values { values, names } => Target::Values {
                values: values.map(|y| ((if logarithm { y.ln() } else { y }) - mean) / scale),
                names: names.clone(),
            },
            other => other.clone(),
        }
    }

    fn decode(&self, mut outputs: DMatrix<f64>) -> DMatrix<f64> {
        outputs.apply(|z| *z = self.number(*z));
        outputs
    }

    fn smeared(self, predictions: &DMatrix<f64>, target: &Target<f64>) -> Self {
        let (
            Self::Logarithm {
                mean, scale, reach, ..
            },
            Some(values),
        ) = (self, target.as_values())
        else {
            return self;
        };
        let smear = values.sum() / predictions.sum();
        let smear = if smear.is_finite() && smear > 0.0 {
            smear.clamp(0.5, 2.0)
        } else {
            1.0
        };
        Self::Logarithm {
            mean,
            scale,
            smear,
            reach,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_in_which_squares_are_no_numbers_is_refused() {
        let of = |unit: f64| check_unit(&Target::numbers(vec![unit, 3.0 * unit, 2.0 * unit]));
        for unit in [1e-139, -1e-100, 1.0, 1e139] {
            of(unit).unwrap();
        }
        for unit in [1e-300, -1e-300, 1e-150, 1e150, 1e300] {
            let said = of(unit).unwrap_err().to_string();
            assert!(
                said.contains("in another unit") && said.len() < 200,
                "{said}"
            );
        }
        check_unit(&Target::numbers(vec![1e-300; 3])).unwrap();
    }

    #[test]
    fn decoding_undoes_encoding() {
        let target = Target::numbers(vec![1.0, 10.0, 100.0, 1000.0]);
        for logarithm in [false, true] {
            let output = Output::fit(&target, None, logarithm);
            let encoded = output.encode(&target);
            let numbers = encoded.as_values().unwrap();
            assert!(numbers.mean().abs() < 1e-12 && (numbers.variance() - 1.0).abs() < 1e-12);
            let decoded = output.decode(numbers.clone());
            assert!((decoded - target.as_values().unwrap()).amax() < 1e-9);
        }
        let with_zero = Target::numbers(vec![0.0, 1.0]);
        assert!(matches!(
            Output::fit(&with_zero, None, true),
            Output::Number { .. }
        ));
    }

    /// The exponential of what a network says far outside would be beyond all that was seen.
    #[test]
    fn far_outside_a_logarithm_has_an_end() {
        let target = Target::numbers(vec![1.0, 10.0, 100.0]);
        let output = Output::fit(&target, None, true);
        let far = output.decode(DMatrix::from_element(1, 1, 1e6));
        assert!(far[0] > 100.0 && far[0] < 1_000.0, "{far}");
    }

    #[test]
    fn the_smear_brings_the_mean_back() {
        let target = Target::numbers(vec![1.0, 3.0, 8.0]);
        let output = Output::fit(&target, None, true);
        // A network that knows nothing says the mean of the logarithms: the geometric mean, below the mean.
        let constant = output.decode(DMatrix::zeros(1, 3));
        let smeared = output.smeared(&constant, &target);
        let predicted = smeared.decode(DMatrix::zeros(1, 3));
        assert!((predicted.mean() - 4.0).abs() < 1e-9, "{predicted}");
    }
}
