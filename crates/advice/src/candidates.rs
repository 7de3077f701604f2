//! The recipes that a search begins with.

use smallbatch_data::{BatchSize, Target};
use smallbatch_pipeline::{Levels, Line, NetworkRecipe, Rates, Recipe, RecipeOptimizer};
use smallbatch_preprocess::{AnyScaler, QuantileTransformer, SmoothClip, StandardScaler};

/// How inputs are scaled, in the list below.
#[derive(Clone, Copy)]
enum Scaling {
    Standard,
    Clipped,
    Quantiles,
}

use RecipeOptimizer::{AdamW, Momentum, Sgd};
use Scaling::{Clipped, Quantiles, Standard};

/// Hidden units, scaling, batch, optimizer, rate, weight decay, dropout.
type Candidate = (
    &'static [usize],
    Scaling,
    usize,
    RecipeOptimizer,
    f64,
    f64,
    f64,
);

/// What is likely to be good comes first, since small budgets try only the first of them. No two differ in one thing alone: so all are
/// spread over what can be varied.
const LIST: [Candidate; 24] = [
    (&[128], Standard, 32, AdamW, 0.01, 0.1, 0.1),
    (&[64, 64], Standard, 32, AdamW, 0.003, 0.03, 0.0),
    (&[128], Clipped, 32, AdamW, 0.003, 0.01, 0.0),
    (&[128, 128], Standard, 64, AdamW, 0.01, 0.1, 0.2),
    (&[256], Quantiles, 32, AdamW, 0.003, 0.1, 0.2),
    (&[32], Standard, 16, AdamW, 0.01, 0.01, 0.0),
    (&[128, 128], Clipped, 32, AdamW, 0.003, 0.3, 0.1),
    (&[256], Standard, 64, AdamW, 0.01, 0.3, 0.3),
    (&[64, 64], Quantiles, 16, AdamW, 0.003, 0.1, 0.1),
    (&[128], Standard, 16, AdamW, 0.003, 1.0, 0.1),
    (&[128], Standard, 32, Momentum, 0.03, 0.001, 0.0),
    (&[64, 64], Clipped, 32, AdamW, 0.01, 0.3, 0.2),
    (&[256], Clipped, 128, AdamW, 0.01, 0.03, 0.1),
    (&[64], Quantiles, 32, AdamW, 0.01, 0.3, 0.0),
    (&[128, 128], Standard, 16, AdamW, 0.001, 0.1, 0.0),
    (&[128], Clipped, 16, Momentum, 0.01, 0.003, 0.2),
    (&[16], Standard, 16, AdamW, 0.01, 0.3, 0.0),
    (&[64, 64, 64], Standard, 32, AdamW, 0.003, 0.1, 0.1),
    (&[256], Standard, 16, AdamW, 0.001, 0.3, 0.3),
    (&[64, 64], Standard, 16, Momentum, 0.03, 0.003, 0.1),
    (&[128, 128], Quantiles, 128, AdamW, 0.01, 0.3, 0.3),
    (&[128], Standard, 16, Sgd, 0.1, 0.003, 0.0),
    (&[32, 32], Clipped, 32, AdamW, 0.01, 0.03, 0.0),
    (&[256], Clipped, 32, AdamW, 0.003, 1.0, 0.4),
];

/// What comes first in tables of so many rows, of which few candidates can be tried: there are outliers in most of them, and rows enough for dropout.
const LARGE: (usize, Candidate) = (10_000, (&[128], Clipped, 32, AdamW, 0.003, 0.1, 0.2));

/// The penalties of straight lines, as shares of one sample's weight.
const PENALTIES: [f64; 6] = [0.001, 0.1, 1.0, 10.0, 100.0, 1_000.0];

/// The penalties of lines that leave features out: of standardized features and targets no more than 1 leaves any in.
const LASSO_PENALTIES: [f64; 9] = [0.3, 0.15, 0.08, 0.04, 0.02, 0.01, 0.005, 0.0025, 0.001];
/// Of classes, of which fewer are tried, since each takes longer.
const CLASS_PENALTIES: [f64; 5] = [0.08, 0.04, 0.02, 0.01, 0.005];

/// Networks for so many training rows, of so many epochs. Batches grow with very large tables, where they would cost more than they bring.
pub(crate) fn networks(rows: usize, epochs: u64, logarithm: bool) -> Vec<NetworkRecipe> {
    let factor = match rows {
        0..10_000 => 1,
        10_000..50_000 => 4,
        _ => 8,
    };
    let network = |&(hidden, scaling, batch, optimizer, rate, decay, dropout): &Candidate| {
        let scaler: AnyScaler = match scaling {
            Standard => StandardScaler::default().into(),
            Clipped => SmoothClip::default().into(),
            Quantiles => QuantileTransformer::default().into(),
        };
        NetworkRecipe {
            scaler,
            hidden: hidden.to_vec(),
            batch_size: BatchSize::Mini(batch * factor),
            optimizer,
            learning_rate: rate,
            rates: Rates::WarmUpAndCosine,
            epochs,
            weight_decay: decay,
            dropout,
            clip_norm: Some(1.0),
            logarithm,
            levels: Levels::Means,
        }
    };
    let (many, first) = &LARGE;
    let first = (rows >= *many).then_some(first);
    let mut networks: Vec<NetworkRecipe> = first.into_iter().chain(&LIST).map(network).collect();
    networks.truncate(LIST.len());
    networks
}

/// Straight lines that keep all features, for so many training rows; twice where a column has many categories.
pub(crate) fn lines(rows: usize, target: &Target<f64>, has_many_levels: bool) -> Vec<Recipe> {
    let penalties = PENALTIES.map(|penalty| (penalty / rows as f64, 0.0));
    let mut lines = varied(&penalties, Levels::Means, target);
    if has_many_levels {
        lines.extend(varied(&penalties, Levels::All, target));
    }
    lines
}

/// Straight lines that leave features out.
pub(crate) fn lassos(target: &Target<f64>, has_many_levels: bool) -> Vec<Recipe> {
    let levels = if has_many_levels {
        Levels::All
    } else {
        Levels::Means
    };
    let penalties: &[f64] = match target {
        Target::Classes { .. } => &CLASS_PENALTIES,
        _ => &LASSO_PENALTIES,
    };
    let penalties: Vec<(f64, f64)> = penalties.iter().map(|penalty| (*penalty, 1.0)).collect();
    varied(&penalties, levels, target)
}

/// All penalties, and all of them again for the logarithm of a positive target.
fn varied(penalties: &[(f64, f64)], levels: Levels, target: &Target<f64>) -> Vec<Recipe> {
    let positive = target
        .as_values()
        .is_some_and(|values| values.iter().all(|value| *value > 0.0));
    let mut lines = Vec::new();
    for logarithm in [false, true] {
        if logarithm && !positive {
            break;
        }
        for &(penalty, l1) in penalties {
            lines.push(Recipe::Line(Line {
                penalty,
                l1,
                logarithm,
                levels,
            }));
        }
    }
    lines
}

/// The default, of so many epochs.
pub(crate) fn default_network(epochs: u64, logarithm: bool) -> NetworkRecipe {
    NetworkRecipe {
        epochs,
        logarithm,
        ..NetworkRecipe::default()
    }
}
