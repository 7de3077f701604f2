//! Models in other forms: the same bits as the predictor's.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod c;
mod check;
#[path = "../../../predict/tests/all/random.rs"]
mod random;
mod rust;
