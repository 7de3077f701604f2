//! The report's first screen, and its sections in the order of a reader's questions.

use smallbatch_evidence::Scale;

use crate::content::{Block, Document, Form, Section, Span, Table, Text, Tone, plain};
use crate::results::{AnswerNote, ClaimNote, Results};
use crate::strip::{Ruler, Strip};
use crate::words::{self, Size};
use crate::{background, claim};

/// The axis of the first screen goes beyond its estimates by this factor at most.
const ROOM: f64 = 10.0;

/// All that the report says.
pub(crate) fn document(results: &Results) -> Document {
    let mut sections: Vec<Section> = (0..results.claims.len())
        .map(|number| claim::page(results, number))
        .collect();
    sections.extend(background::sections(results));
    Document {
        title: "Normalization and batch size: what holds".into(),
        lead: lead(results),
        sections,
        footer: vec![
            Span::Plain("Made by smallbatch from ".into()),
            Span::Code("results.json".into()),
            Span::Plain(format!(
                ", layout {}. Nothing on this page comes from a network.",
                results.schema_version
            )),
        ],
    }
}

/// What was asked, in a sentence: "10 claims were tested on 38 tables, 16 repetitions each."
pub(crate) fn asked(results: &Results) -> String {
    let design = &results.design;
    let (claims, tables) = (results.claims.len(), results.datasets.len());
    let mut asked = format!(
        "{} {} tested on {}, with {} of each",
        words::counted(claims, "claim"),
        if claims == 1 { "was" } else { "were" },
        words::counted(tables, "table"),
        words::counted(design.n_complete, "repetition"),
    );
    if design.n_complete < design.n_repetitions {
        asked += &format!(
            " (interrupted: {} were planned)",
            words::count(design.n_repetitions)
        );
    }
    asked + "."
}

fn lead(results: &Results) -> Vec<Block> {
    let mut blocks = Vec::new();
    let summary = words::summary(results).join(" ");
    blocks.extend(Block::words(Tone::Answer, summary));
    if results.design.size == "quick" {
        let note = "This was the quick version, of few small tables. The default version gives firmer answers.";
        blocks.extend(Block::words(Tone::Small, note));
    }
    blocks.extend(Block::table(answers(results)));
    let mut small = plain(format!(
        "{} Diamond: the mean over tables, as wide as its 95\u{a0}% interval. Bar: where a new table is expected, in 95 of 100 cases. \
         Dashed: what the claim needs. Of a claim with two effects the smaller one is drawn. ",
        asked(results)
    ));
    small.push(Span::Link("reading".into(), "How to read this".into()));
    blocks.push(Block::Paragraph(Tone::Small, small));
    blocks.extend(Block::words(Tone::Small, literature(results)));
    let environment = &results.environment;
    let mut facts = Vec::new();
    if environment.started_unix_seconds > 0 {
        facts.push(words::moment(environment.started_unix_seconds));
    }
    facts.extend([
        environment.processor.clone(),
        format!("base seed {}", results.base_seed),
    ]);
    if !results.design_hash.is_empty() {
        facts.push(format!("design {}", words::clip(&results.design_hash, 12)));
    }
    facts.retain(|fact| !fact.is_empty());
    blocks.extend(Block::words(Tone::Small, facts.join(" · ")));
    blocks
}

/// The primary answers, one a row, on one axis.
fn answers(results: &Results) -> Table {
    let ratios: Vec<&AnswerNote> = results
        .claims
        .iter()
        .filter_map(|note| results.primary(&note.id))
        .filter(|answer| is_on_the_axis(answer))
        .collect();
    let mut sizes: Vec<Size> = ratios.iter().map(|answer| Size::of(answer)).collect();
    let predictions = ratios
        .iter()
        .filter_map(|answer| answer.prediction.as_ref());
    sizes.extend(predictions.map(|found| Size::of_prediction(found, Scale::Ratio)));
    let rows = 0..results.claims.len();
    Table::new(
        "The answers",
        "holds?|claim|times as much (1: no difference)|expected on",
        rows.map(|number| row(results, number)).collect(),
    )
    .with_form(Form::Answers)
    .with_ruler(2, Ruler::of(&sizes, Vec::new(), Scale::Ratio, ROOM))
}

/// Bytes are not drawn beside factors.
fn is_on_the_axis(answer: &AnswerNote) -> bool {
    answer.scale == Scale::Ratio
}

