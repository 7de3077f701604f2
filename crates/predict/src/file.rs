//! A model's file: safetensors, with all that is not a weight as JSON in its metadata.
//!
//! | what | where |
//! |---|---|
//! | `member.M.layer.L.weight`, shape (units, inputs), and `.bias`, shape (units) | tensors of `F32` |
//! | all else | the metadata's one entry, `smallbatch`: a [`Head`] as JSON |

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use crate::columns::{DatePart, Kind};
use crate::{
    Column, Error, Errors, Feature, FeatureScaling, HiddenActivation, Layer, List, Model,
    ModelMember, Network, Output, Text,
};

/// The metadata's entry. There is one, so that the same model is the same bytes: entries have no order.
const KEY: &str = "smallbatch";
/// The version that is written and read.
const VERSION: u32 = 3;

/// What is not a weight.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    /// XXH3, 128 bits, of version, model and training as they are written, and then of each tensor in the order of its name: name, type and
    /// shape, bytes.
    checksum: String,
    /// A [`Saved`].
    model: Box<RawValue>,
    /// What the training library adds: schema, recipe, scores.
    training: Box<RawValue>,
}

/// What all versions have.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// A model without its weights.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    target: Text,
    classes: List<Text>,
    columns: List<Column>,
    members: Vec<SavedMember>,
    errors: Option<Errors>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedMember {
    features: List<Feature>,
    scaling: FeatureScaling,
    /// Inputs, units of each layer.
    sizes: Vec<usize>,
    activation: HiddenActivation,
    output: Output,
}

impl Model {
    /// Reads a model from the bytes of its file.
    ///
    /// Nothing is allocated that the bytes do not hold.
    ///
    /// # Errors
    /// [`Error::NoModel`] for what is no such file, of another version, cut short, altered, or does not fit together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::with_training(bytes)?.0)
    }

    /// The same with what the training library keeps beside it, as JSON.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn with_training(bytes: &[u8]) -> Result<(Self, String), Error> {
        let damaged = |error: &dyn core::fmt::Display| no_model(format!("it is damaged ({error})"));
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|error| no_model(format!("it is no whole safetensors file ({error})")))?;
        let head = header.metadata().as_ref().and_then(|map| map.get(KEY));
        let head = head.ok_or_else(|| {
            no_model("it is a safetensors file, but not of smallbatch".to_owned())
        })?;
        let Version { version } = serde_json::from_str(head).map_err(|error| damaged(&error))?;
        if version != VERSION {
            return Err(no_model(format!(
                "it has format {version}, and this program reads format {VERSION}; use the program that wrote it, or train anew"
            )));
        }
        let head: Head = serde_json::from_str(head).map_err(|error| damaged(&error))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(&error))?;
        let (model, training) = (head.model.get(), head.training.get());
        if checksum(model, training, &tensors.tensors()) != head.checksum {
            return Err(no_model("it is damaged: its checksum differs".to_owned()));
        }
        let saved: Saved = serde_json::from_str(model).map_err(|error| damaged(&error))?;
        let mut members = Vec::new();
        for (at, member) in saved.members.into_iter().enumerate() {
            members.push(member.with_weights(at, &tensors)?);
        }
        let known = Self {
            target: saved.target,
            classes: saved.classes,
            columns: saved.columns,
            members: members.into(),
            errors: saved.errors,
        };
        known.check().map_err(no_model)?;
        Ok((known, training.to_owned()))
    }

    /// The bytes of the model's file; `training` is what the training library keeps beside it, as JSON: `null` without it.
    ///
    /// # Errors
    /// [`Error::NoModel`] where the model does not fit together, or `training` is no JSON.
    pub fn to_bytes(&self, training: &str) -> Result<Vec<u8>, Error> {
        self.check().map_err(no_model)?;
        let saved = Saved {
            target: self.target.clone(),
            classes: self.classes.clone(),
            columns: self.columns.clone(),
            members: self.members.iter().map(SavedMember::of).collect(),
            errors: self.errors.clone(),
        };
        let failed = |error: &dyn core::fmt::Display| no_model(error.to_string());
        let json = serde_json::to_string(&saved).map_err(|error| failed(&error))?;
        let mut tensors = BTreeMap::new();
        for (member, parts) in self.members.iter().enumerate() {
            for (layer, Layer { weights, bias }) in parts.network.layers.iter().enumerate() {
                let (n_units, n_inputs) = (bias.len(), weights.len() / bias.len());
                let by_unit =
                    (0..n_units).flat_map(|u| (0..n_inputs).map(move |i| i * n_units + u));
                let by_unit = bytes_of(by_unit.map(|at| weights[at]));
                let name = |what| name_of(member, layer, what);
                tensors.insert(name("weight"), (alloc::vec![n_units, n_inputs], by_unit));
                tensors.insert(
                    name("bias"),
                    (alloc::vec![n_units], bytes_of(bias.iter().copied())),
                );
            }
        }
        let views: Vec<(String, TensorView<'_>)> = tensors
            .iter()
            .map(|(name, (shape, bytes))| {
                let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
                Ok((name.clone(), view.map_err(|error| failed(&error))?))
            })
            .collect::<Result<_, Error>>()?;
        let raw = |text: String| RawValue::from_string(text).map_err(|error| failed(&error));
        let head = Head {
            version: VERSION,
            checksum: checksum(&json, training, &views),
            model: raw(json)?,
            training: raw(training.to_owned())?,
        };
        let head = serde_json::to_string(&head).map_err(|error| failed(&error))?;
        let metadata = core::iter::once((KEY.to_owned(), head)).collect();
        safetensors::serialize(views, Some(metadata)).map_err(|error| failed(&error))
    }
}

