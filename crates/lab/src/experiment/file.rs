//! Experiments written down: from a TOML file to a [`Definition`], or to an error with a line and a reason.

mod entries;
mod others;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use entries::{
    ArmEntry, ClaimEntry, DataEntry, DataName, File, Kind, Kinds, PerSize, Predict, ScalerEntry,
};
use serde::de::DeserializeOwned;
use smallbatch_data::{BatchSize, TableReader, Task};
use smallbatch_preprocess::{
    AnyScaler, MaxAbsScaler, MinMaxScaler, PerSample, QuantileTransformer, RobustScaler, Scaling,
    SmoothClip, StandardScaler,
};
use toml::Spanned;

use super::definition::{
    AcrossClaim, Arm, Axis, Case, Claim, Definition, Experiment, Measure, Optimizer, Side, Test,
};
use super::plan::Size;
use super::sources::{Shelf, Source};
use crate::Error;
use crate::nearest::by_distance;

/// Reads an experiment; `file` is its name for errors, `folder` where the paths of its tables begin.
pub(crate) fn parse(
    text: &str,
    file: &str,
    folder: &Path,
    size: Size,
    shelf: &mut Shelf,
) -> Result<Definition, Error> {
    let reader = Reader { text, file, folder };
    let Kinds { kind } = reader.read()?;
    match kind {
        Kind::Comparison => {
            let experiment = reader.experiment(reader.read()?, size, shelf)?;
            Ok(Definition::Comparison(experiment))
        }
        Kind::Memory => Ok(Definition::Memory(reader.memory(reader.read()?, size)?)),
        Kind::Why => Ok(Definition::Why(reader.why(reader.read()?, size, shelf)?)),
    }
}

