//! A model as `smallbatch-predict` has it: plain data that predicts anywhere.

use std::collections::HashMap;

use smallbatch_data::ColumnKind;
use smallbatch_mlp::{Activation, Mlp};
use smallbatch_predict as portable;
use smallbatch_predict::{DatePart, Kind};
use smallbatch_preprocess::{FittedScaler, Formula};

use crate::encoder::Places;
use crate::{Error, Member, Pipeline};

impl Pipeline {
    /// The model as plain data that needs no table, no linear algebra and no standard library to predict: for services, browsers and
    /// microcontrollers, and for writing it in other forms.
    ///
    /// # Errors
    /// [`Error::NotPortable`] for a kind of column or activation that has no such form.
    pub fn portable(&self) -> Result<portable::Model, Error> {
        let (columns, places) = self.columns()?;
        let members: Vec<portable::ModelMember> = self
            .members
            .iter()
            .map(|member| member.portable(&places))
            .collect::<Result<_, Error>>()?;
        Ok(portable::Model {
            target: self.schema.target().to_owned().into(),
            classes: self
                .schema
                .classes()
                .iter()
                .map(|class| class.clone().into())
                .collect(),
            columns: columns.into(),
            members: members.into(),
            errors: self
                .conformal
                .as_ref()
                .map(|conformal| conformal.portable()),
        })
    }

    /// The columns that features are made of, and those that were constant.
    fn columns(&self) -> Result<(Vec<portable::Column>, Places), Error> {
        let mut columns = Vec::new();
        let mut places = HashMap::new();
        for column in self.schema.columns() {
            let name = column.name();
            let at = columns.len();
            let kind = match column.kind() {
                ColumnKind::Constant => match column.always() {
                    Some(value) => Kind::Constant {
                        value: value.to_owned().into(),
                    },
                    None => continue,
                },
                _ if !column.is_feature() => continue,
                ColumnKind::Number => Kind::Number {
                    range: column.range().map(|(least, largest)| [least, largest]),
                },
                ColumnKind::Boolean => Kind::Boolean,
                ColumnKind::Category => Kind::Category {
                    levels: column
                        .levels()
                        .iter()
                        .map(|level| level.clone().into())
                        .collect(),
                },
                ColumnKind::Date => Kind::Date {
                    earliest: column.earliest().unwrap_or(0.0),
                },
                ColumnKind::Time => Kind::Time,
                other => {
                    return Err(Error::no_form(&format!(
                        "the column {name:?}, of kind {other}"
                    )));
                }
            };
            let parts: &[DatePart] = match kind {
                Kind::Date { .. } => &DatePart::OF_DATE,
                Kind::Time => &DatePart::OF_TIME,
                _ => &[],
            };
            for &part in parts {
                places.insert(format!("{name}: {}", part.name()), (at, Some(part)));
            }
            if parts.is_empty() {
                places.insert(name.to_owned(), (at, None));
            }
            columns.push(portable::Column {
                name: name.to_owned().into(),
                kind,
                had_missing: column.missing() > 0,
            });
        }
        Ok((columns, places))
    }
}

impl Member {
    fn portable(&self, places: &Places) -> Result<portable::ModelMember, Error> {
        Ok(portable::ModelMember {
            features: self.encoder.portable(places)?.into(),
            scaling: scaling(&self.scaler),
            network: network(&self.network)?,
            output: self.output,
        })
    }
}

fn scaling(scaler: &FittedScaler) -> portable::FeatureScaling {
    match scaler.formula() {
        Formula::Affine(affine) => portable::FeatureScaling::Affine {
            shift: affine.shift.clone().into(),
            scale: affine.scale.clone().into(),
        },
        Formula::SmoothClip(affine) => portable::FeatureScaling::SmoothClip {
            shift: affine.shift.clone().into(),
            scale: affine.scale.clone().into(),
        },
        Formula::Quantiles(quantiles) => portable::FeatureScaling::Quantiles {
            quantiles: quantiles.iter().map(|list| list.clone().into()).collect(),
        },
        Formula::PerSample => portable::FeatureScaling::PerSample,
    }
}

fn network(network: &Mlp<f32>) -> Result<portable::Network, Error> {
    let parameters = network.parameters();
    let layers = (0..parameters.n_layers()).map(|layer| {
        // Column by column: input by input.
        let weights: Vec<f32> = parameters.weight(layer).iter().copied().collect();
        portable::Layer {
            weights: weights.into(),
            bias: parameters.bias(layer).iter().copied().collect(),
        }
    });
    Ok(portable::Network {
        layers: layers.collect(),
        activation: match network.spec().activation {
            Activation::Identity => portable::HiddenActivation::Identity,
            Activation::Relu => portable::HiddenActivation::Relu,
            Activation::LeakyRelu { slope } => portable::HiddenActivation::LeakyRelu { slope },
            Activation::Tanh => portable::HiddenActivation::Tanh,
            Activation::Sigmoid => portable::HiddenActivation::Sigmoid,
            Activation::Silu => portable::HiddenActivation::Silu,
            Activation::Gelu => portable::HiddenActivation::Gelu,
            Activation::Elu { alpha } => portable::HiddenActivation::Elu { alpha },
            Activation::Softplus => portable::HiddenActivation::Softplus,
            other => return Err(Error::no_form(&format!("the activation {other:?}"))),
        },
    })
}
