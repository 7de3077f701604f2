//! The saved form of a fitted scaler, checked when read.

use serde::{Deserialize, Serialize};

use super::{Body, FittedScaler};
use crate::Error;
use crate::format::Format;

/// `{"format": 1, "fitted": {...}}`. The format stands first, so that it is the first thing judged.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    format: Format,
    fitted: Body,
}

smallbatch_base::saved_as!(FittedScaler as Saved);

impl From<&FittedScaler> for Saved {
    fn from(scaler: &FittedScaler) -> Self {
        Self {
            format: Format,
            fitted: scaler.body.clone(),
        }
    }
}

impl TryFrom<Saved> for FittedScaler {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self, Error> {
        check(&saved.fitted)?;
        Ok(Self::new(saved.fitted))
    }
}

/// Nothing that a transform relies on is taken on trust.
fn check(body: &Body) -> Result<(), Error> {
    let n = body.names.len();
    let damaged = |reason: String| Err(Error::Damaged { reason });
    if n == 0 {
        return damaged("there are no features".into());
    }
    if body.min.len() != n || body.max.len() != n {
        return damaged(format!("the ranges are not those of {n} features"));
    }
    let ordered = |(min, max): (&f64, &f64)| min.is_finite() && max.is_finite() && min <= max;
    if let Some(j) = body
        .min
        .iter()
        .zip(&body.max)
        .position(|range| !ordered(range))
    {
        return damaged(format!("the range of feature {j} is not a range"));
    }
    if !body.scaler.becomes(&body.map) {
        return damaged(format!(
            "the map is not that of the scaler {}",
            body.scaler.name()
        ));
    }
    body.map.check(n)
}
