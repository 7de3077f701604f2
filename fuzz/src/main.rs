//! Changes valid files at random and gives them to their reader: `smallbatch-fuzz TARGET|all [--seconds N] [--seed N]`, or `smallbatch-fuzz FILE TARGET` for one file,
//! or `smallbatch-fuzz --corpus`, which writes the valid files into `corpus`.
//!
//! All times are the processor's: a busy or stopped machine makes no finding. A file that is a finding is kept in `artifacts/TARGET`; what ends
//! this program (memory, the stack, a hang) is in `artifacts/TARGET/current`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use cpu_time::ProcessTime;
use smallbatch_fuzz::{Changes, TARGETS, read, seeds, valid};

/// A reader may allocate this much for each byte of a file, and beside it.
const BYTES_A_BYTE: u64 = 4_000;
const BYTES_BESIDE: u64 = 64 << 20;

/// And take this long.
const LONGEST: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|word| word == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok())
            .unwrap_or(default)
    };
    let (seconds, seed) = (number("--seconds", 60), number("--seed", 1));
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--corpus"] => {
            TARGETS.iter().for_each(|target| write_corpus(target));
            ExitCode::SUCCESS
        }
        [file, target] if TARGETS.contains(&target) => {
            let taken = read(target, &fs::read(file).expect("a file"));
            println!("{}", if taken { "taken" } else { "refused" });
            ExitCode::SUCCESS
        }
        ["all", ..] => done(
            TARGETS
                .iter()
                .map(|target| fuzz(target, seconds, seed))
                .sum(),
        ),
        [target, ..] if TARGETS.contains(&target) => done(fuzz(target, seconds, seed)),
        _ => {
            eprintln!(
                "usage: smallbatch-fuzz TARGET|all [--seconds N] [--seed N]\ntargets: {}",
                TARGETS.join(", ")
            );
            ExitCode::from(2)
        }
    }
}

fn done(findings: usize) -> ExitCode {
    if findings == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn here(folder: &str, target: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(target);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn write_corpus(target: &str) {
    let folder = here("corpus", target);
    for (at, seed) in seeds(target).iter().enumerate() {
        fs::write(folder.join(format!("{at:02}")), seed).expect("a file");
    }
}

/// Runs one target for a time, and says what came of it.
fn fuzz(target: &str, seconds: u64, seed: u64) -> usize {
    let seeds = seeds(target);
    let folder = here("artifacts", target);
    let mut changes = Changes::new(seed);
    let (mut cases, mut taken) = (0_u64, 0_u64);
    let mut findings: Vec<String> = Vec::new();
    let mut slowest = Duration::ZERO;
    let mut most = 0;
    for seed in &valid(target) {
        if !read(target, seed) {
            println!("{target}: a valid file of {} bytes is refused", seed.len());
        }
    }
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let start = ProcessTime::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        let bytes = changes.of(&seeds);
        fs::write(folder.join("current"), &bytes).expect("a file");
        let began = ProcessTime::now();
        let mut outcome = Ok(false);
        let memory = allocation_counter::measure(|| {
            outcome = catch_unwind(AssertUnwindSafe(|| read(target, &bytes)));
        });
        let took = began.elapsed();
        cases += 1;
        slowest = slowest.max(took);
        most = most.max(memory.bytes_max);
        let finding = match outcome {
            Err(panic) => Some(format!("panics: {}", words_of(panic.as_ref()))),
            Ok(_) if took > LONGEST => Some(format!("takes {took:?}")),
            Ok(_) if memory.bytes_max > BYTES_BESIDE + BYTES_A_BYTE * bytes.len() as u64 => {
                Some(format!("allocates {} MB", memory.bytes_max >> 20))
            }
            Ok(was_taken) => {
                taken += u64::from(was_taken);
                None
            }
        };
        // One file of each kind.
        if let Some(finding) = finding
            && !findings.contains(&finding)
        {
            let file = folder.join(format!("{cases}"));
            fs::write(&file, &bytes).expect("a file");
            println!("{target}: {finding} ({})", file.display());
            findings.push(finding);
        }
    }
    std::panic::set_hook(silent);
    fs::remove_file(folder.join("current")).ok();
    println!(
        "{target}: {cases} files in {} processor seconds, {taken} taken, {} kinds of findings; slowest {slowest:?}, most memory {} KB",
        start.elapsed().as_secs(),
        findings.len(),
        most >> 10
    );
    findings.len()
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("?");
    // Without its numbers: the same mistake of another file is the same.
    let text: String = text
        .chars()
        .take(200)
        .filter(|letter| !letter.is_ascii_digit())
        .collect();
    text.replace('\n', " ")
}