impl SavedMember {
    fn of(member: &ModelMember) -> Self {
        let layers = member.network.layers.iter();
        Self {
            features: member.features.clone(),
            scaling: member.scaling.clone(),
            sizes: core::iter::once(member.network.n_inputs())
                .chain(layers.map(Layer::n_units))
                .collect(),
            activation: member.network.activation,
            output: member.output,
        }
    }

    fn with_weights(self, member: usize, tensors: &SafeTensors<'_>) -> Result<ModelMember, Error> {
        let mut layers = Vec::new();
        if self.sizes.contains(&0) {
            return Err(no_model("it has a layer without units".to_owned()));
        }
        for (layer, pair) in self.sizes.windows(2).enumerate() {
            let (n_inputs, n_units) = (pair[0], pair[1]);
            let read = |what, shape: &[usize]| {
                let name = name_of(member, layer, what);
                let tensor = tensors.tensor(&name);
                let tensor = tensor.map_err(|_| no_model(format!("it has no tensor {name:?}")))?;
                if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
                    return Err(no_model(format!(
                        "its tensor {name:?} has the shape {:?} of {:?}, not {shape:?} of F32",
                        tensor.shape(),
                        tensor.dtype()
                    )));
                }
                let (numbers, _) = tensor.data().as_chunks();
                Ok(numbers
                    .iter()
                    .map(|b| f32::from_le_bytes(*b))
                    .collect::<Vec<f32>>())
            };
            let by_unit = read("weight", &[n_units, n_inputs])?;
            let bias = read("bias", &[n_units])?;
            let by_input = (0..n_inputs).flat_map(|i| (0..n_units).map(move |u| u * n_inputs + i));
            let weights: Vec<f32> = by_input.map(|at| by_unit[at]).collect();
            layers.push(Layer {
                weights: weights.into(),
                bias: bias.into(),
            });
        }
        Ok(ModelMember {
            features: self.features,
            scaling: self.scaling,
            network: Network {
                layers: layers.into(),
                activation: self.activation,
            },
            output: self.output,
        })
    }
}

impl Model {
    /// Whether its parts fit together, and all numbers are finite.
    fn check(&self) -> Result<(), String> {
        let n_outputs = self.classes.len().max(1);
        if self.classes.len() == 1 {
            return Err("it has a single class".to_owned());
        }
        if self.members.is_empty() {
            return Err("it has no network".to_owned());
        }
        let mut names = BTreeSet::new();
        for column in &*self.columns {
            if !names.insert(&*column.name) {
                return Err(format!("it has the column {:?} twice", column.name));
            }
            let sound = match &column.kind {
                Kind::Number { range: Some(range) } => all_finite(range),
                Kind::Date { earliest } => earliest.is_finite(),
                _ => true,
            };
            if !sound {
                return Err(format!("its column {:?} has no finite range", column.name));
            }
        }
        if let Some(Errors { errors, rows }) = &self.errors
            && (!errors.is_sorted()
                || !errors
                    .iter()
                    .all(|error| error.is_finite() && *error >= 0.0)
                || errors.len() > *rows)
        {
            return Err("the errors of its predictions are not in order".to_owned());
        }
        for member in &*self.members {
            member.check(&self.columns, n_outputs)?;
            if (member.output == Output::Probabilities) == self.classes.is_empty() {
                return Err("its networks do not predict what its target is".to_owned());
            }
        }
        Ok(())
    }
}

