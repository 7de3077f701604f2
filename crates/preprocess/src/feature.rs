//! How a feature is named in reports and errors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A feature: its index (the row of X, counted from 0) and its name.
///
/// ```
/// use smallbatch_preprocess::NamedFeature;
/// let feature = NamedFeature { index: 3, name: "alcohol".into() };
/// assert_eq!(feature.to_string(), "feature 3 (\"alcohol\")");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFeature {
    /// The row of X, counted from 0.
    pub index: usize,
    /// The name given in fitting, or `feature 3` for an unnamed feature 3.
    pub name: String,
}

impl NamedFeature {
    pub(crate) fn new(index: usize, names: Option<&[String]>) -> Self {
        let name = names.and_then(|names| names.get(index)).cloned();
        Self {
            index,
            name: name.unwrap_or_else(|| default_name(index)),
        }
    }
}

/// The name of a feature that was given none.
pub(crate) fn default_name(index: usize) -> String {
    format!("feature {index}")
}

impl fmt::Display for NamedFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "feature {}", self.index)?;
        if self.name != default_name(self.index) {
            write!(f, " ({:?})", self.name)?;
        }
        Ok(())
    }
}
