//! The saved form of a fitted scaler, checked when read.

use serde::{Deserialize, Serialize};

use super::{Affine, Body, FittedScaler, Map};
use crate::format::Format;
use crate::{AnyScaler, Error};

/// `{"format": 1, "fitted": {...}}`. The format stands first, so that it is the first thing judged.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    format: Format,
    fitted: Body,
}

impl From<FittedScaler> for Saved {
    fn from(scaler: FittedScaler) -> Self {
        Self {
            format: Format,
            fitted: scaler.body,
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
    match (&body.map, &body.scaler) {
        (
            Map::Affine(affine),
            AnyScaler::Identity
            | AnyScaler::Standard(_)
            | AnyScaler::MinMax(_)
            | AnyScaler::MaxAbs(_)
            | AnyScaler::Robust(_),
        )
        | (Map::SmoothClip(affine), AnyScaler::SmoothClip(_)) => check_affine(affine, n),
        (Map::Quantiles { quantiles }, AnyScaler::Quantile(_)) => check_quantiles(quantiles, n),
        (Map::PerSample, AnyScaler::PerSample(_)) => Ok(()),
        (_, scaler) => damaged(format!(
            "the map is not that of the scaler {}",
            scaler.name()
        )),
    }
}

fn check_affine(affine: &Affine, n: usize) -> Result<(), Error> {
    let damaged = |reason: String| Err(Error::Damaged { reason });
    if affine.shift.len() != n || affine.scale.len() != n {
        return damaged(format!("shift and scale are not those of {n} features"));
    }
    let sound =
        |(shift, scale): (&f64, &f64)| shift.is_finite() && scale.is_finite() && *scale > 0.0;
    match affine
        .shift
        .iter()
        .zip(&affine.scale)
        .position(|pair| !sound(pair))
    {
        Some(j) => damaged(format!("shift and scale of feature {j} are not usable")),
        None => Ok(()),
    }
}

fn check_quantiles(quantiles: &[Vec<f64>], n: usize) -> Result<(), Error> {
    let damaged = |reason: String| Err(Error::Damaged { reason });
    if quantiles.len() != n {
        return damaged(format!("the quantiles are not those of {n} features"));
    }
    let sound = |q: &Vec<f64>| !q.is_empty() && q.is_sorted() && q.iter().all(|x| x.is_finite());
    match quantiles.iter().position(|q| !sound(q)) {
        Some(j) => damaged(format!(
            "the quantiles of feature {j} are not finite and ascending"
        )),
        None => Ok(()),
    }
}
