//! Real processes, killed at random moments: what they go on to is what an uninterrupted one comes to, to the bit.
//!
//! 20 kills in all; `cargo xtask nightly` asks for more by the variable `SMALLBATCH_KILLS`.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{SMALL_EXPERIMENT, results_in, rows, said_in, small_experiment, smallbatch};

/// Of 20 kills, so many are of each verb.
const OF_20: [(&str, u64); 3] = [("train", 12), ("run", 4), ("advise", 4)];

fn kills(verb: &str) -> u64 {
    let all = std::env::var("SMALLBATCH_KILLS").ok();
    let all: u64 = all.map_or(20, |all| all.parse().expect("a number of kills"));
    let of_20 = OF_20.iter().find(|(name, _)| *name == verb);
    of_20.map_or(0, |(_, part)| (all * part).div_ceil(20))
}

/// Where synchronizing with the disk costs nothing, if there is such a place.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().expect("a folder"))
}

/// Numbers that look random; each run has others, and says which.
struct Draws(u64);

impl Draws {
    fn new() -> Self {
        let seed = std::env::var("SMALLBATCH_KILL_SEED").ok();
        let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
            now.expect("after 1970").subsec_nanos().into()
        });
        println!("SMALLBATCH_KILL_SEED={seed}");
        Self(seed)
    }

    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }
}

/// Starts it, and sends a signal after a while. Whether it was there to be killed.
fn killed(folder: &Path, arguments: &[&str], signal: &str, after: Duration) -> bool {
    let mut program = smallbatch(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(after);
    let was_there = program.try_wait().expect("asked").is_none();
    if was_there {
        let sent = Command::new("kill")
            .args([signal, &program.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }
    program.wait().expect("it ends");
    was_there
}

/// Kills `arguments` again and again, at moments between the start and the end of a run of its own, then lets it end. `anew` makes it begin again
/// where it had ended before the kill.
fn kill_often(
    folder: &Path,
    arguments: &[&str],
    verb: &str,
    whole: Duration,
    mut anew: impl FnMut(),
) {
    let mut draws = Draws::new();
    let mut left = kills(verb);
    while left > 0 {
        let signal = ["-KILL", "-TERM", "-INT"][(left % 3) as usize];
        if killed(folder, arguments, signal, whole.mul_f64(draws.next())) {
            left -= 1;
        } else {
            anew();
        }
    }
    // What is there now was killed: nothing in it is damaged.
    if folder.join("out").exists() {
        let (code, said) = said_in(folder, &["fsck", "out"]);
        assert_eq!(code, Some(0), "{said}");
    }
    let (code, said) = said_in(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
}

#[test]
fn killed_trainings_end_with_the_same_model() {
    let folder = scratch();
    let folder = folder.path();
    let houses = rows(60, |i| {
        let (a, b) = (i * 37 % 60, i * 11 % 17);
        format!("{a},{b},{},{}\n", ["Bonn", "Ulm"][i % 2], 2 * a + b)
    });
    fs::write(folder.join("houses.csv"), format!("a,b,town,y\n{houses}")).expect("a table");
    let recipe = "[network]\nhidden = [4]\nepochs = 40\nbatch_size = 8\n";
    fs::write(folder.join("small.toml"), recipe).expect("a recipe");
    let train = |out| {
        [
            "train",
            "houses.csv",
            "--recipe",
            "small.toml",
            "--out",
            out,
        ]
    };
    // The first run reads the program from the disk.
    for out in ["first", "whole"] {
        let (code, said) = said_in(folder, &train(out));
        assert_eq!(code, Some(0), "{said}");
    }
    let start = Instant::now();
    let saved: Vec<&str> = [&train("saved")[..], &["--save-every", "0"]].concat();
    let (code, said) = said_in(folder, &saved);
    assert_eq!(code, Some(0), "{said}");
    let time = start.elapsed();
    let model = |out: &str| fs::read(folder.join(out).join("model.safetensors")).expect("a model");
    assert!(model("saved") == model("whole"));

    let resume: Vec<&str> = [&train("out")[..], &["--resume", "--save-every", "0"]].concat();
    let out = folder.join("out");
    kill_often(folder, &resume, "train", time, || {
        assert!(model("out") == model("whole"));
        fs::remove_dir_all(&out).expect("removed");
    });
    assert!(model("out") == model("whole"));
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).expect("listed");
        entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|name| !name.ends_with(".unfinished"))
            .collect()
    };
    assert_eq!(names(&out), ["model.safetensors"]);
}

/// Without what differs from run to run: times, and what was measured of this machine.
fn lasting(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                let is_measured = ["environment", "memory", "id", "checksum"].contains(&&**name);
                !is_measured && !name.contains("seconds") && !name.contains("time")
            });
            fields.values_mut().for_each(lasting);
        }
        Value::Array(values) => values.iter_mut().for_each(lasting),
        _ => {}
    }
}

