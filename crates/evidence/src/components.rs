//! Where the variation comes from: tables, repetitions, pairs.

use serde::{Deserialize, Serialize};

/// The variances of an effect that are due to the table, to split and tuning, and to initialization and order.
///
/// The effect of pair k in repetition j on table i is μ + aᵢ + bᵢⱼ + eᵢⱼₖ: tables differ by a, the repetitions on a table by b
/// (they draw split, tuning seeds and so the rates), and the pairs of a repetition by e (they draw initial weights and
/// order). The three are taken as independent, each of its own variance. An experiment that varies only one of them
/// measures only that one (Bouthillier et al., "Accounting for variance in machine learning benchmarks", 2021).
///
/// The estimates are those of the analysis of variance for nested and unbalanced data (Searle, Casella & McCulloch,
/// *Variance Components*, 1992): with N pairs in all, nᵢ on table i, nᵢⱼ in repetition j there, A tables, B repetitions,
///
/// - MSₑ = Σ (y - ȳᵢⱼ)² / (N - B), which is σₑ² in the mean;
/// - MS_b = Σ nᵢⱼ (ȳᵢⱼ - ȳᵢ)² / (B - A), which is σₑ² + c₁ σ_b², with c₁ = (N - Σᵢ Σⱼ nᵢⱼ² / nᵢ) / (B - A);
/// - MSₐ = Σ nᵢ (ȳᵢ - ȳ)² / (A - 1), which is σₑ² + c₂ σ_b² + c₃ σₐ², with c₂ = (Σᵢ Σⱼ nᵢⱼ² / nᵢ - Σ nᵢⱼ² / N) / (A - 1) and
///   c₃ = (N - Σ nᵢ² / N) / (A - 1).
///
/// Solved from the top; what comes out negative is 0, and counts as 0 in the next line. Without that the estimates are
/// unbiased. No distribution is assumed.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::VarianceComponents;
///
/// // Two tables, two repetitions on each, two pairs in each.
/// let values = vec![
///     vec![vec![1.0, 1.2], vec![2.0, 2.2]],
///     vec![vec![5.0, 5.2], vec![6.0, 6.2]],
/// ];
/// let found = VarianceComponents::of(&values).expect("two of each");
/// assert!((found.initialization_and_order - 0.02).abs() < 1e-12); // of 1.0 and 1.2
/// assert!((found.split_and_tuning - 0.49).abs() < 1e-12); // of 1.1 and 2.1, less 0.02 / 2
/// assert!((found.between_tables - 7.75).abs() < 1e-12); // of 1.6 and 5.6, less 0.5 / 2
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VarianceComponents {
    /// σₐ²: of the effects' means on different tables.
    pub between_tables: f64,
    /// σ_b²: of repetitions on one table, beyond what their pairs vary.
    pub split_and_tuning: f64,
    /// σₑ²: of pairs in one repetition.
    pub initialization_and_order: f64,
}

impl VarianceComponents {
    /// From `values[table][repetition][pair]`, differences or logarithms of ratios, in any numbers; empty lists do not count.
    ///
    /// `None` where a component cannot be told from the next: without two tables, or any table with two repetitions, or any
    /// repetition with two pairs. `None`, too, when a value is not finite or the squares are beyond `f64`.
    pub fn of(values: &[Vec<Vec<f64>>]) -> Option<Self> {
        let tables: Vec<Vec<&[f64]>> = values
            .iter()
            .map(|table| {
                let repetitions = table.iter().map(Vec::as_slice);
                repetitions.filter(|pairs| !pairs.is_empty()).collect()
            })
            .filter(|table: &Vec<&[f64]>| !table.is_empty())
            .collect();
        let sums = Sums::of(&tables)?;
        let Sums {
            n_tables,
            n_repetitions,
            n_pairs,
            ..
        } = sums;
        let (freedom_tables, freedom_repetitions, freedom_pairs) = (
            n_tables - 1.0,
            n_repetitions - n_tables,
            n_pairs - n_repetitions,
        );
        if !(freedom_tables > 0.0 && freedom_repetitions > 0.0 && freedom_pairs > 0.0) {
            return None;
        }
        let c1 = (n_pairs - sums.repetitions_in_tables) / freedom_repetitions;
        let c2 = (sums.repetitions_in_tables - sums.repetitions_in_all / n_pairs) / freedom_tables;
        let c3 = (n_pairs - sums.tables_in_all / n_pairs) / freedom_tables;
        let initialization_and_order = sums.pairs / freedom_pairs;
        let split_and_tuning =
            ((sums.repetitions / freedom_repetitions - initialization_and_order) / c1).max(0.0);
        let explained = initialization_and_order + c2 * split_and_tuning;
        let between_tables = ((sums.tables / freedom_tables - explained) / c3).max(0.0);
        let found = Self {
            between_tables,
            split_and_tuning,
            initialization_and_order,
        };
        found.total().is_finite().then_some(found)
    }

