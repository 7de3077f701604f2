//! A document as Markdown, with its pictures as files beside it.

use crate::content::{Block, Document, Figure, Form, Span, Table, Text, Tone};
use crate::picture::Drawing;
use crate::strip::Strip;
use crate::words;

/// The folder of the pictures, beside the text.
pub(crate) const PICTURES: &str = "pictures";

/// The text, and the pictures that it shows: file names in [`PICTURES`], with their SVG.
pub(crate) fn markdown(document: &Document) -> (String, Vec<(String, String)>) {
    let mut writer = Writer::default();
    writer.line(&format!("# {}", safe(&document.title)));
    document.lead.iter().for_each(|block| writer.block(block));
    let contents: Vec<String> = document
        .sections
        .iter()
        .map(|section| format!("- [{}](#{})", safe(&section.title), section.id))
        .collect();
    writer.line(&contents.join("\n"));
    for section in &document.sections {
        writer.line(&format!("<a id=\"{}\"></a>", section.id));
        writer.line(&format!("## {}", safe(&section.title)));
        section.blocks.iter().for_each(|block| writer.block(block));
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

    fn lines(&mut self, lines: impl IntoIterator<Item = String>) {
        self.line(&lines.into_iter().collect::<Vec<_>>().join("\n"));
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(title) => self.line(&format!("### {}", safe(title))),
            Block::Paragraph(Tone::Note | Tone::Answer, words) => {
                self.line(&format!("> {}", text(words)));
            }
            Block::Paragraph(Tone::Plain | Tone::Soft | Tone::Small, words) => {
                self.line(&text(words));
            }
            Block::List(items) => self.lines(items.iter().map(|item| format!("- {}", text(item)))),
            Block::Table(table) => self.table(table),
            Block::Figure(figure) => self.figure(figure),
            Block::Folded(title, blocks) => {
                self.line(&format!("**{}**", safe(title)));
                blocks.iter().for_each(|block| self.block(block));
            }
            Block::Facts(facts) => self.lines(
                facts
                    .iter()
                    .map(|(name, value)| format!("- **{}:** {}", safe(name), safe(value))),
            ),
            // Its pictures stand above it.
            Block::Play(_) => {}
            Block::Command(command) => {
                self.lines(command.lines().map(|line| format!("    {line}")));
            }
        }
    }

    /// Strips are no text: those of a forest plot are a picture before its table.
    fn table(&mut self, table: &Table) {
        if table.form == Form::Forest {
            self.forest(table);
        }
        let columns: Vec<usize> = (0..table.columns.len())
            .filter(|at| table.columns[*at].ruler.is_none())
            .collect();
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let names = columns
            .iter()
            .map(|at| safe(&table.columns[*at].name))
            .collect();
        let rule = |at: &usize| match table.columns[*at].numeric {
            true => "---:".to_owned(),
            false => "---".to_owned(),
        };
        let rule = columns.iter().map(rule).collect();
        let rows = table
            .rows
            .iter()
            .map(|cells| row(columns.iter().map(|at| text(&cells[*at])).collect()));
        self.lines([row(names), row(rule)].into_iter().chain(rows));
    }

    fn forest(&mut self, table: &Table) {
        let Some(ruler) = table
            .columns
            .iter()
            .find_map(|column| column.ruler.as_ref())
        else {
            return;
        };
        let words = |cell: &Text| -> String {
            let word = |span: &Span| match span {
                Span::Plain(text) | Span::Strong(text) => text.clone(),
                _ => String::new(),
            };
            cell.iter().map(word).collect()
        };
        let row = |cells: &Vec<Text>| match cells.as_slice() {
            [name, strip, end] => match strip.as_slice() {
                [Span::Strip(strip)] => Some((words(name), strip.clone(), words(end))),
                _ => None,
            },
            _ => None,
        };
        let rows: Vec<(String, Strip, String)> = table.rows.iter().filter_map(row).collect();
        let rows: Vec<(String, &Strip, String)> = rows
            .iter()
            .map(|(name, strip, end)| (name.clone(), strip, end.clone()))
            .collect();
        let drawing = ruler.alone(table.identifier.clone(), table.label.clone(), &rows);
        self.line(&safe(&table.label));
        self.picture(&drawing, &[], true);
    }

    fn picture(&mut self, drawing: &Drawing, legend: &[(usize, String)], solid: bool) {
        let name = format!("{}.svg", drawing.identifier);
        self.line(&format!("![{}]({PICTURES}/{name})", safe(&drawing.title)));
        self.pictures.push((name, drawing.alone(legend, solid)));
    }

    fn figure(&mut self, figure: &Figure) {
        for (caption, drawing) in &figure.panels {
            self.line(&safe(caption));
            self.picture(drawing, &figure.legend, figure.solid);
        }
        if !figure.caption.is_empty() {
            self.line(&format!("*{}*", safe(&figure.caption)));
        }
    }
}

fn text(spans: &Text) -> String {
    let span = |span: &Span| match span {
        Span::Plain(words) => safe(words),
        Span::Strong(words) => format!("**{}**", safe(words)),
        // Nothing is escaped inside code, so what would end it goes.
        Span::Code(words) => format!("`{}`", words.replace(['`', '|', '\n', '<'], " ")),
        Span::Small(words) => format!("<br>{}", safe(words)),
        Span::Link(to, words) => format!("[{}](#{to})", safe(words)),
        Span::Shaded(_, words) => safe(words),
        Span::Strip(_) => String::new(),
        Span::Verdict(verdict, same) => {
            format!(
                "{} **{}**",
                words::sign(*verdict, *same),
                words::verdict(*verdict, *same)
            )
        }
    };
    spans.iter().map(span).collect()
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
