//! Whether an automatic number of threads is ever slower than the better of one and two, and what a busy neighbour costs.
//!
//! Three trainings of each case run in turns: with one thread, with two, and with as many as are found to be fastest. Then they do
//! so once more beside a process that spins on one core (pinned to the last one, where there is `taskset`). The
//! medians over the rounds are compared. Each training goes on from round to round, and hardly learns, so that all do the same
//! work. There are three of each, made in different orders and visited in turns: where their numbers happen to lie in memory is
//! worth up to a quarter of the speed.
//!
//! ```text
//! cargo bench --bench threads                              everything: a quarter of an hour
//! cargo bench --bench threads -- tabular mnist 16 32 sgd   some cases, batch sizes and optimizers
//! cargo bench --bench threads -- --rounds 9 --seconds 0.1  other rounds (6) and visits (0.2)
//! ```

use std::io::Read;
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use smallbatch_benches::{BATCH_SIZES, CASES, Case};
use smallbatch_data::{BatchSize, Dataset};
use smallbatch_mlp::OptimizerSpec;
use smallbatch_train::{
    Budget, EvaluateEvery, Evaluation, Observer, Session, Silent, Trainer, Update,
};

/// The argument with which this program is the neighbour.
const SPIN: &str = "--spin";

/// So many updates at least, and so many seconds, before anything is timed.
const FIRST_UPDATES: u64 = 6;
const FIRST_SECONDS: f64 = 0.25;

/// A visit has so many at least: where a step takes a tenth of a second, one that tries another number of threads, as it is one in
/// a hundred, must not be half of it.
const VISIT_UPDATES: f64 = 8.0;

/// Nothing is learned at these: a loss that goes to zero would make the numbers, and with them the time, another.
const RATE: f64 = 1e-9;

const QUIET_GOAL: f64 = 0.97;
const BUSY_GOAL: f64 = 0.9;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == SPIN) {
        return spin();
    }
    let plan = Plan::of(&arguments);
    println!(
        "thousand samples a second, medians of {} rounds; ratios of automatic to the better of 1 and 2 threads, and beside a \
         busy process to 1 thread",
        plan.rounds
    );
    println!(
        "{:9}{:8}{:>6}{:>10}{:>10}{:>10}{:>7}   beside{:>10}{:>10}{:>10}{:>7}",
        "", "", "batch", "1", "2", "auto", "ratio", "1", "2", "auto", "ratio"
    );
    let mut quiet = Vec::new();
    let mut busy = Vec::new();
    for case in CASES.iter().filter(|case| plan.wants(case.name)) {
        let dataset = case.dataset();
        for (name, optimizer) in optimizers() {
            for batch_size in BATCH_SIZES {
                let batch = match batch_size {
                    BatchSize::Mini(n) => n.to_string(),
                    BatchSize::Full => "full".to_owned(),
                };
                if !plan.wants(name) || !plan.wants(&batch) {
                    continue;
                }
                let mut sets = sets(&trainers(case, optimizer, batch_size), &dataset);
                let alone = plan.speeds(&mut sets);
                let beside = {
                    let _neighbour = Neighbour::new();
                    plan.speeds(&mut sets)
                };
                let ratio = alone[2] / alone[0].max(alone[1]);
                let busy_ratio = beside[2] / beside[0];
                let [one, two, automatic] = alone;
                print!(
                    "{:9}{name:8}{batch:>6}{one:10.0}{two:10.0}{automatic:10.0}{ratio:7.2}",
                    case.name
                );
                let [one, two, automatic] = beside;
                println!("         {one:10.0}{two:10.0}{automatic:10.0}{busy_ratio:7.2}");
                quiet.push(ratio);
                busy.push(busy_ratio);
            }
        }
    }
    for (what, ratios, goal) in [
        ("alone", &quiet, QUIET_GOAL),
        ("beside a busy process", &busy, BUSY_GOAL),
    ] {
        let n = ratios.iter().filter(|&&ratio| ratio >= goal).count();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "{what}: {n} of {} at {goal} or more; the least is {least:.2}",
            ratios.len()
        );
    }
}

/// What to measure.
struct Plan {
    words: Vec<String>,
    rounds: usize,
    seconds: f64,
}

impl Plan {
    fn of(arguments: &[String]) -> Self {
        let number = |name: &str, default: f64| {
            let place = arguments.iter().position(|argument| argument == name);
            place.map_or(default, |place| {
                let text = arguments.get(place + 1).map_or("", String::as_str);
                text.parse()
                    .unwrap_or_else(|_| panic!("{name} needs a number, not `{text}`"))
            })
        };
        let (rounds, seconds) = (number("--rounds", 6.0), number("--seconds", 0.2));
        let words = arguments.iter().filter(|word| {
            // Not `--bench`, which cargo adds, nor the two numbers.
            let is_known = CASES.iter().any(|case| case.name == *word)
                || optimizers().iter().any(|(name, _)| name == word)
                || ["16", "32", "256", "full"].contains(&word.as_str());
            is_known && !word.starts_with("--")
        });
        Self {
            words: words.cloned().collect(),
            rounds: rounds as usize,
            seconds,
        }
    }

