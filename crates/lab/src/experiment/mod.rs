//! Running the experiments: arms, learning rates, runs, and the claims computed from them.
//!
//! An experiment is a value: arms that differ in one thing, data sets with their budgets, and claims about pairs of
//! arms. What is done with it is the same for all, and is told in `protocol.rs`:
//!
//! - **Pairs.** A seed decides the split, the initial weights and the order of samples; every arm runs with every seed.
//! - **Learning rates** are tuned for each arm and each budget, by the validation loss at the budget's end, on seeds that
//!   the final runs do not use, on a logarithmic grid that grows while the best rate lies at its edge. A run that
//!   diverges ends there and counts as infinitely bad.
//! - **Budgets** are epochs, updates and seconds. All three are set so that they are the same for one arm, the reference:
//!   so many epochs, the updates in them, and the seconds that it takes for them on this machine.
//! - **The target**, where a claim is about the time to it, is the training loss that the reference arm has, in the median,
//!   at 60 % of its budget in the tuning runs: set before any final run. A run that has not reached it by the end of its
//!   budget goes on, up to several times the budget; if it still has not, its time is "at least" that.
//! - **Failures.** A step that fails ends the work on its data set alone. What was found before is kept, and what is missing
//!   is named.
//! - **Clock.** Runs that need no clock are spread over threads, and their results do not depend on how many. Timed runs
//!   have the machine to themselves, and the arms take turns. Seconds are of training alone: fitting a scaler and
//!   scaling take one pass over the data, and are not in them.

mod bench;
mod cache;
mod claims;
mod definition;
mod environment;
mod estimate;
mod file;
mod finals;
mod landscape;
mod lbfgs;
mod memory;
mod observation;
mod plan;
mod prepared;
mod progress;
mod protocol;
mod race;
mod runs;
mod sources;
mod summary;
#[cfg(test)]
mod tests;
mod trajectory;
mod tuning;
mod verify;
mod why;
mod wording;

use std::path::Path;

use cache::Cache;
use definition::{Definition, Experiment};
use estimate::Stages;
use sources::Shelf;

pub use memory::MemoryProbe;
pub use plan::{ExperimentName, Plan, Size};
pub use progress::{Progress, Status};
pub use verify::{Difference, Verification, verify};

pub(crate) use progress::Ledger;
pub(crate) use runs::StopWhen;
pub(crate) use sources::step;
pub(crate) use tuning::{nearest_step, rate};

use crate::Error;
use crate::results::{ExperimentNote, Omission, OmissionKind, Results, RunRecord};

/// What the experiments of a plan gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The content of `results.json`.
    pub results: Results,
    /// The rows of `runs.csv`.
    pub runs: Vec<RunRecord>,
    /// What went wrong on the way. What each failure left undone is missing from `results`, and named in its omissions; all
    /// that was complete is there.
    pub failures: Vec<Error>,
    /// Trainings that were made, timings repeated included.
    pub made: usize,
    /// Trainings that were found in the plan's cache instead.
    pub reused: usize,
}

/// Runs the experiments of a plan, and computes the claims.
///
/// When `progress` interrupts, or a step fails, what is complete by then is returned all the same: data sets that were not
/// begun are missing, and claims rest on the pairs that are there. A failure ends the work on its own data set alone.
///
/// Results under the budgets *epochs* and *updates* are a pure function of the plan without its `threads`, on one machine;
/// those in *seconds* are measured.
///
/// # Errors
/// [`Error::Setting`] for a plan that cannot be run (see [`Plan::validate`]), [`Error::Cache`] for a cache that cannot be
/// opened, and [`Error::Definition`] or [`Error::Step`]
/// when an experiment or its data cannot be read: then nothing was run. What fails later is in [`Outcome::failures`].
///
/// # Example
///
/// ```no_run
/// use smallbatch_lab::{Plan, Size, report, run};
///
/// let outcome = run(&Plan { size: Size::Quick, ..Plan::default() }, &mut ())?;
/// println!("{}", report::terminal_table(&outcome.results));
/// println!("{} runs, {} failures", outcome.runs.len(), outcome.failures.len());
/// # Ok::<(), smallbatch_lab::Error>(())
/// ```
pub fn run(plan: &Plan, progress: &mut dyn Progress) -> Result<Outcome, Error> {
    let (experiments, others) = experiments_of(plan)?;
    run_experiments(&experiments, others, plan, progress)
}

