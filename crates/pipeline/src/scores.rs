//! What predictions are worth.

use std::fmt;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_data::Target;
use smallbatch_train::metrics;

use crate::Error;
use crate::member::row_losses;

/// What predictions are worth on rows that no training saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// How many rows.
    pub rows: usize,
    /// The mean loss: log loss in nats, or the squared error in the target's unit squared.
    pub loss: f64,
    /// The same of these rows' own mean, or shares of classes: what one says without looking at features.
    pub constant_loss: f64,
    /// What else is asked of classes or numbers.
    pub measures: Measures,
}

/// The usual measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measures {
    /// Of classes.
    Classes {
        /// The share that is right.
        accuracy: f64,
        /// The mean over the classes of the share that is right.
        balanced_accuracy: f64,
        /// The mean over the classes of F1.
        f1: f64,
        /// The area under the ROC curve; for more than two classes the mean of each against the rest. `None` where one class occurs.
        auc: Option<f64>,
        /// How many rows of a class (outer) are taken for a class (inner).
        confusion: Vec<Vec<usize>>,
    },
    /// Of numbers.
    Numbers {
        /// The root of the mean squared error, in the target's unit.
        rmse: f64,
        /// The mean absolute error, in the target's unit.
        mae: f64,
        /// 1 - (mean squared error)/(variance of these rows): a constant has about 0.
        r2: f64,
    },
}

/// In a line: "200 rows: RMSE 0.0581, R² 0.9961, loss 0.0039 of the constant's".
impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(
            f,
            "{} {rows}: {:.digits$}, loss {:.digits$} of the constant's",
            self.rows,
            self.measures,
            self.relative_loss()
        )
    }
}

/// The first of them, with 4 digits or as many as asked for: "accuracy 0.9333, AUC 0.9800".
impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        match self {
            Self::Classes { accuracy, auc, .. } => {
                write!(f, "accuracy {accuracy:.digits$}")?;
                auc.map_or(Ok(()), |auc| write!(f, ", AUC {auc:.digits$}"))
            }
            Self::Numbers { rmse, r2, .. } => {
                write!(f, "RMSE {rmse:.digits$}, R² {r2:.digits$}")
            }
        }
    }
}

impl Scores {
    /// Judges predictions of shape (classes or 1, rows).
    ///
    /// # Errors
    /// [`Error::Training`] for no rows.
    pub fn new(predictions: &DMatrix<f64>, target: &Target<f64>) -> Result<Self, Error> {
        let losses = row_losses(predictions, target);
        let rows = losses.len();
        let loss = losses.iter().sum::<f64>() / rows.max(1) as f64;
        let view = predictions.as_view();
        let (constant_loss, measures) = match target {
            Target::Classes { labels, names } => {
                let mut confusion = vec![vec![0; names.len()]; names.len()];
                for (row, &label) in labels.iter().enumerate() {
                    confusion[label as usize][predictions.column(row).imax()] += 1;
                }
                let counts = confusion.iter().map(|row| row.iter().sum::<usize>() as f64);
                let entropy: f64 = counts
                    .filter(|count| *count > 0.0)
                    .map(|count| -count / rows as f64 * (count / rows as f64).ln())
                    .sum();
                let measures = Measures::Classes {
                    accuracy: metrics::accuracy(view, labels, None)?,
                    balanced_accuracy: metrics::balanced_accuracy(view, labels, None)?,
                    f1: metrics::macro_f1(view, labels, None)?,
                    auc: metrics::roc_auc(view, labels, None).ok(),
                    confusion,
                };
                (entropy, measures)
            }
            Target::Values { values, .. } => {
                let errors = values.iter().zip(predictions).map(|(y, p)| (y - p).abs());
                let mae = errors.sum::<f64>() / rows.max(1) as f64;
                let variance = values.variance();
                let measures = Measures::Numbers {
                    rmse: loss.sqrt(),
                    mae,
                    r2: if variance > 0.0 {
                        1.0 - loss / variance
                    } else {
                        0.0
                    },
                };
                (variance, measures)
            }
            _ => {
                return Err(Error::NoTarget {
                    column: "of a kind that is known".into(),
                    doing: "evaluate",
                });
            }
        };
        Ok(Self {
            rows,
            loss,
            constant_loss,
            measures,
        })
    }

    /// The loss as a share of the constant's: 0 is perfect, 1 no better than saying the same of every row.
    pub fn relative_loss(&self) -> f64 {
        self.loss / self.constant_loss
    }
}
