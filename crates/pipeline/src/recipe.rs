//! How a model is trained: a straight line or a network, with all its settings.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use smallbatch_base::Number;
use smallbatch_data::{BatchSize, Target};
use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
use smallbatch_preprocess::{AnyScaler, StandardScaler};
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Period, Schedule, Trainer};

use crate::Error;

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Linear regression, or logistic regression for classes, with a penalty: a network without hidden layers at its optimum.
    Line(Line),
    /// A network, trained by mini-batches.
    Network(NetworkRecipe),
}

/// A straight line on standardized features: the mean loss plus λ·(α·‖w‖₁ + (1 - α)/2·‖w‖²) is smallest, where the loss of numbers is half
/// the squared error in units of their variance. The default is without a penalty.
///
/// α = 0 is ridge regression, which makes all weights smaller; α = 1 the lasso, which leaves features out; between them is the elastic net
/// (Zou & Hastie 2005).
///
/// ```
/// use smallbatch_pipeline::{Line, Recipe};
///
/// let lasso = Line { penalty: 0.02, l1: 1.0, ..Line::default() };
/// assert_eq!(Recipe::Line(lasso).to_string(), "a straight line that leaves features out (lasso), penalty 0.02");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// λ.
    pub penalty: f64,
    /// α, from 0 to 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub l1: f64,
    /// Whether the logarithm of a positive target is predicted.
    #[serde(default)]
    pub logarithm: bool,
    /// What becomes of columns of more than 40 categories. With [`Levels::All`] and α = 0 the penalty is that of features of 0 and 1.
    #[serde(default, skip_serializing_if = "Levels::is_default")]
    pub levels: Levels,
}

/// What becomes of columns of more than 40 categories; see [`Encoder`](crate::Encoder).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Levels {
    /// Features for the 40 most frequent, and the mean of the target by level.
    #[default]
    Means,
    /// A feature for each that two rows have, and no means.
    All,
}

impl Levels {
    #[allow(clippy::trivially_copy_pass_by_ref)] // As serde asks.
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde asks.
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// A network and its training.
///
/// The default is what one does who knows the lesson and does not search: standardized inputs, batches of 32, two layers of 64 units,
/// AdamW at 0.003 with warm-up and cosine, gradients clipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkRecipe {
    /// How features are scaled, by the training rows.
    pub scaler: AnyScaler,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Samples in one update.
    pub batch_size: BatchSize,
    /// The rule of updates.
    pub optimizer: RecipeOptimizer,
    /// The learning rate: constant, or at the end of the warm-up.
    pub learning_rate: f64,
    /// How it changes.
    pub rates: Rates,
    /// Epochs.
    pub epochs: u64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// The probability of dropout.
    pub dropout: f64,
    /// The norm that gradients are clipped at; `None` where they are not, which is `inf` in TOML.
    #[serde(deserialize_with = "norm")]
    pub clip_norm: Option<f64>,
    /// Whether the logarithm of a positive target is predicted.
    pub logarithm: bool,
    /// What becomes of columns of more than 40 categories.
    #[serde(skip_serializing_if = "Levels::is_default")]
    pub levels: Levels,
}

/// The rule of updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipeOptimizer {
    /// Plain gradient descent.
    Sgd,
    /// With momentum 0.9.
    Momentum,
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW,
}

/// How the learning rate changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rates {
    /// Not at all.
    Constant,
    /// A linear rise over the first twentieth, then half a cosine down to 0.
    WarmUpAndCosine,
}

/// TOML has no null: there no norm is one without a bound.
fn norm<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let norm = Option::<f64>::deserialize(deserializer)?;
    Ok(norm.filter(|norm| *norm != f64::INFINITY))
}

/// How often a training is looked at.
const LOOKS: u64 = 16;
/// The usual momentum.
const MOMENTUM: f64 = 0.9;

