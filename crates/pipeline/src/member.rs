//! A network with all that stands before and after it, and what its predictions are worth.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_data::{Frame, Target};
use smallbatch_mlp::Mlp;
use smallbatch_preprocess::FittedScaler;

use crate::Error;
use crate::Output;
use crate::encoder::Encoder;

use crate::output::FitOutput as _;

/// The smallest probability that a log loss knows.
const LEAST: f64 = 1e-15;

/// A larger input counts as this: on its way through the layers a number may grow by a factor of 10²⁰ before single precision overflows,
/// and infinite minus infinite is no prediction.
const MOST: f64 = 1e18;

/// How far a training was after some epochs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberEpoch {
    /// How many.
    pub epoch: f64,
    /// The mean loss of the batches since the line before, by the network's own measure.
    pub training_loss: f64,
    /// The mean loss of the rows held out, by the measure that chose the network.
    pub held_out_loss: f64,
}

/// A network with what stands before and after it, all of it fitted to the same training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Columns to features.
    pub encoder: Encoder,
    /// Features to inputs.
    pub scaler: FittedScaler,
    /// The network.
    pub network: Mlp<f32>,
    /// What its outputs mean.
    pub output: Output,
    /// How its training went, up to the network that was taken; empty where its file is older than this field.
    #[serde(default)]
    pub history: Vec<MemberEpoch>,
}

impl Member {
    /// Probabilities of classes, or numbers in the target's unit: shape (classes or 1, rows).
    ///
    /// # Errors
    /// As [`Encoder::encode`], and where member and frame do not fit together.
    pub fn predict(&self, frame: &Frame) -> Result<DMatrix<f64>, Error> {
        let features = self.scaler.transform(&self.encoder.encode(frame)?)?;
        run(&self.network, &features, self.output)
    }
}

/// The mean of what members predict.
///
/// # Errors
/// As [`Member::predict`].
pub fn committee(members: &[Member], frame: &Frame) -> Result<DMatrix<f64>, Error> {
    let mut sum: Option<DMatrix<f64>> = None;
    for member in members {
        let predictions = member.predict(frame)?;
        sum = Some(match sum {
            Some(sum) => sum + predictions,
            None => predictions,
        });
    }
    Ok(sum.unwrap_or_else(|| DMatrix::zeros(0, 0)) / members.len().max(1) as f64)
}

/// The loss of each row: -ln of the probability of its class, or the squared error in the target's unit.
pub fn row_losses(predictions: &DMatrix<f64>, target: &Target<f64>) -> Vec<f64> {
    match target {
        Target::Classes { labels, .. } => labels
            .iter()
            .enumerate()
            .map(|(row, &label)| -predictions[(label as usize, row)].max(LEAST).ln())
            .collect(),
        Target::Values { values, .. } => values
            .column_iter()
            .zip(predictions.column_iter())
            .map(|(truth, prediction)| (truth - prediction).norm_squared())
            .collect(),
        // Of a kind that is not known here.
        _ => Vec::new(),
    }
}

/// Scaled features as a network reads them.
pub(crate) fn narrowed(features: &DMatrix<f64>) -> DMatrix<f32> {
    #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
    features.map(|x| x.clamp(-MOST, MOST) as f32)
}

/// What a network predicts for scaled features.
pub(crate) fn run(
    network: &Mlp<f32>,
    features: &DMatrix<f64>,
    output: Output,
) -> Result<DMatrix<f64>, Error> {
    let narrowed = narrowed(features);
    let outputs = network.predict(narrowed.as_view())?;
    Ok(output.decode(outputs.map(f64::from)))
}
