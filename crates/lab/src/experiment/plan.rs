//! What to run: which experiments, with how many seeds, on how many threads.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::results::Request;

/// An experiment that this crate knows.
///
/// # Example
///
/// ```
/// use smallbatch_lab::ExperimentName;
///
/// let name: ExperimentName = "batch-size".parse()?;
/// assert_eq!(name, ExperimentName::BatchSize);
/// assert!("batchsize".parse::<ExperimentName>().is_err());
/// # Ok::<(), smallbatch_lab::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ExperimentName {
    /// Six ways to scale the inputs, everything else equal.
    Normalization,
    /// Mini-batches of several sizes against the full batch, everything else equal.
    BatchSize,
    /// Batch sizes when there is something to overfit, and how many epochs are right.
    Generalization,
    /// Ways to scale the test data.
    TestStatistics,
    /// What training needs of the memory, against the number of samples.
    Memory,
    /// Why, in numbers: curvature, noise and cost.
    Why,
}

impl ExperimentName {
    /// Every experiment, in the order in which they run.
    pub const ALL: [Self; 6] = [
        Self::Normalization,
        Self::BatchSize,
        Self::Generalization,
        Self::TestStatistics,
        Self::Memory,
        Self::Why,
    ];

    /// The name on the command line and in the results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normalization => "normalization",
            Self::BatchSize => "batch-size",
            Self::Generalization => "generalization",
            Self::TestStatistics => "test-statistics",
            Self::Memory => "memory",
            Self::Why => "why",
        }
    }

    /// The experiment's file, as text: a start for one's own.
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_lab::ExperimentName;
    ///
    /// let text = ExperimentName::BatchSize.definition();
    /// assert!(text.contains("name = \"batch-size\""));
    /// ```
    pub fn definition(self) -> &'static str {
        match self {
            Self::Normalization => include_str!("../../experiments/normalization.toml"),
            Self::BatchSize => include_str!("../../experiments/batch-size.toml"),
            Self::Generalization => include_str!("../../experiments/generalization.toml"),
            Self::TestStatistics => include_str!("../../experiments/test-statistics.toml"),
            Self::Memory => include_str!("../../experiments/memory.toml"),
            Self::Why => include_str!("../../experiments/why.toml"),
        }
    }
}

impl fmt::Display for ExperimentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ExperimentName {
    type Err = Error;

    /// Reads the name as [`ExperimentName::as_str`] writes it.
    ///
    /// # Errors
    /// [`Error::UnknownExperiment`] for any other text, with the names that exist, the nearest one first.
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(name) = Self::ALL.into_iter().find(|name| name.as_str() == text) {
            return Ok(name);
        }
        Err(Error::UnknownExperiment {
            name: text.to_owned(),
            known: crate::nearest::by_distance(text, &Self::ALL.map(Self::as_str)),
        })
    }
}

/// How much to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// Less than half a minute: three seeds, the small data sets, shorter budgets.
    Quick,
    /// A few minutes on two cores: sixteen seeds.
    #[default]
    Default,
    /// For the night: thirty seeds, and longer budgets where an experiment has them.
    Thorough,
}

impl Size {
    /// The version's name, as the files of experiments have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Default => "default",
            Self::Thorough => "thorough",
        }
    }
}

