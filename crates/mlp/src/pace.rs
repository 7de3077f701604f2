//! How many threads take part in the next step: measured, and measured again while the training goes on.
//!
//! What a second thread brings depends on the machine (how far apart its cores are: every line of cache that one thread
//! wrote and the other reads has to cross), and on who else uses it. No estimate from the sizes of the layers knows either.
//! The numbers of a step do not depend on who computes them, so the choice may change at any step.
//!
//! [`Pace`] decides, and knows no clock: it is told how long steps took. There is a *choice* for 1, 2, 4, … threads. One is
//! in use; of its steps the typical time is known, the median of a few blocks of them. Now and then the next larger or smaller
//! choice has a *trial* of some 100 µs, which is broken off as soon as it is seen to cost too much. What was lost in
//! a trial is paid back before the next: the choice that lost it is left alone for 100 times as long, and for twice as long as
//! the last time. So trials cost 2 % at first and less and less later.
//!
//! Beside another process the trouble is not that steps are slower, but that one in hundreds takes milliseconds: a thread was put
//! aside in the middle of its part. The median does not see that. What several threads have gained of late, up to 2 ms, is
//! therefore kept as a *credit*, from which such losses are taken (of long steps, the gain of one). When it is used up, one thread goes on alone.
//!
//! [`Governor`] holds the clock. It times whole steps, from their beginning to their end, and not what the caller does in
//! between; of short steps only one in several, so that the clock costs less than 0.3 %.

use std::time::{Duration, Instant};

use crate::team::Report;

/// Steps are averaged until so many nanoseconds of them were timed: shorter ones differ too much among themselves.
const BLOCK: f64 = 25_000.0;

/// A step of so many nanoseconds says as much as several blocks.
const LONG: f64 = 1_000_000.0;

/// So many blocks make a typical time.
const FEW: usize = 3;
/// And no more than this many are remembered.
const KEPT: usize = 5;

/// For so long, and for one step, a trial warms up once all threads are there: what they work on moves to their caches. (The
/// weights and moments of 784-128-10 take as long as a step.) Not where a step takes longer than the second of these.
const WARM_UP: f64 = 20_000.0;
const NO_WARM_UP: f64 = 20_000_000.0;

/// After so long a trial in which threads do not come is over.
const NOBODY_COMES: f64 = 400_000.0;

/// A trial that is so many times as slow as what is in use is broken off; and one that has lost so much, and so many steps, at
/// any time.
const SLOW: f64 = 1.3;
const DEAR: f64 = 60_000.0;
const DEAR_STEPS: f64 = 3.0;

/// More threads must be faster by this.
const WORTH_MORE: f64 = 0.98;

/// A choice that has lost a time in a trial, or would lose it, is not tried for so many times as long. (To go back loses as much
/// again.)
const REPAID: f64 = 100.0;
/// Nor for less than this, which doubles from one failure to the next up to the larger, unless it has done well for as long in
/// between.
const FIRST_WAIT: f64 = 10_000_000.0;
const LONGEST_WAIT: f64 = 1_000_000_000.0;

/// The most that a gain is remembered, but for that of one step.
const MOST_CREDIT: f64 = 2_000_000.0;

/// A step is a loss, and not just slow, when it exceeds the typical one by this part of it, and by so many nanoseconds.
const EXCESS: f64 = 0.5;
const LEAST_EXCESS: f64 = 20_000.0;

/// After so many steps on batches of another size in a row, that size is the one to time.
const OTHERS: u32 = 16;

/// Reading the clock may cost this part of a step, which decides how many steps are timed; but one in so many at least.
const CLOCK_SHARE: f64 = 0.003;
const LARGEST_STRIDE: u32 = 256;

/// How often it is read to find out what that costs.
const CLOCK_READS: u32 = 8;

/// The first step, and so many after it, touch memory that was never touched.
const FIRST_STEPS: u32 = 1;

/// Where steps take so many times as long as the fastest since their choice was made, its neighbours are tried as soon as
/// what they lost is paid back.
const OTHER_MOOD: f64 = 1.5;

/// 1, 2, 4, … 64 threads.
const MOST_CHOICES: usize = 7;

/// What a step that was timed took, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timed {
    /// How long all steps took up to its end: what happens between steps repays nothing.
    pub(crate) now: f64,
    pub(crate) took: f64,
    /// For how many steps this one stands: those before it were not timed.
    pub(crate) weight: f64,
}

