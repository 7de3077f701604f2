//! The work that the benches share: four networks, from one that fits the first cache to one that fits none, and data
//! for them.
//!
//! | case | network | samples |
//! |---|---|---|
//! | tiny | 2-16-2 | 10,000 |
//! | tabular | 13-64-64-3 | 10,000 |
//! | mnist | 784-128-10 | 20,000 |
//! | wide | 784-512-512-10 | 10,000 |
//!
//! ReLU, softmax cross-entropy and plain SGD in all of them, at batches of 16, 32, 256 and all samples. Throughput counts
//! samples. Eleven more, of odd widths, other depths, activations and losses, show that what is fast is not fast for these
//! four alone ([`OTHER_CASES`]).
//!
//! ```
//! use smallbatch_benches::CASES;
//!
//! let tiny = &CASES[0];
//! assert_eq!(tiny.dataset().n_samples(), 10_000);
//! assert_eq!(tiny.network().spec().layer_sizes(), [2, 16, 2]);
//! ```

pub mod turns;

use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Activation, Loss, Mlp, MlpSpec, Targets};

mod weights;

pub use weights::CONVERGED_EPOCHS;

/// What the outputs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One of several classes, by softmax cross-entropy.
    Classes,
    /// Yes or no, by binary cross-entropy.
    Binary,
    /// Numbers, by their mean squared error.
    Values,
    /// One of two classes that a plane separates, without noise: the loss goes to 0, and numbers become as small as the
    /// number type has them.
    Separable,
}

impl Task {
    /// The loss of that task.
    pub fn loss(self) -> Loss {
        match self {
            Self::Classes | Self::Separable => Loss::softmax_cross_entropy(),
            Self::Binary => Loss::BinaryCrossEntropy,
            Self::Values => Loss::MeanSquaredError,
        }
    }
}

/// A network, and how much data it is trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Its name in the reports.
    pub name: &'static str,
    /// Inputs, hidden layers, outputs.
    pub layer_sizes: &'static [usize],
    /// Of the hidden layers.
    pub activation: Activation,
    /// What is learned.
    pub task: Task,
    /// Samples in the data set.
    pub n_samples: usize,
    /// A learning rate at which it learns, for every batch size.
    pub learning_rate: f64,
}

/// The four cases, from small to large.
pub const CASES: [Case; 4] = [
    Case {
        name: "tiny",
        layer_sizes: &[2, 16, 2],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.1,
    },
    Case {
        name: "tabular",
        layer_sizes: &[13, 64, 64, 3],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.05,
    },
    Case {
        name: "mnist",
        layer_sizes: &[784, 128, 10],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 20_000,
        learning_rate: 0.01,
    },
    Case {
        name: "wide",
        layer_sizes: &[784, 512, 512, 10],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.01,
    },
];

/// Others: two small tables (wine and airfoil have as many training samples), widths of 1, 3, 17, 33, 100 and 1,000, five hidden layers, tanh,
/// GELU, regressions and a yes or no; and classes that can be learned to a loss of 0.
pub const OTHER_CASES: [Case; 11] = [
    Case {
        name: "wine",
        layer_sizes: &[13, 32, 3],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 107,
        learning_rate: 0.1,
    },
    Case {
        name: "airfoil",
        layer_sizes: &[5, 32, 32, 1],
        activation: Activation::Relu,
        task: Task::Values,
        n_samples: 902,
        learning_rate: 0.02,
    },
    Case {
        name: "narrow",
        layer_sizes: &[1, 17, 3, 2],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.1,
    },
    Case {
        name: "odd",
        layer_sizes: &[17, 100, 33, 3],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.05,
    },
    Case {
        name: "deep",
        layer_sizes: &[30, 64, 64, 64, 64, 64, 5],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.02,
    },
    Case {
        name: "broad",
        layer_sizes: &[100, 1000, 10],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.02,
    },
    Case {
        name: "long",
        layer_sizes: &[1000, 100, 2],
        activation: Activation::Relu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.01,
    },
    Case {
        name: "values",
        layer_sizes: &[13, 64, 64, 1],
        activation: Activation::Tanh,
        task: Task::Values,
        n_samples: 10_000,
        learning_rate: 0.02,
    },
    Case {
        name: "binary",
        layer_sizes: &[30, 100, 50, 1],
        activation: Activation::Tanh,
        task: Task::Binary,
        n_samples: 10_000,
        learning_rate: 0.05,
    },
    Case {
        name: "gelu",
        layer_sizes: &[100, 256, 256, 10],
        activation: Activation::Gelu,
        task: Task::Classes,
        n_samples: 10_000,
        learning_rate: 0.02,
    },
    Case {
        name: "separable",
        layer_sizes: &[13, 64, 64, 2],
        activation: Activation::Relu,
        task: Task::Separable,
        n_samples: 2_000,
        learning_rate: 0.5,
    },
];

