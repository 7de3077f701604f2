//! Models of whole tables: trained, judged, saved, and asked for predictions.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

mod any;
mod encoder;
mod fitting;
mod intervals;
mod judging;
mod large;
mod resumed;
mod saved;
mod support;
mod weights;
