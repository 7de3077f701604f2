//! What was found, read from what the report told, in lines for the terminal.

use serde_json::Value;

/// The smallest text that is read without effort, in CSS pixels.
const SMALLEST_TEXT: f64 = 12.0;

/// The lowest contrast of text (WCAG 2.2, success criterion 1.4.3).
const LOWEST_CONTRAST: f64 = 4.5;

/// The largest file, in bytes: 1.5 MB.
const LARGEST_FILE: u64 = 1_500_000;

/// What the report told about itself on one screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    /// Of the whole page, with everything folded that is.
    pub(crate) height: u32,
    pub(crate) dark: bool,
    pub(crate) width: u32,
    scroll_width: u32,
    /// The first element beyond the right edge.
    beyond: Option<String>,
    /// The smallest sizes of text, in ascending order.
    sizes: Vec<Text>,
    /// The lowest contrasts of text in pictures, in ascending order.
    contrasts: Vec<Text>,
    /// The version of axe-core.
    axe: String,
    violations: Vec<Violation>,
    /// What axe-core could not decide.
    undecided: Vec<Violation>,
}

/// What was measured of a text, how often, and where first.
#[derive(Clone, Debug, Default, PartialEq)]
struct Text {
    value: f64,
    count: u32,
    selector: String,
    text: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Violation {
    rule: String,
    impact: Option<String>,
    help: String,
    count: u32,
    selector: String,
    reason: String,
}

/// Lines to print, and whether one of them is a failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Findings {
    pub(crate) lines: Vec<String>,
    pub(crate) failed: bool,
}

impl Findings {
    pub(crate) fn add(&mut self, fails: bool, line: String) {
        let mark = if fails { "FAILED " } else { "" };
        self.lines.push(format!("{mark}{line}"));
        self.failed |= fails;
    }

    /// The texts with too low a value.
    fn list(&mut self, texts: &[Text], lowest: f64, unit: &str) {
        for text in texts.iter().filter(|text| text.value < lowest) {
            self.lines.push(format!(
                "    {}{unit}, {} times, first \"{}\" in {}",
                text.value, text.count, text.text, text.selector
            ));
        }
    }
}

impl Told {
    /// Reads what the report told: what `measure.js` writes.
    pub(crate) fn read(json: &str) -> Result<Self, String> {
        let told: Value = serde_json::from_str(json)
            .map_err(|error| format!("the browser told something else than expected: {error}"))?;
        if let Some(error) = told["error"].as_str() {
            return Err(format!("in the browser: {error}"));
        }
        let violations = |key: &str| list(&told[key]).map(Violation::read).collect();
        Ok(Self {
            height: whole(&told["height"]),
            dark: told["dark"] == true,
            width: whole(&told["width"]),
            scroll_width: whole(&told["scroll_width"]),
            beyond: told["beyond"].as_str().map(str::to_owned),
            sizes: list(&told["sizes"]).map(Text::read).collect(),
            contrasts: list(&told["contrasts"]).map(Text::read).collect(),
            axe: text(&told["axe"]),
            violations: violations("violations"),
            undecided: violations("undecided"),
        })
    }

    /// What axe-core found, the grave things first.
    pub(crate) fn accessibility(&self, screen: &str, findings: &mut Findings) {
        let grave = self
            .violations
            .iter()
            .filter(|found| found.is_grave())
            .count();
        findings.add(
            grave > 0,
            format!(
                "{screen}: axe-core {} found {} kinds of violation, {grave} of them serious or critical",
                self.axe,
                self.violations.len()
            ),
        );
        let mut violations: Vec<&Violation> = self.violations.iter().collect();
        violations.sort_by_key(|found| !found.is_grave());
        for found in violations {
            findings.lines.push(found.line());
        }
        for found in &self.undecided {
            findings
                .lines
                .push(format!("{} (not decided)", found.line()));
        }
    }

    /// Whether the page scrolls sideways.
    pub(crate) fn sideways(&self, screen: &str, findings: &mut Findings) {
        let fails = self.scroll_width > self.width;
        let mut line = format!(
            "{screen}: the page is {} px wide on a screen of {} px",
            self.scroll_width, self.width
        );
        if let Some(selector) = &self.beyond {
            line += &format!("; the first beyond the edge is {selector}");
        }
        findings.add(fails, line);
    }

    /// The smallest text.
    pub(crate) fn text(&self, screen: &str, findings: &mut Findings) {
        let Some(smallest) = self.sizes.first() else {
            findings.add(true, format!("{screen}: no text found"));
            return;
        };
        let line = format!("{screen}: the smallest text has {} px", smallest.value);
        findings.add(smallest.value < SMALLEST_TEXT, line);
        findings.list(&self.sizes, SMALLEST_TEXT, " px");
    }

    /// The contrast of text in pictures.
    pub(crate) fn contrast(&self, screen: &str, findings: &mut Findings) {
        let Some(lowest) = self.contrasts.first() else {
            return;
        };
        let line = format!(
            "{screen}: the lowest contrast of text in a picture is {}:1",
            lowest.value
        );
        findings.add(lowest.value < LOWEST_CONTRAST, line);
        findings.list(&self.contrasts, LOWEST_CONTRAST, ":1");
    }
}