/// A plan's experiments: the comparisons of trainings, and the others.
fn experiments_of(plan: &Plan) -> Result<(Vec<Experiment>, Others), Error> {
    plan.validate()?;
    let mut shelf = Shelf::new(plan.base_seed);
    let mut definitions = Vec::new();
    for name in &plan.experiments {
        definitions.push(built_in(*name, plan.size, &mut shelf)?);
    }
    for path in &plan.files {
        let definition = from_file(path, plan.size, &mut shelf)?;
        let is_same = |other: &Definition| other.name() == definition.name();
        if definitions.iter().any(is_same) {
            return Err(Error::Definition {
                file: path.display().to_string(),
                line: 1,
                reason: format!(
                    "another experiment of this call is named \"{}\", too",
                    definition.name()
                ),
            });
        }
        definitions.push(definition);
    }
    let (mut experiments, mut others) = (Vec::new(), Others::default());
    for definition in definitions {
        match definition {
            Definition::Comparison(experiment) => experiments.push(experiment),
            Definition::Memory(study) => others.memory.push(study),
            Definition::Why(study) => others.why.push(study),
        }
    }
    Ok((experiments, others))
}

/// The experiments that are no comparisons of trainings.
#[derive(Debug, Default)]
struct Others {
    memory: Vec<memory::MemoryStudy>,
    why: Vec<why::WhyStudy>,
}

/// An experiment that comes with the program, from its file.
fn built_in(name: ExperimentName, size: Size, shelf: &mut Shelf) -> Result<Definition, Error> {
    let file = format!("{name}.toml");
    file::parse(name.definition(), &file, Path::new(""), size, shelf)
}

/// A user's experiment, from its file.
fn from_file(path: &Path, size: Size, shelf: &mut Shelf) -> Result<Definition, Error> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| sources::step(format!("read the experiment {name}"), error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    file::parse(&text, &name, folder, size, shelf)
}

fn run_experiments(
    experiments: &[Experiment],
    Others { memory, why }: Others,
    plan: &Plan,
    progress: &mut dyn Progress,
) -> Result<Outcome, Error> {
    plan.validate()?;
    let cache = plan.cache.as_deref().map(Cache::open).transpose()?;
    let seeds = |experiment: &Experiment| plan.final_seeds_or(experiment.seeds);
    let most_tuning = experiments
        .iter()
        .flat_map(|experiment| &experiment.cases)
        .map(|case| case.tuning_seeds)
        .max();
    let mut outcome = Outcome::default();
    outcome.results.environment =
        environment::environment(plan, plan.tuning_seeds(most_tuning.unwrap_or(0)));
    if let Some(most) = experiments.iter().map(seeds).max_by_key(Vec::len) {
        outcome.results.environment.seeds = most;
    }
    let stages = |experiment: &Experiment| -> Vec<Stages> {
        let n_seeds = seeds(experiment).len();
        let of_case = |case| Stages::new(experiment, case, n_seeds, plan.threads);
        experiment.cases.iter().map(of_case).collect()
    };
    let training: f64 = experiments
        .iter()
        .flat_map(stages)
        .map(|stages| stages.total())
        .sum();
    let measuring: f64 = memory.iter().map(|study| study.estimate(plan)).sum();
    let explaining: f64 = why.iter().map(|study| study.estimate(plan)).sum();
    let mut ledger = Ledger::new(progress, training + measuring + explaining);
    for experiment in experiments {
        outcome.results.experiments.push(ExperimentNote {
            experiment: experiment.name.clone(),
            question: experiment.question.clone(),
            method: method(experiment, seeds(experiment).len()),
        });
        outcome.carry_out(
            experiment,
            &stages(experiment),
            plan,
            cache.as_ref(),
            &mut ledger,
        );
    }
    outcome.add_landscapes(experiments, plan);
    for study in &memory {
        if !ledger.interrupted() {
            outcome.add_memory(study, study.run(plan, &mut ledger));
        }
    }
    for study in &why {
        if !ledger.interrupted() {
            outcome.add_why(study.run(plan, &mut ledger));
        }
    }
    outcome
        .failures
        .extend(cache.and_then(|cache| cache.failure()));
    (outcome.made, outcome.reused) = (ledger.made, ledger.reused);
    outcome.results.environment.elapsed_seconds = ledger.elapsed().as_secs_f64();
    Ok(outcome)
}

