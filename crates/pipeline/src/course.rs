//! A training as it went: what it was at each look, to be used or to be kept.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallbatch_mlp::Mlp;
use smallbatch_preprocess::FittedScaler;

use crate::Error;
use crate::Output;
use crate::encoder::Encoder;
use crate::member::{Member, MemberEpoch};

/// A training, with what it was at each look.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) scaler: FittedScaler,
    /// What it was, look after look; the last is its end, unless it diverged or no longer improved.
    pub looks: Vec<CourseLook>,
    /// Whether it ended with numbers that are not finite.
    pub diverged: bool,
}

/// A training after some epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseLook {
    /// How many.
    pub epoch: f64,
    /// The loss of each row that is held out: log loss, or the squared error in the target's unit.
    pub losses: Vec<f64>,
    /// The mean loss of the batches since the look before, by the network's own measure.
    pub training_loss: f64,
    pub(crate) network: Mlp<f32>,
    pub(crate) output: Output,
}

impl CourseLook {
    /// The mean loss of the rows held out.
    pub fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len().max(1) as f64
    }
}

impl Course {
    /// What can be used of it: the network at a look, with all that stands before and after it.
    pub fn member(&self, look: usize) -> Option<Member> {
        let looks = self.looks.get(..=look)?;
        // A line has no epochs, and JSON no infinity.
        let epochs = looks.iter().filter(|look| {
            look.epoch > 0.0 && look.training_loss.is_finite() && look.loss().is_finite()
        });
        let history = epochs.map(|look| MemberEpoch {
            epoch: look.epoch,
            training_loss: look.training_loss,
            held_out_loss: look.loss(),
        });
        let look = looks.last()?;
        Some(Member {
            encoder: (*self.encoder).clone(),
            scaler: self.scaler.clone(),
            network: look.network.clone(),
            output: look.output,
            history: history.collect(),
        })
    }
}

/// A [`Course`] without what its fold and recipe tell: to be kept, and brought back by [`Fold::recall`](crate::Fold::recall).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptCourse {
    looks: Vec<KeptLook>,
    diverged: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptLook {
    epoch: f64,
    losses: Vec<f64>,
    training_loss: f64,
    parameters: Vec<f32>,
    output: KeptOutput,
}

/// Mean and scale of an output, with smear and reach of a logarithm; of probabilities none.
type KeptOutput = Option<(f64, f64, Option<(f64, f64)>)>;

impl Course {
    /// What is to be kept of it.
    pub fn kept(&self) -> KeptCourse {
        let look = |look: &CourseLook| KeptLook {
            epoch: look.epoch,
            losses: look.losses.clone(),
            training_loss: look.training_loss,
            parameters: look.network.parameters().as_slice().to_vec(),
            output: match look.output {
                Output::Probabilities => None,
                Output::Number { mean, scale } => Some((mean, scale, None)),
                Output::Logarithm {
                    mean,
                    scale,
                    smear,
                    reach,
                } => Some((mean, scale, Some((smear, reach)))),
            },
        };
        KeptCourse {
            looks: self.looks.iter().map(look).collect(),
            diverged: self.diverged,
        }
    }
}

impl KeptCourse {
    /// What it was kept of, with what its fold and recipe tell, and a network of such parameters.
    pub(crate) fn recalled(
        self,
        encoder: Arc<Encoder>,
        scaler: FittedScaler,
        network: impl Fn(Vec<f32>) -> Result<Mlp<f32>, Error>,
    ) -> Result<Course, Error> {
        let look = |kept: KeptLook| -> Result<CourseLook, Error> {
            Ok(CourseLook {
                epoch: kept.epoch,
                losses: kept.losses,
                training_loss: kept.training_loss,
                network: network(kept.parameters)?,
                output: match kept.output {
                    None => Output::Probabilities,
                    Some((mean, scale, None)) => Output::Number { mean, scale },
                    Some((mean, scale, Some((smear, reach)))) => Output::Logarithm {
                        mean,
                        scale,
                        smear,
                        reach,
                    },
                },
            })
        };
        Ok(Course {
            encoder,
            scaler,
            looks: self
                .looks
                .into_iter()
                .map(look)
                .collect::<Result<_, Error>>()?,
            diverged: self.diverged,
        })
    }
}
