//! Whether a Dask cluster whose workers are killed ends with the results of one machine.
//!
//! A scheduler and two workers are started as real processes, `deploy/dask/sweep.py` computes the jobs of a small plan on them, and one worker
//! is killed in the middle, which another replaces. What is collected is compared with a run of one process: all of it but the
//! environment, bit for bit. Then the same without a folder that the workers see.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo::{cargo, root};
use crate::output::{say, warn};
use crate::peers::install::{Installer, program, visible};

const HELP: &str = "\
usage: cargo xtask dask

Starts a Dask scheduler and two workers on this machine, has deploy/dask/sweep.py compute the jobs of a small plan, kills one
worker in the middle, and compares what is collected with a run of one process, bit for bit. Then again with the plan and the
results sent through the scheduler. Installs dask and distributed into target/peers/venv, and is skipped where that cannot be done.";

const PACKAGES: [&str; 2] = ["dask", "distributed"];

/// Claims without a clock: of these every bit is the same.
const CLAIMS: [&str; 3] = [
    "scale-mismatch-hurts",
    "centering-alone",
    "test-uses-train-statistics",
];
const REPETITIONS: &str = "8";

/// One worker is killed when so many jobs have their results.
const BEFORE_THE_KILL: usize = 16;

/// Nothing here takes longer.
const LONGEST: Duration = Duration::from_secs(180);

/// The verb: exit code 1 where the results differ, or something cannot be started; 2 where it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    match arguments {
        [] => {}
        [word] if word == "--help" => {
            say(HELP);
            return ExitCode::SUCCESS;
        }
        _ => {
            warn(HELP);
            return ExitCode::from(2);
        }
    }
    match checked() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            warn(&format!("dask: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn checked() -> Result<(), String> {
    let installer = Installer::new()?;
    let pins = root().join("deploy/dask/requirements.txt");
    let python = match installer.python_pinned(&pins, &PACKAGES) {
        Ok(python) => python,
        Err(reason) => {
            warn(&format!("dask: SKIPPED: {reason}"));
            return Ok(());
        }
    };
    let mut build = cargo();
    build
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "smallbatch-cli",
        ])
        .current_dir(root());
    visible(build)?;
    let check = Check {
        program: program(&installer.target().join("release"), "smallbatch"),
        python,
        folder: installer.target().join("dask"),
    };
    let _ = std::fs::remove_dir_all(&check.folder);
    std::fs::create_dir_all(&check.folder)
        .map_err(|error| format!("cannot make {}: {error}", check.folder.display()))?;
    check.smallbatch(&["run", "--quick", "--out", "alone"], &CLAIMS)?;
    let alone = check.results("alone")?;
    for (folder, is_sent) in [("shared", false), ("sent", true)] {
        let n_before = check.plan_and_compute(folder, is_sent)?;
        check.smallbatch(&["sweep", "collect", folder, "--out", "found"], &[])?;
        if check.results("found")? != alone {
            return Err(format!(
                "the results of {folder} are not those of one process"
            ));
        }
        let way = if is_sent {
            "sent through the scheduler"
        } else {
            "in a folder that all see"
        };
        say(&format!(
            "dask: 64 jobs on two workers, one of them killed after {n_before}, {way}: the results of one process, bit for bit"
        ));
    }
    Ok(())
}

struct Check {
    program: PathBuf,
    python: PathBuf,
    folder: PathBuf,
}

impl Check {
    /// Plans into a folder and computes it on two workers, of which one is killed. After how many jobs that was.
    fn plan_and_compute(&self, folder: &str, is_sent: bool) -> Result<usize, String> {
        let claims = CLAIMS.iter().flat_map(|claim| ["--claim", claim]);
        let claims: Vec<&str> = claims.collect();
        self.smallbatch(&["sweep", "plan", "--quick", "--out", folder], &claims)?;
        let file = self.folder.join(format!("{folder}.scheduler"));
        let _scheduler = self.start("scheduler", &["--port", "0", "--no-dashboard"], &file)?;
        wait(
            || file.is_file().then_some(()),
            "the scheduler does not start",
        )?;
        let worker = || {
            let arguments = ["--nthreads", "1", "--no-nanny", "--no-dashboard"];
            self.start("worker", &arguments, &file)
        };
        let (_first, mut second) = (worker()?, worker()?);
        let mut driver = Command::new(&self.python);
        driver
            .arg(root().join("deploy/dask/sweep.py"))
            .args([folder, "--scheduler", &address(&file)?, "--program"])
            .arg(&self.program)
            .args(is_sent.then_some("--send"))
            .current_dir(&self.folder)
            .stdout(Stdio::null());
        let mut driver = Started(driver.spawn().map_err(|error| error.to_string())?);
        let results = self.folder.join(folder).join("results");
        let n_results = || std::fs::read_dir(&results).map_or(0, Iterator::count);
        wait(
            || (n_results() >= BEFORE_THE_KILL).then_some(()),
            "the workers do not begin",
        )?;
        second.0.kill().map_err(|error| error.to_string())?;
        let n_before = n_results();
        if n_before >= 64 {
            return Err("all jobs were done before a worker was killed".into());
        }
        let _third = worker()?;
        let ended = wait(
            || driver.0.try_wait().ok().flatten(),
            "deploy/dask/sweep.py does not end",
        )?;
        match ended.success() {
            true => Ok(n_before),
            false => Err("deploy/dask/sweep.py failed, see above".into()),
        }
    }

    fn start(&self, what: &str, arguments: &[&str], file: &Path) -> Result<Started, String> {
        let log = self.folder.join(format!("{what}.log"));
        let log = std::fs::File::create(log).map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "dask", what, "--scheduler-file"])
            .arg(file)
            .args(arguments)
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(log);
        let child = command.spawn();
        let child = child.map_err(|error| format!("cannot start a dask {what}: {error}"))?;
        Ok(Started(child))
    }

    fn smallbatch(&self, arguments: &[&str], more: &[&str]) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(more).current_dir(&self.folder);
        if !arguments.contains(&"collect") {
            command.args(["--repetitions", REPETITIONS]);
        }
        let output = command.output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }

    /// All of the results but where and when they were computed.
    fn results(&self, folder: &str) -> Result<Value, String> {
        let file = self.folder.join(folder).join("results.json");
        let text = std::fs::read_to_string(&file);
        let text = text.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let mut results: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let members = results.as_object_mut().ok_or("the results are no object")?;
        if members["effects"].as_array().is_none_or(Vec::is_empty) {
            return Err(format!("{} has no effects", file.display()));
        }
        for part in ["environment", "checksum"] {
            members.remove(part);
        }
        Ok(results)
    }
}

/// Where the scheduler listens.
fn address(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let said: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let address = said["address"].as_str();
    Ok(address.ok_or("the scheduler tells no address")?.to_owned())
}

/// What comes in time.
fn wait<T>(mut what: impl FnMut() -> Option<T>, otherwise: &str) -> Result<T, String> {
    let began = Instant::now();
    loop {
        if let Some(found) = what() {
            return Ok(found);
        }
        if began.elapsed() > LONGEST {
            return Err(otherwise.to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A process that ends with this.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::install::check_pins;

    #[test]
    fn every_package_has_its_pin() {
        check_pins(&root().join("deploy/dask/requirements.txt"), &PACKAGES);
    }

    #[test]
    fn words_are_refused_before_anything_is_built() {
        assert_eq!(run(&["shared".to_owned()]), ExitCode::from(2));
    }
}
