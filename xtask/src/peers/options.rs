//! What is compared, for how long, and where the results go.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::install::{PEAK, PEERS, Peer, SCALERS, SWEEP};

pub(super) const HELP: &str = "\
usage: cargo xtask bench --peers [NAMES] [OPTIONS]
       cargo xtask bench --sweep [OPTIONS]
       cargo xtask bench --peers --scalers [OPTIONS]

Trains the same networks in smallbatch and in other frameworks, in turns, and compares samples a second.
NAMES are the peers to compare with, such as torch,jax; all of them by default. With --scalers, fits and
transforms two tables with smallbatch's and with scikit-learn's standard scaler instead. With --sweep, compares what
one core does of many small trainings: smallbatch's one after the other, JAX's as 16 replicas side by side (vmap).

  --rounds N           how often each peer visits each cell [3]
  --seconds S          how long each visit measures [0.1]
  --minutes M          no round is begun that would not end within them [30]
  --quick              1 round of 0.1 s, tiny and tabular, batches 16 and full, sgd, both starts
  --cases NAMES        such as tiny,tabular [tiny,tabular,mnist,wide]; others for eleven more, of small
                       tables, odd widths, other depths, activations and losses: wine,airfoil,
                       narrow,odd,deep,broad,long,values,binary,gelu,separable
  --batches SIZES      [16,32,256,full]
  --optimizers NAMES   [sgd,momentum,adam]
  --starts NAMES       the weights that a training begins with: random ones, and those of a network
                       that has learned [fresh,converged]
  --out DIR            where peers.json goes [out]";

const BATCHES: [&str; 4] = ["16", "32", "256", "full"];
/// Stands for all cases that are not in the default.
const OTHERS: &str = "others";
const OPTIMIZERS: [&str; 3] = ["sgd", "momentum", "adam"];

/// The weights that a training begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Start {
    /// The network's first, random ones.
    Fresh,
    /// Those of a network that has learned.
    Converged,
}

impl Start {
    pub(super) const ALL: [Self; 2] = [Self::Fresh, Self::Converged];
    const NAMES: [&str; 2] = [Self::Fresh.name(), Self::Converged.name()];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Converged => "converged",
        }
    }
}

/// What scalers do, in place of an optimizer.
const OPERATIONS: [&str; 4] = ["fit", "transform", "transform into", "in place"];

/// One training that every peer makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) case: String,
    /// A number, or `full`.
    pub(super) batch: String,
    /// Or, of scalers, the operation.
    pub(super) optimizer: String,
    /// None for scalers.
    pub(super) start: Option<Start>,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.case, self.batch, self.optimizer)?;
        self.start
            .map_or(Ok(()), |start| write!(f, " {}", start.name()))
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Trainings,
    /// Many small ones.
    Sweep,
    Scalers,
}

/// Of a sweep: four of the lab's networks, and odd widths, a regression with tanh, yes or no, five hidden layers.
const SWEPT: [&str; 8] = [
    "tiny", "wine", "airfoil", "tabular", "narrow", "values", "binary", "deep",
];

/// The words after `bench`, understood.
#[derive(Debug, PartialEq)]
pub(super) struct Options {
    pub(super) rounds: usize,
    pub(super) seconds: f64,
    pub(super) minutes: f64,
    pub(super) out: PathBuf,
    pub(super) subject: Subject,
    /// None for all.
    cases: Option<Vec<String>>,
    batches: Vec<String>,
    optimizers: Vec<String>,
    /// None of scalers.
    starts: Vec<String>,
    /// None for all.
    peers: Option<Vec<String>>,
}