/// The batch sizes that every case is trained with.
pub const BATCH_SIZES: [BatchSize; 4] = [
    BatchSize::Mini(16),
    BatchSize::Mini(32),
    BatchSize::Mini(256),
    BatchSize::Full,
];

/// Data for the scalers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table {
    /// Its name in the reports.
    pub name: &'static str,
    /// Features of a sample.
    pub n_features: usize,
    /// Samples.
    pub n_samples: usize,
}

/// A table as many are, 120 MB, and images, 314 MB.
pub const TABLES: [Table; 2] = [
    Table {
        name: "1000000x30",
        n_features: 30,
        n_samples: 1_000_000,
    },
    Table {
        name: "100000x784",
        n_features: 784,
        n_samples: 100_000,
    },
];

impl Table {
    /// Sums of three uniform numbers: feature j around 50 + j, with deviation 10. Shape `(n_features, n_samples)`.
    pub fn values(&self) -> DMatrix<f32> {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / 2_f32.powi(24)
        };
        DMatrix::from_fn(self.n_features, self.n_samples, |j, _| {
            20.0 * (uniform() + uniform() + uniform() - 1.5) + 50.0 + j as f32
        })
    }
}

/// The probability that a sample's label is not the teacher's, but one of the others.
pub const LABEL_NOISE: f64 = 0.05;

/// The standard deviation of the noise on a value. The teacher's values have variance 1.
pub const VALUE_NOISE: f64 = 0.1;

impl Case {
    /// Standardized features, and targets from a teacher with some noise. The teacher is as many random linear functions of
    /// the features as there are outputs: the greatest is the class, one above 0 is a yes, and a value is what it is, with
    /// variance 1. With probability [`LABEL_NOISE`] a class or an answer becomes one of the others, each equally likely; a
    /// value gets uniform noise of standard deviation [`VALUE_NOISE`]. Shape of the features: `(n_features, n_samples)`.
    ///
    /// The teacher is easy to learn, so that a loss that does not fall is a fault. The noise keeps the loss of a small
    /// network above 0, as in real data.
    ///
    /// [`Task::Separable`] has neither: the classes take turns, and the first four features are around 1.5 or -1.5.
    ///
    /// # Panics
    /// Never for the cases in [`CASES`] and [`OTHER_CASES`].
    pub fn dataset(&self) -> Dataset<f32> {
        if self.task == Task::Separable {
            return self.separable();
        }
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (n_features, n_outputs) = (
            self.layer_sizes[0],
            self.layer_sizes[self.layer_sizes.len() - 1],
        );
        // Uniform with variance 1.
        let half_width = 3.0_f32.sqrt();
        let features = DMatrix::from_fn(n_features, self.n_samples, |_, _| {
            random.random_range(-half_width..half_width)
        });
        let teacher = DMatrix::from_fn(n_outputs, n_features, |_, _| {
            random.random_range(-1.0_f32..1.0)
        });
        let answers = &teacher * &features;
        let mut with_noise = |label: u32, n_classes: u32| {
            if random.random_bool(LABEL_NOISE) {
                (label + random.random_range(1..n_classes)) % n_classes
            } else {
                label
            }
        };
        let target = match self.task {
            Task::Classes => {
                let n_classes = n_outputs as u32;
                let classes = answers.column_iter().map(|column| column.imax() as u32);
                Target::classes(classes.map(|label| with_noise(label, n_classes)).collect())
            }
            Task::Binary => {
                let answers = answers.iter().map(|&x| u32::from(x > 0.0));
                Target::classes(answers.map(|label| with_noise(label, 2)).collect())
            }
            Task::Values => {
                // Coefficients from -1 to 1 have variance 1/3.
                let values = answers / (n_features as f32 / 3.0).sqrt();
                let half_width = half_width * VALUE_NOISE as f32;
                Target::values(values.map(|x| x + random.random_range(-half_width..half_width)))
            }
            Task::Separable => unreachable!("it has a teacher of its own"),
        };
        Dataset::new(features, target).expect("features are finite and every class occurs")
    }

