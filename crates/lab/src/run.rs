//! A run from its plan to its results.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use smallbatch_report::results::{Omission, Results, SCHEMA_VERSION};
use smallbatch_sweep::{Cache, NamedTable, Pool, Progress, Runner, Stages};
use xxhash_rust::xxh3::xxh3_128;

use crate::answers::{Evidence, Key, answers, targets_of};
use crate::design::{Claim, Design, Effort, Measure, Part};
use crate::notes::{WayRepetition, claim_notes, dataset_note, design_note, way_notes};
use crate::repetition::{Effects, Repetition};
use crate::tables::{self, Tables};
use crate::{Error, RunPlan, environment, landscape, memory};

/// What a repetition of the memory costs, in the unit of [`cost`]: measured, a tenth of the quick version.
const MEMORY: f64 = 480.0;

/// What a run gave.
#[derive(Debug)]
pub struct RunOutcome {
    /// The content of `results.json`.
    pub results: Results,
    /// What went wrong on the way. What each failure left undone is missing from `results`, and named in its omissions.
    pub failures: Vec<Error>,
    /// Trainings that were made.
    pub n_made: usize,
    /// Trainings that were found in the plan's cache instead.
    pub n_reused: usize,
    /// Whether it was stopped before its end.
    pub is_interrupted: bool,
}

/// What is printed before the first run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preregistration {
    /// The hash of design, margins, size, tables and version, in hexadecimal.
    pub design_hash: String,
    /// The names of the tables.
    pub tables: Vec<String>,
    /// Repetitions of each.
    pub n_repetitions: usize,
}

/// One repetition of one table, complete.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finding {
    effects: Vec<(Key, Effects)>,
    ways: Vec<(String, WayRepetition)>,
    n_made: usize,
    n_reused: usize,
}

/// What went wrong on a table, with the table's place.
pub(crate) type Failure = (usize, Error);

/// What the repetitions of each table gave, where they are complete.
pub(crate) type Findings = Vec<Vec<Option<Finding>>>;

/// All that a run needs before its first training.
pub(crate) struct Prepared {
    pub(crate) design: Design,
    pub(crate) hash: String,
    effort: Effort,
    pub(crate) n_repetitions: usize,
    /// How many of these are made: all, but where an earlier run that was stopped is made again.
    n_wanted: usize,
    pub(crate) tables: Tables,
    /// For each table whether secondary questions and further targets are asked of it.
    pub(crate) is_detailed: Vec<bool>,
}

/// Which effects are asked for on which table.
struct Wanted<'a> {
    key: Key,
    part: &'a Part,
}

/// What is fixed before the first run: to be printed then.
///
/// # Errors
/// As [`run`], before anything is trained.
pub fn preregister(plan: &RunPlan) -> Result<Preregistration, Error> {
    let prepared = Prepared::new(plan)?;
    Ok(Preregistration {
        tables: prepared.tables.names(),
        n_repetitions: prepared.n_repetitions,
        design_hash: prepared.hash,
    })
}

/// Makes all repetitions of a plan, and computes the answers.
///
/// When `progress` interrupts, complete repetitions count. A table whose work fails is left out, with the reason in the omissions.
/// All results but times, and the memory, are a pure function of the plan without its `threads`, on one machine.
///
/// # Errors
/// [`Error::Definition`] for a design with a mistake, [`Error::Setting`] for a plan that cannot be run, [`Error::NoTables`], and
/// [`Error::Sweep`] for a cache that cannot be opened: then nothing was run. What fails later is in [`RunOutcome::failures`].
pub fn run(plan: &RunPlan, progress: &mut dyn Progress) -> Result<RunOutcome, Error> {
    let prepared = Prepared::new(plan)?;
    let mut claims = prepared.design.claims.iter();
    let memory = match claims.any(|claim| claim.memory.is_some()) {
        true => MEMORY * prepared.n_repetitions as f64,
        false => 0.0,
    };
    let trainings = prepared.tasks().iter().map(|(cost, _)| cost).sum();
    let mut stages = Stages::new(progress, trainings + memory);
    stages.begin(trainings);
    let mut outcome = prepared.train(plan, &mut stages)?;
    if !outcome.is_interrupted {
        let began = std::time::Instant::now();
        stages.begin(memory);
        prepared.add_memory(plan, &mut stages, &mut outcome);
        outcome.results.environment.elapsed_seconds += began.elapsed().as_secs_f64();
    }
    Ok(outcome)
}

