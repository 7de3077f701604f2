//! Which class was taken for which.

use std::fmt;

use nalgebra::{DMatrix, DMatrixView};
use serde::{Deserialize, Serialize};

use super::classes::Scored;
use crate::{Error, Scalar};

/// The predicted class of each sample: the first of the largest scores of a column; of a single row, class 1 where it is above one half.
///
/// Arguments as of [`accuracy`](super::accuracy).
///
/// ```
/// # use nalgebra::dmatrix;
/// let probabilities = dmatrix![0.9, 0.3; 0.1, 0.7];
/// assert_eq!(smallbatch_train::metrics::argmax(&probabilities), [0, 1]);
/// ```
pub fn argmax<'a, T: Scalar>(predictions: impl Into<DMatrixView<'a, T>>) -> Vec<u32> {
    let predictions = predictions.into();
    let class = |column| super::classes::predicted_class(column, 0.5) as u32;
    predictions.column_iter().map(class).collect()
}

/// How often each class was taken for each: row i is class i as it is, column j as it is predicted. With weights, the sums of the weights.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::ConfusionMatrix;
/// let probabilities = dmatrix![0.9, 0.6, 0.2; 0.1, 0.4, 0.8];
/// let confusion = ConfusionMatrix::new(&probabilities, &[0, 1, 1], None, &["no", "yes"])?;
/// assert_eq!(confusion.counts(), &dmatrix![1.0, 0.0; 1.0, 1.0]);
/// assert_eq!(confusion.recall(1), 0.5);
/// println!("{confusion}");
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    counts: DMatrix<f64>,
    names: Vec<String>,
}

impl ConfusionMatrix {
    /// Counts. The names are those of the classes, in the order of their labels; [`Target::names`](smallbatch_data::Target::names) has them.
    ///
    /// # Errors
    /// As of [`accuracy`](super::accuracy); [`Error::MetricShape`] for another number of names than classes.
    pub fn new<'a, T: Scalar>(
        predictions: impl Into<DMatrixView<'a, T>>,
        labels: &[u32],
        weights: Option<&[T]>,
        names: &[impl AsRef<str>],
    ) -> Result<Self, Error> {
        let predictions = predictions.into();
        let metric = "the confusion matrix";
        let scored = Scored::new(metric, predictions, labels, weights)?;
        let n_classes = scored.n_classes();
        super::check_length(metric, "the number of names", n_classes, names.len())?;
        let mut counts = DMatrix::zeros(n_classes, n_classes);
        for (sample, (&label, predicted)) in labels.iter().zip(argmax(predictions)).enumerate() {
            counts[(label as usize, predicted as usize)] += scored.weights.of(sample);
        }
        Ok(Self {
            counts,
            names: names.iter().map(|name| name.as_ref().to_owned()).collect(),
        })
    }

    /// The counts, shape (`n_classes`, `n_classes`): from the row's class, predicted as the column's.
    pub fn counts(&self) -> &DMatrix<f64> {
        &self.counts
    }

    /// The names of the classes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Which share of a class's samples was recognized; NaN where it has none.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn recall(&self, class: usize) -> f64 {
        self.counts[(class, class)] / self.counts.row(class).sum()
    }

    /// Which share of what was taken for a class is of it; NaN where nothing was.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn precision(&self, class: usize) -> f64 {
        self.counts[(class, class)] / self.counts.column(class).sum()
    }
}

impl fmt::Display for ConfusionMatrix {
    /// A row for each class as it is, a column for each as it is predicted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = self.counts.map(|count| format!("{count}"));
        let head = self.names.iter().map(|name| name.chars().count());
        let first = head.clone().max().unwrap_or(0).max("is, predicted".len());
        let widths: Vec<usize> = head
            .zip(cells.column_iter())
            .map(|(name, column)| column.iter().map(String::len).max().unwrap_or(0).max(name))
            .collect();
        write!(f, "{:first$}", "is, predicted")?;
        for (name, width) in self.names.iter().zip(&widths) {
            write!(f, "  {name:>width$}")?;
        }
        for (name, row) in self.names.iter().zip(cells.row_iter()) {
            write!(f, "\n{name:first$}")?;
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "  {cell:>width$}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;

    use super::*;

    #[test]
    fn it_counts_by_weight_and_reads_as_a_table() {
        let scores = dmatrix![1.0, 0.0, 0.0, 1.0; 0.0, 1.0, 0.5, 0.0; 0.0, 0.0, 0.5, 0.0];
        let names = ["a", "longer", "c"];
        let confusion =
            ConfusionMatrix::new(&scores, &[0, 1, 2, 1], Some(&[1.0, 2.0, 1.0, 0.5]), &names)
                .unwrap();
        assert_eq!(argmax(&scores), [0, 1, 1, 0]);
        assert_eq!(
            confusion.counts(),
            &dmatrix![1.0, 0.0, 0.0; 0.5, 2.0, 0.0; 0.0, 1.0, 0.0]
        );
        assert_eq!(
            (confusion.recall(1), confusion.precision(1)),
            (0.8, 2.0 / 3.0)
        );
        assert!(confusion.precision(2).is_nan());
        let said = "is, predicted    a  longer  c\n\
                    a                1       0  0\n\
                    longer         0.5       2  0\n\
                    c                0       1  0";
        assert_eq!(confusion.to_string(), said);
        assert!(ConfusionMatrix::new(&scores, &[0, 1, 2, 1], None, &["a"]).is_err());
    }
}
