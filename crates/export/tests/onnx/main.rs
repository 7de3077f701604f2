//! Exported ONNX files, run by another implementation.

#![allow(clippy::unwrap_used)]

#[path = "../random/mod.rs"]
mod random;
mod refused;
mod runs;
