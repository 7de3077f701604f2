//! Advice on whole tables, as people bring them.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

mod cases;
mod columns;
mod page;
mod reproducible;
mod stopped;
mod support;
mod worth;
