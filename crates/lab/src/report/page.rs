//! The report as one page: sections in the order of a reader's questions.
//!
//! Each section is one function from the results to its HTML, so that a new section is one more
//! function. Every text that comes from the results goes through [`escape`].

use super::html::{escape, scroll_start};
use super::table::grouped;
use super::{method, section, words};
use crate::Error;
use crate::results::{ClaimResult, ExperimentNote, Results};
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
        body += &section::experiment(results, experiment)?;
    }
    body += &method::method(results);
    body += &method::environment(&results.environment);
    body += &method::repeat(&results.environment);
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
pub(super) fn heading(name: &str) -> String {
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
    // One name may stand for several statements, each of which is to be read with its own numbers.
    for group in grouped(claims, |claim| (&claim.id, &claim.claim)) {
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
        "<tr><td>{}</td><td>{}</td><td>{} <span class=\"soft interval\">{}{}</span></td><td class=\"wrap\">{}</td>\
         <td class=\"n\">{}{censored}</td></tr>\n",
        escape(&claim.dataset),
        escape(&claim.budget),
        words::estimate(&claim.effect),
        words::interval(&claim.effect),
        bootstrap(claim),
        chip(claim),
        claim.pairs,
    )
}

/// The second opinion in small print, where there is one.
fn bootstrap(claim: &ClaimResult) -> String {
    let effect = &claim.effect;
    match (effect.bootstrap_low, effect.bootstrap_high) {
        (Some(low), Some(high)) => format!(
            "<br><small>bootstrap [{}, {}]</small>",
            words::number(low),
            words::number(high)
        ),
        _ => String::new(),
    }
}

/// The verdict with a sign, so that it is told by more than its colour.
pub(super) fn chip(claim: &ClaimResult) -> String {
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
            } else if !(name.starts_with('!')
                || name == "meta"
                || name == "br"
                || tag.ends_with('/'))
            {
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