/// The complete repetitions of an earlier run, made again without its cache. What was measured then is taken from its results, so that
/// all that follows from it can be compared. `None` where the plan is another one now.
pub(crate) fn again(
    plan: &RunPlan,
    before: &Results,
    progress: &mut dyn Progress,
) -> Result<Option<RunOutcome>, Error> {
    let mut prepared = Prepared::new(plan)?;
    if prepared.hash != before.design_hash {
        return Ok(None);
    }
    prepared.n_wanted = before.design.n_complete.min(prepared.n_repetitions);
    let (mut findings, failures) = prepared.repetitions(plan, None, progress);
    prepared.take_measured(&mut findings, before);
    let mut outcome = prepared.outcome(plan, &findings, failures)?;
    outcome.is_interrupted = progress.interrupted();
    for claim in &prepared.design.claims {
        let Some(study) = &claim.memory else { continue };
        if let Some(found) = memory::again(claim, study, &before.effects)? {
            prepared.insert(claim, found, &mut outcome);
        }
    }
    Ok(Some(outcome))
}

impl Prepared {
    fn train(&self, plan: &RunPlan, progress: &mut dyn Progress) -> Result<RunOutcome, Error> {
        let cache = plan.cache.as_deref().map(Cache::open).transpose()?;
        let began = std::time::Instant::now();
        let environment = environment::environment(plan);
        let (findings, failures) = self.repetitions(plan, cache.as_ref(), progress);
        let mut outcome = self.outcome(plan, &findings, failures)?;
        outcome.is_interrupted = progress.interrupted();
        outcome.results.environment = environment;
        outcome.results.environment.elapsed_seconds = began.elapsed().as_secs_f64();
        Ok(outcome)
    }

    pub(crate) fn new(plan: &RunPlan) -> Result<Self, Error> {
        let (design, text) = plan.design()?;
        let effort = design.effort(plan.size);
        let n_repetitions = plan.n_repetitions(&design)?;
        let tables = tables::load(&design, plan, effort.tables)?;
        let mut content = format!(
            "{}\n{}\n{}\n{n_repetitions}\n{text}",
            env!("CARGO_PKG_VERSION"),
            plan.size.name(),
            plan.claims.join(",")
        );
        for table in &tables.tables {
            content.push_str(&format!("\n{} {:032x}", table.name(), table.fingerprint()));
        }
        let details = effort.details.unwrap_or(usize::MAX);
        let is_detailed = (0..tables.tables.len()).map(|table| tables.rank(table) < details);
        Ok(Self {
            hash: format!("{:032x}", xxh3_128(content.as_bytes())),
            is_detailed: is_detailed.collect(),
            design,
            effort,
            n_repetitions,
            n_wanted: n_repetitions,
            tables,
        })
    }

    /// What one repetition of one of its tables needs, which is all that is read.
    pub(crate) fn of_one(plan: &RunPlan, table: &str, is_detailed: bool) -> Result<Self, Error> {
        let (design, _) = plan.design()?;
        Ok(Self {
            hash: String::new(),
            is_detailed: vec![is_detailed],
            effort: design.effort(plan.size),
            n_repetitions: 1,
            n_wanted: 1,
            tables: Tables {
                tables: vec![tables::load_one(&design, plan, table)?],
                omissions: Vec::new(),
            },
            design,
        })
    }

