//! The report's section on one experiment: what was asked and run, and the numbers of each data set.

use super::content::{Block, Column, Figure, Group, Section, Span, Table, Text, Tone, plain};
use super::document::background;
use super::{claim, curves, tuning, words};
use crate::Error;
use crate::results::{
    ArmResult, BudgetSummary, ClaimResult, DatasetNote, ExperimentNote, MemoryPoint, Results,
};

/// The section with a number, from 0, and a heading for each data set. It draws the curves of the loss where no claim's page did.
pub(super) fn experiment(
    results: &Results,
    note: &ExperimentNote,
    number: usize,
    draws_curves: bool,
) -> Result<Section, Error> {
    let name = &note.experiment;
    let identifier = format!("experiment-{number}");
    let mut blocks = Vec::new();
    blocks.extend(Block::words(Tone::Plain, note.question.clone()));
    blocks.extend(Block::words(Tone::Soft, note.method.clone()));
    let datasets = datasets(results, name);
    for (position, dataset) in datasets.iter().copied().enumerate() {
        blocks.push(Block::Heading(dataset.to_owned()));
        blocks.extend(facts(results, name, dataset));
        let omissions = results
            .omissions
            .iter()
            .filter(|omission| omission.experiment == *name && omission.dataset == dataset);
        blocks.extend(
            omissions.filter_map(|omission| Block::words(Tone::Note, omission.reason.clone())),
        );
        let arms = styled(results, name, dataset);
        blocks.extend(rates(&arms, &format!("{identifier}-{position}"))?);
        blocks.extend(memory(results, name, dataset));
        blocks.extend(numbers(&arms));
    }
    if draws_curves {
        let figures = curves::figures(results, name, &format!("{identifier}-loss"))?;
        blocks.extend(figures.into_iter().filter_map(Block::figure));
    }
    let across: Vec<Text> = results
        .claims
        .iter()
        .filter(|claim| claim.experiment == *name && !datasets.contains(&claim.dataset.as_str()))
        .filter(|claim| !claim.statement.is_empty())
        .map(statement)
        .collect();
    if !across.is_empty() {
        blocks.push(Block::Heading("Across data sets".into()));
        blocks.push(Block::List(across));
    }
    Ok(background(
        &identifier,
        &format!("Experiment: {}", heading(name)),
        blocks,
    ))
}

fn statement(claim: &ClaimResult) -> Text {
    vec![
        Span::Plain(format!("{} ", claim.statement)),
        claim::verdict(claim),
    ]
}

/// The experiments in the report's order: those with a note, then others that have arms.
pub(super) fn experiments(results: &Results) -> Vec<ExperimentNote> {
    let mut notes = results.experiments.clone();
    for arm in &results.arms {
        if notes.iter().all(|note| note.experiment != arm.experiment) {
            notes.push(ExperimentNote {
                experiment: arm.experiment.clone(),
                ..Default::default()
            });
        }
    }
    notes
}

/// The place of an experiment among them.
pub(super) fn number(results: &Results, experiment: &str) -> usize {
    let experiments = experiments(results);
    experiments
        .iter()
        .position(|note| note.experiment == experiment)
        .unwrap_or(experiments.len())
}

/// `batch-size` as a heading: "batch size".
fn heading(name: &str) -> String {
    name.replace(['-', '_'], " ")
}

/// The data sets of an experiment: those of its arms, and those that it measured without any.
pub(super) fn datasets<'a>(results: &'a Results, experiment: &str) -> Vec<&'a str> {
    let of_arms = results
        .arms
        .iter()
        .filter(|arm| arm.experiment == experiment)
        .map(|arm| arm.dataset.as_str());
    let of_notes = results
        .datasets
        .iter()
        .filter(|note| note.experiment == experiment)
        .map(|note| note.dataset.as_str());
    distinct(of_arms.chain(of_notes))
}

/// Each name once, in the order of their first appearance.
pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    names.fold(Vec::new(), |mut seen, name| {
        if !seen.contains(&name) {
            seen.push(name);
        }
        seen
    })
}

/// The arms of an experiment on a data set with their styles: an arm looks the same on all data sets.
pub(super) fn styled<'a>(
    results: &'a Results,
    experiment: &str,
    dataset: &str,
) -> Vec<(usize, &'a ArmResult)> {
    let of = || {
        results
            .arms
            .iter()
            .filter(|arm| arm.experiment == experiment)
    };
    let names = distinct(of().map(|arm| arm.arm.as_str()));
    of().filter(|arm| arm.dataset == dataset)
        .map(|arm| {
            (
                names.iter().position(|name| *name == arm.arm).unwrap_or(0),
                arm,
            )
        })
        .collect()
}

/// The legend of some arms.
pub(super) fn legend(arms: &[(usize, &ArmResult)]) -> Vec<(usize, String)> {
    arms.iter()
        .map(|(style, arm)| (*style, arm.arm.clone()))
        .collect()
}

