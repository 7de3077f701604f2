//! What a network is trained on: inputs, targets, weights, all borrowed.

use nalgebra::{DMatrixView, Dim, Dyn, U1};

use crate::product::Columns;
use crate::vectorized::vectorized;
use crate::{Error, Scalar};

/// What the outputs should be.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Batch, Loss, MlpSpec, Targets};
///
/// // One yes-or-no question has labels or probabilities, of 0 and 1 the same.
/// let inputs = dmatrix![-1.0_f32, 1.0];
/// let values = dmatrix![0.0, 1.0];
/// let network = MlpSpec::new([1, 1]).loss(Loss::BinaryCrossEntropy).build::<f32>(0)?;
/// let mut workspace = network.workspace(2);
/// let mut loss = |targets| network.loss(&Batch::new(inputs.as_view(), targets), &mut workspace);
/// assert_eq!(loss(Targets::Labels(&[0, 1]))?, loss(Targets::Values(values.as_view()))?);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a, T: Scalar> {
    /// One class index a sample: for softmax cross-entropy, and (0 or 1) for binary cross-entropy with one output.
    Labels(&'a [u32]),
    /// Numbers, shape `(n_targets, n_samples)`.
    Values(DMatrixView<'a, T>),
}

/// A batch of samples, borrowed: inputs of shape `(n_inputs, n_samples)`, their targets and, if wanted, their weights.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Batch, Targets};
///
/// // Two samples of three features: a sample is a column.
/// let inputs = dmatrix![1.0_f32, 4.0; 2.0, 5.0; 3.0, 6.0];
/// let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1])).weights(&[1.0, 0.5]);
/// assert_eq!(batch.n_samples(), 2);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, T: Scalar> {
    inputs: DMatrixView<'a, T>,
    samples: Option<&'a [usize]>,
    targets: Targets<'a, T>,
    weights: Option<&'a [T]>,
    is_known_finite: bool,
}

impl<'a, T: Scalar> Batch<'a, T> {
    /// A batch in which every sample weighs the same. It is checked when used: then the network is known.
    pub fn new(inputs: DMatrixView<'a, T>, targets: Targets<'a, T>) -> Self {
        Self {
            inputs,
            samples: None,
            targets,
            weights: None,
            is_known_finite: false,
        }
    }

    /// Takes these columns of the inputs, in this order, instead of all: a mini-batch which is gathered from all inputs by
    /// the pass itself, and by all its threads. Targets and weights are those of the batch, one a sample, as ever.
    ///
    /// ```
    /// use nalgebra::dmatrix;
    /// use smallbatch_mlp::{Batch, MlpSpec, Targets};
    ///
    /// let all = dmatrix![1.0_f32, 4.0, 7.0; 2.0, 5.0, 8.0];
    /// let order = [2, 0];
    /// let gathered = Batch::new(all.as_view(), Targets::Labels(&[1, 0])).samples(&order);
    /// let copied = dmatrix![7.0_f32, 1.0; 8.0, 2.0];
    /// let copied = Batch::new(copied.as_view(), Targets::Labels(&[1, 0]));
    /// let network = MlpSpec::new([2, 8, 2]).build::<f32>(0)?;
    /// let mut workspace = network.workspace(2);
    /// assert_eq!(network.loss(&gathered, &mut workspace)?, network.loss(&copied, &mut workspace)?);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    #[must_use]
    pub fn samples(mut self, samples: &'a [usize]) -> Self {
        self.samples = Some(samples);
        self
    }

