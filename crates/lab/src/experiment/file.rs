//! Experiments written down: from a TOML file to an [`Experiment`], or to an error with a line and a reason.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use smallbatch_data::BatchSize;
use smallbatch_preprocess::{
    AnyScaler, MaxAbsScaler, MinMaxScaler, PerSample, QuantileTransformer, RobustScaler, Scaling,
    SmoothClip, StandardScaler,
};
use toml::Spanned;

use super::definition::{
    AcrossClaim, Applies, Arm, Axis, Case, Claim, Experiment, Measure, Side, Statistics, Test,
};
use super::plan::Size;
use super::sources::Shelf;
use crate::Error;
use crate::nearest::by_distance;
use crate::statistics::Direction;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    question: String,
    #[serde(default)]
    method: String,
    reference: Spanned<String>,
    budgets: Spanned<Vec<Axis>>,
    arms: Vec<ArmEntry>,
    #[serde(default)]
    tests: Vec<TestEntry>,
    data: Vec<DataEntry>,
    #[serde(default)]
    claims: Vec<ClaimEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArmEntry {
    name: Spanned<String>,
    scaler: Spanned<ScalerEntry>,
    #[serde(default)]
    statistics: Statistics,
    batch: BatchSize,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "the name of a scaler, or a table such as { scaler = \"min-max\", low = -1.0 }"
)]
enum ScalerEntry {
    Name(String),
    Settings(AnyScaler),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TestEntry {
    name: Spanned<String>,
    arm: Spanned<String>,
    batch: BatchSize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataEntry {
    set: Spanned<String>,
    #[serde(default)]
    skip: Vec<Size>,
    hidden: Spanned<Vec<usize>>,
    epochs: Spanned<PerSize>,
    #[serde(default)]
    updates: Option<PerSize>,
    #[serde(default = "one")]
    patience: u64,
    #[serde(default)]
    measured: Option<usize>,
    #[serde(default)]
    training_samples: Option<Spanned<usize>>,
    tuning_seeds: Spanned<PerSize>,
}

fn one() -> u64 {
    1
}

/// A number that may differ between the short, the usual and the long version.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a whole number, or a table such as { quick = 15, default = 25, thorough = 50 }"
)]
enum PerSize {
    Same(u64),
    Each {
        quick: Option<u64>,
        default: u64,
        thorough: Option<u64>,
    },
}

