//! The search: straight lines first, then networks by successive halving over folds (Jamieson & Talwalkar 2016).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use smallbatch_data::{Folds, Frame, FrameValues, Target};
use smallbatch_pipeline::{Course, CrossFit, Fold, Levels, NetworkRecipe, Recipe};
use smallbatch_sweep::{Cache, Pool, Stages};

use crate::{Error, candidates};

/// Folds.
pub(crate) const FOLDS: usize = 5;
/// Of a round only one of so many go on.
const HALVING: usize = 3;
/// The first round trains for this part of the epochs.
const SHORT: u64 = 3;
/// Fewer epochs are given to networks only where the fewest candidates leave no more.
const ENOUGH_EPOCHS: u64 = 40;
/// More would bring nothing.
const MOST_EPOCHS: u64 = 120;
/// What is left where the work allows no more.
const FEWEST_EPOCHS: u64 = 4;
/// With more rows than this for each feature, a line that leaves features out is no better than one that does not.
const ROWS_A_FEATURE: usize = 20;
/// Such lines may take this share of all work.
const LASSO_SHARE: f64 = 0.25;
/// The fewest candidates.
const FEWEST: usize = 4;

/// A table cut into folds, on which recipes are tried.
pub(crate) struct Trials<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) folds: &'a Folds,
    prepared: Vec<OnceLock<Fold>>,
    pool: Pool,
    seed: u64,
    /// Where finished trainings are kept, with a name for the rows.
    kept: Option<(Cache, String)>,
}

impl<'a> Trials<'a> {
    pub(crate) fn new(frame: &'a Frame, folds: &'a Folds, pool: Pool, seed: u64) -> Self {
        Self {
            frame,
            folds,
            prepared: (0..folds.n_folds()).map(|_| OnceLock::new()).collect(),
            pool,
            seed,
            kept: None,
        }
    }

    /// The same trials, whose finished trainings are kept.
    pub(crate) fn kept_in(mut self, cache: Option<Cache>) -> Self {
        self.kept = cache.map(|cache| (cache, name_of(self.frame, self.seed)));
        self
    }

    /// A training, or what was kept of it.
    fn course(
        &self,
        recipe: &Recipe,
        fold: usize,
        stop: &AtomicBool,
    ) -> Result<Course, smallbatch_pipeline::Error> {
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(fold as u64);
        let data = self.fold(fold)?;
        let Some((cache, rows)) = &self.kept else {
            return data.train(recipe, seed, stop);
        };
        let description = format!(
            "{rows} fold {fold} of {} seed {seed}: {recipe:?}",
            self.n_folds()
        );
        let kept = cache.made_once(&description, &description, || {
            Ok::<_, smallbatch_pipeline::Error>(data.train(recipe, seed, stop)?.kept())
        })?;
        data.recall(recipe, kept)
    }

    pub(crate) fn n_folds(&self) -> usize {
        self.prepared.len()
    }

    /// The mean loss of what is said without looking at features.
    pub(crate) fn constant_loss(&self) -> Result<f64, Error> {
        let (mut sum, mut count) = (0.0, 0);
        for index in 0..self.n_folds() {
            let losses = self.fold(index)?.constant_losses();
            sum += losses.iter().sum::<f64>();
            count += losses.len();
        }
        Ok(sum / count.max(1) as f64)
    }

    /// A fold, encoded when it is first asked for.
    pub(crate) fn fold(&self, index: usize) -> Result<&Fold, smallbatch_pipeline::Error> {
        let cell = &self.prepared[index];
        if let Some(fold) = cell.get() {
            return Ok(fold);
        }
        let (training, held_out) = self.folds.rows(index);
        let fold = Fold::new(self.frame, &training, &held_out)?;
        Ok(cell.get_or_init(|| fold))
    }

