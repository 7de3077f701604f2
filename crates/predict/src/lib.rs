//! Loads a trained model and predicts, without the standard library.
//!
//! A model that `smallbatch` trained is one file: what the columns of its table were, how they become features, how those are scaled, one
//! or more networks, and what their outputs mean. This crate reads it and predicts row by row: in a service, in a browser, on a
//! microcontroller. It stands on no linear algebra and on no reader of tables, and needs an allocator, but not `std`.
//!
//! ```no_run
//! use smallbatch_predict::Model;
//!
//! let model = Model::from_bytes(&std::fs::read("model.safetensors")?)?;
//! let mut row = model.row();
//! row.set("size", 54.5)?;
//! row.set("town", "Ulm")?;
//! let prediction = model.predict(&row)?;
//! println!("{:?} {:?} {:?}", prediction.number(), prediction.interval(0.9), prediction.warnings);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The same bits everywhere
//!
//! Sums run in one order, no operations are fused, and exponentials are this crate's own polynomials: a model predicts the same bits on
//! every processor. The training library's fused kernels differ from them by rounding; [`Network`] says by how much.
//!
//! # Features
//!
//! - `file` (default): [`Model::from_bytes`], with safetensors and serde. Without it a model is a Rust source, as `smallbatch export --rust`
//!   writes it, and this crate has no dependency but `libm`.

#![no_std]

#[cfg(test)]
extern crate std;

extern crate alloc;

use alloc::borrow::Cow;

mod columns;
mod error;
mod features;
#[cfg(feature = "file")]
mod file;
mod model;
mod network;
mod output;
mod row;
mod scaling;

/// Numbers or things that are compiled in, or were read.
pub type List<T> = Cow<'static, [T]>;
/// A text that is compiled in, or was read.
pub type Text = Cow<'static, str>;

pub use columns::{Column, DatePart, Kind};
pub use error::Error;
pub use features::Feature;
pub use model::{Model, ModelMember, Prediction, Warning};
pub use network::{HiddenActivation, Layer, Network, Scratch};
pub use output::{Errors, Output};
pub use row::{Row, Value};
pub use scaling::FeatureScaling;
