//! A machine is played to the pace, step by step: what its threads bring, what disturbs them, and who else uses it.

use super::*;

/// In nanoseconds.
const MILLISECOND: f64 = 1e6;
const SECOND: f64 = 1e9;

/// Reading the clock twice.
const CLOCK: f64 = 46.0;

/// The other process has the second core for so long, and then the thread that it was taken from.
const SLICE: f64 = 3.5 * MILLISECOND;

/// How long a worker that sleeps takes to come, and what it takes to wake it.
const WAKES: f64 = 60_000.0;
const WAKING: f64 = 5_000.0;

struct Machine {
    /// What a step takes, by the number of threads.
    step: fn(usize) -> f64,
    /// Steps are longer by up to this part, and one in 2,000 by 50 µs.
    noise: f64,
    /// From when until when another process uses a core.
    neighbour: [f64; 2],
    now: f64,
    /// When several threads worked last, and when workers that slept will have come.
    at_work: f64,
    awake: f64,
    random: u64,
    n_untimed: u32,
}

impl Machine {
    fn new(step: fn(usize) -> f64) -> Self {
        Self {
            step,
            noise: 0.05,
            neighbour: [f64::INFINITY; 2],
            now: 0.0,
            at_work: f64::NEG_INFINITY,
            awake: 0.0,
            random: 1,
            n_untimed: 0,
        }
    }

    /// From 0 to 1.
    fn random(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 40) as f64 / 2_f64.powi(24)
    }

    /// One step on so many threads: how long it takes, and what the team has to say of it.
    fn step(&mut self, n_threads: usize) -> (f64, Report) {
        let alone = (self.step)(1);
        let mut report = Report::default();
        let mut took = alone;
        if n_threads > 1 {
            report.n_rounds = 2;
            if self.now - self.at_work > 50_000.0 {
                self.awake = self.now + WAKES;
                took += WAKING;
            }
            let has_neighbour = (self.neighbour[0]..self.neighbour[1]).contains(&self.now);
            let in_period = self.now % (2.0 * SLICE);
            let is_away = has_neighbour && in_period > SLICE;
            if is_away || (self.now < self.awake && alone < WAKES) {
                report.n_missed = 2;
                took += 0.05 * alone;
            } else {
                took += (self.step)(n_threads) - alone;
                if has_neighbour && in_period + took > SLICE {
                    let waited = 2.0 * SLICE - in_period;
                    report.waited = Duration::from_nanos(waited as u64);
                    took += waited;
                }
            }
            self.at_work = self.now + took;
        }
        took *= 1.0 + self.noise * self.random();
        if self.random() < 0.000_5 {
            took += 50_000.0;
        }
        self.now += took;
        (took, report)
    }

    /// Steps for so many nanoseconds; how much of the time that would be needed at the best the steps took.
    fn run(&mut self, pace: &mut Pace, time: f64, best: f64) -> f64 {
        let (began, mut n_steps) = (self.now, 0.0);
        while self.now < began + time {
            self.n_untimed += 1;
            let is_timed = self.n_untimed >= pace.stride(32, CLOCK);
            let (took, report) = self.step(pace.n_threads());
            let timed = is_timed.then(|| {
                self.now += CLOCK;
                Timed {
                    now: self.now,
                    took,
                    weight: f64::from(std::mem::take(&mut self.n_untimed)),
                }
            });
            pace.step(32, timed, report);
            n_steps += 1.0;
        }
        let disturbed = best * (1.0 + self.noise / 2.0) + 25.0;
        n_steps * disturbed / (self.now - began)
    }

    /// Until so many threads are in use: for how long that took.
    fn run_until(&mut self, pace: &mut Pace, n_threads: usize) -> f64 {
        let began = self.now;
        while pace.n_threads_in_use() != n_threads && self.now < began + 10.0 * SECOND {
            self.run(pace, 0.0001 * MILLISECOND, 1.0);
        }
        self.now - began
    }
}

/// What a step takes: a short one, and where the threads are far apart; a long one.
const HELP: fn(usize) -> f64 = |n| if n == 1 { 14_000.0 } else { 8_000.0 };
const HURT: fn(usize) -> f64 = |n| if n == 1 { 7_000.0 } else { 17_000.0 };
const HELP_LONG: fn(usize) -> f64 = |n| {
    if n == 1 {
        250.0 * MILLISECOND
    } else {
        140.0 * MILLISECOND
    }
};

#[test]
fn the_better_number_is_found_within_a_millisecond_and_kept() {
    for guess in [1, 2] {
        for (step, best) in [(HELP, 2), (HURT, 1)] {
            let (mut machine, mut pace) = (Machine::new(step), Pace::new(2, guess));
            machine.run(&mut pace, 0.1 * MILLISECOND, 1.0);
            let found = machine.run_until(&mut pace, best);
            assert!(found < 1.0 * MILLISECOND, "{guess} to {best}: {found}");
            // From the first trials on, and later, when they are rare.
            for (time, least) in [(0.1 * SECOND, 0.97), (5.0 * SECOND, 0.985)] {
                let share = machine.run(&mut pace, time, step(best));
                assert!(share > least, "{guess} to {best}: {share}");
            }
            assert_eq!(pace.n_threads_in_use(), best);
        }
    }
}

#[test]
fn what_makes_no_difference_costs_nothing() {
    for step in [
        |_| 10_000.0,
        |n| 10_000.0 - 300.0 * n as f64,
        |n| 10_000.0 + 300.0 * n as f64,
    ] {
        let (mut machine, mut pace) = (Machine::new(step), Pace::new(2, 1));
        machine.noise = 0.2;
        let share = machine.run(&mut pace, 5.0 * SECOND, step(1).min(step(2)));
        assert!(share > 0.96, "{share}");
    }
}

