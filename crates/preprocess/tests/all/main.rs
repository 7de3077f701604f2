//! Statistics and scalers from the outside: one program, since each costs a build its linking.

mod allocations;
mod bad_input;
mod common;
mod reference;
mod saved;
mod scalers;
mod statistics;
mod threads;
