//! From a table to an advice with its model.

use smallbatch_data::{Folds, Frame, Table, TableSchema, Target};
use smallbatch_pipeline::{CrossFit, Levels, Pipeline, Recipe};
use smallbatch_sweep::{Cache, Pool, Progress, Stages};

use crate::advice::{Advice, Conclusion, FORMAT, Gain, TriedRecipe, Way};
use crate::judge::{Choice, Contender, choose, correct, gain, tells_something};
use crate::plan::AdvicePlan;
use crate::search::{FOLDS, Found, Trials, search};
use crate::{Error, budget, columns, lesson, notes, words};

/// The fewest rows: of fewer, a fold would be a handful.
const FEWEST_ROWS: usize = 40;
/// A table of more rows is developed on a random sample of so many.
pub const MOST_ROWS: usize = 100_000;
/// Where there are more rows, folds differ so little that others would bring nothing.
const FEW_ENOUGH: usize = 10_000;
/// Seeds of other folds are counted from the base seed plus this.
const OTHER_FOLDS: u64 = 500_000;
/// A class rarer than this is worth a note.
const RARE: f64 = 0.1;

/// An advice with the model trained as advised.
#[derive(Debug)]
pub struct Advised {
    /// The advice.
    pub advice: Advice,
    /// The model.
    pub model: Pipeline,
    /// What the page about it needs beside the advice.
    pub(crate) shown: Shown,
}

/// Rows that were held out, with what was predicted of them.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) target: Target<f64>,
    pub(crate) predictions: nalgebra::DMatrix<f64>,
}

/// Searches, judges and advises; see the description of the steps above.
///
/// # Errors
/// [`Error::Data`] for a table that cannot be read or split, [`Error::FewRows`], [`Error::Setting`], and [`Error::Interrupted`] when
/// `progress` interrupts.
///
/// ```
/// use smallbatch_advice::{AdvicePlan, Conclusion, Size, advise};
/// use smallbatch_data::{Table, TableReader};
///
/// // y = x², which no straight line is.
/// let mut text = String::from("x,y\n");
/// for i in 0..100 {
///     let x = f64::from(i) / 25.0 - 2.0;
///     text += &format!("{x},{:.3}\n", x * x);
/// }
/// let table = Table::read(text.as_bytes())?;
/// let plan = AdvicePlan { size: Size::Quick, ..AdvicePlan::new(TableReader::new().target("y")) };
/// let advised = advise(&table, &plan, &mut ())?;
/// assert_eq!(advised.advice.conclusion, Conclusion::Network);
/// assert!(advised.model.held_out().relative_loss() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn advise(
    table: &Table,
    plan: &AdvicePlan,
    progress: &mut dyn Progress,
) -> Result<Advised, Error> {
    plan.validate()?;
    let schema = plan.reader.schema(table)?;
    advise_sampled(schema, table, table.n_rows(), plan, progress)
}

