//! Work that goes on for long, with flat memory, file handles, threads and speed.
//!
//! `benches/benches/soak.rs` does it and tells what it takes, a line of JSON for each sample. Here it is judged: the first tenth of the samples is
//! the start, and the last third of the others is held against their first.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo::{cargo, root};
use crate::output::say;

/// Fewer samples say nothing of a trend.
const FEWEST_SAMPLES: usize = 30;
/// In kB: what may be added between the thirds.
const MOST_GROWTH: f64 = 1024.0;
/// Of the speed, which is measured in that of a fresh training: what must be left.
const LEAST_SPEED: f64 = 0.9;

/// A table that is trained on from a file may take, beside the megabytes that are shuffled at a time: what is sampled of it, and its held-out rows.
const MOST_BESIDE_MB: u64 = 256;
/// The default of `smallbatch train --memory`.
const SHUFFLED_MB: u64 = 256;
/// Of the target's variance: nine tenths can be explained.
const LEAST_EXPLAINED: f64 = 87.0;

/// One training of so many minutes.
pub(super) fn steps(minutes: u32) -> Result<String, String> {
    flat(&["steps", &minutes.to_string()])
}

/// So many trainings in one process.
pub(super) fn trainings(count: u32) -> Result<String, String> {
    flat(&["trainings", &count.to_string()])
}

/// Runs it and judges its samples.
fn flat(arguments: &[&str]) -> Result<String, String> {
    let mut program = bench(arguments);
    let mut child = started(program.stdout(Stdio::piped()))?;
    let output = child.stdout.take().ok_or("its output is not there")?;
    let mut samples = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| format!("cannot read its output: {error}"))?;
        samples.push(Sample::read(&line).ok_or_else(|| format!("`{line}` is no sample"))?);
    }
    ended_well(&mut child)?;
    judged(&samples)
}

fn bench(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args(["bench", "--quiet", "--package", "smallbatch-benches"])
        .args(["--bench", "soak", "--"])
        .args(arguments)
        .current_dir(root());
    command
}

fn started(command: &mut Command) -> Result<Child, String> {
    let name = command.get_program().display().to_string();
    command
        .spawn()
        .map_err(|error| format!("cannot start `{name}`: {error}"))
}

fn ended_well(child: &mut Child) -> Result<(), String> {
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("it ended with {status}")),
        Err(error) => Err(format!("cannot wait for it: {error}")),
    }
}

/// What the process had at a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    seconds: f64,
    done: f64,
    resident: f64,
    handles: f64,
    threads: f64,
    /// Where it is measured.
    speed: Option<f64>,
}

impl Sample {
    fn read(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let number = |name: &str| line.get(name)?.as_f64();
        Some(Self {
            seconds: number("seconds")?,
            done: number("done")?,
            resident: number("resident_kb")?,
            handles: number("handles")?,
            threads: number("threads")?,
            speed: number("speed"),
        })
    }
}

/// What they say; an error where something grows or slows down.
fn judged(samples: &[Sample]) -> Result<String, String> {
    if samples.len() < FEWEST_SAMPLES {
        return Err(format!(
            "{} samples; {FEWEST_SAMPLES} are needed",
            samples.len()
        ));
    }
    let steady = &samples[samples.len() / 10..];
    let third = steady.len() / 3;
    let (first, last) = (&steady[..third], &steady[steady.len() - third..]);
    let most = |part: &[Sample], of: fn(&Sample) -> f64| part.iter().map(of).fold(0.0, f64::max);
    let mut wrong = Vec::new();
    let mut grows = |what: &str, of: fn(&Sample) -> f64, allowed: f64| {
        let (before, after) = (most(first, of), most(last, of));
        if after > before + allowed {
            wrong.push(format!("{what} grew from {before} to {after}"));
        }
        (before, after)
    };
    let memory = grows("memory (kB)", |sample| sample.resident, MOST_GROWTH);
    let handles = grows("file handles", |sample| sample.handles, 0.0);
    let threads = grows("threads", |sample| sample.threads, 0.0);
    let speed = |part: &[Sample]| median(part.iter().filter_map(|sample| sample.speed).collect());
    let speed = speed(first).zip(speed(last));
    if let Some((before, after)) = speed
        && after < LEAST_SPEED * before
    {
        wrong.push(format!("speed fell from {before:.2} to {after:.2}"));
    }
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    let end = samples[samples.len() - 1];
    let speed = speed.map_or(String::new(), |(before, after)| {
        format!(", speed in that of a fresh one {before:.3} and {after:.3}")
    });
    Ok(format!(
        "{} done in {:.0} s; first and last third: memory {:.2} and {:.2} MB, handles {} and {}, threads {} and {}{speed}",
        end.done,
        end.seconds,
        memory.0 / 1024.0,
        memory.1 / 1024.0,
        handles.0,
        handles.1,
        threads.0,
        threads.1,
    ))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A table of so many rows: written, read and trained on by the program, in bounded memory.
pub(super) fn table(rows: u32) -> Result<String, String> {
    let folder = Folder::new()?;
    let file = folder.0.join("table.csv");
    let name = file.to_string_lossy().into_owned();
    ended_well(&mut started(&mut bench(&[
        "table",
        &name,
        &rows.to_string(),
    ]))?)?;
    let size = fs::metadata(&file).map_err(|error| error.to_string())?;
    say(&format!(
        "nightly: table: {} MB are written",
        size.len() >> 20
    ));
    let program = built()?;
    let start = Instant::now();
    let mut train = Command::new(program);
    train
        .args(["train", &name, "--target", "y", "--memory"])
        .arg(SHUFFLED_MB.to_string())
        .arg("--out")
        .arg(folder.0.join("out"))
        .stdout(Stdio::piped());
    let mut child = started(&mut train)?;
    let peak = peak_while_it_runs(&mut child)?;
    let mut said = String::new();
    if let Some(mut output) = child.stdout.take() {
        output
            .read_to_string(&mut said)
            .map_err(|error| error.to_string())?;
    }
    ended_well(&mut child)?;
    bounded(&said, peak, start.elapsed())
}

/// The program in release mode.
fn built() -> Result<PathBuf, String> {
    let mut build = cargo();
    build
        .args(["build", "--release", "--package", "smallbatch-cli"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root());
    let output = build
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| line.get("executable")?.as_str().map(PathBuf::from))
        .filter(|_| output.status.success())
        .ok_or_else(|| "the program cannot be built".into())
}

/// In MB. The system counts it, so that few looks are enough.
fn peak_while_it_runs(child: &mut Child) -> Result<u64, String> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) >> 10);
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(50)),
            Ok(Some(_)) if peak > 0 => return Ok(peak),
            Ok(Some(_)) => {
                return Err(format!("{status} did not tell its memory (it takes Linux)"));
            }
            Err(error) => return Err(format!("cannot wait for it: {error}")),
        }
    }
}