/// Which number of threads is in use, and what is known of it and of the others.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    choices: [Choice; MOST_CHOICES],
    n_choices: usize,
    in_use: usize,
    /// The last time that it was told, and when the choice in use was made.
    now: f64,
    adopted: f64,
    /// The least that a step took since then.
    mood: Option<f64>,
    credit: f64,
    trial: Option<Trial>,
    /// The batch size whose steps are timed; 0 before the first.
    batch_size: usize,
    n_others: u32,
    /// Steps still to come that are not counted: the first ones.
    n_first: u32,
    /// For so long steps are not counted to which not all threads come: a trial sent them to sleep.
    settles: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Choice {
    n_threads: usize,
    recent: Recent,
    /// What a step took in its last trial, even where that was too short for a typical time.
    last_trial: Option<f64>,
    /// When it may be tried again, at the earliest and as it was put off, and for how long that was.
    earliest: f64,
    due: f64,
    wait: f64,
}

/// The last few blocks of steps.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    /// Of a step, in each block.
    means: [f64; KEPT],
    n_blocks: usize,
    has_long: bool,
    sum: f64,
    n_steps: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Trial {
    choice: usize,
    recent: Recent,
    n_steps: f64,
    time: f64,
    /// Since all threads came.
    warm: f64,
}

impl Recent {
    fn add(&mut self, took: f64) {
        self.sum += took;
        self.n_steps += 1.0;
        if self.sum >= BLOCK {
            self.means[self.n_blocks % KEPT] = self.sum / self.n_steps;
            self.has_long |= self.sum >= LONG;
            self.n_blocks += 1;
            (self.sum, self.n_steps) = (0.0, 0.0);
        }
    }

    /// Whether each block was: two at least, since in the first the caches may still be those of other threads. A long step is enough.
    fn is_slower_than(&self, limit: f64) -> bool {
        let means = &self.means[..self.n_blocks.min(KEPT)];
        (means.len() > 1 || self.has_long) && means.iter().all(|&mean| mean > limit)
    }

    /// The median, once there are enough.
    fn typical(&self) -> Option<f64> {
        if self.n_blocks < FEW && !self.has_long {
            return None;
        }
        let mut means = self.means;
        let kept = &mut means[..self.n_blocks.min(KEPT)];
        kept.sort_unstable_by(f64::total_cmp);
        // Of two the smaller: what disturbs a step makes it longer.
        Some(kept[(kept.len() - 1) / 2])
    }
}

impl Choice {
    fn estimate(&self) -> Option<f64> {
        self.recent.typical().or(self.last_trial)
    }
}

impl Pace {
    /// For up to so many threads, beginning with a guess.
    pub(crate) fn new(at_most: usize, guess: usize) -> Self {
        let mut choices = [Choice::default(); MOST_CHOICES];
        let (mut n_choices, mut in_use) = (0, 0);
        for (i, choice) in choices.iter_mut().enumerate() {
            choice.n_threads = (1 << i).min(at_most.max(1));
            choice.wait = FIRST_WAIT;
            if choice.n_threads <= guess {
                in_use = i;
            }
            n_choices = i + 1;
            if choice.n_threads >= at_most {
                break;
            }
        }
        Self {
            choices,
            n_choices,
            in_use,
            now: 0.0,
            adopted: 0.0,
            mood: None,
            credit: 0.0,
            trial: None,
            batch_size: 0,
            n_others: 0,
            n_first: FIRST_STEPS,
            settles: 0.0,
        }
    }

    /// For the next step.
    pub(crate) fn n_threads(&self) -> usize {
        let choice = self.trial.map_or(self.in_use, |trial| trial.choice);
        self.choices[choice].n_threads
    }

    /// For all steps but those of trials.
    pub(crate) fn n_threads_in_use(&self) -> usize {
        self.choices[self.in_use].n_threads
    }

    /// How long a step takes with them, once that is known.
    fn typical(&self) -> Option<f64> {
        self.choices[self.in_use].recent.typical()
    }

