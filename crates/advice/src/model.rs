//! A model in a file: from the columns of a table to predictions.

use std::path::Path;

use serde::{Deserialize, Serialize};
use smallbatch_data::{Table, TableSchema, TargetScaler, Task};
use smallbatch_mlp::Mlp;
use smallbatch_preprocess::FittedScaler;
use smallbatch_sweep::{Fitted, Stages};

use super::training::{Way, cost_of_epoch, network, spread};
use super::{Advice, AdvicePlan, DEFAULT_EPOCHS, Parts};
use crate::Error;

/// The work of the last training, in billions of operations: as if it were of the default's length.
pub(super) fn estimate(parts: &Parts, plan: &AdvicePlan) -> f64 {
    let spec = network(&parts.all, &plan.hidden);
    let batch_size = smallbatch_data::BatchSize::Mini(32);
    cost_of_epoch(&spec, parts.all.n_samples(), batch_size) * DEFAULT_EPOCHS as f64
}

/// The layout of the file.
const FORMAT: u32 = 1;

/// A trained model with all that stands before and after the network: `model.json`.
///
/// It reads later tables as the one that it was trained on: columns by name, categories as then, inputs scaled by what was
/// learned then, and predictions in the target's own unit.
///
/// ```no_run
/// use smallbatch_advice::{SavedModel, Table};
///
/// let model = SavedModel::load("out/model.json")?;
/// let predictions = model.predict(&Table::read_path("new.csv")?)?;
/// print!("{}", predictions.to_csv()?);
/// # Ok::<(), smallbatch_advice::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedModel {
    format: u32,
    advice: String,
    schema: TableSchema,
    scaler: FittedScaler,
    network: Mlp<f32>,
    target_scaler: Option<TargetScaler>,
}

/// What is predicted for one row.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Prediction {
    /// A number, in the target's unit.
    Value(f64),
    /// The most probable class.
    Class {
        /// Its name.
        name: String,
        /// Its probability, as the network gives it.
        probability: f64,
    },
}

/// What is predicted for a table, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The column that is predicted.
    pub target: String,
    /// One a row.
    pub rows: Vec<Prediction>,
}

