//! The rows of a job: split by the seed, and scaled as it says.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchSize, Batches, Dataset, Error, Split, Splitter, Target};
use smallbatch_preprocess::{
    Affine, AnyScaler, FitData, MinMaxScaler, PerSample, QuantileTransformer, RobustScaler, Scaler,
    Scaling as Divisor, StandardScaler,
};

use crate::{JobScaling, JobSplit, NamedTable};

/// The losses of the best constant prediction: the mean, or the frequencies of the classes, of the training part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constant {
    /// On the training part: the variance of the target, which is 1 since targets are standardized, or the classes' entropy.
    pub training: f64,
    /// On the validation part.
    pub validation: f64,
    /// On the test part.
    pub test: f64,
}

/// The three parts of one split, scaled.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) training: Dataset<f32>,
    pub(crate) validation: Dataset<f32>,
    pub(crate) test: Dataset<f32>,
    /// The test part before scaling, but with its target standardized.
    raw_test: Dataset<f32>,
    /// The seed of the split: it decides the test batches, too.
    seed: u64,
    pub(crate) constant: Constant,
    /// The standardization that is folded into the initial weights.
    pub(crate) fold: Option<Affine>,
}

impl Prepared {
    /// Splits by the seed, then scales by what the training part says (or, where it leaks, all rows). Targets that are numbers are
    /// standardized by the training part, so that a loss means the same everywhere.
    pub(crate) fn new(
        table: &NamedTable,
        part: JobSplit,
        scaling: JobScaling,
    ) -> Result<Self, smallbatch_data::Error> {
        let mut split = split(table.dataset(), part)?;
        if split.train().target().as_values().is_some() {
            split = split.with_scaled_targets()?.0;
        }
        let [training, validation, test] = match scaler(scaling) {
            Some(scaler) => {
                let fitted = match scaling {
                    JobScaling::Leaked => scaler.fit(&FitData::new(table.dataset().features()))?,
                    _ => split.fit(&scaler)?,
                };
                [
                    split.train().scaled(&fitted)?,
                    split.validation().scaled(&fitted)?,
                    split.test().scaled(&fitted)?,
                ]
            }
            None => by_one_number(&split)?,
        };
        let fold = match scaling {
            JobScaling::RawSameStart => split.fit(&StandardScaler::new())?.affine(),
            _ => None,
        };
        Ok(Self {
            constant: Constant::of(&training, &validation, &test),
            training,
            validation,
            test,
            raw_test: split.test().clone(),
            seed: part.split,
            fold,
        })
    }

    /// The test part standardized as someone would who has only test batches of this size: by the statistics of each batch. Batches
    /// are drawn in random order, so that none holds a single class only because the file is sorted; a short last one is its own.
    pub(crate) fn test_by_itself(
        &self,
        size: usize,
    ) -> Result<Dataset<f32>, smallbatch_data::Error> {
        let (test, scaler) = (&self.raw_test, StandardScaler::new());
        if size >= test.n_samples() {
            let fitted = scaler.fit(&FitData::new(test.features()))?;
            return test.scaled(&fitted);
        }
        let mut batches = Batches::new(test, BatchSize::Mini(size), self.seed)?;
        batches.start_epoch(0);
        let order: Vec<usize> = batches.order().unwrap_or_default().to_vec();
        let mut scaled = test.features().clone();
        for members in order.chunks(size) {
            // Scalers refuse to call one sample a statistic. Twice the same sample has the same mean, and no deviation.
            let fitted_to = match members {
                [only] => vec![*only, *only],
                _ => members.to_vec(),
            };
            let fitted = scaler.fit(&FitData::new(&test.features().select_columns(&fitted_to)))?;
            let batch = fitted.transform(&test.features().select_columns(members))?;
            for (column, &member) in batch.column_iter().zip(members) {
                scaled.set_column(member, &column);
            }
        }
        test.clone().with_features(scaled)
    }

    /// A rate to begin a search with. For a linear unit descent is stable below 2 / λ_max of the inputs' second moment, and the mean squared
    /// norm of a sample (with the bias's 1) bounds λ_max.
    pub(crate) fn stable_rate(&self) -> f64 {
        let features = self.training.features();
        let squares: f64 = features.iter().map(|value| f64::from(*value).powi(2)).sum();
        2.0 / (1.0 + squares / features.ncols().max(1) as f64)
    }
}

