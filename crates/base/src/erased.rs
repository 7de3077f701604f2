//! Reading and writing by serde, compiled once, in the crate that declares what is read.

use std::any::Any;
use std::boxed::Box;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserializer, Serializer};

pub use erased_serde::{Deserializer as AnyFormat, Error, Serialize as AnyValue};

/// Implements serde's `Serialize` and `Deserialize` of a type through its saved form, whose code is compiled in the declaring crate and
/// not again in each crate that reads or writes the type.
///
/// Derived code is generic over the format, so that every program that reads a scaler from JSON would compile the readers of all scalers.
/// Here they know the format as a trait object of `erased_serde`. What a user's crate compiles is the format's own part, once.
///
/// The saved form has `From<&Type>`, `TryInto<Type>`, and derives both traits. A type may be generic over the number type `T`.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq)]
/// struct Even(u32);
///
/// #[derive(Serialize, Deserialize)]
/// struct Half {
///     half: u32,
/// }
///
/// impl From<&Even> for Half {
///     fn from(even: &Even) -> Self {
///         Self { half: even.0 / 2 }
///     }
/// }
///
/// impl TryFrom<Half> for Even {
///     type Error = String;
///
///     fn try_from(saved: Half) -> Result<Self, String> {
///         saved.half.checked_mul(2).map(Even).ok_or("too large".into())
///     }
/// }
///
/// smallbatch_base::saved_as!(Even as Half);
///
/// let json = serde_json::to_string(&Even(6))?;
/// assert_eq!(json, r#"{"half":3}"#);
/// assert_eq!(serde_json::from_str::<Even>(&json)?, Even(6));
/// assert!(serde_json::from_str::<Even>(r#"{"half":4000000000}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! saved_as {
    ($type:ident as $saved:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[inline(never)]
                fn written(value: &$type) -> Box<dyn $crate::erased::AnyValue> {
                    Box::new(<$saved>::from(value))
                }
                $crate::erased::write(&*written(self), serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[inline(never)]
                fn read(
                    source: &mut dyn $crate::erased::AnyFormat<'_>,
                ) -> Result<$type, $crate::erased::Error> {
                    $crate::erased::read_as::<$saved, $type>(source)
                }
                $crate::erased::read(deserializer, read)
            }
        }
    };
    ($type:ident<T> as $saved:ident<T>) => {
        impl<T: $crate::Scalar> serde::Serialize for $type<T> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[inline(never)]
                fn narrow(value: &$type<f32>) -> Box<dyn $crate::erased::AnyValue> {
                    Box::new($saved::from(value))
                }
                #[inline(never)]
                fn wide(value: &$type<f64>) -> Box<dyn $crate::erased::AnyValue> {
                    Box::new($saved::from(value))
                }
                let written = $crate::erased::seen_as(self)
                    .map(narrow)
                    .or_else(|| $crate::erased::seen_as(self).map(wide));
                $crate::erased::write(&*written.unwrap_or_else(|| Box::new(())), serializer)
            }
        }

        impl<'de, T: $crate::Scalar> serde::Deserialize<'de> for $type<T> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[inline(never)]
                fn narrow(
                    source: &mut dyn $crate::erased::AnyFormat<'_>,
                ) -> Result<$type<f32>, $crate::erased::Error> {
                    $crate::erased::read_as::<$saved<f32>, _>(source)
                }
                #[inline(never)]
                fn wide(
                    source: &mut dyn $crate::erased::AnyFormat<'_>,
                ) -> Result<$type<f64>, $crate::erased::Error> {
                    $crate::erased::read_as::<$saved<f64>, _>(source)
                }
                $crate::erased::read(deserializer, |source| {
                    if std::any::TypeId::of::<T>() == std::any::TypeId::of::<f32>() {
                        narrow(source).and_then($crate::erased::same)
                    } else {
                        wide(source).and_then($crate::erased::same)
                    }
                })
            }
        }
    };
}

/// Reads a value from any format by a function that knows no format.
pub fn read<'de, V, D: Deserializer<'de>>(
    deserializer: D,
    by: impl FnOnce(&mut dyn AnyFormat<'de>) -> Result<V, Error>,
) -> Result<V, D::Error> {
    let mut source = <dyn AnyFormat<'de>>::erase(deserializer);
    by(&mut source).map_err(D::Error::custom)
}

/// Reads the saved form, and makes the value of it.
///
/// # Errors
/// What the format or the saved form says is wrong.
pub fn read_as<S, V>(source: &mut dyn AnyFormat<'_>) -> Result<V, Error>
where
    S: DeserializeOwned + TryInto<V, Error: std::fmt::Display>,
{
    S::deserialize(source)?.try_into().map_err(Error::custom)
}

/// Writes a value that knows no format.
pub fn write<S: Serializer>(value: &dyn AnyValue, serializer: S) -> Result<S::Ok, S::Error> {
    erased_serde::serialize(value, serializer)
}

/// The value as another type, where both are the same.
pub fn seen_as<A: Any, B: Any>(value: &A) -> Option<&B> {
    (value as &dyn Any).downcast_ref()
}

/// The value as another type, which is the same.
///
/// # Errors
/// Where it is not.
pub fn same<A: Any, B: Any>(value: A) -> Result<B, Error> {
    let value: Box<dyn Any> = Box::new(value);
    let same = value.downcast().map(|same| *same);
    same.map_err(|_| Error::custom("a value of the other number type"))
}
