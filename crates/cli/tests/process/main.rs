//! The program from the outside: what it refuses, what it says then, and how it ends.

mod data;
mod export;
mod files;
mod fsck;
mod help;
mod kills;
mod mistaken;
mod models;
mod predictions;
mod refusals;
mod runs;
mod signals;
mod streams;
mod support;
mod sweep;
mod tables;
