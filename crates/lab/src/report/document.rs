//! The report's sections, in the order of a reader's questions.

use super::content::{Block, Document, Part, Section, Span, Tone, plain};
use super::{claim, method, section, why, words};
use crate::Error;
use crate::results::Results;

/// All that the report says.
pub(super) fn document(results: &Results) -> Result<Document, Error> {
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
    let mut sections = vec![claim::overview(results)?];
    let (pages, shown) = claim::pages(results)?;
    sections.extend(pages);
    sections.extend(why::why(&results.why)?);
    for (index, note) in section::experiments(results).iter().enumerate() {
        sections.push(section::experiment(
            results,
            note,
            index,
            !shown.contains(note.experiment.as_str()),
        )?);
    }
    sections.push(method::method(results));
    sections.push(method::environment(environment));
    sections.push(method::repeat(environment));
    Ok(Document {
        title: "Normalization and batch size: what the runs say".into(),
        facts: facts.join(" · "),
        answer: words::answer(results).into(),
        note: environment.quick.then(|| {
            vec![
                Span::Plain(
                    "This was the quick version: few seeds and small budgets. Leave out ".into(),
                ),
                Span::Code("--quick".into()),
                Span::Plain(" for a firmer answer.".into()),
            ]
        }),
        sections,
        footer: vec![
            Span::Plain("Made by smallbatch from ".into()),
            Span::Code("results.json".into()),
            Span::Plain(format!(
                ", layout {}. Nothing on this page comes from a network.",
                results.schema_version
            )),
        ],
    })
}

/// A section of plain paragraphs behind the claims.
pub(super) fn background(id: &str, title: &str, blocks: Vec<Block>) -> Section {
    Section {
        id: id.into(),
        title: title.into(),
        part: Part::Background,
        blocks,
    }
}

/// A paragraph of plain words.
pub(super) fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph(Tone::Plain, plain(text))
}

#[cfg(test)]
mod tests {
    use super::super::{html::html, markdown::markdown};
    use super::*;

    fn page(results: &Results) -> String {
        html(&document(results).expect("a document"))
    }

    #[test]
    fn the_page_needs_nothing_but_itself() {
        let html = page(&crate::report::fixture::results());
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
        let html = page(&crate::report::fixture::results());
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
        let html = page(&results);
        assert!(!html.contains("<img"), "markup came through");
        assert!(html.contains("&lt;img onerror"));
    }

    #[test]
    fn odd_results_give_a_page_all_the_same() {
        use crate::results::{Curve, CurvePoint, TuningPoint};
        assert!(document(&Results::default()).is_ok());
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
        assert!(document(&results).is_ok());
    }

    #[test]
    fn all_ten_claims_have_a_page_and_markdown_says_what_html_says() {
        let results = crate::report::fixture::results();
        let document = document(&results).expect("a document");
        let pages = document
            .sections
            .iter()
            .filter(|section| section.part == Part::Claims)
            .count();
        assert_eq!(pages, 10);
        let (html, (markdown, pictures)) = (html(&document), markdown(&document));
        assert_eq!(html.matches("role=\"img\"").count(), pictures.len());
        assert!(pictures.len() > 16, "{}", pictures.len());
        for (name, svg) in &pictures {
            assert!(markdown.contains(&format!("](pictures/{name})")), "{name}");
            assert!(
                svg.contains("<desc>")
                    && svg.matches("<svg").count() == 1
                    && svg.matches("</svg>").count() == 1
            );
        }
        for section in &document.sections {
            assert!(
                markdown.contains(&format!("<a id=\"{}\"></a>", section.id)),
                "{}",
                section.id
            );
        }
        for sentence in &document.answer {
            assert!(markdown.contains(&sentence[..20]), "{sentence}");
        }
        for claim in &results.claims {
            let interval = crate::report::words::interval(&claim.effect)
                .replace('[', "\\[")
                .replace(']', "\\]");
            assert!(markdown.contains(&interval), "{interval}");
        }
        // What was not tested is said, with what is known of it.
        assert!(html.contains("This claim was not tested") && html.contains("Keskar"));
    }
}
