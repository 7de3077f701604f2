//! Criterion benches of smallbatch, one file a subject
