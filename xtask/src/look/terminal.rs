//! What a program printed, as a picture of a terminal.
//!
//! The window has its own dark ground and a border, so that the picture is read on a light page and on a dark one alike. Each line is
//! told its width, so that it fits whichever monospaced font the reader has.

/// Of one character, in pixels: 0.6 of the font's size, as nearly all monospaced fonts have it.
const CHARACTER: f64 = 8.4;
const FONT: f64 = 14.0;
const LINE: f64 = 20.0;
/// Around the text.
const MARGIN: f64 = 18.0;
/// The bar of the window.
const BAR: f64 = 34.0;
/// A narrower window would not look like one.
const FEWEST_COLUMNS: usize = 40;

/// The verdicts, each with its class.
const VERDICTS: [(&str, &str); 5] = [
    ("yes", "yes"),
    ("no", "no"),
    ("about the same", "same"),
    ("cannot tell", "open"),
    ("not answered", "open"),
];

const STYLE: &str = "\
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #e8eaed; white-space: pre }
.yes { fill: #5fd6a6; font-weight: bold } .no { fill: #ffa06b; font-weight: bold }
.same { fill: #7cbcf5; font-weight: bold } .open { fill: #efb63c; font-weight: bold }
.asked { fill: #ffffff; font-weight: bold }";

/// An SVG of a terminal window that shows this text.
pub(crate) fn picture(text: &str) -> String {
    let lines: Vec<String> = plain(text)
        .trim_end()
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    let columns = lines.iter().map(|line| line.chars().count()).max();
    let columns = columns.unwrap_or(0).max(FEWEST_COLUMNS);
    let width = 2.0 * MARGIN + columns as f64 * CHARACTER;
    let height = BAR + lines.len() as f64 * LINE + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         role=\"img\" aria-labelledby=\"shown\">\n<title id=\"shown\">A terminal: {}</title>\n<style>\n{STYLE}\n</style>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\" fill=\"#14171b\" stroke=\"#6b737c\"/>\n",
        escaped(
            lines
                .iter()
                .find(|line| !line.is_empty())
                .map_or("empty", String::as_str)
        ),
        width - 1.0,
        height - 1.0
    );
    for (button, colour) in ["#ff6b60", "#efb63c", "#5fd6a6"].iter().enumerate() {
        let x = MARGIN + 20.0 * button as f64;
        svg += &format!("<circle cx=\"{x}\" cy=\"18\" r=\"6\" fill=\"{colour}\"/>\n");
    }
    for (number, line) in lines.iter().enumerate() {
        if !line.is_empty() {
            let y = BAR + FONT + number as f64 * LINE;
            svg += &row(line, y);
        }
    }
    svg + "</svg>\n"
}

/// One line of text. Spaces before it are its place, so that no reader of SVG drops them.
fn row(line: &str, y: f64) -> String {
    let shown = line.trim_start();
    let length = shown.chars().count();
    let indent = line.chars().count() - length;
    let x = MARGIN + indent as f64 * CHARACTER;
    let class = if line.starts_with("$ ") {
        " class=\"asked\""
    } else {
        ""
    };
    format!(
        "<text x=\"{x:.1}\" y=\"{y}\" textLength=\"{:.1}\" xml:space=\"preserve\"{class}>{}</text>\n",
        length as f64 * CHARACTER,
        coloured(shown)
    )
}

/// The line with its verdict in colour.
fn coloured(line: &str) -> String {
    for (verdict, class) in VERDICTS {
        if let Some(at) = verdict_in(line, verdict) {
            let (before, rest) = line.split_at(at);
            let (verdict, after) = rest.split_at(verdict.len());
            return format!(
                "{}<tspan class=\"{class}\">{verdict}</tspan>{}",
                escaped(before),
                escaped(after)
            );
        }
    }
    escaped(line)
}

/// Where a verdict stands in a column of its own: with the edge or two spaces on both sides.
fn verdict_in(line: &str, verdict: &str) -> Option<usize> {
    let found = line.match_indices(verdict).find(|(at, _)| {
        let (before, after) = (&line[..*at], &line[at + verdict.len()..]);
        (before.is_empty() || before.ends_with("  "))
            && (after.is_empty() || after.starts_with("  "))
    });
    found.map(|(at, _)| at)
}

/// Text without the terminal's own codes for colours, and without other characters that no SVG may have.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // A code is `ESC [`, parameters, and a letter.
            '\u{1b}' => {
                letters.find(|letter| letter.is_ascii_alphabetic());
            }
            '\t' => plain.push_str("    "),
            '\n' => plain.push('\n'),
            letter if letter.is_control() => {}
            letter => plain.push(letter),
        }
    }
    plain
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "$ smallbatch run --quick\n\nyes             1. Inputs of <very> different scale & more\n                Raw inputs end with 3.4 times the loss; no doubt, yes.\ncannot tell     2. x\n";

    #[test]
    fn a_window_is_as_wide_as_its_longest_line_and_as_high_as_its_lines() {
        let svg = picture(PRINTED);
        // 70 characters, five lines.
        let longest = PRINTED
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap();
        let width = (36.0 + longest as f64 * 8.4).round();
        assert!(
            svg.contains(&format!("viewBox=\"0 0 {width} 152\"")),
            "{svg}"
        );
        assert!(
            picture("a").contains("viewBox=\"0 0 372 72\""),
            "{}",
            picture("a")
        );
    }

    #[test]
    fn verdicts_have_colours_and_words_within_a_sentence_have_none() {
        let svg = picture(PRINTED);
        assert!(
            svg.contains("><tspan class=\"yes\">yes</tspan>             1. Inputs"),
            "{svg}"
        );
        assert!(
            svg.contains("<tspan class=\"open\">cannot tell</tspan>     2. x"),
            "{svg}"
        );
        assert_eq!(svg.matches("<tspan").count(), 2, "{svg}");
        assert!(svg.contains("class=\"asked\">$ smallbatch"), "{svg}");
        assert_eq!(coloured("1  no  x"), "1  <tspan class=\"no\">no</tspan>  x");
        assert_eq!(coloured("nobody  x"), "nobody  x");
    }

    #[test]
    fn no_text_becomes_markup_and_no_code_of_the_terminal_stays() {
        let svg = picture("\u{1b}[1;32myes\u{1b}[0m  a < b > c & d\u{7}\u{0}\te");
        assert!(
            svg.contains("<tspan class=\"yes\">yes</tspan>  a &lt; b &gt; c &amp; d    e</text>"),
            "{svg}"
        );
        assert!(!svg.contains('\u{1b}') && !svg.contains("[0m"), "{svg}");
    }

    #[test]
    fn a_line_is_told_its_width_and_its_indentation_is_its_place() {
        assert_eq!(
            row("   ab", 48.0),
            "<text x=\"43.2\" y=\"48\" textLength=\"16.8\" xml:space=\"preserve\">ab</text>\n"
        );
    }
}