    /// Whether a word is asked for, or none of its kind is.
    fn wants(&self, word: &str) -> bool {
        let kind = |word: &str| {
            let is_case = CASES.iter().any(|case| case.name == word);
            let is_optimizer = optimizers().iter().any(|(name, _)| *name == word);
            (is_case, is_optimizer)
        };
        let mut of_its_kind = self
            .words
            .iter()
            .filter(|other| kind(other) == kind(word))
            .peekable();
        of_its_kind.peek().is_none() || of_its_kind.any(|other| other == word)
    }

    /// Of each trainer, in turns, in thousand samples a second.
    fn speeds(&self, sets: &mut [[Arm<'_>; 3]; 3]) -> [f64; 3] {
        for arm in sets.iter_mut().flatten() {
            arm.warm_up();
        }
        let mut speeds = [const { Vec::new() }; 3];
        for round in 0..self.rounds {
            for arm in &mut sets[round % 3] {
                speeds[arm.trainer].push(arm.visit(self.seconds));
            }
        }
        speeds.map(|mut speeds| {
            speeds.sort_by(f64::total_cmp);
            speeds[speeds.len() / 2] / 1e3
        })
    }
}

fn optimizers() -> [(&'static str, OptimizerSpec); 3] {
    [
        ("sgd", OptimizerSpec::sgd()),
        ("momentum", OptimizerSpec::momentum(0.9)),
        ("adam", OptimizerSpec::adam()),
    ]
}

/// With one thread, two, and automatic.
fn trainers(case: &Case, optimizer: OptimizerSpec, batch_size: BatchSize) -> [Trainer; 3] {
    let trainer = Trainer::new(case.spec())
        .optimizer(optimizer)
        .learning_rate(RATE)
        .batch_size(batch_size)
        .budget(Budget::Updates(u64::MAX))
        // Evaluations always happen at both ends; on one sample they cost nothing that shows.
        .evaluation(Evaluation::every(EvaluateEvery::Updates(u64::MAX)).training_samples(1))
        .seed(1);
    [
        trainer.clone().threads(1),
        trainer.clone().threads(2),
        trainer.automatic_threads(),
    ]
}

/// A training of each, made in three orders.
fn sets<'a>(trainers: &[Trainer; 3], dataset: &'a Dataset<f32>) -> [[Arm<'a>; 3]; 3] {
    [0, 1, 2].map(|first| {
        [0, 1, 2].map(|next| {
            let trainer = (first + next) % 3;
            Arm::new(trainer, &trainers[trainer], dataset)
        })
    })
}

/// A training under way.
struct Arm<'a> {
    /// Which of the three.
    trainer: usize,
    session: Session<'a, f32>,
    samples_per_update: f64,
    updates_per_second: f64,
}

impl<'a> Arm<'a> {
    fn new(which: usize, trainer: &Trainer, dataset: &'a Dataset<f32>) -> Self {
        let mut session = trainer.start(dataset, None).expect("the case is valid");
        // The evaluation before the first update.
        session.advance(&mut Silent).expect("it is finite");
        let n_samples = dataset.n_samples() as f64;
        Self {
            trainer: which,
            samples_per_update: n_samples / session.plan().updates_per_epoch as f64,
            session,
            updates_per_second: 0.0,
        }
    }

    /// Until its speed is known.
    fn warm_up(&mut self) {
        let mut n_updates = FIRST_UPDATES;
        loop {
            let seconds = self.updates(n_updates);
            if seconds > FIRST_SECONDS {
                self.updates_per_second = n_updates as f64 / seconds;
                return;
            }
            n_updates *= 2;
        }
    }

    /// Its speed for about so long, in samples a second.
    fn visit(&mut self, seconds: f64) -> f64 {
        let n_updates = (seconds * self.updates_per_second)
            .ceil()
            .max(VISIT_UPDATES);
        let seconds = self.updates(n_updates as u64);
        self.updates_per_second = n_updates / seconds;
        self.updates_per_second * self.samples_per_update
    }

    /// How long so many updates take.
    fn updates(&mut self, n_updates: u64) -> f64 {
        let began = Instant::now();
        let outcome = self.session.advance(&mut Stop { n_updates });
        let seconds = began.elapsed().as_secs_f64();
        outcome.expect("it does not diverge");
        seconds
    }
}

/// Interrupts after so many updates.
struct Stop {
    n_updates: u64,
}

impl Observer for Stop {
    fn on_update(&mut self, _: &Update) -> ControlFlow<()> {
        self.n_updates -= 1;
        if self.n_updates == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// A process that spins until it is dropped.
struct Neighbour(Child);

impl Neighbour {
    fn new() -> Self {
        let program = std::env::current_exe().expect("this program is a file");
        let last = std::thread::available_parallelism().map_or(1, usize::from) - 1;
        let start = |command: &mut Command| {
            let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
            command.spawn()
        };
        let mut pinned = Command::new("taskset");
        pinned
            .arg("-c")
            .arg(last.to_string())
            .arg(&program)
            .arg(SPIN);
        let child = start(&mut pinned).or_else(|_| start(Command::new(&program).arg(SPIN)));
        Self(child.expect("this program can be run"))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It ends with its input as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The neighbour: spins on one thread until its input ends.
fn spin() {
    std::thread::spawn(|| {
        let mut buffer = [0_u8; 1];
        let _ = std::io::stdin().read(&mut buffer);
        std::process::exit(0);
    });
    loop {
        std::hint::black_box(0);
    }
}
