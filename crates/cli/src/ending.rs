//! How the program ends: the exit codes, and the sentence that says why it could not do what it was asked.

use std::process::ExitCode;

use smallbatch::{advice, data, fetch, lab, pipeline, report, sweep};

use crate::interruption;
use crate::likeness::verb_like;
use crate::output::{self, warn};

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything asked for was done, and all that was printed arrived.
    Done = 0,
    /// It could not be done; or a verification found a difference.
    Failed = 1,
    /// It was asked wrongly: a flag, a setting, a name that does not exist, a design with a mistake, a file of another kind.
    Wrong = 2,
    /// Ctrl-C, SIGTERM or SIGHUP ended it early: 128 and the signal's number.
    Interrupted = 130,
}

impl Ending {
    /// The same in words, for the help.
    pub(crate) const IN_WORDS: &str = "Exit codes: 0 done, 1 could not be done, 2 asked wrongly, 130 ended early by Ctrl-C \
         (143 by SIGTERM, 129 by SIGHUP).";

    /// The program's exit code. Without its output nothing is done.
    pub(crate) fn exit_code(self) -> ExitCode {
        let ending = match (self, output::failure()) {
            (Self::Done, Some(failure)) => {
                warn(&format!("error: {failure}"));
                Self::Failed
            }
            (ending, _) => ending,
        };
        ExitCode::from(match ending {
            Self::Interrupted => interruption::exit_code(),
            ending => ending as u8,
        })
    }
}

/// Why the program could not do what it was asked: a sentence with the way out.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    ending: Ending,
}

impl Failure {
    /// It was asked wrongly.
    pub(crate) fn wrong(sentence: String) -> Self {
        Self {
            sentence,
            ending: Ending::Wrong,
        }
    }

    /// It could not be done.
    pub(crate) fn failed(sentence: String) -> Self {
        Self {
            sentence,
            ending: Ending::Failed,
        }
    }

    /// Where no cache is kept unless one is named.
    pub(crate) fn without_a_cache(mut self) -> Self {
        self.sentence = self
            .sentence
            .replace("or none with --no-cache", "or leave it out");
        self
    }

    fn new(error: &dyn std::error::Error, ending: Ending) -> Self {
        Self {
            sentence: in_flags(&error.to_string()),
            ending,
        }
    }

    /// Says it.
    pub(crate) fn ending(self) -> Ending {
        let end = self.sentence.char_indices().nth(MOST_LETTERS);
        let (shown, more) = end.map_or((self.sentence.as_str(), ""), |(end, _)| {
            (&self.sentence[..end], "…")
        });
        warn(&format!("error: {shown}{more}"));
        self.ending
    }
}

/// An error is a sentence or two; what is longer holds what somebody else wrote.
const MOST_LETTERS: usize = 2000;

/// The libraries' ways out, and what they are on the command line.
const WAYS_OUT: [(&str, &str); 16] = [
    ("(`partial`)", "(--partial)"),
    ("(`tables`)", "(--tables)"),
    (
        "another run; name another folder",
        "another run; name another folder with --out",
    ),
    (
        "other files; name another folder",
        "other files; name another folder with --out",
    ),
    ("without resuming", "without --resume"),
    (
        "choose another folder, or change its permissions",
        "name another with --out, or change its permissions",
    ),
    (
        "choose another folder, or keep none",
        "choose another folder with --cache, or none with --no-cache",
    ),
    (
        ", leave the column out (`ignore`), or admit them (`missing`)",
        ", or leave the column out (--ignore)",
    ),
    ("leave it out (`ignore`)", "leave it out (--ignore)"),
    ("(`from`)", "(--from)"),
    ("(`time`)", "(--time)"),
    ("(`groups`)", "(--group)"),
    ("(`day-first = true`)", "(--day-first)"),
    ("(`day-first = false`)", "(--month-first)"),
    ("(`task = \"numbers\"`)", "(--task numbers)"),
    (
        "move it, or choose another folder",
        "move it, or name another folder with --out",
    ),
];

/// A sentence of the libraries, with the flags of the command line.
pub(crate) fn in_flags(sentence: &str) -> String {
    let mut sentence = sentence.to_owned();
    for (library, flags) in WAYS_OUT {
        sentence = sentence.replace(library, flags);
    }
    sentence
}

impl From<lab::Error> for Failure {
    fn from(error: lab::Error) -> Self {
        use lab::Error;
        // A verb in the place of a claim.
        if let Error::UnknownClaim {
            name,
            nearest: None,
            ..
        } = &error
            && let Some(verb) = verb_like(name)
        {
            return Self::wrong(format!(
                "there is no claim {name:?}; did you mean the verb: `smallbatch {verb}`?"
            ));
        }
        let ending = match &error {
            Error::Setting { .. } | Error::Definition { .. } | Error::UnknownClaim { .. } => {
                Ending::Wrong
            }
            Error::Sweep(sweep::Error::Interrupted) => Ending::Interrupted,
            _ => Ending::Failed,
        };
        Self::new(&error, ending)
    }
}

impl From<advice::Error> for Failure {
    fn from(error: advice::Error) -> Self {
        let ending = match &error {
            advice::Error::Setting { .. } => Ending::Wrong,
            advice::Error::Interrupted => Ending::Interrupted,
            _ => Ending::Failed,
        };
        Self::new(&error, ending)
    }
}

impl From<pipeline::Error> for Failure {
    fn from(error: pipeline::Error) -> Self {
        let ending = match &error {
            pipeline::Error::Setting { .. } => Ending::Wrong,
            pipeline::Error::Interrupted => Ending::Interrupted,
            _ => Ending::Failed,
        };
        Self::new(&error, ending)
    }
}

impl From<fetch::Error> for Failure {
    fn from(error: fetch::Error) -> Self {
        Self::new(&error, Ending::Failed)
    }
}

impl From<data::Error> for Failure {
    fn from(error: data::Error) -> Self {
        Self::new(&error, Ending::Failed)
    }
}

impl From<report::Error> for Failure {
    fn from(error: report::Error) -> Self {
        Self::new(&error, Ending::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_out_of_the_libraries_become_flags() {
        let folder = report::Error::Folder {
            folder: "out".into(),
            reason: "it is a file, not a folder".into(),
        };
        let cache = sweep::Error::Cache {
            folder: "out/cache".into(),
            reason: "it is a file".into(),
        };
        let column = data::Error::TextColumn {
            column: "street".into(),
            distinct: 300,
            n_rows: 300,
            examples: vec!["High Street".into()],
        };
        let table = data::Table::read("a,b,y\n1,NA,3.5\n2,1,4\n3,2,5\n".as_bytes()).unwrap();
        let schema = data::TableReader::new().schema(&table).unwrap();
        let missing = schema.dataset::<f32>(&table).unwrap_err();
        for (failure, flag) in [
            (Failure::from(folder), "--out"),
            (Failure::from(lab::Error::from(cache)), "--no-cache"),
            (Failure::from(column), "(--ignore)"),
            (Failure::from(missing), "(--ignore)"),
        ] {
            assert!(failure.sentence.contains(flag), "{}", failure.sentence);
            assert!(!failure.sentence.contains('`'), "{}", failure.sentence);
        }
    }
}
