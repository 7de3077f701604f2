//! What is measured on a network inside a training: the curvature of its loss, the noise of its gradient.

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use smallbatch_data::Dataset;
use smallbatch_mlp::{Lanczos, Mlp, Parameters};

use crate::prepared::Prepared;
use crate::training::{batch_of, model_after};
use crate::{Error, Job};

/// A measurement on the network of a job after so many updates of its training, over all rows of the training part. 0 updates is
/// the network at its initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// The largest eigenvalue λ_max of the Hessian of the mean loss with respect to all parameters. Plain gradient descent with
    /// a rate above 2/λ_max diverges on a quadratic with that curvature (LeCun et al. 1998). At the end of a training it is called
    /// sharpness (Keskar et al. 2017).
    LargestCurvature {
        /// Updates made before.
        at: u64,
    },
    /// The simple noise scale tr(Σ)/|G|², in samples: G is the mean gradient, Σ the covariance of the samples' gradients, both
    /// exact over the training part. It predicts the critical batch size (McCandlish et al. 2018).
    NoiseScale {
        /// Updates made before.
        at: u64,
    },
}

impl Probe {
    /// Updates made before.
    pub fn at(self) -> u64 {
        match self {
            Self::LargestCurvature { at } | Self::NoiseScale { at } => at,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::LargestCurvature { .. } => "largest curvature",
            Self::NoiseScale { .. } => "noise scale",
        }
    }

    /// The job without what does not change the answer: how long it goes on after the probe, and its own tests.
    pub(crate) fn job(self, job: &Job) -> Job {
        Job {
            n_updates: self.at(),
            tests: Vec::new(),
            ..job.clone()
        }
    }
}

/// Measures; `None` where the training had diverged by then, or the number is not finite.
pub(crate) fn measure(
    job: &Job,
    probe: Probe,
    data: &Prepared,
    stop: &AtomicBool,
) -> Result<Option<f64>, Error> {
    let Some(model) = model_after(&probe.job(job), data, stop)? else {
        return Ok(None);
    };
    let doing = || format!("measure the {} of {}", probe.words(), job.words());
    // In double precision: at raw inputs the squares of gradients leave the range of single precision.
    let training: Dataset<f64> = data
        .training
        .cast()
        .map_err(|error| Error::step(doing(), error))?;
    let batch = batch_of(&training)?;
    let found = in_doubles(&model).and_then(|model| match probe {
        Probe::LargestCurvature { .. } => {
            let largest = model.largest_hessian_eigenvalue(&batch, Lanczos::default())?;
            Ok(largest.value)
        }
        Probe::NoiseScale { .. } => Ok(model.gradient_noise(&batch)?.simple_noise_scale()),
    });
    match found {
        Ok(value) => Ok(Some(value).filter(|value| value.is_finite())),
        Err(smallbatch_mlp::Error::ResultNotFinite { .. }) => Ok(None),
        Err(error) => Err(Error::step(doing(), error)),
    }
}

