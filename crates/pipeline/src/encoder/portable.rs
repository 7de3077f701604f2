//! Features as `smallbatch-predict` has them.

use std::collections::HashMap;

use smallbatch_predict::{DatePart, Feature};

use super::categories::Categories;
use super::{Column, Encoder};
use crate::Error;

/// A column of a frame, by name: which column of the model it is, and what of a date.
pub(crate) type Places = HashMap<String, (usize, Option<DatePart>)>;

impl Encoder {
    /// The features, each made of a cell of the column that `places` gives for its source.
    pub(crate) fn portable(&self, places: &Places) -> Result<Vec<Feature>, Error> {
        let mut features = Vec::new();
        for column in &self.columns {
            let (Column::Numbers { source, .. } | Column::Categories { source, .. }) = column;
            let Some(&(at, part)) = places.get(source) else {
                return Err(Error::no_form(&format!("the feature {source:?}")));
            };
            match column {
                Column::Numbers {
                    fill, says_missing, ..
                } => {
                    features.push(Feature::Number {
                        column: at,
                        part,
                        fill: *fill,
                    });
                    if *says_missing {
                        features.push(Feature::IsMissing { column: at, part });
                    }
                }
                Column::Categories { categories, .. } => {
                    features.extend(categories.portable(at, part));
                }
            }
        }
        let kept = self.kept.iter().map(|&at| features.get(at).cloned());
        kept.collect::<Option<_>>()
            .ok_or_else(|| Error::no_form("a feature that no column makes"))
    }
}

impl Categories {
    fn portable(&self, column: usize, part: Option<DatePart>) -> Vec<Feature> {
        let is = |code| Feature::Is { column, part, code };
        let mut features: Vec<Feature> = self.places.iter().map(|&code| is(Some(code))).collect();
        if self.has_other {
            features.push(Feature::IsOther {
                column,
                part,
                codes: self.places.clone().into(),
            });
        }
        if self.has_missing {
            features.push(is(None));
        }
        features.extend(self.means.iter().map(|means| Feature::Mean {
            column,
            part,
            means: means.clone().into(),
        }));
        features
    }
}
