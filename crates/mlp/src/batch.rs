//! What a network is trained on: inputs, targets, weights, all borrowed.

use nalgebra::DMatrixView;
use smallbatch_base::{InputScaling, StoredFeatures, StoredValues};

use crate::error::check_length;
use crate::inputs::{Inputs, Stored, columns, shaped_inputs};
use crate::product::Columns;
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
    features: StoredFeatures<'a, T>,
    samples: Option<&'a [usize]>,
    targets: Targets<'a, T>,
    weights: Option<&'a [T]>,
    mean_weight: Option<f64>,
    vouched: Vouched,
}

/// What is known of all inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Vouched {
    Nothing,
    Finite,
    Normal,
}

impl<'a, T: Scalar> Batch<'a, T> {
    /// A batch in which every sample weighs the same. It is checked when used: then the network is known.
    pub fn new(inputs: impl Into<DMatrixView<'a, T>>, targets: Targets<'a, T>) -> Self {
        Self::of(StoredValues::Numbers(inputs.into()), targets)
    }

    /// The same, of inputs that are stored as bytes, such as the pixels of images, and read as the numbers 0 to 255: they take
    /// a quarter of the memory of `f32`, and of its bandwidth. A network wants them [scaled](Self::scaled).
    pub fn of_bytes(inputs: impl Into<DMatrixView<'a, u8>>, targets: Targets<'a, T>) -> Self {
        Self::of(StoredValues::Bytes(inputs.into()), targets)
    }

    fn of(values: StoredValues<'a, T>, targets: Targets<'a, T>) -> Self {
        let scaling = None;
        Self::of_stored(StoredFeatures { values, scaling }, targets)
    }

    /// The same, of features as a data set stores them: numbers or bytes, scaled when they are read.
    pub fn of_stored(features: StoredFeatures<'a, T>, targets: Targets<'a, T>) -> Self {
        Self {
            features,
            samples: None,
            targets,
            weights: None,
            mean_weight: None,
            vouched: Vouched::Nothing,
        }
    }