    fn separable(&self) -> Dataset<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let features = DMatrix::from_fn(self.layer_sizes[0], self.n_samples, |feature, sample| {
            let side = if sample % 2 == 0 { 1.5 } else { -1.5 };
            let centre = if feature < 4 { side } else { 0.0 };
            centre + random.random_range(-1.4_f32..1.4)
        });
        let classes = (0..self.n_samples).map(|sample| sample as u32 % 2);
        Dataset::new(features, Target::classes(classes.collect())).expect("both classes occur")
    }

    /// The network, its activation and its loss.
    pub fn spec(&self) -> MlpSpec {
        MlpSpec::new(self.layer_sizes)
            .activation(self.activation)
            .loss(self.task.loss())
    }

    /// The network at its first values, by He's initialization.
    ///
    /// # Panics
    /// Never for the cases in [`CASES`] and [`OTHER_CASES`].
    pub fn network(&self) -> Mlp<f32> {
        self.spec().build(1).expect("the layer sizes are positive")
    }
}

/// The first samples of a data set as one batch's targets.
pub fn targets(dataset: &Dataset<f32>, n_samples: usize) -> Targets<'_, f32> {
    match dataset.target() {
        Target::Classes { labels, .. } => Targets::Labels(&labels[..n_samples]),
        Target::Values { values, .. } => Targets::Values(values.columns(0, n_samples)),
        _ => unreachable!("a target is classes or values"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers of the teacher alone, by the first numbers of the same stream.
    fn teacher(case: &Case) -> DMatrix<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let n_outputs = case.layer_sizes[case.layer_sizes.len() - 1];
        let half_width = 3.0_f32.sqrt();
        let features = DMatrix::from_fn(case.layer_sizes[0], case.n_samples, |_, _| {
            random.random_range(-half_width..half_width)
        });
        let teacher = DMatrix::from_fn(n_outputs, case.layer_sizes[0], |_, _| {
            random.random_range(-1.0_f32..1.0)
        });
        teacher * features
    }

    #[test]
    fn about_one_label_in_twenty_is_not_the_teachers() {
        let with_noise = |case: &&Case| case.task != Task::Separable;
        for case in CASES[..2].iter().chain(&OTHER_CASES).filter(with_noise) {
            let answers = teacher(case);
            let dataset = case.dataset();
            let Some(labels) = dataset.target().labels() else {
                continue;
            };
            let is_other =
                |(&label, answers): (&u32, nalgebra::DVectorView<'_, f32>)| match case.task {
                    Task::Binary => label != u32::from(answers[0] > 0.0),
                    _ => label != answers.imax() as u32,
                };
            let others = labels
                .iter()
                .zip(answers.column_iter())
                .filter(|pair| is_other(*pair));
            let rate = others.count() as f64 / case.n_samples as f64;
            // Four standard deviations of 10,000 draws.
            assert!((rate - LABEL_NOISE).abs() < 0.009, "{}: {rate}", case.name);
        }
    }

    #[test]
    fn every_class_occurs() {
        for case in CASES.iter().chain(&OTHER_CASES) {
            let dataset = case.dataset();
            let Some(labels) = dataset.target().labels() else {
                continue;
            };
            let n_classes = match case.task {
                Task::Binary => 2,
                _ => case.layer_sizes[case.layer_sizes.len() - 1],
            };
            let mut counts = vec![0; n_classes];
            labels.iter().for_each(|&label| counts[label as usize] += 1);
            // A batch of 256 has about three of each at least.
            assert!(
                counts.iter().all(|&n| n > case.n_samples / 100),
                "{}: {counts:?}",
                case.name
            );
        }
    }

    #[test]
    fn values_are_the_teachers_with_noise_of_a_tenth() {
        let case = OTHER_CASES
            .iter()
            .find(|case| case.task == Task::Values)
            .unwrap();
        let answers = teacher(case) / (case.layer_sizes[0] as f32 / 3.0).sqrt();
        let dataset = case.dataset();
        let Target::Values { values, .. } = dataset.target() else {
            panic!("not values")
        };
        let squares = values
            .iter()
            .zip(&answers)
            .map(|(x, y)| f64::from(x - y).powi(2));
        let deviation = (squares.sum::<f64>() / case.n_samples as f64).sqrt();
        assert!((deviation - VALUE_NOISE).abs() < 0.003, "{deviation}");
    }
}
