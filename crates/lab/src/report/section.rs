//! The report's section on one experiment: what was asked and run, and what came out on each data set.

use super::html::{escape, scroll_start};
use super::page::{chip, experiments, heading};
use super::picture::COLOURS;
use super::{curves, tuning, words};
use crate::Error;
use crate::results::{ArmResult, BudgetSummary, ClaimResult, ExperimentNote, MemoryPoint, Results};

/// The section, with a heading for each data set.
pub(super) fn experiment(results: &Results, note: &ExperimentNote) -> Result<String, Error> {
    let name = &note.experiment;
    let index = experiments(results)
        .iter()
        .position(|other| other.experiment == *name);
    let identifier = format!("experiment-{}", index.unwrap_or_default());
    let arms: Vec<&ArmResult> = results
        .arms
        .iter()
        .filter(|arm| arm.experiment == *name)
        .collect();
    let mut html = format!(
        "<section id=\"{identifier}\">\n<h2>{}</h2>\n",
        escape(&heading(name))
    );
    html += &paragraph(&note.question, "");
    html += &paragraph(&note.method, " class=\"soft\"");
    let styles = arm_names(&arms);
    let mut tuned = Vec::new();
    let datasets = datasets(results, name);
    for (position, dataset) in datasets.iter().copied().enumerate() {
        let arms: Vec<(usize, &ArmResult)> = arms
            .iter()
            .filter(|arm| arm.dataset == dataset)
            .map(|arm| {
                (
                    styles.iter().position(|name| *name == arm.arm).unwrap_or(0),
                    *arm,
                )
            })
            .collect();
        let identifier = format!("{identifier}-{position}");
        html += &format!("<h3>{}</h3>\n", escape(dataset));
        html += &dataset_facts(results, name, dataset);
        html += &statements(results, name, |claim| claim.dataset == dataset);
        html += &omissions(results, name, dataset);
        html += &panels(&arms, &identifier)?;
        html += &memory(results, name, dataset);
        html += &numbers(&arms);
        if let Some(picture) = tuning::picture(&arms, &format!("{identifier}-rates"))? {
            tuned.push((dataset, picture, arms));
        }
    }
    let across = statements(results, name, |claim| {
        !datasets.contains(&claim.dataset.as_str())
    });
    if !across.is_empty() {
        html += &format!("<h3>Across data sets</h3>\n{across}");
    }
    html += &tuning_figure(&tuned);
    Ok(html + "</section>\n")
}

fn paragraph(text: &str, attributes: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("<p{attributes}>{}</p>\n", escape(text))
    }
}

/// The arms' names in the order of their first appearance: an arm looks the same on all data sets.
fn arm_names<'a>(arms: &[&'a ArmResult]) -> Vec<&'a str> {
    distinct(arms.iter().map(|arm| arm.arm.as_str()))
}

/// The data sets of an experiment: those of its arms, and those that it measured without any.
fn datasets<'a>(results: &'a Results, experiment: &str) -> Vec<&'a str> {
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

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    names.fold(Vec::new(), |mut seen, name| {
        if !seen.contains(&name) {
            seen.push(name);
        }
        seen
    })
}

fn dataset_facts(results: &Results, experiment: &str, dataset: &str) -> String {
    // Results of before the notes named their experiment have one note for all.
    let belongs = |of: &str| {
        results
            .datasets
            .iter()
            .find(|note| note.dataset == dataset && note.experiment == of)
    };
    let Some(note) = belongs(experiment).or_else(|| belongs("")) else {
        return String::new();
    };
    let text = format!(
        "{} samples ({} for training), {} features; target: {}. {}",
        words::count(note.samples as u64),
        words::count(note.training_samples as u64),
        words::count(note.features as u64),
        note.target,
        note.source
    );
    paragraph(&text, " class=\"soft small\"")
}

/// What some of the claims say, a sentence each.
fn statements(
    results: &Results,
    experiment: &str,
    wanted: impl Fn(&ClaimResult) -> bool,
) -> String {
    let items: String = results
        .claims
        .iter()
        .filter(|claim| claim.experiment == experiment && wanted(claim))
        .filter(|claim| !claim.statement.is_empty())
        .map(|claim| format!("<li>{} {}</li>\n", escape(&claim.statement), chip(claim)))
        .collect();
    if items.is_empty() {
        items
    } else {
        format!("<ul>\n{items}</ul>\n")
    }
}

