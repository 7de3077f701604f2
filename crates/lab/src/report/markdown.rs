//! A document as Markdown, with its pictures as files beside it.

use super::content::{Block, Document, Figure, Group, Section, Span, Table, Text, Tone};
use super::picture::Drawing;
use super::words;

/// The folder of the pictures, beside the text.
pub(super) const PICTURES: &str = "pictures";

/// The text, and the pictures that it shows: file names in [`PICTURES`], with their SVG.
pub(super) fn markdown(document: &Document) -> (String, Vec<(String, String)>) {
    let mut writer = Writer::default();
    writer.line(&format!("# {}", safe(&document.title)));
    writer.line(&safe(&document.facts));
    for sentence in &document.answer {
        writer.line(&format!("> {}\n>", safe(sentence)));
    }
    if let Some(note) = &document.note {
        writer.line(&format!("**{}**", text(note)));
    }
    let contents: Vec<String> = document
        .sections
        .iter()
        .map(|section| format!("- [{}](#{})", safe(&section.title), section.id))
        .collect();
    writer.line(&contents.join("\n"));
    for section in &document.sections {
        writer.section(section);
    }
    writer.line("---");
    writer.line(&text(&document.footer));
    (writer.text, writer.pictures)
}

#[derive(Default)]
struct Writer {
    text: String,
    pictures: Vec<(String, String)>,
}

impl Writer {
    /// A paragraph: what is apart in Markdown stands between empty lines.
    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.text.push_str(line);
            self.text.push_str("\n\n");
        }
    }

    fn section(&mut self, section: &Section) {
        self.line(&format!("<a id=\"{}\"></a>", section.id));
        self.line(&format!("## {}", safe(&section.title)));
        for block in &section.blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(title) => self.line(&format!("### {}", safe(title))),
            Block::Paragraph(Tone::Note, words) => self.line(&format!("> {}", text(words))),
            Block::Paragraph(_, words) => self.line(&text(words)),
            Block::List(items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| format!("- {}", text(item)))
                    .collect();
                self.line(&items.join("\n"));
            }
            Block::Table(table) => self.table(table),
            Block::Figure(figure) => self.figure(figure),
            Block::Folded(title, blocks) => {
                self.line(&format!("**{}**", safe(title)));
                blocks.iter().for_each(|block| self.block(block));
            }
            Block::Facts(facts) => {
                let facts: Vec<String> = facts
                    .iter()
                    .map(|(name, value)| format!("- **{}:** {}", safe(name), safe(value)))
                    .collect();
                self.line(&facts.join("\n"));
            }
            Block::Command(command) => {
                let lines: Vec<String> =
                    command.lines().map(|line| format!("    {line}")).collect();
                self.line(&lines.join("\n"));
            }
        }
    }

    /// Each group is a table of its own under its heading: Markdown's tables have no groups.
    fn table(&mut self, table: &Table) {
        let row = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| safe(&column.name))
            .collect();
        let rule: Vec<String> = table
            .columns
            .iter()
            .map(|column| if column.numeric { "---:" } else { "---" }.to_owned())
            .collect();
        for Group { heading, rows, .. } in &table.groups {
            self.line(&text(heading));
            if rows.is_empty() {
                continue;
            }
            let mut lines = vec![row(&names), row(&rule)];
            lines.extend(
                rows.iter()
                    .map(|cells| row(&cells.iter().map(text).collect::<Vec<_>>())),
            );
            self.line(&lines.join("\n"));
        }
    }

    fn figure(&mut self, figure: &Figure) {
        for (caption, drawing) in &figure.panels {
            let Drawing {
                identifier, title, ..
            } = drawing;
            let name = format!("{identifier}.svg");
            self.line(&safe(caption));
            self.line(&format!("![{}]({PICTURES}/{name})", safe(title)));
            self.pictures
                .push((name, drawing.alone(&figure.legend, figure.solid)));
        }
        if !figure.caption.is_empty() {
            self.line(&format!("*{}*", safe(&figure.caption)));
        }
    }
}

fn text(spans: &Text) -> String {
    spans
        .iter()
        .map(|span| match span {
            Span::Plain(words) | Span::Soft(words) => safe(words),
            Span::Strong(words) => format!("**{}**", safe(words)),
            // Nothing is escaped inside code, so what would end it goes.
            Span::Code(words) => format!("`{}`", words.replace(['`', '|', '\n', '<'], " ")),
            Span::Small(words) => format!(" ({})", safe(words)),
            Span::Link(to, words) => format!("[{}](#{to})", safe(words)),
            Span::Verdict(verdict, remark) => {
                format!(
                    "{} **{}**{}",
                    words::sign(verdict),
                    words::verdict(verdict),
                    safe(remark)
                )
            }
        })
        .collect()
}

/// Text that Markdown, and the HTML inside it, leave as it is.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            // A line break would end the paragraph, the row or the heading.
            other if other.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_markdown_is_escaped() {
        assert_eq!(
            safe("a|b *c* <img>\n# d"),
            "a\\|b \\*c\\* &lt;img&gt; \\# d"
        );
        assert_eq!(text(&vec![Span::Code("a`|b".into())]), "`a  b`");
    }
}
