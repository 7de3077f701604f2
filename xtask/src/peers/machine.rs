//! What the numbers were measured on, and which processors a peer gets.

use std::process::Command;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::options::Options;
use crate::cargo::root;

/// The numbers of threads that a peer is measured with: 1, and 2 where the machine and the peer have them.
pub(super) fn thread_counts(has_threads: bool) -> Vec<usize> {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    if has_threads && available > 1 {
        vec![1, 2]
    } else {
        vec![1]
    }
}

/// The processor, the system, the date and the revision; and how it was measured.
pub(super) fn describe(options: &Options) -> Value {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let days = seconds.map_or(0, |since| since.as_secs() / 86_400);
    json!({
        "cpu": processor(),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "os": std::env::consts::OS,
        "date": date(days),
        "revision": output(Command::new("git").args(["rev-parse", "--short", "HEAD"])),
        "rustc": output(Command::new("rustc").arg("--version")),
        "pinned": pinned_to(1).is_some(),
        "load_before": load(),
        "seconds_a_visit": options.seconds,
    })
}

/// What is wrong with measuring now, if anything. Two threads that wait for each other wait for whoever else is running.
pub(super) fn busy() -> Option<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    too_busy(load()?, cores)
}

fn too_busy(load: f64, cores: usize) -> Option<String> {
    let is_busy = load > 0.5 * cores as f64;
    is_busy.then(|| {
        format!(
            "the machine was busy before the start (a load of {load:.1} on {cores} processors): the numbers are too low, \
             those of two threads most of all"
        )
    })
}

/// How many processes wanted to run, over the last minute.
fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The first line that a command prints, when it succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command.current_dir(root()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    output.status.success().then_some(line)
}

/// Which processors a process of so many threads is pinned to, as `taskset -c` reads them: the last that this process may
/// use. None where there is no such thing.
pub(super) fn pinned_to(threads: usize) -> Option<String> {
    output(Command::new("taskset").arg("--version"))?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let allowed = listed(line)?;
    let chosen = &allowed[allowed.len().checked_sub(threads)?..];
    let chosen: Vec<String> = chosen.iter().map(ToString::to_string).collect();
    Some(chosen.join(","))
}

/// The numbers of a list such as `0-2,5`.
fn listed(list: &str) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        numbers.extend(first.parse().ok()?..=last.parse::<usize>().ok()?);
    }
    Some(numbers)
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar: years of 400 repeat, and a year that begins in
/// March has its leap day last.
fn date(days: u64) -> String {
    let from_march = days + 719_468;
    let era = from_march / 146_097;
    let day_of_era = from_march % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(11_017), "2000-03-01");
        assert_eq!(date(20_453), "2025-12-31");
        assert_eq!(date(20_454), "2026-01-01");
    }

    #[test]
    fn a_machine_is_busy_when_half_of_it_is() {
        assert_eq!(too_busy(1.0, 2), None);
        let warning = too_busy(1.1, 2).unwrap();
        assert!(
            warning.contains("a load of 1.1 on 2 processors"),
            "{warning}"
        );
    }

    #[test]
    fn lists_of_processors_are_read() {
        assert_eq!(listed("\t0-2,5\n"), Some(vec![0, 1, 2, 5]));
        assert_eq!(listed("3"), Some(vec![3]));
        assert_eq!(listed("none"), None);
    }

    #[test]
    fn a_peer_without_threads_gets_one() {
        assert_eq!(thread_counts(false), [1]);
        assert_eq!(thread_counts(true)[0], 1);
    }
}