impl Outcome {
    /// Runs one experiment on its data sets, and adds what it gave.
    fn carry_out(
        &mut self,
        experiment: &Experiment,
        stages: &[Stages],
        plan: &Plan,
        cache: Option<&Cache>,
        ledger: &mut Ledger<'_>,
    ) {
        let mut found = Vec::new();
        for (case, stages) in experiment.cases.iter().zip(stages) {
            if ledger.interrupted() {
                break;
            }
            match protocol::run(experiment, case, plan, stages, cache, ledger) {
                Ok(mut findings) => {
                    self.add(&findings);
                    self.failures.extend(findings.failure.take());
                    found.push(findings);
                }
                Err(error) => self.fail(&experiment.name, &case.source.name, error),
            }
        }
        let across = claims::across(&found, &mut self.failures);
        self.results.claims.extend(across);
    }

    fn add(&mut self, findings: &protocol::Findings<'_>) {
        let results = &mut self.results;
        results.datasets.push(findings.note.clone());
        let claims = claims::results(findings, &mut self.failures);
        results.claims.extend(claims);
        results.omissions.extend(claims::omissions(findings));
        results.arms.extend(summary::arms(findings));
        self.runs.extend(summary::runs(findings));
    }

    /// Looks at two features of each data set that was used: milliseconds of work, for the pictures.
    fn add_landscapes(&mut self, experiments: &[Experiment], plan: &Plan) {
        let Some(seed) = plan.final_seeds().first().copied() else {
            return;
        };
        for case in experiments.iter().flat_map(|experiment| &experiment.cases) {
            let name = &case.source.name;
            if self
                .results
                .landscapes
                .iter()
                .any(|known| known.dataset == *name)
            {
                continue;
            }
            match landscape::landscape(&case.source, seed) {
                Ok(found) => self.results.landscapes.extend(found),
                Err(error) => self.failures.push(error),
            }
        }
    }

    fn add_memory(&mut self, study: &memory::MemoryStudy, found: memory::Findings) {
        let results = &mut self.results;
        results.experiments.push(found.note);
        results.datasets.extend(found.datasets);
        results.claims.extend(found.claims);
        results.omissions.extend(found.omissions);
        results.memory.extend(found.points);
        if let Some(error) = found.failure {
            self.fail(&study.name, "", error);
        }
    }

    fn add_why(&mut self, found: why::Findings) {
        let results = &mut self.results;
        results.experiments.push(found.note);
        results.datasets.extend(found.datasets);
        results.omissions.extend(found.omissions);
        results.why.extend(found.why);
        self.failures.extend(found.failures);
    }

    /// Notes a failure that left nothing of its data set.
    fn fail(&mut self, experiment: &str, dataset: &str, error: Error) {
        self.results.omissions.push(Omission {
            experiment: experiment.to_owned(),
            dataset: dataset.to_owned(),
            claim: None,
            kind: OmissionKind::Failed,
            reason: format!("Not all of it was run: {error}."),
        });
        self.failures.push(error);
    }
}

/// The experiment's method, with its numbers.
fn method(experiment: &Experiment, n_seeds: usize) -> String {
    let networks: Vec<String> = experiment
        .cases
        .iter()
        .map(|case| {
            let sizes: Vec<String> = case.layer_sizes().iter().map(usize::to_string).collect();
            let updates = case
                .updates
                .map_or_else(String::new, |updates| format!(", or {updates} updates"));
            format!(
                "{} ({}, {} epochs{updates})",
                case.source.name,
                sizes.join("-"),
                case.epochs
            )
        })
        .collect();
    let (name, reference) = (
        &experiment.name,
        &experiment.arms[experiment.reference].name,
    );
    format!(
        "{} ReLU networks trained by gradient descent with a constant learning rate, plain where an arm does not say \
         otherwise, on {}. The budgets are those of \
         the arm \"{reference}\": the epochs named, the updates in them, and the seconds that it takes for them here. \
         Learning rates are tuned for each arm and budget by validation loss on seeds of their own; {n_seeds} other seeds \
         give the pairs that the verdicts of {name} rest on.{}",
        experiment.method,
        networks.join(", "),
        target(experiment),
    )
}

/// What is said of the target: nothing where no claim asks for the time to it.
fn target(experiment: &Experiment) -> String {
    let asking = experiment
        .cases
        .iter()
        .filter(|case| experiment.asks_for_time(case));
    let Some(most) = asking.map(|case| case.patience).max() else {
        return String::new();
    };
    let reference = &experiment.arms[experiment.reference].name;
    let late = if most > 1 {
        format!(
            "a run that has not reached it within its budget goes on, to at most {most} times that, and then counts as \
             \"at least\""
        )
    } else {
        "a run that has not reached it within its budget counts as \"at least\" that".into()
    };
    format!(
        " The target is the training loss that \"{reference}\" has, in the median, at 60 % of its budget in the tuning \
         runs; {late}."
    )
}
