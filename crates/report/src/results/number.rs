//! How numbers that JSON cannot hold go into the file and come back.

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

/// `Vec<f64>`: null is not a number. One that came from a bug must not make the file unreadable.
pub(super) mod list {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            values
                .iter()
                .map(|value| Some(*value).filter(|number| number.is_finite())),
        )
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(from)?;
        Ok(values
            .into_iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect())
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
    /// Where nothing stands for none: null is zero.
    or_zero,
    0.0
);
