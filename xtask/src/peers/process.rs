//! A running peer: one process for each number of threads, which waits for cells on its standard input.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::install::Program;
use super::machine::pinned_to;
use super::options::Cell;

/// What libraries read their number of threads from.
const THREAD_VARIABLES: [&str; 4] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
];

/// How a visit went.
pub(super) enum Asked {
    Measured(Answer),
    /// Not this cell, but the next may go well.
    Refused(String),
    /// It no longer runs.
    Ended(String),
}

/// What a peer measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) samples: f64,
    pub(super) seconds: f64,
    /// By the peer's own clock, if it has one.
    pub(super) own_seconds: Option<f64>,
    /// None where it is not finite.
    pub(super) loss_before: Option<f64>,
    pub(super) loss_after: Option<f64>,
}

impl Answer {
    fn read(answer: &Value) -> Result<Self, String> {
        if let Some(why) = answer["error"].as_str() {
            return Err(why.to_owned());
        }
        let number = |key: &str| answer[key].as_f64();
        let positive = |key: &str| {
            let value = number(key).filter(|value| *value > 0.0);
            value.ok_or_else(|| format!("`{key}` is {}, not a number above 0", answer[key]))
        };
        Ok(Self {
            samples: positive("samples")?,
            seconds: positive("seconds")?,
            own_seconds: number("own_seconds"),
            loss_before: number("loss_before"),
            loss_after: number("loss_after"),
        })
    }
}

/// A peer that runs.
pub(super) struct Process {
    pub(super) peer: &'static str,
    pub(super) threads: usize,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What it writes to standard error.
    log: PathBuf,
}

impl Process {
    /// Starts it, and does not wait until it is ready.
    pub(super) fn spawn(
        peer: &'static str,
        program: &Program,
        data: &Path,
        threads: usize,
    ) -> Result<Self, String> {
        let log = program.logs.join(format!("{peer}-{threads}.log"));
        let log_file = File::create(&log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = match pinned_to(threads) {
            Some(processors) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &processors]).arg(&program.program);
                command
            }
            None => Command::new(&program.program),
        };
        for variable in THREAD_VARIABLES {
            command.env(variable, threads.to_string());
        }
        let mut child = command
            .args(&program.arguments)
            .arg(data)
            .arg(threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.program.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("it has no input or output".into());
        };
        Ok(Self {
            peer,
            threads,
            child,
            input,
            output: BufReader::new(output),
            log,
        })
    }

    /// Waits until it is ready, and says which version it is.
    pub(super) fn version(&mut self) -> Result<String, String> {
        let greeting = self.line()?;
        let version = greeting["version"].as_str();
        version
            .map(str::to_owned)
            .ok_or_else(|| format!("it began with {greeting}, not with its version"))
    }

    /// Has it measure a cell.
    pub(super) fn ask(&mut self, cell: &Cell, seconds: f64) -> Asked {
        let batch = match cell.batch.parse::<u64>() {
            Ok(number) => json!(number),
            Err(_) => json!(cell.batch),
        };
        let mut question = json!({
            "case": cell.case,
            "batch": batch,
            "optimizer": cell.optimizer,
            "seconds": seconds,
        });
        if let Some(start) = cell.start {
            question["start"] = json!(start.name());
        }
        let asked = writeln!(self.input, "{question}").and_then(|()| self.input.flush());
        if asked.is_err() {
            return Asked::Ended(self.last_words());
        }
        match self.line() {
            Err(why) => Asked::Ended(why),
            Ok(answer) => match Answer::read(&answer) {
                Ok(answer) => Asked::Measured(answer),
                Err(why) => Asked::Refused(why),
            },
        }
    }

    fn line(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(0) | Err(_) => Err(self.last_words()),
            Ok(_) => serde_json::from_str(&line)
                .map_err(|_| format!("it wrote `{}`, which is not JSON", line.trim())),
        }
    }

    /// Why it ended, as far as its log tells.
    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        match text.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!("it ended: {}", line.trim()),
            None => "it ended without a word".into(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then neither does anything.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_a_loss_that_is_not_finite_is_none() {
        let answer =
            json!({"samples": 100, "seconds": 0.5, "loss_before": 0.7, "loss_after": null});
        let read = Answer::read(&answer).unwrap();
        assert_eq!((read.samples, read.seconds), (100.0, 0.5));
        assert_eq!((read.loss_before, read.loss_after), (Some(0.7), None));
        assert_eq!(read.own_seconds, None);
    }

    #[test]
    fn errors_and_absurd_answers_are_refused() {
        let why = |answer: Value| Answer::read(&answer).unwrap_err();
        assert_eq!(why(json!({"error": "out of memory"})), "out of memory");
        assert_eq!(
            why(json!({"samples": 10, "seconds": 0.0})),
            "`seconds` is 0.0, not a number above 0"
        );
        assert_eq!(
            why(json!({"seconds": 1.0})),
            "`samples` is null, not a number above 0"
        );
    }

    #[cfg(unix)]
    mod with_a_shell {
        use super::super::super::options::Start;
        use super::*;

        /// A peer that is a shell script.
        fn spawn(script: &str) -> (tempfile::TempDir, Process) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("peer.sh");
            std::fs::write(&file, script).unwrap();
            let program = Program {
                program: "/bin/sh".into(),
                arguments: vec![file],
                logs: folder.path().to_owned(),
            };
            let process = Process::spawn("shell", &program, folder.path(), 1).unwrap();
            (folder, process)
        }

        fn cell() -> Cell {
            Cell {
                case: "tiny".into(),
                batch: "full".into(),
                optimizer: "sgd".into(),
                start: Some(Start::Converged),
            }
        }

        #[test]
        fn a_peer_is_asked_and_answers() {
            let (_folder, mut process) = spawn(
                "echo '{\"version\": \"1.2\"}'; read -r cell
                 test \"$cell\" = '{\"batch\":\"full\",\"case\":\"tiny\",\"optimizer\":\"sgd\",\"seconds\":0.5,\"start\":\"converged\"}' &&
                 echo \"{\\\"samples\\\": $2, \\\"seconds\\\": 2.5}\"; read -r next",
            );
            assert_eq!(process.version().unwrap(), "1.2");
            let Asked::Measured(answer) = process.ask(&cell(), 0.5) else {
                panic!("it did not answer")
            };
            // The second argument is the number of threads.
            assert_eq!((answer.samples, answer.seconds), (1.0, 2.5));
        }

        #[test]
        fn a_peer_that_ends_says_why_by_its_log() {
            let (_folder, mut process) = spawn("echo 'no module named torch' >&2");
            assert_eq!(
                process.version().unwrap_err(),
                "it ended: no module named torch"
            );
            let Asked::Ended(why) = process.ask(&cell(), 0.5) else {
                panic!("it answered")
            };
            assert_eq!(why, "it ended: no module named torch");
        }
    }
}
