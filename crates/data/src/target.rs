//! What a model is to predict: a class, or one or more numbers.

use nalgebra::{DMatrix, DMatrixView};
use serde::{Deserialize, Serialize};
use smallbatch_base::Scalar;

use crate::Error;
use crate::names::{check_names, numbered};

/// A stray label of 4 billion must not make as many names.
const MOST_NUMBERED_CLASSES: usize = 1 << 16;

/// The target of a data set: one class label a sample, or one column of numbers a sample.
///
/// The fields are open, so that a program can match on them; [`Dataset::new`](crate::Dataset::new) checks them.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_data::Target;
///
/// let species: Target<f32> =
///     Target::Classes { labels: vec![0, 1, 1], names: vec!["setosa".into(), "virginica".into()] };
/// assert_eq!((species.n_samples(), species.n_outputs()), (3, 2));
///
/// // Two outputs (rows) for three samples (columns).
/// let angles = Target::values(DMatrix::from_row_slice(2, 3, &[0.1_f32, 0.2, 0.3, 1.0, 2.0, 3.0]));
/// assert_eq!((angles.n_samples(), angles.n_outputs()), (3, 2));
/// assert_eq!(angles.names(), ["y0", "y1"]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", bound = "T: Scalar")]
#[non_exhaustive]
pub enum Target<T = f32> {
    /// Classification: sample i belongs to the class named `names[labels[i]]`.
    Classes {
        /// One label a sample, from 0 to `names.len() - 1`.
        labels: Vec<u32>,
        /// The classes' names; at least two. A named class may have no sample, as happens in a small part of a split.
        names: Vec<String>,
    },
    /// Regression: shape (`n_outputs`, `n_samples`), every value finite.
    Values {
        /// One column a sample.
        values: DMatrix<T>,
        /// The outputs' names, one a row.
        names: Vec<String>,
    },
}

