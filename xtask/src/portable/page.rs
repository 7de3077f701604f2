//! Pages of `examples/web`, opened in a browser: each must show what its model predicts on this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::ran;
use crate::cargo::root;
use crate::look::browser::{Browser, Colours, Screen, Wanted};

/// What the page as it lies here shows, and one of a random model with every kind of column.
pub(super) fn example(folder: &Path, browser: &Browser) -> Result<String, String> {
    let web = root().join("examples").join("web");
    let header = folder.join("page.h");
    let mut build = Command::new(web.join("build.sh"));
    build.arg(&header);
    ran(build)?;
    check(folder, browser, &folder.join("page.html"), &header)?;
    check(
        folder,
        browser,
        &web.join("index.html"),
        &web.join("iris.h"),
    )?;
    Ok("the page of examples/web, and one with every kind of column, show what their headers predict here".into())
}

/// Sets every time of day of a page once its form is there.
const AT_TWO: &str = "
<script>
const waiting = setInterval(() => {
  const times = document.querySelectorAll('input[type=time]');
  if (times.length === 0) return;
  clearInterval(waiting);
  for (const time of times) time.value = '14:05';
  document.getElementById('form').dispatchEvent(new Event('input'));
}, 10);
</script>
";
/// The same in seconds since midnight.
const SECOND: &str = "50700";

/// Compares what a page shows when it was opened, and when its times of day are set, with what its header predicts, compiled for this machine.
pub(super) fn check(
    folder: &Path,
    browser: &Browser,
    page: &Path,
    header: &Path,
) -> Result<(), String> {
    let read = |file: &Path| {
        fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
    };
    let write = |file: &Path, text: &str| {
        fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
    };
    let text = read(header)?;
    let capitals = name(&text)
        .ok_or_else(|| format!("{} names no model in its first #ifndef", header.display()))?;
    let main = folder.join("page.c");
    let program = folder.join("page");
    write(&main, include_str!("page.c"))?;
    let has_times = text.contains("_time(");
    let mut command = Command::new("clang");
    command
        .arg(format!("-DHEADER=\"{}\"", header.display()))
        .arg(format!("-DCAPITALS={capitals}"))
        .arg(format!("-DNAME={}", capitals.to_ascii_lowercase()))
        .args(text.contains("_date(").then_some("-DHAS_DATES"))
        .args(has_times.then_some("-DHAS_TIMES"))
        .arg(&main)
        .arg("-o")
        .arg(&program);
    ran(command)?;
    let begins = compare(browser, page, Command::new(&program))?;
    if has_times {
        let set = folder.join("set.html");
        write(&set, &(read(page)? + AT_TWO))?;
        let mut at_two = Command::new(&program);
        at_two.arg(SECOND);
        if compare(browser, &set, at_two)? == begins {
            return Err(format!(
                "{} predicts {begins:?} at any time of day",
                page.display()
            ));
        }
    }
    Ok(())
}

/// What a page shows, where that is what a program prints.
fn compare(browser: &Browser, page: &Path, program: Command) -> Result<Vec<f64>, String> {
    let screen = Screen {
        width: 390,
        height: 844,
    };
    let source = browser.open(page, Colours::Light, Wanted::Source(screen))?;
    let shown = numbers(source.split("<data value=\"").skip(1), '"');
    let expected = numbers(ran(program)?.lines(), ' ');
    if !expected.is_empty() && shown == expected {
        Ok(shown)
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
