//! The program `smallbatch`.
fn main() {}
