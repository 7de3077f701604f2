//! Text for a terminal: lines as wide as it is, coloured where it shows colours.

use anstyle::{AnsiColor, Color, Style};

use crate::words::clip;

/// Narrower lines would break every sentence.
const NARROWEST: usize = 60;
/// Wider lines are hard to read.
const WIDEST: usize = 100;
/// Where titles and sentences begin: the verdicts stand before them.
pub(crate) const INDENT: usize = 16;

/// What a text is printed on.
///
/// ```
/// use smallbatch_report::Screen;
///
/// let wide = Screen { columns: 100, ..Screen::default() };
/// assert_eq!((Screen::default().columns, wide.colour), (80, false));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Its columns. Lines have at most so many characters, but never less room than 60 and never more than 100.
    pub columns: usize,
    /// Whether it shows colours, by ANSI's codes.
    pub colour: bool,
}

impl Default for Screen {
    /// 80 columns without colours.
    fn default() -> Self {
        Self {
            columns: 80,
            colour: false,
        }
    }
}

/// How some words are shown in colour. Without colours all look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Strong,
    Dim,
    Green,
    Red,
    Yellow,
    Blue,
}

impl Tone {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(Color::Ansi(colour)));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Green => colour(AnsiColor::Green),
            Self::Red => colour(AnsiColor::Red),
            Self::Yellow => colour(AnsiColor::Yellow),
            Self::Blue => colour(AnsiColor::Blue),
        }
    }
}

/// Lines in the making.
pub(crate) struct Page {
    screen: Screen,
    lines: Vec<String>,
}

impl Page {
    pub(crate) fn new(screen: Screen) -> Self {
        Self {
            screen,
            lines: Vec::new(),
        }
    }

    /// The most characters of a line.
    pub(crate) fn width(&self) -> usize {
        self.screen.columns.clamp(NARROWEST, WIDEST)
    }

    pub(crate) fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// A line that is not cut or broken, however long: someone copies it.
    pub(crate) fn whole(&mut self, line: String) {
        self.lines.push(line);
    }

    /// A line that is cut where the screen ends.
    pub(crate) fn cut(&mut self, line: &str) {
        let line = clip(line, self.width());
        self.lines.push(line.trim_end().replace('\u{a0}', " "));
    }

    /// A word with its title behind it, where all titles begin.
    pub(crate) fn heading(&mut self, tone: Tone, word: &str, title: &str) {
        let word = clip(word, INDENT - 1);
        let gap = " ".repeat(INDENT - word.chars().count());
        let title = clip(title, self.width() - INDENT);
        let word = self.paint(tone, &word);
        let title = self.paint(Tone::Strong, &title);
        self.lines.push(word + &gap + &title);
    }

    /// Sentences in lines behind an indentation. A word that is longer than a line is cut; a space that does not break joins words.
    pub(crate) fn flow(&mut self, indent: usize, pieces: &[(Tone, &str)]) {
        let room = self.width() - indent;
        let mut line: Vec<(Tone, String)> = Vec::new();
        let mut length = 0;
        for (tone, text) in pieces {
            for word in text
                .split([' ', '\n', '\t'])
                .filter(|word| !word.is_empty())
            {
                let word = clip(word, room);
                let more = word.chars().count();
                if !line.is_empty() && length + 1 + more > room {
                    self.lines.push(self.painted(indent, &line));
                    line.clear();
                    length = 0;
                }
                length += more + usize::from(!line.is_empty());
                line.push((*tone, word));
            }
        }
        if !line.is_empty() {
            self.lines.push(self.painted(indent, &line));
        }
    }

    /// How many lines such sentences take.
    pub(crate) fn n_lines(&self, indent: usize, text: &str) -> usize {
        let mut page = Self::new(self.screen);
        page.sentence(indent, text);
        page.lines.len()
    }

    /// One sentence, plain.
    pub(crate) fn sentence(&mut self, indent: usize, text: &str) {
        self.flow(indent, &[(Tone::Plain, text)]);
    }

    fn painted(&self, indent: usize, words: &[(Tone, String)]) -> String {
        let runs = words.chunk_by(|(one, _), (next, _)| one == next);
        let runs = runs.map(|run| {
            let words: Vec<&str> = run.iter().map(|(_, word)| word.as_str()).collect();
            self.paint(run[0].0, &words.join(" "))
        });
        " ".repeat(indent) + &runs.collect::<Vec<_>>().join(" ")
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        let text = text.replace('\u{a0}', " ");
        if !self.screen.colour || tone == Tone::Plain {
            return text;
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }

    /// All lines, the last with its end.
    pub(crate) fn text(self) -> String {
        self.lines.join("\n").trim_end().to_owned() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(screen: Screen, pieces: &[(Tone, &str)]) -> Vec<String> {
        let mut page = Page::new(screen);
        page.flow(4, pieces);
        page.text().lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_as_wide_as_the_screen_but_never_very_narrow_or_wide() {
        let text = "word ".repeat(60);
        for (columns, widest) in [(0, 58), (60, 58), (80, 78), (100, 98), (300, 98)] {
            let screen = Screen {
                columns,
                ..Screen::default()
            };
            let lines = lines(screen, &[(Tone::Plain, &text)]);
            let longest = lines.iter().map(|line| line.chars().count()).max();
            assert_eq!(longest, Some(widest), "{columns} columns");
        }
    }

    #[test]
    fn words_that_a_hard_space_joins_stay_on_one_line() {
        let text = "word ".repeat(14) + "and\u{a0}one\u{a0}more";
        let lines = lines(Screen::default(), &[(Tone::Plain, &text)]);
        assert_eq!(lines[1], "    and one more");
    }

    #[test]
    fn colours_change_no_line_and_are_there_only_where_they_are_shown() {
        let pieces = [(Tone::Plain, "a sentence"), (Tone::Dim, "(0.1 to 2).")];
        let plain = lines(Screen::default(), &pieces);
        assert_eq!(plain, ["    a sentence (0.1 to 2)."]);
        let screen = Screen {
            colour: true,
            ..Screen::default()
        };
        let coloured = lines(screen, &pieces);
        assert_eq!(coloured, ["    a sentence \u{1b}[2m(0.1 to 2).\u{1b}[0m"]);
    }
}
