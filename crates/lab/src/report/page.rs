//! The report as one page: sections in the order of a reader's questions.
//!
//! Each section is one function from the results to its HTML, so that a new section is one more
//! function. Every text that comes from the results goes through [`escape`].

use super::html::escape;
use super::picture::COLOURS;
use super::table::grouped;
use super::{curves, tuning, words};
use crate::Error;
use crate::results::{ArmResult, BudgetSummary, ClaimResult, Environment, ExperimentNote, Results};
use crate::statistics::{Direction, Verdict};

const STYLE: &str = include_str!("style.css");

/// The whole document.
pub(super) fn page(results: &Results) -> Result<String, Error> {
    let experiments = experiments(results);
    let mut body = String::new();
    body += &header(results, &experiments);
    body += "<main>\n";
    body += &claims(&results.claims);
    for experiment in &experiments {
        body += &experiment_section(results, experiment)?;
    }
    body += &method(results);
    body += &environment(&results.environment);
    body += &repeat(&results.environment);
    body += "</main>\n";
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Normalization and batch size: what the runs say</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <footer>Made by smallbatch from <code>results.json</code>, layout {}. \
         Nothing on this page comes from a network.</footer>\n</body>\n</html>\n",
        results.schema_version
    ))
}

/// The experiments in the report's order: those with a note, then others that have arms.
fn experiments(results: &Results) -> Vec<ExperimentNote> {
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

fn header(results: &Results, experiments: &[ExperimentNote]) -> String {
    let environment = &results.environment;
    let mut facts = Vec::new();
    if environment.started_unix_seconds > 0 {
        facts.push(words::moment(environment.started_unix_seconds));
    }
    if !environment.processor.is_empty() {
        facts.push(environment.processor.clone());
    }
    if !environment.seeds.is_empty() {
        facts.push(format!("{} seeds", environment.seeds.len()));
    }
    let sentences: String = words::answer(results)
        .iter()
        .map(|sentence| format!("<p>{}</p>", escape(sentence)))
        .collect();
    let quick = if environment.quick {
        "<p class=\"note\">This was the quick version: few seeds and small budgets. \
         Leave out <code>--quick</code> for a firmer answer.</p>\n"
    } else {
        ""
    };
    let links: String = experiments
        .iter()
        .enumerate()
        .map(|(index, note)| link(&format!("experiment-{index}"), &heading(&note.experiment)))
        .collect();
    format!(
        "<header>\n<h1>Normalization and batch size: what the runs say</h1>\n\
         <p class=\"soft\">{}</p>\n<div class=\"answer\">{sentences}</div>\n{quick}\
         <nav aria-label=\"Sections\"><ul>{}{links}{}{}{}</ul></nav>\n</header>\n",
        escape(&facts.join(" · ")),
        link("claims", "Claims"),
        link("method", "Method"),
        link("environment", "Environment"),
        link("repeat", "How to repeat it"),
    )
}

fn link(target: &str, text: &str) -> String {
    format!("<li><a href=\"#{target}\">{}</a></li>", escape(text))
}

/// `batch-size` as a heading: "Batch size".
fn heading(name: &str) -> String {
    let spaced = name.replace(['-', '_'], " ");
    let mut characters = spaced.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

fn claims(claims: &[ClaimResult]) -> String {
    let mut html = String::from("<section id=\"claims\">\n<h2>The claims</h2>\n");
    if claims.is_empty() {
        return html + "<p>No claim was tested.</p>\n</section>\n";
    }
    html += "<p>An effect is estimated from pairs of runs with the same seed. The verdict follows \
             from its interval alone: <a href=\"#method\">how</a>.</p>\n";
    html += &scroll_start("Claims with effect and verdict");
    html += "<thead><tr><th scope=\"col\">data set</th><th scope=\"col\">held equal</th>\
             <th scope=\"col\">effect [interval]</th><th scope=\"col\">verdict</th>\
             <th scope=\"col\" class=\"n\">pairs</th></tr></thead>\n";
    for group in grouped(claims, |claim| &claim.id) {
        html += &format!(
            "<tbody><tr class=\"group\"><th colspan=\"5\" scope=\"rowgroup\"><span><code>{}</code> {}\
             </span></th></tr></tbody>\n",
            escape(&group[0].id),
            escape(&group[0].claim)
        );
        for claims in grouped(group, |claim| &claim.effect.unit) {
            html += &format!(
                "<tbody class=\"units\"><tr class=\"unit\"><th colspan=\"5\" scope=\"rowgroup\"><span>{}</span></th></tr>\n",
                escape(&claims[0].effect.unit)
            );
            claims.iter().for_each(|claim| html += &claim_row(claim));
            html += "</tbody>\n";
        }
    }
    html + "</table></div>\n</section>\n"
}

fn claim_row(claim: &ClaimResult) -> String {
    let censored = match claim.censored {
        0 => String::new(),
        censored => format!(" ({censored} cut off)"),
    };
    format!(
        "<tr><td>{}</td><td>{}</td><td>{} <span class=\"soft interval\">{}</span></td><td class=\"wrap\">{}</td>\
         <td class=\"n\">{}{censored}</td></tr>\n",
        escape(&claim.dataset),
        escape(&claim.budget),
        words::estimate(&claim.effect),
        words::interval(&claim.effect),
        chip(claim),
        claim.pairs,
    )
}

/// The verdict with a sign, so that it is told by more than its colour.
fn chip(claim: &ClaimResult) -> String {
    let sign = match claim.verdict {
        Verdict::Supported => "✓",
        Verdict::Refuted => "✗",
        Verdict::Equivalent => "≈",
        Verdict::Inconclusive { .. } => "?",
    };
    let remark = match claim.verdict {
        Verdict::Equivalent if claim.hypothesis.direction() == Direction::Same => ", as claimed",
        _ => "",
    };
    format!(
        "<span class=\"verdict {}\"><span aria-hidden=\"true\">{sign}\u{a0}</span>{}{remark}</span>",
        claim.verdict.name(),
        words::verdict(&claim.verdict)
    )
}

fn experiment_section(results: &Results, note: &ExperimentNote) -> Result<String, Error> {
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
    for (position, dataset) in datasets(&arms).into_iter().enumerate() {
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
        html += &dataset_facts(results, dataset);
        html += &statements(results, name, dataset);
        html += &panels(&arms, &identifier)?;
        html += &numbers(&arms);
        if let Some(picture) = tuning::picture(&arms, &format!("{identifier}-rates"))? {
            tuned.push((dataset, picture, arms));
        }
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

fn datasets<'a>(arms: &[&'a ArmResult]) -> Vec<&'a str> {
    distinct(arms.iter().map(|arm| arm.dataset.as_str()))
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    names.fold(Vec::new(), |mut seen, name| {
        if !seen.contains(&name) {
            seen.push(name);
        }
        seen
    })
}

fn dataset_facts(results: &Results, dataset: &str) -> String {
    let Some(note) = results.datasets.iter().find(|note| note.dataset == dataset) else {
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

/// What the claims say on one data set, a sentence each.
fn statements(results: &Results, experiment: &str, dataset: &str) -> String {
    let items: String = results
        .claims
        .iter()
        .filter(|claim| claim.experiment == experiment && claim.dataset == dataset)
        .filter(|claim| !claim.statement.is_empty())
        .map(|claim| format!("<li>{} {}</li>\n", escape(&claim.statement), chip(claim)))
        .collect();
    if items.is_empty() {
        items
    } else {
        format!("<ul>\n{items}</ul>\n")
    }
}

/// The three pictures of the loss side by side, under one legend.
fn panels(arms: &[(usize, &ArmResult)], identifier: &str) -> Result<String, Error> {
    let pictures = curves::pictures(arms, identifier)?;
    if pictures.is_empty() {
        return Ok(String::new());
    }
    let panels: String = pictures
        .iter()
        .map(|picture| format!("<div class=\"panel\">{picture}</div>\n"))
        .collect();
    Ok(format!(
        "<figure>\n{}<div class=\"panels\">\n{panels}</div>\n<figcaption>The same runs against updates, \
         samples and seconds of training. Lines are medians over seeds, bands their spread; a cross \
         marks where the median run diverged.</figcaption>\n</figure>\n",
        legend(arms)
    ))
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
            html += &numbers_row(budget);
        }
        html += "</tbody>\n";
    }
    html += "</table></div>\n<p class=\"small soft\">Medians over seeds; a dash where the median run diverged \
             or did not reach the target.</p></details>\n";
    html
}

/// The cells of one row after the arm's name.
fn numbers_row(budget: &BudgetSummary) -> String {
    let cell = |text: String| format!("<td class=\"n\">{text}</td>");
    let number = |value: Option<f64>| cell(words::optional(value));
    format!(
        "<td>{}</td>{}{}{}{}{}{}{}<td class=\"n\">{} of {}</td><td class=\"n\">{}</td></tr>\n",
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
        budget.reached,
        budget.runs,
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
    let budget = tuning::budget(arms).map_or_else(String::new, |budget| {
        format!(" Held equal: {}.", escape(budget))
    });
    format!(
        "<h3>How the learning rates were found</h3>\n<figure>\n{}<div class=\"panels\">\n{panels}</div>\n\
         <figcaption>Median validation loss over the tuning seeds. A ring marks the chosen rate, a \
         cross at the top a rate that diverged.{budget}</figcaption>\n</figure>\n",
        legend(arms)
    )
}

fn method(results: &Results) -> String {
    let confidence = results
        .claims
        .first()
        .map_or(0.95, |claim| claim.effect.confidence);
    let mut html = String::from("<section id=\"method\">\n<h2>Method</h2>\n<ul>\n");
    for (name, text) in METHOD {
        html += &format!("<li><strong>{name}.</strong> {text}</li>\n");
    }
    html += &format!(
        "<li><strong>Confidence.</strong> Intervals are made to cover the true effect in {} of 100 \
         repetitions, each on its own; with many claims, a few will miss.</li>\n</ul>\n",
        words::number(100.0 * confidence).trim_end_matches(".0")
    );
    html + "</section>\n"
}

/// The protocol, which is the same for all experiments.
const METHOD: [(&str, &str); 6] = [
    (
        "Arms and pairs",
        "The arms of an experiment differ in one thing. The same seed gives every arm the same split, \
         the same initial parameters and, where batch sizes agree, the same order of samples. Effects are \
         computed within such pairs.",
    ),
    (
        "Learning rates",
        "Each arm has its own, for each budget, from a logarithmic grid, by validation loss, with seeds \
         that the compared runs do not use. A grid whose best rate lies at its edge grows.",
    ),
    (
        "Budgets",
        "Arms are compared with equal epochs, updates or seconds, since a ranking can turn round between \
         them. Seconds are those of training alone, from runs that take turns.",
    ),
    (
        "Intervals",
        "Student's t of the paired differences, or of the logarithms of the paired ratios.",
    ),
    (
        "Runs that did not get there",
        "They count as \u{201c}at least\u{201d} what they had used when they were stopped. They open one end of the \
         interval, and are never dropped. If both arms have such runs, the interval is that of the median, \
         by order statistics.",
    ),
    (
        "Verdicts",
        "Supported: the whole interval lies on the claim's side of no effect. Refuted: on the other side. \
         Equivalent: inside a margin, set beforehand, of effects too small to count. Otherwise \
         inconclusive, with the number of further seeds that would settle it with a probability of \
         about 80\u{a0}%.",
    ),
];

fn environment(environment: &Environment) -> String {
    let mut rows = vec![
        ("Processor", environment.processor.clone()),
        ("Logical processors", environment.cores.to_string()),
        ("Threads of a run", environment.threads.to_string()),
        ("System", environment.os.clone()),
        ("Revision", environment.revision.clone()),
        ("Seeds", seeds(&environment.seeds)),
        ("Seeds of tuning", seeds(&environment.tuning_seeds)),
    ];
    if environment.started_unix_seconds > 0 {
        rows.push(("Started", words::moment(environment.started_unix_seconds)));
    }
    if environment.elapsed_seconds > 0.0 {
        rows.push(("Took", words::duration(environment.elapsed_seconds)));
    }
    let versions: Vec<String> = environment
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    rows.push(("Versions", versions.join(", ")));
    let rows: String = rows
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value)))
        .collect();
    format!("<section id=\"environment\">\n<h2>Environment</h2>\n<dl>\n{rows}</dl>\n</section>\n")
}