    /// Tries recipes, each on some folds. The results are in the order of the recipes and of their folds.
    pub(crate) fn courses(
        &self,
        wanted: &[(Recipe, Vec<usize>)],
        progress: &mut Stages<'_>,
        message: &str,
    ) -> Result<Vec<Vec<Course>>, Error> {
        for (_, folds) in wanted {
            for &fold in folds {
                self.fold(fold)?;
            }
        }
        let costs = wanted
            .iter()
            .map(|(recipe, folds)| folds.len() as f64 * self.cost(recipe));
        progress.begin(costs.sum());
        let tasks = wanted
            .iter()
            .flat_map(|(recipe, folds)| folds.iter().map(move |&fold| (recipe, fold)))
            .map(|(recipe, fold)| (self.cost(recipe), (recipe, fold)))
            .collect();
        let done = self
            .pool
            .map(tasks, progress, message, |(recipe, fold), stop| {
                self.course(recipe, fold, stop).map_err(|error| {
                    stop.store(true, Ordering::Relaxed);
                    match error {
                        smallbatch_pipeline::Error::Interrupted => {
                            smallbatch_sweep::Error::Interrupted
                        }
                        error => failed(error),
                    }
                })
            });
        let mut done = done.into_iter();
        wanted
            .iter()
            .map(|(_, folds)| {
                folds
                    .iter()
                    .map(|_| {
                        done.next()
                            .unwrap_or(Err(smallbatch_sweep::Error::Interrupted))
                    })
                    .map(|course| course.map_err(Error::from))
                    .collect()
            })
            .collect()
    }

    /// Billions of operations that a recipe takes on a fold.
    pub(crate) fn cost(&self, recipe: &Recipe) -> f64 {
        let rows = self.frame.n_rows() * (FOLDS - 1) / FOLDS;
        let features = self
            .fold(0)
            .map_or(1, |fold| fold.n_features(recipe.levels()));
        let outputs = self
            .frame
            .target
            .as_ref()
            .map_or(1, |target| target.n_outputs());
        match recipe {
            // Many sweeps over the features, with a pass over the rows each; measured.
            Recipe::Line(line) if line.l1 > 0.0 => {
                let by_cell = [1e3, 5e3, 1e4][outputs.saturating_sub(1).min(2)];
                (rows * features * outputs) as f64 * by_cell / 1e9
            }
            // Some evaluations of the gradient of the few that are not 0.
            Recipe::Line(line) if line.levels == Levels::All => (rows * outputs) as f64 * 1e3 / 1e9,
            // Some evaluations of the gradient, or a matrix of all products.
            Recipe::Line(_) => (rows * features) as f64 * (features + 100 * outputs) as f64 / 1e9,
            Recipe::Network(network) => {
                network.epochs as f64 * network.cost_of_epoch(rows, features, outputs)
            }
        }
    }

    /// What a recipe is worth on the first folds.
    pub(crate) fn cross(&self, recipe: &Recipe, courses: Vec<Course>) -> CrossFit {
        CrossFit::new(recipe.clone(), courses, self.folds)
    }
}