fn row(results: &Results, number: usize) -> Vec<Text> {
    let note = &results.claims[number];
    let mut title = vec![Span::Link(
        claim::identifier(note),
        claim::title(note, number),
    )];
    let Some(answer) = results.primary(&note.id) else {
        title.push(Span::Small("not answered; its page says why".into()));
        return vec![plain("–"), title, Text::new(), Text::new()];
    };
    title.push(Span::Small(words::brief(answer)));
    let strip = is_on_the_axis(answer).then(|| {
        // A prediction of one of several effects is none of the answer.
        let prediction = answer.prediction.as_ref();
        let prediction = prediction.filter(|_| words::foretold_alone(answer).is_none());
        let bar = prediction.map(|found| Size::of_prediction(found, answer.scale));
        let strip = bar.map_or_else(Strip::default, |bar| Strip::default().bar(&bar));
        let thresholds = crate::forest::thresholds(answer).into_iter();
        let strip = thresholds.fold(strip, Strip::threshold);
        Span::Strip(strip.diamond(&Size::of(answer)))
    });
    vec![
        vec![Span::Verdict(answer.verdict, answer.same)],
        title,
        strip.into_iter().collect(),
        plain(match words::of_ten(answer) {
            Some(share) => format!("{share} of 10 new tables"),
            None => String::new(),
        }),
    ]
}

