//! `cargo xtask look [DIR]`: a report, or an advice's page, as readers see it, at a desk, on a phone, in the dark and on paper.
//!
//! A headless Chromium takes the pictures and axe-core looks for what keeps people from reading them. The report is measured in the
//! browser, too: whether it scrolls sideways on a phone, how small its smallest text is drawn, how large the file is. It is no part
//! of the checks that must pass, which need no browser and no network.

mod axe;
pub(crate) mod browser;
mod findings;
mod page;
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cargo::root;
use crate::output::{say, warn};
use browser::{Browser, Colours, Screen, Wanted, url};
use findings::{Findings, Told};

const USAGE: &str = "usage: cargo xtask look [DIR] [--to FOLDER]            DIR has report.html or advice.html; `out` by default
       cargo xtask look --terminal FILE [--to FOLDER]  a picture of what a program printed into FILE
Pictures go to FOLDER, `target/look` by default. The variable CHROMIUM names the browser, AXE a file axe.min.js.";

const DESK: Screen = Screen {
    width: 1280,
    height: 800,
};
const PHONE: Screen = Screen {
    width: 390,
    height: 844,
};

/// What can be looked at in a folder: the report of an experiment, the page about a table.
const PAGES: [&str; 2] = ["report.html", "advice.html"];

/// The highest picture: browsers draw none that is much higher.
const HIGHEST: u32 = 8000;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    subject: Subject,
    to: PathBuf,
}

#[derive(Debug, PartialEq, Eq)]
enum Subject {
    /// A folder with a report, or with a page about a table.
    Report(PathBuf),
    /// A file with what a program printed.
    Terminal(PathBuf),
}