/// The split of a job. Of a large table it is one of a sample. Classes keep their shares, where each has rows enough; equal rows, and
/// those of a group, stay together.
fn split(dataset: &Dataset<f32>, part: JobSplit) -> Result<Split<f32>, smallbatch_data::Error> {
    let by_shares = |dataset: &Dataset<f32>, [training, validation, test]: [f64; 3]| {
        let splitter = Splitter::new(part.split)
            .fractions(training, validation, test)
            .copies_together();
        let Target::Classes { .. } = dataset.target() else {
            return splitter.split(dataset);
        };
        match splitter.clone().stratified().split(dataset) {
            // A class of two rows cannot be in three parts, and is no reason to leave out its table.
            Err(Error::ClassTooSmall { .. }) => splitter.split(dataset),
            split => split,
        }
    };
    match part.rows.filter(|&rows| rows < dataset.n_samples()) {
        None => by_shares(dataset, JobSplit::SHARES),
        Some(rows) => {
            let sample = rows as f64 / dataset.n_samples() as f64;
            let rest = (1.0 - sample) / 2.0;
            let sampled = by_shares(dataset, [sample, rest, rest])?;
            by_shares(sampled.train(), JobSplit::SHARES)
        }
    }
}

/// The scaler of a job; `None` for the one that is no scaler of `preprocess`.
fn scaler(scaling: JobScaling) -> Option<AnyScaler> {
    Some(match scaling {
        JobScaling::Raw | JobScaling::RawSameStart => AnyScaler::Identity,
        JobScaling::Centred => StandardScaler::new().scaling(Divisor::None).into(),
        JobScaling::Standardized | JobScaling::Leaked => StandardScaler::new().into(),
        JobScaling::MinMax => MinMaxScaler::new().into(),
        JobScaling::Robust => RobustScaler::new().into(),
        JobScaling::Quantile => QuantileTransformer::new().into(),
        JobScaling::PerSample => PerSample::new().into(),
        JobScaling::Global => return None,
    })
}

/// Divides by the root of the mean square of all numbers of the training part.
fn by_one_number(split: &Split<f32>) -> Result<[Dataset<f32>; 3], smallbatch_data::Error> {
    let features = split.train().features();
    let squares: f64 = features.iter().map(|value| f64::from(*value).powi(2)).sum();
    let root = (squares / features.len().max(1) as f64).sqrt();
    let divisor = if root > 0.0 { root } else { 1.0 };
    let scaled = |part: &Dataset<f32>| {
        #[allow(clippy::cast_possible_truncation)] // Inputs are f32.
        let divided: DMatrix<f32> = part
            .features()
            .map(|value| (f64::from(value) / divisor) as f32);
        part.clone().with_features(divided)
    };
    Ok([
        scaled(split.train())?,
        scaled(split.validation())?,
        scaled(split.test())?,
    ])
}

impl Constant {
    fn of(training: &Dataset<f32>, validation: &Dataset<f32>, test: &Dataset<f32>) -> Self {
        let Some(counts) = training.target().class_counts() else {
            return Self {
                training: variance(training),
                validation: variance(validation),
                test: variance(test),
            };
        };
        let n = training.n_samples() as f64;
        // A class that the training part lacks counts as half a sample: its logarithm must be finite.
        let shares: Vec<f64> = counts
            .iter()
            .map(|&count| (count as f64).max(0.5) / n)
            .collect();
        let loss = |part: &Dataset<f32>| {
            let counts = part.target().class_counts().unwrap_or_default();
            let total: f64 = counts
                .iter()
                .zip(&shares)
                .map(|(&count, share)| -(count as f64) * share.ln())
                .sum();
            total / part.n_samples().max(1) as f64
        };
        Self {
            training: loss(training),
            validation: loss(validation),
            test: loss(test),
        }
    }
}