    /// Of how many steps on batches of this size one has to be timed, where that costs so many nanoseconds.
    pub(crate) fn stride(&self, batch_size: usize, clock: f64) -> u32 {
        match self.typical() {
            _ if batch_size != self.batch_size => u32::MAX,
            Some(typical) if self.trial.is_none() => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let stride = (clock / (CLOCK_SHARE * typical)).ceil() as u32;
                stride.clamp(1, LARGEST_STRIDE)
            }
            _ => 1,
        }
    }

    /// A step was made, and maybe timed.
    pub(crate) fn step(&mut self, batch_size: usize, timed: Option<Timed>, report: Report) {
        let waited = nanoseconds(report.waited);
        if batch_size != self.batch_size {
            self.n_others += 1;
            if self.batch_size == 0 || self.n_others > OTHERS {
                self.start_over(batch_size);
            }
            return;
        }
        self.n_others = 0;
        let Some(timed) = timed else {
            return self.lose(waited);
        };
        self.now = timed.now;
        if self.n_first > 0 {
            self.n_first -= 1;
        } else if let Some(trial) = self.trial {
            self.go_on(trial, timed.took, waited, report.is_missed());
        } else {
            self.settles -= timed.took;
            if !report.is_missed() {
                self.settles = 0.0;
            }
            if self.settles <= 0.0 {
                self.choices[self.in_use].recent.add(timed.took);
            }
            self.account(timed, waited);
            self.begin_a_trial();
        }
    }

    /// Batches of another size take another time: nothing is known but which choice was good.
    fn start_over(&mut self, batch_size: usize) {
        self.batch_size = batch_size;
        self.n_others = 0;
        self.trial = None;
        self.mood = None;
        self.credit = 0.0;
        for choice in &mut self.choices {
            (choice.recent, choice.last_trial) = (Recent::default(), None);
            (choice.earliest, choice.due, choice.wait) = (self.now, self.now, FIRST_WAIT);
        }
    }

    /// What several threads gain and lose, and whether all is as it was.
    fn account(&mut self, timed: Timed, waited: f64) {
        let Some(typical) = self.typical() else {
            return self.lose(waited);
        };
        let choice = &mut self.choices[self.in_use];
        if self.now - self.adopted > choice.wait {
            choice.wait = FIRST_WAIT;
        }
        let mood = self.mood.map_or(typical, |mood| mood.min(typical));
        self.mood = Some(mood);
        if typical > OTHER_MOOD * mood {
            self.mood = Some(typical);
            for choice in &mut self.choices {
                choice.due = choice.due.min(choice.earliest);
            }
        }
        // Waiting is part of what a step took: a step that took no longer for it has lost nothing.
        let excess = timed.took - typical;
        if excess > (EXCESS * typical).max(LEAST_EXCESS) {
            self.lose((excess * timed.weight).max(waited));
        } else if let Some(alone) = self.choices[0].estimate() {
            let gain = (alone - typical).max(0.0);
            self.credit = (self.credit + gain * timed.weight).min(MOST_CREDIT.max(gain));
        }
    }

    /// Takes a loss of the threads in use from their credit. When that is used up one thread goes on.
    fn lose(&mut self, lost: f64) {
        if lost <= 0.0 || self.in_use == 0 {
            return;
        }
        self.credit -= lost;
        if self.credit < 0.0 {
            // What was lost is not counted: a machine is busy from time to time, and where it is so often the wait doubles.
            self.put_off(self.in_use, 0.0, 0.0);
            self.choices[0].recent = Recent::default();
            self.adopt(0);
        }
    }

    /// Leaves a choice alone for some time: after what its trial lost, or for what the next one would lose.
    fn put_off(&mut self, choice: usize, lost: f64, at_risk: f64) {
        let choice = &mut self.choices[choice];
        choice.wait = choice.wait.max(REPAID * lost.max(at_risk));
        choice.due = self.now + choice.wait;
        choice.earliest = self.now + FIRST_WAIT.max(REPAID * lost);
        choice.wait = (2.0 * choice.wait).min(LONGEST_WAIT);
    }

    fn adopt(&mut self, choice: usize) {
        self.in_use = choice;
        self.adopted = self.now;
        self.mood = None;
        self.credit = 0.0;
        self.trial = None;
    }

    /// Of the next larger choice or the next smaller one, where one is due.
    fn begin_a_trial(&mut self) {
        if self.typical().is_none() || self.settles > 0.0 {
            return;
        }
        let below = self.in_use.checked_sub(1);
        let above = Some(self.in_use + 1).filter(|&choice| choice < self.n_choices);
        let due = |&choice: &usize| self.choices[choice].due;
        let first = above.into_iter().chain(below);
        let first = first.min_by(|a, b| due(a).total_cmp(&due(b)));
        self.trial = first
            .filter(|choice| due(choice) <= self.now)
            .map(|choice| Trial {
                choice,
                ..Trial::default()
            });
    }

    /// One step of a trial.
    fn go_on(&mut self, mut trial: Trial, took: f64, waited: f64, is_missed: bool) {
        // It is only begun where this is known.
        let typical = self.typical().unwrap_or(took);
        trial.n_steps += 1.0;
        trial.time += took;
        let lost = trial.time - trial.n_steps * typical;
        if trial.warm >= WARM_UP || took >= NO_WARM_UP {
            trial.recent.add(took);
        }
        if !is_missed {
            trial.warm += took;
        }
        let is_slow = trial.recent.is_slower_than(SLOW * typical);
        let nobody_comes = trial.warm <= 0.0 && took < LONG && trial.time > NOBODY_COMES;
        let is_dear = lost > DEAR + DEAR_STEPS * typical;
        let is_stalled = waited > EXCESS * typical + LEAST_EXCESS;
        self.choices[trial.choice].last_trial = Some(trial.time / trial.n_steps);
        if is_slow || nobody_comes || is_dear || is_stalled {
            self.fail(trial.choice, lost);
        } else if let Some(found) = trial.recent.typical() {
            let is_larger = trial.choice > self.in_use;
            if found < typical * if is_larger { WORTH_MORE } else { 1.0 } {
                // What it takes is known: to try it again soon would cost as many steps, for nothing.
                let gain = (typical - found).max(0.0);
                self.put_off(self.in_use, 0.0, trial.n_steps * gain);
                self.choices[trial.choice].recent = trial.recent;
                self.adopt(trial.choice);
                self.credit = gain;
            } else {
                self.choices[trial.choice].recent = trial.recent;
                self.fail(trial.choice, lost);
            }
        } else {
            self.trial = Some(trial);
        }
    }

    fn fail(&mut self, choice: usize, lost: f64) {
        self.put_off(choice, lost, 0.0);
        self.trial = None;
        self.settles = NOBODY_COMES;
    }
}