/// How the answers compare with the literature: "Agrees with the literature: 6 of 7. Differs: …".
fn literature(results: &Results) -> String {
    let of = |wanted: claim::Agreement| -> Vec<String> {
        let is = |note: &&ClaimNote| claim::agreement(results, note) == wanted;
        results
            .claims
            .iter()
            .filter(is)
            .map(|note| note.title.clone())
            .collect()
    };
    let (agree, differ) = (of(claim::Agreement::Agrees), of(claim::Agreement::Differs));
    let open = of(claim::Agreement::CannotTell);
    let comparable = agree.len() + differ.len() + open.len();
    if comparable == 0 {
        return String::new();
    }
    let mut text = format!(
        "For {comparable} of the claims the literature has an answer: {} confirmed, {} differ{}, {} open.",
        agree.len(),
        differ.len(),
        if differ.len() == 1 { "s" } else { "" },
        open.len()
    );
    for (name, claims) in [("Differs", differ), ("Open", open)] {
        if !claims.is_empty() {
            text += &format!(" {name}: {}.", claims.join("; "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Figure;
    use crate::fixture;
    use crate::html::html;
    use crate::markdown::markdown;

    /// The page without its script.
    fn page(results: &Results) -> String {
        let html = html(&document(results));
        let (before, script) = html.split_once("<script>").expect("a script");
        let (_, after) = script.split_once("</script>").expect("its end");
        format!("{before}{after}")
    }

    #[test]
    fn the_page_needs_nothing_but_itself() {
        let results = fixture::results();
        let whole = html(&document(&results));
        for forbidden in [
            "<link", "@import", "url(", "src=", "http", "fetch(", "import(",
        ] {
            assert!(!whole.contains(forbidden), "{forbidden}");
        }
        assert_eq!(whole.matches("<script").count(), 1);
        assert!(whole.len() < 1_500_000);
    }

    #[test]
    fn tags_are_closed_in_order_and_identifiers_unique() {
        let html = page(&fixture::results());
        let mut open = Vec::new();
        let mut identifiers = std::collections::HashSet::new();
        for tag in html
            .split('<')
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or(rest))
        {
            let id = tag
                .split(" id=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            if let Some(id) = id {
                assert!(identifiers.insert(id.to_owned()), "{id} twice");
            }
            let name = tag.split_whitespace().next().unwrap_or(tag);
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
            } else if !(name.starts_with('!')
                || ["meta", "br"].contains(&name)
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
    fn no_text_becomes_markup() {
        let evil = "<img onerror=\"x\">'&";
        let mut results = fixture::results();
        fixture::replace_texts(&mut results, evil);
        let html = page(&results);
        assert!(!html.contains("<img"), "markup came through");
        assert!(html.contains("&lt;img onerror"));
        let (markdown, pictures) = markdown(&document(&results));
        // What is indented by four is code, and shown as it is.
        let mut lines = markdown.lines().filter(|line| !line.starts_with("    "));
        assert!(
            lines.all(|line| !line.contains("<img")),
            "markup came through"
        );
        assert!(
            pictures
                .iter()
                .all(|(name, svg)| !name.contains('<') && !svg.contains("<img"))
        );
    }

    #[test]
    fn nothing_that_is_no_number_is_printed() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut results = fixture::results();
            fixture::replace_numbers(&mut results, bad);
            let (markdown, pictures) = markdown(&document(&results));
            let pictures = pictures.into_iter().map(|(_, svg)| svg);
            let all = [
                page(&results),
                markdown,
                crate::terminal_details(&results, crate::Screen::default()),
            ];
            for text in all.into_iter().chain(pictures) {
                for piece in text.split(['<', '>', ';', '\n']) {
                    for word in piece.split(|c: char| !c.is_alphanumeric() && c != '∞') {
                        let is_number = !["NaN", "inf", "Infinity", "∞"].contains(&word);
                        assert!(is_number, "{bad}: {piece}");
                    }
                }
            }
        }
        assert!(page(&Results::default()).contains("0 claims were tested"));
    }

    #[test]
    fn the_first_screen_has_all_answers_in_the_order_of_the_claims() {
        let results = fixture::results();
        let html = page(&results);
        let table = html
            .split("<tbody>")
            .nth(1)
            .and_then(|rest| rest.split("</tbody>").next());
        let rows: Vec<&str> = table.expect("a table").split("<tr>").skip(1).collect();
        assert_eq!(rows.len(), results.claims.len());
        for (row, note) in rows.iter().zip(&results.claims) {
            assert!(row.contains(&note.title), "{}", note.id);
        }
        for word in ["yes", "no", "about the same", "cannot tell"] {
            assert!(
                table.is_some_and(|table| table.contains(&format!("</span>{word}<"))),
                "{word}"
            );
        }
        assert!(html.contains("About 16 to 64 repetitions needed in all."));
        assert!(html.contains("More tables needed."));
    }

    #[test]
    fn all_that_matters_is_in_both_files() {
        let results = fixture::results();
        let document = document(&results);
        let (html, (markdown, pictures)) = (html(&document), markdown(&document));
        let unescaped = markdown.replace('\\', "");
        // Forest plots are tables there.
        let n_drawn =
            html.matches("role=\"img\"").count() + html.matches("<div class=\"forest\"").count();
        assert_eq!(n_drawn, pictures.len());
        for (name, svg) in &pictures {
            assert!(markdown.contains(&format!("](pictures/{name})")), "{name}");
            assert!(svg.contains("<desc>") && svg.matches("<svg").count() == 1);
        }
        let mut wanted: Vec<String> = Vec::new();
        for answer in &results.answers {
            wanted.extend([Size::of(answer).in_cell(), Size::of(answer).interval()]);
            wanted.extend([answer.hypothesis.clone(), words::p_value(answer.p)]);
            wanted.extend(
                answer
                    .parts
                    .iter()
                    .map(|part| Size::of_part(part, answer.scale).in_brackets()),
            );
        }
        for row in &results.tables {
            let scale = fixture::primary(&results, &row.claim).scale;
            let size = Size::of_table(row, scale);
            wanted.extend([row.table.clone(), size.interval(), row.note.clone()]);
        }
        for note in &results.datasets {
            wanted.extend([
                words::count(note.n_samples),
                words::number(note.condition_number),
            ]);
            wanted.push(note.source.clone());
        }
        for note in &results.claims {
            wanted.extend([note.title.clone(), note.question.clone()]);
            wanted.extend(
                note.literature
                    .iter()
                    .flat_map(|c| [c.says.clone(), c.source.clone()]),
            );
        }
        wanted.extend(
            results
                .omissions
                .iter()
                .map(|omission| omission.reason.clone()),
        );
        wanted.extend(results.design.method.iter().cloned());
        wanted.extend([
            results.design_hash.clone(),
            results.environment.command.clone(),
        ]);
        for text in wanted {
            assert!(
                html.contains(&crate::escape::escape(&text)),
                "not in HTML: {text}"
            );
            let plain = text
                .replace('>', "&gt;")
                .replace('<', "&lt;")
                .replace('&', "&amp;");
            let found =
                unescaped.contains(&text) || unescaped.contains(&plain.replace("&amp;lt;", "&lt;"));
            assert!(found, "not in Markdown: {text}");
        }
    }

    #[test]
    fn a_figure_without_pictures_is_none() {
        assert!(Block::figure(Figure::default()).is_none());
    }
}