impl Predictions {
    /// As comma-separated values under the target's name; classes with a second column, `probability`.
    ///
    /// # Errors
    /// [`Error::Step`] when the table cannot be made.
    pub fn to_csv(&self) -> Result<String, Error> {
        let failed = |error: csv::Error| Error::step("make a table of the predictions", error);
        let mut table = csv::Writer::from_writer(Vec::new());
        let classes = matches!(self.rows.first(), Some(Prediction::Class { .. }));
        let header: &[&str] = if classes {
            &[&self.target, "probability"]
        } else {
            &[&self.target]
        };
        table.write_record(header).map_err(failed)?;
        for row in &self.rows {
            match row {
                Prediction::Value(value) => table.write_record([value.to_string()]),
                Prediction::Class { name, probability } => {
                    table.write_record([name.clone(), format!("{probability:.4}")])
                }
            }
            .map_err(failed)?;
        }
        let bytes = table
            .into_inner()
            .map_err(|error| failed(error.into_error().into()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl SavedModel {
    /// Trains as advised, on all rows.
    pub(super) fn train(
        parts: &Parts,
        plan: &AdvicePlan,
        advice: &Advice,
        stages: &mut Stages<'_>,
    ) -> Result<Self, Error> {
        let way = Way {
            setting: advice.advised,
            epochs: advice.epochs,
            early_stopping: false,
        };
        let spec = network(&parts.all, &plan.hidden);
        let message = format!("{}: training the model on all rows", parts.all.name());
        stages.begin(estimate(parts, plan));
        let fit = way.fit(&spec, plan.base_seed);
        let mut done = spread(vec![(1.0, fit)], 1, stages, &message, |fit, stop| {
            fit.run(&parts.all, None, stop)
        })?;
        let failed = |why: &str| Error::step("train the model to be saved on all rows", why);
        let Some(run) = done.pop().flatten() else {
            return Err(failed(
                "it was stopped; the advice is there, and the same command without a stop trains the model as well",
            ));
        };
        let Some(fitted) = run.fitted else {
            return Err(failed(
                "the training diverged, though it did not on the parts; try the advised setting with a lower learning rate",
            ));
        };
        Ok(Self {
            format: FORMAT,
            advice: advice.headline.clone(),
            schema: parts.schema.clone(),
            scaler: fitted.scaler,
            network: fitted.network,
            target_scaler: fitted.target_scaler,
        })
    }

    /// A prediction without the digits that mean nothing: the network's `f32` has seven of the target's deviation.
    fn in_its_digits(&self, value: f64) -> f64 {
        let deviation = self.target_scaler.as_ref().map(TargetScaler::scale);
        let deviation = deviation.and_then(|scale| scale.first().copied());
        let power = deviation.unwrap_or(1.0).log10().floor();
        // Divided by a whole number where there is one: 123 / 10 is the number that is written 12.3.
        let (parts, unit) = (10_f64.powf(7.0 - power), 10_f64.powf(power - 7.0));
        let rounded = if power < 7.0 {
            (value * parts).round() / parts
        } else {
            (value / unit).round() * unit
        };
        if rounded.is_finite() { rounded } else { value }
    }

    /// Reads a model from its file.
    ///
    /// # Errors
    /// [`Error::Model`] for a file that cannot be read, is of another format, or is damaged.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, Error> {
        let file = file.as_ref();
        let failed = |reason: String| Error::Model {
            file: file.to_path_buf(),
            reason,
        };
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
        let Format { format } = serde_json::from_str(&text)
            .map_err(|error| failed(format!("it is no saved model: {error}")))?;
        if format != FORMAT {
            return Err(failed(format!(
                "it has format {format}, and this program reads format {FORMAT}; use the program that wrote it, or train anew"
            )));
        }
        let model: Self = serde_json::from_str(&text)
            .map_err(|error| failed(format!("it is damaged: {error}")))?;
        model.check().map_err(failed)?;
        Ok(model)
    }

    /// Whether the pieces fit together.
    fn check(&self) -> Result<(), String> {
        let features = self.schema.feature_names().len();
        let outputs = match self.schema.task() {
            Task::Classification => self.schema.classes().len(),
            Task::Regression => 1,
        };
        let spec = self.network.spec();
        let same = [spec.n_inputs(), self.scaler.n_features()] == [features; 2];
        let scaled = self
            .target_scaler
            .as_ref()
            .map(|scaler| scaler.mean().len());
        let numbers = self.schema.task() == Task::Regression;
        if same && spec.n_outputs() == outputs && scaled == numbers.then_some(1) {
            return Ok(());
        }
        Err(format!(
            "it is damaged: its columns make {features} features and {outputs} outputs, its scaler has {} and its network {} \
             features and {} outputs",
            self.scaler.n_features(),
            spec.n_inputs(),
            spec.n_outputs()
        ))
    }

    /// The advice that it was trained by.
    pub fn advice(&self) -> &str {
        &self.advice
    }

    /// The columns that it reads.
    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    /// Predicts each row of a table. Columns are found by name; the target and ignored ones may be there or not.
    ///
    /// # Errors
    /// [`Error::Data`] for columns that are missing or not known, missing values, unknown categories.
    pub fn predict(&self, table: &Table) -> Result<Predictions, Error> {
        let features = self.schema.features::<f64>(table)?;
        let scaled = self
            .scaler
            .transform(&features)
            .map_err(smallbatch_data::Error::from)?;
        let fitted = Fitted {
            scaler: self.scaler.clone(),
            network: self.network.clone(),
            target_scaler: self.target_scaler.clone(),
        };
        let predicted = fitted.predict_scaled(&scaled)?;
        let classes = self.schema.classes();
        let rows = predicted
            .column_iter()
            .map(|column| match self.schema.task() {
                Task::Regression => Prediction::Value(self.in_its_digits(column[0])),
                Task::Classification => {
                    let class = column.imax();
                    Prediction::Class {
                        name: classes[class].clone(),
                        probability: column[class],
                    }
                }
            })
            .collect();
        Ok(Predictions {
            target: self.schema.target().to_owned(),
            rows,
        })
    }
}
