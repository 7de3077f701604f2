//! What ways of training and the effects that compare them are called.

use std::collections::BTreeSet;

use smallbatch_data::BatchSize;
use smallbatch_sweep::JobOptimizer;

use super::{Claim, Design, Measure, Part, Way};

/// In a claim that compares batch sizes and not scalings, ways are called after their batches.
pub(super) fn name_batches(design: &mut Design) {
    let Design { ways, claims, .. } = design;
    for claim in claims {
        let compared = claim.ways();
        let of_claim = || ways.iter().filter(|way| compared.contains(&way.name));
        let sizes: BTreeSet<String> = of_claim().map(|way| batch_in_words(way.batch)).collect();
        let scalings: BTreeSet<String> =
            of_claim().map(|way| format!("{:?}", way.scaling)).collect();
        if sizes.len() > 1 && scalings.len() == 1 {
            let called = ways.iter().map(|way| (way.name.clone(), way.in_batches()));
            claim.called = called.collect();
        }
    }
}

impl Way {
    /// Its batches and its optimizer: `batches of 32`, `full batch, momentum`.
    fn in_batches(&self) -> String {
        let batch = batch_in_words(self.batch);
        match self.optimizer {
            JobOptimizer::Sgd => batch,
            JobOptimizer::Momentum => format!("{batch}, momentum"),
            JobOptimizer::Adam => format!("{batch}, Adam"),
            JobOptimizer::LBfgs => format!("{batch}, L-BFGS"),
        }
    }
}

fn batch_in_words(batch: BatchSize) -> String {
    match batch {
        BatchSize::Mini(size) => format!("batches of {size}"),
        BatchSize::Full => "full batch".into(),
    }
}

impl Claim {
    /// What the numbers of a part are: `training loss, raw / standardized`.
    pub(crate) fn unit(&self, part: &Part) -> String {
        let side = |ways: &[String]| match ways {
            [one] => self.called(one).to_owned(),
            [first, ..] => format!("{} (the best of {} ways)", self.called(first), ways.len()),
            [] => String::new(),
        };
        let measure = part.measure.name();
        let (first, second) = (side(&part.first), side(&part.second));
        match (part.measure, part.batch) {
            (Measure::OwnStatistics, batch) => format!(
                "{measure}, test data scaled in batches of {} / with the training set's statistics",
                batch.unwrap_or(1)
            ),
            (Measure::RightEpochsBetweenTables, _) => format!("{measure}, {first}"),
            (Measure::NoiseScale, _) if first == second => {
                format!("{measure} / samples of a batch, {first}")
            }
            (Measure::NoiseScale, _) => {
                format!("{measure}, {first} / samples of a batch, {second}")
            }
            _ => format!("{measure}, {first} / {second}"),
        }
    }

    /// What a way is called in the answers of this claim. Where the claim is about batch sizes, that is the batch size.
    pub(crate) fn called<'a>(&'a self, way: &'a str) -> &'a str {
        self.called.get(way).map_or(way, String::as_str)
    }

    /// The ways that its primary question compares, each once.
    pub(crate) fn ways(&self) -> Vec<String> {
        let mut ways = Vec::new();
        for part in self.primary.iter().flat_map(|question| &question.parts) {
            for way in part.ways() {
                if !ways.contains(way) {
                    ways.push(way.clone());
                }
            }
        }
        ways
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::LESSON;

    #[test]
    fn ways_are_called_after_what_a_claim_compares() {
        let design = Design::parse(LESSON, "lesson.toml").unwrap();
        let unit = |id: &str| {
            let claim = design.claims.iter().find(|claim| claim.id == id).unwrap();
            let primary = claim.primary.as_ref().unwrap();
            claim.unit(&primary.parts[0])
        };
        for (id, meant) in [
            ("scale-mismatch-hurts", "training loss, raw / standardized"),
            (
                "minibatch-is-faster",
                "seconds to the target, full batch (the best of 3 ways) / batches of 32 (the best of 2 ways)",
            ),
            (
                "epochs-depend",
                "right number of epochs, from table to table, batches of 32",
            ),
        ] {
            assert_eq!(unit(id), meant);
        }
    }
}
