//! Trained models in other forms.
//!
//! - [`rust_source`]: a Rust source of constants for `smallbatch-predict`, which then reads no file and stands on no reader of files.
//! - [`c_header`]: one C header that predicts by itself: no allocation, no library, the bits of `smallbatch-predict`.
//! - [`onnx()`]: a file for ONNX runtimes, from a row's cells to its prediction.
//!
//! ```
//! use smallbatch_predict::{List, Model};
//!
//! let nothing = Model {
//!     target: "y".into(),
//!     classes: List::Borrowed(&[]),
//!     columns: List::Borrowed(&[]),
//!     members: List::Borrowed(&[]),
//!     errors: None,
//! };
//! assert!(smallbatch_export::rust_source(&nothing).contains("pub static MODEL: predict::Model"));
//! assert!(smallbatch_export::c_header(&nothing, "houses").contains("houses_predict"));
//! ```

mod c;
mod error;
mod onnx;
mod rust;

pub use c::c_header;
pub use error::Error;
pub use onnx::onnx;
pub use rust::rust_source;

use smallbatch_predict::Model;

/// How far 9 of 10 true numbers are from the prediction at most; `None` for classes, and where too few rows vouch for it.
fn half_width_90(model: &Model) -> Option<f64> {
    let half = model.errors.as_ref()?.half_width(0.9);
    half.is_finite().then_some(half)
}
