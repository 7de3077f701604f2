//! A run that many processes share, from the outside.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{SMALL_EXPERIMENT, results_in, said_in, small_experiment, smallbatch};

const PLAN: [&str; 4] = ["sweep", "plan", "mine.toml", "--quick"];

/// The small experiment, planned in `sweep` and run by one process in `alone`.
fn planned(folder: &Path) {
    small_experiment(folder);
    let (code, said) = said_in(folder, &PLAN);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("8 jobs, 4 repetitions of 2 tables; 0 done"),
        "{said}"
    );
    let alone = [&SMALL_EXPERIMENT[..], &["--out", "alone"]].concat();
    let (code, said) = said_in(folder, &alone);
    assert_eq!(code, Some(0), "{said}");
}

/// Collects, and compares with what one process found.
fn is_the_same(folder: &Path) {
    let (code, said) = said_in(folder, &["sweep", "collect", "sweep"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("8 jobs of 1 machine, "), "{said}");
    let (shared, alone) = (
        results_in(&folder.join("out")),
        results_in(&folder.join("alone")),
    );
    for part in [
        "design_hash",
        "answers",
        "effects",
        "tables",
        "variance",
        "ways",
    ] {
        assert!(!shared[part].is_null(), "{part}");
        assert_eq!(shared[part], alone[part], "{part}");
    }
    assert_eq!(shared["environment"]["machines"][0]["repetitions"][7][1], 3);
}

#[test]
fn jobs_that_processes_computed_are_collected() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    planned(folder);
    let (code, said) = said_in(folder, &["sweep", "run-job", "sweep", "3", "5"]);
    assert_eq!((code, said.as_str()), (Some(0), "2 jobs done in 0 s\n"));
    let (code, said) = said_in(folder, &["sweep", "collect", "sweep"]);
    assert_eq!(code, Some(1));
    let expected = "error: 6 of 8 jobs in sweep have no result; run them, or collect what is complete (--partial)\n";
    assert_eq!(said, expected);
    assert!(!folder.join("out").exists());
    let (code, said) = said_in(folder, &["sweep", "compute", "sweep"]);
    assert_eq!(
        (code, said.as_str()),
        (
            Some(2),
            "error: there is no verb \"compute\" of sweep; `smallbatch sweep --help` lists them\n"
        )
    );
    let no_folder = ["sweep", "run-job", "sweep", "1", "--cache", "mine.toml"];
    let (code, said) = said_in(folder, &no_folder);
    assert!(
        code == Some(1) && said.ends_with("choose another folder with --cache, or leave it out\n"),
        "{said}"
    );
    let lines = fs::read_to_string(folder.join("sweep/jobs.jsonl")).expect("jobs");
    for line in lines.lines() {
        let (code, said) = said_in(folder, &["sweep", "run-job", "sweep", line]);
        assert_eq!(code, Some(0), "{said}");
    }
    is_the_same(folder);
    let (code, said) = said_in(folder, &["sweep", "run-job", "sweep", "--all"]);
    let expected = "0 jobs done in 0 s; 8 had been done before\n";
    assert_eq!((code, said.as_str()), (Some(0), expected));
}

/// Processes that are killed, and others that compute the same at the same time, cost nothing but time.
#[cfg(unix)]
#[test]
fn processes_that_are_killed_lose_their_job_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    planned(folder);
    let started = |_| {
        smallbatch(&["sweep", "run-job", "sweep", "--all", "--threads", "1"])
            .current_dir(folder)
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts")
    };
    for wait in [5, 20, 40, 80] {
        let mut both: Vec<_> = (0..2).map(started).collect();
        std::thread::sleep(Duration::from_millis(wait));
        for process in &mut both {
            // It may have ended.
            let _ = process.kill();
            process.wait().expect("it ends");
        }
    }
    let (code, said) = said_in(folder, &["sweep", "run-job", "sweep", "--all"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = said_in(folder, &["fsck", "sweep"]);
    assert_eq!((code, said.contains("DAMAGED")), (Some(0), false), "{said}");
    is_the_same(folder);
}

/// A line of docs/many-machines.md, in a shell that finds the program.
fn shell(folder: &Path, command: &str, variables: &[(&str, &str)]) {
    let page = include_str!("../../../../docs/many-machines.md");
    assert!(page.contains(command), "{command}");
    let program = Path::new(env!("CARGO_BIN_EXE_smallbatch"));
    let mut paths = vec![program.parent().expect("a folder").to_path_buf()];
    paths.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(paths).expect("paths"))
        // Where GNU parallel keeps its notes.
        .env("HOME", folder)
        .envs(variables.iter().copied())
        .output()
        .expect("sh");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn gnu_parallel_runs_the_jobs() {
    let version = Command::new("parallel").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).starts_with("GNU")) {
        // No terminal shows it while the test passes, but `--nocapture` and a log of failures do.
        eprintln!(
            "SKIPPED: there is no GNU parallel; install it (on Debian `apt-get install parallel`)"
        );
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    planned(folder);
    let command = "parallel -a sweep/jobs.jsonl smallbatch sweep run-job sweep {}";
    shell(folder, command, &[]);
    is_the_same(folder);
}

#[cfg(unix)]
#[test]
fn elements_of_a_slurm_array_run_their_jobs() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    planned(folder);
    let command = "seq $SLURM_ARRAY_TASK_ID 100 $(wc -l < sweep/jobs.jsonl) | xargs -r smallbatch sweep run-job sweep --threads 1";
    // The last has nothing to do.
    for element in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        shell(folder, command, &[("SLURM_ARRAY_TASK_ID", element)]);
    }
    is_the_same(folder);
}
