//! The memory that a few updates take, as the system tells it, in this process or in one of its own.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchSize, Dataset, builtin, synthetic};
use smallbatch_mlp::{Batch, Mlp, MlpSpec, OptimizerSpec, Targets};
use smallbatch_preprocess::StandardScaler;
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Trainer};

use crate::cache::machine;
use crate::{Cache, Error};

/// A way of handling the samples of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// All samples as one lump: every layer's values for all of them are kept at once.
    Lump,
    /// All samples, a chunk at a time.
    Chunks,
    /// So many samples an update.
    Mini,
}

impl Way {
    const ALL: [Self; 3] = [Self::Lump, Self::Chunks, Self::Mini];
}

/// Data of any number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data {
    TwoInputs,
    Digits,
}

impl Data {
    const ALL: [Self; 2] = [Self::TwoInputs, Self::Digits];

    fn name(self) -> &'static str {
        match self {
            Self::TwoInputs => "two-inputs",
            Self::Digits => "augmented-digits",
        }
    }

    fn load(self, samples: usize, seed: u64) -> Result<Dataset<f32>, smallbatch_data::Error> {
        let raw = match self {
            Self::TwoInputs => synthetic::textbook_two_inputs(samples, seed)?,
            Self::Digits => builtin::augmented_digits(samples, seed)?,
        };
        let all = smallbatch_preprocess::FitData::new(raw.features());
        let fitted = smallbatch_preprocess::Scaler::fit(&StandardScaler::new(), &all)?;
        raw.scaled(&fitted)
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Data {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.map(Self::name);
        Self::ALL
            .into_iter()
            .find(|data| data.name() == text)
            .ok_or_else(|| {
                let known = known.join(" and ");
                Error::step(format!("draw \"{text}\""), format!("there are {known}"))
            })
    }
}

/// What is asked of one measurement of the memory.
///
/// ```no_run
/// use smallbatch_sweep::MemoryProbe;
///
/// let probe = MemoryProbe { data: "two-inputs".into(), samples: 25_000, seed: 0, hidden: vec![32], updates: 3, batch: 32 };
/// match probe.measure()? {
///     Some([lump, _, mini]) => println!("{lump} bytes in one lump, {mini} in mini-batches"),
///     None => println!("this system does not say"),
/// }
/// # Ok::<(), smallbatch_sweep::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryProbe {
    /// Data of any number of samples: `two-inputs` or `augmented-digits`.
    pub data: String,
    /// How many samples; at least 2.
    pub samples: usize,
    /// The seed that they are drawn with.
    pub seed: u64,
    /// Units of the hidden layers.
    pub hidden: Vec<usize>,
    /// Updates of a training.
    pub updates: u64,
    /// Samples of a mini-batch.
    pub batch: usize,
}

impl FromStr for MemoryProbe {
    type Err = serde_json::Error;

    /// Reads it as JSON, and checks the data's name.
    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        let probe: Self = serde_json::from_str(text)?;
        probe
            .data
            .parse::<Data>()
            .map_err(serde::de::Error::custom)?;
        Ok(probe)
    }
}

