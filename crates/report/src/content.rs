//! What the report says, without saying how it looks: the one source of `report.html` and `report.md`.
//!
//! A [`Document`] is made from the results alone. The two writers, `html` and `markdown`, know nothing of results; that
//! no text can become markup is their business, and theirs only.

use smallbatch_evidence::Verdict;

use crate::picture::Drawing;
use crate::strip::{Ruler, Strip};

/// The whole report.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) title: String,
    /// What was asked and the answers: the first screen.
    pub(crate) lead: Vec<Block>,
    pub(crate) sections: Vec<Section>,
    pub(crate) footer: Text,
}

/// A part with a heading that the contents list.
#[derive(Debug)]
pub(crate) struct Section {
    /// Unique in the document: letters, digits and hyphens.
    pub(crate) id: String,
    pub(crate) title: String,
    /// Whether it is a claim's page; what is none is background.
    pub(crate) is_claim: bool,
    pub(crate) blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug)]
pub(crate) enum Block {
    Heading(String),
    Paragraph(Tone, Text),
    List(Vec<Text>),
    Table(Table),
    Figure(Figure),
    /// Folded away under a line that says what it is.
    Folded(String, Vec<Block>),
    /// Names with what they are.
    Facts(Vec<(String, String)>),
    /// A command.
    Command(String),
    /// Something to play with, where there is a script: what it needs, as JSON. It repeats what a picture shows.
    Play(String),
}

/// How loud a paragraph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Answer,
    Soft,
    Small,
    Note,
}

/// A line of text in pieces.
pub(crate) type Text = Vec<Span>;

/// A piece of text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Span {
    Plain(String),
    Strong(String),
    Code(String),
    /// On a line of its own, in small print.
    Small(String),
    /// To the section with this identifier.
    Link(String, String),
    /// A verdict, and whether the claim is one of sameness.
    Verdict(Verdict, bool),
    /// A number on a ground that is darker the larger this share of a whole is.
    Shaded(f64, String),
    /// An effect on its column's axis. It repeats a number that stands beside it.
    Strip(Strip),
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    /// What it shows, for those who do not see it.
    pub(crate) label: String,
    /// What becomes of it on a narrow screen.
    pub(crate) form: Form,
    /// Of a forest plot: the name of its picture, unique in the document.
    pub(crate) identifier: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Text>>,
}

/// A column's heading; numbers are set to the right.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) numeric: bool,
    /// The axis of a column of strips.
    pub(crate) ruler: Option<Ruler>,
}

/// What becomes of a table on a narrow screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// It scrolls sideways.
    Plain,
    /// Each row becomes a card. With a script, there is a filter above it.
    Cards,
    /// The answers of the first screen.
    Answers,
    /// A forest plot: a name, a strip, a number.
    Forest,
    /// Ways side by side: a name, a strip, what it says, measures.
    Ways,
}

/// Pictures side by side, under one legend.
#[derive(Debug, Default)]
pub(crate) struct Figure {
    /// Styles with what is drawn in them.
    pub(crate) legend: Vec<(usize, String)>,
    /// Whether its lines are drawn without the dashes of their styles.
    pub(crate) solid: bool,
    /// Whether two panels stand side by side, and no more.
    pub(crate) pairs: bool,
    /// Captions with pictures.
    pub(crate) panels: Vec<(String, Drawing)>,
    pub(crate) caption: String,
}

impl Table {
    /// A table with columns of these names, separated by bars; one that begins with `#` has numbers.
    pub(crate) fn new(label: &str, columns: &str, rows: Vec<Vec<Text>>) -> Self {
        let column = |name: &str| Column {
            name: name.trim_start_matches('#').into(),
            numeric: name.starts_with('#'),
            ruler: None,
        };
        let columns = columns.split("|").map(column).collect();
        Self {
            label: label.into(),
            identifier: String::new(),
            form: Form::Plain,
            columns,
            rows,
        }
    }

    /// In another form.
    pub(crate) fn with_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// With the axis of the column of strips.
    pub(crate) fn with_ruler(mut self, at: usize, ruler: Ruler) -> Self {
        self.columns[at].ruler = Some(ruler);
        self
    }
}

impl Block {
    /// A paragraph of plain words; none for no words.
    pub(crate) fn words(tone: Tone, text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then(|| Self::Paragraph(tone, plain(text)))
    }

    /// A figure; none without pictures.
    pub(crate) fn figure(figure: Figure) -> Option<Self> {
        (!figure.panels.is_empty()).then_some(Self::Figure(figure))
    }

    /// A table; none without rows.
    pub(crate) fn table(table: Table) -> Option<Self> {
        (!table.rows.is_empty()).then_some(Self::Table(table))
    }

    /// Blocks folded away; none where there are none.
    pub(crate) fn folded(title: &str, blocks: impl IntoIterator<Item = Self>) -> Option<Self> {
        let blocks: Vec<Self> = blocks.into_iter().collect();
        (!blocks.is_empty()).then(|| Self::Folded(title.into(), blocks))
    }

    /// Names with what they are, without those that are nothing.
    pub(crate) fn facts(facts: impl IntoIterator<Item = (&'static str, String)>) -> Option<Self> {
        let facts: Vec<_> = facts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        (!facts.is_empty()).then_some(Self::Facts(facts))
    }
}

/// Text in one piece.
pub(crate) fn plain(text: impl Into<String>) -> Text {
    vec![Span::Plain(text.into())]
}

/// A text in which what is between backticks is a name in a program. A backtick that has no partner stays.
pub(crate) fn with_code(text: &str) -> Text {
    let mut parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let last = parts.pop();
    let mut spans = Vec::new();
    for pair in parts.chunks(2) {
        spans.push(Span::Plain(pair[0].to_owned()));
        spans.extend(pair.get(1).map(|name| Span::Code((*name).to_owned())));
    }
    spans.extend(last.map(|rest| Span::Plain(rest.to_owned())));
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_backticks_are_code() {
        let html = |text: &str| crate::html::text(&with_code(text));
        assert_eq!(
            html("name it as the `time`, or `group`."),
            "name it as the <code>time</code>, or <code>group</code>."
        );
        assert_eq!(html("5` of it"), "5` of it");
        assert_eq!(html("plain"), "plain");
    }
}