#[test]
fn a_neighbour_is_left_alone_within_milliseconds_and_returned_to_within_seconds() {
    let (mut machine, mut pace) = (Machine::new(HELP), Pace::new(2, 2));
    machine.run(&mut pace, SECOND, 1.0);
    assert_eq!(pace.n_threads_in_use(), 2);
    machine.neighbour = [machine.now, machine.now + 10.0 * SECOND];
    let fell_back = machine.run_until(&mut pace, 1);
    assert!(fell_back < 10.0 * MILLISECOND, "{fell_back}");
    for least in [0.95, 0.98, 0.98] {
        let share = machine.run(&mut pace, 3.0 * SECOND, HELP(1));
        assert!(share > least, "{share}");
    }
    machine.neighbour = [f64::INFINITY; 2];
    machine.run(&mut pace, 1.5 * SECOND, 1.0);
    assert_eq!(pace.n_threads_in_use(), 2);
    assert!(machine.run(&mut pace, SECOND, HELP(2)) > 0.97);
}

#[test]
fn a_neighbour_that_was_always_there_costs_little() {
    for (step, guess) in [(HELP, 1), (HELP, 2), (HURT, 1), (HURT, 2)] {
        let (mut machine, mut pace) = (Machine::new(step), Pace::new(2, guess));
        machine.neighbour = [0.0, f64::INFINITY];
        let first = machine.run(&mut pace, SECOND, step(1));
        let later = machine.run(&mut pace, 4.0 * SECOND, step(1));
        assert!(first > 0.93 && later > 0.98, "{guess}: {first} and {later}");
    }
}

#[test]
fn steps_of_a_quarter_of_a_second_are_seldom_tried() {
    for guess in [1, 2] {
        let (mut machine, mut pace) = (Machine::new(HELP_LONG), Pace::new(2, guess));
        machine.run(&mut pace, 2.0 * SECOND, 1.0);
        assert_eq!(pace.n_threads_in_use(), 2);
        let share = machine.run(&mut pace, 60.0 * SECOND, HELP_LONG(2));
        assert!(share > 0.97, "{guess}: {share}");
    }
}

#[test]
fn a_step_that_is_known_to_be_slower_is_not_made_again_at_once() {
    for guess in [1, 2] {
        let (mut machine, mut pace) = (Machine::new(HELP_LONG), Pace::new(2, guess));
        let mut n_alone = 0;
        for _ in 0..40 {
            n_alone += usize::from(pace.n_threads() == 1);
            machine.run(&mut pace, 1.0, 1.0);
        }
        // Two before the second thread is tried, where one is the guess; one trial where it is not.
        assert!(n_alone <= 3, "{guess}: {n_alone}");
    }
}

#[test]
fn of_many_threads_some_may_be_best() {
    // Eight are too many, and one is too few.
    let step = |n| match n {
        1 => 100_000.0,
        2 => 60_000.0,
        4 => 40_000.0,
        _ => 55_000.0,
    };
    for guess in [1, 3, 8] {
        let (mut machine, mut pace) = (Machine::new(step), Pace::new(8, guess));
        machine.run(&mut pace, 20.0 * MILLISECOND, 1.0);
        assert_eq!(pace.n_threads_in_use(), 4, "{guess}");
        assert!(machine.run(&mut pace, SECOND, step(4)) > 0.97);
    }
    let of = |at_most, guess| {
        let pace = Pace::new(at_most, guess);
        (
            pace.n_choices,
            pace.choices[pace.n_choices - 1].n_threads,
            pace.n_threads(),
        )
    };
    assert_eq!(of(2, 2), (2, 2, 2));
    assert_eq!(of(6, 5), (4, 6, 4));
    assert_eq!(of(64, 64), (7, 64, 64));
    assert_eq!(of(1, 1), (1, 1, 1));
}

/// The last batch of an epoch is shorter; and one may go over to others.
#[test]
fn batches_of_another_size_are_not_compared() {
    let mut pace = Pace::new(2, 1);
    let mut now = 0.0;
    let mut step = |pace: &mut Pace, batch_size, took| {
        now += took;
        let timed = (pace.stride(batch_size, CLOCK) == 1).then_some(Timed {
            now,
            took,
            weight: 1.0,
        });
        pace.step(batch_size, timed, Report::default());
    };
    for _ in 0..100 {
        for _ in 0..10 {
            step(&mut pace, 32, 30_000.0);
        }
        step(&mut pace, 7, 5.0);
    }
    assert_eq!(pace.typical(), Some(30_000.0));
    for _ in 0..100 {
        step(&mut pace, 256, 60_000.0);
    }
    assert_eq!(pace.typical(), Some(60_000.0));
}

#[test]
fn the_clock_is_read_seldom_where_that_takes_long() {
    let (mut machine, mut pace) = (Machine::new(HELP), Pace::new(2, 2));
    assert_eq!(pace.stride(32, CLOCK), u32::MAX);
    machine.run(&mut pace, 2.0 * MILLISECOND, 1.0);
    while pace.trial.is_some() {
        machine.run(&mut pace, 1.0, 1.0);
    }
    assert_eq!(pace.stride(32, CLOCK), 2);
    assert_eq!(pace.stride(32, 2_000.0), 82);
    assert_eq!(pace.stride(32, 1e9), LARGEST_STRIDE);
    assert_eq!(pace.stride(31, CLOCK), u32::MAX);
}