    /// The variance of a single pair on a table of the population: the sum of the three.
    pub fn total(&self) -> f64 {
        self.between_tables + self.split_and_tuning + self.initialization_and_order
    }

    /// The variance that the mean over one table has, around the table's own: σ_b² / n + σₑ² / (n m), of n repetitions with m
    /// pairs each. Infinite without repetitions or pairs.
    ///
    /// It shows what is bought by more pairs in a repetition, and what by more repetitions.
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::VarianceComponents;
    ///
    /// let found = VarianceComponents {
    ///     between_tables: 1.0,
    ///     split_and_tuning: 0.3,
    ///     initialization_and_order: 0.1,
    /// };
    /// // Four times the pairs are no match for twice the repetitions.
    /// assert!(found.of_mean(4, 8) > found.of_mean(8, 2));
    /// ```
    pub fn of_mean(&self, n_repetitions: usize, n_pairs: usize) -> f64 {
        let (n, m) = (n_repetitions as f64, n_pairs as f64);
        if n * m == 0.0 {
            return f64::INFINITY;
        }
        (self.split_and_tuning + self.initialization_and_order / m) / n
    }
}

/// Sums of squares, and of squared numbers.
#[derive(Default)]
struct Sums {
    n_tables: f64,
    n_repetitions: f64,
    n_pairs: f64,
    /// Σ (y - ȳᵢⱼ)².
    pairs: f64,
    /// Σ nᵢⱼ (ȳᵢⱼ - ȳᵢ)².
    repetitions: f64,
    /// Σ nᵢ (ȳᵢ - ȳ)².
    tables: f64,
    /// Σᵢ Σⱼ nᵢⱼ² / nᵢ.
    repetitions_in_tables: f64,
    /// Σ nᵢⱼ².
    repetitions_in_all: f64,
    /// Σ nᵢ².
    tables_in_all: f64,
}

