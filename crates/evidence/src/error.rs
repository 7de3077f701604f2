//! What cannot be computed, in words that say what to do.

/// Numbers that no interval, effect or verdict can be computed from.
///
/// Each message names the offending value and what it may be; the fields let a program act.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A hypothesis has a value that it cannot have.
    #[error("{setting} is {value}, but must be {expected}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// Its value, as text.
        value: String,
        /// What it may be, in words.
        expected: &'static str,
    },
    /// A statistic was asked for with numbers that it cannot be computed from.
    #[error("{statistic}: {what} is {value}, but must be {expected}")]
    Statistic {
        /// The statistic.
        statistic: &'static str,
        /// Which of its inputs, with the position in a list.
        what: String,
        /// The offending value.
        value: String,
        /// What it may be, in words.
        expected: &'static str,
    },
}

/// A number for a message; in scientific form where it would be a row of zeros.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if (1e-5..1e16).contains(&magnitude) || magnitude == 0.0 || !magnitude.is_finite() {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}
