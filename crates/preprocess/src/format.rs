//! The version of saved data, checked before anything else is read.

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The format written, and the only one read so far.
const FORMAT: u64 = 1;

/// Stands for the field `"format": 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(FORMAT)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            FORMAT => Ok(Self),
            other => Err(D::Error::invalid_value(
                Unexpected::Unsigned(other),
                &"format 1, the only one that this version of smallbatch-preprocess reads; \
                  load it with a later version, or fit and save again",
            )),
        }
    }
}