/// What was left out on one data set, and why.
fn omissions(results: &Results, experiment: &str, dataset: &str) -> String {
    results
        .omissions
        .iter()
        .filter(|omission| omission.experiment == experiment && omission.dataset == dataset)
        .map(|omission| paragraph(&omission.reason, " class=\"note\""))
        .collect()
}

/// The pictures of the loss side by side, under one legend.
fn panels(arms: &[(usize, &ArmResult)], identifier: &str) -> Result<String, Error> {
    let pictures = curves::pictures(arms, identifier)?;
    if pictures.is_empty() {
        return Ok(String::new());
    }
    let panels: String = pictures
        .iter()
        .map(|(budget, picture)| {
            format!(
                "<figure class=\"panel\"><figcaption>Held equal: {}</figcaption>{picture}</figure>\n",
                escape(budget)
            )
        })
        .collect();
    Ok(format!(
        "<figure>\n{}<div class=\"panels\">\n{panels}</div>\n<figcaption>Loss along training. Each picture shows the \
         runs of its own budget, whose learning rates were tuned for it. Lines are medians over seeds, bands their \
         spread; a cross marks where the median run diverged.</figcaption>\n</figure>\n",
        legend(arms)
    ))
}

/// What was measured of the memory on one data set: a row for each number of samples, a column for each way.
fn memory(results: &Results, experiment: &str, dataset: &str) -> String {
    let points: Vec<&MemoryPoint> = results
        .memory
        .iter()
        .filter(|point| point.dataset == dataset)
        .collect();
    if points.is_empty() || experiment != crate::results::MEMORY {
        return String::new();
    }
    let ways = distinct(points.iter().map(|point| point.way.as_str()));
    let mut sizes: Vec<usize> = points.iter().map(|point| point.samples).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut html = scroll_start("Peak memory of training by the number of samples");
    html += "<thead><tr><th scope=\"col\" class=\"n\">samples</th>";
    for way in &ways {
        html += &format!("<th scope=\"col\" class=\"n\">{}, kB</th>", escape(way));
    }
    html += "</tr></thead>\n<tbody>";
    for size in sizes {
        html += &format!(
            "<tr><th scope=\"row\" class=\"n\">{}</th>",
            words::count(size as u64)
        );
        for way in &ways {
            let bytes = points
                .iter()
                .find(|point| point.samples == size && point.way == *way)
                .map(|point| point.bytes / 1024.0);
            html += &format!("<td class=\"n\">{}</td>", words::optional(bytes));
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n<p class=\"small soft\">Peak resident memory of the process over what it was with the data \
            loaded, the median of the measurements.</p>\n"
}

fn legend(arms: &[(usize, &ArmResult)]) -> String {
    let items: String = arms
        .iter()
        .map(|(style, arm)| {
            // The same units as in the pictures, five to a pixel, so that the dashes are the same.
            format!(
                "<li><svg viewBox=\"0 0 200 60\" aria-hidden=\"true\"><polyline class=\"stroke-c{}\" \
                 fill=\"none\" stroke-width=\"12\" points=\"0,30 200,30\"/></svg>{}</li>",
                style % COLOURS.len(),
                escape(&arm.arm)
            )
        })
        .collect();
    format!("<ul class=\"legend\">{items}</ul>\n")
}

/// The arms' medians, folded away.
fn numbers(arms: &[(usize, &ArmResult)]) -> String {
    if arms.iter().all(|(_, arm)| arm.budgets.is_empty()) {
        return String::new();
    }
    let metric = arms
        .iter()
        .flat_map(|(_, arm)| &arm.budgets)
        .map(|budget| budget.metric_name.as_str())
        .find(|name| !name.is_empty())
        .unwrap_or("metric");
    let mut html = String::from("<details><summary>The numbers</summary>\n");
    html += &scroll_start("Settings and medians of each arm");
    html += &format!(
        "<thead><tr><th scope=\"col\">arm</th><th scope=\"col\">held equal</th>\
         <th scope=\"col\" class=\"n\">learning rate</th><th scope=\"col\" class=\"n\">training loss</th>\
         <th scope=\"col\" class=\"n\">validation loss</th><th scope=\"col\" class=\"n\">test loss</th>\
         <th scope=\"col\" class=\"n\">test {}</th><th scope=\"col\" class=\"n\">updates to target</th>\
         <th scope=\"col\" class=\"n\">seconds to target</th><th scope=\"col\" class=\"n\">reached</th>\
         <th scope=\"col\" class=\"n\">diverged</th></tr></thead>\n",
        escape(metric)
    );
    for (_, arm) in arms {
        html += "<tbody>";
        for (row, budget) in arm.budgets.iter().enumerate() {
            if row == 0 {
                let rows = arm.budgets.len();
                html += &format!(
                    "<tr><th scope=\"rowgroup\" rowspan=\"{rows}\">{}</th>",
                    escape(&arm.arm)
                );
            } else {
                html += "<tr>";
            }
            html += &numbers_row(budget, arm.target_loss.is_some());
        }
        html += "</tbody>\n";
    }
    html += "</table></div>\n<p class=\"small soft\">Medians over seeds; a dash where the median run diverged \
             or did not reach the target.</p></details>\n";
    html
}

/// The cells of one row after the arm's name.
fn numbers_row(budget: &BudgetSummary, has_target: bool) -> String {
    let reached = if has_target {
        format!("{} of {}", budget.reached, budget.runs)
    } else {
        "–".into()
    };
    let cell = |text: String| format!("<td class=\"n\">{text}</td>");
    let number = |value: Option<f64>| cell(words::optional(value));
    format!(
        "<td>{}</td>{}{}{}{}{}{}{}<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        escape(&budget.budget),
        cell(words::setting(budget.learning_rate)),
        number(budget.training_loss),
        number(budget.validation_loss),
        number(budget.test_loss),
        number(budget.metric),
        cell(
            budget
                .updates_to_target
                .map_or_else(|| "–".into(), words::whole)
        ),
        number(budget.seconds_to_target),
        reached,
        budget.diverged,
    )
}

/// A data set, its tuning picture, and the arms in it with their styles.
type Tuned<'a> = (&'a str, String, Vec<(usize, &'a ArmResult)>);

/// How the learning rates were found, one picture a data set.
fn tuning_figure(tuned: &[Tuned<'_>]) -> String {
    let Some((_, _, arms)) = tuned.first() else {
        return String::new();
    };
    let panels: String = tuned
        .iter()
        .map(|(dataset, picture, _)| {
            format!(
                "<figure class=\"panel\"><figcaption>{}</figcaption>{picture}</figure>\n",
                escape(dataset)
            )
        })
        .collect();
    let remarks: String = tuned
        .iter()
        .flat_map(|(dataset, _, arms)| {
            let remarks = tuning::remarks(arms).into_iter();
            remarks.map(move |remark| {
                format!("<li>{}</li>\n", escape(&format!("{dataset}: {remark}")))
            })
        })
        .collect();
    let remarks = if remarks.is_empty() {
        remarks
    } else {
        format!("<p>Not to be relied on:</p>\n<ul class=\"small\">\n{remarks}</ul>\n")
    };
    let budget = tuning::budget(arms).map_or_else(String::new, |budget| {
        format!(" Held equal: {}.", escape(budget))
    });
    format!(
        "<h3>How the learning rates were found</h3>\n<figure>\n{}<div class=\"panels\">\n{panels}</div>\n\
         <figcaption>Median validation loss over the tuning seeds. A ring marks the chosen rate, a \
         cross at the top a rate that diverged.{budget}</figcaption>\n</figure>\n{remarks}",
        legend(arms)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{DatasetNote, Omission, OmissionKind};

    #[test]
    fn an_experiment_without_arms_shows_what_it_measured_and_what_it_could_not() {
        let mut results = Results::default();
        let note = ExperimentNote {
            experiment: crate::results::MEMORY.into(),
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
        let html = experiment(&results, &note).expect("a section");
        for text in ["40,000 samples", ">20,000</th>", ">500</td>", "too dark"] {
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
        let of = |results: &Results, at: usize| experiment(results, &results.experiments[at]);
        let (first, second) = (of(&results, 0), of(&results, 1));
        let (first, second) = (first.expect("a section"), second.expect("a section"));
        assert!(first.contains("107 for training") && !first.contains("55 for training"));
        assert!(second.contains("55 for training") && !second.contains("107 for training"));
        assert!(second.contains("Across data sets") && second.contains("Longer on one"));
    }

    #[test]
    fn seconds_are_not_drawn_from_runs_that_were_not_timed() {
        let mut results = crate::report::fixture::results();
        let of = |results: &Results| experiment(results, &results.experiments[0]).expect("html");
        assert!(of(&results).contains("against seconds"));
        for arm in &mut results.arms {
            arm.curves.retain(|curve| curve.budget != "seconds");
        }
        let untimed = of(&results);
        assert!(untimed.contains("against updates") && !untimed.contains("against seconds"));
    }
}
