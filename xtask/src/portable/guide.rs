//! The commands of `docs/production.md`, run as they stand there, on a small table in place of the diamonds.
//!
//! Commands are the lines that begin with `$ `, up to the heading of what comes after the walks. The table has the diamonds' columns, so that
//! the names in commands and programs are right, and a date, a truth and a time of day beside them. What is replaced is in [`replaced`].

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Ran, page, ran};
use crate::cargo::root;
use crate::look::browser::{Browser, on_path};

/// The heading behind the walks.
const END: &str = "\n## What is refused";
/// The service is compiled before it answers.
const LONGEST: Duration = Duration::from_secs(600);
const ROWS: usize = 240;

/// Runs them, and says which were left out.
pub(super) fn run(folder: &Path) -> Result<Ran, String> {
    let home = folder.join("guide");
    let cannot = |error| format!("cannot write to {}: {error}", home.display());
    if home.exists() {
        fs::remove_dir_all(&home).map_err(cannot)?;
    }
    fs::create_dir_all(home.join("data")).map_err(cannot)?;
    fs::write(home.join("data/diamonds.csv"), table()).map_err(cannot)?;
    let docs = root().join("docs/production.md");
    let text = fs::read_to_string(&docs)
        .map_err(|error| format!("cannot read {}: {error}", docs.display()))?;
    let commands = commands(&text);
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    drop(listener);
    let mut guide = Guide {
        home,
        address: address.to_string(),
        service: None,
        done: 0,
        left_out: Vec::new(),
    };
    for command in &commands {
        guide
            .command(command)
            .map_err(|why| format!("`{command}`: {why}"))?;
    }
    guide.compare()?;
    let left_out = match &*guide.left_out {
        [] => String::new(),
        some => format!("; not run: {}", some.join(", ")),
    };
    Ok(Ran::Done(format!(
        "{} of {} commands run as they are written{left_out}",
        guide.done,
        commands.len()
    )))
}

/// What was run so far, and where.
struct Guide {
    home: PathBuf,
    address: String,
    service: Option<Service>,
    done: usize,
    left_out: Vec<String>,
}

/// A service that ends when this is dropped.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Guide {
    fn command(&mut self, command: &str) -> Result<(), String> {
        if let Some(why) = left_out(command) {
            self.left_out.push(why);
            return Ok(());
        }
        let script = replaced(command, &self.address);
        let mut shell = Command::new("sh");
        shell.current_dir(&self.home).arg("-ec");
        if let Some(script) = script.strip_suffix('&') {
            // `exec`, so that the process that is ended is the service.
            shell
                .arg(format!("exec {script}"))
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let child = shell.spawn().map_err(|error| error.to_string())?;
            self.service = Some(Service(child));
            self.wait()?;
        } else {
            shell.arg(&script);
            ran(shell)?;
        }
        self.done += 1;
        Ok(())
    }

    /// Until the service answers.
    fn wait(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST {
            if TcpStream::connect(&self.address).is_ok() {
                return Ok(());
            }
            let ended = self
                .service
                .as_mut()
                .and_then(|service| service.0.try_wait().ok().flatten());
            if let Some(status) = ended {
                return Err(format!("the service ended with {status}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the service does not answer".into())
    }

    /// What the commands left must agree: the service with the scored rows, the page with its header.
    fn compare(&self) -> Result<(), String> {
        let read = |name: &str| {
            let file = self.home.join(name);
            fs::read_to_string(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))
        };
        let scored = read("scored.csv")?;
        let first = scored
            .lines()
            .nth(1)
            .and_then(|line| line.split(',').nth(1));
        let first = first.ok_or("scored.csv has no prediction")?;
        if scored.lines().count() != ROWS + 1 {
            return Err("scored.csv has not a line for each row".into());
        }
        let served = self.served(&row(0))?;
        // The file has the digits that its interval vouches for.
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-3 * y.abs();
        if !first.parse().is_ok_and(|first| near(first, served)) {
            return Err(format!("{first} was scored, {served} was served"));
        }
        let made = self.home.join("diamonds.html");
        if let (true, Ok(browser)) = (made.exists(), Browser::find(&self.home)) {
            page::check(&self.home, &browser, &made, &self.home.join("diamonds.h"))?;
        }
        Ok(())
    }

    /// The service's number for a row.
    fn served(&self, cells: &[(&str, String)]) -> Result<f64, String> {
        let cells: Vec<String> = cells
            .iter()
            .map(|(name, cell)| match cell.parse::<f64>() {
                Ok(_) => format!("\"{name}\": {cell}"),
                Err(_) if ["true", "false"].contains(&&**cell) => format!("\"{name}\": {cell}"),
                Err(_) => format!("\"{name}\": \"{cell}\""),
            })
            .collect();
        let body = format!("{{{}}}", cells[..cells.len() - 1].join(", "));
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.address)?;
            write!(
                stream,
                "POST /predict HTTP/1.1\r\nhost: guide\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut said = String::new();
            stream.read_to_string(&mut said)?;
            Ok(said)
        };
        let said = ask().map_err(|error| format!("the service: {error}"))?;
        let number = said.split_once("\"number\":").and_then(|(_, rest)| {
            let end = rest.find([',', '}'])?;
            rest[..end].parse().ok()
        });
        number.ok_or_else(|| format!("the service said {said}"))
    }
}

/// Why a command is not run here.
fn left_out(command: &str) -> Option<String> {
    let first = command.split_whitespace().next().unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tool = if first == "examples/web/build.sh" {
        "wasm-ld"
    } else {
        first
    };
    if command.starts_with("smallbatch data ") || first == "python3" || first == "pip" {
        Some(first_words(command))
    } else if !["smallbatch", "cargo"].contains(&first) && on_path(&[tool], &path).is_none() {
        Some(format!("{} (there is no {tool})", first_words(command)))
    } else {
        None
    }
}

