//! The weights that every peer begins with: fresh ones, and those of a network that has learned.
//!
//! For each case `CASE.fresh` and `CASE.converged` hold all parameters as little-endian `f32`: layer by layer, first the
//! weight, shape `(fan_out, fan_in)` row by row, then the bias. `CASE.trained` says what they were made from; where it
//! still says the same, they are not made again.

use std::path::Path;

use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Mlp, OptimizerSpec};
use smallbatch_train::{
    Budget, Error, EvaluateEvery, Evaluation, History, Period, Schedule, Trained, Trainer,
};

use crate::{Case, Task};

/// To be raised when [`Case::converged`] makes other weights from the same case and data.
const VERSION: u32 = 1;

/// The epochs after which a network counts as converged; 25 times as many where the loss goes to 0. In all cases the training loss changes by less than 1 % of its
/// first value in the last tenth of them.
pub const CONVERGED_EPOCHS: u64 = 40;

/// Evaluations of the training loss, evenly spaced, after the one before the first update.
const N_EVALUATIONS: u64 = 10;

/// Samples of an evaluation.
const N_EVALUATED: usize = 1_000;

impl Case {
    /// Trains the case's network until it has learned: [`CONVERGED_EPOCHS`] epochs of batches of 32, momentum 0.9, and a
    /// rate that falls from the case's to 0 along half a cosine, so that the loss levels off. Its history has the losses.
    /// The same bits for every number of threads.
    ///
    /// # Errors
    /// A training that diverges: none of the cases' does.
    pub fn converged(&self, dataset: &Dataset<f32>) -> Result<Trained<f32>, Error> {
        let epochs = match self.task {
            Task::Separable => 25 * CONVERGED_EPOCHS,
            Task::Classes | Task::Binary | Task::Values => CONVERGED_EPOCHS,
        };
        let every = EvaluateEvery::Epochs(epochs / N_EVALUATIONS);
        Trainer::new(self.spec())
            .optimizer(OptimizerSpec::momentum(0.9))
            .learning_rate(self.learning_rate)
            .schedule(Schedule::cosine(Period::Updates(0)))
            .batch_size(BatchSize::Mini(32))
            .budget(Budget::Epochs(epochs))
            .evaluation(Evaluation::every(every).training_samples(N_EVALUATED))
            .seed(1)
            .automatic_threads()
            .fit(dataset, None)
    }

    /// Writes the fresh and the converged weights into that folder, with the history of the training; none where the
    /// files are there already and were made from the same case and data.
    ///
    /// # Errors
    /// A file that cannot be written, by its name; or as [`Case::converged`].
    pub fn write_weights(
        &self,
        dataset: &Dataset<f32>,
        folder: &Path,
    ) -> Result<Option<History>, Box<dyn std::error::Error>> {
        let file = |kind: &str| folder.join(format!("{}.{kind}", self.name));
        let (fresh, converged, stamp) = (file("fresh"), file("converged"), file("trained"));
        let origin = self.origin(dataset);
        let is_same = std::fs::read_to_string(&stamp).is_ok_and(|text| text == origin);
        if is_same && fresh.is_file() && converged.is_file() {
            return Ok(None);
        }
        let trained = self.converged(dataset)?;
        let history = trained.history().clone();
        write(&fresh, &bytes(&self.network()))?;
        write(&converged, &bytes(&trained.into_model()))?;
        // Last, so that an interrupted training is made again.
        write(&stamp, origin.as_bytes())?;
        Ok(Some(history))
    }

    /// What the weights depend on, in a line.
    fn origin(&self, dataset: &Dataset<f32>) -> String {
        let data = checksum(dataset);
        format!("version {VERSION}, {CONVERGED_EPOCHS} epochs of {self:?}, data {data:016x}\n")
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(file, bytes).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn bytes(model: &Mlp<f32>) -> Vec<u8> {
    let parameters = model.parameters().as_slice().iter();
    parameters.flat_map(|x| x.to_le_bytes()).collect()
}

/// FNV-1a over the bits of the features and the targets, a word at a time.
fn checksum(dataset: &Dataset<f32>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |word: u32| hash = (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
    dataset.features().iter().for_each(|x| add(x.to_bits()));
    match dataset.target() {
        Target::Classes { labels, .. } => labels.iter().copied().for_each(add),
        Target::Values { values, .. } => values.iter().for_each(|x| add(x.to_bits())),
        _ => unreachable!("a target is classes or values"),
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CASES, OTHER_CASES};

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("smallbatch-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn the_loss_of_a_converged_network_has_levelled_off() {
        // The small ones with noise in many samples: all fifteen take half a minute in release mode.
        let narrow = OTHER_CASES.iter().find(|case| case.name == "narrow");
        for case in [&CASES[0], narrow.unwrap()] {
            let trained = case.converged(&case.dataset()).unwrap();
            let losses: Vec<f64> = trained
                .history()
                .records()
                .iter()
                .map(|record| record.training_loss)
                .collect();
            let [first, .., before, last] = losses[..] else {
                panic!("{losses:?}")
            };
            assert!(
                (last - before).abs() < 0.02 * first,
                "{}: {losses:?}",
                case.name
            );
            assert!(last < 0.5 * first, "{}: {losses:?}", case.name);
            // The noise cannot be learned by so few weights.
            assert!(last > 0.1, "{}: {losses:?}", case.name);
        }
    }

    #[test]
    fn weights_are_trained_once_for_the_same_case_and_data() {
        let folder = folder("weights-once");
        let case = CASES[0];
        let dataset = case.dataset();
        let file = |kind: &str| folder.join(format!("tiny.{kind}"));
        assert!(case.write_weights(&dataset, &folder).unwrap().is_some());
        let read = |kind: &str| std::fs::read(file(kind)).unwrap();
        let (fresh, converged) = (read("fresh"), read("converged"));
        assert_eq!(fresh, bytes(&case.network()));
        assert_eq!(fresh.len(), 4 * (2 * 16 + 16 + 16 * 2 + 2));
        assert_eq!(fresh.len(), converged.len());
        assert_ne!(fresh, converged);
        assert!(case.write_weights(&dataset, &folder).unwrap().is_none());

        std::fs::remove_file(file("converged")).unwrap();
        assert!(case.write_weights(&dataset, &folder).unwrap().is_some());
        assert_eq!(read("converged"), converged);
        let other = Case {
            learning_rate: 0.05,
            ..case
        };
        assert!(other.write_weights(&dataset, &folder).unwrap().is_some());
        assert_ne!(read("converged"), converged);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn other_data_have_another_origin() {
        let case = CASES[0];
        let dataset = case.dataset();
        let mut features = dataset.features().clone_owned();
        features[(1, 9_999)] += 1.0;
        let other = Dataset::new(features, dataset.target().clone()).unwrap();
        assert_ne!(case.origin(&dataset), case.origin(&other));
        assert_eq!(case.origin(&dataset), case.origin(&case.dataset()));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let nowhere = Path::new("no-such-folder-anywhere");
        let case = CASES[0];
        let error = case
            .write_weights(&case.dataset(), nowhere)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cannot write ") && error.contains("tiny.fresh: "),
            "{error}"
        );
    }
}
