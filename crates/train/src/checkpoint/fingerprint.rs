//! What tells a data set from others.

use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchTarget, Dataset};

use crate::Scalar;
use crate::rows::Rows;

/// Enough of a data set to tell it from others: its size and a hash of every value that a training reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    n_features: usize,
    n_samples: usize,
    hash: u64,
    /// How many rows of a file were in memory: another number makes another order.
    window: Option<usize>,
}

impl Fingerprint {
    pub(crate) fn of_rows<T: Scalar>(rows: Rows<'_, T>) -> Self {
        match rows {
            Rows::Memory(dataset) => Self::of(dataset),
            Rows::File(file) => Self {
                n_features: file.n_features(),
                n_samples: file.n_samples(),
                hash: file.hash(),
                window: Some(file.most_rows()),
            },
        }
    }

    pub(crate) fn of<T: Scalar>(data: &Dataset<T>) -> Self {
        let mut hash = Fnv::default();
        let mut values = |values: &[T]| values.iter().for_each(|&v| hash.add(v.to_f64().to_bits()));
        // As they are read: the same data may be stored in another way.
        data.stored().for_each_sample(|_, sample| values(sample));
        if let Some(weights) = data.weights() {
            values(weights);
        }
        match data.target().view() {
            BatchTarget::Values(target) => {
                target
                    .iter()
                    .for_each(|value| values(std::slice::from_ref(value)));
            }
            BatchTarget::Labels(labels) => {
                labels.iter().for_each(|&label| hash.add(u64::from(label)));
            }
        }
        Self {
            n_features: data.n_features(),
            n_samples: data.n_samples(),
            hash: hash.0,
            window: None,
        }
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            n_features,
            n_samples,
            hash,
            window,
        } = self;
        write!(
            f,
            "{n_samples} samples of {n_features} features, hash {hash:016x}"
        )?;
        match window {
            Some(rows) => write!(f, ", {rows} of them in memory at a time"),
            None => Ok(()),
        }
    }
}

/// Fowler, Noll and Vo's hash (1a), by words of 64 bits: stable across releases, which the standard library's is not.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, word: u64) {
        // Folding the high half in: f32 values widened to f64 end in zeros, and multiplying only carries upwards.
        let word = word ^ (word >> 32);
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
    }
}