/// The mean square of targets whose mean over the training part is 0, over samples and outputs.
fn variance(part: &Dataset<f32>) -> f64 {
    let Some(values) = part.target().as_values() else {
        return f64::NAN;
    };
    let squares: f64 = values.iter().map(|value| f64::from(*value).powi(2)).sum();
    squares / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use smallbatch_data::builtin;

    use super::*;

    fn wine() -> NamedTable {
        NamedTable::new("wine", "", builtin::wine().unwrap())
    }

    fn airfoil() -> NamedTable {
        NamedTable::new("airfoil", "", builtin::airfoil().unwrap())
    }

    fn prepared(table: &NamedTable, scaling: JobScaling) -> Prepared {
        let part = JobSplit {
            split: 3,
            rows: None,
        };
        Prepared::new(table, part, scaling).unwrap()
    }

    const ALL: [JobScaling; 10] = [
        JobScaling::Raw,
        JobScaling::RawSameStart,
        JobScaling::Centred,
        JobScaling::Standardized,
        JobScaling::Global,
        JobScaling::MinMax,
        JobScaling::Robust,
        JobScaling::Quantile,
        JobScaling::PerSample,
        JobScaling::Leaked,
    ];

    #[test]
    fn all_scalings_train_on_the_same_rows() {
        let table = wine();
        let raw = prepared(&table, JobScaling::Raw);
        for scaling in ALL {
            let other = prepared(&table, scaling);
            assert_eq!(
                other.training.target(),
                raw.training.target(),
                "{scaling:?}"
            );
            assert_eq!(other.test.target(), raw.test.target());
            assert_eq!(other.constant, raw.constant);
            let is_raw = matches!(scaling, JobScaling::Raw | JobScaling::RawSameStart);
            assert_eq!(other.training.features() == raw.training.features(), is_raw);
        }
    }

    #[test]
    fn one_number_keeps_the_ratios_between_features() {
        let table = wine();
        let (raw, global) = (
            prepared(&table, JobScaling::Raw),
            prepared(&table, JobScaling::Global),
        );
        let ratio = |part: &Prepared| part.test.features()[(12, 0)] / part.test.features()[(3, 0)];
        assert!((ratio(&raw) / ratio(&global) - 1.0).abs() < 1e-5);
        let squares: f32 = global.training.features().iter().map(|x| x * x).sum();
        assert!((squares / global.training.features().len() as f32 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_constant_has_the_entropy_or_the_variance() {
        let numbers = prepared(&airfoil(), JobScaling::Raw).constant;
        assert!((numbers.training - 1.0).abs() < 1e-5, "{numbers:?}");
        assert!((numbers.test - 1.0).abs() < 0.3, "{numbers:?}");
        // 59, 71 and 48 wines: an entropy of 1.086.
        let classes = prepared(&wine(), JobScaling::Raw).constant;
        assert!((classes.training - 1.086).abs() < 0.01, "{classes:?}");
    }

    #[test]
    fn own_statistics_are_those_of_the_test_batches() {
        let wine = prepared(&wine(), JobScaling::Standardized);
        // One sample is its own mean.
        let one = wine.test_by_itself(1).unwrap();
        assert!(one.features().iter().all(|value| *value == 0.0));
        // Of two samples one is above the mean as the other is below: ±1, or 0 where they agree.
        let two = wine.test_by_itself(2).unwrap();
        let deviation = |value: f32| (value.abs() - 1.0).abs().min(value.abs());
        assert!(two.features().iter().all(|value| deviation(*value) < 1e-4));
        let all = wine.test_by_itself(1_000).unwrap();
        assert!(all.features().row_iter().all(|row| row.mean().abs() < 1e-4));
        assert_ne!(wine.test.features(), all.features());
        assert_eq!(all.target(), wine.test.target());
    }

    #[test]
    fn a_leak_takes_its_statistics_from_all_the_rows() {
        let table = airfoil();
        let mean = |prepared: &Prepared| {
            let parts = [&prepared.training, &prepared.validation, &prepared.test];
            let rows = parts.map(|part| part.features().row(0).map(f64::from).sum());
            rows.iter().sum::<f64>() / table.dataset().n_samples() as f64
        };
        let leaked = mean(&prepared(&table, JobScaling::Leaked));
        let honest = mean(&prepared(&table, JobScaling::Standardized));
        assert!(leaked.abs() < 1e-5, "{leaked}");
        assert!(honest.abs() > 1e-4, "{honest}");
    }

    #[test]
    fn a_class_of_two_rows_does_not_leave_out_its_table() {
        let target = Target::classes((0..60).map(|row| u32::from(row > 57)).collect());
        let features = DMatrix::from_fn(2, 60, |feature, row| ((row * (feature + 3)) % 17) as f32);
        let table = NamedTable::new("rare", "", Dataset::new(features, target).unwrap());
        for rows in [None, Some(40)] {
            let part = JobSplit { split: 3, rows };
            let prepared = Prepared::new(&table, part, JobScaling::Raw).unwrap();
            assert!(prepared.constant.test.is_finite());
        }
    }

    #[test]
    fn of_a_large_table_a_sample_is_drawn_and_split_by_the_same_shares() {
        let sampled = |split| {
            let part = JobSplit {
                split,
                rows: Some(500),
            };
            Prepared::new(&airfoil(), part, JobScaling::Raw).unwrap()
        };
        let (one, other) = (sampled(1), sampled(2));
        for prepared in [&one, &other] {
            let parts = [&prepared.training, &prepared.validation, &prepared.test];
            let [training, validation, test] = parts.map(Dataset::n_samples);
            assert!(training.abs_diff(300) <= 3, "{training}");
            assert!(validation.abs_diff(100) <= 3 && test.abs_diff(100) <= 3);
        }
        assert_ne!(one.training.features(), other.training.features());
        let of_all = |rows| JobSplit { split: 3, rows };
        let all = Prepared::new(&wine(), of_all(Some(500)), JobScaling::Raw).unwrap();
        let expected = prepared(&wine(), JobScaling::Raw);
        assert_eq!(all.training.features(), expected.training.features());
    }
}
