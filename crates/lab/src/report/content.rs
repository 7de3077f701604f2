//! What the report says, without saying how it looks: the one source of `report.html` and `report.md`.
//!
//! A [`Document`] is made from the results alone. The two writers, `html` and `markdown`, know nothing of results; that
//! no text can become markup is their business, and theirs only.

use super::picture::Drawing;
use crate::statistics::Verdict;

/// The whole report.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) title: String,
    /// When and where, in one line.
    pub(super) facts: String,
    /// The answer, a sentence each.
    pub(super) answer: Vec<String>,
    /// What must be known before anything is believed.
    pub(super) note: Option<Text>,
    pub(super) sections: Vec<Section>,
    pub(super) footer: Text,
}

/// A part with a heading that the contents list.
#[derive(Debug)]
pub(super) struct Section {
    /// Unique in the document: letters, digits and hyphens.
    pub(super) id: String,
    pub(super) title: String,
    /// The part of the contents that it is listed under.
    pub(super) part: Part,
    pub(super) blocks: Vec<Block>,
}

/// The parts of the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Overview,
    Claims,
    Background,
}

/// A piece of a section.
#[derive(Debug)]
pub(super) enum Block {
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
}

/// How loud a paragraph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Soft,
    Small,
    Note,
}

/// A line of text in pieces.
pub(super) type Text = Vec<Span>;

/// A piece of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Span {
    Plain(String),
    Soft(String),
    Strong(String),
    Code(String),
    /// On a line of its own, in small print.
    Small(String),
    /// To the section with this identifier.
    Link(String, String),
    /// A verdict, and in words what follows from it.
    Verdict(Verdict, String),
}

/// A table whose rows come in groups.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What it shows, for those who do not see it.
    pub(super) label: String,
    pub(super) columns: Vec<Column>,
    pub(super) groups: Vec<Group>,
}

/// A column's heading; numbers are set to the right.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) numeric: bool,
}

/// Rows under a heading, or under none.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Whether the heading opens a new matter, and is not only a subheading.
    pub(super) major: bool,
    pub(super) heading: Text,
    pub(super) rows: Vec<Vec<Text>>,
}

/// Pictures side by side, under one legend.
#[derive(Debug, Default)]
pub(super) struct Figure {
    /// Styles with what is drawn in them.
    pub(super) legend: Vec<(usize, String)>,
    /// Whether its lines are drawn without the dashes of their styles.
    pub(super) solid: bool,
    /// Captions with pictures.
    pub(super) panels: Vec<(String, Drawing)>,
    pub(super) caption: String,
}

impl Column {
    pub(super) fn text(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            numeric: false,
        }
    }

    pub(super) fn number(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            numeric: true,
        }
    }
}

impl Block {
    /// A paragraph of plain words; none for no words.
    pub(super) fn words(tone: Tone, text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then(|| Self::Paragraph(tone, plain(text)))
    }

    /// A figure; none without pictures.
    pub(super) fn figure(figure: Figure) -> Option<Self> {
        (!figure.panels.is_empty()).then_some(Self::Figure(figure))
    }
}

/// Text in one piece.
pub(super) fn plain(text: impl Into<String>) -> Text {
    vec![Span::Plain(text.into())]
}
