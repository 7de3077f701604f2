//! How many samples one update sees.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// How many samples one update sees: so many at a time, or all of them.
///
/// As text and in JSON it is a number or "full".
///
/// ```
/// use smallbatch_data::BatchSize;
///
/// let size: BatchSize = "32".parse()?;
/// assert_eq!(size, BatchSize::Mini(32));
/// assert_eq!(size.n_batches(100)?, 4); // 32 + 32 + 32 + 4: the short last batch is kept
/// assert_eq!(BatchSize::Full.n_batches(100)?, 1);
/// assert_eq!(BatchSize::Full.to_string(), "full");
/// assert!(BatchSize::Mini(101).n_batches(100).is_err());
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BatchSize {
    /// This many samples, shuffled anew each epoch; from 1 to the number of samples.
    Mini(usize),
    /// All samples in their own order: neither shuffled nor gathered.
    Full,
}

impl BatchSize {
    /// The number of samples in a batch (all but a short last one) of a data set of `n_samples`.
    ///
    /// # Errors
    /// [`Error::BatchSize`] for 0 and for more than `n_samples`.
    pub fn samples(self, n_samples: usize) -> Result<usize, Error> {
        match self {
            Self::Full => Ok(n_samples),
            Self::Mini(size) if (1..=n_samples).contains(&size) => Ok(size),
            Self::Mini(size) => Err(Error::BatchSize { size, n_samples }),
        }
    }

    /// The number of batches, and so of updates, in one epoch over `n_samples`: n / size rounded up.
    ///
    /// # Errors
    /// As [`BatchSize::samples`].
    pub fn n_batches(self, n_samples: usize) -> Result<usize, Error> {
        Ok(match self {
            Self::Full => 1,
            Self::Mini(_) => n_samples.div_ceil(self.samples(n_samples)?),
        })
    }
}

impl fmt::Display for BatchSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `pad` and the number's own formatting keep a table's column width.
            Self::Mini(size) => fmt::Display::fmt(size, f),
            Self::Full => f.pad("full"),
        }
    }
}

impl FromStr for BatchSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        if trimmed.eq_ignore_ascii_case("full") {
            return Ok(Self::Full);
        }
        match trimmed.parse() {
            Ok(size) if size > 0 => Ok(Self::Mini(size)),
            _ => Err(Error::ParseBatchSize {
                text: text.to_string(),
            }),
        }
    }
}

impl Serialize for BatchSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mini(size) => serializer.serialize_u64(*size as u64),
            Self::Full => serializer.serialize_str("full"),
        }
    }
}

impl<'de> Deserialize<'de> for BatchSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrFull;

        impl Visitor<'_> for NumberOrFull {
            type Value = BatchSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a batch size: a whole number from 1 up, or \"full\"")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<BatchSize, E> {
                match usize::try_from(number) {
                    Ok(size) if size > 0 => Ok(BatchSize::Mini(size)),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
                }
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<BatchSize, E> {
                u64::try_from(number)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
                    .and_then(|number| self.visit_u64(number))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<BatchSize, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer
            .deserialize_any(NumberOrFull)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_go_there_and_back() {
        for (size, text, json) in [
            (BatchSize::Mini(16), "16", "16"),
            (BatchSize::Full, "full", "\"full\""),
        ] {
            assert_eq!(size.to_string(), text);
            assert_eq!(text.parse::<BatchSize>().unwrap(), size);
            assert_eq!(serde_json::to_string(&size).unwrap(), json);
            assert_eq!(serde_json::from_str::<BatchSize>(json).unwrap(), size);
        }
        assert_eq!(
            format!("[{:>5}] [{:>5}]", BatchSize::Mini(16), BatchSize::Full),
            "[   16] [ full]"
        );
    }

    #[test]
    fn zero_negative_and_nonsense_are_refused_everywhere() {
        for text in ["0", "-3", "1.5", "", "half"] {
            let error = text.parse::<BatchSize>().unwrap_err();
            assert!(matches!(error, Error::ParseBatchSize { .. }), "{error}");
        }
        for json in ["0", "-3", "1.5", "\"half\"", "null", "[1]"] {
            let error = serde_json::from_str::<BatchSize>(json)
                .unwrap_err()
                .to_string();
            assert!(error.contains("batch size"), "{json}: {error}");
        }
    }

    #[test]
    fn sizes_that_do_not_fit_name_the_range() {
        for size in [0, 11] {
            let error = BatchSize::Mini(size).n_batches(10).unwrap_err();
            assert!(matches!(error, Error::BatchSize { size: s, n_samples: 10 } if s == size));
            assert!(error.to_string().contains("1 to 10, or \"full\""));
        }
        assert_eq!(BatchSize::Mini(10).n_batches(10).unwrap(), 1);
        assert_eq!(BatchSize::Mini(1).n_batches(10).unwrap(), 10);
    }
}