/// Whether it learned what can be learned, in that memory.
fn bounded(said: &str, peak: u64, took: Duration) -> Result<String, String> {
    let line = said.lines().find(|line| line.contains("explained (R²)"));
    let words = line.and_then(|line| line.trim_end().strip_suffix(" %"));
    let explained = words.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    let explained =
        explained.ok_or_else(|| format!("it does not say what it explains:\n{said}"))?;
    if explained < LEAST_EXPLAINED {
        return Err(format!(
            "it explains {explained} %; {LEAST_EXPLAINED} can be, and a little more"
        ));
    }
    let most = SHUFFLED_MB + MOST_BESIDE_MB;
    if peak > most {
        return Err(format!("it took {peak} MB of memory; {most} are allowed"));
    }
    Ok(format!(
        "trained in {} s and {peak} MB of memory, explains {explained} % of the 90 that can be",
        took.as_secs()
    ))
}

/// A temporary folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let name = format!("smallbatch-soak-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let folder: &Path = &self.0;
        drop(fs::remove_dir_all(folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred samples; `change` makes of the hundredth of the way and a sample what is wrong with it.
    fn samples(change: impl Fn(f64, &mut Sample)) -> Vec<Sample> {
        (1..=100)
            .map(|at| {
                let mut sample = Sample {
                    seconds: f64::from(at),
                    done: 10.0 * f64::from(at),
                    resident: 20_000.0 + f64::from(at % 7) * 10.0,
                    handles: 4.0,
                    threads: 1.0,
                    speed: Some(1.0 + f64::from(at % 5) / 50.0),
                };
                change(f64::from(at) / 100.0, &mut sample);
                sample
            })
            .collect()
    }

    #[test]
    fn what_grows_or_slows_down_is_named() {
        let flat = judged(&samples(|_, _| ())).unwrap();
        assert!(flat.contains("handles 4 and 4"), "{flat}");
        let found = |change: fn(f64, &mut Sample)| judged(&samples(change)).unwrap_err();
        // Of 3 MB in all, some 2 lie between the thirds.
        let memory = found(|way, sample| sample.resident += 3000.0 * way);
        assert!(memory.contains("memory (kB) grew"), "{memory}");
        let handles = found(|way, sample| sample.handles += (3.0 * way).floor());
        assert!(
            handles.contains("file handles grew from 5 to 7"),
            "{handles}"
        );
        let threads = found(|way, sample| sample.threads += f64::from(u8::from(way > 0.9)));
        assert!(threads.contains("threads grew"), "{threads}");
        let speed = found(|way, sample| sample.speed = Some(1.0 - way / 4.0));
        assert!(speed.contains("speed fell"), "{speed}");
    }

    #[test]
    fn the_start_is_not_judged_and_few_samples_are_none() {
        let start = |way: f64, sample: &mut Sample| {
            if way < 0.1 {
                sample.resident /= 2.0;
                sample.speed = Some(5.0);
            }
        };
        assert!(judged(&samples(start)).is_ok());
        assert!(judged(&samples(|_, _| ())[..FEWEST_SAMPLES - 1]).is_err());
    }

    #[test]
    fn samples_are_read_as_they_are_told() {
        let line =
            r#"{"seconds":1.5,"done":7,"resident_kb":9,"handles":3,"threads":2,"speed":null}"#;
        let sample = Sample::read(line).unwrap();
        assert_eq!((sample.resident, sample.speed), (9.0, None));
        assert!(Sample::read(&line.replace("done", "made")).is_none());
    }

    #[test]
    fn a_table_takes_bounded_memory_and_is_learned() {
        let said = "t: a network; on rows that were held out:\n  explained (R²)   89.6 %\n";
        let took = Duration::from_secs(3);
        let good = bounded(said, 400, took).unwrap();
        assert!(good.contains("400 MB") && good.contains("89.6 %"), "{good}");
        assert!(bounded(said, 600, took).unwrap_err().contains("600 MB"));
        assert!(bounded(&said.replace("89", "12"), 400, took).is_err());
        assert!(bounded("", 400, took).is_err());
    }
}
