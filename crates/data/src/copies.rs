//! Samples with equal features.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use smallbatch_base::Scalar;

use crate::Dataset;

impl<T: Scalar> Dataset<T> {
    /// How many samples are copies: their features are, bit for bit, those of an earlier sample, whatever the targets are.
    ///
    /// A split that puts copies in two parts tests on what it trained on;
    /// [`Splitter::copies_together`](crate::Splitter::copies_together) does not. 0 and -0 are equal, and so are missing values.
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use smallbatch_data::{Dataset, Target};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let features = DMatrix::from_column_slice(2, 4, &[1.0_f32, 0.0, 3.0, 4.0, 1.0, -0.0, 1.0, 0.0]);
    /// let dataset = Dataset::new(features, Target::numbers(vec![5.0, 6.0, 5.0, 7.0]))?;
    /// assert_eq!(dataset.n_copies(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn n_copies(&self) -> usize {
        let firsts = first_of_equals(self);
        (0..firsts.len()).filter(|&at| firsts[at] != at).count()
    }
}

/// For each sample the first one that has the same features: itself, if there is none before it.
pub(crate) fn first_of_equals<T: Scalar>(dataset: &Dataset<T>) -> Vec<usize> {
    let stored = dataset.stored();
    let mut firsts: Vec<usize> = (0..dataset.n_samples()).collect();
    let mut known: HashMap<u64, Vec<usize>> = HashMap::with_capacity(firsts.len());
    let mut earlier = vec![T::of(0.0); dataset.n_features()];
    stored.for_each_sample(|sample, features| {
        let same_hash = known.entry(hash(features)).or_default();
        let first = same_hash.iter().copied().find(|&first| {
            stored.read_sample(first, &mut earlier);
            features.iter().zip(&earlier).all(|(a, b)| equal(*a, *b))
        });
        match first {
            Some(first) => firsts[sample] = first,
            None => same_hash.push(sample),
        }
    });
    firsts
}

fn equal<T: Scalar>(a: T, b: T) -> bool {
    let (a, b) = (a.to_f64(), b.to_f64());
    a == b || (a.is_nan() && b.is_nan())
}

/// Equal for equal features.
fn hash<T: Scalar>(features: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in features {
        let value = value.to_f64();
        let bits = if value.is_nan() {
            f64::NAN.to_bits()
        } else {
            // -0 + 0 is 0.
            (value + 0.0).to_bits()
        };
        bits.hash(&mut hasher);
    }
    hasher.finish()
}
