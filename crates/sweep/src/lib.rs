//! Many trainings: jobs, each a pure function of its description.
//!
//! One training is `smallbatch-train`'s. This crate is for hundreds: over seeds, rates, batch sizes and tables, on all cores.
//!
//! A [`Job`] says everything that decides a training: the split, the scaling, the network, the optimizer, the batch size, the
//! rate, the seed of weights and order, and the number of updates. Its result, a [`Trajectory`], follows from the job and its
//! table alone. So a result can be kept, made on any thread in any order, and verified by making it again. Time is the one
//! exception: [`Runner::seconds_per_update`] is measured, and kept for this machine only.
//!
//! | task | types |
//! |---|---|
//! | train, and read the losses along the way | [`Job`], [`Runner`], [`Trajectory`] |
//! | choose a learning rate | [`Search`] |
//! | keep results on disk, and make none twice | [`Cache`] |
//! | measure curvature or gradient noise inside a training | [`Probe`] |
//! | use all cores, and say how far it is | [`Pool`], [`Progress`]; [`Stages`] for several runs in a row |
//!
//! The experiments (`smallbatch-lab`) ask a [`Runner`]; the advice (`smallbatch-advice`) spreads trainings of `smallbatch-pipeline` over a
//! [`Pool`]. Nothing but these two crates builds a `Trainer` above `smallbatch-train`. What the losses of many jobs mean together, `smallbatch-evidence` says.
//!
//! # Example
//!
//! ```
//! use smallbatch_data::BatchSize;
//! use smallbatch_sweep::{Job, JobOptimizer, JobScaling, JobSplit, NamedTable, Runner};
//!
//! let table = NamedTable::new("wine", "UCI 109, CC BY 4.0", smallbatch_data::builtin::wine()?);
//! let runner = Runner::new(&table, None);
//! let job = Job {
//!     part: JobSplit { split: 7, rows: None },
//!     scaling: JobScaling::Standardized,
//!     hidden: vec![16],
//!     optimizer: JobOptimizer::Sgd,
//!     batch: BatchSize::Mini(32),
//!     rate_step: -4, // 10^(-4/4) = 0.1
//!     seed: 1,
//!     n_updates: 60,
//!     tests: Vec::new(),
//! };
//! let trajectory = runner.run(&job)?;
//! assert!(trajectory.final_training_loss() < trajectory.constant.training);
//! assert_eq!(runner.run(&job)?, trajectory); // not made again
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache;
mod error;
mod job;
mod lbfgs;
mod memory;
mod pool;
mod prepared;
mod probe;
mod progress;
mod rates;
mod runner;
mod seeds;
mod size;
mod table;
mod training;
mod trajectory;

pub use cache::{Cache, check_cache_file};
pub use error::Error;
pub use job::{Job, JobOptimizer, JobScaling, JobSplit};
pub use memory::MemoryProbe;
pub use pool::Pool;
pub use prepared::Constant;
pub use probe::Probe;
pub use progress::{Progress, Stages, Status};
pub use rates::{ChosenRate, Search, TriedRate, rate, step_near};
pub use runner::Runner;
pub use seeds::{Purpose, seed_of};
pub use size::Size;
pub use table::{Facts, NamedTable};
pub use trajectory::{Point, Trajectory};