/// `1 to 5` for neighbours, `1, 5, 9` for others.
fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [first, .., last]
            if seeds
                .windows(2)
                .all(|pair| pair[0].checked_add(1) == Some(pair[1])) =>
        {
            format!("{first} to {last}")
        }
        _ => seeds
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn repeat(environment: &Environment) -> String {
    let command = if environment.command.is_empty() {
        "cargo xtask experiment"
    } else {
        &environment.command
    };
    format!(
        "<section id=\"repeat\">\n<h2>How to repeat it</h2>\n\
         <p>Check out the revision above and run</p>\n<pre>{}</pre>\n\
         <p>The same seeds, processor and threads give the same losses to the last bit, except where \
         seconds are the budget: times differ from run to run. <code>runs.csv</code> has a row for each \
         run, <code>results.json</code> everything on this page.</p>\n</section>\n",
        escape(command)
    )
}

/// The start of a table that scrolls sideways where the screen is narrow, also by keyboard.
fn scroll_start(label: &str) -> String {
    format!("<div class=\"scroll\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><table>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_but_itself() {
        let html = page(&crate::report::fixture::results()).expect("a page");
        for forbidden in ["<script", "<link", "@import", "url(", "src=", "NaN", "inf"] {
            assert!(!html.replace("infl", "").contains(forbidden), "{forbidden}");
        }
        let addresses = html.matches("http").count();
        assert_eq!(
            addresses,
            html.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
        );
    }

    #[test]
    fn tags_are_closed_in_order_and_identifiers_unique() {
        let html = page(&crate::report::fixture::results()).expect("a page");
        let mut open = Vec::new();
        let mut identifiers = std::collections::HashSet::new();
        for tag in html
            .split('<')
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or(rest))
        {
            if let Some(id) = tag
                .split(" id=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
            {
                assert!(identifiers.insert(id.to_owned()), "{id} twice");
            }
            let name = tag.split_whitespace().next().unwrap_or(tag);
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
            } else if !(name.starts_with('!') || name == "meta" || tag.ends_with('/')) {
                open.push(name.to_owned());
            }
        }
        assert!(open.is_empty(), "{open:?}");
        for target in html
            .split("href=\"#")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(identifiers.contains(target), "{target}");
        }
        assert_eq!(
            html.matches("role=\"img\"").count(),
            html.matches("<desc ").count()
        );
        // Two experiments on two data sets: three curves and a tuning picture each.
        assert_eq!(html.matches("role=\"img\"").count(), 16);
    }

    #[test]
    fn texts_from_the_results_cannot_become_markup() {
        let evil = "<img onerror=\"x\">'&";
        let mut results = crate::report::fixture::results();
        results.environment.processor = evil.into();
        results.environment.command = evil.into();
        results.experiments[0].question = evil.into();
        results.datasets[0].source = evil.into();
        results.claims[0].statement = evil.into();
        results.claims[0].id = evil.into();
        results.claims[0].effect.unit = evil.into();
        results.arms[0].arm = evil.into();
        results.arms[0].loss_name = evil.into();
        results.arms[1].experiment = evil.into();
        results.arms[1].dataset = evil.into();
        let html = page(&results).expect("a page");
        assert!(!html.contains("<img"), "markup came through");
        assert!(html.contains("&lt;img onerror"));
    }

    #[test]
    fn odd_results_give_a_page_all_the_same() {
        use crate::results::{Curve, CurvePoint, TuningPoint};
        assert!(page(&Results::default()).is_ok());
        let mut results = crate::report::fixture::results();
        for arm in &mut results.arms {
            arm.target_loss = Some(f64::NAN);
            arm.tuning = vec![TuningPoint::default()];
            arm.curves = vec![Curve {
                budget: "updates".into(),
                points: vec![
                    CurvePoint {
                        loss: Some(f64::INFINITY),
                        ..CurvePoint::default()
                    };
                    2
                ],
            }];
        }
        assert!(page(&results).is_ok());
    }
}
