//! The network from the outside: one program, since each costs a build its linking. What counts the allocations of all threads
//! is alone in its own.

mod differences;
mod golden;
#[cfg(feature = "safetensors")]
mod imported;
mod loss_and_logits;
mod loss_values;
mod not_finite;
mod steps;
mod stored_inputs;
mod threads;