impl PerSize {
    fn of(self, size: Size) -> u64 {
        match (self, size) {
            (Self::Same(number), _) => number,
            (Self::Each { quick, default, .. }, Size::Quick) => quick.unwrap_or(default),
            (Self::Each { default, .. }, Size::Default) => default,
            (
                Self::Each {
                    default, thorough, ..
                },
                Size::Thorough,
            ) => thorough.unwrap_or(default),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimEntry {
    id: Spanned<String>,
    text: String,
    measure: Spanned<Measure>,
    #[serde(default)]
    first: Option<Spanned<String>>,
    #[serde(default)]
    second: Option<Spanned<String>>,
    #[serde(default)]
    across: Option<Spanned<String>>,
    #[serde(default)]
    direction: Option<Direction>,
    margin: Spanned<f64>,
    #[serde(default)]
    on: Applies,
}

/// Reads an experiment; `file` is its name for errors.
pub(crate) fn parse(
    text: &str,
    file: &str,
    size: Size,
    shelf: &mut Shelf,
) -> Result<Experiment, Error> {
    let reader = Reader { text, file };
    let entry: File = reader.read()?;
    reader.experiment(entry, size, shelf)
}

/// A file being read.
struct Reader<'a> {
    text: &'a str,
    file: &'a str,
}

impl Reader<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        toml::from_str(self.text).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            self.error(place, error.message().to_owned())
        })
    }

    fn error(&self, place: usize, reason: String) -> Error {
        let before = self.text.get(..place).unwrap_or_default();
        Error::Definition {
            file: self.file.to_owned(),
            line: 1 + before.matches('\n').count(),
            reason,
        }
    }

    /// An error at what was read from the file.
    fn at<T>(&self, value: &Spanned<T>, reason: impl Into<String>) -> Error {
        self.error(value.span().start, reason.into())
    }

    fn experiment(&self, entry: File, size: Size, shelf: &mut Shelf) -> Result<Experiment, Error> {
        if entry.name.get_ref().trim().is_empty() {
            return Err(self.at(&entry.name, "the experiment's name is empty"));
        }
        let axes = entry.budgets.get_ref().clone();
        match axes.first() {
            None => return Err(self.at(&entry.budgets, "at least one budget is needed")),
            Some(Axis::Seconds) => {
                let reason = "the first budget sets the target and must not depend on the clock: \
                              name \"epochs\" or \"updates\" before \"seconds\"";
                return Err(self.at(&entry.budgets, reason));
            }
            Some(_) => {}
        }
        self.no_repetition(
            entry
                .arms
                .iter()
                .map(|arm| &arm.name)
                .chain(entry.tests.iter().map(|test| &test.name)),
        )?;
        let arms: Vec<Arm> = entry
            .arms
            .iter()
            .map(|arm| self.arm(arm))
            .collect::<Result<_, _>>()?;
        let position = |name: &Spanned<String>| {
            let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
            self.position(name, &names, "arm")
        };
        let reference = position(&entry.reference)?;
        let tests: Vec<Test> = entry
            .tests
            .iter()
            .map(|test| {
                Ok(Test {
                    name: test.name.get_ref().clone(),
                    arm: position(&test.arm)?,
                    batch_size: test.batch,
                })
            })
            .collect::<Result<_, Error>>()?;
        let mut cases = Vec::new();
        for data in &entry.data {
            if !data.skip.contains(&size) {
                cases.push(self.case(data, size, shelf, &arms[reference])?);
            }
        }
        let (mut claims, mut across) = (Vec::new(), Vec::new());
        for claim in &entry.claims {
            let measure = *claim.measure.get_ref();
            if !axes.iter().any(|axis| measure.suits(*axis)) {
                let reason = "this measure means nothing under any of the experiment's budgets; \
                              \"right-epochs\" needs \"best epoch\", \"time-to-target\" another";
                return Err(self.at(&claim.measure, reason));
            }
            match &claim.across {
                Some(arm) => across.push(self.across(claim, position(arm)?)?),
                None => claims.push(self.claim(claim, &arms, &tests)?),
            }
        }
        Ok(Experiment {
            name: entry.name.into_inner(),
            question: entry.question,
            method: entry.method,
            arms,
            reference,
            tests,
            axes,
            cases,
            claims,
            across,
        })
    }

    fn no_repetition<'a>(
        &self,
        names: impl Iterator<Item = &'a Spanned<String>>,
    ) -> Result<(), Error> {
        let mut seen = Vec::new();
        for name in names {
            if seen.contains(&name.get_ref()) {
                let reason = format!("the name \"{}\" is used twice", name.get_ref());
                return Err(self.at(name, reason));
            }
            seen.push(name.get_ref());
        }
        Ok(())
    }

    /// The position of a name in a list, or an error that names the nearest.
    fn position(&self, name: &Spanned<String>, names: &[&str], what: &str) -> Result<usize, Error> {
        let wanted = name.get_ref();
        names
            .iter()
            .position(|known| known == wanted)
            .ok_or_else(|| {
                let known = by_distance(wanted, names).join("\", \"");
                self.at(
                    name,
                    format!("there is no {what} \"{wanted}\"; there are \"{known}\""),
                )
            })
    }

    fn arm(&self, entry: &ArmEntry) -> Result<Arm, Error> {
        let (scaler_name, scaler) = match entry.scaler.get_ref() {
            ScalerEntry::Settings(scaler) => (scaler.name().to_owned(), *scaler),
            ScalerEntry::Name(name) => {
                let names: Vec<&str> = SCALERS.to_vec();
                let spanned = Spanned::new(entry.scaler.span(), name.clone());
                self.position(&spanned, &names, "scaler")?;
                (name.clone(), scaler_of(name))
            }
        };
        Ok(Arm {
            name: entry.name.get_ref().clone(),
            scaler,
            scaler_name,
            statistics: entry.statistics,
            batch_size: entry.batch,
        })
    }

    fn case(
        &self,
        entry: &DataEntry,
        size: Size,
        shelf: &mut Shelf,
        reference: &Arm,
    ) -> Result<Case, Error> {
        let source = match shelf.built_in(entry.set.get_ref()) {
            Err(error @ Error::UnknownData { .. }) => {
                return Err(self.at(&entry.set, error.to_string()));
            }
            other => other?,
        };
        let at_least_one = |number: &Spanned<PerSize>, what: &str| match number.get_ref().of(size) {
            0 => Err(self.at(number, format!("{what} is 0, but must be at least 1"))),
            number => Ok(number),
        };
        if entry.hidden.get_ref().contains(&0) {
            return Err(self.at(&entry.hidden, "a hidden layer has 0 units; leave it out"));
        }
        let n_samples = source.dataset.n_samples();
        if let Some(samples) = &entry.training_samples
            && !(1..n_samples.saturating_sub(1)).contains(samples.get_ref())
        {
            let reason = format!(
                "training_samples is {}, but the data have {n_samples} samples, of which some must be left for \
                 validation and test",
                samples.get_ref()
            );
            return Err(self.at(samples, reason));
        }
        let case = Case {
            hidden: entry.hidden.get_ref().clone(),
            epochs: at_least_one(&entry.epochs, "epochs")?,
            updates: entry.updates.map(|updates| updates.of(size)),
            patience: entry.patience.max(1),
            measured: entry.measured,
            training_samples: entry.training_samples.as_ref().map(|n| *n.get_ref()),
            tuning_seeds: at_least_one(&entry.tuning_seeds, "tuning_seeds")? as usize,
            source,
        };
        if let Err(error) = reference
            .batch_size
            .n_batches(case.nominal_training_samples())
        {
            let reason = format!(
                "the reference arm \"{}\" cannot be run: {error}",
                reference.name
            );
            return Err(self.at(&entry.set, reason));
        }
        Ok(case)
    }

    fn claim(&self, entry: &ClaimEntry, arms: &[Arm], tests: &[Test]) -> Result<Claim, Error> {
        let (Some(first), Some(second), Some(direction)) =
            (&entry.first, &entry.second, entry.direction)
        else {
            let reason = "a claim needs `first`, `second` and `direction`, or `across`";
            return Err(self.at(&entry.id, reason));
        };
        if first.get_ref() == second.get_ref() {
            return Err(self.at(second, "a claim compares two different arms"));
        }
        let side = |name: &Spanned<String>| {
            let names: Vec<&str> = arms
                .iter()
                .map(|arm| arm.name.as_str())
                .chain(tests.iter().map(|test| test.name.as_str()))
                .collect();
            let position = self.position(name, &names, "arm")?;
            let test = position.checked_sub(arms.len());
            let arm = test.map_or(position, |test| tests[test].arm);
            Ok::<Side, Error>(Side {
                name: name.get_ref().clone(),
                arm,
                // A run is tested in the ways of its own arm alone.
                test: test.map(|test| tests[..test].iter().filter(|t| t.arm == arm).count()),
            })
        };
        let measure = *entry.measure.get_ref();
        let (first, second) = (side(first)?, side(second)?);
        let about_tests = matches!(
            measure,
            Measure::TestLossRatio | Measure::TestErrorDifference
        );
        if !about_tests && (first.test.is_some() || second.test.is_some()) {
            let reason = "only \"test-loss-ratio\" and \"test-error-difference\" can compare ways of testing";
            return Err(self.at(&entry.measure, reason));
        }
        Ok(Claim {
            id: entry.id.get_ref().clone(),
            text: entry.text.clone(),
            measure,
            first,
            second,
            direction,
            margin: self.margin(entry)?,
            data: entry.on,
        })
    }

    fn across(&self, entry: &ClaimEntry, arm: usize) -> Result<AcrossClaim, Error> {
        if *entry.measure.get_ref() != Measure::RightEpochs {
            return Err(self.at(
                &entry.measure,
                "data sets can be compared by \"right-epochs\" alone",
            ));
        }
        if entry.first.is_some() || entry.second.is_some() {
            let reason = "a claim has `first` and `second`, or `across`, not both";
            return Err(self.at(&entry.id, reason));
        }
        Ok(AcrossClaim {
            id: entry.id.get_ref().clone(),
            text: entry.text.clone(),
            arm,
            margin: self.margin(entry)?,
        })
    }

    fn margin(&self, entry: &ClaimEntry) -> Result<f64, Error> {
        let margin = *entry.margin.get_ref();
        if margin.is_finite() && margin >= 0.0 {
            Ok(margin)
        } else {
            let reason = format!("the margin is {margin}, but must be zero or more");
            Err(self.at(&entry.margin, reason))
        }
    }
}

