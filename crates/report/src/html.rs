//! A document as one HTML file without scripts, fonts or anything else from a network.

use crate::content::{Block, Document, Figure, Section, Span, Table, Text, Tone};
use crate::picture::{COLOUR_STYLE, key};
use crate::words;

const STYLE: &str = include_str!("style.css");

/// The whole file.
pub(crate) fn html(document: &Document) -> String {
    let title = escape(&document.title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{COLOUR_STYLE}{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         {}{}</header>\n<main>\n{}</main>\n<footer>{}</footer>\n</body>\n</html>\n",
        all(&document.lead, block),
        contents(&document.sections),
        all(&document.sections, section),
        text(&document.footer),
    )
}

fn all<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    items.iter().map(write).collect()
}

fn contents(sections: &[Section]) -> String {
    let part = |claims: bool, name: &str| {
        let links: String = sections
            .iter()
            .filter(|section| section.is_claim == claims)
            .map(|section| {
                format!(
                    "<li><a href=\"#{}\">{}</a></li>",
                    section.id,
                    escape(&section.title)
                )
            })
            .collect();
        if links.is_empty() {
            return links;
        }
        format!("<div><span class=\"soft\">{name}</span><ul>{links}</ul></div>\n")
    };
    let (claims, background) = (part(true, "The claims"), part(false, "Background"));
    format!("<nav aria-label=\"Contents\">\n{claims}{background}</nav>\n")
}

fn section(section: &Section) -> String {
    let class = if section.is_claim {
        " class=\"claim\""
    } else {
        ""
    };
    format!(
        "<section id=\"{}\"{class}>\n<h2>{}</h2>\n{}</section>\n",
        section.id,
        escape(&section.title),
        all(&section.blocks, block)
    )
}

fn block(part: &Block) -> String {
    match part {
        Block::Heading(title) => format!("<h3>{}</h3>\n", escape(title)),
        Block::Paragraph(tone, words) => {
            let class = match tone {
                Tone::Plain => "",
                Tone::Answer => " class=\"answer\"",
                Tone::Soft => " class=\"soft\"",
                Tone::Small => " class=\"soft small\"",
                Tone::Note => " class=\"note\"",
            };
            format!("<p{class}>{}</p>\n", text(words))
        }
        Block::List(items) => {
            format!(
                "<ul>\n{}</ul>\n",
                all(items, |item| format!("<li>{}</li>\n", text(item)))
            )
        }
        Block::Table(table) => self::table(table),
        Block::Figure(figure) => self::figure(figure),
        Block::Folded(title, blocks) => {
            let blocks = all(blocks, block);
            format!(
                "<details><summary>{}</summary>\n{blocks}</details>\n",
                escape(title)
            )
        }
        Block::Facts(facts) => {
            let fact = |(name, value): &(String, String)| {
                format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value))
            };
            format!("<dl>\n{}</dl>\n", all(facts, fact))
        }
        Block::Command(command) => format!("<pre>{}</pre>\n", escape(command)),
    }
}

fn text(spans: &Text) -> String {
    all(spans, span)
}

fn span(span: &Span) -> String {
    match span {
        Span::Plain(words) => escape(words),
        Span::Strong(words) => format!("<strong>{}</strong>", escape(words)),
        Span::Code(words) => format!("<code>{}</code>", escape(words)),
        Span::Small(words) => format!("<br><small class=\"soft\">{}</small>", escape(words)),
        Span::Link(to, words) => format!("<a href=\"#{to}\">{}</a>", escape(words)),
        // The sign tells it to those who do not see the colour; the word says it to those who hear.
        Span::Verdict(verdict, same) => format!(
            "<span class=\"verdict {}\"><span aria-hidden=\"true\">{}\u{a0}</span>{}</span>",
            if words::holds(*verdict, *same) {
                "supported"
            } else {
                verdict.name()
            },
            words::sign(*verdict, *same),
            words::verdict(*verdict, *same),
        ),
    }
}

/// A table that scrolls sideways where the screen is narrow, also by keyboard; or whose rows become cards there.
fn table(table: &Table) -> String {
    let class = |numeric: bool| if numeric { " class=\"n\"" } else { "" };
    let head = all(&table.columns, |column| {
        let name = escape(&column.name);
        format!("<th scope=\"col\"{}>{name}</th>", class(column.numeric))
    });
    let rows = all(&table.rows, |cells| {
        let cells = cells.iter().zip(&table.columns).map(|(cell, column)| {
            // A card has no head, so each number says what it is.
            let name = if table.cards && column.numeric && !cell.is_empty() {
                format!(" data-name=\"{}\"", escape(&column.name))
            } else {
                String::new()
            };
            format!("<td{}{name}>{}</td>", class(column.numeric), text(cell))
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    });
    let kind = if table.cards { " cards" } else { "" };
    format!(
        "<div class=\"scroll{kind}\" role=\"region\" aria-label=\"{}\" tabindex=\"0\"><table>\n\
         <thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n",
        escape(&table.label)
    )
}

fn figure(figure: &Figure) -> String {
    let entry = |(style, name): &(usize, String)| {
        format!(
            "<li><svg viewBox=\"0 0 40 12\" aria-hidden=\"true\">{}</svg>{}</li>",
            key(*style, figure.solid, 0.0, 40.0, 6.0),
            escape(name)
        )
    };
    let legend = match all(&figure.legend, entry) {
        entries if entries.is_empty() => entries,
        entries => format!("<ul class=\"legend\">{entries}</ul>\n"),
    };
    let panels = all(&figure.panels, |(caption, drawing)| {
        let (caption, picture) = (escape(caption), drawing.inline());
        format!("<figure class=\"panel\"><figcaption>{caption}</figcaption>{picture}</figure>\n")
    });
    format!(
        "<figure>\n{legend}<div class=\"panels\">\n{panels}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        escape(&figure.caption)
    )
}

/// Replaces the five characters that mean something in HTML, in text and in attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters are not allowed in HTML, however they are written.
            other if other.is_control() && other != '\n' && other != '\t' => safe.push('\u{FFFD}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_means_something_in_html_is_replaced() {
        assert_eq!(
            escape("<b a=\"x\" c='y'>&amp;</b>\u{0}"),
            "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;\u{FFFD}"
        );
    }
}
