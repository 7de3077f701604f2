//! Trained models for others.