/// The same network in double precision.
fn in_doubles(model: &Mlp<f32>) -> Result<Mlp<f64>, smallbatch_mlp::Error> {
    let parameters = model.parameters();
    let values = parameters.as_slice().iter().map(|&value| f64::from(value));
    let doubles = Parameters::from_vec(parameters.layer_sizes(), values.collect())?;
    Mlp::from_parameters(model.spec().clone(), doubles)
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, DVector};
    use smallbatch_data::BatchSize;
    use smallbatch_data::builtin;
    use smallbatch_mlp::{Batch, CHUNK, Targets};

    use super::*;
    use crate::{Cache, JobOptimizer, JobScaling, JobSplit, NamedTable, Runner};

    static NEVER: AtomicBool = AtomicBool::new(false);

    fn wine() -> NamedTable {
        builtin_table("wine")
    }

    fn thyroid() -> NamedTable {
        builtin_table("thyroid")
    }

    fn yacht() -> NamedTable {
        builtin_table("yacht")
    }

    fn builtin_table(name: &str) -> NamedTable {
        NamedTable::new(name, "", builtin::table(name).unwrap().load().unwrap())
    }

    fn job() -> Job {
        Job {
            part: JobSplit {
                split: 3,
                rows: None,
            },
            scaling: JobScaling::Standardized,
            hidden: vec![4],
            optimizer: JobOptimizer::Sgd,
            batch: BatchSize::Mini(32),
            rate_step: -4,
            seed: 1,
            n_updates: 60,
            tests: Vec::new(),
        }
    }

    fn data(table: &NamedTable, job: &Job) -> Prepared {
        Prepared::new(table, job.part, job.scaling).unwrap()
    }

    /// The model after so many updates, in double precision.
    fn model(table: &NamedTable, job: &Job, at: u64) -> Mlp<f64> {
        let job = Probe::NoiseScale { at }.job(job);
        let found = model_after(&job, &data(table, &job), &NEVER);
        in_doubles(&found.unwrap().unwrap()).unwrap()
    }

    fn probe(table: &NamedTable, job: &Job, probe: Probe) -> f64 {
        let runner = Runner::new(table, None);
        runner.probe(job, probe).unwrap().unwrap()
    }

    fn assert_near(found: f64, expected: f64, tolerance: f64) {
        assert!(
            (found / expected - 1.0).abs() < tolerance,
            "{found}, expected {expected}"
        );
    }

    /// Inputs with a row of ones for the bias, and the target: of a linear unit all follows from these.
    fn linear(table: &NamedTable, job: &Job) -> (DMatrix<f64>, DVector<f64>) {
        let training = data(table, job).training;
        let inputs = training.features().map(f64::from);
        let targets = training.target().as_values().unwrap().map(f64::from);
        let inputs = inputs.clone().insert_row(inputs.nrows(), 1.0);
        (inputs, targets.row(0).transpose())
    }

    #[test]
    fn a_linear_unit_has_twice_the_second_moment_as_its_curvature_wherever_it_is() {
        let table = yacht();
        for scaling in [
            JobScaling::Raw,
            JobScaling::Centred,
            JobScaling::Standardized,
        ] {
            let job = Job {
                scaling,
                hidden: Vec::new(),
                ..job()
            };
            let (inputs, _) = linear(&table, &job);
            let hessian = &inputs * inputs.transpose() * (2.0 / inputs.ncols() as f64);
            let largest = hessian.symmetric_eigenvalues().max();
            for at in [0, 5] {
                let job = Job {
                    rate_step: -16,
                    ..job.clone()
                };
                assert_near(
                    probe(&table, &job, Probe::LargestCurvature { at }),
                    largest,
                    1e-3,
                );
            }
        }
    }

    #[test]
    fn the_noise_of_a_linear_unit_is_that_of_a_descent_by_hand() {
        let table = yacht();
        let job = Job {
            hidden: Vec::new(),
            batch: BatchSize::Full,
            ..job()
        };
        let (inputs, targets) = linear(&table, &job);
        let n = inputs.ncols() as f64;
        let first = model(&table, &job, 0);
        let mut weights = DVector::from_column_slice(first.parameters().as_slice());
        for at in 0..8 {
            let residuals = inputs.transpose() * &weights - &targets;
            let mean = &inputs * &residuals * (2.0 / n);
            let gradients = residuals.iter().zip(inputs.column_iter());
            let scatter: f64 = gradients
                .map(|(residual, input)| (input * (2.0 * residual) - &mean).norm_squared())
                .sum();
            let expected = scatter / n / mean.norm_squared();
            // The training is in single precision.
            assert_near(
                probe(&table, &job, Probe::NoiseScale { at }),
                expected,
                1e-4,
            );
            weights -= mean * job.learning_rate();
        }
    }

    #[test]
    fn the_noise_is_that_of_the_gradients_of_single_samples() {
        let table = wine();
        let network = model(&table, &job(), 20);
        let training: Dataset<f64> = data(&table, &job()).training.cast().unwrap();
        let mut workspace = network.workspace(CHUNK);
        let labels = match training.target() {
            smallbatch_data::Target::Classes { labels, .. } => labels,
            other => panic!("{other:?}"),
        };
        let gradients: Vec<DVector<f64>> = (0..training.n_samples())
            .map(|sample| {
                let input = training.features().columns(sample, 1);
                let label = [labels[sample]];
                let one = Batch::new(input.as_view(), Targets::Labels(&label));
                let mut gradient = network.parameters().clone();
                network
                    .loss_and_gradient(&one, None, &mut workspace, &mut gradient)
                    .unwrap();
                DVector::from_column_slice(gradient.as_slice())
            })
            .collect();
        let n = gradients.len() as f64;
        let mean = gradients.iter().sum::<DVector<f64>>() / n;
        let scatter: f64 = gradients
            .iter()
            .map(|one| (one - &mean).norm_squared())
            .sum();
        let expected = scatter / n / mean.norm_squared();
        assert_near(
            probe(&table, &job(), Probe::NoiseScale { at: 20 }),
            expected,
            1e-9,
        );
    }

    /// All eigenvalues of the Hessian after so many updates.
    fn spectrum(table: &NamedTable, job: &Job, at: u64) -> DVector<f64> {
        let network = model(table, job, at);
        let training: Dataset<f64> = data(table, job).training.cast().unwrap();
        let batch = batch_of(&training).unwrap();
        let n = network.n_parameters();
        let mut hessian = DMatrix::zeros(n, n);
        let mut direction = Parameters::zeros(network.parameters().layer_sizes()).unwrap();
        let mut product = direction.clone();
        for column in 0..n {
            direction.as_mut_slice().fill(0.0);
            direction.as_mut_slice()[column] = 1.0;
            network
                .hessian_vector_product(&batch, &direction, &mut product)
                .unwrap();
            let found = product.as_slice();
            hessian.column_mut(column).copy_from_slice(found);
        }
        hessian.symmetric_eigenvalues()
    }

    #[test]
    fn the_largest_curvature_is_that_of_the_whole_spectrum() {
        for table in [wine(), thyroid(), yacht()] {
            for scaling in [
                JobScaling::Raw,
                JobScaling::RawSameStart,
                JobScaling::Standardized,
            ] {
                for at in [0, 30] {
                    let rate_step = if scaling == JobScaling::Standardized {
                        -4
                    } else {
                        -24
                    };
                    let job = Job {
                        scaling,
                        rate_step,
                        ..job()
                    };
                    let largest = spectrum(&table, &job, at).max();
                    let found = probe(&table, &job, Probe::LargestCurvature { at });
                    assert_near(found, largest, 1e-6);
                }
            }
        }
    }

    /// Why not power iteration: the output is saturated, and eigenvalues come in pairs of both signs, nearly.
    #[test]
    fn on_raw_inputs_the_smallest_eigenvalue_is_as_large_as_the_largest() {
        let raw = Job {
            scaling: JobScaling::Raw,
            hidden: vec![8],
            ..job()
        };
        let spectrum = spectrum(&thyroid(), &raw, 0);
        let ratio = -spectrum.min() / spectrum.max();
        assert!(ratio > 0.5, "{ratio}");
    }

    #[test]
    fn the_network_is_the_one_that_the_training_had() {
        let table = wine();
        for optimizer in [JobOptimizer::Sgd, JobOptimizer::Adam, JobOptimizer::LBfgs] {
            let job = Job {
                optimizer,
                batch: BatchSize::Full,
                ..job()
            };
            let runner = Runner::new(&table, None);
            let trajectory = runner.run(&job).unwrap();
            let training: Dataset<f64> = data(&table, &job).training.cast().unwrap();
            for point in &trajectory.points {
                let network = model(&table, &job, point.updates);
                let mut workspace = network.workspace(CHUNK);
                let loss = network.loss(&batch_of(&training).unwrap(), &mut workspace);
                let difference = (loss.unwrap() - point.training_loss).abs();
                assert!(difference < 1e-6, "{optimizer:?} {point:?}: {difference}");
            }
        }
    }

    #[test]
    fn a_training_that_diverged_has_nothing_to_measure() {
        let table = wine();
        let wild = Job {
            scaling: JobScaling::Raw,
            batch: BatchSize::Full,
            rate_step: 140,
            ..job()
        };
        let runner = Runner::new(&table, None);
        assert!(runner.run(&wild).unwrap().diverged);
        let at_end = Probe::LargestCurvature { at: 60 };
        assert_eq!(runner.probe(&wild, at_end).unwrap(), None);
        assert!(
            runner
                .probe(&wild, Probe::LargestCurvature { at: 0 })
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn a_probe_is_made_once_for_trainings_of_any_length() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let table = wine();
        let probes = [
            Probe::LargestCurvature { at: 9 },
            Probe::NoiseScale { at: 9 },
        ];
        let first: Vec<Option<f64>> = {
            let runner = Runner::new(&table, Some((&cache, "one")));
            let found = probes.map(|probe| runner.probe(&job(), probe).unwrap());
            let longer = Job {
                n_updates: 99,
                tests: vec![8],
                ..job()
            };
            assert_eq!(
                found,
                probes.map(|probe| runner.probe(&longer, probe).unwrap())
            );
            assert_eq!(runner.counts(), (2, 0));
            found.to_vec()
        };
        let runner = Runner::new(&table, Some((&cache, "one")));
        let again: Vec<Option<f64>> = probes
            .iter()
            .map(|&probe| runner.probe(&job(), probe).unwrap())
            .collect();
        assert_eq!(first, again);
        assert_eq!(runner.counts(), (0, 2));
        assert_ne!(first[0], first[1]);
    }
}