impl Sums {
    /// `None` when a value is not finite, or there is none.
    fn of(tables: &[Vec<&[f64]>]) -> Option<Self> {
        let all = || tables.iter().flatten().flat_map(|pairs| pairs.iter());
        // From the first value, so that equal values have no variance at all.
        let origin = *all().next()?;
        if all().any(|value| !value.is_finite()) {
            return None;
        }
        let n_pairs = all().count() as f64;
        let grand_mean = all().map(|value| value - origin).sum::<f64>() / n_pairs;
        let mut sums = Self {
            n_tables: tables.len() as f64,
            n_pairs,
            ..Self::default()
        };
        for table in tables {
            let n_table: f64 = table.iter().map(|pairs| pairs.len() as f64).sum();
            let of_table = table.iter().flat_map(|pairs| pairs.iter());
            let table_mean = of_table.map(|value| value - origin).sum::<f64>() / n_table;
            for pairs in table {
                let n = pairs.len() as f64;
                let mean = pairs.iter().map(|value| value - origin).sum::<f64>() / n;
                let squares = pairs.iter().map(|value| (value - origin - mean).powi(2));
                sums.pairs += squares.sum::<f64>();
                sums.repetitions += n * (mean - table_mean).powi(2);
                sums.repetitions_in_tables += n * n / n_table;
                sums.repetitions_in_all += n * n;
                sums.n_repetitions += 1.0;
            }
            sums.tables += n_table * (table_mean - grand_mean).powi(2);
            sums.tables_in_all += n_table * n_table;
        }
        Some(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_told_apart_is_not_estimated() {
        let one_table = vec![vec![vec![1.0, 2.0], vec![3.0, 4.0]]];
        let one_repetition = vec![vec![vec![1.0, 2.0]], vec![vec![3.0, 4.0]]];
        let one_pair = vec![vec![vec![1.0], vec![2.0]], vec![vec![3.0], vec![4.0]]];
        for values in [vec![], one_table, one_repetition, one_pair] {
            assert_eq!(VarianceComponents::of(&values), None, "{values:?}");
        }
        let not_finite = vec![
            vec![vec![1.0, f64::NAN], vec![3.0]],
            vec![vec![3.0, 4.0], vec![5.0]],
        ];
        assert_eq!(VarianceComponents::of(&not_finite), None);
        let beyond = vec![
            vec![vec![1e200, -1e200], vec![3.0]],
            vec![vec![3.0, 4.0], vec![5.0]],
        ];
        assert_eq!(VarianceComponents::of(&beyond), None);
    }

    #[test]
    fn empty_lists_do_not_count() {
        let values = vec![
            vec![vec![1.0, 1.5], vec![2.0]],
            vec![vec![4.0], vec![5.0, 5.5, 7.0]],
        ];
        let mut with_gaps = values.clone();
        with_gaps.insert(1, vec![]);
        with_gaps[0].push(vec![]);
        with_gaps.push(vec![vec![], vec![]]);
        assert_eq!(
            VarianceComponents::of(&with_gaps),
            VarianceComponents::of(&values)
        );
    }

    #[test]
    fn equal_values_have_no_variance_and_negative_estimates_are_none() {
        let equal = vec![vec![vec![0.1; 3]; 4]; 5];
        let none = VarianceComponents {
            between_tables: 0.0,
            split_and_tuning: 0.0,
            initialization_and_order: 0.0,
        };
        assert_eq!(VarianceComponents::of(&equal), Some(none));
        // All that varies are the pairs; means that agree better than chance has them would give negative variances.
        let pairs = vec![vec![vec![-1.0, 1.0]; 2]; 3];
        let found = VarianceComponents::of(&pairs).expect("two of each");
        assert_eq!((found.between_tables, found.split_and_tuning), (0.0, 0.0));
        assert!((found.initialization_and_order - 2.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn balanced_and_positive_they_add_up_to_the_variance_of_the_tables_means(
            values in prop::collection::vec(prop::collection::vec(prop::collection::vec(-2.0..2.0f64, 2), 3), 4),
        ) {
            // Far enough apart that nothing comes out negative.
            let mut values = values;
            for (i, table) in values.iter_mut().enumerate() {
                for (j, pairs) in table.iter_mut().enumerate() {
                    pairs.iter_mut().for_each(|y| *y += (30 * i + 10 * j) as f64);
                }
            }
            let found = VarianceComponents::of(&values).expect("two of each");
            prop_assert!(found.between_tables > 0.0 && found.split_and_tuning > 0.0);
            let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
            let tables: Vec<f64> = values.iter().map(|table| mean(&table.concat())).collect();
            let variance = tables.iter().map(|y| (y - mean(&tables)).powi(2)).sum::<f64>() / 3.0;
            prop_assert!((found.between_tables + found.of_mean(3, 2) - variance).abs() < 1e-12 * variance);
        }

        #[test]
        fn scaled_by_a_factor_they_scale_by_its_square(
            values in prop::collection::vec(prop::collection::vec(prop::collection::vec(-2.0..2.0f64, 1..4), 2..4), 2..5),
            factor in 0.1..10.0f64,
        ) {
            let scaled: Vec<Vec<Vec<f64>>> = values
                .iter()
                .map(|table| {
                    let scale = |pairs: &Vec<f64>| pairs.iter().map(|y| y * factor).collect();
                    table.iter().map(scale).collect()
                })
                .collect();
            let (here, there) = (VarianceComponents::of(&values), VarianceComponents::of(&scaled));
            prop_assert_eq!(here.is_some(), there.is_some());
            if let (Some(here), Some(there)) = (here, there) {
                let squared = factor * factor;
                prop_assert!((here.between_tables * squared - there.between_tables).abs() < 1e-12 * squared);
                prop_assert!((here.split_and_tuning * squared - there.split_and_tuning).abs() < 1e-12 * squared);
                prop_assert!((here.total() * squared - there.total()).abs() < 1e-12 * squared);
            }
        }
    }
}
