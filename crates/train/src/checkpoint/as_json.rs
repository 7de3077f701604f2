//! Settings within bytes that do not say of what kind a value is: as a text of JSON, which does.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer, V: Serialize>(
    settings: &V,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        return settings.serialize(serializer);
    }
    let text = serde_json::to_string(settings).map_err(S::Error::custom)?;
    text.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>, V: DeserializeOwned>(
    deserializer: D,
) -> Result<V, D::Error> {
    if deserializer.is_human_readable() {
        return V::deserialize(deserializer);
    }
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(D::Error::custom)
}
