//! Tables, splits, batches and readers, from the outside: one program, since each costs a build its linking.

mod array_tables;
mod arrays;
mod arrow;
mod bad_input;
mod batches;
mod builtin;
mod cases;
mod chunks;
mod class_numbers;
mod copies;
mod folder;
mod forms;
mod frames;
mod frozen;
mod malformed;
mod parquet;
mod population;
mod row_file;
mod scaling;
mod schema;
mod splits;
mod stored;
mod synthetic;
mod table;
mod two_parts;
mod words;
