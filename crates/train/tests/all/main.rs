//! Whole trainings from the outside: one program, since each costs a build its linking.

mod allocation;
mod common;
mod divergence;
mod evaluation;
mod friction;
mod from_file;
mod loops;
mod real_data;
mod refusals;
mod resume;
mod saved;
mod stored;
mod training_loss;
mod words;
