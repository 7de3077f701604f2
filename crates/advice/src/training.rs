//! The trainings of the advice: what they are to `sweep`, what they cost, and many of them spread over threads.

use std::sync::atomic::{AtomicBool, Ordering};

use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Loss, MlpSpec};
use smallbatch_sweep::{Fit, Pool, Progress};

use super::{Setting, divide};
use crate::Error;

/// A setting with its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) setting: Setting,
    /// The most epochs.
    pub(super) epochs: u64,
    /// Whether the best epoch by validation loss is taken, or the last.
    pub(super) early_stopping: bool,
}

impl Way {
    /// The training with this seed.
    pub(super) fn fit(&self, network: &MlpSpec, seed: u64) -> Fit {
        let Setting {
            scaler,
            batch_size,
            learning_rate,
        } = self.setting;
        Fit {
            network: network.clone(),
            scaler,
            batch_size,
            learning_rate,
            epochs: self.epochs,
            early_stopping: self.early_stopping,
            seed,
        }
    }

    /// The cost of all epochs, as [`cost_of_epoch`].
    pub(super) fn cost(&self, network: &MlpSpec, n_training: usize) -> f64 {
        self.epochs as f64 * cost_of_epoch(network, n_training, self.setting.batch_size)
    }
}

/// The network for these data.
pub(super) fn network(data: &Dataset<f64>, hidden: &[usize]) -> MlpSpec {
    let mut sizes = vec![data.n_features()];
    sizes.extend(hidden);
    sizes.push(data.n_outputs());
    let spec = MlpSpec::new(sizes);
    match data.target() {
        Target::Classes { .. } => spec,
        _ => spec.loss(Loss::MeanSquaredError),
    }
}

/// The cost of one epoch in billions of floating-point operations, nearly: six for each weight and sample, fifty for each
/// unit and sample, fifty thousand for each update.
pub(super) fn cost_of_epoch(spec: &MlpSpec, n_training: usize, batch_size: BatchSize) -> f64 {
    let sizes = spec.layer_sizes();
    let weights: usize = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let units: usize = sizes.iter().sum();
    let updates = match batch_size {
        BatchSize::Mini(size) => n_training.div_ceil(size.max(1)),
        BatchSize::Full => 1,
    };
    (n_training * (6 * weights + 50 * units) + updates * (2 * weights + 50_000)) as f64 / 1e9
}

/// Four fifths of the development rows for training, the rest for validation, as the seed has it.
pub(super) fn halves(
    development: &Dataset<f64>,
    seed: u64,
) -> Result<(Dataset<f64>, Dataset<f64>), smallbatch_data::Error> {
    divide(development, seed, 0.8)
}

/// Does all tasks, each with its cost, on so many threads. What is missing at the end was not done because somebody asked to stop.
pub(super) fn spread<J: Send, T: Send>(
    tasks: Vec<(f64, J)>,
    threads: usize,
    progress: &mut dyn Progress,
    message: &str,
    work: impl Fn(J, &AtomicBool) -> Result<T, smallbatch_sweep::Error> + Sync,
) -> Result<Vec<Option<T>>, Error> {
    let done = Pool::new(threads).map(tasks, progress, message, |task, stop| {
        // Divergence is no failure. What is one ends the advice: the others would be made for nothing.
        work(task, stop).inspect_err(|_| stop.store(true, Ordering::Relaxed))
    });
    done.into_iter()
        .map(|result| match result {
            Ok(result) => Ok(Some(result)),
            Err(smallbatch_sweep::Error::Interrupted) => Ok(None),
            Err(error) => Err(error.into()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_ends_the_others_and_is_told() {
        let tasks = (0..1_000).map(|n| (1.0, n)).collect();
        let n_made = std::sync::atomic::AtomicUsize::new(0);
        let done = spread(tasks, 2, &mut (), "", |n, _| {
            n_made.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(1));
            if n == 3 {
                return Err(smallbatch_data::Error::EmptySelection.into());
            }
            Ok(n)
        });
        assert!(matches!(done, Err(Error::Data(_))), "{done:?}");
        let n_made = n_made.into_inner();
        assert!(n_made < 100, "{n_made}");
    }
}