#[allow(clippy::cast_precision_loss)] // a year has 2^55 of them
fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}

/// A pace, and the clock that it is told.
#[derive(Debug)]
pub(crate) struct Governor {
    pace: Pace,
    /// How long all steps took, those that were not timed by those that were.
    now: f64,
    /// What it takes to read the clock twice.
    clock: f64,
    /// Steps since the last that was timed.
    n_untimed: u32,
}

impl Governor {
    pub(crate) fn new(at_most: usize, guess: usize) -> Self {
        // The shortest of a few: the first may be the first of all, and any may be interrupted.
        let clock = (0..4).map(|_| {
            let began = Instant::now();
            let mut end = began;
            for _ in 0..2 * CLOCK_READS {
                end = Instant::now();
            }
            nanoseconds(end - began) / f64::from(CLOCK_READS)
        });
        Self {
            pace: Pace::new(at_most, guess),
            clock: clock.fold(f64::INFINITY, f64::min),
            now: 0.0,
            n_untimed: 0,
        }
    }

    /// How many threads take part in the next step, and when it began, if it is timed.
    pub(crate) fn begin(&mut self, batch_size: usize) -> (usize, Option<Instant>) {
        self.n_untimed = self.n_untimed.saturating_add(1);
        let is_timed = self.n_untimed >= self.pace.stride(batch_size, self.clock);
        (self.pace.n_threads(), is_timed.then(Instant::now))
    }

    /// What the step was like.
    pub(crate) fn end(&mut self, batch_size: usize, began: Option<Instant>, report: Report) {
        let timed = began.map(|began| {
            let took = nanoseconds(began.elapsed());
            let weight = f64::from(std::mem::take(&mut self.n_untimed));
            self.now += weight * took;
            Timed {
                now: self.now,
                took,
                weight,
            }
        });
        self.pace.step(batch_size, timed, report);
    }

    /// How many threads take part in all steps but those of trials.
    pub(crate) fn n_threads_in_use(&self) -> usize {
        self.pace.n_threads_in_use()
    }
}

#[cfg(test)]
mod tests;
