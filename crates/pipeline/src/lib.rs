//! A table in, predictions out: encoding, scaling, a network and its target as one object.

mod conformal;
mod cross;
mod encoder;
mod error;
mod fold;
mod line;
mod member;
mod output;
mod pipeline;
mod predictions;
mod recipe;
mod saved;
mod scores;

pub use conformal::Conformal;
pub use cross::CrossFit;
pub use encoder::Encoder;
pub use error::Error;
pub use fold::{Course, Fold, KeptCourse, Look};
pub use member::{Member, committee, row_losses};
pub use output::Output;
pub use pipeline::{Pipeline, held_out};
pub use predictions::Predictions;
pub use recipe::{Line, Network, Optimizer, Rates, Recipe};
pub use scores::{Measures, Scores};