/// The verb: exit code 0 when nothing was found that must not be, 1 when something was or could not be looked at, 2 when it was
/// asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    if arguments.iter().any(|word| word == "--help") {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    let options = match parse(arguments) {
        Ok(options) => options,
        Err(message) => {
            warn(&format!("xtask: {message}\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    let looked = match &options.subject {
        Subject::Report(folder) => report(folder, &options.to),
        Subject::Terminal(file) => printed(file, &options.to),
    };
    match looked {
        Ok(findings) => {
            for line in &findings.lines {
                say(line);
            }
            if findings.failed {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            }
        }
        Err(message) => {
            warn(&format!("look: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<Options, String> {
    let mut to = root().join("target").join("look");
    let mut subject = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || {
            let value = words.next().map(PathBuf::from);
            value.ok_or_else(|| format!("`{word}` wants a name after it"))
        };
        let named = match word.as_str() {
            "--to" => {
                to = value()?;
                continue;
            }
            "--terminal" => Subject::Terminal(value()?),
            flag if flag.starts_with('-') => return Err(format!("`look` does not know `{flag}`")),
            folder => Subject::Report(folder.into()),
        };
        if subject.replace(named).is_some() {
            return Err("`look` looks at one thing at a time".into());
        }
    }
    Ok(Options {
        subject: subject.unwrap_or_else(|| Subject::Report("out".into())),
        to,
    })
}

/// Draws what a program printed.
fn printed(file: &Path, to: &Path) -> Result<Findings, String> {
    let text = fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let mut findings = Findings::default();
    let picture = to.join("terminal.svg");
    make(to)?;
    write(&picture, &terminal::picture(&text))?;
    findings.add(false, format!("picture: {}", picture.display()));
    Ok(findings)
}

/// Takes all pictures of a report and measures it.
fn report(folder: &Path, to: &Path) -> Result<Findings, String> {
    let file = PAGES.map(|page| folder.join(page));
    let file = file.iter().find(|file| file.is_file()).unwrap_or(&file[0]);
    let html = fs::read_to_string(file).map_err(|error| {
        format!(
            "cannot read {}: {error}; run `cargo xtask experiment --quick` first, or name the folder",
            file.display()
        )
    })?;
    // The browser wants to know where it is, whatever its own folder.
    let work = root().join("target").join("look").join("work");
    make(&work)?;
    make(to)?;
    let look = Look {
        browser: Browser::find(&work)?,
        axe: axe::source(&work)?,
        report: std::path::absolute(file).map_err(|error| error.to_string())?,
        to: std::path::absolute(to).map_err(|error| error.to_string())?,
        work,
    };
    let mut findings = Findings::default();
    let desk = look.told(&html, DESK, Colours::Light)?;
    let phone = look.told(&html, PHONE, Colours::Light)?;
    let dark = look.told(&html, DESK, Colours::Dark)?;

    look.forget_pages()?;
    look.picture("desk", DESK, Colours::Light)?;
    look.page("desk-page", DESK, desk.height)?;
    // Two screens of a phone.
    let tall = Screen {
        height: 2 * PHONE.height,
        ..PHONE
    };
    look.picture("phone", tall, Colours::Light)?;
    look.page("phone-page", PHONE, phone.height)?;
    look.picture("dark", DESK, Colours::Dark)?;
    look.picture("dark-phone", tall, Colours::Dark)?;
    let print = look.to.join("print.pdf");
    look.browser
        .open(&look.report, Colours::Light, Wanted::Print(&print))?;

    findings.add(false, format!("pictures: {}", look.to.display()));
    findings.add(
        false,
        format!(
            "height: {} px at a desk, {} px on a phone",
            desk.height, phone.height
        ),
    );
    findings::size(html.len() as u64, &mut findings);
    phone.sideways("phone", &mut findings);
    for (told, screen) in [(&desk, "desk"), (&phone, "phone")] {
        told.text(screen, &mut findings);
    }
    for (told, screen) in [(&desk, "desk"), (&dark, "dark")] {
        told.contrast(screen, &mut findings);
    }
    for (told, screen) in [(&desk, "desk"), (&phone, "phone"), (&dark, "dark")] {
        told.accessibility(screen, &mut findings);
    }
    Ok(findings)
}

/// What is needed to look at one report.
struct Look {
    browser: Browser,
    /// The source of axe-core.
    axe: String,
    report: PathBuf,
    /// Where the pictures go.
    to: PathBuf,
    /// For everything else.
    work: PathBuf,
}

impl Look {
    /// What the report tells about itself on a screen.
    fn told(&self, html: &str, screen: Screen, colours: Colours) -> Result<Told, String> {
        let copy = self.work.join("measured.html");
        write(&copy, &page::measured(html, &self.axe))?;
        let frame = self.framed(&copy, screen, screen.height, 0)?;
        let source = self.browser.open(&frame, colours, Wanted::Source(screen))?;
        let json =
            page::told(&source).ok_or("the report did not answer within the browser's time")?;
        let told = Told::read(json)?;
        if told.width != screen.width || told.dark != (colours == Colours::Dark) {
            return Err(format!(
                "the browser shows a screen of {} px, dark {}, where {} px and {colours:?} were asked for",
                told.width, told.dark, screen.width
            ));
        }
        Ok(told)
    }

    /// A picture of the first screen.
    fn picture(&self, name: &str, screen: Screen, colours: Colours) -> Result<(), String> {
        let frame = self.framed(&self.report, screen, screen.height, 0)?;
        let file = self.to.join(format!("{name}.png"));
        self.browser
            .open(&frame, colours, Wanted::Picture(&file, screen))?;
        Ok(())
    }

    /// Pictures of the whole page, from top to bottom.
    fn page(&self, name: &str, screen: Screen, height: u32) -> Result<(), String> {
        for (number, (offset, part)) in slices(height).enumerate() {
            let frame = self.framed(&self.report, screen, height, offset)?;
            let file = self.to.join(format!("{name}-{}.png", number + 1));
            let window = Screen {
                height: part,
                ..screen
            };
            self.browser
                .open(&frame, Colours::Light, Wanted::Picture(&file, window))?;
        }
        Ok(())
    }

    /// Removes the pages of an earlier, longer report.
    fn forget_pages(&self) -> Result<(), String> {
        let cannot = |error| format!("cannot clear {}: {error}", self.to.display());
        for entry in fs::read_dir(&self.to).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_page = name.starts_with("desk-page-") || name.starts_with("phone-page-");
            if is_page && name.ends_with(".png") {
                fs::remove_file(&path).map_err(cannot)?;
            }
        }
        Ok(())
    }

    fn framed(
        &self,
        page: &Path,
        screen: Screen,
        height: u32,
        offset: u32,
    ) -> Result<PathBuf, String> {
        let file = self.work.join("frame.html");
        write(&file, &page::frame(&url(page), screen, height, offset))?;
        Ok(file)
    }
}

/// Parts of a page that a browser can draw: each with where it begins and how high it is.
fn slices(height: u32) -> impl Iterator<Item = (u32, u32)> {
    let step = HIGHEST as usize;
    (0..height)
        .step_by(step)
        .map(move |offset| (offset, (height - offset).min(HIGHEST)))
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Options, String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        parse(&words)
    }

    #[test]
    fn the_folder_is_out_unless_one_is_named() {
        let options = parsed(&[]).unwrap();
        assert_eq!(options.subject, Subject::Report("out".into()));
        assert!(options.to.ends_with("target/look"));
        let options = parsed(&["other", "--to", "pictures"]).unwrap();
        assert_eq!(options.subject, Subject::Report("other".into()));
        assert_eq!(options.to, Path::new("pictures"));
        let options = parsed(&["--to", "docs", "--terminal", "printed.txt"]).unwrap();
        assert_eq!(options.subject, Subject::Terminal("printed.txt".into()));
    }

    #[test]
    fn what_is_asked_wrongly_is_named() {
        for (words, said) in [
            (&["--too", "x"][..], "does not know `--too`"),
            (&["--to"], "`--to` wants a name after it"),
            (&["a", "--terminal", "b"], "one thing at a time"),
        ] {
            let message = parsed(words).unwrap_err();
            assert!(message.contains(said), "{message}");
        }
    }

    #[test]
    fn a_long_page_is_drawn_in_parts_that_leave_nothing_out() {
        assert_eq!(Vec::from_iter(slices(800)), [(0, 800)]);
        assert_eq!(Vec::from_iter(slices(8000)), [(0, 8000)]);
        assert_eq!(
            Vec::from_iter(slices(17_000)),
            [(0, 8000), (8000, 8000), (16_000, 1000)]
        );
    }

    #[test]
    fn what_was_printed_becomes_a_picture() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("printed.txt");
        fs::write(&file, "yes  1. a\n").unwrap();
        let to = folder.path().join("pictures");
        printed(&file, &to).unwrap();
        let svg = fs::read_to_string(to.join("terminal.svg")).unwrap();
        assert!(
            svg.starts_with("<svg ") && svg.contains(">yes</tspan>"),
            "{svg}"
        );
        let message = printed(&folder.path().join("none"), &to).unwrap_err();
        assert!(message.starts_with("cannot read "), "{message}");
    }

    #[test]
    fn a_folder_without_a_report_says_what_to_run() {
        let folder = tempfile::tempdir().unwrap();
        let message = report(folder.path(), folder.path()).unwrap_err();
        assert!(
            message.contains("run `cargo xtask experiment --quick` first"),
            "{message}"
        );
    }
}