fn first_words(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().take(3).collect();
    words.join(" ")
}

/// A command as it is run here: with the programs that are built already, another port, and paths from the root.
fn replaced(command: &str, address: &str) -> String {
    let root = root().display();
    let mut script = command
        .replace("examples/", &format!("{root}/examples/"))
        .replace("localhost:8080", address)
        .replace(" --release", "");
    if let Some(arguments) = script.strip_prefix("smallbatch ") {
        let manifest = format!("--manifest-path {root}/Cargo.toml");
        script = format!(
            "cargo run --quiet --release {manifest} --package smallbatch-cli --bin smallbatch -- {arguments}"
        );
    } else if script.contains("service/Cargo.toml") {
        script = script.replace(" -- ", &format!(" --target-dir {root}/target/service -- "));
        script = script.replace(" &", &format!(" {address} &"));
    } else if script.starts_with("cargo ") {
        script = script.replace(" -- ", &format!(" --manifest-path {root}/Cargo.toml -- "));
    }
    script
}

/// The commands of the walks; a line that ends with `\` or within quotation marks goes on in the next.
fn commands(text: &str) -> Vec<String> {
    let walks = text.split_once(END).map_or(text, |(walks, _)| walks);
    let mut commands = Vec::new();
    let mut lines = walks.lines();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        let mut command = command.to_owned();
        while command.ends_with('\\') || command.matches('\'').count() % 2 == 1 {
            let Some(next) = lines.next() else { break };
            command = format!("{}{}", command.trim_end_matches('\\'), next.trim_start());
        }
        commands.push(command);
    }
    commands
}

/// A row of the table; the last cell is the price.
fn row(at: usize) -> Vec<(&'static str, String)> {
    // Any order without a pattern.
    let draw = |of: usize, prime: usize| (at * prime + at / 7) % of;
    let carat = 0.25 + 0.01 * draw(97, 31) as f64;
    let size = 6.3 * carat.cbrt();
    let hour = draw(24, 11);
    let price = 300.0 + 3000.0 * carat * carat + 100.0 * draw(5, 3) as f64 + 20.0 * hour as f64;
    let number = |x: f64| format!("{x:.2}");
    vec![
        ("carat", number(carat)),
        (
            "cut",
            ["Ideal", "Premium", "Very Good", "Good", "Fair"][draw(5, 3)].into(),
        ),
        ("color", ["D", "E", "F", "G", "H"][draw(5, 13)].into()),
        ("clarity", ["VS1", "SI1", "VS2"][draw(3, 17)].into()),
        ("depth", number(60.0 + 0.1 * draw(37, 11) as f64)),
        ("table", number(54.0 + draw(9, 5) as f64)),
        ("x", number(size)),
        ("y", number(size + 0.03)),
        ("z", number(0.62 * size)),
        (
            "sold",
            format!(
                "{}-{:02}-{:02}",
                2019 + draw(5, 7),
                1 + draw(12, 5),
                1 + draw(28, 19)
            ),
        ),
        ("certified", (draw(3, 5) > 0).to_string()),
        ("graded", format!("{:02}:{:02}", hour, draw(60, 23))),
        ("price", number(price)),
    ]
}

/// The table, as comma-separated values.
fn table() -> String {
    table_of(|_| true)
}

/// The same with the columns of the diamonds alone.
pub(crate) fn diamonds() -> String {
    table_of(|name| !["sold", "certified", "graded"].contains(&name))
}

fn table_of(is_wanted: impl Fn(&str) -> bool) -> String {
    let wanted = |at| row(at).into_iter().filter(|(name, _)| is_wanted(name));
    let names: Vec<&str> = wanted(0).map(|(name, _)| name).collect();
    let mut text = names.join(",") + "\n";
    for at in 0..ROWS {
        let cells: Vec<String> = wanted(at).map(|(_, cell)| cell).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_end_with_the_walks_and_go_on_behind_a_backslash() {
        let text =
            "```\n$ a --b \\\n    --c\nout\n$ d 'e,\n  f'\nout\n```\n## What is refused\n$ g\n";
        assert_eq!(commands(text), ["a --b --c", "d 'e,f'"]);
    }

    #[test]
    fn each_walk_has_at_most_five_commands_with_the_two_that_all_begin_with() {
        let text = fs::read_to_string(root().join("docs/production.md")).unwrap();
        let (walks, _) = text.split_once(END).unwrap();
        let counts: Vec<usize> = walks
            .split("\n## ")
            .map(|walk| commands(walk).len())
            .collect();
        assert_eq!((counts[0], counts.len()), (2, 6), "{counts:?}");
        assert!(
            counts[1..].iter().all(|&n| (1..=3).contains(&n)),
            "{counts:?}"
        );
    }

    #[test]
    fn the_service_is_started_elsewhere_and_the_rest_from_the_root() {
        let service = replaced(
            "cargo run --release --manifest-path examples/service/Cargo.toml -- out/m &",
            "127.0.0.1:9",
        );
        assert!(
            service.ends_with("/target/service -- out/m 127.0.0.1:9 &"),
            "{service}"
        );
        assert!(!service.contains("release") && service.contains("/examples/service/Cargo.toml"));
        assert_eq!(
            replaced("curl localhost:8080/model", "127.0.0.1:9"),
            "curl 127.0.0.1:9/model"
        );
    }

    #[test]
    fn what_needs_a_network_or_a_tool_that_is_missing_is_left_out() {
        assert!(left_out("smallbatch data diamonds").is_some());
        assert!(left_out("no-such-tool x").is_some_and(|why| why.contains("there is no")));
        assert_eq!(left_out("smallbatch train data/diamonds.csv"), None);
    }
}