    /// Weighs the samples: the loss is `Σ wᵢ·ℓᵢ / Σ wᵢ`. A weight of 2 counts as the sample given twice.
    #[must_use]
    pub fn weights(mut self, weights: &'a [T]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Says that all inputs are known to be finite, so that they are not looked at again: in a loop that takes its batches from
    /// data that were checked as a whole, looking costs a part of each step. If they are not, parameters may become NaN.
    #[must_use]
    pub fn known_finite(mut self) -> Self {
        self.is_known_finite = true;
        self
    }

    /// How many samples there are.
    pub fn n_samples(&self) -> usize {
        self.samples.map_or(self.inputs.ncols(), <[usize]>::len)
    }

    /// Checks the shapes against a network's, and that the inputs and weights are finite (targets are the loss's to check:
    /// what they may be depends on it), and lays everything out as slices.
    pub(crate) fn open(&self, n_inputs: usize) -> Result<Open<'a, T>, Error> {
        let n_samples = self.n_samples();
        if n_samples == 0 {
            return Err(Error::EmptyBatch);
        }
        let inputs = Inputs {
            all: shaped_inputs(self.inputs, n_inputs)?,
            samples: self.samples,
        };
        let n_columns = inputs.all.n_columns();
        let is_there = |sample: usize| sample < n_columns;
        if let Some(&sample) = self
            .samples
            .unwrap_or_default()
            .iter()
            .find(|&&s| !is_there(s))
        {
            return Err(Error::SampleOutOfRange {
                sample,
                n_samples: n_columns,
            });
        }
        if !self.is_known_finite {
            match self.samples {
                None => check_finite(inputs.all, 0)?,
                Some(samples) => {
                    for &sample in samples {
                        check_finite(inputs.all.range(sample..sample + 1), sample)?;
                    }
                }
            }
        }
        let targets = match self.targets {
            Targets::Labels(labels) => {
                check_length("the list of labels", n_samples, labels.len())?;
                OpenTargets::Labels(labels)
            }
            Targets::Values(values) => {
                if values.ncols() != n_samples || values.nrows() == 0 {
                    return Err(Error::Shape {
                        what: "the target matrix",
                        expected_rows: values.nrows().max(1),
                        expected_columns: n_samples,
                        found_rows: values.nrows(),
                        found_columns: values.ncols(),
                    });
                }
                OpenTargets::Values(columns("the target matrix", values)?)
            }
        };
        if let Some(weights) = self.weights {
            check_length("the list of sample weights", n_samples, weights.len())?;
            let bad = |weight: &T| !(*weight >= T::zero() && weight.is_finite());
            if let Some(sample) = weights.iter().position(bad) {
                return Err(Error::SampleWeight {
                    sample,
                    value: weights[sample].to_f64(),
                });
            }
        }
        Ok(Open {
            inputs,
            targets,
            weights: self.weights,
        })
    }
}

/// Inputs of a known network, as a slice; refused where one is not finite.
pub(crate) fn open_inputs<T: Scalar>(
    inputs: DMatrixView<'_, T>,
    n_inputs: usize,
) -> Result<Columns<'_, T>, Error> {
    let inputs = shaped_inputs(inputs, n_inputs)?;
    check_finite(inputs, 0)?;
    Ok(inputs)
}

/// The same, whatever the numbers are.
fn shaped_inputs<T: Scalar>(
    inputs: DMatrixView<'_, T>,
    n_inputs: usize,
) -> Result<Columns<'_, T>, Error> {
    if inputs.nrows() != n_inputs {
        return Err(Error::Shape {
            what: "the input matrix",
            expected_rows: n_inputs,
            expected_columns: inputs.ncols(),
            found_rows: inputs.nrows(),
            found_columns: inputs.ncols(),
        });
    }
    columns("the input matrix", inputs)
}

/// Refuses inputs that are not finite, by name. They have to be looked at: a saturated tanh makes a finite loss of an
/// infinite input, a ReLU of NaN on some processors, and the weights' gradient is NaN all the same.
fn check_finite<T: Scalar>(inputs: Columns<'_, T>, first_sample: usize) -> Result<(), Error> {
    if all_finite(inputs.values) {
        return Ok(());
    }
    // Only now is it worth knowing which.
    match inputs.values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => Err(Error::InputNotFinite {
            sample: first_sample + place / inputs.n_rows,
            feature: place % inputs.n_rows,
            value: inputs.values[place].to_f64(),
        }),
    }
}

