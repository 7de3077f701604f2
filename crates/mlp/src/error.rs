//! What can go wrong in this crate, and what to do about it.

use smallbatch_base::Number;

/// An error of this crate. The fields are for programs, the sentence is for people.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Error, MlpSpec};
///
/// let network = MlpSpec::new([2, 3]).build::<f32>(0)?;
/// let error = network.predict(dmatrix![1.0, 2.0; 3.0, f32::INFINITY].as_view()).unwrap_err();
/// assert!(matches!(error, Error::InputNotFinite { sample: 1, feature: 1, .. }));
/// assert!(error.to_string().starts_with("feature 1 of sample 1 is inf; inputs must be finite."));
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A network needs an input layer and an output layer.
    #[error(
        "the network has {n_layers} layer size(s); give at least two, the inputs' and the outputs', e.g. [13, 64, 3]"
    )]
    TooFewLayers {
        /// How many sizes were given.
        n_layers: usize,
    },
    /// A layer without units passes nothing on.
    #[error(
        "layer {layer} of {} has 0 units; every layer needs at least 1",
        shown(sizes)
    )]
    EmptyLayer {
        /// Which layer, 0 being the inputs.
        layer: usize,
        /// All the layer sizes given.
        sizes: Vec<usize>,
    },
    /// The network would have more parameters than [`MOST_PARAMETERS`](smallbatch_base::limits::MOST_PARAMETERS).
    #[error(
        "the layers {} have more than {} parameters; make them smaller",
        shown(sizes),
        smallbatch_base::limits::MOST_PARAMETERS
    )]
    TooManyParameters {
        /// All the layer sizes given.
        sizes: Vec<usize>,
    },
    /// A hyper-parameter is outside its range.
    #[error(
        "{name} is {value}; it must be {range}",
        value = Number(*value)
    )]
    HyperParameter {
        /// The hyper-parameter's name.
        name: &'static str,
        /// The value given.
        value: f64,
        /// The values it may take, in words.
        range: &'static str,
    },
    /// The loss does not suit the number of outputs.
    #[error(
        "the loss {loss} needs {needed} output(s), but the network has {n_outputs}; change the last layer size or the loss"
    )]
    OutputsForLoss {
        /// The loss's name.
        loss: &'static str,
        /// How many outputs the loss needs, in words.
        needed: String,
        /// How many the network has.
        n_outputs: usize,
    },
    /// The targets are not of the kind that the loss takes.
    #[error("the loss {loss} takes {expected}; these targets are {found}")]
    TargetKind {
        /// The loss's name.
        loss: &'static str,
        /// What the loss takes.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// A matrix or a slice has the wrong shape.
    #[error(
        "{what} has shape ({found_rows}, {found_columns}); expected ({expected_rows}, {expected_columns}), a sample being a column"
    )]
    Shape {
        /// Which matrix.
        what: &'static str,
        /// Rows expected.
        expected_rows: usize,
        /// Columns expected.
        expected_columns: usize,
        /// Rows found.
        found_rows: usize,
        /// Columns found.
        found_columns: usize,
    },
    /// A vector has the wrong length.
    #[error("{what} has length {found}; expected {expected}")]
    Length {
        /// Which vector.
        what: &'static str,
        /// The length expected.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// Parameters, or what has their shape, that belong to a network of other layers. They may be of the same number.
    #[error("{what} are for layers {found:?}, the network has {expected:?}")]
    OtherLayers {
        /// What was given.
        what: &'static str,
        /// The network's layer sizes.
        expected: Vec<usize>,
        /// Those of what was given.
        found: Vec<usize>,
    },
    /// An input is NaN or infinite.
    #[error(
        "feature {feature} of sample {sample} is {value}; inputs must be finite. Fill in what is missing, or leave the sample out"
    )]
    InputNotFinite {
        /// The sample's column in the inputs: with [`Batch::samples`](crate::Batch::samples), in all of them.
        sample: usize,
        /// The row of the input.
        feature: usize,
        /// The value found.
        value: f64,
    },
    /// An input is finite, and is so no more when it is scaled.
    #[error(
        "feature {feature} of sample {sample} is {value}, which becomes {scaled} when it is scaled by {scale}: the scale is 0, or too small for the number type",
        value = Number(*value), scaled = Number(*scaled), scale = Number(*scale)
    )]
    ScaledInputNotFinite {
        /// The sample's column in the inputs.
        sample: usize,
        /// The row of the input.
        feature: usize,
        /// The value that is stored.
        value: f64,
        /// What it becomes.
        scaled: f64,
        /// The feature's scale.
        scale: f64,
    },
    /// A batch without samples has no mean.
    #[error("the batch has no samples; give at least one column")]
    EmptyBatch,
    /// A label names a class that the network has no output for.
    #[error("sample {sample} has label {label}, but there are {n_classes} classes, numbered from 0 to {}", n_classes - 1)]
    LabelOutOfRange {
        /// The sample's position in the batch.
        sample: usize,
        /// Its label.
        label: u32,
        /// How many classes the network has.
        n_classes: usize,
    },
    /// A target value is outside what the loss is defined for.
    #[error(
        "the target of sample {sample}, output {output} is {value}; the loss {loss} needs {range}",
        value = Number(*value)
    )]
    TargetOutOfRange {
        /// The loss's name.
        loss: &'static str,
        /// The sample's position in the batch.
        sample: usize,
        /// The row of the target.
        output: usize,
        /// The value found.
        value: f64,
        /// The values the loss is defined for.
        range: &'static str,
    },
    /// A sample's weight is negative or not a number.
    #[error(
        "sample {sample} has weight {value}; weights must be finite and not negative",
        value = Number(*value)
    )]
    SampleWeight {
        /// The sample's position in the batch.
        sample: usize,
        /// Its weight.
        value: f64,
    },
    /// The mean weight of a training set is not a number above 0.
    #[error(
        "the mean weight of the training set is {value}; it must be finite and above 0",
        value = Number(*value)
    )]
    MeanWeight {
        /// What was given.
        value: f64,
    },
    /// All the weights of a batch are zero, so that its mean is undefined.
    #[error(
        "the sample weights of this batch (with any class weights) add up to 0; its mean loss is undefined. Drop samples of weight 0, or use larger batches"
    )]
    ZeroTotalWeight,
    /// The weights of a batch add up to more than there are numbers.
    #[error(
        "the sample weights of this batch (with any class weights) add up to infinity; divide all by their largest, which changes nothing"
    )]
    InfiniteTotalWeight,
    /// A batch asks for a sample that the inputs do not have.
    #[error("the batch asks for sample {sample}, but the inputs have {n_samples}, counted from 0")]
    SampleOutOfRange {
        /// Which it asks for.
        sample: usize,
        /// How many there are.
        n_samples: usize,
    },
    /// A view's columns do not follow one another in memory.
    #[error(
        "the columns of {what} are not contiguous in memory (a view of some rows?); copy it first with `.into_owned()`"
    )]
    NotContiguous {
        /// Which matrix.
        what: &'static str,
    },
    /// A workspace was made for another network.
    #[error(
        "this workspace was made for a network with {what} {found}, this one has {expected}; make one with `Mlp::workspace`"
    )]
    ForeignWorkspace {
        /// In what the networks differ: layers, activation, dropout.
        what: &'static str,
        /// The network's.
        expected: String,
        /// The workspace's.
        found: String,
    },
    /// The loss of a batch is not a finite number; the parameters were not updated.
    #[error("the loss of this batch is {loss}, so the update was not made; {}", way_out(*.updates))]
    LossNotFinite {
        /// The loss, NaN or infinite.
        loss: f64,
        /// How many updates the optimizer had made before.
        updates: u64,
    },
    /// The norm of a gradient is not a finite number; the parameters were not updated.
    #[error(
        "the gradient's norm is {norm}, so the update was not made; lower the learning rate, or normalize the inputs and the targets"
    )]
    GradientNotFinite {
        /// The norm, NaN or infinite.
        norm: f64,
    },
    /// A weight, a bias or what an optimizer keeps of one is not a finite number: a gradient was larger than the number type holds.
    #[error(
        "{what} is {value}: a gradient was too large for the network's number type. Go back to earlier parameters, and lower the learning rate, or normalize the inputs and the targets"
    )]
    ParametersNotFinite {
        /// What it is.
        what: &'static str,
        /// The first such value, NaN or infinite.
        value: f64,
    },
    /// Something computed from finite inputs is not a finite number: the weights are not finite, or so large that it
    /// overflows.
    #[error(
        "{what} is {value}, although the inputs are finite: weights, inputs, targets or direction are too large for the network's number type. Go back to earlier weights, normalize, or compute in f64"
    )]
    ResultNotFinite {
        /// What was computed.
        what: &'static str,
        /// Its value, NaN or infinite.
        value: f64,
    },
    /// A scaling of the inputs that was to be folded into the first layer makes a parameter that is not finite.
    #[error(
        "folding the scaling into the first layer makes {} of unit {unit} too large for the network's number type; scale the inputs before the network, or use f64",
        feature.map_or_else(|| "the bias".to_owned(), |feature| format!("the weight for feature {feature}"))
    )]
    FoldOverflow {
        /// The unit of the first layer.
        unit: usize,
        /// The feature whose weight it is; none for the bias.
        feature: Option<usize>,
    },
    /// A saved file has a format this version does not read.
    #[error(
        "the saved {what} has format {found}; this version reads format {supported}. Load it with the version that wrote it, and save it anew"
    )]
    Format {
        /// What was saved.
        what: &'static str,
        /// The format found.
        found: u32,
        /// The format this version reads.
        supported: u32,
    },
    /// Bytes that hold no network of linear layers.
    #[error("these bytes are no Sequential of Linear layers: {reason}")]
    NoSequential {
        /// What is wrong, as a sentence's end.
        reason: String,
    },
}