impl Options {
    /// Options from the words, or a sentence that says which word is wrong and why.
    pub(super) fn parse(arguments: &[String]) -> Result<Self, String> {
        let is_there = |flag: &str| arguments.iter().any(|word| word == flag);
        let quick = is_there("--quick");
        let subject = match (is_there("--scalers"), is_there("--sweep")) {
            (true, true) => return Err("`--sweep` is for trainings; leave out `--scalers`".into()),
            (true, false) => Subject::Scalers,
            (false, true) => Subject::Sweep,
            (false, false) => Subject::Trainings,
        };
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let mut options = Self {
            rounds: if quick { 1 } else { 3 },
            seconds: 0.1,
            minutes: 30.0,
            out: "out".into(),
            subject,
            cases: match (subject, quick) {
                (Subject::Scalers, _) | (Subject::Trainings, false) => None,
                (Subject::Trainings | Subject::Sweep, true) => Some(owned(&["tiny", "tabular"])),
                (Subject::Sweep, false) => Some(owned(&SWEPT)),
            },
            batches: owned(match (subject, quick) {
                (Subject::Scalers, _) => &["full"],
                (Subject::Trainings, true) => &["16", "full"],
                (Subject::Trainings, false) => &BATCHES,
                (Subject::Sweep, _) => &["16", "32"],
            }),
            optimizers: owned(match (subject, quick) {
                (Subject::Scalers, _) => &OPERATIONS,
                (Subject::Trainings, false) => &OPTIMIZERS,
                (Subject::Trainings, true) | (Subject::Sweep, _) => &["sgd"],
            }),
            starts: match subject {
                Subject::Scalers => Vec::new(),
                Subject::Trainings => owned(&Start::NAMES),
                Subject::Sweep => owned(&[Start::Fresh.name()]),
            },
            peers: None,
        };
        let mut words = arguments.iter().peekable();
        while let Some(word) = words.next() {
            let (flag, attached) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if matches!(flag, "--quick" | "--scalers" | "--sweep") {
                continue;
            }
            let value = attached.or_else(|| words.next_if(|next| !next.starts_with('-')).cloned());
            if flag == "--peers" {
                options.peers = value.map(|names| split(&names));
                continue;
            }
            let value = value.ok_or_else(|| match flag.starts_with('-') {
                true => format!("`{flag}` is unknown or needs a value"),
                false => format!("`{flag}` is not an option; peers are named after `--peers`"),
            })?;
            match flag {
                "--rounds" => options.rounds = positive(flag, &value)?,
                "--seconds" => options.seconds = positive(flag, &value)?,
                "--minutes" => options.minutes = positive(flag, &value)?,
                "--cases" => options.cases = Some(split(&value)),
                "--batches" => options.batches = split(&value),
                "--optimizers" => options.optimizers = split(&value),
                "--starts" => options.starts = split(&value),
                "--out" => options.out = value.into(),
                _ => return Err(format!("there is no option `{flag}`")),
            }
        }
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<(), String> {
        for batch in self.batches.iter().filter(|batch| *batch != "full") {
            positive::<usize>("--batches", batch)?;
        }
        if self.subject == Subject::Scalers {
            known("--optimizers", &self.optimizers, &OPERATIONS)?;
            if !self.starts.is_empty() {
                return Err("`--starts` is for trainings; leave it out with `--scalers`".into());
            }
        } else {
            known("--optimizers", &self.optimizers, &OPTIMIZERS)?;
            known("--starts", &self.starts, &Start::NAMES)?;
        }
        let names: Vec<&str> = self.all_peers().iter().map(|peer| peer.name).collect();
        known("--peers", self.peers.as_deref().unwrap_or_default(), &names)
    }

    /// Those that can be compared.
    pub(super) fn all_peers(&self) -> &'static [Peer] {
        match self.subject {
            Subject::Trainings => &PEERS,
            Subject::Sweep => &SWEEP,
            Subject::Scalers => &SCALERS,
        }
    }

    /// Whether this peer takes part. smallbatch and the processor's peak always do: they are what the others are compared with.
    pub(super) fn wants(&self, peer: &str) -> bool {
        let named = self.peers.as_ref();
        peer == "smallbatch"
            || peer == PEAK
            || named.is_none_or(|names| names.iter().any(|name| name == peer))
    }

    /// Whether there is time for another round, after so many seconds of measuring, when the last took so many.
    pub(super) fn has_time(&self, measured: f64, last_round: f64) -> bool {
        measured + last_round <= 60.0 * self.minutes
    }

    /// The starts that are asked for, fresh first; one that is none for scalers.
    fn all_starts(&self) -> Vec<Option<Start>> {
        if self.subject == Subject::Scalers {
            return vec![None];
        }
        let is_asked = |start: &Start| self.starts.iter().any(|name| name == start.name());
        Start::ALL.into_iter().filter(is_asked).map(Some).collect()
    }

