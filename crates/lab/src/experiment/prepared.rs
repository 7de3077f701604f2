//! The data of one run: split by the seed, and scaled as one arm wants it.

use smallbatch_data::{BatchSize, Batches, Dataset, TargetScaler};
use smallbatch_preprocess::{AnyScaler, FitData, Scaler};

use super::definition::{Arm, Case, Statistics};
use super::sources::step;
use crate::Error;

/// The three parts of one split, scaled as one arm wants it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Fitted to.
    pub(crate) training: Dataset<f32>,
    /// Chosen on.
    pub(crate) validation: Dataset<f32>,
    /// Reported on.
    pub(crate) test: Dataset<f32>,
    /// The test part scaled by its own statistics, one entry for each of the batch sizes asked for.
    pub(crate) own_tests: Vec<Dataset<f32>>,
}

impl Prepared {
    /// Splits by the seed, then scales by what the training part says (or, where the arm leaks, all the data). Targets
    /// that are numbers are standardized by the training part in every arm, so that one loss means the same everywhere.
    ///
    /// For each of `own_tests` the test part is scaled once more, by the statistics of its own batches of that size.
    pub(crate) fn new(
        case: &Case,
        arm: &Arm,
        own_tests: &[BatchSize],
        seed: u64,
    ) -> Result<Self, Error> {
        let source = &case.source;
        let failed = |error| {
            step(
                format!("split and scale {}, seed {seed}", source.name),
                error,
            )
        };
        Self::split(case, arm, own_tests, seed).map_err(failed)
    }

    fn split(
        case: &Case,
        arm: &Arm,
        own_tests: &[BatchSize],
        seed: u64,
    ) -> Result<Self, smallbatch_data::Error> {
        let source = &case.source;
        let split = source.split(case.fractions(), seed)?;
        let fitted = match arm.statistics {
            Statistics::TrainingPart => split.fit(&arm.scaler)?,
            Statistics::AllData => arm.scaler.fit(&FitData::new(source.dataset.features()))?,
        };
        let own_tests = own_tests
            .iter()
            .map(|size| scaled_by_itself(split.test(), &arm.scaler, *size, seed))
            .collect::<Result<_, _>>()?;
        let prepared = Self {
            training: split.train().scaled(&fitted)?,
            validation: split.validation().scaled(&fitted)?,
            test: split.test().scaled(&fitted)?,
            own_tests,
        };
        prepared.with_standardized_target()
    }

    fn with_standardized_target(self) -> Result<Self, smallbatch_data::Error> {
        if self.training.target().as_values().is_none() {
            return Ok(self);
        }
        let scaler = TargetScaler::fit(&self.training)?;
        Ok(Self {
            validation: scaler.apply(&self.validation)?,
            test: scaler.apply(&self.test)?,
            own_tests: self
                .own_tests
                .iter()
                .map(|test| scaler.apply(test))
                .collect::<Result<_, _>>()?,
            training: scaler.apply(&self.training)?,
        })
    }

    /// The mean squared norm of a training sample: an upper bound of the largest eigenvalue of the inputs' second
    /// moment, and close to it where the mean or one feature dominates.
    pub(crate) fn mean_squared_norm(&self) -> f64 {
        let features = self.training.features();
        let sum: f64 = features.iter().map(|value| f64::from(*value).powi(2)).sum();
        sum / features.ncols().max(1) as f64
    }

    /// The training loss of the best constant prediction: the entropy of the classes, or the variance (which is 1,
    /// the targets being standardized).
    pub(crate) fn naive_loss(&self) -> f64 {
        match self.training.target().class_counts() {
            Some(counts) => {
                let n = self.training.n_samples() as f64;
                counts
                    .iter()
                    .filter(|count| **count > 0)
                    .map(|count| *count as f64 / n)
                    .map(|share| -share * share.ln())
                    .sum()
            }
            None => 1.0,
        }
    }

    /// The error of the best constant prediction: the share of all classes but the largest, or 1 - R² of the mean,
    /// which is 1.
    pub(crate) fn naive_error(&self) -> f64 {
        match self.training.target().class_counts() {
            Some(counts) => {
                let largest = counts.iter().max().copied().unwrap_or_default();
                1.0 - largest as f64 / self.training.n_samples().max(1) as f64
            }
            None => 1.0,
        }
    }
}

