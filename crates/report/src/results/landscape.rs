//! The loss over two weights, raw and standardized.

use serde::{Deserialize, Serialize};

/// Two features of one data set, and the loss of a linear unit with two weights on them: raw, and standardized.
///
/// The unit predicts `w0 x0 + w1 x1` of the standardized target (of classes: of being in the first) and its loss is the mean
/// squared error over the training part, so that its Hessian is twice the second moment of the two inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Landscape {
    /// The data set.
    pub dataset: String,
    /// The two features' names.
    pub features: [String; 2],
    /// Some samples of the training part, raw, in the features' own units.
    pub samples: Vec<[f64; 2]>,
    /// The training part's means.
    pub mean: [f64; 2],
    /// The training part's deviations.
    pub deviation: [f64; 2],
    /// The loss over the weights, for each way of scaling.
    pub valleys: Vec<Valley>,
}

/// The loss of a linear unit over its two weights, in full: it is quadratic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Valley {
    /// How the inputs were scaled: `"raw"`, `"standardized"`.
    pub scaling: String,
    /// The weights with the least loss.
    pub minimum: [f64; 2],
    /// The Hessian's eigenvalues, the larger first.
    pub curvatures: [f64; 2],
    /// Its unit eigenvectors, in the same order.
    pub directions: [[f64; 2]; 2],
    /// The ways of descent that were gone from one start, whose loss is 1 above the least.
    pub paths: Vec<DescentPath>,
}

/// The weights along gradient descent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DescentPath {
    /// Samples in one update: a number, or `"full"`.
    pub batch_size: String,
    /// The learning rate.
    pub learning_rate: f64,
    /// The weights before each update and after the last.
    pub weights: Vec<[f64; 2]>,
}
