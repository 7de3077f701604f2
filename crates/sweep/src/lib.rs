//! Many trainings: jobs, each a pure function of its description.
//!
//! A [`Job`] says everything that decides a training: the table by name and hash, the seed of its split, the scaling, the network,
//! the optimizer, the batch size, the rate, the seed of weights and order, and how long. Its result, a [`Trajectory`], follows from that
//! and nothing else. So a result can be kept ([`Cache`]), made on any thread in any order ([`Pool`]), and verified by making
//! it again. A [`Probe`] measures the network inside a training, and is kept in the same way. The one exception is time:
//! [`Runner::seconds_per_update`] is measured, and kept for this machine only.
//!
//! A [`Fit`] is a training of which the network is wanted: its outcome is a pure function of the description and the rows, too, and
//! is not kept.
//!
//! Nothing else in the house builds a `Trainer` above `train`. The experiments of `lab` describe what they want and ask a
//! [`Runner`], the advice of `advice` describes a [`Fit`]; both spread their work over a [`Pool`], which tells a [`Progress`] how far
//! it is. [`Stages`] tell several runs of a pool as one.
//!
//! # Example
//!
//! ```
//! use smallbatch_sweep::{Batch, Job, Optimizer, Part, Runner, Scaling, Table};
//!
//! let table = Table::new("wine", "UCI 109, CC BY 4.0", smallbatch_data::builtin::wine()?);
//! let runner = Runner::new(&table, None);
//! let job = Job {
//!     part: Part { split: 7, rows: None },
//!     scaling: Scaling::Standardized,
//!     hidden: vec![16],
//!     optimizer: Optimizer::Sgd,
//!     batch: Batch::Mini(32),
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
mod fit;
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

pub use cache::Cache;
pub use error::Error;
pub use fit::{Fit, FitOutcome, Fitted};
pub use job::{Batch, Job, Optimizer, Part, Scaling};
pub use memory::MemoryProbe;
pub use pool::Pool;
pub use prepared::Constant;
pub use probe::Probe;
pub use progress::{Progress, Stages, Status};
pub use rates::{Choice, Search, Tried, rate, step_near};
pub use runner::Runner;
pub use seeds::{Purpose, seed_of};
pub use size::Size;
pub use table::{Facts, Table};
pub use trajectory::{Point, Trajectory};
