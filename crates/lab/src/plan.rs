//! What is asked of a run.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smallbatch_base::limits;
use smallbatch_evidence::Look;
use smallbatch_files as files;
use smallbatch_report::results::Results;
use smallbatch_sweep::Size;

use crate::Error;
use crate::design::{Design, LESSON};

/// What is asked of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunPlan {
    /// How much work.
    pub size: Size,
    /// A design of one's own, instead of the lesson.
    pub file: Option<PathBuf>,
    /// A folder of tables, instead of the design's.
    pub tables: Option<PathBuf>,
    /// Claims to test, by id; empty for all.
    pub claims: Vec<String>,
    /// Repetitions of each table, instead of the size's: a number of a look, 4, 8, 16, 32, …
    pub repetitions: Option<usize>,
    /// The seed that all draws follow from.
    pub base_seed: u64,
    /// Over how many threads trainings are spread; 0 for as many as the processor runs at once.
    pub threads: usize,
    /// Where finished runs are kept.
    pub cache: Option<PathBuf>,
    /// The program that measures memory in a process of its own, called as `program probe-memory JSON`; `None` measures in this one.
    pub memory_probe: Option<PathBuf>,
}

/// A path that means the same wherever a program is started.
fn from_the_root(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// What decides a run's results, for repeating it: a [`RunPlan`] without what changes nothing in them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) size: Size,
    #[serde(default)]
    pub(crate) file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) tables: Option<PathBuf>,
    #[serde(default)]
    pub(crate) claims: Vec<String>,
    #[serde(default)]
    pub(crate) repetitions: Option<usize>,
}

impl RunPlan {
    pub(crate) fn request(&self) -> Request {
        Request {
            size: self.size,
            file: self.file.as_deref().map(from_the_root),
            tables: self.tables.as_deref().map(from_the_root),
            claims: self.claims.clone(),
            repetitions: self.repetitions,
        }
    }

    /// The plan that gave some results, to be made again.
    ///
    /// # Errors
    /// [`Error::Setting`] where they do not say what was asked for.
    pub fn of(results: &Results) -> Result<Self, Error> {
        let request = results.environment.request.clone();
        let Request {
            size,
            file,
            tables,
            claims,
            repetitions,
        } = serde_json::from_value(request).map_err(|error| Error::Setting {
            setting: "the request of the results",
            value: error.to_string(),
            expected: "what this program wrote".into(),
        })?;
        Ok(Self {
            size,
            file,
            tables,
            claims,
            repetitions,
            base_seed: results.base_seed,
            ..Self::default()
        })
    }

    /// The command that repeats it.
    pub(crate) fn command(&self) -> String {
        let mut words = vec!["cargo xtask experiment".to_owned()];
        words.extend(self.claims.iter().cloned());
        match self.size {
            Size::Quick => words.push("--quick".into()),
            Size::Default => {}
            Size::Thorough => words.push("--thorough".into()),
        }
        let path = |name: &str, path: &Option<PathBuf>| {
            path.as_ref()
                .map(|path| format!("{name} {}", path.display()))
        };
        words.extend(path("--file", &self.file));
        words.extend(path("--tables", &self.tables));
        words.extend(self.repetitions.map(|n| format!("--repetitions {n}")));
        words.push(format!("--base-seed {}", self.base_seed));
        words.join(" ")
    }

    /// The design, with only the claims that are asked for, and its text.
    pub(crate) fn design(&self) -> Result<(Design, String), Error> {
        let (text, name) = match &self.file {
            None => (LESSON.to_owned(), "lesson.toml".to_owned()),
            Some(file) => {
                let name = file.display().to_string();
                let text = files::read_text(file, limits::MOST_SETTINGS_BYTES)
                    .map_err(|error| Error::step(format!("read the design {name}"), error))?;
                (text, name)
            }
        };
        let mut design = Design::parse(&text, &name)?;
        for id in &self.claims {
            if !design.claims.iter().any(|claim| claim.id == *id) {
                return Err(Error::UnknownClaim {
                    name: id.clone(),
                    nearest: design.claim_like(id),
                    known: design.claims.into_iter().map(|claim| claim.id).collect(),
                });
            }
        }
        if !self.claims.is_empty() {
            design
                .claims
                .retain(|claim| self.claims.contains(&claim.id));
        }
        Ok((design, text))
    }

    /// Repetitions of each table.
    pub(crate) fn n_repetitions(&self, design: &Design) -> Result<usize, Error> {
        let n = self
            .repetitions
            .unwrap_or(design.effort(self.size).repetitions);
        let is_a_look = Look::at(n).is_some_and(|look| look.n_repetitions() == n);
        if is_a_look && n <= limits::MOST_REPETITIONS {
            return Ok(n);
        }
        Err(Error::Setting {
            setting: "the number of repetitions",
            value: n.to_string(),
            expected: "4, 8, 16, 32 or another power of two up to 1024".into(),
        })
    }
}