    /// The cells, cases first, of the cases that `cases.json` in that folder lists.
    pub(super) fn cells(&self, data: &Path) -> Result<Vec<Cell>, String> {
        let file = data.join("cases.json");
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let listed: Value = serde_json::from_str(&text)
            .map_err(|error| format!("{} is not JSON: {error}", file.display()))?;
        self.cells_of(&listed)
    }

    fn cells_of(&self, listed: &Value) -> Result<Vec<Cell>, String> {
        let listed = listed.as_array().into_iter().flatten();
        let listed: Vec<(&str, bool)> = listed
            .filter_map(|case| Some((case["name"].as_str()?, case["other"] == true)))
            .collect();
        if let Some(cases) = &self.cases {
            let names: Vec<&str> = listed.iter().map(|(name, _)| *name).collect();
            known("--cases", cases, &[&names[..], &[OTHERS]].concat())?;
        }
        let wanted = |name: &str, is_other: bool| match &self.cases {
            None => !is_other,
            Some(cases) => {
                let asked = |word: &str| cases.iter().any(|case| case == word);
                asked(name) || (is_other && asked(OTHERS))
            }
        };
        let starts = self.all_starts();
        let mut cells = Vec::new();
        for (case, _) in listed
            .iter()
            .filter(|(name, is_other)| wanted(name, *is_other))
        {
            for batch in &self.batches {
                for optimizer in &self.optimizers {
                    cells.extend(starts.iter().map(|&start| Cell {
                        case: (*case).to_owned(),
                        batch: batch.clone(),
                        optimizer: optimizer.clone(),
                        start,
                    }));
                }
            }
        }
        Ok(cells)
    }
}

fn split(names: &str) -> Vec<String> {
    names
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect()
}

fn positive<T: std::str::FromStr + PartialOrd + Default>(
    flag: &str,
    value: &str,
) -> Result<T, String> {
    let parsed = value.parse().ok().filter(|number| *number > T::default());
    parsed.ok_or_else(|| format!("`{flag}` is `{value}`; it must be a number above 0"))
}