/// The same for a table that was too large to be read whole: the schema of all its rows, a sample of them, and how many there are, as
/// [`sample_path`](smallbatch_data::sample_path) gives them.
///
/// # Errors
/// As [`advise`].
pub fn advise_sampled(
    schema: TableSchema,
    table: &Table,
    n_rows: usize,
    plan: &AdvicePlan,
    progress: &mut dyn Progress,
) -> Result<Advised, Error> {
    plan.validate()?;
    let framed = schema.labelled_frame(table)?;
    let all = framed.frame;
    if all.n_rows() < FEWEST_ROWS {
        return Err(Error::FewRows {
            data: table.name().to_owned(),
            rows: all.n_rows(),
            needed: FEWEST_ROWS,
        });
    }
    let mut notes = notes::of_the_table(table, &schema, &framed.notices, &framed.bad_rows);
    let mut frame = sampled(all, plan.base_seed);
    if plan.balanced {
        balance(&mut frame);
    }
    let folds = Folds::at_most(&frame, FOLDS, plan.base_seed)?;
    let trials = Trials::new(&frame, &folds, Pool::new(plan.threads), plan.base_seed);
    notes.extend(notes::notes(&frame, &folds, RARE));
    notes.extend(
        columns::give_away(&frame)
            .iter()
            .map(|name| notes::gives_away(name)),
    );

    let Some(target) = &frame.target else {
        return Err(Error::step("search", "the target is gone"));
    };
    let features = trials.fold(0)?.n_features(Levels::Means);
    let work = budget::work(plan.size, frame.n_rows(), features, target);
    let cache = match &plan.cache {
        Some(folder) if work >= budget::LONG => Some(Cache::open(folder)?),
        _ => None,
    };
    let trials = trials.kept_in(cache.clone());
    let mut stages = Stages::new(progress, work);
    let found = search(&trials, work, &mut stages)?;
    let contenders = contenders(&trials, found, &mut stages)?;
    let Contenders {
        all,
        conclusion,
        is_close,
        tried,
        is_complete,
    } = contenders;
    let gains = gains(&trials, &all)?;
    let judged = all
        .iter()
        .map(|contender| contender.judged(&trials))
        .collect::<Result<Vec<_>, _>>()?;
    let mut advice = Advice {
        format: FORMAT,
        program: concat!("smallbatch ", env!("CARGO_PKG_VERSION")).into(),
        id: String::new(),
        data: table.name().to_owned(),
        target: schema.target().to_owned(),
        task: schema.task(),
        classes: schema.classes().to_vec(),
        rows: n_rows,
        used_rows: frame.n_rows(),
        features,
        copies: folds.n_copies(),
        groups: schema.groups().map(str::to_owned),
        time: schema.time().map(str::to_owned),
        weights: schema.weights().map(str::to_owned),
        base_seed: plan.base_seed,
        folds: folds.n_folds(),
        conclusion,
        is_close,
        is_complete,
        headline: String::new(),
        notes,
        judged,
        gains,
        importance: Vec::new(),
        tried,
    };
    let advised = advice.advised();
    let cross = all.iter().find(|contender| contender.way == advised);
    let Some(cross) = cross.and_then(|contender| contender.cross.as_ref()) else {
        return Err(Error::step(
            "save a model",
            "no way was judged on all folds",
        ));
    };
    advice.importance = columns::importance(&trials, cross)?;
    advice.headline = words::headline(&advice);
    let again = match again(&trials, cross, plan, cache, &mut stages) {
        Ok(again) => again,
        Err(Error::Interrupted) => {
            advice.is_complete = false;
            None
        }
        Err(error) => return Err(error),
    };
    if !advice.is_complete {
        advice.notes.push(notes::STOPPED.into());
    }
    advice.id = identity(&advice);
    let mut rounds = vec![(&folds, cross)];
    rounds.extend(again.iter().map(|(folds, cross)| (folds, cross)));
    let model = Pipeline::new(schema, &frame, &rounds, plan.base_seed)?;
    let (rows, predictions) = smallbatch_pipeline::held_out(&frame, &rounds)?;
    let target = frame.select(&rows).target;
    let target = target.ok_or_else(|| Error::step("show predictions", "the target is gone"))?;
    Ok(Advised {
        model: model.advised_by(advice.id.clone()),
        advice,
        shown: Shown {
            target,
            predictions,
        },
    })
}

/// What is advised, trained on other folds as well: the committee grows, and what is said of rows held out becomes surer. Not by time,
/// where there is one way to cut; and what does not succeed is left out.
fn again(
    trials: &Trials<'_>,
    cross: &CrossFit,
    plan: &AdvicePlan,
    cache: Option<Cache>,
    progress: &mut Stages<'_>,
) -> Result<Option<(Folds, CrossFit)>, Error> {
    let frame = trials.frame;
    if trials.folds.by_time() || frame.n_rows() > FEW_ENOUGH {
        return Ok(None);
    }
    let seed = plan.base_seed.wrapping_add(OTHER_FOLDS);
    let others = Folds::at_most(frame, FOLDS, seed)?;
    let trials = Trials::new(frame, &others, Pool::new(plan.threads), seed).kept_in(cache);
    let wanted = [(cross.recipe.clone(), (0..others.n_folds()).collect())];
    let message = format!("{}: the model on other folds", frame.name);
    let courses = trials.courses(&wanted, progress, &message)?;
    let courses = courses.into_iter().flatten().collect();
    let cross = trials.cross(&cross.recipe, courses);
    Ok(cross.loss().is_finite().then_some((others, cross)))
}

/// All rows, or a random sample of a very large table.
fn sampled(frame: Frame, seed: u64) -> Frame {
    if frame.n_rows() <= MOST_ROWS {
        return frame;
    }
    let rows = smallbatch_data::sample(frame.n_rows(), MOST_ROWS, seed);
    frame.select(&rows)
}

