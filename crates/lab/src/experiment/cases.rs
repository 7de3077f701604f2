//! The data of the experiments, and how much training each gets.

use smallbatch_data::{Dataset, Split, Splitter, Target, TargetScaler, builtin, synthetic};
use smallbatch_mlp::{Loss, MlpSpec};
use smallbatch_preprocess::Scaler;

use crate::Error;

/// Training, validation and test parts of the data.
const FRACTIONS: [f64; 3] = [0.6, 0.2, 0.2];

/// One data set with the network and the budgets that it is run with.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The data.
    pub(crate) source: Source,
    /// Units of the hidden layers.
    pub(crate) hidden: &'static [usize],
    /// The budget in epochs. The budget in seconds is the time that the reference arm takes for it on this machine.
    pub(crate) epochs: u64,
    /// The budget in updates; `None` for as many as the reference arm makes in `epochs`. Where it is given, it is too
    /// short to aim at the target, and the time to the target is left out under updates.
    pub(crate) updates: Option<u64>,
    /// A run that has not reached the target within its budget goes on to at most this many times the budget.
    pub(crate) patience: u64,
    /// On how many samples each loss is measured, the same for all runs of a seed; `None` for all.
    pub(crate) measured: Option<usize>,
    /// How many seeds choose the learning rates.
    pub(crate) tuning_seeds: usize,
}

/// Where the data come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The textbook's two inputs: one of about 1,000,000, one of about 50. Synthetic.
    TwoInputs,
    /// Wine.
    Wine,
    /// Airfoil self-noise.
    Airfoil,
    /// Handwritten digits, 8x8.
    Digits,
    /// 100,000 images made from the digits.
    Digits100k,
}

impl Source {
    /// The name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TwoInputs => "two-inputs",
            Self::Wine => "wine",
            Self::Airfoil => "airfoil",
            Self::Digits => "digits",
            Self::Digits100k => "digits_100k",
        }
    }

    /// Where the data come from, with the licence.
    pub(crate) fn origin(self) -> &'static str {
        match self {
            Self::TwoInputs => "synthetic, drawn anew for each base seed",
            Self::Wine => "Aeberhard & Forina, UCI, doi 10.24432/C5PC7J, CC BY 4.0",
            Self::Airfoil => "Brooks, Pope & Marcolini (NASA), UCI, doi 10.24432/C5VW2C, CC BY 4.0",
            Self::Digits => "Alpaydin & Kaynak, UCI, doi 10.24432/C50P49, CC BY 4.0",
            Self::Digits100k => {
                "made from digits (Alpaydin & Kaynak, UCI, CC BY 4.0) by small shifts, turns, scalings and noise"
            }
        }
    }

    /// How many samples it has.
    pub(crate) fn n_samples(self) -> usize {
        match self {
            Self::TwoInputs => 1_000,
            Self::Wine => 178,
            Self::Airfoil => 1_503,
            Self::Digits => 1_797,
            Self::Digits100k => 100_000,
        }
    }

    /// How many features and outputs it has.
    pub(crate) fn widths(self) -> (usize, usize) {
        match self {
            Self::TwoInputs => (2, 2),
            Self::Wine => (13, 3),
            Self::Airfoil => (5, 1),
            Self::Digits | Self::Digits100k => (64, 10),
        }
    }

    /// Whether the spreads of the inputs lie a factor of 100 or more apart: proline against the phenols, hertz against
    /// metres. Pixels are all on one scale.
    pub(crate) fn has_mismatched_scales(self) -> bool {
        matches!(self, Self::TwoInputs | Self::Wine | Self::Airfoil)
    }

    /// The data; the same for every run of a plan.
    pub(crate) fn load(self, base_seed: u64) -> Result<Dataset<f32>, Error> {
        let loaded = match self {
            Self::TwoInputs => synthetic::textbook_two_inputs(self.n_samples(), base_seed),
            Self::Wine => builtin::wine(),
            Self::Airfoil => builtin::airfoil(),
            Self::Digits => builtin::digits(),
            Self::Digits100k => builtin::augmented_digits(self.n_samples(), base_seed)
                .map(|images| images.with_name(self.name())),
        };
        loaded.map_err(|error| step(format!("load {}", self.name()), error))
    }

    /// The split that belongs to a seed.
    fn split(
        self,
        dataset: &Dataset<f32>,
        seed: u64,
    ) -> Result<Split<f32>, smallbatch_data::Error> {
        let splitter = Splitter::new(seed).fractions(FRACTIONS[0], FRACTIONS[1], FRACTIONS[2])?;
        match (self, dataset.target()) {
            // No image of the test part may have a relative in training.
            (Self::Digits100k, _) => splitter.grouped().split(dataset),
            (_, Target::Classes { .. }) => splitter.stratified().split(dataset),
            _ => splitter.split(dataset),
        }
    }
}

