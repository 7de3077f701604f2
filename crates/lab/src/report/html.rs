//! A document as one HTML file without scripts, fonts or anything else from a network.

use super::content::{Block, Document, Figure, Group, Part, Section, Span, Table, Text, Tone};
use super::picture::{COLOUR_STYLE, key};
use super::words;

const STYLE: &str = include_str!("style.css");

/// The whole file.
pub(super) fn html(document: &Document) -> String {
    let title = escape(&document.title);
    let answer: String = document
        .answer
        .iter()
        .map(|sentence| format!("<p>{}</p>", escape(sentence)))
        .collect();
    let note = document.note.as_ref().map_or_else(String::new, |note| {
        format!("<p class=\"note\">{}</p>\n", text(note))
    });
    let sections: String = document.sections.iter().map(section).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{COLOUR_STYLE}{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <p class=\"soft\">{}</p>\n<div class=\"answer\">{answer}</div>\n{note}{}</header>\n<main>\n{sections}</main>\n\
         <footer>{}</footer>\n</body>\n</html>\n",
        escape(&document.facts),
        contents(&document.sections),
        text(&document.footer),
    )
}

fn contents(sections: &[Section]) -> String {
    let part = |wanted: Part, name: &str| {
        let links: String = sections
            .iter()
            .filter(|section| section.part == wanted)
            .map(|section| {
                format!(
                    "<li><a href=\"#{}\">{}</a></li>",
                    section.id,
                    escape(&section.title)
                )
            })
            .collect();
        if links.is_empty() {
            links
        } else {
            format!("<div><span class=\"soft\">{name}</span><ul>{links}</ul></div>\n")
        }
    };
    format!(
        "<nav aria-label=\"Contents\">\n{}{}{}</nav>\n",
        part(Part::Overview, "Overview"),
        part(Part::Claims, "The claims"),
        part(Part::Background, "Background"),
    )
}

fn section(section: &Section) -> String {
    let blocks: String = section.blocks.iter().map(block).collect();
    let class = match section.part {
        Part::Claims => " class=\"claim\"",
        _ => "",
    };
    format!(
        "<section id=\"{}\"{class}>\n<h2>{}</h2>\n{blocks}</section>\n",
        section.id,
        escape(&section.title)
    )
}

fn block(part: &Block) -> String {
    match part {
        Block::Heading(title) => format!("<h3>{}</h3>\n", escape(title)),
        Block::Paragraph(tone, words) => {
            let class = match tone {
                Tone::Plain => "",
                Tone::Soft => " class=\"soft\"",
                Tone::Small => " class=\"soft small\"",
                Tone::Note => " class=\"note\"",
            };
            format!("<p{class}>{}</p>\n", text(words))
        }
        Block::List(items) => {
            let items: String = items
                .iter()
                .map(|item| format!("<li>{}</li>\n", text(item)))
                .collect();
            format!("<ul>\n{items}</ul>\n")
        }
        Block::Table(table) => self::table(table),
        Block::Figure(figure) => self::figure(figure),
        Block::Folded(title, blocks) => {
            let blocks: String = blocks.iter().map(block).collect();
            format!(
                "<details><summary>{}</summary>\n{blocks}</details>\n",
                escape(title)
            )
        }
        Block::Facts(facts) => {
            let facts: String = facts
                .iter()
                .map(|(name, value)| {
                    format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value))
                })
                .collect();
            format!("<dl>\n{facts}</dl>\n")
        }
        Block::Command(command) => format!("<pre>{}</pre>\n", escape(command)),
    }
}

fn text(spans: &Text) -> String {
    spans.iter().map(span).collect()
}

fn span(span: &Span) -> String {
    match span {
        Span::Plain(words) => escape(words),
        Span::Soft(words) => format!("<span class=\"soft interval\">{}</span>", escape(words)),
        Span::Strong(words) => format!("<strong>{}</strong>", escape(words)),
        Span::Code(words) => format!("<code>{}</code>", escape(words)),
        Span::Small(words) => format!("<br><small class=\"soft\">{}</small>", escape(words)),
        Span::Link(to, words) => format!("<a href=\"#{to}\">{}</a>", escape(words)),
        // The sign tells it to those who do not see the colour; the word says it to those who hear.
        Span::Verdict(verdict, remark) => format!(
            "<span class=\"verdict {}\"><span aria-hidden=\"true\">{}\u{a0}</span>{}{}</span>",
            verdict.name(),
            words::sign(verdict),
            words::verdict(verdict),
            escape(remark),
        ),
    }
}

/// A table that scrolls sideways where the screen is narrow, also by keyboard.
fn table(table: &Table) -> String {
    let label = escape(&table.label);
    let class = |numeric: bool| if numeric { " class=\"n\"" } else { "" };
    let head: String = table
        .columns
        .iter()
        .map(|column| {
            format!(
                "<th scope=\"col\"{}>{}</th>",
                class(column.numeric),
                escape(&column.name)
            )
        })
        .collect();
    let group = |group: &Group| {
        let (body, row) = if group.major {
            ("", "group")
        } else {
            (" class=\"units\"", "unit")
        };
        let heading = if group.heading.is_empty() {
            String::new()
        } else {
            format!(
                "<tr class=\"{row}\"><th colspan=\"{}\" scope=\"rowgroup\"><span>{}</span></th></tr>\n",
                table.columns.len(),
                text(&group.heading)
            )
        };
        let rows: String = group
            .rows
            .iter()
            .map(|cells| {
                let cells: String = cells
                    .iter()
                    .zip(&table.columns)
                    .map(|(cell, column)| {
                        format!("<td{}>{}</td>", class(column.numeric), text(cell))
                    })
                    .collect();
                format!("<tr>{cells}</tr>\n")
            })
            .collect();
        format!("<tbody{body}>{heading}{rows}</tbody>\n")
    };
    let groups: String = table.groups.iter().map(group).collect();
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\"><table>\n\
         <thead><tr>{head}</tr></thead>\n{groups}</table></div>\n"
    )
}

fn figure(figure: &Figure) -> String {
    let legend: String = figure
        .legend
        .iter()
        .map(|(style, name)| {
            // The same units as in the pictures, five to a pixel, so that the dashes are the same.
            format!(
                "<li><svg viewBox=\"0 0 200 60\" aria-hidden=\"true\">{}</svg>{}</li>",
                key(*style, figure.solid, 0, 200, 30),
                escape(name)
            )
        })
        .collect();
    let legend = if legend.is_empty() {
        legend
    } else {
        format!("<ul class=\"legend\">{legend}</ul>\n")
    };
    let panels: String = figure
        .panels
        .iter()
        .map(|(caption, drawing)| {
            format!(
                "<figure class=\"panel\"><figcaption>{}</figcaption>{}</figure>\n",
                escape(caption),
                drawing.inline()
            )
        })
        .collect();
    format!(
        "<figure>\n{legend}<div class=\"panels\">\n{panels}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        escape(&figure.caption)
    )
}

/// Replaces the five characters that mean something in HTML, in text and in attributes.
pub(super) fn escape(text: &str) -> String {
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
