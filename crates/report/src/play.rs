//! Descent to play with: the loss of a linear unit on two inputs, a slider for the learning rate, raw or standardized.
//!
//! A script draws it. Without one nothing is missing: the pictures above it show the same valleys.

use serde::Serialize;

use crate::landscape::frame;
use crate::results::{Landscape, Valley};

/// What the script needs.
#[derive(Debug, Serialize)]
pub(crate) struct Play {
    features: [String; 2],
    valleys: Vec<PlayValley>,
}

#[derive(Debug, Serialize)]
struct PlayValley {
    scaling: String,
    minimum: [f64; 2],
    curvatures: [f64; 2],
    directions: [[f64; 2]; 2],
    start: [f64; 2],
    /// The ends of both axes.
    x: [f64; 2],
    y: [f64; 2],
}

impl Play {
    /// Of a landscape with valleys; none without.
    pub(crate) fn of(landscape: &Landscape) -> Option<Self> {
        let valleys: Vec<PlayValley> = landscape
            .valleys
            .iter()
            .filter_map(PlayValley::of)
            .collect();
        (!valleys.is_empty()).then(|| Self {
            features: landscape.features.clone(),
            valleys,
        })
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl PlayValley {
    fn of(valley: &Valley) -> Option<Self> {
        let (x, y) = frame(valley);
        Some(Self {
            scaling: valley.scaling.clone(),
            minimum: valley.minimum,
            curvatures: valley.curvatures,
            directions: valley.directions,
            start: *valley.paths.first()?.weights.first()?,
            x: x.span(),
            y: y.span(),
        })
    }
}
