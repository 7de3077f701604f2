//! What is asked of a table.

use std::path::PathBuf;

use smallbatch_base::limits::MOST_THREADS;
use smallbatch_data::TableReader;
use smallbatch_sweep::Size;

use crate::Error;

/// What is asked of a table.
///
/// ```
/// use smallbatch_advice::{AdvicePlan, Size};
/// use smallbatch_data::TableReader;
///
/// let reader = TableReader::new().target("price");
/// let plan = AdvicePlan { size: Size::Quick, ..AdvicePlan::new(reader) };
/// assert_eq!(plan.base_seed, 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvicePlan {
    /// How the table is read: what is predicted, what is left out, which rows belong together.
    pub reader: TableReader,
    /// The short, the usual or the long version. The usual one takes up to three times as long as a training of scikit-learn's network.
    pub size: Size,
    /// Whether rare classes count as much as frequent ones in training. They are judged as they are.
    pub balanced: bool,
    /// Threads to spread trainings over, from 1 to 1024; they change nothing but the time. Default: one for each core.
    pub threads: usize,
    /// The folder where finished trainings are kept, so that an interrupted advice goes on there; used where the work takes a minute or more.
    /// Default: none.
    pub cache: Option<PathBuf>,
    /// The seed that all others are counted from. Default: 0.
    pub base_seed: u64,
}

impl AdvicePlan {
    /// The defaults, for a table that is read in this way.
    pub fn new(reader: TableReader) -> Self {
        Self {
            reader,
            size: Size::Default,
            balanced: false,
            threads: std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().min(MOST_THREADS)),
            cache: None,
            base_seed: 0,
        }
    }

    /// Checks what can be checked without the table.
    ///
    /// # Errors
    /// [`Error::Setting`] for no threads or more than 1024.
    pub fn validate(&self) -> Result<(), Error> {
        if (1..=MOST_THREADS).contains(&self.threads) {
            return Ok(());
        }
        Err(Error::Setting {
            setting: "threads",
            value: self.threads.to_string(),
            expected: "at least 1 and at most 1024; one for each core is best",
        })
    }
}