/// The target of one batch.
///
/// ```
/// use smallbatch_data::{BatchSize, BatchTarget, Batches, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let airfoil = builtin::airfoil()?;
/// let mut batches = Batches::new(&airfoil, BatchSize::Mini(16), 7)?;
/// match batches.next_batch().map(|batch| batch.target) {
///     Some(BatchTarget::Values(values)) => assert_eq!(values.shape(), (1, 16)),
///     other => panic!("numbers, and not {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum BatchTarget<'b, T: Scalar> {
    /// One class label a sample.
    Labels(&'b [u32]),
    /// Numbers, shape (`n_outputs`, `n`).
    Values(DMatrixView<'b, T>),
}

impl<T: Scalar> Target<T> {
    /// Classes named after their labels: "0" up to the largest label there is.
    ///
    /// Where a class may be absent from the labels, name all classes with [`Target::Classes`] instead. At most 65,536
    /// classes are named so: a larger label is mostly an identifier given by mistake, and is refused as out of range.
    pub fn classes(labels: Vec<u32>) -> Self {
        let n_classes = labels
            .iter()
            .max()
            .map_or(0, |&largest| largest as usize + 1)
            .min(MOST_NUMBERED_CLASSES);
        Self::Classes {
            labels,
            names: numbered("", n_classes),
        }
    }

    /// Outputs of shape (`n_outputs`, `n_samples`), named "y0", "y1" and so on.
    pub fn values(values: DMatrix<T>) -> Self {
        let names = numbered("y", values.nrows());
        Self::Values { values, names }
    }

    /// One number a sample, named "y0".
    pub fn numbers(values: Vec<T>) -> Self {
        Self::values(DMatrix::from_vec(1, values.len(), values))
    }

    /// All of it, as a batch of all samples has it. Unlike this type, [`BatchTarget`] has no variants to come: who matches it
    /// has seen to all.
    pub fn view(&self) -> BatchTarget<'_, T> {
        match self {
            Self::Classes { labels, .. } => BatchTarget::Labels(labels),
            Self::Values { values, .. } => BatchTarget::Values(values.as_view()),
        }
    }

    /// How many samples this is the target of.
    pub fn n_samples(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values { values, .. } => values.ncols(),
        }
    }

    /// What a network for this target usually has as outputs: one a class, or one a number.
    pub fn n_outputs(&self) -> usize {
        match self {
            Self::Classes { names, .. } => names.len(),
            Self::Values { values, .. } => values.nrows(),
        }
    }

    /// The names of the classes, or of the outputs.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Classes { names, .. } | Self::Values { names, .. } => names,
        }
    }

    /// The labels, if this is classes.
    pub fn labels(&self) -> Option<&[u32]> {
        match self {
            Self::Classes { labels, .. } => Some(labels),
            Self::Values { .. } => None,
        }
    }

    /// The numbers, shape (`n_outputs`, `n_samples`), if this is numbers.
    pub fn as_values(&self) -> Option<&DMatrix<T>> {
        match self {
            Self::Classes { .. } => None,
            Self::Values { values, .. } => Some(values),
        }
    }

    /// How many samples each class has; `None` if this is numbers.
    ///
    /// Labels without a class name, which no [`Dataset`](crate::Dataset) holds, are not counted.
    pub fn class_counts(&self) -> Option<Vec<usize>> {
        match self {
            Self::Classes { labels, names } => {
                let mut counts = vec![0; names.len()];
                for &label in labels {
                    if let Some(count) = counts.get_mut(label as usize) {
                        *count += 1;
                    }
                }
                Some(counts)
            }
            Self::Values { .. } => None,
        }
    }

    /// A weight for each class, so that all weigh the same together: n / (k·n_c) for class c of n_c samples, where n is the number of
    /// samples and k that of the classes that have any (scikit-learn's "balanced"). A class without samples has weight 1. `None`
    /// if this is numbers.
    ///
    /// Take them of the training part, for `Loss::weighted_softmax_cross_entropy` of `smallbatch-mlp`.
    ///
    /// ```
    /// use smallbatch_data::Target;
    ///
    /// let target = Target::<f32>::classes(vec![0, 0, 0, 1]);
    /// assert_eq!(target.balanced_class_weights(), Some(vec![4.0 / (2.0 * 3.0), 4.0 / (2.0 * 1.0)]));
    /// ```
    pub fn balanced_class_weights(&self) -> Option<Vec<f64>> {
        let counts = self.class_counts()?;
        let n: usize = counts.iter().sum();
        let k = counts.iter().filter(|&&count| count > 0).count();
        let weight = |count: usize| match count {
            0 => 1.0,
            count => n as f64 / (k as f64 * count as f64),
        };
        Some(counts.into_iter().map(weight).collect())
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Classes { labels, names } => {
                if names.len() < 2 {
                    return Err(Error::OneClass {
                        class: names.first().cloned().unwrap_or_default(),
                    });
                }
                check_names("class", names)?;
                let bad = labels
                    .iter()
                    .position(|&label| label as usize >= names.len());
                bad.map_or(Ok(()), |sample| {
                    Err(Error::LabelOutOfRange {
                        sample,
                        label: labels[sample],
                        n_classes: names.len(),
                    })
                })
            }
            Self::Values { values, names } => {
                if values.is_empty() {
                    let (rows, columns) = values.shape();
                    return Err(Error::Empty {
                        what: "target matrix",
                        rows,
                        columns,
                    });
                }
                if names.len() != values.nrows() {
                    return Err(Error::OutputNames {
                        expected: values.nrows(),
                        actual: names.len(),
                    });
                }
                check_names("output", names)?;
                let bad = values
                    .as_slice()
                    .iter()
                    .position(|value| !value.to_f64().is_finite());
                bad.map_or(Ok(()), |at| {
                    let (sample, output) = (at / values.nrows(), at % values.nrows());
                    let value = values.as_slice()[at].to_f64();
                    Err(Error::NonFiniteTarget {
                        sample,
                        name: names[output].clone(),
                        value,
                    })
                })
            }
        }
    }

    /// The samples at these indices, which the caller has checked.
    pub(crate) fn select(&self, indices: &[usize]) -> Self {
        match self {
            Self::Classes { labels, names } => Self::Classes {
                labels: indices.iter().map(|&index| labels[index]).collect(),
                names: names.clone(),
            },
            Self::Values { values, names } => Self::Values {
                values: values.select_columns(indices),
                names: names.clone(),
            },
        }
    }
}