/// A data set scaled as someone would who has only test batches of this size: by the statistics of each batch. Batches are
/// drawn in random order, so that none holds a single class only because the file is sorted; a short last one is its own.
fn scaled_by_itself(
    test: &Dataset<f32>,
    scaler: &AnyScaler,
    size: BatchSize,
    seed: u64,
) -> Result<Dataset<f32>, smallbatch_data::Error> {
    let size = match size {
        BatchSize::Mini(size) if size < test.n_samples() => size,
        _ => {
            let fitted = scaler.fit(&FitData::new(test.features()))?;
            return test.scaled(&fitted);
        }
    };
    let mut batches = Batches::new(test, BatchSize::Mini(size), seed)?;
    batches.start_epoch(0);
    let order: Vec<usize> = batches.order().unwrap_or_default().to_vec();
    let mut scaled = test.features().clone();
    for members in order.chunks(size) {
        let batch = test.features().select_columns(members);
        let fitted = match members {
            // Scalers refuse to call one sample a statistic. Twice the same sample has the same mean, and no deviation.
            [only] => scaler.fit(&FitData::new(
                &test.features().select_columns(&[*only, *only]),
            ))?,
            _ => scaler.fit(&FitData::new(&batch))?,
        };
        let batch = fitted.transform(&batch)?;
        for (column, &member) in batch.column_iter().zip(members) {
            scaled.set_column(member, &column);
        }
    }
    test.clone().with_features(scaled)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smallbatch_preprocess::StandardScaler;

    use super::super::sources::Shelf;
    use super::*;

    fn case(name: &str) -> Case {
        Case {
            source: Shelf::new(0).built_in(name).unwrap(),
            hidden: vec![4],
            epochs: 1,
            updates: None,
            patience: 1,
            measured: None,
            training_samples: None,
            tuning_seeds: 1,
        }
    }

    fn arm(statistics: Statistics) -> Arm {
        Arm {
            name: "a".into(),
            scaler: StandardScaler::new().into(),
            scaler_name: "standard".into(),
            statistics,
            batch_size: BatchSize::Mini(8),
            optimizer: Default::default(),
        }
    }

    #[test]
    fn own_statistics_are_those_of_the_test_batches() {
        let sizes = [BatchSize::Mini(1), BatchSize::Mini(2), BatchSize::Full];
        let prepared =
            Prepared::new(&case("wine"), &arm(Statistics::TrainingPart), &sizes, 3).unwrap();
        let [one, two, all] = prepared.own_tests.as_slice() else {
            panic!("three were asked for");
        };
        // One sample is its own mean.
        assert!(one.features().iter().all(|value| *value == 0.0));
        // Of two samples one is above the mean as the other is below: ±1, or 0 where they agree.
        let deviation = |value: f32| (value.abs() - 1.0).abs().min(value.abs());
        assert!(two.features().iter().all(|value| deviation(*value) < 1e-4));
        for row in all.features().row_iter() {
            assert!(row.mean().abs() < 1e-4, "{}", row.mean());
        }
        assert_ne!(prepared.test.features(), all.features());
        for test in &prepared.own_tests {
            assert_eq!(test.target(), prepared.test.target());
        }
    }

    #[test]
    fn a_leak_takes_its_statistics_from_all_the_data() {
        let (case, seed) = (case("airfoil"), 5);
        let honest = Prepared::new(&case, &arm(Statistics::TrainingPart), &[], seed).unwrap();
        let leaked = Prepared::new(&case, &arm(Statistics::AllData), &[], seed).unwrap();
        let mean = |prepared: &Prepared| {
            let parts = [&prepared.training, &prepared.validation, &prepared.test];
            let sum: f64 = parts
                .iter()
                .map(|part| {
                    part.features()
                        .row(0)
                        .iter()
                        .map(|x| f64::from(*x))
                        .sum::<f64>()
                })
                .sum();
            sum / case.source.dataset.n_samples() as f64
        };
        assert!(mean(&leaked).abs() < 1e-6, "{}", mean(&leaked));
        assert!(mean(&honest).abs() > 1e-4, "{}", mean(&honest));
        assert_eq!(leaked.training.target(), honest.training.target());
    }

    #[test]
    fn a_constant_is_wrong_about_all_classes_but_one() {
        let prepare = |name| Prepared::new(&case(name), &arm(Statistics::TrainingPart), &[], 1);
        // 71 of 178 wines are of the most frequent cultivar.
        let wine = prepare("wine").unwrap().naive_error();
        assert!((wine - (1.0 - 71.0 / 178.0)).abs() < 0.01, "{wine}");
        assert_eq!(prepare("airfoil").unwrap().naive_error(), 1.0);
    }

    #[test]
    fn few_training_samples_leave_the_rest_for_measuring() {
        let mut case = case("digits");
        case.training_samples = Some(200);
        let prepared = Prepared::new(&case, &arm(Statistics::TrainingPart), &[], 1).unwrap();
        let counts = [
            prepared.training.n_samples(),
            prepared.validation.n_samples(),
            prepared.test.n_samples(),
        ];
        assert!(counts[0].abs_diff(200) <= 5, "{counts:?}");
        assert!(counts[1].abs_diff(counts[2]) <= 10, "{counts:?}");
        assert!(Arc::strong_count(&case.source) == 1);
    }
}