/// What is noted of a data set in an experiment. Results of before the notes named their experiment have one note for all.
pub(super) fn note<'a>(
    results: &'a Results,
    experiment: &str,
    dataset: &str,
) -> Option<&'a DatasetNote> {
    let of = |name: &str| {
        results
            .datasets
            .iter()
            .find(|note| note.dataset == dataset && note.experiment == name)
    };
    of(experiment).or_else(|| of(""))
}

fn facts(results: &Results, experiment: &str, dataset: &str) -> Option<Block> {
    let note = note(results, experiment, dataset)?;
    let text = format!(
        "{} samples ({} for training), {} features; target: {}. {}",
        words::count(note.samples as u64),
        words::count(note.training_samples as u64),
        words::count(note.features as u64),
        note.target,
        note.source
    );
    Block::words(Tone::Small, text)
}

/// What was measured of the memory on one data set: a row for each number of samples, a column for each way.
fn memory(results: &Results, experiment: &str, dataset: &str) -> Option<Block> {
    let points: Vec<&MemoryPoint> = results
        .memory
        .iter()
        .filter(|point| point.experiment == experiment && point.dataset == dataset)
        .collect();
    if points.is_empty() {
        return None;
    }
    let ways = distinct(points.iter().map(|point| point.way.as_str()));
    let mut sizes: Vec<usize> = points.iter().map(|point| point.samples).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let row = |size: usize| {
        let bytes = |way: &&str| {
            let point = points
                .iter()
                .find(|point| point.samples == size && point.way == **way);
            plain(words::optional(point.map(|point| point.bytes / 1e6)))
        };
        let mut row = vec![plain(words::count(size as u64))];
        row.extend(ways.iter().map(bytes));
        row
    };
    let mut columns = vec![Column::number("samples")];
    columns.extend(ways.iter().map(|way| Column::number(format!("{way}, MB"))));
    Some(Block::Table(Table {
        label: "Peak memory of training by the number of samples".into(),
        columns,
        groups: vec![Group {
            rows: sizes.into_iter().map(row).collect(),
            ..Group::default()
        }],
    }))
}

/// The arms' medians, folded away.
fn numbers(arms: &[(usize, &ArmResult)]) -> Option<Block> {
    if arms.iter().all(|(_, arm)| arm.budgets.is_empty()) {
        return None;
    }
    let metric = arms
        .iter()
        .flat_map(|(_, arm)| &arm.budgets)
        .map(|budget| budget.metric_name.as_str())
        .find(|name| !name.is_empty())
        .unwrap_or("metric");
    let mut columns = vec![Column::text("arm"), Column::text("held equal")];
    let names = [
        "learning rate",
        "training loss",
        "validation loss",
        "test loss",
    ]
    .map(str::to_owned);
    let rest = [
        "updates to target",
        "seconds to target",
        "reached",
        "diverged",
    ]
    .map(str::to_owned);
    columns.extend(
        names
            .into_iter()
            .chain([format!("test {metric}")])
            .chain(rest)
            .map(Column::number),
    );
    let groups = arms
        .iter()
        .map(|(_, arm)| Group {
            rows: arm
                .budgets
                .iter()
                .map(|budget| numbers_row(arm, budget))
                .collect(),
            ..Group::default()
        })
        .collect();
    let table = Table {
        label: "Settings and medians of each arm".into(),
        columns,
        groups,
    };
    let below =
        "Medians over seeds; a dash where the median run diverged or did not reach the target.";
    let mut blocks = vec![Block::Table(table)];
    blocks.extend(Block::words(Tone::Small, below));
    Some(Block::Folded("The numbers of each arm".into(), blocks))
}

fn numbers_row(arm: &ArmResult, budget: &BudgetSummary) -> Vec<Text> {
    let reached = if arm.target_loss.is_some() {
        format!("{} of {}", budget.reached, budget.runs)
    } else {
        "–".into()
    };
    [
        arm.arm.clone(),
        budget.budget.clone(),
        words::setting(budget.learning_rate),
        words::optional(budget.training_loss),
        words::optional(budget.validation_loss),
        words::optional(budget.test_loss),
        words::optional(budget.metric),
        budget
            .updates_to_target
            .map_or_else(|| "–".into(), words::whole),
        words::optional(budget.seconds_to_target),
        reached,
        budget.diverged.to_string(),
    ]
    .map(plain)
    .into()
}