/// What to run.
///
/// Everything that the results under the budgets *epochs* and *updates* depend on is here, but for `threads`, which
/// changes nothing in them but the time they take: the same plan gives the same bits on the same machine.
///
/// # Example
///
/// ```
/// use smallbatch_lab::{ExperimentName, Plan, Size};
///
/// let plan = Plan { experiments: vec![ExperimentName::Normalization], size: Size::Quick, ..Plan::default() };
/// plan.validate()?;
/// assert!(Plan { threads: 0, ..plan }.validate().is_err());
/// # Ok::<(), smallbatch_lab::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The experiments, each at most once. Default: all of them.
    pub experiments: Vec<ExperimentName>,
    /// Experiments of one's own, as TOML files like those that come with the program (see
    /// [`ExperimentName::definition`]); paths of tables in them begin at the file's folder. Default: none.
    pub files: Vec<PathBuf>,
    /// The short, the usual or the long version. Default: the usual one.
    pub size: Size,
    /// How many seeds the verdicts are computed from: at least 2. Default (`None`): what an experiment's file says; else 16,
    /// quick 3, thorough 30.
    pub seeds: Option<usize>,
    /// Threads over which untimed runs are spread, from 1 to 1024; each run uses one of them. Timed runs are always alone.
    /// Default: as many as the machine has.
    pub threads: usize,
    /// Whether tuning tries every learning rate on every tuning seed, instead of giving up those that cannot be chosen any more:
    /// the choices are the same, and it takes longer. Default: false.
    pub exhaustive: bool,
    /// The seed that all others are counted from. Default: 0.
    pub base_seed: u64,
    /// A program that measures memory in a process of its own: called as `PROGRAM probe-memory PROBE`, with a
    /// [`MemoryProbe`](crate::MemoryProbe) as JSON, it prints the three numbers of
    /// [`MemoryProbe::measure`](crate::MemoryProbe::measure), or nothing where they are not known. Default (`None`): this
    /// process measures itself, and what it has freed before may hide some.
    pub memory_probe: Option<PathBuf>,
    /// A folder where every finished run is kept at once, so that the same plan goes on where it was interrupted, and what two
    /// plans have in common is run once. It is made if missing. Default (`None`): nothing is kept.
    ///
    /// A run is found again by all that decides it: the content of its data, network, scaler, batch size, rate, optimizer,
    /// seed and length, the program that made it (by its bytes) and the processor. Timed runs are found again only on the
    /// machine that made them. What is damaged is run anew.
    pub cache: Option<PathBuf>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            experiments: ExperimentName::ALL.into(),
            files: Vec::new(),
            size: Size::Default,
            seeds: None,
            threads: std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().min(MOST_THREADS)),
            exhaustive: false,
            base_seed: 0,
            memory_probe: None,
            cache: None,
        }
    }
}

/// Tuning seeds are counted from the base seed plus this; a plan may have as many final seeds, and no more.
const TUNING_OFFSET: u64 = 1_000_000;
/// More threads than any machine has cores for: a slip of the keyboard, which the system would refuse halfway.
const MOST_THREADS: usize = 1024;

impl Plan {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for no experiments, one experiment twice, fewer than two seeds, no threads, or more than 1024.
    pub fn validate(&self) -> Result<(), Error> {
        let setting = |setting, value: String, expected| {
            Err(Error::Setting {
                setting,
                value,
                expected,
            })
        };
        if self.experiments.is_empty() && self.files.is_empty() {
            return setting("experiments", "empty".into(), "at least one experiment");
        }
        for (position, name) in self.experiments.iter().enumerate() {
            if self.experiments[..position].contains(name) {
                return setting(
                    "experiments",
                    format!("a list with {name} twice"),
                    "a list that names each experiment once",
                );
            }
        }
        match self.seeds {
            Some(seeds @ (0 | 1)) => {
                return setting(
                    "seeds",
                    seeds.to_string(),
                    "at least 2: an interval needs pairs that can differ",
                );
            }
            Some(seeds) if seeds as u64 > TUNING_OFFSET => {
                return setting("seeds", seeds.to_string(), "at most 1000000");
            }
            _ => {}
        }
        if !(1..=MOST_THREADS).contains(&self.threads) {
            let expected = "at least 1 and at most 1024; one for each core is best";
            return setting("threads", self.threads.to_string(), expected);
        }
        Ok(())
    }

    /// Seeds of the runs that the verdicts are computed from, where no file says another number.
    pub(crate) fn final_seeds(&self) -> Vec<u64> {
        self.final_seeds_or(None)
    }

    /// The same for an experiment whose file says this number.
    pub(crate) fn final_seeds_or(&self, of_file: Option<usize>) -> Vec<u64> {
        let count = self.seeds.or(of_file).unwrap_or(match self.size {
            Size::Quick => 3,
            Size::Default => 16,
            Size::Thorough => 30,
        });
        (0..count as u64)
            .map(|index| self.base_seed.wrapping_add(index))
            .collect()
    }