/// Refuses a hyper-parameter for which `ok` is false. NaN must make `ok` false.
pub(crate) fn require(
    ok: bool,
    name: &'static str,
    value: f64,
    range: &'static str,
) -> Result<(), Error> {
    if ok {
        Ok(())
    } else {
        Err(Error::HyperParameter { name, value, range })
    }
}

/// Refuses a slice of another length.
pub(crate) fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
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

/// Sizes of layers, of many only the first: `[3, 4, 2]`, or `[3, 4, 4, 4, 4, 4, 4, 4, …] (100 layers)`.
fn shown(sizes: &[usize]) -> String {
    const MOST: usize = 8;
    if sizes.len() <= MOST {
        return format!("{sizes:?}");
    }
    let first: Vec<String> = sizes[..MOST].iter().map(usize::to_string).collect();
    format!("[{}, …] ({} layers)", first.join(", "), sizes.len())
}

/// Refuses a result that is not finite.
pub(crate) fn require_finite(what: &'static str, value: f64) -> Result<(), Error> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Error::ResultNotFinite { what, value })
    }
}

/// Refuses to go on from a loss that is not finite.
#[inline]
pub(crate) fn finite_loss(loss: f64, updates: u64) -> Result<f64, Error> {
    if loss.is_finite() {
        Ok(loss)
    } else {
        Err(Error::LossNotFinite { loss, updates })
    }
}

/// What to do about a loss that is not finite.
fn way_out(updates: u64) -> &'static str {
    if updates == 0 {
        "no update was made before, so the learning rate is not the cause: normalize the inputs and the targets, or initialize smaller \
         weights"
    } else {
        "lower the learning rate, or normalize the inputs"
    }
}