impl Text {
    fn read(told: &Value) -> Self {
        Self {
            value: told["value"].as_f64().unwrap_or(0.0),
            count: whole(&told["count"]),
            selector: text(&told["selector"]),
            text: text(&told["text"]),
        }
    }
}

impl Violation {
    fn read(told: &Value) -> Self {
        Self {
            rule: text(&told["rule"]),
            impact: told["impact"].as_str().map(str::to_owned),
            help: text(&told["help"]),
            count: whole(&told["count"]),
            selector: text(&told["selector"]),
            reason: text(&told["reason"]),
        }
    }

    fn is_grave(&self) -> bool {
        matches!(self.impact.as_deref(), Some("serious" | "critical"))
    }

    fn line(&self) -> String {
        let impact = self.impact.as_deref().unwrap_or("no impact");
        let reason = self.reason.lines().next().unwrap_or_default();
        let mut line = format!(
            "    {impact}: {}, {} times: {}; first {}",
            self.rule, self.count, self.help, self.selector
        );
        if !reason.is_empty() {
            line += &format!(": {reason}");
        }
        line
    }
}

fn list(told: &Value) -> impl Iterator<Item = &Value> {
    told.as_array().into_iter().flatten()
}

fn text(told: &Value) -> String {
    told.as_str().unwrap_or_default().to_owned()
}

/// A count of the browser's; it has no whole numbers of its own.
fn whole(told: &Value) -> u32 {
    told.as_f64().map_or(0, |number| number.round() as u32)
}

/// Whether the file is small enough to be sent by mail.
pub(crate) fn size(bytes: u64, findings: &mut Findings) {
    findings.add(
        bytes > LARGEST_FILE,
        format!(
            "file: {:.2} MB, of at most {:.1} MB",
            bytes as f64 / 1e6,
            LARGEST_FILE as f64 / 1e6
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = r#"{"height": 9000, "dark": false, "width": 390, "scroll_width": 412, "beyond": "table.effects",
        "sizes": [{"value": 9.5, "count": 3, "selector": "svg > text", "text": "wine"}, {"value": 12, "count": 80}],
        "contrasts": [{"value": 3.2, "count": 5, "selector": "svg > text.soft", "text": "epoch"}, {"value": 7, "count": 80}],
        "axe": "4.10.0",
        "violations": [
            {"rule": "region", "impact": "moderate", "help": "In landmarks", "count": 1, "selector": "p"},
            {"rule": "color-contrast", "impact": "serious", "help": "Contrast", "count": 4, "selector": ".soft",
             "reason": "contrast of 3.1\nand more"}],
        "undecided": [{"rule": "color-contrast", "impact": "serious", "help": "Contrast", "count": 7, "selector": "text"}]}"#;

    #[test]
    fn grave_violations_come_first_and_fail() {
        let told = Told::read(PHONE).unwrap();
        let mut findings = Findings::default();
        told.accessibility("phone", &mut findings);
        assert!(findings.failed);
        assert_eq!(
            findings.lines,
            [
                "FAILED phone: axe-core 4.10.0 found 2 kinds of violation, 1 of them serious or critical",
                "    serious: color-contrast, 4 times: Contrast; first .soft: contrast of 3.1",
                "    moderate: region, 1 times: In landmarks; first p",
                "    serious: color-contrast, 7 times: Contrast; first text (not decided)",
            ]
        );
    }

    #[test]
    fn lesser_violations_and_what_is_not_decided_do_not_fail() {
        let mut told = Told::read(PHONE).unwrap();
        told.violations.truncate(1);
        let mut findings = Findings::default();
        told.accessibility("desk", &mut findings);
        assert!(
            !findings.failed && findings.lines.len() == 3,
            "{findings:?}"
        );
    }

    #[test]
    fn a_page_wider_than_the_screen_small_or_pale_text_and_a_large_file_fail() {
        let told = Told::read(PHONE).unwrap();
        let mut findings = Findings::default();
        told.sideways("phone", &mut findings);
        told.text("phone", &mut findings);
        told.contrast("phone", &mut findings);
        size(1_600_000, &mut findings);
        assert_eq!(
            findings.lines,
            [
                "FAILED phone: the page is 412 px wide on a screen of 390 px; the first beyond the edge is table.effects",
                "FAILED phone: the smallest text has 9.5 px",
                "    9.5 px, 3 times, first \"wine\" in svg > text",
                "FAILED phone: the lowest contrast of text in a picture is 3.2:1",
                "    3.2:1, 5 times, first \"epoch\" in svg > text.soft",
                "FAILED file: 1.60 MB, of at most 1.5 MB",
            ]
        );
    }

    #[test]
    fn a_page_that_fits_passes() {
        let json = r#"{"width": 390, "scroll_width": 390, "sizes": [{"value": 12, "count": 1}], "axe": "4"}"#;
        let told = Told::read(json).unwrap();
        let mut findings = Findings::default();
        told.accessibility("phone", &mut findings);
        told.sideways("phone", &mut findings);
        told.text("phone", &mut findings);
        size(900_000, &mut findings);
        assert!(
            !findings.failed && findings.lines.len() == 4,
            "{findings:?}"
        );
    }

    #[test]
    fn an_error_in_the_browser_is_an_error_here() {
        let error = Told::read(r#"{"error": "ReferenceError: axe"}"#).unwrap_err();
        assert_eq!(error, "in the browser: ReferenceError: axe");
        assert!(Told::read("no JSON").is_err());
    }
}