vectorized! {
    /// Whether all values are finite. No early exit and no branch: it reads every batch, as fast as it can be read.
    fn all_finite(values: &'a [T]) -> bool = all_finite_loop;
}

/// So many sums that their additions do not wait for one another. With 64 a batch of 784·32 f32 was read in 1.0 µs, the speed
/// of the second cache of the processor it was measured on (AVX2); with 32 the compiler made no vectors of it, and it took
/// 6.5 µs.
const SUMS: usize = 64;

#[inline(always)]
fn all_finite_loop<T: Scalar>(values: &[T]) -> bool {
    // 0 times a finite number is 0, and so are sums of that; 0 times any other is NaN, and so are sums of that.
    let zero = T::zero();
    let blocks = values.chunks_exact(SUMS);
    let rest = blocks.remainder();
    let rest_is_finite = rest.iter().fold(true, |all, &x| all & (x * zero == zero));
    let mut sums = [zero; SUMS];
    for block in blocks {
        for (sum, &value) in sums.iter_mut().zip(block) {
            *sum += value * zero;
        }
    }
    sums.iter()
        .fold(rest_is_finite, |all, &sum| all & (sum == zero))
}

/// The view as one slice; an error where its columns do not follow one another.
fn columns<'a, T: Scalar>(
    what: &'static str,
    view: DMatrixView<'a, T>,
) -> Result<Columns<'a, T>, Error> {
    let (rows, columns) = view.shape();
    if columns > 1 && view.strides().1 != rows {
        return Err(Error::NotContiguous { what });
    }
    let flat = view.reshape_generic(Dyn::from_usize(rows * columns), U1);
    Ok(Columns::new(flat.data.into_slice(), rows))
}

fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::Length {
            what,
            expected,
            found,
        })
    }
}

/// A checked batch: contiguous slices.
#[derive(Clone, Copy)]
pub(crate) struct Open<'a, T> {
    pub(crate) inputs: Inputs<'a, T>,
    pub(crate) targets: OpenTargets<'a, T>,
    pub(crate) weights: Option<&'a [T]>,
}

/// All columns of a matrix, or some of them in some order.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a, T> {
    pub(crate) all: Columns<'a, T>,
    pub(crate) samples: Option<&'a [usize]>,
}

impl<'a, T: Scalar> Inputs<'a, T> {
    pub(crate) fn n_samples(&self) -> usize {
        self.samples.map_or(self.all.n_columns(), <[usize]>::len)
    }

    /// Some of the samples.
    pub(crate) fn range(&self, range: std::ops::Range<usize>) -> Self {
        match self.samples {
            None => Self {
                all: self.all.range(range),
                samples: None,
            },
            Some(samples) => Self {
                all: self.all,
                samples: Some(&samples[range]),
            },
        }
    }

    /// A copy of them, sample after sample.
    pub(crate) fn to_vec(self) -> Vec<T> {
        match self.samples {
            None => self.all.values.to_vec(),
            Some(samples) => samples
                .iter()
                .flat_map(|&sample| self.all.range(sample..sample + 1).values)
                .copied()
                .collect(),
        }
    }
}

