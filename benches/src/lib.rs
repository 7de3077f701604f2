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
//! samples. Five more, of odd widths and other depths, show that what is fast is not fast for these four alone
//! ([`OTHER_CASES`]).
//!
//! ```
//! use smallbatch_benches::CASES;
//!
//! let tiny = &CASES[0];
//! assert_eq!(tiny.dataset().n_samples(), 10_000);
//! assert_eq!(tiny.network().spec().layer_sizes(), [2, 16, 2]);
//! ```

use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Mlp, MlpSpec, Targets};

/// A network, and how much data it is trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Its name in the reports.
    pub name: &'static str,
    /// Inputs, hidden layers, classes.
    pub layer_sizes: &'static [usize],
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
        n_samples: 10_000,
        learning_rate: 0.1,
    },
    Case {
        name: "tabular",
        layer_sizes: &[13, 64, 64, 3],
        n_samples: 10_000,
        learning_rate: 0.05,
    },
    Case {
        name: "mnist",
        layer_sizes: &[784, 128, 10],
        n_samples: 20_000,
        learning_rate: 0.01,
    },
    Case {
        name: "wide",
        layer_sizes: &[784, 512, 512, 10],
        n_samples: 10_000,
        learning_rate: 0.01,
    },
];

/// Others: widths of 1, 3, 17, 33, 100 and 1,000, and five hidden layers.
pub const OTHER_CASES: [Case; 5] = [
    Case {
        name: "narrow",
        layer_sizes: &[1, 17, 3, 2],
        n_samples: 10_000,
        learning_rate: 0.1,
    },
    Case {
        name: "odd",
        layer_sizes: &[17, 100, 33, 3],
        n_samples: 10_000,
        learning_rate: 0.05,
    },
    Case {
        name: "deep",
        layer_sizes: &[30, 64, 64, 64, 64, 64, 5],
        n_samples: 10_000,
        learning_rate: 0.02,
    },
    Case {
        name: "broad",
        layer_sizes: &[100, 1000, 10],
        n_samples: 10_000,
        learning_rate: 0.02,
    },
    Case {
        name: "long",
        layer_sizes: &[1000, 100, 2],
        n_samples: 10_000,
        learning_rate: 0.01,
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

impl Case {
    /// Standardized features whose class is the largest of some random linear functions of them: easy to learn, so that
    /// a loss that does not fall is a fault. Shape `(n_features, n_samples)`.
    ///
    /// # Panics
    /// Never for the cases in [`CASES`] and [`OTHER_CASES`].
    pub fn dataset(&self) -> Dataset<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (n_features, n_classes) = (
            self.layer_sizes[0],
            self.layer_sizes[self.layer_sizes.len() - 1],
        );
        // Uniform with variance 1.
        let half_width = 3.0_f32.sqrt();
        let features = DMatrix::from_fn(n_features, self.n_samples, |_, _| {
            random.random_range(-half_width..half_width)
        });
        let teacher = DMatrix::from_fn(n_classes, n_features, |_, _| {
            random.random_range(-1.0_f32..1.0)
        });
        let labels = (&teacher * &features)
            .column_iter()
            .map(|column| column.imax() as u32)
            .collect();
        Dataset::new(features, Target::classes(labels))
            .expect("features are finite and every class occurs")
    }

    /// The network at its first values: ReLU, softmax cross-entropy, He's initialization.
    ///
    /// # Panics
    /// Never for the cases in [`CASES`] and [`OTHER_CASES`].
    pub fn network(&self) -> Mlp<f32> {
        MlpSpec::new(self.layer_sizes)
            .build(1)
            .expect("the layer sizes are positive")
    }
}

/// The training set as one batch's targets.
///
/// # Panics
/// When the data set has no classes; those of [`Case::dataset`] have.
pub fn labels(dataset: &Dataset<f32>) -> Targets<'_, f32> {
    Targets::Labels(
        dataset
            .target()
            .labels()
            .expect("a case's target is classes"),
    )
}
