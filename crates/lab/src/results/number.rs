//! How numbers that JSON and CSV cannot hold go into the files and come back.

/// `Option<f64>`: `None` and every non-finite number are null.
pub(super) mod finite {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        value.filter(|number| number.is_finite()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
        Option::<f64>::deserialize(from)
    }
}

/// `f64` whose null is one fixed value.
macro_rules! null_as {
    ($(#[$doc:meta])* $name:ident, $value:expr) => {
        $(#[$doc])*
        pub(super) mod $name {
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
                Some(*value).filter(|number| number.is_finite()).serialize(to)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
                Ok(Option::<f64>::deserialize(from)?.unwrap_or($value))
            }
        }
    };
}

null_as!(
    /// The lower end of an interval: null is negative infinity.
    open_below,
    f64::NEG_INFINITY
);
null_as!(
    /// The upper end of an interval: null is infinity.
    open_above,
    f64::INFINITY
);
null_as!(
    /// A duration: null is zero.
    or_zero,
    0.0
);
