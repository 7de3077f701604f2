//! A document as one HTML file that needs nothing else: style, pictures and a small script lie in it.

use crate::content::{Block, Column, Document, Figure, Form, Section, Span, Table, Text, Tone};
use crate::escape::escape;
use crate::picture::{COLOUR_STYLE, key};
use crate::words;

const STYLE: &str = include_str!("style.css");
/// Values on hover and focus, lines that can be switched off, kinds of axes, a filter, descent to play with. Nothing is
/// only there with it.
const SCRIPT: &str = include_str!("script.js");

/// Steps of a darker ground.
const SHADES: f64 = 5.0;

/// The whole file.
pub(crate) fn html(document: &Document) -> String {
    let title = escape(&document.title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{COLOUR_STYLE}{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#answers\">Skip to the answers</a>\n\
         <header>\n<h1>{title}</h1>\n</header>\n<main>\n<div id=\"answers\" tabindex=\"-1\">\n{}</div>\n{}{}</main>\n\
         <footer>{}</footer>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        all(&document.lead, block),
        contents(&document.sections),
        all(&document.sections, section),
        text(&document.footer),
    )
}

fn all<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    items.iter().map(write).collect()
}

/// Links to what lies behind the claims: to these, the answers themselves lead.
fn contents(sections: &[Section]) -> String {
    let background = sections.iter().filter(|section| !section.is_claim);
    let link = |section: &Section| {
        let title = escape(&section.title);
        format!("<li><a href=\"#{}\">{title}</a></li>", section.id)
    };
    let links: String = background.map(link).collect();
    format!("<nav aria-label=\"Background\"><ul>{links}</ul></nav>\n")
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
        Block::Command(command) => {
            format!("<pre tabindex=\"0\">{}</pre>\n", escape(command))
        }
        Block::Play(play) => format!(
            "<div class=\"play\" data-play=\"{}\"></div>\n",
            escape(play)
        ),
    }
}

pub(crate) fn text(spans: &Text) -> String {
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
        Span::Shaded(share, words) => {
            let step = (share.clamp(0.0, 1.0) * SHADES).round();
            format!("<span class=\"shade k{step}\">{}</span>", escape(words))
        }
        // Only a column with an axis can draw it.
        Span::Strip(_) => String::new(),
    }
}

/// A table. On a narrow screen it scrolls sideways, also by keyboard, or its rows become blocks.
fn table(table: &Table) -> String {
    let class = |column: &Column| match (&column.ruler, column.numeric) {
        (Some(_), _) => " class=\"strips\"",
        (None, true) => " class=\"n\"",
        (None, false) => "",
    };
    let head = all(&table.columns, |column| {
        let name = match &column.ruler {
            Some(ruler) => escape(&column.name) + &ruler.head(),
            None => escape(&column.name),
        };
        match (&column.ruler, name.is_empty()) {
            (Some(_), _) | (None, true) => format!("<td{}>{name}</td>", class(column)),
            (None, false) => format!("<th scope=\"col\"{}>{name}</th>", class(column)),
        }
    });
    let rows = all(&table.rows, |cells| {
        let cells = cells.iter().zip(&table.columns).map(|(cell, column)| {
            let content = match (&column.ruler, cell.as_slice()) {
                // On a phone the head with the axis is far away.
                (Some(ruler), [Span::Strip(strip)]) if table.form == Form::Answers => {
                    format!(
                        "{}<span class=\"again\">{}</span>",
                        ruler.inline(strip),
                        ruler.head()
                    )
                }
                (Some(ruler), [Span::Strip(strip)]) => ruler.inline(strip),
                _ => text(cell),
            };
            // A card has no head, so each number says what it is.
            let name = match table.form {
                Form::Cards if column.numeric && !cell.is_empty() => {
                    format!(" data-name=\"{}\"", escape(&column.name))
                }
                Form::Answers if column.name.starts_with("expected") && !content.is_empty() => {
                    format!(" data-name=\"{}\"", escape(&column.name))
                }
                Form::Ways if column.numeric && !cell.is_empty() => {
                    format!(" data-name=\"{}\"", escape(&column.name))
                }
                Form::Plain | Form::Cards | Form::Answers | Form::Forest | Form::Ways => {
                    String::new()
                }
            };
            format!("<td{}{name}>{content}</td>", class(column))
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    });
    let kind = match table.form {
        // Whoever scrolls it by keyboard must know what it is.
        Form::Plain => {
            let label = escape(&table.label);
            format!("scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{label}")
        }
        Form::Cards => "cards".into(),
        Form::Answers => "answers".into(),
        Form::Forest => "forest".into(),
        Form::Ways => "ways".into(),
    };
    let caption = match table.form {
        Form::Forest => format!("<caption>{}</caption>\n", escape(&table.label)),
        Form::Plain | Form::Cards | Form::Answers | Form::Ways => String::new(),
    };
    format!(
        "<div class=\"{kind}\"><table>{caption}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn figure(figure: &Figure) -> String {
    let entry = |(style, name): &(usize, String)| {
        format!(
            "<li data-s=\"{style}\"><svg viewBox=\"0 0 40 12\" aria-hidden=\"true\">{}</svg>{}</li>",
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
    let pairs = if figure.pairs { " pairs" } else { "" };
    format!(
        "<figure>\n{legend}<div class=\"panels{pairs}\">\n{panels}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        escape(&figure.caption)
    )
}
