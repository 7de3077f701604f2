//! Files that appear whole or not at all, know whether they are damaged, and belong to one process at a time.
//!
//! All files of the house are written by [`replace`]: beside their place, synchronized with the disk, and moved there. So a reader
//! finds the old content or the new one, whenever the process is killed or the disk is full.
//!
//! | task | here |
//! |---|---|
//! | write a file | [`replace`]; several that belong together: [`replace_all`] |
//! | see whether a folder takes files, before the work | [`prepare_folder`] |
//! | read a file whole, but no device without an end | [`read`], [`read_text`]; only where it begins as it should: [`read_if`] |
//! | write bytes of which any damage is noticed, and read them | [`seal`], [`unseal`]; JSON: [`seal_json`], [`check_json`] |
//! | keep the last few states of something that goes on | [`Rotation`] |
//! | make sure that no other process writes into a folder | [`Lock`] |
//! | find, or remove, what killed processes left | [`unfinished`] |

mod bounded;
mod disk;
mod folder;
mod json;
mod lock;
#[cfg(any(test, feature = "power"))]
#[doc(hidden)]
pub mod power;
mod replace;
mod rotation;
mod sealed;
mod together;

pub use bounded::{read, read_if, read_text};
pub use folder::{new_temporary_folder, prepare_folder};
pub use json::{check_json, seal_json};
pub use lock::{Lock, LockError};
pub use replace::{replace, unfinished};
pub use rotation::Rotation;
pub use sealed::{SealError, check, seal, unseal};
pub use together::replace_all;
