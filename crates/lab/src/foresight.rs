//! What the results that come with the program let one expect of a table, before anything is trained on it.

use smallbatch_report::results::{AnswerNote, Expected, Fact, Foresight, ModeratorNote, Results};
use smallbatch_sweep::{Facts, NamedTable};

use crate::Error;
use crate::design::{Claim, Design, LESSON};
use crate::outlook::{CONFIDENCE, beyond, value};

/// The results of a thorough run, made and committed by the project: design hash, machine and date stand in it. Trajectories are
/// left out.
const COMMITTED: &str = include_str!("../results/thorough.json");

/// The results of a thorough run that come with the program.
///
/// # Errors
/// [`Error::Results`] where this version cannot read them; the crate's tests do.
pub fn committed() -> Result<Results, Error> {
    let mut results: Results = serde_json::from_str(COMMITTED).map_err(|error| Error::Results {
        file: "the results that come with the program".into(),
        reason: error.to_string(),
    })?;
    // The claims are called as they are today.
    let design = Design::parse(LESSON, "lesson.toml")?;
    for note in &mut results.claims {
        if let Some(claim) = design.claims.iter().find(|claim| claim.id == note.id) {
            note.title.clone_from(&claim.title);
        }
    }
    Ok(results)
}

/// What earlier results let one expect on a table: for each primary answer of theirs the prediction for a new table, by the line in a
/// number that can be read off it, where they have one.
///
/// ```
/// # use smallbatch_lab::{committed, foresee};
/// # use smallbatch_sweep::NamedTable;
/// let wine = NamedTable::new("wine", "UCI 109, CC BY 4.0", smallbatch_data::builtin::wine()?);
/// for foresight in foresee(&committed()?, &wine)? {
///     if let Ok(expected) = foresight.expected {
///         println!("{}: {:.2} to {:.2}", foresight.claim, expected.low, expected.high);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Definition`] where the design that comes with the program has a mistake; its tests say that it has none.
pub fn foresee(results: &Results, table: &NamedTable) -> Result<Vec<Foresight>, Error> {
    let design = Design::parse(LESSON, "lesson.toml")?;
    let primary = results.answers.iter().filter(|answer| answer.primary);
    let foresights = primary.map(|answer| {
        let claim = design.claims.iter().find(|claim| claim.id == answer.claim);
        Foresight {
            claim: answer.claim.clone(),
            expected: expected(results, answer, claim, &table.facts()),
        }
    });
    Ok(foresights.collect())
}

fn expected(
    results: &Results,
    answer: &AnswerNote,
    claim: Option<&Claim>,
    facts: &Facts,
) -> Result<Expected, String> {
    let Some(claim) = claim else {
        return Err("this version has no such claim".into());
    };
    if facts.deviation_ratio < claim.least_deviation_ratio {
        return Err(format!(
            "the claim is about tables whose features' deviations differ {} times or more; here they differ {:.1} times",
            claim.least_deviation_ratio, facts.deviation_ratio
        ));
    }
    let Some(prediction) = &answer.prediction else {
        return Err("its answer is counted, not averaged over tables".into());
    };
    let (predictive, by) = match prediction.moderator {
        None => (prediction.over_tables.predictive(), None),
        Some(ModeratorNote { fact, line }) => {
            let at = within_what_was_seen(results, fact, value(fact, facts));
            (line.predictive(at), Some(fact))
        }
    };
    let predictive = predictive.widened(prediction.widening);
    let interval = predictive.interval(CONFIDENCE, answer.scale);
    let question = claim.primary.as_ref();
    let hypothesis = question.and_then(|question| question.hypothesis().ok());
    let share = hypothesis.and_then(|hypothesis| predictive.share(&hypothesis, answer.scale));
    let ends = (interval.low, interval.high);
    let (low, high) = match answer.target {
        Some(_) => beyond(results.design.horizon, ends),
        None => ends,
    };
    Ok(Expected {
        estimate: interval.estimate.unwrap_or(f64::NAN),
        low,
        high,
        share,
        by,
    })
}

/// A line says nothing of tables beyond those that it was drawn through: they count as the nearest of them.
fn within_what_was_seen(results: &Results, fact: Fact, at: f64) -> f64 {
    let seen = results.datasets.iter().map(|note| {
        let facts = Facts {
            n_samples: note.n_samples,
            n_features: note.n_features,
            deviation_ratio: note.deviation_ratio,
            condition_number: note.condition_number,
        };
        value(fact, &facts)
    });
    let (least, most) = seen.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    );
    at.min(most).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_larger_than_all_counts_as_the_largest() {
        let results = committed().unwrap();
        let rows = |n_samples| {
            let facts = Facts {
                n_samples,
                n_features: 5,
                deviation_ratio: 40.0,
                condition_number: 1e4,
            };
            within_what_was_seen(&results, Fact::Rows, value(Fact::Rows, &facts))
        };
        assert_eq!(rows(1_000_000_000), 5_472.0_f64.ln());
        assert_eq!(rows(10), 150.0_f64.ln());
        assert_eq!(rows(500), 500.0_f64.ln());
    }
}