/// The three parts of one split, scaled as one arm wants it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Fitted to.
    pub(crate) training: Dataset<f32>,
    /// Chosen on.
    pub(crate) validation: Dataset<f32>,
    /// Reported on.
    pub(crate) test: Dataset<f32>,
}

impl Prepared {
    /// Splits by the seed, then scales by what the training part says. Targets that are numbers are standardized the
    /// same way in every arm, so that one loss means the same everywhere.
    pub(crate) fn new(
        source: Source,
        dataset: &Dataset<f32>,
        scaler: &impl Scaler,
        seed: u64,
    ) -> Result<Self, Error> {
        let doing = || format!("split and scale {}, seed {seed}", source.name());
        let split = source
            .split(dataset, seed)
            .map_err(|error| step(doing(), error))?;
        let fitted = split.fit(scaler).map_err(|error| step(doing(), error))?;
        let scaled =
            |part: &Dataset<f32>| part.scaled(&fitted).map_err(|error| step(doing(), error));
        let prepared = Self {
            training: scaled(split.train())?,
            validation: scaled(split.validation())?,
            test: scaled(split.test())?,
        };
        prepared
            .with_standardized_target()
            .map_err(|error| step(doing(), error))
    }

    fn with_standardized_target(self) -> Result<Self, smallbatch_data::Error> {
        if self.training.target().as_values().is_none() {
            return Ok(self);
        }
        let scaler = TargetScaler::fit(&self.training)?;
        Ok(Self {
            training: scaler.apply(&self.training)?,
            validation: scaler.apply(&self.validation)?,
            test: scaler.apply(&self.test)?,
        })
    }

    /// The mean squared norm of a training sample: an upper bound of the largest eigenvalue of the inputs' second
    /// moment, and close to it where the mean or one feature dominates.
    pub(crate) fn mean_squared_norm(&self) -> f64 {
        let features = self.training.features();
        let sum: f64 = features.iter().map(|value| f64::from(*value).powi(2)).sum();
        sum / features.ncols().max(1) as f64
    }

    /// The training loss of the best constant prediction: the entropy of the classes, or the variance (which is 1,
    /// the targets being standardized).
    pub(crate) fn naive_loss(&self) -> f64 {
        match self.training.target().class_counts() {
            Some(counts) => {
                let n = self.training.n_samples() as f64;
                counts
                    .iter()
                    .filter(|count| **count > 0)
                    .map(|count| *count as f64 / n)
                    .map(|share| -share * share.ln())
                    .sum()
            }
            None => 1.0,
        }
    }
}

impl Case {
    /// The network for this case's data.
    pub(crate) fn network(&self) -> MlpSpec {
        let sizes = self.layer_sizes();
        let spec = MlpSpec::new(sizes);
        match self.source {
            Source::Airfoil => spec.loss(Loss::MeanSquaredError),
            _ => spec.loss(Loss::softmax_cross_entropy()),
        }
    }

    /// Units of every layer, inputs and outputs included.
    pub(crate) fn layer_sizes(&self) -> Vec<usize> {
        let (inputs, outputs) = self.source.widths();
        let mut sizes = vec![inputs];
        sizes.extend_from_slice(self.hidden);
        sizes.push(outputs);
        sizes
    }

    /// Samples of the training part, nearly: for estimates alone.
    pub(crate) fn nominal_training_samples(&self) -> usize {
        (self.source.n_samples() as f64 * FRACTIONS[0]) as usize
    }
}

/// The error of a step, in the words of what was being done.
pub(crate) fn step(
    doing: String,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::Step {
        doing,
        source: source.into(),
    }
}
