//! The predictor from the outside.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod features;
mod files;
mod intervals;
mod network;
mod random;
mod rows;
