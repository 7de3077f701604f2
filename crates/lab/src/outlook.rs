//! What the tables at hand let one expect of another.

use smallbatch_evidence::{
    Hypothesis, MetaRegression, Moderation, Moderator, RandomEffects, Scale, TableEffect,
};
use smallbatch_report::results::{
    self as report, Fact, LeftOutNote, LeftOutTableNote, PredictionNote,
};
use smallbatch_sweep::Facts;

use crate::Error;

/// Of the prediction intervals.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// A condition number above this is one: in f32 the inputs depend on each other.
const LARGEST_CONDITION: f64 = 1e14;

/// The number that a moderator is a line in.
pub(crate) fn value(fact: Fact, facts: &Facts) -> f64 {
    match fact {
        Fact::ConditionNumber => facts.condition_number.min(LARGEST_CONDITION),
        Fact::Rows => facts.n_samples as f64,
        Fact::Features => facts.n_features as f64,
    }
    .max(1.0)
    .ln()
}

/// The ends of an interval of ratios that are cut at a horizon: what is cut may be anything beyond.
pub(crate) fn beyond(horizon: f64, (low, high): (f64, f64)) -> (f64, f64) {
    let low = if low * horizon <= 1.0 { 0.0 } else { low };
    let high = if high >= horizon { f64::INFINITY } else { high };
    (low, high)
}

/// A table with the effect of a claim on it.
#[derive(Clone, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) table: &'a str,
    pub(crate) facts: Facts,
    pub(crate) effect: TableEffect,
}

/// The prediction for a table that is not among these, and each of these as the others foretell it. `None` with fewer than four.
pub(crate) fn outlook(
    claim: &str,
    seen: &[Seen<'_>],
    hypothesis: &Hypothesis,
    scale: Scale,
) -> Result<Option<(PredictionNote, Vec<LeftOutTableNote>)>, Error> {
    let effects: Vec<TableEffect> = seen.iter().map(|seen| seen.effect).collect();
    let candidates = Fact::ALL.map(|fact| Moderator {
        name: fact.words().to_owned(),
        values: seen.iter().map(|seen| value(fact, &seen.facts)).collect(),
    });
    let pairs: Vec<(f64, f64)> = effects
        .iter()
        .map(|effect| (effect.mean, effect.standard_error))
        .collect();
    let moderation = Moderation::of(&effects, &candidates, CONFIDENCE)?;
    let (Some(over_tables), Some(moderation)) = (RandomEffects::of(&pairs)?, moderation) else {
        return Ok(None);
    };
    let moderator = match moderation.kept {
        None => None,
        Some(kept) => {
            let line = MetaRegression::of(&pairs, &candidates[kept].values)?;
            line.map(|line| report::ModeratorNote {
                fact: Fact::ALL[kept],
                line,
            })
        }
    };
    let tables = moderation.nested.tables();
    let predictive = over_tables.predictive().widened(moderation.widening);
    let interval = predictive.interval(CONFIDENCE, scale);
    let prediction = PredictionNote {
        low: interval.low,
        high: interval.high,
        share: predictive.share(hypothesis, scale),
        over_tables,
        widening: moderation.widening,
        moderator,
        left_out: LeftOutNote {
            n_tables: tables.len(),
            n_inside: tables.iter().filter(|table| table.is_contained()).count(),
            width: moderation.nested.mean_width(),
        },
    };
    let on_scale = |effect: f64| match scale {
        Scale::Ratio => effect.exp(),
        Scale::Difference => effect,
    };
    let left_out = seen
        .iter()
        .zip(tables)
        .map(|(seen, table)| LeftOutTableNote {
            claim: claim.to_owned(),
            table: seen.table.to_owned(),
            effect: on_scale(table.effect),
            low: on_scale(table.predicted.low),
            high: on_scale(table.predicted.high),
            share: table.share(hypothesis, scale),
            holds: hypothesis.holds(on_scale(table.effect), scale),
        });
    Ok(Some((prediction, left_out.collect())))
}