    /// The effects that are asked for on a table.
    fn wanted(&self, table: usize) -> Vec<Wanted<'_>> {
        let is_detailed = self.is_detailed[table];
        let table = &self.tables.tables[table];
        let mut wanted = Vec::new();
        for (claim_index, claim) in self.design.claims.iter().enumerate() {
            if !applies(claim, table) {
                continue;
            }
            for (question_index, (is_primary, question)) in claim.questions().enumerate() {
                let n_targets = match (is_primary, is_detailed) {
                    (_, true) => targets_of(&self.design, question, is_primary).len(),
                    (true, false) => 1,
                    (false, false) => 0,
                };
                for (part_index, part) in question.parts.iter().enumerate() {
                    for target in 0..n_targets {
                        let key = Key {
                            claim: claim_index,
                            question: question_index,
                            part: part_index,
                            target,
                        };
                        wanted.push(Wanted { key, part });
                    }
                }
            }
        }
        wanted
    }

    /// A table and a repetition each, with what it costs. One repetition of every table comes before the next: an interrupted run has
    /// whole ones.
    pub(crate) fn tasks(&self) -> Vec<(f64, (usize, usize))> {
        let n_tables = self.tables.tables.len();
        let costs: Vec<f64> = (0..n_tables).map(|table| self.cost(table)).collect();
        let of_repetition = |repetition| {
            let costs = costs.iter().enumerate();
            costs.map(move |(table, cost)| (*cost, (table, repetition)))
        };
        (0..self.n_wanted).flat_map(of_repetition).collect()
    }

    /// About what a repetition on a table costs: its updates, their samples and the weights, and more than twice as much where the
    /// secondary questions are asked. Fitted to the times of the default run, and good to a factor of 1.5.
    fn cost(&self, table: usize) -> f64 {
        let data = self.tables.tables[table].dataset();
        let rows = self.effort.rows.unwrap_or(usize::MAX).min(data.n_samples());
        let network = self.design.network(data);
        let n_weights: usize = network.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let details = if self.is_detailed[table] { 2.5 } else { 1.0 };
        details * (200.0 + rows as f64) * (1.0 + n_weights as f64 / 1500.0)
    }

    /// All repetitions of all tables, those that are complete.
    fn repetitions(
        &self,
        plan: &RunPlan,
        cache: Option<&Cache>,
        progress: &mut dyn Progress,
    ) -> (Findings, Vec<Failure>) {
        let pool = match plan.threads {
            0 => Pool::of_the_machine(),
            n => Pool::new(n),
        };
        let tasks = self.tasks();
        let places: Vec<(usize, usize)> = tasks.iter().map(|(_, place)| *place).collect();
        let results = pool.map(tasks, progress, "training", |(table, repetition), stop| {
            // Errors of this crate go through the pool as they are.
            Ok(self.repetition(plan, cache, table, repetition, stop))
        });
        let mut findings = self.no_findings();
        let mut failures = Vec::new();
        for ((table, repetition), result) in places.into_iter().zip(results) {
            match result.map_err(Error::from).and_then(|found| found) {
                Ok(finding) => findings[table][repetition] = Some(finding),
                Err(error) if error.is_interruption() => {}
                Err(error) => failures.push(self.failure(table, error)),
            }
        }
        (findings, failures)
    }

    /// A place for what each repetition of each table gives.
    pub(crate) fn no_findings(&self) -> Findings {
        let of_table = || (0..self.n_repetitions).map(|_| None).collect();
        self.tables.tables.iter().map(|_| of_table()).collect()
    }

    /// That a table could not be repeated.
    pub(crate) fn failure(
        &self,
        table: usize,
        why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Failure {
        let name = self.tables.tables[table].name();
        (table, Error::step(format!("repeat {name}"), why))
    }

    pub(crate) fn repetition(
        &self,
        plan: &RunPlan,
        cache: Option<&Cache>,
        table: usize,
        index: usize,
        stop: &AtomicBool,
    ) -> Result<Finding, Error> {
        let wanted = self.wanted(table);
        let table = &self.tables.tables[table];
        let parts: Vec<&Part> = wanted.iter().map(|wanted| wanted.part).collect();
        let shelf = format!("{} {index}", plan.base_seed);
        let runner = Runner::new(table, cache.map(|cache| (cache, shelf.as_str()))).until(stop);
        let repetition = Repetition::new(
            &self.design,
            self.effort,
            table,
            &runner,
            plan.base_seed,
            index,
            &parts,
        );
        let mut effects = Vec::new();
        for Wanted { key, part } in &wanted {
            effects.push((*key, repetition.effects(part, key.target)?));
        }
        let mut ways = Vec::new();
        for way in &self.design.ways {
            if parts
                .iter()
                .any(|part| part.ways().any(|name| *name == way.name))
            {
                let runs = repetition.way_runs(way)?;
                ways.push((way.name.clone(), WayRepetition::new(runs)));
            }
        }
        let (n_made, n_reused) = runner.counts();
        Ok(Finding {
            effects,
            ways,
            n_made,
            n_reused,
        })
    }

    pub(crate) fn outcome(
        &self,
        plan: &RunPlan,
        findings: &[Vec<Option<Finding>>],
        failures: Vec<Failure>,
    ) -> Result<RunOutcome, Error> {
        // All tables of a claim have equally many repetitions: those that all have. A table that failed is left out, and costs
        // the others none of theirs.
        let failure = |table: usize| failures.iter().find(|(of, _)| *of == table);
        let complete = |table: usize| {
            let repetitions = findings[table].iter();
            match failure(table) {
                Some(_) => 0,
                None => repetitions.take_while(|found| found.is_some()).count(),
            }
        };
        let sound = (0..findings.len()).filter(|table| failure(*table).is_none());
        let n_complete = sound.map(complete).min().unwrap_or(0);
        let mut evidence = Evidence {
            tables: self.tables.names(),
            facts: self.tables.tables.iter().map(NamedTable::facts).collect(),
            ..Evidence::default()
        };
        let n_tables = self.tables.tables.len();
        let mut ways: BTreeMap<(usize, &str), Vec<&WayRepetition>> = BTreeMap::new();
        for (table, repetitions) in findings.iter().enumerate() {
            let n = complete(table).min(n_complete);
            for finding in repetitions.iter().take(n).flatten() {
                for (key, effects) in &finding.effects {
                    let tables = evidence.effects.entry(*key);
                    let tables = tables.or_insert_with(|| vec![Vec::new(); n_tables]);
                    tables[table].push(effects.clone());
                }
                for (way, runs) in &finding.ways {
                    ways.entry((table, way)).or_default().push(runs);
                }
            }
        }
        let found = answers(&self.design, &evidence)?;
        let mut omissions = self.tables.omissions.clone();
        for (index, table) in self.tables.tables.iter().enumerate() {
            let n = complete(index);
            if n < self.n_repetitions {
                omissions.push(Omission {
                    claim: String::new(),
                    table: table.name().to_owned(),
                    reason: match failure(index) {
                        Some((_, error)) => error.to_string(),
                        None => format!("stopped after {n} of {} repetitions", self.n_repetitions),
                    },
                });
            }
        }
        let landscapes = [
            landscape::textbook(plan.base_seed).ok(),
            landscape::cloud(&self.tables.tables, plan.base_seed),
        ];
        let all = || findings.iter().flatten().flatten();
        Ok(RunOutcome {
            n_made: all().map(|finding| finding.n_made).sum(),
            n_reused: all().map(|finding| finding.n_reused).sum(),
            is_interrupted: false,
            failures: failures.into_iter().map(|(_, error)| error).collect(),
            results: Results {
                schema_version: SCHEMA_VERSION,
                design_hash: self.hash.clone(),
                base_seed: plan.base_seed,
                environment: smallbatch_report::results::Environment::default(),
                design: design_note(
                    &self.design,
                    plan.size,
                    self.effort,
                    self.n_repetitions,
                    n_complete,
                ),
                claims: claim_notes(&self.design),
                answers: found.answers,
                summary: self.design.summary.clone(),
                tables: found.tables,
                left_out: found.left_out,
                variance: found.variance,
                datasets: self
                    .tables
                    .tables
                    .iter()
                    .map(|table| dataset_note(&self.design, self.effort, table))
                    .collect(),
                ways: way_notes(&self.design, &self.tables.tables, &ways),
                effects: found.effects,
                landscapes: landscapes.into_iter().flatten().collect(),
                memory: Vec::new(),
                omissions,
                replication: None,
            },
        })
    }

    /// Puts what was measured in an earlier run in the place of what was measured now.
    fn take_measured(&self, findings: &mut [Vec<Option<Finding>>], before: &Results) {
        for (table, repetitions) in findings.iter_mut().enumerate() {
            let wanted = self.wanted(table);
            let name = self.tables.tables[table].name();
            for (repetition, finding) in repetitions.iter_mut().enumerate() {
                let effects = finding.iter_mut().flat_map(|finding| &mut finding.effects);
                for ((key, effects), Wanted { part, .. }) in effects.zip(&wanted) {
                    if part.measure != Measure::SecondsToTarget {
                        continue;
                    }
                    let claim = &self.design.claims[key.claim];
                    let measured = before.effects.iter().find(|effect| {
                        (effect.claim.as_str(), effect.table.as_str()) == (&claim.id, name)
                            && effect.unit == claim.unit(part)
                            && effect.repetition == repetition
                            && effect.target == self.design.rule.targets.get(key.target).copied()
                    });
                    if let Some(measured) = measured {
                        effects.pairs.clone_from(&measured.pairs);
                        effects.n_censored = measured.n_censored;
                    }
                }
            }
        }
    }

    /// The claim that is counted in bytes, where the design has one.
    pub(crate) fn add_memory(
        &self,
        plan: &RunPlan,
        progress: &mut dyn Progress,
        outcome: &mut RunOutcome,
    ) {
        // The cache was opened for the trainings; where that fails now, memory is measured again.
        let cache = plan
            .cache
            .as_deref()
            .and_then(|folder| Cache::open(folder).ok());
        for claim in &self.design.claims {
            let Some(study) = &claim.memory else { continue };
            let (n, cache) = (self.n_repetitions, cache.as_ref());
            match memory::run(claim, study, plan, n, cache, progress) {
                Ok(Some(found)) => {
                    outcome.is_interrupted |= found.is_interrupted;
                    self.insert(claim, found, outcome);
                }
                Ok(None) => outcome.results.omissions.push(Omission {
                    claim: claim.id.clone(),
                    table: String::new(),
                    reason: "this system does not tell a process its peak memory".into(),
                }),
                Err(error) => {
                    outcome.results.omissions.push(Omission {
                        claim: claim.id.clone(),
                        table: String::new(),
                        reason: error.to_string(),
                    });
                    outcome.failures.push(error);
                }
            }
        }
    }

    /// Adds what was found of memory, at its claim's place among the primary answers.
    fn insert(&self, claim: &Claim, found: memory::Found, outcome: &mut RunOutcome) {
        let results = &mut outcome.results;
        results.memory.extend(found.points);
        results.tables.extend(found.tables);
        results.effects.extend(found.effects);
        let order = |id: &str| self.design.claims.iter().position(|claim| claim.id == id);
        let mut answers = results.answers.iter();
        let place = answers
            .position(|answer| !answer.primary || order(&answer.claim) > order(&claim.id))
            .unwrap_or(results.answers.len());
        results.answers.insert(place, found.answer);
    }
}

/// Whether a claim is well defined on a table.
fn applies(claim: &Claim, table: &NamedTable) -> bool {
    table.facts().deviation_ratio >= claim.least_deviation_ratio
}
