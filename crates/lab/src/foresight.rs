//! What the results that come with the program let one expect of a table, before anything is trained on it.

use smallbatch_report::results::{Answer, Expected, Foresight, Moderator, Results};
use smallbatch_sweep::{Facts, Table};

use crate::Error;
use crate::design::{Claim, Design, LESSON};
use crate::outlook::{beyond, value};

/// The results of a thorough run, made and committed by the project: design hash, machine and date stand in it. Trajectories are
/// left out.
const COMMITTED: &str = include_str!("../results/thorough.json");

/// The results of a thorough run that come with the program.
///
/// # Errors
/// [`Error::Results`] where this version cannot read them; the crate's tests do.
pub fn committed() -> Result<Results, Error> {
    serde_json::from_str(COMMITTED).map_err(|error| Error::Results {
        file: "the results that come with the program".into(),
        reason: error.to_string(),
    })
}

/// What earlier results let one expect on a table: for each primary answer of theirs the prediction for a new table, by the line in a
/// number that can be read off it, where they have one.
///
/// ```
/// # use smallbatch_lab::{committed, foresee};
/// # use smallbatch_sweep::Table;
/// let wine = Table::new("wine", "UCI 109, CC BY 4.0", smallbatch_data::builtin::wine()?);
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
pub fn foresee(results: &Results, table: &Table) -> Result<Vec<Foresight>, Error> {
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
    answer: &Answer,
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
        return Err("its answer is no mean over tables".into());
    };
    let (predictive, by) = match prediction.moderator {
        None => (prediction.over_tables.predictive(), None),
        Some(Moderator { fact, line }) => (line.predictive(value(fact, facts)), Some(fact)),
    };
    let predictive = predictive.widened(prediction.widening);
    let interval = predictive.interval(0.95, answer.scale);
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
