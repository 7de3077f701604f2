//! A model, and what it predicts for a row.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::network::{Network, Scratch};
use crate::output::{Errors, Output};
use crate::row::Row;
use crate::scaling::FeatureScaling;
use crate::{Column, Error, Feature, List, Text};

/// A trained model: plain data, which [`Model::from_bytes`] reads and checks, or which is compiled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The column that it predicts.
    pub target: Text,
    /// The classes, in the order of their probabilities; none for numbers.
    pub classes: List<Text>,
    /// The columns that it reads.
    pub columns: List<Column>,
    /// The networks, each with what stands before and after it; a prediction is the mean of theirs.
    pub members: List<ModelMember>,
    /// For numbers how wrong it is on rows that it did not see.
    pub errors: Option<Errors>,
}

/// A network with what stands before and after it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelMember {
    /// What is made of the cells.
    pub features: List<Feature>,
    /// How that is scaled.
    pub scaling: FeatureScaling,
    /// The network.
    pub network: Network,
    /// What its outputs mean.
    pub output: Output,
}

/// Something about a row that the model did not meet in training.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
pub struct Warning {
    /// The column.
    pub column: Text,
    /// What it is, as a sentence's end: `has the new category "Tromso"`.
    pub what: String,
}

/// What is predicted for a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction<'m> {
    model: &'m Model,
    /// The probabilities of [`Model::classes`], or one number in the target's unit. They are finite.
    pub values: Vec<f64>,
    /// What the row has that the training rows did not.
    pub warnings: Vec<Warning>,
}

impl Model {
    /// Predicts a row.
    ///
    /// # Errors
    /// [`Error::NotFinite`], where weights or numbers are so large that the prediction is beyond what can be written;
    /// [`Error::OtherModel`] for a row of another model.
    pub fn predict(&self, row: &Row<'_>) -> Result<Prediction<'_>, Error> {
        self.predict_with(row, &mut Scratch::default())
    }

    /// The same with room that is used again: what is allocated then is in the prediction.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_with(
        &self,
        row: &Row<'_>,
        scratch: &mut Scratch,
    ) -> Result<Prediction<'_>, Error> {
        if !core::ptr::eq(row.model(), self) && row.model().columns != self.columns {
            return Err(Error::OtherModel);
        }
        let mut values = vec![0.0; self.classes.len().max(1)];
        for member in &*self.members {
            let features = member.features.iter();
            scratch.features.clear();
            scratch
                .features
                .extend(features.map(|feature| feature.value(&row.cells)));
            member.scaling.apply(&mut scratch.features);
            let outputs = member.network.outputs_of_features(scratch);
            member.output.add_to(outputs, &mut values);
        }
        #[allow(clippy::cast_precision_loss)] // Networks are few.
        let n_members = self.members.len().max(1) as f64;
        values.iter_mut().for_each(|value| *value /= n_members);
        if values.iter().any(|value| !value.is_finite()) {
            return Err(Error::NotFinite);
        }
        let mut warnings = row.warnings.clone();
        warnings.extend(row.missing());
        Ok(Prediction {
            model: self,
            values,
            warnings,
        })
    }
}

impl<'m> Prediction<'m> {
    /// The most probable class; `None` for numbers.
    pub fn class(&self) -> Option<&'m str> {
        let mut best = 0;
        for (at, p) in self.values.iter().enumerate() {
            if *p > self.values[best] {
                best = at;
            }
        }
        self.model.classes.get(best).map(|class| &**class)
    }

    /// The classes with their probabilities; none for numbers.
    pub fn probabilities(&self) -> impl Iterator<Item = (&'m str, f64)> {
        let classes = self.model.classes.iter().map(|class| &**class);
        classes.zip(self.values.iter().copied())
    }

    /// The number, in the target's unit; `None` for classes.
    pub fn number(&self) -> Option<f64> {
        let is_number = self.model.classes.is_empty();
        self.values.first().copied().filter(|_| is_number)
    }

    /// The interval of this coverage, above 0 and below 1, around the number. An end is infinite where too few rows vouch for it; `None`
    /// for classes.
    pub fn interval(&self, coverage: f64) -> Option<(f64, f64)> {
        let half = self.model.errors.as_ref()?.half_width(coverage);
        let number = self.number()?;
        Some((number - half, number + half))
    }
}
