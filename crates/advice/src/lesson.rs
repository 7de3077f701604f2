//! What raw inputs and the full batch would have cost: the network that was found, with one thing changed.

use smallbatch_data::BatchSize;
use smallbatch_pipeline::{CrossFit, NetworkRecipe, Recipe};
use smallbatch_preprocess::AnyScaler;
use smallbatch_sweep::Stages;

use crate::Error;
use crate::advice::Way;
use crate::judge::Contender;
use crate::search::Trials;

/// The network on raw inputs, at the best of three rates: its own, a tenth of it, and what the inputs' size suggests.
pub(crate) fn raw(
    trials: &Trials<'_>,
    network: &NetworkRecipe,
    progress: &mut Stages<'_>,
) -> Result<Contender, Error> {
    let size = trials.fold(0)?.mean_square().max(1.0);
    let rates = [
        network.learning_rate,
        network.learning_rate / 10.0,
        network.learning_rate / size.sqrt(),
    ];
    let variants = rates.map(|learning_rate| NetworkRecipe {
        scaler: AnyScaler::Identity,
        learning_rate,
        ..network.clone()
    });
    let message = format!("{}: the same on raw inputs", trials.frame.name);
    Ok(Contender::new(
        Way::Raw,
        best(trials, &variants, progress, &message)?,
    ))
}

/// The network with the full batch, at the best of three rates: larger ones suit it, since its gradient has no noise.
pub(crate) fn full_batch(
    trials: &Trials<'_>,
    network: &NetworkRecipe,
    progress: &mut Stages<'_>,
) -> Result<Contender, Error> {
    let variants = [1.0, 3.0, 10.0].map(|factor| NetworkRecipe {
        batch_size: BatchSize::Full,
        learning_rate: factor * network.learning_rate,
        ..network.clone()
    });
    let message = format!("{}: the same with the full batch", trials.frame.name);
    Ok(Contender::new(
        Way::FullBatch,
        best(trials, &variants, progress, &message)?,
    ))
}

/// The best on the first fold, tried on all.
fn best(
    trials: &Trials<'_>,
    variants: &[NetworkRecipe],
    progress: &mut Stages<'_>,
    message: &str,
) -> Result<CrossFit, Error> {
    let recipe = |network: &NetworkRecipe| Recipe::Network(network.clone());
    let first: Vec<(Recipe, Vec<usize>)> = variants
        .iter()
        .map(|network| (recipe(network), vec![0]))
        .collect();
    let mut courses = trials.courses(&first, progress, message)?;
    let loss = |at: &usize| {
        let (recipe, _) = &first[*at];
        trials.cross(recipe, courses[*at].clone()).loss()
    };
    let at = (0..first.len())
        .min_by(|a, b| loss(a).total_cmp(&loss(b)))
        .unwrap_or(0);
    let (recipe, _) = first[at].clone();
    let rest: Vec<usize> = (1..trials.n_folds()).collect();
    let mut all = courses.swap_remove(at);
    let others = trials.courses(&[(recipe.clone(), rest)], progress, message)?;
    all.extend(others.into_iter().flatten());
    Ok(trials.cross(&recipe, all))
}