impl Default for NetworkRecipe {
    fn default() -> Self {
        Self {
            scaler: StandardScaler::default().into(),
            hidden: vec![64, 64],
            batch_size: BatchSize::Mini(32),
            optimizer: RecipeOptimizer::AdamW,
            learning_rate: 0.003,
            rates: Rates::WarmUpAndCosine,
            epochs: 50,
            weight_decay: 0.03,
            dropout: 0.0,
            clip_norm: Some(1.0),
            logarithm: false,
            levels: Levels::Means,
        }
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self::Network(NetworkRecipe::default())
    }
}

impl NetworkRecipe {
    /// The network for so many features.
    pub(crate) fn spec(&self, n_features: usize, target: &Target<f64>) -> MlpSpec {
        spec_of(n_features, &self.hidden, target).dropout(self.dropout)
    }

    /// The training for so many rows.
    pub(crate) fn trainer(&self, spec: MlpSpec, n_rows: usize, seed: u64) -> Trainer {
        let batch_size = match self.batch_size {
            BatchSize::Mini(size) => BatchSize::Mini(size.min(n_rows)),
            BatchSize::Full => BatchSize::Full,
        };
        let optimizer = match self.optimizer {
            RecipeOptimizer::Sgd => OptimizerSpec::sgd(),
            RecipeOptimizer::Momentum => OptimizerSpec::momentum(MOMENTUM),
            RecipeOptimizer::AdamW => OptimizerSpec::adam(),
        };
        let optimizer = optimizer.weight_decay(self.weight_decay);
        let optimizer = match self.clip_norm {
            Some(norm) => optimizer.clip_norm(norm),
            None => optimizer,
        };
        let per_epoch = match batch_size {
            BatchSize::Mini(size) => n_rows.div_ceil(size.max(1)) as u64,
            BatchSize::Full => 1,
        };
        let schedule = match self.rates {
            Rates::Constant => Schedule::Constant,
            Rates::WarmUpAndCosine => {
                let warm_up = self.epochs.saturating_mul(per_epoch) / 20;
                Schedule::cosine(Period::Updates(warm_up))
            }
        };
        let every = EvaluateEvery::Epochs((self.epochs / LOOKS).max(1));
        Trainer::new(spec)
            .optimizer(optimizer)
            .learning_rate(self.learning_rate)
            .schedule(schedule)
            .batch_size(batch_size)
            .budget(Budget::Epochs(self.epochs))
            .evaluation(Evaluation::every(every))
            .seed(seed)
            .threads(1)
    }

    /// Billions of operations of an epoch over so many rows, nearly: six for each weight and row, fifty for each unit and row, a hundred
    /// more for each hidden unit with dropout; and for each update twelve for each weight and fifty thousand.
    pub fn cost_of_epoch(&self, n_rows: usize, n_features: usize, n_outputs: usize) -> f64 {
        let mut sizes = vec![n_features];
        sizes.extend(&self.hidden);
        sizes.push(n_outputs);
        let weights: usize = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let units: usize = sizes.iter().sum();
        let updates = match self.batch_size {
            BatchSize::Mini(size) => n_rows.div_ceil(size.max(1)),
            BatchSize::Full => 1,
        };
        let masks = if self.dropout > 0.0 {
            100 * self.hidden.iter().sum::<usize>()
        } else {
            0
        };
        let by_row = (6 * weights + 50 * units + masks) as f64;
        let by_update = 12.0 * weights as f64 + 50_000.0;
        (n_rows as f64 * by_row + updates as f64 * by_update) / 1e9
    }
}

/// A network with these hidden layers for this kind of target.
pub(crate) fn spec_of(n_features: usize, hidden: &[usize], target: &Target<f64>) -> MlpSpec {
    let mut sizes = vec![n_features];
    sizes.extend(hidden);
    sizes.push(target.n_outputs());
    let spec = MlpSpec::new(sizes);
    match target {
        Target::Classes { .. } => spec,
        _ => spec.loss(Loss::MeanSquaredError),
    }
}