    /// Scales the inputs when they are read, so that no scaled copy of the data is needed; see [`InputScaling`].
    ///
    /// ```
    /// use nalgebra::dmatrix;
    /// use smallbatch_mlp::{Batch, MlpSpec, InputScaling, Targets};
    ///
    /// // One pixel of three images, 0 to 255.
    /// let pixels = dmatrix![0_u8, 128, 255];
    /// let scaling = InputScaling { shift: &[128.0_f32], rest: &[0.0], scale: &[64.0] };
    /// let stored = Batch::of_bytes(pixels.as_view(), Targets::Labels(&[0, 0, 1])).scaled(scaling);
    ///
    /// let scaled = pixels.map(|pixel| (f32::from(pixel) - 128.0) / 64.0);
    /// let copied = Batch::new(scaled.as_view(), Targets::Labels(&[0, 0, 1]));
    /// let network = MlpSpec::new([1, 8, 2]).build::<f32>(0)?;
    /// let mut workspace = network.workspace(3);
    /// assert_eq!(network.loss(&stored, &mut workspace)?, network.loss(&copied, &mut workspace)?);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    #[must_use]
    pub fn scaled(mut self, scaling: InputScaling<'a, T>) -> Self {
        self.features.scaling = Some(scaling);
        self
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

    /// Divides the loss, and with it the gradient, by `n·w̄` instead of by `Σ wᵢ`: n is the number of the batch's samples, w̄ the mean
    /// weight of the whole training set, class weights included; finite and above 0.
    ///
    /// With it the gradients of mini-batches are, in the mean, those of the whole set. Divided by its own `Σ wᵢ` each batch weighs the
    /// same, whether or not it has heavy samples: the fewer its samples, the less its weights do.
    ///
    /// ```
    /// use nalgebra::dmatrix;
    /// use smallbatch_mlp::{Batch, MlpSpec, Targets};
    ///
    /// let all = dmatrix![1.0_f64, -2.0, 3.0];
    /// let (labels, weights) = ([0, 0, 1], [1.0, 1.0, 4.0]);
    /// let network = MlpSpec::new([1, 2]).build::<f64>(0)?;
    /// let mut workspace = network.workspace(3);
    /// let whole = Batch::new(all.as_view(), Targets::Labels(&labels)).weights(&weights);
    /// let mut mean = 0.0;
    /// for at in 0..3 {
    ///     let one = Batch::new(all.columns(at, 1), Targets::Labels(&labels[at..=at])).weights(&weights[at..=at]);
    ///     mean += network.loss(&one.mean_weight(2.0), &mut workspace)? / 3.0;
    /// }
    /// assert!((mean - network.loss(&whole, &mut workspace)?).abs() < 1e-15);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    #[must_use]
    pub fn mean_weight(mut self, mean_weight: f64) -> Self {
        self.mean_weight = Some(mean_weight);
        self
    }

    /// The batch divided by its own `Σ wᵢ`.
    pub(crate) fn by_its_own_weights(mut self) -> Self {
        self.mean_weight = None;
        self
    }

    /// Says that all inputs are known to be finite, and to be so when scaled, so that they are not looked at again: in a loop that takes its batches from
    /// data that were checked as a whole, looking costs a part of each step. If they are not, parameters may become NaN.
    #[must_use]
    pub fn known_finite(mut self) -> Self {
        if self.vouched == Vouched::Nothing {
            self.vouched = Vouched::Finite;
        }
        self
    }

    /// Whether all inputs are numbers that can be taken as they lie: not scaled, finite and, where not 0, at least 2^-63
    /// (1.1e-19; in `f64` 2^-511). A pass over all of them. Smaller ones count as 0 in every pass of a network, since they would
    /// slow it down and cannot change what it computes; whether there are any is asked of each batch that does not
    /// [say](Self::known_normal) that there are none.
    pub fn is_normal(&self) -> bool {
        let StoredValues::Numbers(numbers) = self.features.values else {
            return false;
        };
        let stored = shaped_inputs(numbers, numbers.nrows()).map(Stored::Numbers);
        let inputs = stored.and_then(|stored| Inputs::new(stored, self.features.scaling, None));
        inputs.is_ok_and(|inputs| inputs.are_normal())
    }

    /// Says that [`is_normal`](Self::is_normal) is true of all inputs. Beyond [`known_finite`](Self::known_finite), a batch of
    /// samples that lie one after the other need not be copied then. If it is not true, steps become slow.
    #[must_use]
    pub fn known_normal(mut self) -> Self {
        self.vouched = Vouched::Normal;
        self
    }

    /// How many samples there are.
    pub fn n_samples(&self) -> usize {
        let (_, n_columns) = self.features.values.shape();
        self.samples.map_or(n_columns, <[usize]>::len)
    }

    /// Checks the shapes against a network's, and that the inputs and weights are finite (targets are the loss's to check:
    /// what they may be depends on it), and lays everything out as slices.
    pub(crate) fn open(&self, n_inputs: usize) -> Result<Open<'a, T>, Error> {
        let n_samples = self.n_samples();
        if n_samples == 0 {
            return Err(Error::EmptyBatch);
        }
        let mut inputs = Inputs::new(
            match self.features.values {
                StoredValues::Numbers(inputs) => Stored::Numbers(shaped_inputs(inputs, n_inputs)?),
                StoredValues::Bytes(inputs) => Stored::Bytes(shaped_inputs(inputs, n_inputs)?),
            },
            self.features.scaling,
            self.samples,
        )?;
        match self.vouched {
            Vouched::Nothing => inputs.check_finite()?,
            Vouched::Finite => {}
            Vouched::Normal => inputs.vouch_normal(),
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
        if let Some(value) = self.mean_weight
            && !(value > 0.0 && value.is_finite())
        {
            return Err(Error::MeanWeight { value });
        }
        Ok(Open {
            inputs,
            targets,
            weights: self.weights,
            mean_weight: self.mean_weight,
        })
    }
}

/// A checked batch: contiguous slices.
#[derive(Clone, Copy)]
pub(crate) struct Open<'a, T> {
    pub(crate) inputs: Inputs<'a, T>,
    pub(crate) targets: OpenTargets<'a, T>,
    pub(crate) weights: Option<&'a [T]>,
    /// That of the whole training set, where the batch is not divided by its own.
    pub(crate) mean_weight: Option<f64>,
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
            mean_weight: self.mean_weight,
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
