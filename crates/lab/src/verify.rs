//! The same bits again: the repetitions of an earlier run, made without its cache.

use std::fmt;
use std::path::Path;

use smallbatch_report::results::{Effect, Results};
use smallbatch_sweep::Progress;

use crate::{Error, RunPlan, run};

/// What came of making a run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Effects that are computed, and are the same to the bit.
    pub n_same: usize,
    /// Those that are not, each in a sentence.
    pub differences: Vec<String>,
    /// Effects that were measured, by a clock or as memory, and are not compared.
    pub n_measured: usize,
    /// Whether it was stopped before its end.
    pub is_interrupted: bool,
}

impl Verification {
    /// Whether all that was compared is the same.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && !self.is_interrupted && self.n_same > 0
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        let all = self.n_same + self.differences.len();
        write!(
            f,
            "{} of {all} effects came out the same, to the bit; {} that were measured (times, memory) are not compared",
            self.n_same, self.n_measured
        )
    }
}

/// Makes the repetitions of an earlier run again, and compares each effect that is computed to the bit.
///
/// # Errors
/// [`Error::Results`] for results of another design, version or data than this program makes of the same request; otherwise as
/// [`run`].
pub fn verify(
    file: &Path,
    results: &Results,
    threads: usize,
    progress: &mut dyn Progress,
) -> Result<Verification, Error> {
    let failed = |reason: String| Error::Results {
        file: file.to_path_buf(),
        reason,
    };
    let plan = RunPlan {
        threads,
        ..RunPlan::of(results)?
    };
    let again = run::without_memory(&plan, progress)?;
    if again.results.design_hash != results.design_hash {
        return Err(failed(
            "design, tables or version are others than this program's; take the program that wrote it".into(),
        ));
    }
    let is_measured = |effect: &&Effect| effect.is_measured;
    let mut found = Verification {
        n_same: 0,
        differences: Vec::new(),
        n_measured: results.effects.iter().filter(is_measured).count(),
        is_interrupted: again.is_interrupted,
    };
    for effect in results.effects.iter().filter(|effect| !is_measured(effect)) {
        let is_its = |other: &&Effect| {
            (&other.claim, &other.unit, &other.table)
                == (&effect.claim, &effect.unit, &effect.table)
                && (other.repetition, other.target) == (effect.repetition, effect.target)
        };
        let other = again.results.effects.iter().find(is_its);
        if other == Some(effect) {
            found.n_same += 1;
        } else if !found.is_interrupted {
            found.differences.push(format!(
                "{} on {}, repetition {}: {:?} became {:?}",
                effect.unit,
                effect.table,
                effect.repetition,
                effect.pairs,
                other.map(|other| &other.pairs)
            ));
        }
    }
    Ok(found)
}