impl MemoryProbe {
    /// Bytes that a training needs beside its data, at their peak: for all samples as one lump, for all of them in chunks, and
    /// for mini-batches. Measured in this process, by what the system says of it: call it in a fresh one.
    ///
    /// `None` where the system does not tell a process its peak (it takes Linux).
    ///
    /// # Errors
    /// [`Error::Step`] for another name than `two-inputs` or `augmented-digits`, and when the training fails.
    pub fn measure(&self) -> Result<Option<[u64; 3]>, Error> {
        let (data, samples) = (self.data.parse::<Data>()?, self.samples);
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            let doing = format!("measure the memory on {samples} samples of {data}");
            Error::step(doing, error)
        };
        let dataset = data
            .load(samples, self.seed)
            .map_err(|error| failed(error.into()))?;
        let mut peaks = [0; 3];
        // The way that needs least comes first, so that nothing freed before can hide what comes after.
        for way in Way::ALL.into_iter().rev() {
            if !reset_peak() {
                return Ok(None);
            }
            let before = status("VmRSS");
            self.train(way, &dataset).map_err(failed)?;
            let (Some(before), Some(peak)) = (before, status("VmHWM")) else {
                return Ok(None);
            };
            peaks[way as usize] = peak.saturating_sub(before);
        }
        Ok(Some(peaks))
    }

    /// The numbers of [`MemoryProbe::measure`], from the cache if this machine measured them before: by a program in a process of its
    /// own, called as `program probe-memory JSON`, or else in this one.
    ///
    /// # Errors
    /// As [`MemoryProbe::measure`]; [`Error::Step`] where the program cannot be called, or does not print three numbers.
    pub fn measure_once(
        &self,
        program: Option<&Path>,
        cache: Option<&Cache>,
    ) -> Result<Option<[u64; 3]>, Error> {
        let measure = || match program {
            Some(program) => self.measure_by(program),
            None => self.measure(),
        };
        let description = format!("{self:?} on {}", machine());
        cache.map_or_else(measure, |cache| {
            cache.made_once("memory", &description, measure)
        })
    }

    /// The same in a process of its own.
    fn measure_by(&self, program: &Path) -> Result<Option<[u64; 3]>, Error> {
        let failed = |reason: String| {
            Error::step(
                format!("measure the memory with {}", program.display()),
                reason,
            )
        };
        let asked = serde_json::to_string(self).map_err(|error| failed(error.to_string()))?;
        let output = Command::new(program)
            .args(["probe-memory", &asked])
            // Freed memory goes back to the system at once, whatever was freed before (glibc; others ignore it).
            .env("MALLOC_MMAP_THRESHOLD_", "65536")
            .env("MALLOC_TRIM_THRESHOLD_", "65536")
            .output()
            .map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(failed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
        }
        let numbers: Vec<u64> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| failed(format!("it said {text:?}")))?;
        match numbers[..] {
            [] => Ok(None),
            [lump, chunks, mini] => Ok(Some([lump, chunks, mini])),
            _ => Err(failed(format!("it said {text:?}"))),
        }
    }

    /// A few updates in one of the ways.
    fn train(
        &self,
        way: Way,
        dataset: &Dataset<f32>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (inputs, outputs) = ([dataset.n_features()], [dataset.n_outputs()]);
        let spec = MlpSpec::new([&inputs[..], &self.hidden, &outputs].concat());
        let rate = 0.01;
        if way == Way::Lump {
            let mut model: Mlp<f32> = spec.build(0)?;
            let mut optimizer = OptimizerSpec::sgd().build(model.n_parameters())?;
            let labels = dataset
                .target()
                .labels()
                .ok_or("both data sets have classes")?;
            let batch = Batch::new(dataset.features().as_view(), Targets::Labels(labels));
            let mut workspace = model.workspace(dataset.n_samples());
            for _ in 0..self.updates {
                model.train_step(&batch, &mut optimizer, rate, 0, &mut workspace)?;
            }
            return Ok(());
        }
        // Losses are measured on a few samples: what is asked is what an update needs.
        let evaluation = Evaluation::every(EvaluateEvery::Updates(u64::MAX)).training_samples(256);
        Trainer::new(spec)
            .optimizer(OptimizerSpec::sgd())
            .learning_rate(rate)
            .batch_size(match way {
                Way::Mini => BatchSize::Mini(self.batch),
                Way::Chunks | Way::Lump => BatchSize::Full,
            })
            .budget(Budget::Updates(self.updates))
            .evaluation(evaluation)
            .threads(1)
            .fit(dataset, None)?;
        Ok(())
    }
}

/// Makes the peak begin again from what is in use now; whether the system did.
fn reset_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// A number of bytes that the system tells a process about itself.
fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
