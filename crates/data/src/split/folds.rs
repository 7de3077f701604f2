//! k folds: every sample is tested exactly once.

use smallbatch_base::Scalar;

use super::allot::{Shares, Way, allot};
use super::{Split, Strategy, check_classes_present};
use crate::{Dataset, Error, Part};

/// k splits of one data set, in which every sample is in the test part exactly once.
///
/// The samples are dealt out to k folds of nearly equal size. Split i tests on fold i, validates on the fold after it
/// (fold 0 after the last), and trains on the others, so every sample is in the validation part exactly once, too. Of two
/// folds one is tested on and the other trained on; the validation part is then empty. The
/// folds are a pure function of the data set's size (and its labels or groups), k, the strategy and the seed; a split is
/// copied out only when it is asked for.
///
/// Sizes: shuffled, two folds differ by at most 1 sample; stratified, by at most 1 sample in each class; grouped, whole
/// groups in random order go each to the smallest fold.
///
/// ```
/// use smallbatch_data::{KFolds, Strategy, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let wine = builtin::wine()?;
/// let folds = KFolds::new(&wine, 5, 7, Strategy::Stratified)?;
/// let mut tested = 0;
/// for split in folds.splits() {
///     tested += split?.test().n_samples();
/// }
/// assert_eq!(tested, wine.n_samples());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KFolds<'a, T> {
    dataset: &'a Dataset<T>,
    k: usize,
    fold_of: Vec<usize>,
}

impl<'a, T: Scalar> KFolds<'a, T> {
    /// Deals the samples out to `k` folds.
    ///
    /// # Errors
    /// - [`Error::BadFoldCount`]: k below 2.
    /// - [`Error::TooFew`]: fewer samples than folds, or, grouped, fewer groups.
    /// - [`Error::OneClass`]: only one of the classes has samples.
    /// - Stratified: [`Error::NotClasses`], and [`Error::ClassTooSmall`] for a class of fewer than k samples.
    /// - Grouped: [`Error::NoGroups`].
    pub fn new(
        dataset: &'a Dataset<T>,
        k: usize,
        seed: u64,
        strategy: Strategy,
    ) -> Result<Self, Error> {
        if k < 2 {
            return Err(Error::BadFoldCount { k });
        }
        dataset.require_samples()?;
        check_classes_present(dataset)?;
        // Before anything of size k is made: k may be absurdly large.
        let too_few = || Error::TooFew {
            what: "samples",
            count: dataset.n_samples(),
            parts: format!("{k} folds"),
        };
        if dataset.n_samples() < k {
            return Err(too_few());
        }
        let fractions = vec![1.0 / k as f64; k];
        let shares = Shares {
            fractions: &fractions,
            unit: "fold",
        };
        let way = Way {
            strategy,
            copies_together: false,
        };
        let fold_of = allot(dataset, way, &shares, seed, |_, _| too_few())?;
        Ok(Self {
            dataset,
            k,
            fold_of,
        })
    }

    /// The number of folds, and of splits.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The fold of each sample, from 0 to k - 1.
    pub fn fold_of(&self) -> &[usize] {
        &self.fold_of
    }

    /// Split `index`: tests on fold `index`, validates on the next (of more than two), trains on the others.
    ///
    /// # Errors
    /// [`Error::FoldOutOfRange`]; [`Error::ZeroWeights`] when all samples of a part have weight 0.
    pub fn split(&self, index: usize) -> Result<Split<T>, Error> {
        if index >= self.k {
            return Err(Error::FoldOutOfRange { index, k: self.k });
        }
        let validation = (self.k > 2).then_some((index + 1) % self.k);
        let part = |&fold: &usize| match fold {
            fold if fold == index => Part::Test,
            fold if Some(fold) == validation => Part::Validation,
            _ => Part::Train,
        };
        let assignment: Vec<Part> = self.fold_of.iter().map(part).collect();
        Split::from_assignment(self.dataset, &assignment)
    }

    /// All k splits, one after another; each is copied out when the iterator reaches it.
    pub fn splits(&self) -> impl Iterator<Item = Result<Split<T>, Error>> + '_ {
        (0..self.k).map(|index| self.split(index))
    }
}
