//! How what a first program prints reads: a line each.

use std::fmt;

use smallbatch_base::Scalar;

use crate::column::ColumnRole;
use crate::{Dataset, Split, Splitter, Strategy, Table, TableSchema, Target, Task};

/// So many columns of a schema are named.
const MOST_NAMES: usize = 8;

/// "1 row", "2 rows".
fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// "wine: 178 samples of 13 features, 3 classes".
impl<T: Scalar> fmt::Display for Dataset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let samples = counted(self.n_samples(), "sample", "samples");
        let features = counted(self.n_features(), "feature", "features");
        write!(f, "{}: {samples} of {features}, ", self.name())?;
        match self.target() {
            Target::Classes { names, .. } => write!(f, "{} classes", names.len())?,
            Target::Values { names, .. } => {
                f.write_str(&counted(names.len(), "number", "numbers"))?;
                f.write_str(" to predict")?;
            }
        }
        if self.weights().is_some() {
            f.write_str(", weighted")?;
        }
        Ok(())
    }
}

/// "107 training, 36 validation and 35 test samples".
impl<T: Scalar> fmt::Display for Split<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [train, validation, test] =
            [self.train(), self.validation(), self.test()].map(Dataset::n_samples);
        write!(
            f,
            "{train} training, {validation} validation and {test} test samples"
        )
    }
}

/// "60 % training, 20 % validation, 20 % test, stratified, seed 7".
impl fmt::Display for Splitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 7 %, and not 7.000000000000001 %.
        let [train, validation, test] = self
            .fractions
            .map(|fraction| (fraction * 1e8).round() / 1e6);
        write!(
            f,
            "{train} % training, {validation} % validation, {test} % test, {}, seed {}",
            self.strategy, self.seed
        )?;
        if self.copies_together {
            f.write_str(", copies together")?;
        }
        Ok(())
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Shuffled => "shuffled",
            Self::Stratified => "stratified",
            Self::Grouped => "grouped",
        })
    }
}

/// "houses: 4 rows of 3 columns".
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = counted(self.n_rows(), "row", "rows");
        let columns = counted(self.columns().len(), "column", "columns");
        write!(f, "{}: {rows} of {columns}", self.name())
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Classification => "classification",
            Self::Regression => "regression",
        })
    }
}

/// "regression of price from size (number), town (category)".
impl fmt::Display for TableSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut used = self.used().peekable();
        match self.of_role(ColumnRole::Target) {
            Some(target) => write!(f, "{} of {} from ", self.task(), target.name())?,
            None => f.write_str("features from ")?,
        }
        if used.peek().is_none() {
            return f.write_str("no column");
        }
        for (at, column) in used.by_ref().take(MOST_NAMES).enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{} ({})", column.name(), column.kind())?;
        }
        match used.count() {
            0 => Ok(()),
            left => write!(f, " and {left} more"),
        }
    }
}