/// Scalers that can be called by a name.
const SCALERS: [&str; 9] = [
    "raw",
    "centred",
    "standard",
    "min-max",
    "max-abs",
    "robust",
    "smooth-clip",
    "quantile",
    "per-sample",
];

/// The scaler of that name; of one that is not in the list, none.
fn scaler_of(name: &str) -> AnyScaler {
    match name {
        "centred" => StandardScaler::new().scaling(Scaling::None).into(),
        "standard" => StandardScaler::new().into(),
        "min-max" => MinMaxScaler::new().into(),
        "max-abs" => MaxAbsScaler::new().into(),
        "robust" => RobustScaler::new().into(),
        "smooth-clip" => SmoothClip::new().into(),
        "quantile" => QuantileTransformer::new().into(),
        "per-sample" => PerSample::new().into(),
        _ => AnyScaler::Identity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "mine"
question = "Which?"
reference = "a"
budgets = ["epochs"]

[[arms]]
name = "a"
scaler = "standard"
batch = 16

[[arms]]
name = "b"
scaler = { scaler = "min-max", low = -1.0 }
batch = "full"

[[data]]
set = "wine"
hidden = [8]
epochs = { quick = 2, default = 4 }
tuning_seeds = 1

[[claims]]
id = "a-or-b"
text = "It matters."
measure = "training-loss-ratio"
first = "a"
second = "b"
direction = "less"
margin = 0.1
"#;

    fn read(text: &str, size: Size) -> Result<Experiment, Error> {
        parse(text, "mine.toml", size, &mut Shelf::new(0))
    }

    #[test]
    fn a_file_becomes_an_experiment() {
        let experiment = read(GOOD, Size::Default).unwrap();
        assert_eq!(experiment.name, "mine");
        assert_eq!(experiment.arms[1].batch_size, BatchSize::Full);
        assert_eq!(experiment.arms[1].scaler.name(), "min-max");
        assert_eq!((experiment.reference, experiment.cases[0].epochs), (0, 4));
        assert_eq!(experiment.claims[0].second.arm, 1);
        assert_eq!(read(GOOD, Size::Quick).unwrap().cases[0].epochs, 2);
        assert_eq!(read(GOOD, Size::Thorough).unwrap().cases[0].epochs, 4);
    }

    #[test]
    fn every_scaler_of_the_list_is_its_own() {
        let scalers: Vec<AnyScaler> = SCALERS.iter().map(|name| scaler_of(name)).collect();
        for (index, scaler) in scalers.iter().enumerate() {
            assert!(!scalers[..index].contains(scaler), "{}", SCALERS[index]);
        }
    }

    #[test]
    fn a_bad_file_is_refused_with_line_and_reason() {
        // What is replaced by what, the line of the error, and a part of what it says.
        let table = [
            (
                "scaler = \"standard\"",
                "scaler = \"standart\"",
                9,
                "there is no scaler \"standart\"; there are \"standard\"",
            ),
            (
                "scaler = \"standard\"",
                "scaler = 3",
                9,
                "the name of a scaler, or a table",
            ),
            (
                "reference = \"a\"",
                "reference = \"c\"",
                4,
                "there is no arm \"c\"",
            ),
            ("second = \"b\"", "second = \"a\"", 28, "two different arms"),
            (
                "second = \"b\"",
                "second = \"bb\"",
                28,
                "there is no arm \"bb\"; there are \"b\"",
            ),
            ("second = \"b\"\n", "", 24, "`second`"),
            ("name = \"b\"", "name = \"a\"", 13, "used twice"),
            ("set = \"wine\"", "set = \"whine\"", 18, "wine"),
            ("batch = 16", "batch = 0", 10, "a whole number from 1 up"),
            (
                "batch = 16",
                "batch = 5000",
                18,
                "the reference arm \"a\" cannot be run",
            ),
            (
                "batch = 16",
                "batch = 16\nbutch = 3",
                11,
                "unknown field `butch`",
            ),
            ("hidden = [8]", "hidden = [8, 0]", 19, "0 units"),
            (
                "epochs = { quick = 2, default = 4 }",
                "epochs = 0",
                20,
                "epochs is 0",
            ),
            (
                "epochs = { quick = 2, default = 4 }",
                "epochs = \"many\"",
                20,
                "a whole number, or a table",
            ),
            ("[\"epochs\"]", "[]", 5, "at least one budget"),
            (
                "[\"epochs\"]",
                "[\"seconds\"]",
                5,
                "must not depend on the clock",
            ),
            ("[\"epochs\"]", "[\"days\"]", 5, "unknown variant `days`"),
            ("margin = 0.1", "margin = -0.1", 30, "zero or more"),
            (
                "training-loss-ratio",
                "right-epochs",
                26,
                "needs \"best epoch\"",
            ),
            (
                "tuning_seeds = 1",
                "tuning_seeds = 1\ntraining_samples = 178",
                22,
                "178 samples",
            ),
            ("question = \"Which?\"", "question = Which?", 3, ""),
        ];
        for (from, to, line, says) in table {
            assert!(GOOD.contains(from), "{from}");
            let error = read(&GOOD.replacen(from, to, 1), Size::Default).unwrap_err();
            match &error {
                Error::Definition {
                    file,
                    line: found,
                    reason,
                } => {
                    assert_eq!(
                        (file.as_str(), *found),
                        ("mine.toml", line),
                        "{to}: {error}"
                    );
                    assert!(reason.contains(says), "{to}: {error}");
                }
                _ => panic!("{to}: {error}"),
            }
        }
    }
}
