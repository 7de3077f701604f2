//! What the levels of columns of many categories add to the target, each column's beside the others'.

use smallbatch_data::FrameValues;

/// Effects are shrunk towards 0 by the weight of so many rows: by whichever predicts best what an effect was not fitted to.
const SHRINKAGES: [f64; 4] = [1.0, 3.0, 10.0, 30.0];
/// In so many parts are training rows cut, each of which gets the effects of the others.
const PARTS: usize = 5;
/// The most rounds over the columns.
const MOST_ROUNDS: usize = 50;
/// Where no effect changes by more than this share of the target's deviation, the rounds end.
const NEAR_ENOUGH: f64 = 1e-6;

/// Rows with their levels in some columns.
pub(super) struct Rows<'a> {
    /// For each column the level of each row.
    pub(super) codes: Vec<&'a [u32]>,
    /// For each column how many levels there are.
    pub(super) n_levels: Vec<usize>,
    pub(super) weights: Option<&'a [f64]>,
    pub(super) groups: Option<&'a [u32]>,
}

/// Effects for later rows and for the rows that they were learned from.
pub(super) struct Effects {
    /// For each column and number the mean plus the effect by code, and the mean alone at the end.
    pub(super) by_code: Vec<Vec<Vec<f64>>>,
    /// For each column and number the same for each training row, learned without the row's own part.
    pub(super) of_rows: Vec<Vec<Vec<f64>>>,
}

impl Rows<'_> {
    /// Learns the effects on each of some numbers: those that minimize Σ ω(y - mean - Σ effects)² + s·Σ effects², for the shrinkage s with
    /// the smallest error of rows that the effects were not learned from.
    pub(super) fn effects(&self, numbers: &[Vec<f64>]) -> Effects {
        let n_columns = self.codes.len();
        let mut found = Effects {
            by_code: vec![Vec::new(); n_columns],
            of_rows: vec![Vec::new(); n_columns],
        };
        let parts = self.parts();
        let of_others: Vec<Vec<Vec<Fitted>>> = (SHRINKAGES.iter())
            .map(|&shrinkage| {
                let without = |part| self.fit_all(numbers, shrinkage, |row| parts[row] != part);
                (0..PARTS).map(without).collect()
            })
            .collect();
        let errors = of_others
            .iter()
            .map(|fits| self.error(numbers, &parts, fits));
        let best = (0..)
            .zip(errors)
            .min_by(|a: &(usize, f64), b| a.1.total_cmp(&b.1));
        let best = best.map_or(0, |(at, _)| at);
        let of_all = self.fit_all(numbers, SHRINKAGES[best], |_| true);
        for column in 0..n_columns {
            for (number, fitted) in of_all.iter().enumerate() {
                let mut by_code: Vec<f64> = fitted.effects[column]
                    .iter()
                    .map(|e| fitted.mean + e)
                    .collect();
                by_code.push(fitted.mean);
                found.by_code[column].push(by_code);
                let of_row = |(row, part): (usize, &usize)| {
                    let fitted = &of_others[best][*part][number];
                    fitted.mean + fitted.effect(column, self.codes[column][row])
                };
                found.of_rows[column].push(parts.iter().enumerate().map(of_row).collect());
            }
        }
        found
    }

    /// Rows of a group are in one part, where there are enough groups.
    fn parts(&self) -> Vec<usize> {
        let n_rows = self.codes.first().map_or(0, |codes| codes.len());
        // Spread, so that levels in turn, as of shops day after day, are in all parts (Knuth's multiplicative hashing).
        let spread = |row: usize| ((row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
        let by_row = || (0..n_rows).map(|row| spread(row) % PARTS).collect();
        let Some(groups) = self.groups else {
            return by_row();
        };
        let mut known = std::collections::HashMap::new();
        let parts = groups.iter().map(|group| {
            let next = known.len();
            *known.entry(group).or_insert(next) % PARTS
        });
        let parts = parts.collect();
        if known.len() < PARTS { by_row() } else { parts }
    }

    /// The squared error of all rows, each by what was learned without its part.
    fn error(&self, numbers: &[Vec<f64>], parts: &[usize], fits: &[Vec<Fitted>]) -> f64 {
        let mut sum = 0.0;
        for (number, values) in numbers.iter().enumerate() {
            for (row, (value, part)) in values.iter().zip(parts).enumerate() {
                let fitted = &fits[*part][number];
                let levels = self.codes.iter().enumerate();
                let effects: f64 = levels
                    .map(|(at, codes)| fitted.effect(at, codes[row]))
                    .sum();
                sum += self.weight(row) * (value - fitted.mean - effects).powi(2);
            }
        }
        sum
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    fn fit_all(
        &self,
        numbers: &[Vec<f64>],
        shrinkage: f64,
        counts: impl Fn(usize) -> bool,
    ) -> Vec<Fitted> {
        let counts: Vec<f64> = (0..numbers.first().map_or(0, Vec::len))
            .map(|row| if counts(row) { self.weight(row) } else { 0.0 })
            .collect();
        let fit = |numbers: &Vec<f64>| self.fit(numbers, shrinkage, &counts);
        numbers.iter().map(fit).collect()
    }

    /// One column's effects after the other's, until they no longer change.
    fn fit(&self, numbers: &[f64], shrinkage: f64, weights: &[f64]) -> Fitted {
        let total: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mean = weights.iter().zip(numbers).map(|(w, y)| w * y).sum::<f64>() / total;
        let mut residual: Vec<f64> = numbers.iter().map(|y| y - mean).collect();
        let squares: f64 = weights.iter().zip(&residual).map(|(w, r)| w * r * r).sum();
        let enough = NEAR_ENOUGH * (squares / total).sqrt();
        let zeros = |n: &usize| vec![0.0; *n];
        let mut fitted = Fitted {
            mean,
            effects: self.n_levels.iter().map(zeros).collect(),
        };
        for _ in 0..MOST_ROUNDS {
            let mut change = 0.0_f64;
            for (codes, effects) in self.codes.iter().zip(&mut fitted.effects) {
                let mut sums = vec![(0.0, shrinkage); effects.len()];
                for (row, &code) in codes.iter().enumerate() {
                    if let Some(sum) = sums.get_mut(code as usize) {
                        let own = residual[row] + effects[code as usize];
                        *sum = (sum.0 + weights[row] * own, sum.1 + weights[row]);
                    }
                }
                let before = effects.clone();
                for (effect, (sum, count)) in effects.iter_mut().zip(sums) {
                    change = change.max((sum / count - *effect).abs());
                    *effect = sum / count;
                }
                for (residual, &code) in residual.iter_mut().zip(*codes) {
                    if code < FrameValues::UNSEEN && (code as usize) < effects.len() {
                        *residual += before[code as usize] - effects[code as usize];
                    }
                }
            }
            if self.codes.len() == 1 || change <= enough {
                break;
            }
        }
        fitted
    }
}

/// What was learned of one number.
struct Fitted {
    mean: f64,
    /// By column and code.
    effects: Vec<Vec<f64>>,
}

impl Fitted {
    /// Of a level that was not seen: none.
    fn effect(&self, column: usize, code: u32) -> f64 {
        let effect = self.effects[column].get(code as usize);
        effect.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
