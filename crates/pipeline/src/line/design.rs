//! Scaled features as a straight line with many of them is fitted: a column a feature, with most of its rows left out where they say the same.

use nalgebra::DMatrix;

/// A column of which so many rows have one value is stored without them.
const MOSTLY: f64 = 0.75;

/// Features by column, each less its most frequent value where that is in most rows, and in units of its own.
pub(super) struct Design {
    n_rows: usize,
    columns: Vec<Column>,
    /// Stored value = (feature - shift)·unit.
    shifts: Vec<f64>,
    units: Vec<f64>,
}

enum Column {
    Dense(Vec<f64>),
    /// Of the rows that are not 0.
    Sparse(Vec<(u32, f64)>),
}

/// Which columns keep the unit that they come in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Units {
    /// All.
    AsTheyAre,
    /// All but those of two values, which become 0 and 1. A penalty then shrinks a rare level more than a frequent one.
    ZeroAndOne,
}

impl Design {
    /// Features of shape (features, rows).
    pub(super) fn new(features: &DMatrix<f64>, units: Units) -> Self {
        let (n_features, n_rows) = features.shape();
        let mut design = Self {
            n_rows,
            columns: Vec::with_capacity(n_features),
            shifts: Vec::with_capacity(n_features),
            units: Vec::with_capacity(n_features),
        };
        for row in features.row_iter() {
            let mut column: Vec<f64> = row.iter().copied().collect();
            let common = majority(&column);
            let often = column.iter().filter(|value| **value == common).count();
            if (often as f64) < MOSTLY * n_rows as f64 {
                design.push(Column::Dense(column), 0.0, 1.0);
                continue;
            }
            column.iter_mut().for_each(|value| *value -= common);
            let others = (0_u32..).zip(&column).filter(|(_, value)| **value != 0.0);
            let mut others: Vec<(u32, f64)> = others.map(|(row, &value)| (row, value)).collect();
            let first = others.first().map_or(1.0, |(_, value)| *value);
            let has_two = others.iter().all(|(_, value)| *value == first);
            let unit = if has_two && units == Units::ZeroAndOne {
                1.0 / first
            } else {
                1.0
            };
            others.iter_mut().for_each(|(_, value)| *value *= unit);
            design.push(Column::Sparse(others), common, unit);
        }
        design
    }

    fn push(&mut self, column: Column, shift: f64, unit: f64) {
        self.columns.push(column);
        self.shifts.push(shift);
        self.units.push(unit);
    }

    pub(super) fn n_features(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Σ f(row, stored value) over the rows whose value is not 0.
    pub(super) fn sum(&self, column: usize, mut f: impl FnMut(usize, f64) -> f64) -> f64 {
        match &self.columns[column] {
            Column::Dense(values) => values.iter().enumerate().map(|(at, &x)| f(at, x)).sum(),
            Column::Sparse(values) => values.iter().map(|&(at, x)| f(at as usize, x)).sum(),
        }
    }

    /// Adds a multiple of a column to a number for each row.
    pub(super) fn add(&self, column: usize, factor: f64, to: &mut [f64]) {
        match &self.columns[column] {
            Column::Dense(values) => {
                for (to, value) in to.iter_mut().zip(values) {
                    *to += factor * value;
                }
            }
            Column::Sparse(values) => {
                for &(row, value) in values {
                    to[row as usize] += factor * value;
                }
            }
        }
    }

    /// What a line says of each row: b + Σ w·x.
    pub(super) fn line(&self, weights: &[f64], intercept: f64) -> Vec<f64> {
        let mut said = vec![intercept; self.n_rows];
        for (column, &weight) in weights.iter().enumerate() {
            if weight != 0.0 {
                self.add(column, weight, &mut said);
            }
        }
        said
    }

    /// Weights and intercept for the features as they came.
    pub(super) fn for_features(&self, weights: &mut [f64], intercept: &mut f64) {
        for ((weight, unit), shift) in weights.iter_mut().zip(&self.units).zip(&self.shifts) {
            *weight *= unit;
            *intercept -= *weight * shift;
        }
    }
}

/// The value of more than half of them, if there is one (Boyer & Moore 1981); else any.
fn majority(values: &[f64]) -> f64 {
    let (mut candidate, mut lead) = (0.0, 0_usize);
    for &value in values {
        if lead == 0 {
            candidate = value;
        }
        if value == candidate {
            lead += 1;
        } else {
            lead -= 1;
        }
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_on_stored_columns_is_one_on_the_features() {
        let features = DMatrix::from_fn(3, 40, |feature, row| match feature {
            0 => (row * 7 % 40) as f64 / 10.0,
            1 => [-0.25, 4.0][usize::from(row % 17 == 0)],
            _ => [0.5, 0.7, 0.9][usize::from(row % 11 == 0) + usize::from(row % 22 == 0)],
        });
        for units in [Units::AsTheyAre, Units::ZeroAndOne] {
            let design = Design::new(&features, units);
            let stored = |column| design.sum(column, |_, _| 1.0);
            assert_eq!([stored(0), stored(1), stored(2)], [40.0, 3.0, 4.0]);
            let (mut weights, mut intercept) = (vec![0.3, -2.0, 5.0], 0.1);
            let said = design.line(&weights, intercept);
            design.for_features(&mut weights, &mut intercept);
            for (row, said) in said.iter().enumerate() {
                let own = features.column(row);
                let expected: f64 = weights.iter().zip(&own).map(|(w, x)| w * x).sum();
                assert!((said - expected - intercept).abs() < 1e-12);
            }
        }
        let design = Design::new(&features, Units::ZeroAndOne);
        assert_eq!(design.sum(1, |_, x| x), 3.0);
    }
}
