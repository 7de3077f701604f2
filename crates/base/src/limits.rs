//! How large what is asked for may be. It is checked before anything of that size is allocated, so that a slip is an error and not the end
//! of the program. `docs/reliability.md` has the same table.

/// Declares the constants, and their list.
macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr, $what:literal;)*) => {
        $($(#[$doc])* pub const $name: $type = $value;)*

        /// All of them: what each is of, and the number.
        pub const ALL: &[(&str, u64)] = &[$(($what, $name as u64)),*];
    };
}

limits! {
    /// Bytes of a row of a text table.
    MOST_ROW_BYTES: usize = 1 << 24, "bytes of a row of a text table";
    /// Bytes of a row of a text table that goes on behind a line end within quotes; more is a quote that is not closed.
    MOST_QUOTED_ROW_BYTES: usize = 1 << 20, "bytes of a row with a line end within quotes";
    /// Columns of a table.
    MOST_COLUMNS: usize = 100_000, "columns of a table";
    /// Rows of a table in memory.
    MOST_ROWS: usize = 1 << 28, "rows of a table in memory";
    /// Cells of a table in memory: each takes eight bytes beside its text, and eight as a number.
    MOST_CELLS: usize = 1 << 29, "cells of a table in memory";
    /// Bytes of a file that people write: a design, a recipe, the settings of a table.
    MOST_SETTINGS_BYTES: u64 = 1 << 24, "bytes of a design, a recipe, the settings of a table";
    /// Bytes of a `results.json` or an `advice.json`.
    MOST_RESULTS_BYTES: u64 = 1 << 30, "bytes of results or of an advice";
    /// Bytes of a saved model.
    MOST_MODEL_BYTES: u64 = 1 << 31, "bytes of a saved model";
    /// Weights and biases of a network.
    MOST_PARAMETERS: usize = 1 << 28, "weights and biases of a network";
    /// Values that the buffers of a step hold: units of all layers times samples computed at once.
    MOST_ACTIVATIONS: usize = 1 << 28, "units of all layers times samples computed at once";
    /// Values of features of data that are drawn.
    MOST_DRAWN_VALUES: usize = 1 << 31, "values of features of drawn data";
    /// Hidden layers in a design.
    MOST_HIDDEN_LAYERS: usize = 16, "hidden layers in a design";
    /// Units of a hidden layer in a design.
    MOST_HIDDEN_UNITS: usize = 4_096, "units of a hidden layer in a design";
    /// Repetitions of each table.
    MOST_REPETITIONS: usize = 1_024, "repetitions of each table";
    /// Trainings at once.
    MOST_THREADS: usize = 1_024, "threads that trainings are spread over";
    /// Threads that share the work of one step.
    MOST_STEP_THREADS: usize = 64, "threads that share a step";
    /// The largest seed: any number of 64 bits.
    MOST_SEED: u64 = u64::MAX, "the largest seed";
    /// How far a cell to predict may lie outside the training rows, in widths of their range.
    MOST_WIDTHS_OUTSIDE: u32 = 1_000_000, "widths of the training range that a number lies outside it";
    /// Letters of a cell or a name that an error shows.
    MOST_LETTERS_SHOWN: usize = 40, "letters of a cell or a name that an error shows";
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::{String, ToString};

    use super::ALL;

    /// `1234567` as `1,234,567`.
    fn grouped(number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }

    #[test]
    fn the_documentation_has_the_same_table() {
        let page = include_str!("../../../docs/reliability.md");
        let (_, section) = page.split_once("## Limits").expect("a section of limits");
        let rows = section
            .lines()
            .filter(|line| line.starts_with("| "))
            .skip(1);
        let rows: std::vec::Vec<&str> = rows.take_while(|line| line.starts_with("| ")).collect();
        let expected: std::vec::Vec<String> = ALL
            .iter()
            .map(|(what, number)| std::format!("| {what} | {} |", grouped(*number)))
            .collect();
        assert_eq!(rows, expected);
    }
}
