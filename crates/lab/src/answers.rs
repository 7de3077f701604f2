//! From effects to answers: what each table says, what all say together, and how sure that is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smallbatch_evidence::{
    self as evidence, Decision, Hypothesis, Interval, Look, Needed, RandomEffects, Scale,
    TableEffect, VarianceComponents, Verdict, decide, spread_interval, tau_interval,
};
use smallbatch_report::results::{self as report, Effect, LeftOutTableNote, TableAnswer, Variance};
use smallbatch_sweep::Facts;

use crate::Error;
use crate::design::{Claim, Design, Measure, Part, Question};
use crate::outlook::{Seen, beyond, outlook};
use crate::repetition::Effects;

/// The probability of any wrong primary answer.
pub(crate) const ERROR: f64 = 0.05;

/// All are ratios.
const SCALE: Scale = Scale::Ratio;

/// Which effect: of a claim, a question of it (the primary one is 0), a part, and a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) claim: usize,
    pub(crate) question: usize,
    pub(crate) part: usize,
    pub(crate) target: usize,
}

/// The effects of all repetitions that are complete: by table, in the order of repetitions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) tables: Vec<String>,
    /// What can be read off each.
    pub(crate) facts: Vec<Facts>,
    pub(crate) effects: BTreeMap<Key, Vec<Vec<Effects>>>,
}

/// All that was computed.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) answers: Vec<report::AnswerNote>,
    pub(crate) tables: Vec<TableAnswer>,
    pub(crate) left_out: Vec<LeftOutTableNote>,
    pub(crate) variance: Vec<Variance>,
    pub(crate) effects: Vec<Effect>,
}

/// One question at one target, with its effects.
struct Asked<'a> {
    claim: &'a Claim,
    question: &'a Question,
    is_primary: bool,
    /// The part of the way, where there is a target.
    target: Option<f64>,
    hypothesis: Hypothesis,
    parts: Vec<Answered<'a>>,
}

/// One part with what its tables say.
struct Answered<'a> {
    part: &'a Part,
    /// Of each table all repetitions, and whether it has an effect at all.
    tables: &'a [Vec<Effects>],
    counts: Vec<bool>,
}

/// Computes all answers. Questions are asked in the order of the design: a claim's primary one first, at all targets.
pub(crate) fn answers(design: &Design, evidence: &Evidence) -> Result<Answers, Error> {
    let mut asked = Vec::new();
    for (claim_index, claim) in design.claims.iter().enumerate() {
        for (question_index, (is_primary, question)) in claim.questions().enumerate() {
            for (target_index, target) in targets_of(design, question, is_primary)
                .into_iter()
                .enumerate()
            {
                let key = |part| Key {
                    claim: claim_index,
                    question: question_index,
                    part,
                    target: target_index,
                };
                let parts: Option<Vec<Answered<'_>>> = question
                    .parts
                    .iter()
                    .enumerate()
                    .map(|(index, part)| {
                        let tables = evidence.effects.get(&key(index))?;
                        Some(Answered::new(part, tables))
                    })
                    .collect();
                let Some(parts) = parts else { continue };
                asked.push(Asked {
                    claim,
                    question,
                    is_primary: is_primary && target_index == 0,
                    target,
                    hypothesis: question.hypothesis()?,
                    parts,
                });
            }
        }
    }
    let decisions = decisions(&asked, design)?;
    let mut found = Answers::default();
    for (asked, decision) in asked.iter().zip(decisions) {
        let (prediction, left_out) = asked.outlook(design, evidence)?.unzip();
        let mut answer = asked.answer(decision, prediction)?;
        if asked.target.is_some() {
            let ends = (answer.low, answer.high);
            (answer.low, answer.high) = beyond(design.rule.horizon as f64, ends);
        }
        found.answers.push(answer);
        asked.add_tables(&evidence.tables, &mut found)?;
        if asked.is_primary {
            found.left_out.extend(left_out.into_iter().flatten());
            found.variance.extend(asked.variance());
        }
    }
    found.answers.sort_by_key(|answer| !answer.primary);
    Ok(found)
}

