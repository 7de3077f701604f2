//! Features taken out of the matrix, one by one, for what needs all of a feature's values at once.

use crate::threads::in_order;
use crate::{Error, FitData, Scalar};

/// Features taken out of the matrix together: one walk over the samples serves them all, and with `f32` half of
/// a cache line is used instead of one value of it.
const TOGETHER: usize = 8;

/// The finite values of positive weight of one feature, and their weights if there are any.
#[derive(Clone, Default)]
pub(crate) struct Column {
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Option<Vec<f64>>,
}

/// Calls `work` with each feature and its values, and returns the results in the order of the features.
pub(crate) fn map_columns<T: Scalar, R: Send>(
    data: &FitData<'_, T>,
    work: impl Fn(usize, Column) -> R + Sync,
) -> Result<Vec<R>, Error> {
    let all: Vec<usize> = (0..data.n_features()).collect();
    map_some_columns(data, &all, 1, TOGETHER, work)
}

/// [`map_columns`] for some features, with the values at every `step`-th sample, `together` features at a time.
pub(crate) fn map_some_columns<T: Scalar, R: Send>(
    data: &FitData<'_, T>,
    features: &[usize],
    step: usize,
    together: usize,
    work: impl Fn(usize, Column) -> R + Sync,
) -> Result<Vec<R>, Error> {
    let mut results = Vec::with_capacity(features.len());
    in_order(
        features.chunks(together),
        data.thread_choice()
            .for_values::<T>(data.n_features() * data.n_samples())?,
        |features| {
            let columns = features.iter().zip(take_out(data, features, step));
            let results = columns.map(|(&j, column)| work(j, column));
            Ok(results.collect::<Vec<R>>())
        },
        |of_some| results.extend(of_some),
    )?;
    Ok(results)
}

/// The values of some features at every `step`-th sample.
fn take_out<T: Scalar>(data: &FitData<'_, T>, features: &[usize], step: usize) -> Vec<Column> {
    let (view, weights, n_samples) = (data.view(), data.weight_slice(), data.n_samples());
    let empty = |_| Column {
        values: Vec::with_capacity(n_samples.div_ceil(step)),
        weights: weights.map(|_| Vec::new()),
    };
    let mut columns: Vec<Column> = features.iter().map(empty).collect();
    for i in (0..n_samples).step_by(step) {
        let weight = weights.map_or(1.0, |w| w[i].to_f64());
        if weight == 0.0 {
            continue;
        }
        let sample = view.column(i);
        for (column, &j) in columns.iter_mut().zip(features) {
            let x = sample[j].to_f64();
            if x.is_finite() {
                column.values.push(x);
                if let Some(weights) = &mut column.weights {
                    weights.push(weight);
                }
            }
        }
    }
    columns
}
