//! Every reader of smallbatch on files that are not what they seem.
//!
//! A file gives a value or an error. A panic, an abort, an endless loop, or memory far beyond the file's size is a finding. What a reader takes is
//! used as well: a table is framed, a model predicts, results are drawn.
//!
//! | to run | command, in this folder |
//! |---|---|
//! | random changes of valid files | `cargo run --release -- csv --seconds 60` |
//! | libFuzzer | `cargo run --release -- --corpus`, then `cargo +nightly fuzz run --features libfuzzer csv` |
//!
//! The tests of the crate `smallbatch` have these files as a module, and give each reader a few changed files, too.

mod changes;
mod readers;
mod seal;
mod seeds;

pub use changes::Changes;
pub use readers::{TARGETS, read};
pub use seeds::{seeds, valid};
