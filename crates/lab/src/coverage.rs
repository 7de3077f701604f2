//! Do the intervals hold when the experiment is repeated? By repeating it whole, with other base seeds.

use std::collections::BTreeMap;
use std::fmt;

use smallbatch_evidence::{Interval, MutualCoverage, Scale, Verdict};
use smallbatch_report::results::Results;

use crate::replication::contradict;

/// What many runs of one design say of its intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// How many runs.
    pub n_runs: usize,
    /// Each question, over its tables.
    pub rows: Vec<CoverageRow>,
    /// All intervals on tables together.
    pub all: Option<MutualCoverage>,
    /// Primary answers that were supported in one run and refuted in another.
    pub contradictions: Vec<String>,
    /// How often each primary answer had which verdict.
    pub verdicts: BTreeMap<String, BTreeMap<&'static str, usize>>,
}

/// The intervals of one question.
#[derive(Clone, Debug, PartialEq)]
pub struct CoverageRow {
    /// The claim's name.
    pub claim: String,
    /// What the numbers are.
    pub unit: String,
    /// Whether it is the primary question.
    pub primary: bool,
    /// The intervals on its tables.
    pub tables: MutualCoverage,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} runs of one design with other base seeds",
            self.n_runs
        )?;
        writeln!(
            f,
            "covered: the interval on a table contains the mean of the other runs' estimates"
        )?;
        writeln!(
            f,
            "width: half the interval, in standard deviations of those estimates (median)\n"
        )?;
        writeln!(f, "| claim | what | covered | of | share | width |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        let mut row = |claim: &str, unit: &str, found: &MutualCoverage| {
            writeln!(
                f,
                "| {claim} | {unit} | {} | {} | {:.1} % | {:.2} |",
                found.covered,
                found.cases,
                100.0 * found.share(),
                found.half_width_in_deviations
            )
        };
        for CoverageRow {
            claim,
            unit,
            tables,
            ..
        } in &self.rows
        {
            row(claim, unit, tables)?;
        }
        if let Some(all) = &self.all {
            row("all", "", all)?;
        }
        writeln!(f, "\n| claim | verdicts |\n|---|---|")?;
        for (claim, counts) in &self.verdicts {
            let counts: Vec<String> = counts
                .iter()
                .map(|(verdict, n)| format!("{n} {verdict}"))
                .collect();
            writeln!(f, "| {claim} | {} |", counts.join(", "))?;
        }
        match self.contradictions.as_slice() {
            [] => write!(
                f,
                "\nNo primary answer was supported in one run and refuted in another."
            ),
            some => write!(f, "\nContradictions: {}", some.join(", ")),
        }
    }
}

/// Which question, at which target, of which table.
type Case = (String, String, String, Option<u64>, bool);

/// Computes it from the results of runs that differ in their base seed alone. "Covered" is an interval of one run that contains the mean of
/// the others' estimates.
pub fn coverage(runs: &[Results]) -> Coverage {
    let mut cases: BTreeMap<Case, Vec<Interval>> = BTreeMap::new();
    let mut verdicts: BTreeMap<String, Vec<Verdict>> = BTreeMap::new();
    for results in runs {
        for table in &results.tables {
            let case = (
                table.claim.clone(),
                table.unit.clone(),
                table.table.clone(),
                table.target.map(f64::to_bits),
                table.primary,
            );
            if table.estimate.is_some() {
                let interval =
                    Interval::new(table.estimate, table.low, table.high, Scale::Ratio, 0.95);
                cases.entry(case).or_default().push(interval);
            }
        }
        for answer in results.answers.iter().filter(|answer| answer.primary) {
            let entry = verdicts.entry(answer.claim.clone()).or_default();
            entry.push(answer.verdict);
        }
    }
    let mut rows: BTreeMap<(String, String, bool), Vec<MutualCoverage>> = BTreeMap::new();
    for ((claim, unit, _, _, primary), intervals) in &cases {
        if let Some(found) = MutualCoverage::of(intervals) {
            let row = rows.entry((claim.clone(), unit.clone(), *primary));
            row.or_default().push(found);
        }
    }
    let all: Vec<MutualCoverage> = rows.values().flatten().copied().collect();
    let contradictions = verdicts.iter().filter(|(_, verdicts)| {
        let mut pairs = verdicts
            .iter()
            .flat_map(|one| verdicts.iter().map(move |other| (one, other)));
        pairs.any(|(one, other)| contradict(*one, *other))
    });
    Coverage {
        n_runs: runs.len(),
        contradictions: contradictions.map(|(claim, _)| claim.clone()).collect(),
        rows: rows
            .into_iter()
            .filter_map(|((claim, unit, primary), parts)| {
                Some(CoverageRow {
                    claim,
                    unit,
                    primary,
                    tables: MutualCoverage::merge(&parts)?,
                })
            })
            .collect(),
        all: MutualCoverage::merge(&all),
        verdicts: verdicts
            .into_iter()
            .map(|(claim, verdicts)| {
                let mut counts = BTreeMap::new();
                for verdict in verdicts {
                    *counts.entry(verdict.name()).or_insert(0) += 1;
                }
                (claim, counts)
            })
            .collect(),
    }
}
