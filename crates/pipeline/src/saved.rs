//! A model as a file: what `smallbatch-predict` reads, and beside it what only this library needs.

mod json;

use std::path::Path;

use serde::{Deserialize, Serialize};
use smallbatch_base::limits;
use smallbatch_data::TableSchema;
use smallbatch_files as files;
use smallbatch_mlp::{Mlp, MlpSpec, Parameters};
use smallbatch_predict as portable;
use smallbatch_preprocess::FittedScaler;

use crate::Output;
use crate::conformal::Conformal;
use crate::encoder::Encoder;
use crate::recipe::Recipe;
use crate::scores::Scores;
use crate::{Error, Member, MemberEpoch, Pipeline};

/// What the predictor does not need.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
    schema: TableSchema,
    recipe: Recipe,
    held_out: Scores,
    data: String,
    rows: usize,
    advice: String,
    members: Vec<Fitted>,
}

/// A member without its weights.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fitted {
    encoder: Encoder,
    scaler: FittedScaler,
    network: MlpSpec,
    output: Output,
    /// Earlier files have none.
    #[serde(default)]
    history: Vec<MemberEpoch>,
}

/// The bytes of a model's file.
pub(crate) fn bytes_of(model: &Pipeline) -> Result<Vec<u8>, Error> {
    let file = Path::new(Pipeline::FILE_NAME);
    let fitted = |member: &Member| Fitted {
        encoder: member.encoder.clone(),
        scaler: member.scaler.clone(),
        network: member.network.spec().clone(),
        output: member.output,
        history: member.history.clone(),
    };
    let training = Training {
        schema: model.schema.clone(),
        recipe: model.recipe.clone(),
        held_out: model.held_out.clone(),
        data: model.data.clone(),
        rows: model.rows,
        advice: model.advice.clone(),
        members: model.members.iter().map(fitted).collect(),
    };
    let training = serde_json::to_string(&training).map_err(|error| failed(file, error.into()))?;
    let bytes = model.portable()?.to_bytes(&training);
    bytes.map_err(|error| failed(file, std::io::Error::other(error)))
}

pub(crate) fn save(model: &Pipeline, file: &Path) -> Result<(), Error> {
    let bytes = bytes_of(model)?;
    files::replace(file, &bytes, true).map_err(|error| failed(file, error))
}

fn failed(file: &Path, source: std::io::Error) -> Error {
    Error::File {
        doing: "write",
        file: file.to_path_buf(),
        source,
    }
}

pub(crate) fn load(file: &Path) -> Result<Pipeline, Error> {
    let begins = |bytes: &[u8]| bytes[0] == b'{' || bytes[8] == b'{';
    let bytes =
        files::read_if(file, limits::MOST_MODEL_BYTES, begins).map_err(|source| Error::File {
            doing: "read",
            file: file.to_path_buf(),
            source,
        })?;
    let none = |reason: String| Error::NoModel {
        file: file.to_path_buf(),
        reason,
    };
    // The older form is a text, which begins with a brace; this one with the length of its header.
    let model = if bytes.first() == Some(&b'{') {
        json::read(&bytes).map_err(none)?
    } else {
        read(&bytes).map_err(none)?
    };
    check(&model).map_err(none)?;
    Ok(model)
}

/// A model from the bytes of its file; a sentence that says why not.
fn read(bytes: &[u8]) -> Result<Pipeline, String> {
    let (known, training) = portable::Model::with_training(bytes).map_err(|error| match error {
        portable::Error::NoModel { reason } => reason,
        other => other.to_string(),
    })?;
    let damaged = |error: &dyn std::fmt::Display| format!("it is damaged ({error})");
    let training: Training = serde_json::from_str(&training).map_err(|error| damaged(&error))?;
    if training.members.len() != known.members.len() {
        return Err("it is damaged (another number of networks)".into());
    }
    let members = training.members.into_iter().zip(&*known.members);
    let members = members.map(|(fitted, known)| {
        let parameters = Parameters::from_vec(fitted.network.layer_sizes(), parameters(known))?;
        Ok(Member {
            encoder: fitted.encoder,
            scaler: fitted.scaler,
            network: Mlp::from_parameters(fitted.network, parameters)?,
            output: fitted.output,
            history: fitted.history,
        })
    });
    let members: Result<Vec<Member>, smallbatch_mlp::Error> = members.collect();
    let model = Pipeline {
        schema: training.schema,
        members: members.map_err(|error| damaged(&error))?,
        recipe: training.recipe,
        held_out: training.held_out,
        conformal: known.errors.clone().map(Conformal::of_portable),
        data: training.data,
        rows: training.rows,
        advice: training.advice,
    };
    // One file says what the predictor does, and how it was learned: they must be one model.
    match model.portable() {
        Ok(again) if again == known => Ok(model),
        _ => Err("it is damaged (what predicts is not what was trained)".into()),
    }
}

/// The weights as a network has them: of each layer unit by unit, then the biases.
fn parameters(member: &portable::ModelMember) -> Vec<f32> {
    let mut all = Vec::new();
    for layer in &*member.network.layers {
        let (n_inputs, n_units) = (layer.n_inputs(), layer.n_units());
        for unit in 0..n_units {
            all.extend((0..n_inputs).map(|input| layer.weights[input * n_units + unit]));
        }
        all.extend_from_slice(&layer.bias);
    }
    all
}

/// Whether the pieces fit together.
fn check(model: &Pipeline) -> Result<(), String> {
    let outputs = model.schema.classes().len().max(1);
    for member in &model.members {
        let spec = member.network.spec();
        if !member.encoder.is_sound() {
            return Err("its columns do not make the features that it has".into());
        }
        let features = member.encoder.feature_names().len();
        if member.scaler.n_features() != features || spec.n_inputs() != features {
            return Err(format!(
                "its columns make {features} features, its scaler has {} and its network {}",
                member.scaler.n_features(),
                spec.n_inputs()
            ));
        }
        if spec.n_outputs() != outputs {
            return Err(format!(
                "its network has {} outputs, and its target {outputs}",
                spec.n_outputs()
            ));
        }
    }
    if model.members.is_empty() {
        return Err("it has no network".into());
    }
    Ok(())
}