#[test]
fn killed_experiments_end_with_the_same_answers() {
    let folder = scratch();
    let folder = folder.path();
    small_experiment(folder);
    let run = |out| [&SMALL_EXPERIMENT[..], &["--threads", "1", "--out", out]].concat();
    let start = Instant::now();
    let (code, said) = said_in(folder, &run("whole"));
    assert_eq!(code, Some(0), "{said}");
    let time = start.elapsed();
    let out = folder.join("out");
    kill_often(folder, &run("out"), "run", time, || {
        fs::remove_dir_all(&out).expect("removed");
    });
    let results = |out: &str| {
        let mut results = results_in(&folder.join(out));
        lasting(&mut results);
        results
    };
    assert_eq!(results("out"), results("whole"));
}

#[test]
fn killed_searches_end_with_the_same_advice() {
    let folder = scratch();
    let folder = folder.path();
    let houses = rows(40, |i| {
        let (a, b) = (i * 37 % 40, i * 11 % 17);
        format!("{a},{b},{}\n", 2 * a + b)
    });
    fs::write(folder.join("houses.csv"), format!("a,b,y\n{houses}")).expect("a table");
    let advise = |out| {
        [
            "advise",
            "houses.csv",
            "--quick",
            "--threads",
            "1",
            "--out",
            out,
        ]
    };
    let start = Instant::now();
    let (code, said) = said_in(folder, &advise("whole"));
    assert_eq!(code, Some(0), "{said}");
    let time = start.elapsed();
    let out = folder.join("out");
    kill_often(folder, &advise("out"), "advise", time, || {
        fs::remove_dir_all(&out).expect("removed");
    });
    let advice = |out: &str| {
        let text = fs::read_to_string(folder.join(out).join("advice.json")).expect("an advice");
        let mut advice: Value = serde_json::from_str(&text).expect("JSON");
        lasting(&mut advice);
        advice
    };
    assert_eq!(advice("out"), advice("whole"));
}

/// Two processes do not write into one folder; the lock of a killed one is no obstacle.
#[test]
fn a_folder_has_one_process_at_a_time() {
    let folder = scratch();
    let folder = folder.path();
    let houses = rows(400, |i| format!("{},{}\n", i * 37 % 400, i * 74 % 800));
    fs::write(folder.join("houses.csv"), format!("a,y\n{houses}")).expect("a table");
    let long = "[network]\nhidden = [64]\nepochs = 100000\n";
    fs::write(folder.join("long.toml"), long).expect("a recipe");
    fs::write(folder.join("line.toml"), "[line]\npenalty = 1e-3\n").expect("a recipe");
    let train = |recipe| ["train", "houses.csv", "--recipe", recipe];
    let mut first = smallbatch(&train("long.toml"))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let lock = folder.join("out/.smallbatch.lock");
    let start = Instant::now();
    while fs::read_to_string(&lock).unwrap_or_default().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "no lock");
        std::thread::sleep(Duration::from_millis(10));
    }
    let (code, said) = said_in(folder, &train("line.toml"));
    assert_eq!(code, Some(1), "{said}");
    let process = format!("is being written to by process {}", first.id());
    assert!(said.contains(&process) && said.contains("--out"), "{said}");
    first.kill().expect("killed");
    first.wait().expect("it ends");
    assert!(lock.exists());
    let (code, said) = said_in(folder, &train("line.toml"));
    assert_eq!(code, Some(0), "{said}");
    assert!(!lock.exists());
}