impl ModelMember {
    fn check(&self, columns: &[Column], n_outputs: usize) -> Result<(), String> {
        for feature in &*self.features {
            let Some(column) = columns.get(feature.column()) else {
                return Err(format!(
                    "a feature is made of column {}, which it has not",
                    feature.column()
                ));
            };
            check_feature(feature, column)?;
        }
        let n = self.features.len();
        let network = &self.network;
        let fits = match &self.scaling {
            FeatureScaling::Affine { shift, scale }
            | FeatureScaling::SmoothClip { shift, scale } => {
                let sound = all_finite(shift) && all_finite(scale) && !scale.contains(&0.0);
                shift.len() == n && scale.len() == n && sound
            }
            FeatureScaling::Quantiles { quantiles } => {
                let sound = |q: &List<f64>| !q.is_empty() && q.is_sorted() && all_finite(q);
                quantiles.len() == n && quantiles.iter().all(sound)
            }
            FeatureScaling::PerSample => true,
        };
        if !fits {
            return Err(format!("its scaling is not one of its {n} features"));
        }
        let chain = network
            .layers
            .windows(2)
            .all(|pair| pair[0].n_units() == pair[1].n_inputs());
        let whole = network.layers.iter().all(|layer| {
            let n_units = layer.n_units();
            n_units > 0 && layer.weights.len() % n_units == 0 && layer.n_inputs() > 0
        });
        if !chain || !whole || network.n_inputs() != n || network.n_outputs() != n_outputs {
            return Err(format!(
                "its network takes {} inputs and has {} outputs, where {n} and {n_outputs} are needed",
                network.n_inputs(),
                network.n_outputs()
            ));
        }
        let finite = |layer: &Layer| {
            layer
                .weights
                .iter()
                .chain(&*layer.bias)
                .all(|w| w.is_finite())
        };
        if !network.layers.iter().all(finite) {
            return Err("it has weights that are not finite".to_owned());
        }
        let sound = match self.output {
            Output::Probabilities => true,
            Output::Number { mean, scale } => all_finite(&[mean, scale]),
            Output::Logarithm {
                mean,
                scale,
                smear,
                reach,
            } => all_finite(&[mean, scale, smear, reach]) && reach >= 0.0,
        };
        let sound = sound
            && match network.activation {
                HiddenActivation::LeakyRelu { slope } => slope.is_finite(),
                HiddenActivation::Elu { alpha } => alpha.is_finite(),
                _ => true,
            };
        if sound {
            Ok(())
        } else {
            Err("what stands behind its network is not finite".to_owned())
        }
    }
}

fn check_feature(feature: &Feature, column: &Column) -> Result<(), String> {
    let fits = match feature {
        Feature::Number { part, fill, .. } => fill.is_finite() && numeric(column, *part),
        Feature::IsMissing { part, .. } => numeric(column, *part),
        Feature::Is { part, .. } => coded(column, *part),
        Feature::IsOther { part, codes, .. } => {
            coded(column, *part) && codes.windows(2).all(|pair| pair[0] < pair[1])
        }
        Feature::Mean { part, means, .. } => {
            coded(column, *part) && !means.is_empty() && all_finite(means)
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "a feature does not fit its column {:?}",
            column.name
        ))
    }
}

/// Whether a column, or a part of it, is a number.
fn numeric(column: &Column, part: Option<DatePart>) -> bool {
    match column.kind {
        Kind::Number { .. } | Kind::Boolean => part.is_none(),
        Kind::Date { .. } => part == Some(DatePart::Trend),
        Kind::Time => part.is_some_and(|part| DatePart::OF_TIME.contains(&part)),
        Kind::Category { .. } | Kind::Constant { .. } => false,
    }
}

/// Whether a column, or a part of it, has codes.
fn coded(column: &Column, part: Option<DatePart>) -> bool {
    match column.kind {
        Kind::Category { .. } => part.is_none(),
        Kind::Date { .. } => matches!(
            part,
            Some(DatePart::Month | DatePart::Weekday | DatePart::Hour)
        ),
        Kind::Number { .. } | Kind::Boolean | Kind::Time | Kind::Constant { .. } => false,
    }
}

fn all_finite(numbers: &[f64]) -> bool {
    numbers.iter().all(|number| number.is_finite())
}

fn no_model(reason: String) -> Error {
    Error::NoModel { reason }
}

fn name_of(member: usize, layer: usize, what: &str) -> String {
    format!("member.{member}.layer.{layer}.{what}")
}

fn bytes_of(numbers: impl Iterator<Item = f32>) -> Vec<u8> {
    numbers.flat_map(f32::to_le_bytes).collect()
}

/// See the table above.
fn checksum(model: &str, training: &str, tensors: &[(String, TensorView<'_>)]) -> String {
    let mut sum = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        sum.update(&(bytes.len() as u64).to_le_bytes());
        sum.update(bytes);
    };
    add(&VERSION.to_le_bytes());
    add(model.as_bytes());
    add(training.as_bytes());
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|&at| &tensors[at].0);
    for at in order {
        let (name, tensor) = &tensors[at];
        add(name.as_bytes());
        add(format!("{:?} {:?}", tensor.dtype(), tensor.shape()).as_bytes());
        add(tensor.data());
    }
    format!("{:032x}", sum.digest128())
}

#[cfg(test)]
mod tests;