/// A name for rows and folds: a hash of all that they hold.
fn name_of(frame: &Frame, seed: u64) -> String {
    use std::hash::{DefaultHasher, Hasher};
    let mut hash = DefaultHasher::new();
    hash.write_u64(seed);
    for column in &frame.columns {
        hash.write(column.name.as_bytes());
        match &column.values {
            FrameValues::Numbers(values) => values.iter().for_each(|v| hash.write_u64(v.to_bits())),
            FrameValues::Categories { codes, .. } => codes.iter().for_each(|c| hash.write_u32(*c)),
        }
    }
    match &frame.target {
        Some(Target::Classes { labels, .. }) => labels.iter().for_each(|l| hash.write_u32(*l)),
        Some(Target::Values { values, .. }) => {
            values.iter().for_each(|v| hash.write_u64(v.to_bits()));
        }
        _ => {}
    }
    for weight in frame.weights.iter().flatten() {
        hash.write_u64(weight.to_bits());
    }
    for group in frame.groups.iter().flatten() {
        hash.write_u32(*group);
    }
    for time in frame.times.iter().flatten() {
        hash.write_u64(time.to_bits());
    }
    format!("{:016x}", hash.finish())
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> smallbatch_sweep::Error {
    smallbatch_sweep::Error::Step {
        doing: "train".into(),
        source: Box::new(error),
    }
}

/// What a search found.
pub(crate) struct Found {
    /// Straight lines, on all folds, the best first.
    pub(crate) lines: Vec<CrossFit>,
    /// Networks that reached the last round, on all folds, the best first.
    pub(crate) networks: Vec<CrossFit>,
    /// All networks that were tried, with how many folds, epochs, and the loss.
    pub(crate) tried: Vec<(NetworkRecipe, usize, f64)>,
    /// A network with default settings, on all folds; `None` where somebody asked to stop.
    pub(crate) default: Option<CrossFit>,
}

/// How many candidates a search begins with, and the epochs of its last rounds.
fn plan(trials: &Trials<'_>, work: f64) -> (usize, u64) {
    let all = candidates::networks(trials.frame.n_rows(), 1, false);
    let mut count = all.len();
    loop {
        let mean: f64 = all[..count]
            .iter()
            .map(|network| trials.cost(&Recipe::Network(network.clone())))
            .sum::<f64>()
            / count as f64;
        let rounds = Rounds::of(count, trials.n_folds());
        let units = rounds.units(trials.n_folds());
        let epochs = (work / (units * mean)) as u64;
        if epochs >= ENOUGH_EPOCHS || count <= FEWEST {
            return (count, epochs.clamp(FEWEST_EPOCHS, MOST_EPOCHS));
        }
        count -= 1;
    }
}

/// Candidates of each round, and their folds.
struct Rounds {
    first: (usize, usize),
    second: (usize, usize),
    third: usize,
}

impl Rounds {
    fn of(count: usize, n_folds: usize) -> Self {
        Self {
            first: (count, 1),
            second: (count.div_ceil(HALVING), 3.min(n_folds)),
            third: count.div_ceil(HALVING * HALVING),
        }
    }

    /// Trainings of one fold and all epochs; with those for the comparison with raw inputs and the full batch.
    fn units(&self, n_folds: usize) -> f64 {
        let first = (self.first.0 * self.first.1) as f64 / SHORT as f64;
        let second = (self.second.0 * self.second.1) as f64;
        let third = (self.third * (n_folds - self.second.1)) as f64;
        let lesson = 2.0 * (2.0 + n_folds as f64);
        // And the default, and the winner on other folds.
        first + second + third + lesson + 2.0 * n_folds as f64
    }
}

/// Searches within so many billions of operations.
pub(crate) fn search(
    trials: &Trials<'_>,
    work: f64,
    progress: &mut Stages<'_>,
) -> Result<Found, Error> {
    let n_folds = trials.n_folds();
    let every: Vec<usize> = (0..n_folds).collect();
    let name = &trials.frame.name;
    let Some(target) = &trials.frame.target else {
        return Err(Error::Interrupted);
    };
    let rows = trials.frame.n_rows();
    let (many, wide) = {
        let fold = trials.fold(0)?;
        let features = fold.n_features(Levels::All);
        let wide = fold.n_training() < ROWS_A_FEATURE * features;
        (fold.has_many_levels(), wide)
    };
    let mut recipes = candidates::lines(rows, target, many);
    if wide {
        let lassos = candidates::lassos(target, many);
        let costs = lassos.iter().map(|line| trials.cost(line));
        if n_folds as f64 * costs.sum::<f64>() < LASSO_SHARE * work {
            recipes.extend(lassos);
        }
    }
    let wanted: Vec<(Recipe, Vec<usize>)> = recipes
        .into_iter()
        .map(|line| (line, every.clone()))
        .collect();
    let courses = trials.courses(&wanted, progress, &format!("{name}: straight lines"))?;
    let mut lines: Vec<CrossFit> = wanted
        .iter()
        .zip(courses)
        .map(|((recipe, _), courses)| trials.cross(recipe, courses))
        .collect();
    sort(&mut lines);
    let logarithm = lines.first().is_some_and(|line| match &line.recipe {
        Recipe::Line(line) => line.logarithm,
        Recipe::Network(network) => network.logarithm,
    });

    match networks(trials, work, logarithm, progress) {
        Ok((networks, default, tried)) => Ok(Found {
            lines,
            networks,
            tried,
            default: Some(default),
        }),
        // What is complete counts.
        Err(Error::Interrupted) => Ok(Found {
            lines,
            networks: Vec::new(),
            tried: Vec::new(),
            default: None,
        }),
        Err(error) => Err(error),
    }
}

/// Networks on all folds, the default among them, and all that were tried.
type Networks = (Vec<CrossFit>, CrossFit, Vec<(NetworkRecipe, usize, f64)>);

/// Networks by successive halving.
fn networks(
    trials: &Trials<'_>,
    work: f64,
    logarithm: bool,
    progress: &mut Stages<'_>,
) -> Result<Networks, Error> {
    let n_folds = trials.n_folds();
    let name = &trials.frame.name;
    let rows = trials.frame.n_rows();
    let (count, epochs) = plan(trials, work);
    let rounds = Rounds::of(count, n_folds);
    let all = candidates::networks(rows, epochs, logarithm);
    let mut tried = Vec::new();
    // The first round is short, and its candidates are trained anew for as long as the others afterwards.
    let short: Vec<(Recipe, Vec<usize>)> = all[..count]
        .iter()
        .map(|network| {
            let epochs = (network.epochs / SHORT).max(1);
            let network = NetworkRecipe {
                epochs,
                ..network.clone()
            };
            (Recipe::Network(network), (0..rounds.first.1).collect())
        })
        .collect();
    let message = format!("{name}: search, {count} networks");
    let courses = trials.courses(&short, progress, &message)?;
    let mut ranked: Vec<(f64, usize)> = Vec::new();
    for (index, ((recipe, folds), courses)) in short.iter().zip(courses).enumerate() {
        let loss = trials.cross(recipe, courses).loss();
        ranked.push((loss, index));
        if let Recipe::Network(network) = recipe {
            tried.push((network.clone(), folds.len(), loss));
        }
    }
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));

    let second: Vec<(Recipe, Vec<usize>)> = ranked[..rounds.second.0]
        .iter()
        .map(|&(_, index)| {
            (
                Recipe::Network(all[index].clone()),
                (0..rounds.second.1).collect(),
            )
        })
        .collect();
    let message = format!("{name}: search, {} networks", second.len());
    let courses = trials.courses(&second, progress, &message)?;
    let mut alive: Vec<CrossFit> = Vec::new();
    let mut made: Vec<Vec<Course>> = courses;
    let mut ranked: Vec<(f64, usize)> = Vec::new();
    for (index, ((recipe, folds), courses)) in second.iter().zip(&made).enumerate() {
        let loss = trials.cross(recipe, courses.clone()).loss();
        ranked.push((loss, index));
        if let Recipe::Network(network) = recipe {
            tried.push((network.clone(), folds.len(), loss));
        }
    }
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let third: Vec<(Recipe, Vec<usize>)> = ranked[..rounds.third]
        .iter()
        .map(|&(_, index)| {
            (
                second[index].0.clone(),
                (rounds.second.1..n_folds).collect(),
            )
        })
        .collect();
    let message = format!("{name}: search, {} networks", third.len());
    let rest = trials.courses(&third, progress, &message)?;
    for (((recipe, _), rest), (_, index)) in third.iter().zip(rest).zip(&ranked) {
        let mut courses = std::mem::take(&mut made[*index]);
        courses.extend(rest);
        let cross = trials.cross(recipe, courses);
        if let Recipe::Network(network) = recipe {
            tried.push((network.clone(), n_folds, cross.loss()));
        }
        alive.push(cross);
    }
    let recipe = Recipe::Network(candidates::default_network(epochs, logarithm));
    let message = format!("{name}: the default");
    let default = trials.courses(
        &[(recipe.clone(), (0..n_folds).collect())],
        progress,
        &message,
    )?;
    let default = trials.cross(&recipe, default.into_iter().flatten().collect());
    // It was tried as the others were, and may win.
    alive.push(default.clone());
    sort(&mut alive);
    Ok((alive, default, tried))
}

fn sort(fits: &mut [CrossFit]) {
    fits.sort_by(|a, b| a.loss().total_cmp(&b.loss()));
}