    /// The first `count` seeds of the runs that choose learning rates: none is among [`Plan::final_seeds`].
    pub(crate) fn tuning_seeds(&self, count: usize) -> Vec<u64> {
        (0..count as u64)
            .map(|index| self.base_seed.wrapping_add(TUNING_OFFSET + index))
            .collect()
    }

    /// What of it decides the results.
    pub(crate) fn request(&self) -> Request {
        Request {
            experiments: self.experiments.iter().map(ToString::to_string).collect(),
            files: self.files.clone(),
            size: self.size,
            seeds: self.seeds,
            exhaustive: self.exhaustive,
            base_seed: self.base_seed,
        }
    }

    /// The plan of that request.
    pub(crate) fn of(request: &Request, threads: usize) -> Result<Self, Error> {
        let names = request.experiments.iter().map(|name| name.parse());
        Ok(Self {
            experiments: names.collect::<Result<_, _>>()?,
            files: request.files.clone(),
            size: request.size,
            seeds: request.seeds,
            threads,
            exhaustive: request.exhaustive,
            base_seed: request.base_seed,
            memory_probe: None,
            cache: None,
        })
    }

    /// The command that repeats this plan.
    pub(crate) fn command(&self) -> String {
        let mut command = String::from("cargo xtask experiment");
        for name in &self.experiments {
            command.push(' ');
            command.push_str(name.as_str());
        }
        for file in &self.files {
            command.push_str(&format!(" --file {}", file.display()));
        }
        command.push_str(match self.size {
            Size::Quick => " --quick",
            Size::Default => "",
            Size::Thorough => " --thorough",
        });
        if let Some(seeds) = self.seeds {
            command.push_str(&format!(" --seeds {seeds}"));
        }
        if self.exhaustive {
            command.push_str(" --exhaustive");
        }
        command.push_str(&format!(" --threads {}", self.threads));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_text() {
        for name in ExperimentName::ALL {
            assert_eq!(name.to_string().parse::<ExperimentName>().unwrap(), name);
        }
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_first() {
        for (typed, meant) in [
            ("normalisation", "normalization"),
            ("batchsize", "batch-size"),
            ("batch", "batch-size"),
        ] {
            match typed.parse::<ExperimentName>() {
                Err(Error::UnknownExperiment { name, known, .. }) => {
                    assert_eq!(name, typed);
                    assert_eq!(known[0], meant);
                    assert_eq!(known.len(), ExperimentName::ALL.len());
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn bad_plans_are_refused() {
        let sentence = |plan: Plan| plan.validate().unwrap_err().to_string();
        let plan = Plan::default;
        assert!(
            sentence(Plan {
                seeds: Some(1),
                ..plan()
            })
            .starts_with("seeds is 1")
        );
        assert!(
            sentence(Plan {
                seeds: Some(0),
                ..plan()
            })
            .starts_with("seeds is 0")
        );
        assert!(
            sentence(Plan {
                threads: 0,
                ..plan()
            })
            .starts_with("threads is 0")
        );
        for threads in [1025, usize::MAX] {
            let said = sentence(Plan { threads, ..plan() });
            assert!(said.starts_with(&format!("threads is {threads}")), "{said}");
            assert!(said.contains("at most 1024"), "{said}");
        }
        assert!(
            sentence(Plan {
                experiments: vec![],
                ..plan()
            })
            .starts_with("experiments is empty")
        );
        let twice = vec![ExperimentName::BatchSize; 2];
        assert!(
            sentence(Plan {
                experiments: twice,
                ..plan()
            })
            .contains("batch-size twice")
        );
        assert!(Plan::default().validate().is_ok());
    }

    #[test]
    fn tuning_seeds_are_other_seeds() {
        for base_seed in [0, 7, u64::MAX] {
            let plan = Plan {
                seeds: Some(1000),
                base_seed,
                ..Plan::default()
            };
            let finals = plan.final_seeds();
            assert!(
                plan.tuning_seeds(50)
                    .iter()
                    .all(|seed| !finals.contains(seed))
            );
        }
    }
}