/// The validation loss against the learning rate, a picture for each budget, and how wide the usable range is.
fn rates(arms: &[(usize, &ArmResult)], identifier: &str) -> Result<Vec<Block>, Error> {
    let budgets = tuning::budgets(arms);
    let mut panels = Vec::new();
    let mut rows = Vec::new();
    for (position, budget) in budgets.iter().enumerate() {
        let drawing = tuning::picture(arms, budget, &format!("{identifier}-rates-{position}"))?;
        panels.push((format!("Equal {budget}"), drawing));
        for (_, arm) in arms {
            if let Some((low, high)) = tuning::usable(arm, budget) {
                let range = [
                    words::setting(low),
                    words::setting(high),
                    format!("{}×", words::setting(high / low)),
                ];
                rows.push(
                    [arm.arm.clone(), (*budget).to_owned()]
                        .into_iter()
                        .chain(range)
                        .map(plain)
                        .collect(),
                );
            }
        }
    }
    let figure = Figure {
        solid: false,
        legend: legend(arms),
        panels,
        caption: "How the learning rates were found: the median validation loss at the budget's end over the tuning runs, against \
                  the rate. A ring marks the chosen rate, a cross at the top a rate that diverged, a speck one that was given up on \
                  fewer runs, since it could not be chosen any more."
            .into(),
    };
    let mut blocks: Vec<Block> = Block::figure(figure).into_iter().collect();
    if !rows.is_empty() {
        let table = Table {
            label: "The range of usable learning rates".into(),
            columns: vec![
                Column::text("arm"),
                Column::text("held equal"),
                Column::number("lowest usable"),
                Column::number("highest usable"),
                Column::number("width"),
            ],
            groups: vec![Group {
                rows,
                ..Group::default()
            }],
        };
        let mut inside = vec![Block::Table(table)];
        inside.extend(Block::words(
            Tone::Small,
            "Rates whose validation loss is at most a tenth above the least of the arm. Only rates that were tried count, so a range \
             that ends at the grid's edge may be wider.",
        ));
        blocks.push(Block::Folded(
            "How wide is the range of usable rates?".into(),
            inside,
        ));
    }
    let remarks: Vec<Text> = tuning::remarks(arms).into_iter().map(plain).collect();
    if !remarks.is_empty() {
        let title = format!("Rates that are not to be relied on ({})", remarks.len());
        blocks.push(Block::Folded(title, vec![Block::List(remarks)]));
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{DatasetNote, Omission, OmissionKind};

    fn told(results: &Results, note: &ExperimentNote) -> String {
        let section = experiment(results, note, 0, true).expect("a section");
        format!("{section:?}")
    }

    #[test]
    fn an_experiment_without_arms_shows_what_it_measured_and_what_it_could_not() {
        let mut results = Results::default();
        let note = ExperimentNote {
            experiment: "memory".into(),
            ..ExperimentNote::default()
        };
        results.experiments.push(note.clone());
        results.datasets.push(DatasetNote {
            experiment: note.experiment.clone(),
            dataset: "digits".into(),
            samples: 40_000,
            ..DatasetNote::default()
        });
        for samples in [10_000, 20_000] {
            results.memory.push(MemoryPoint {
                experiment: note.experiment.clone(),
                dataset: "digits".into(),
                way: "batch 32".into(),
                samples,
                bytes: 512_000.0,
            });
        }
        results.omissions.push(Omission {
            experiment: note.experiment.clone(),
            dataset: "digits".into(),
            claim: None,
            kind: OmissionKind::NotMeasurableHere,
            reason: "It was too dark.".into(),
        });
        let html = told(&results, &note);
        for text in ["40,000 samples", "\"20,000\"", "\"0.512\"", "too dark"] {
            assert!(html.contains(text), "{text} is not in\n{html}");
        }
    }

    #[test]
    fn facts_are_those_of_the_experiment_and_claims_across_data_sets_are_told() {
        let mut results = crate::report::fixture::results();
        let mut of_another = results.datasets[0].clone();
        (of_another.experiment, of_another.training_samples) = ("batch-size".into(), 55);
        results.datasets.push(of_another);
        let mut across = results.claims[0].clone();
        (across.experiment, across.dataset) = ("batch-size".into(), "airfoil / wine".into());
        across.statement = "Longer on one than on the other.".into();
        results.claims.push(across);
        let of = |results: &Results, at: usize| told(results, &results.experiments[at]);
        let (first, second) = (of(&results, 0), of(&results, 1));
        assert!(first.contains("107 for training") && !first.contains("55 for training"));
        assert!(second.contains("55 for training") && !second.contains("107 for training"));
        assert!(second.contains("Across data sets") && second.contains("Longer on one"));
    }

    #[test]
    fn seconds_are_not_drawn_from_runs_that_were_not_timed() {
        let mut results = crate::report::fixture::results();
        let of = |results: &Results| crate::report::html(results).expect("html");
        assert!(of(&results).contains("against seconds"));
        for arm in &mut results.arms {
            arm.curves.retain(|curve| curve.budget != "seconds");
        }
        let untimed = of(&results);
        assert!(untimed.contains("against updates") && !untimed.contains("against seconds"));
    }
}