/// A file being read.
struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    folder: &'a Path,
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
        self.check_name(&entry.name)?;
        let axes = entry.budgets.get_ref().clone();
        if let Some(axis) = repeated(&axes) {
            let reason = format!("the budget \"{}\" is named twice", axis.name());
            return Err(self.at(&entry.budgets, reason));
        }
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
        let sets = |data: &DataEntry| data.set.clone().or_else(|| data.csv.clone());
        let sets: Vec<Spanned<String>> = entry.data.iter().filter_map(sets).collect();
        self.no_repetition(sets.iter())?;
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
        if cases.is_empty() {
            let reason = format!(
                "there are no data to run on in the {} version: every data set skips it, or none is named",
                size.name()
            );
            return Err(self.at(&entry.name, reason));
        }
        let seeds = entry.seeds.as_ref();
        let seeds = seeds.map(|seeds| self.at_least(2, seeds, size, "seeds"));
        let seeds = seeds.transpose()?.map(|seeds| seeds as usize);
        let (mut claims, mut across) = (Vec::new(), Vec::new());
        for claim in &entry.claims {
            let measure = *claim.measure.get_ref();
            let axes = self.axes_of(claim, &axes)?;
            if !axes.iter().any(|axis| measure.suits(*axis)) {
                let reason = "this measure means nothing under any of the experiment's budgets; \
                              \"right-epochs\" needs \"best epoch\", \"time-to-target\" another";
                return Err(self.at(&claim.measure, reason));
            }
            match &claim.across {
                Some(arm) => across.push(self.across(claim, position(arm)?)?),
                None => claims.push(self.claim(claim, &arms, &tests, axes)?),
            }
        }
        Ok(Experiment {
            name: entry.name.into_inner(),
            question: entry.question,
            method: entry.method,
            seeds,
            arms,
            reference,
            tests,
            axes,
            cases,
            claims,
            across,
        })
    }

    fn check_name(&self, name: &Spanned<String>) -> Result<(), Error> {
        if name.get_ref().trim().is_empty() {
            return Err(self.at(name, "the experiment's name is empty"));
        }
        Ok(())
    }

    /// A number that must be so large, and what it is.
    fn at_least(
        &self,
        least: u64,
        number: &Spanned<PerSize>,
        size: Size,
        what: &str,
    ) -> Result<u64, Error> {
        let found = number.get_ref().of(size);
        if found >= least {
            return Ok(found);
        }
        let reason = format!("{what} is {found}, but must be at least {least}");
        Err(self.at(number, reason))
    }

    fn check_hidden(&self, hidden: &Spanned<Vec<usize>>) -> Result<(), Error> {
        if hidden.get_ref().contains(&0) {
            return Err(self.at(hidden, "a hidden layer has 0 units; leave it out"));
        }
        Ok(())
    }

    /// The budgets that a claim is tested under: those that it names, or all of the experiment's.
    fn axes_of(&self, claim: &ClaimEntry, axes: &[Axis]) -> Result<Vec<Axis>, Error> {
        let Some(under) = &claim.under else {
            return Ok(axes.to_vec());
        };
        if let Some(axis) = under.get_ref().iter().find(|axis| !axes.contains(axis)) {
            let reason = format!("\"{}\" is none of the experiment's budgets", axis.name());
            return Err(self.at(under, reason));
        }
        match repeated(under.get_ref()) {
            Some(axis) => Err(self.at(under, format!("\"{}\" is named twice", axis.name()))),
            None => Ok(under.get_ref().clone()),
        }
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
            optimizer: self.optimizer(entry)?,
        })
    }

    fn optimizer(&self, entry: &ArmEntry) -> Result<Optimizer, Error> {
        let Some(optimizer) = &entry.optimizer else {
            return Ok(Optimizer::default());
        };
        if *optimizer.get_ref() == Optimizer::LBfgs && entry.batch != BatchSize::Full {
            let reason = "\"l-bfgs\" needs batch = \"full\": its line search compares losses, which differ from one \
                          mini-batch to the next";
            return Err(self.at(optimizer, reason));
        }
        Ok(*optimizer.get_ref())
    }

    /// The data of an entry, and where it names them.
    fn source(
        &self,
        entry: &DataName<'_>,
        shelf: &mut Shelf,
    ) -> Result<(Arc<Source>, Spanned<String>), Error> {
        match (entry.set, entry.csv) {
            (Some(set), None) => {
                if let Some(target) = entry.target {
                    return Err(self.at(target, "`target` is for a table that `csv` names"));
                }
                if let Some(predict) = entry.predict {
                    return Err(self.at(predict, "`predict` is for a table that `csv` names"));
                }
                match shelf.built_in(set.get_ref()) {
                    Err(error @ Error::UnknownData { .. }) => Err(self.at(set, error.to_string())),
                    other => Ok((other?, set.clone())),
                }
            }
            (None, Some(csv)) => {
                let table = shelf.table(self.table(entry, csv)?);
                Ok((table.map_err(|reason| self.at(csv, reason))?, csv.clone()))
            }
            (Some(_), Some(csv)) => {
                Err(self.at(csv, "name the data by `set` or by `csv`, not both"))
            }
            (None, None) => {
                let reason = "the data have no name: give `set`, a built-in data set, or `csv`, a table's path";
                Err(self.at(entry.hidden, reason))
            }
        }
    }

    /// A user's table: read, and checked for what would only fail in the middle of the work.
    fn table(&self, entry: &DataName<'_>, csv: &Spanned<String>) -> Result<Source, Error> {
        let (Some(target), Some(predict)) = (entry.target, entry.predict) else {
            let reason = "a table needs `target`, the name of its column, and `predict`, \"classes\" or \"numbers\"";
            return Err(self.at(csv, reason));
        };
        let task = match predict.get_ref() {
            Predict::Classes => Task::Classification,
            Predict::Numbers => Task::Regression,
        };
        let path = self.folder.join(csv.get_ref());
        let dataset = TableReader::new()
            .target(target.get_ref())
            .task(task)
            .read_path::<f32>(&path)
            .map_err(|error| match &error {
                smallbatch_data::Error::UnknownColumn { .. }
                | smallbatch_data::Error::ConstantTarget { .. } => {
                    self.at(target, error.to_string())
                }
                smallbatch_data::Error::Io { .. } => self.at(csv, error.to_string()),
                _ => self.at(csv, format!("{}: {error}", path.display())),
            })?;
        Ok(Source::table(dataset, csv.get_ref()))
    }

    fn case(
        &self,
        entry: &DataEntry,
        size: Size,
        shelf: &mut Shelf,
        reference: &Arm,
    ) -> Result<Case, Error> {
        let (source, named) = self.source(&entry.named(), shelf)?;
        let none = |what: &str| format!("{what} is 0, but must be at least 1");
        let at_least_one =
            |number: &Spanned<PerSize>, what: &str| self.at_least(1, number, size, what);
        let patience = match &entry.patience {
            Some(patience) if *patience.get_ref() == 0 => {
                let reason = "patience is 0, but must be at least 1: a run that goes on is at least as long as its budget";
                return Err(self.at(patience, reason));
            }
            patience => patience.as_ref().map_or(1, |patience| *patience.get_ref()),
        };
        if let Some(measured) = entry.measured.as_ref().filter(|n| *n.get_ref() == 0) {
            return Err(self.at(
                measured,
                none("measured") + "; leave it out to measure on all samples",
            ));
        }
        self.check_hidden(&entry.hidden)?;
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
            updates: entry
                .updates
                .as_ref()
                .map(|updates| at_least_one(updates, "updates"))
                .transpose()?,
            patience,
            measured: entry.measured.as_ref().map(|n| *n.get_ref()),
            training_samples: entry.training_samples.as_ref().map(|n| *n.get_ref()),
            tuning_seeds: at_least_one(&entry.tuning_seeds, "tuning_seeds")? as usize,
            source,
        };
        if entry.csv.is_some() {
            self.check_split(&case, &named)?;
        }
        if let Err(error) = reference
            .batch_size
            .n_batches(case.nominal_training_samples())
        {
            let reason = format!(
                "the reference arm \"{}\" cannot be run: {error}",
                reference.name
            );
            return Err(self.at(&named, reason));
        }
        Ok(case)
    }

    /// Refuses too few rows, or a class with one member: what no seed can split.
    fn check_split(&self, case: &Case, named: &Spanned<String>) -> Result<(), Error> {
        match case.source.split(case.fractions(), 0) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.at(named, format!("{}: {error}", named.get_ref()))),
        }
    }

    fn claim(
        &self,
        entry: &ClaimEntry,
        arms: &[Arm],
        tests: &[Test],
        axes: Vec<Axis>,
    ) -> Result<Claim, Error> {
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
        if (first.test.is_some() || second.test.is_some()) && axes.contains(&Axis::BestEpoch) {
            let reason = "ways of testing are tried at the end of a run, not at its best epoch; say `under`, without \"best epoch\"";
            return Err(self.at(&entry.id, reason));
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
            axes,
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

/// The first budget that is in the list before.
fn repeated(axes: &[Axis]) -> Option<Axis> {
    let earlier =
        |(position, axis): (usize, &Axis)| axes[..position].contains(axis).then_some(*axis);
    axes.iter().enumerate().find_map(earlier)
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