/// Weighs rows so that all classes count alike.
fn balance(frame: &mut Frame) {
    let Some(Target::Classes { labels, names }) = &frame.target else {
        return;
    };
    let mut counts = vec![0_usize; names.len()];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let occurring = counts.iter().filter(|count| **count > 0).count().max(1);
    let mean = labels.len() as f64 / occurring as f64;
    let weights = labels.iter().enumerate().map(|(row, &label)| {
        let own = frame.weights.as_ref().map_or(1.0, |weights| weights[row]);
        own * mean / counts[label as usize] as f64
    });
    frame.weights = Some(weights.collect());
}

/// What is judged.
struct Contenders {
    all: Vec<Contender>,
    conclusion: Conclusion,
    is_close: bool,
    tried: Vec<TriedRecipe>,
    /// Whether nobody asked to stop before the end.
    is_complete: bool,
}

/// The finalists: what the search found, and what it is held against.
fn contenders(
    trials: &Trials<'_>,
    found: Found,
    progress: &mut Stages<'_>,
) -> Result<Contenders, Error> {
    let constant = trials.constant_loss()?;
    let tried = found
        .tried
        .iter()
        .map(|(network, folds, loss)| TriedRecipe {
            recipe: Recipe::Network(network.clone()),
            folds: *folds,
            relative_loss: loss.is_finite().then_some(loss / constant),
        })
        .collect();
    let line = found.lines.into_iter().next();
    let sound = |fit: &CrossFit| fit.loss().is_finite();
    let mut networks = found.networks.into_iter();
    let network = networks.next().filter(sound);
    let choice = match (&network, &line) {
        (Some(network), Some(line)) => choose(trials, network, line),
        (network, _) => Choice {
            is_network: network.is_some(),
            is_close: false,
        },
    };
    let conclusion = if choice.is_network {
        Conclusion::Network
    } else {
        Conclusion::Line
    };
    let chosen = match conclusion {
        Conclusion::Network => network.as_ref(),
        _ => line.as_ref(),
    };
    let tells = chosen.map_or(Ok(false), |chosen| tells_something(trials, chosen))?;
    let conclusion = if tells {
        conclusion
    } else {
        Conclusion::CannotTell
    };
    let mut all = Vec::new();
    let recipe = network.as_ref().map(|network| network.recipe.clone());
    if let Some(network) = network {
        all.push(Contender::new(Way::Found, network));
    }
    if let Some(line) = line {
        all.push(Contender::new(Way::Line, line));
    }
    let mut is_complete = found.default.is_some();
    let default = found
        .default
        .filter(|default| recipe.as_ref() != Some(&default.recipe));
    all.extend(default.map(|fit| Contender::new(Way::Default, fit)));
    if let Some(Recipe::Network(network)) = &recipe {
        for variant in [lesson::raw, lesson::full_batch] {
            match variant(trials, network, progress) {
                Ok(contender) => all.push(contender),
                Err(Error::Interrupted) => is_complete = false,
                Err(error) => return Err(error),
            }
        }
    }
    all.push(Contender {
        way: Way::Constant,
        cross: None,
    });
    Ok(Contenders {
        all,
        conclusion,
        is_close: choice.is_close && tells,
        tried,
        is_complete,
    })
}

/// What is compared: all others with the network that was found, the constant with the line.
fn gains(trials: &Trials<'_>, contenders: &[Contender]) -> Result<Vec<Gain>, Error> {
    let find = |way| contenders.iter().find(|contender| contender.way == way);
    let pairs = [
        (Way::Raw, Way::Found),
        (Way::FullBatch, Way::Found),
        (Way::Line, Way::Found),
        (Way::Default, Way::Found),
        (Way::Constant, Way::Found),
        (Way::Constant, Way::Line),
    ];
    let mut gains = Vec::new();
    for (of, over) in pairs {
        if let (Some(of), Some(over)) = (find(of), find(over)) {
            gains.push(gain(trials, of, over)?);
        }
    }
    correct(&mut gains);
    Ok(gains)
}

/// A name for this advice that its model has, too: a hash of what it says.
fn identity(advice: &Advice) -> String {
    use std::hash::{DefaultHasher, Hasher};
    let mut hash = DefaultHasher::new();
    hash.write(format!("{advice:?}").as_bytes());
    format!("{:016x}", hash.finish())
}