fn known(flag: &str, given: &[String], known: &[&str]) -> Result<(), String> {
    match given.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(format!(
            "`{flag}` has no `{name}`; there are {}",
            known.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(words: &str) -> Result<Options, String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    fn cases() -> Value {
        json!([
            {"name": "tiny", "other": false}, {"name": "tabular"}, {"name": "mnist"}, {"name": "wide"},
            {"name": "odd", "other": true}, {"name": "deep", "other": true},
        ])
    }

    #[test]
    fn the_default_is_the_whole_grid_of_all_peers() {
        let options = parse("--peers").unwrap();
        assert_eq!((options.rounds, options.seconds), (3, 0.1));
        assert!(PEERS.iter().all(|peer| options.wants(peer.name)));
        assert_eq!(options.cells_of(&cases()).unwrap().len(), 4 * 4 * 3 * 2);
    }

    #[test]
    fn quick_is_short_and_yields_to_what_is_said() {
        let quick = parse("--peers --quick").unwrap();
        assert_eq!((quick.rounds, quick.seconds), (1, 0.1));
        assert_eq!(quick.cells_of(&cases()).unwrap().len(), 2 * 2 * 2);
        let more = parse("--rounds 2 --peers --optimizers adam,sgd --quick").unwrap();
        assert_eq!(more.rounds, 2);
        assert_eq!(more.cells_of(&cases()).unwrap().len(), 2 * 2 * 2 * 2);
    }

    #[test]
    fn peers_and_cells_are_chosen_by_name() {
        let options =
            parse("--peers torch,rust-mlp --cases=wide --batches 8,full --optimizers adam --starts fresh --out x")
                .unwrap();
        assert!(options.wants("torch") && options.wants("rust-mlp") && options.wants("smallbatch"));
        assert!(!options.wants("jax"));
        assert_eq!(options.out, Path::new("x"));
        let cells: Vec<String> = options
            .cells_of(&cases())
            .unwrap()
            .iter()
            .map(Cell::to_string)
            .collect();
        assert_eq!(cells, ["wide 8 adam fresh", "wide full adam fresh"]);
        let others = "--peers --cases others,tiny --batches 8 --optimizers sgd --starts converged";
        let others = parse(others).unwrap();
        let cells = others.cells_of(&cases()).unwrap();
        let cells: Vec<String> = cells.iter().map(Cell::to_string).collect();
        assert_eq!(
            cells,
            [
                "tiny 8 sgd converged",
                "odd 8 sgd converged",
                "deep 8 sgd converged"
            ]
        );
    }

    #[test]
    fn a_cells_starts_follow_one_another_fresh_first() {
        let options = parse(
            "--peers --cases tiny --batches 8 --optimizers sgd,adam --starts converged,fresh",
        );
        let cells = options.unwrap().cells_of(&cases()).unwrap();
        let cells: Vec<String> = cells.iter().map(Cell::to_string).collect();
        assert_eq!(
            cells,
            [
                "tiny 8 sgd fresh",
                "tiny 8 sgd converged",
                "tiny 8 adam fresh",
                "tiny 8 adam converged"
            ]
        );
    }

    #[test]
    fn scalers_have_operations_and_one_rival() {
        let options = parse("--peers --scalers --quick").unwrap();
        assert_eq!(options.all_peers().len(), 2);
        let tables = json!([{"name": "a"}, {"name": "b"}]);
        let cells = options.cells_of(&tables).unwrap();
        assert_eq!(cells.len(), 2 * 4);
        assert_eq!(cells[0].to_string(), "a full fit");
        let why = parse("--peers torch --scalers").unwrap_err();
        assert_eq!(
            why,
            "`--peers` has no `torch`; there are smallbatch, sklearn"
        );
    }

    #[test]
    fn a_sweep_is_of_small_networks_and_mini_batches() {
        let options = parse("--sweep").unwrap();
        let peers: Vec<&str> = options.all_peers().iter().map(|peer| peer.name).collect();
        assert_eq!(peers, ["smallbatch", "jax-vmap", "peak"]);
        let listed: Vec<Value> = SWEPT.iter().map(|name| json!({"name": name})).collect();
        let cells = options.cells_of(&Value::Array(listed)).unwrap();
        assert_eq!(cells.len(), 8 * 2);
        assert_eq!(cells[3].to_string(), "wine 32 sgd fresh");
        let why = parse("--sweep --scalers").unwrap_err();
        assert_eq!(why, "`--sweep` is for trainings; leave out `--scalers`");
    }

    #[test]
    fn a_round_is_begun_where_it_would_end_in_time() {
        let options = parse("--peers --minutes 10").unwrap();
        assert!(options.has_time(400.0, 200.0));
        assert!(!options.has_time(401.0, 200.0));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, message) in [
            (
                "--peers --rounds 0",
                "`--rounds` is `0`; it must be a number above 0",
            ),
            (
                "--peers --seconds soon",
                "`--seconds` is `soon`; it must be a number above 0",
            ),
            (
                "--peers --batches 16,half",
                "`--batches` is `half`; it must be a number above 0",
            ),
            (
                "--peers --optimizers lamb",
                "`--optimizers` has no `lamb`; there are sgd, momentum, adam",
            ),
            (
                "--peers --starts fresh,warm",
                "`--starts` has no `warm`; there are fresh, converged",
            ),
            (
                "--peers --scalers --starts fresh",
                "`--starts` is for trainings; leave it out with `--scalers`",
            ),
            ("--peers --out", "`--out` is unknown or needs a value"),
            ("--peers --speed 3", "there is no option `--speed`"),
            (
                "--peers --quick torch",
                "`torch` is not an option; peers are named after `--peers`",
            ),
        ] {
            assert_eq!(parse(words).unwrap_err(), message);
        }
        let message = parse("--peers tensorflow").unwrap_err();
        assert!(
            message.starts_with("`--peers` has no `tensorflow`; there are smallbatch, torch,"),
            "{message}"
        );
        let unknown = parse("--peers --cases tiny,huge").unwrap();
        assert_eq!(
            unknown.cells_of(&cases()).unwrap_err(),
            "`--cases` has no `huge`; there are tiny, tabular, mnist, wide, odd, deep, others"
        );
    }
}
