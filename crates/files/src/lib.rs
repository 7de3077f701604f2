//! Files that appear whole or not at all, know whether they are damaged, and belong to one process at a time.
//!
//! All files of the house are written by [`replace`]: beside their place, synchronized with the disk, and moved there. So a reader
//! finds the old content or the new one, whenever the process is killed or the disk is full.
//!
//! | task | here |
//! |---|---|
//! | write a file | [`replace`] |
//! | write bytes of which any damage is noticed, and read them | [`seal`], [`unseal`]; JSON: [`seal_json`], [`check_json`] |
//! | keep the last few states of something that goes on | [`Rotation`] |
//! | make sure that no other process writes into a folder | [`Lock`] |
//! | find, or remove, what killed processes left | [`unfinished`] |

mod disk;
mod json;
mod lock;
mod replace;
mod rotation;
mod sealed;

pub use json::{check_json, seal_json};
pub use lock::{Lock, LockError};
pub use replace::{replace, unfinished};
pub use rotation::Rotation;
pub use sealed::{SealError, check, seal, unseal};