/// The targets of a question: all of the rule for a primary one, the first for others.
pub(crate) fn targets_of(
    design: &Design,
    question: &Question,
    is_primary: bool,
) -> Vec<Option<f64>> {
    if !question.parts.iter().any(|part| part.measure.has_target()) {
        return vec![None];
    }
    let n = if is_primary {
        design.rule.targets.len()
    } else {
        1
    };
    design.rule.targets[..n].iter().copied().map(Some).collect()
}

/// Looks and Holm's correction: over the primary answers together, over each secondary one by itself.
fn decisions(asked: &[Asked<'_>], design: &Design) -> Result<Vec<Option<Decision>>, Error> {
    let looks = asked
        .iter()
        .map(Asked::looks)
        .collect::<Result<Vec<_>, _>>()?;
    let mut family: Vec<Vec<evidence::Answer>> = Vec::new();
    for (asked, looks) in asked.iter().zip(&looks) {
        if asked.is_primary {
            family.push(looks.clone());
        }
    }
    // What is counted has no p-value, and is one of the family all the same.
    let n_counted = design.claims.iter().filter(|claim| claim.memory.is_some());
    family.extend(n_counted.map(|_| Vec::new()));
    let mut primary = decide(&family, ERROR).into_iter();
    let of_one = |(asked, looks): (&Asked<'_>, &Vec<evidence::Answer>)| {
        if asked.is_primary {
            primary.next().flatten()
        } else {
            decide(std::slice::from_ref(looks), ERROR)[0]
        }
    };
    Ok(asked.iter().zip(&looks).map(of_one).collect())
}

impl<'a> Answered<'a> {
    fn new(part: &'a Part, tables: &'a [Vec<Effects>]) -> Self {
        // At least one side must have trained, in most repetitions.
        let has_effect = |repetitions: &Vec<Effects>| {
            let n_trained = repetitions
                .iter()
                .filter(|effects| effects.has_trained.contains(&true))
                .count();
            2 * n_trained > repetitions.len()
        };
        Self {
            counts: tables.iter().map(has_effect).collect(),
            part,
            tables,
        }
    }

    /// The means over pairs of the first so many repetitions, of the tables with an effect.
    fn repetitions(&self, at_most: usize) -> Vec<Vec<f64>> {
        let means = |repetitions: &Vec<Effects>| {
            repetitions
                .iter()
                .take(at_most)
                .map(mean_of_pairs)
                .collect()
        };
        self.tables
            .iter()
            .zip(&self.counts)
            .filter(|(_, counts)| **counts)
            .map(|(repetitions, _)| means(repetitions))
            .collect()
    }

    /// Each table's effect with its standard error: variances of few repetitions are moderated by those of the other tables.
    fn table_effects(&self, at_most: usize) -> Result<Vec<TableEffect>, Error> {
        let moderated = TableEffect::moderated(&self.repetitions(at_most))?;
        Ok(moderated.into_iter().flatten().collect())
    }

    /// The same in the order of all tables, those without an effect among them.
    fn effects_by_table(&self, at_most: usize) -> Result<Vec<Option<TableEffect>>, Error> {
        let mut moderated = TableEffect::moderated(&self.repetitions(at_most))?.into_iter();
        let of_table = |counts: &bool| counts.then(|| moderated.next().flatten()).flatten();
        Ok(self.counts.iter().map(of_table).collect())
    }

    /// Whether it is a mean over tables, not how much it differs between them.
    fn is_a_mean(&self) -> bool {
        self.part.measure != Measure::RightEpochsBetweenTables
    }

    /// The interval of a confidence over tables.
    fn interval(&self, at_most: usize, confidence: f64) -> Result<Interval, Error> {
        let unknown = Interval::new(None, 0.0, f64::INFINITY, SCALE, confidence);
        let effects: Vec<(f64, f64)> = self
            .table_effects(at_most)?
            .iter()
            .map(|table| (table.mean, table.standard_error))
            .collect();
        if !self.is_a_mean() {
            if effects.len() < 2 {
                return Ok(unknown);
            }
            return Ok(spread_interval(&effects, confidence, SCALE)?);
        }
        if let [alone] = self.table_effects(at_most)?.as_slice() {
            return Ok(alone.interval(confidence, SCALE));
        }
        let over_tables = RandomEffects::of(&effects)?;
        Ok(over_tables.map_or(unknown, |found| found.interval(confidence, SCALE)))
    }

    fn answer(&self, at_most: usize, hypothesis: &Hypothesis) -> Result<evidence::Answer, Error> {
        // Errors come with the numbers, not with the confidence: one try shows them.
        self.interval(at_most, 1.0 - ERROR)?;
        let unknown = Interval::new(None, 0.0, f64::INFINITY, SCALE, 1.0 - ERROR);
        let at = |confidence| self.interval(at_most, confidence).unwrap_or(unknown);
        Ok(evidence::Answer::of(at, hypothesis))
    }

    fn n_complete(&self) -> usize {
        self.tables.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn n_tables(&self) -> usize {
        self.counts.iter().filter(|counts| **counts).count()
    }
}

impl Asked<'_> {
    fn n_complete(&self) -> usize {
        let parts = self.parts.iter().map(Answered::n_complete);
        parts.min().unwrap_or(0)
    }

    /// The answer at each look that the complete repetitions allow. With fewer than the first look asks for, there is none.
    fn looks(&self) -> Result<Vec<evidence::Answer>, Error> {
        Look::up_to(self.n_complete())
            .map(|look| self.at(look.n_repetitions()))
            .collect()
    }

    fn at(&self, n_repetitions: usize) -> Result<evidence::Answer, Error> {
        let parts = self
            .parts
            .iter()
            .map(|part| part.answer(n_repetitions, &self.hypothesis))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(evidence::Answer::all(&parts))
    }

    /// The part whose effect is the answer: of several that must all be there, the smallest.
    fn smallest(&self, intervals: &[Interval]) -> usize {
        let estimate = |index: &usize| intervals[*index].estimate.unwrap_or(f64::INFINITY);
        (0..intervals.len())
            .min_by(|a, b| estimate(a).total_cmp(&estimate(b)))
            .unwrap_or(0)
    }

    /// What the tables let one expect of another: of several effects, of the smallest on each table. How much something differs between
    /// tables is not an effect on one.
    fn outlook(
        &self,
        design: &Design,
        evidence: &Evidence,
    ) -> Result<Option<(report::PredictionNote, Vec<LeftOutTableNote>)>, Error> {
        let parts = self.parts.iter().filter(|part| part.is_a_mean());
        let parts = parts
            .map(|part| part.effects_by_table(self.n_complete()))
            .collect::<Result<Vec<_>, _>>()?;
        // A table says something where it has all of them.
        let smallest = |table: usize| {
            let effects = parts.iter().map(|effects| effects[table]);
            let effects: Option<Vec<TableEffect>> = effects.collect();
            let by_mean = |a: &TableEffect, b: &TableEffect| a.mean.total_cmp(&b.mean);
            effects?.into_iter().min_by(by_mean)
        };
        let smallest = (0..evidence.tables.len()).map(smallest);
        let tables = evidence.tables.iter().zip(&evidence.facts);
        let seen: Vec<Seen<'_>> = tables
            .zip(smallest)
            .filter_map(|((table, facts), effect)| {
                Some(Seen {
                    table,
                    facts: *facts,
                    effect: effect?,
                })
            })
            .collect();
        let found = outlook(&self.claim.id, &seen, &self.hypothesis, SCALE)?;
        Ok(found.map(|(mut prediction, left_out)| {
            if self.target.is_some() {
                let ends = (prediction.low, prediction.high);
                let horizon = design.rule.horizon as f64;
                (prediction.low, prediction.high) = beyond(horizon, ends);
            }
            (prediction, left_out)
        }))
    }

    fn answer(
        &self,
        decision: Option<Decision>,
        prediction: Option<report::PredictionNote>,
    ) -> Result<report::AnswerNote, Error> {
        let all = self.n_complete();
        let intervals = self
            .parts
            .iter()
            .map(|part| part.interval(all, 1.0 - ERROR))
            .collect::<Result<Vec<_>, _>>()?;
        let chosen = self.smallest(&intervals);
        let (part, interval) = (&self.parts[chosen], intervals[chosen]);
        let effects = part.table_effects(all)?;
        let pairs: Vec<(f64, f64)> = effects
            .iter()
            .map(|table| (table.mean, table.standard_error))
            .collect();
        let over_tables = RandomEffects::of(&pairs)?;
        let tau = over_tables.as_ref().map(|found| found.tau);
        let [tau_low, tau_high] = match tau_interval(&pairs, 1.0 - ERROR) {
            Ok((low, high)) if pairs.len() > 2 => [Some(low), Some(high)],
            _ => [None; 2],
        };
        let verdict = decision.map_or(OPEN, |decision| decision.verdict);
        let needed = match verdict {
            Verdict::Inconclusive { .. } if effects.len() > 1 => Some(RandomEffects::needed(
                &effects,
                &self.hypothesis,
                ERROR,
                SCALE,
            )?),
            Verdict::Inconclusive { .. } => {
                Some(effects.first().map_or(Needed::Unknown, |table| {
                    table.needed(&self.hypothesis, ERROR, SCALE)
                }))
            }
            Verdict::Supported | Verdict::Refuted | Verdict::Equivalent => None,
        };
        let parts = if self.parts.len() > 1 {
            self.parts
                .iter()
                .zip(&intervals)
                .map(|(part, interval)| {
                    Ok(report::PartNote {
                        unit: self.claim.unit(part.part),
                        between_tables: !part.is_a_mean(),
                        estimate: interval.estimate,
                        low: interval.low,
                        high: interval.high,
                        verdict: part.answer(all, &self.hypothesis)?.at_level(ERROR),
                    })
                })
                .collect::<Result<_, Error>>()?
        } else {
            Vec::new()
        };
        let counted = part.tables.iter().flatten();
        Ok(report::AnswerNote {
            claim: self.claim.id.clone(),
            text: self.question.text.clone(),
            primary: self.is_primary,
            measure: part.part.measure.name().to_owned(),
            budget: part.part.measure.budget().to_owned(),
            target: self.target,
            unit: self.claim.unit(part.part),
            scale: SCALE,
            words: self.question.words.clone(),
            brief: self.question.brief.clone(),
            first: part.part.first.clone(),
            second: part.part.second.clone(),
            batch: part.part.batch,
            estimate: interval.estimate,
            low: interval.low,
            high: interval.high,
            hypothesis: self.question.hypothesis_in_words(),
            threshold: self.question.threshold(),
            same: self.question.is_sameness(),
            tau,
            tau_low,
            tau_high,
            prediction,
            n_tables: part.n_tables(),
            n_repetitions: all,
            n_censored: counted.clone().map(|effects| effects.n_censored).sum(),
            n_censored_second: counted
                .clone()
                .map(|effects| effects.n_censored_second)
                .sum(),
            n_pairs: counted.map(|effects| effects.pairs.len()).sum(),
            verdict,
            needed,
            p: decision.map(|decision| decision.p),
            p_corrected: decision
                .filter(|_| self.is_primary)
                .map(|decision| decision.p_holm),
            parts,
            note: match effects.len() {
                1 => {
                    "This is of one table, over its repetitions, and says nothing of others.".into()
                }
                2 => "Two tables say nothing of others.".into(),
                _ => String::new(),
            },
        })
    }

    fn add_tables(&self, names: &[String], found: &mut Answers) -> Result<(), Error> {
        for part in &self.parts {
            let counted = part.effects_by_table(self.n_complete())?;
            let tables = names.iter().zip(part.tables).zip(&part.counts).zip(counted);
            for (((name, repetitions), counts), counted) in tables {
                if repetitions.is_empty() {
                    continue;
                }
                let means: Vec<f64> = repetitions.iter().map(mean_of_pairs).collect();
                let interval = TableEffect::of(&means)?
                    .filter(|_| *counts)
                    .map(|effect| interval_on_a_table(&effect, repetitions));
                let n_fragile = repetitions.iter().filter(|effects| effects.is_fragile);
                found.tables.push(TableAnswer {
                    claim: self.claim.id.clone(),
                    primary: self.is_primary,
                    measure: part.part.measure.name().to_owned(),
                    unit: self.claim.unit(part.part),
                    target: self.target,
                    table: name.clone(),
                    estimate: interval.and_then(|interval| interval.estimate),
                    low: interval.map_or(0.0, |interval| interval.low),
                    high: interval.map_or(f64::INFINITY, |interval| interval.high),
                    n_repetitions: repetitions.len(),
                    n_censored: repetitions.iter().map(|effects| effects.n_censored).sum(),
                    n_censored_second: repetitions
                        .iter()
                        .map(|effects| effects.n_censored_second)
                        .sum(),
                    n_pairs: repetitions.iter().map(|effects| effects.pairs.len()).sum(),
                    standard_error: counted.map(|effect| effect.standard_error),
                    fragile: 2 * n_fragile.count() > repetitions.len(),
                    note: if *counts {
                        String::new()
                    } else {
                        "neither trained".into()
                    },
                });
                for (repetition, effects) in repetitions.iter().enumerate() {
                    found.effects.push(Effect {
                        claim: self.claim.id.clone(),
                        unit: self.claim.unit(part.part),
                        target: self.target,
                        table: name.clone(),
                        repetition,
                        pairs: effects.pairs.clone(),
                        n_censored: effects.n_censored,
                        is_measured: part.part.measure == Measure::SecondsToTarget,
                    });
                }
            }
        }
        Ok(())
    }

    fn variance(&self) -> Option<Variance> {
        let part = self.parts.first()?;
        let values: Vec<Vec<Vec<f64>>> = part
            .tables
            .iter()
            .zip(&part.counts)
            .filter(|(_, counts)| **counts)
            .map(|(repetitions, _)| {
                let pairs = repetitions.iter().map(|effects| effects.pairs.clone());
                pairs.collect()
            })
            .collect();
        let components = VarianceComponents::of(&values)?;
        Some(Variance {
            claim: self.claim.id.clone(),
            between_tables: components.between_tables,
            split_and_tuning: components.split_and_tuning,
            initialization_and_order: components.initialization_and_order,
        })
    }
}

/// Student's t over the repetitions. Where every pair is cut at the horizon, on the same side, they tell nothing of the spread, and the
/// effect is the horizon or more. But others might not be cut: with a confidence of 1 - α/2, n repetitions that all are leave up to a
/// share of 1 - (α/2)^(1/n) that is not, and those may show no effect at all. What is left of the horizon's logarithm is the bound.
fn interval_on_a_table(effect: &TableEffect, repetitions: &[Effects]) -> Interval {
    let interval = effect.interval(1.0 - ERROR, SCALE);
    let sum = |of: fn(&Effects) -> usize| repetitions.iter().map(of).sum::<usize>();
    let n_cut = sum(|effects| effects.n_censored);
    let n_second = sum(|effects| effects.n_censored_second);
    if n_cut < sum(|effects| effects.pairs.len()) || effect.standard_error > 0.0 {
        return interval;
    }
    let share = (ERROR / 2.0).powf(1.0 / repetitions.len().max(1) as f64);
    let bound = (share * effect.mean).exp();
    let (low, high) = if n_second == 0 {
        (bound, f64::INFINITY)
    } else {
        (0.0, bound)
    };
    Interval::new(Some(effect.mean.exp()), low, high, SCALE, 1.0 - ERROR)
}

const OPEN: Verdict = Verdict::Inconclusive { more_seeds: None };

fn mean_of_pairs(effects: &Effects) -> f64 {
    effects.pairs.iter().sum::<f64>() / effects.pairs.len().max(1) as f64
}
