//! Pages of `examples/web`, opened in a browser: each must show what its model predicts on this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::ran;
use crate::cargo::root;
use crate::look::browser::{Browser, Colours, Screen, Wanted};

/// What the page as it lies here shows.
pub(super) fn example(folder: &Path, browser: &Browser) -> Result<String, String> {
    let web = root().join("examples").join("web");
    check(
        folder,
        browser,
        &web.join("index.html"),
        &web.join("iris.h"),
    )?;
    Ok("the page of examples/web shows what its header predicts here".into())
}

/// Compares what a page shows when it was opened with what its header predicts, compiled for this machine.
pub(super) fn check(
    folder: &Path,
    browser: &Browser,
    page: &Path,
    header: &Path,
) -> Result<(), String> {
    let screen = Screen {
        width: 390,
        height: 844,
    };
    let source = browser.open(page, Colours::Light, Wanted::Source(screen))?;
    let shown = numbers(source.split("<data value=\"").skip(1), '"');
    let text = fs::read_to_string(header)
        .map_err(|error| format!("cannot read {}: {error}", header.display()))?;
    let capitals = name(&text)
        .ok_or_else(|| format!("{} names no model in its first #ifndef", header.display()))?;
    let main = folder.join("page.c");
    let program = folder.join("page");
    fs::write(&main, include_str!("page.c"))
        .map_err(|error| format!("cannot write {}: {error}", main.display()))?;
    let mut command = Command::new("clang");
    command
        .arg(format!("-DHEADER=\"{}\"", header.display()))
        .arg(format!("-DCAPITALS={capitals}"))
        .arg(format!("-DNAME={}", capitals.to_ascii_lowercase()))
        .args(text.contains("_date(").then_some("-DHAS_DATES"))
        .arg(&main)
        .arg("-o")
        .arg(&program);
    ran(command)?;
    let expected = ran(Command::new(program))?;
    let expected = numbers(expected.lines(), ' ');
    if !expected.is_empty() && shown == expected {
        Ok(())
    } else {
        Err(format!(
            "{} shows {shown:?}, and its header predicts {expected:?}; examples/web/build.sh makes it anew",
            page.display()
        ))
    }
}

/// What a header's names begin with, in capitals.
fn name(header: &str) -> Option<&str> {
    let (_, rest) = header.split_once("#ifndef ")?;
    rest.split_once("_H\n").map(|(name, _)| name)
}

/// The number at the beginning of each text, up to a character.
fn numbers<'a>(texts: impl Iterator<Item = &'a str>, end: char) -> Vec<f64> {
    texts
        .filter_map(|text| text.split(end).next()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_they_are_told_to() {
        let text = "<data value=\"0.5\">50 %</data><data value=\"7\">";
        let found = numbers(text.split("<data value=\"").skip(1), '"');
        assert_eq!(found, [0.5, 7.0]);
        assert_eq!(name("/* */\n#ifndef A_B_H\n"), Some("A_B"));
        assert_eq!(name("/* no header */"), None);
    }
}