impl Recipe {
    /// Checks what can be checked without data.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Scaling`], [`Error::Training`] and [`Error::Network`] that name the first setting outside its range.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Line(Line { penalty, l1, .. }) => {
                if !(0.0..=1.0).contains(l1) {
                    return Err(Error::Setting {
                        setting: "l1",
                        value: Number(*l1).to_string(),
                        expected: "from 0 (ridge) to 1 (lasso)",
                    });
                }
                if !(penalty.is_finite() && *penalty >= 0.0) {
                    return Err(Error::Setting {
                        setting: "penalty",
                        value: Number(*penalty).to_string(),
                        expected: "finite and at least 0",
                    });
                }
                Ok(())
            }
            Self::Network(network) => {
                network.scaler.validate()?;
                let target = Target::numbers(vec![0.0]);
                let spec = network.spec(1, &target);
                Ok(network.trainer(spec, usize::MAX >> 1, 0).validate()?)
            }
        }
    }

    /// How the features are scaled.
    pub fn scaler(&self) -> AnyScaler {
        match self {
            Self::Line(_) => StandardScaler::default().into(),
            Self::Network(network) => network.scaler,
        }
    }

    /// What becomes of columns of more than 40 categories.
    pub fn levels(&self) -> Levels {
        match self {
            Self::Line(line) => line.levels,
            Self::Network(network) => network.levels,
        }
    }

    /// The network for so many features.
    pub(crate) fn spec(&self, n_features: usize, target: &Target<f64>) -> MlpSpec {
        match self {
            Self::Line(_) => spec_of(n_features, &[], target),
            Self::Network(network) => network.spec(n_features, target),
        }
    }

    /// Whether the logarithm of a positive target is predicted.
    pub(crate) fn logarithm(&self) -> bool {
        match self {
            Self::Line(line) => line.logarithm,
            Self::Network(network) => network.logarithm,
        }
    }
}

impl fmt::Display for Recipe {
    /// As a noun: `a straight line, penalty 0.01`, or `a network of 64 and 64 units …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => {
                match line.l1 {
                    0.0 => write!(f, "a straight line with penalty {}", line.penalty)?,
                    1.0 => write!(
                        f,
                        "a straight line that leaves features out (lasso), penalty {}",
                        line.penalty
                    )?,
                    l1 => write!(
                        f,
                        "a straight line (elastic net, l1 {l1}), penalty {}",
                        line.penalty
                    )?,
                }
                additions(f, line.levels, line.logarithm)
            }
            Self::Network(network) => {
                let hidden: Vec<String> = network.hidden.iter().map(usize::to_string).collect();
                let hidden = if hidden.is_empty() {
                    "no hidden".into()
                } else {
                    hidden.join(" and ")
                };
                let optimizer = match network.optimizer {
                    RecipeOptimizer::Sgd => "plain descent",
                    RecipeOptimizer::Momentum => "momentum",
                    RecipeOptimizer::AdamW => "AdamW",
                };
                let batch = match network.batch_size {
                    BatchSize::Full => "the full batch".into(),
                    BatchSize::Mini(size) => format!("batches of {size}"),
                };
                write!(
                    f,
                    "a network of {hidden} units: {} inputs, {batch}, {optimizer} at {}, {} epochs",
                    network.scaler.name(),
                    network.learning_rate,
                    network.epochs
                )?;
                if network.weight_decay > 0.0 {
                    write!(f, ", decay {}", network.weight_decay)?;
                }
                if network.dropout > 0.0 {
                    write!(f, ", dropout {}", network.dropout)?;
                }
                additions(f, network.levels, network.logarithm)
            }
        }
    }
}

fn additions(f: &mut fmt::Formatter<'_>, levels: Levels, logarithm: bool) -> fmt::Result {
    if levels == Levels::All {
        f.write_str(", a feature for each category")?;
    }
    if logarithm {
        f.write_str(", of the target's logarithm")?;
    }
    Ok(())
}
