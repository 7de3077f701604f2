//! Files of experiments that are no comparisons of trainings.

use toml::Spanned;

use super::Reader;
use super::entries::{MemoryEntry, MemoryFile, WhyEntry, WhyFile};
use crate::Error;
use crate::experiment::definition::Case;
use crate::experiment::memory::{Data, MemoryCase, MemoryStudy};
use crate::experiment::plan::Size;
use crate::experiment::sources::Shelf;
use crate::experiment::why::{WhyCase, WhyStudy};

impl Reader<'_> {
    pub(super) fn memory(&self, entry: MemoryFile, size: Size) -> Result<MemoryStudy, Error> {
        self.check_name(&entry.name)?;
        for (number, what) in [
            (*entry.updates.get_ref(), "updates"),
            (*entry.batch.get_ref() as u64, "batch"),
        ] {
            if number == 0 {
                let reason = format!("{what} is 0, but must be at least 1");
                return Err(match what {
                    "updates" => self.at(&entry.updates, reason),
                    _ => self.at(&entry.batch, reason),
                });
            }
        }
        let margin = *entry.margin.get_ref();
        if !(margin.is_finite() && margin >= 0.0) {
            let reason = format!("the margin is {margin}, but must be zero or more");
            return Err(self.at(&entry.margin, reason));
        }
        self.some_data(&entry.name, entry.data.len())?;
        self.no_repetition(entry.data.iter().map(|data| &data.set))?;
        let batch = *entry.batch.get_ref();
        let cases = entry.data.iter().map(|data| self.memory_case(data, batch));
        Ok(MemoryStudy {
            updates: *entry.updates.get_ref(),
            batch,
            repetitions: self.at_least(2, &entry.repetitions, size, "repetitions")? as usize,
            margin,
            cases: cases.collect::<Result<_, _>>()?,
            name: entry.name.into_inner(),
            question: entry.question,
        })
    }

    fn memory_case(&self, entry: &MemoryEntry, batch: usize) -> Result<MemoryCase, Error> {
        let data = entry.set.get_ref().parse::<Data>();
        let data = data.map_err(|error| self.at(&entry.set, error.to_string()))?;
        self.check_hidden(&entry.hidden)?;
        let samples = entry.samples.get_ref();
        let ascends = samples.windows(2).all(|pair| pair[0] < pair[1]);
        if samples.len() < 2 || !ascends {
            let reason = "samples must be at least two numbers, each larger than the one before: growth is what is measured";
            return Err(self.at(&entry.samples, reason));
        }
        if samples[0] < batch.max(2) {
            let reason = format!(
                "samples begin with {}, but a mini-batch takes {batch}, and a training at least 2",
                samples[0]
            );
            return Err(self.at(&entry.samples, reason));
        }
        Ok(MemoryCase {
            data,
            hidden: entry.hidden.get_ref().clone(),
            samples: samples.clone(),
        })
    }

    pub(super) fn why(
        &self,
        entry: WhyFile,
        size: Size,
        shelf: &mut Shelf,
    ) -> Result<WhyStudy, Error> {
        self.check_name(&entry.name)?;
        self.some_data(&entry.name, entry.data.len())?;
        let names = |data: &WhyEntry| data.set.clone().or_else(|| data.csv.clone());
        let names: Vec<Spanned<String>> = entry.data.iter().filter_map(names).collect();
        self.no_repetition(names.iter())?;
        let cases = entry.data.iter().map(|data| self.why_case(data, shelf));
        Ok(WhyStudy {
            cases: cases.collect::<Result<_, _>>()?,
            seeds: self.at_least(2, &entry.seeds, size, "seeds")? as usize,
            name: entry.name.into_inner(),
            question: entry.question,
        })
    }

    fn why_case(&self, entry: &WhyEntry, shelf: &mut Shelf) -> Result<WhyCase, Error> {
        let (source, named) = self.source(&entry.named(), shelf)?;
        self.check_hidden(&entry.hidden)?;
        let goal = *entry.goal.get_ref();
        if !(goal > 0.0 && goal < 1.0) {
            let reason = format!(
                "the goal is {goal}, but must be above 0 and below 1: a part of the loss of the best constant prediction"
            );
            return Err(self.at(&entry.goal, reason));
        }
        let case = Case {
            source,
            hidden: entry.hidden.get_ref().clone(),
            epochs: 1,
            updates: None,
            patience: 1,
            measured: None,
            training_samples: None,
            tuning_seeds: 1,
        };
        if entry.csv.is_some() {
            self.check_split(&case, &named)?;
        }
        Ok(WhyCase { case, goal })
    }

    fn some_data(&self, name: &Spanned<String>, n_data: usize) -> Result<(), Error> {
        if n_data == 0 {
            return Err(self.at(name, "there are no data to run on: none is named"));
        }
        Ok(())
    }
}