impl<'a, T> From<Columns<'a, T>> for Inputs<'a, T> {
    fn from(all: Columns<'a, T>) -> Self {
        Self { all, samples: None }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum OpenTargets<'a, T> {
    Labels(&'a [u32]),
    Values(Columns<'a, T>),
}

impl<T: Scalar> Open<'_, T> {
    pub(crate) fn n_samples(&self) -> usize {
        self.inputs.n_samples()
    }

    /// Some of the samples.
    pub(crate) fn range(&self, samples: std::ops::Range<usize>) -> Self {
        Self {
            inputs: self.inputs.range(samples.clone()),
            targets: match self.targets {
                OpenTargets::Labels(labels) => OpenTargets::Labels(&labels[samples.clone()]),
                OpenTargets::Values(values) => OpenTargets::Values(values.range(samples.clone())),
            },
            weights: self.weights.map(|weights| &weights[samples]),
        }
    }

    pub(crate) fn weight(&self, sample: usize) -> T {
        self.weights.map_or(T::one(), |weights| weights[sample])
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;

    #[test]
    fn a_view_of_some_rows_is_refused_and_of_some_columns_taken() {
        let matrix = DMatrix::<f64>::from_fn(4, 6, |i, j| (i + 10 * j) as f64);
        let some_columns = open_inputs(matrix.columns(2, 3), 4).unwrap();
        assert_eq!(some_columns.values, &matrix.as_slice()[8..20]);
        let error = open_inputs(matrix.view((1, 0), (2, 6)), 2).err().unwrap();
        assert!(error.to_string().contains("into_owned"), "{error}");
    }

    /// Wherever it stands: in the blocks, in what is left after them, first, last.
    #[test]
    fn an_input_that_is_not_finite_is_named_wherever_it_stands() {
        for (n_rows, n_samples) in [(3, 1), (3, 50), (784, 3), (32, 2)] {
            let inputs = DMatrix::<f32>::from_fn(n_rows, n_samples, |i, j| {
                // The largest and the smallest numbers there are, of both signs, are finite.
                [f32::MAX, f32::MIN, f32::MIN_POSITIVE, -0.0, 1e-45, -1.0][(i + j) % 6]
            });
            assert!(open_inputs(inputs.as_view(), n_rows).is_ok());
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for (feature, sample) in [(0, 0), (n_rows - 1, n_samples - 1), (1, n_samples / 2)] {
                    let mut broken = inputs.clone();
                    broken[(feature, sample)] = value;
                    let Some(Error::InputNotFinite {
                        sample: found_sample,
                        feature: found_feature,
                        value: found,
                    }) = open_inputs(broken.as_view(), n_rows).err()
                    else {
                        panic!("{value} of sample {sample}, feature {feature} passed")
                    };
                    assert_eq!((found_sample, found_feature), (sample, feature));
                    assert_eq!(found.to_bits(), f64::from(value).to_bits());
                }
            }
        }
    }

    /// Only the samples of the batch count, under their numbers in the whole.
    #[test]
    fn chosen_samples_are_checked_and_no_others() {
        let mut inputs = DMatrix::<f32>::from_element(2, 4, 1.0);
        inputs[(1, 2)] = f32::NAN;
        let open = |samples: &[usize]| {
            let labels = vec![0; samples.len()];
            let batch = Batch::new(inputs.as_view(), Targets::Labels(&labels)).samples(samples);
            batch.open(2).err().map(|error| error.to_string())
        };
        assert_eq!(open(&[3, 0, 3]), None);
        let named = open(&[0, 2]).unwrap();
        assert!(named.contains('2') && named.contains("NaN"), "{named}");
        assert_eq!(
            open(&[1, 4]).unwrap(),
            "the batch asks for sample 4, but the inputs have 4, counted from 0"
        );
        assert_eq!(open(&[]).unwrap(), Error::EmptyBatch.to_string());
        let vouched = Batch::new(inputs.as_view(), Targets::Labels(&[0; 4])).known_finite();
        assert!(vouched.open(2).is_ok());
    }

    #[test]
    fn wrong_shapes_are_named() {
        let inputs = DMatrix::<f32>::zeros(3, 2);
        let open = |batch: Batch<'_, f32>| batch.open(3).err().map(|error| error.to_string());
        assert!(
            Batch::new(inputs.as_view(), Targets::Labels(&[0, 1]))
                .open(3)
                .is_ok()
        );
        let few = open(Batch::new(inputs.as_view(), Targets::Labels(&[0]))).unwrap();
        assert_eq!(few, "the list of labels has length 1; expected 2");
        let weights =
            open(Batch::new(inputs.as_view(), Targets::Labels(&[0, 1])).weights(&[1.0, -2.0]))
                .unwrap();
        assert_eq!(
            weights,
            "sample 1 has weight -2; weights must be finite and not negative"
        );
        let empty = DMatrix::<f32>::zeros(3, 0);
        assert_eq!(
            Batch::new(empty.as_view(), Targets::Labels(&[]))
                .open(3)
                .err(),
            Some(Error::EmptyBatch)
        );
        let other = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1]))
            .open(4)
            .err()
            .unwrap();
        assert!(
            other
                .to_string()
                .starts_with("the input matrix has shape (3, 2); expected (4, 2)"),
            "{other}"
        );
    }
}
