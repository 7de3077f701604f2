//! The seconds of training alone, and when to save. No other file of this crate reads a clock.

use std::time::{Duration, Instant};

/// A stopwatch that runs while the parameters are updated and stands still while they are evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    /// The seconds of all stretches that are over.
    before: f64,
    /// The start of the stretch now running.
    since: Option<Instant>,
}

impl Stopwatch {
    /// A standing stopwatch that shows this many seconds.
    pub(crate) fn at(seconds: f64) -> Self {
        Self {
            before: seconds,
            since: None,
        }
    }

    pub(crate) fn start(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    pub(crate) fn stop(&mut self) {
        self.before = self.seconds();
        self.since = None;
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.before
            + self
                .since
                .map_or(0.0, |since| since.elapsed().as_secs_f64())
    }
}

/// Between two looks at the clock there are at least about this many seconds. A look takes about 50 ns where it was
/// measured, one update of a 2-16-2 network on 16 samples under 1 µs: looked at each time, the clock would cost 5 %.
const GLANCE: f64 = 1e-5;

/// Says when a budget of seconds is spent, and looks at the clock no more often than it must.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// The reading of the stopwatch at which it is over; none if seconds are not counted.
    limit: Option<f64>,
    /// How many updates there are between two looks, and how many are left until the next.
    every: u32,
    left: u32,
    last_look: f64,
}

impl Deadline {
    pub(crate) fn new(limit: Option<f64>, watch: &Stopwatch) -> Self {
        Self {
            limit,
            every: 1,
            left: 1,
            last_look: limit.map_or(0.0, |_| watch.seconds()),
        }
    }

    /// Asked after each update. It is late by at most about twice [`GLANCE`], or one update if that takes longer.
    #[inline]
    pub(crate) fn is_over(&mut self, watch: &Stopwatch) -> bool {
        let Some(limit) = self.limit else {
            return false;
        };
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        let now = watch.seconds();
        self.every = pace(self.every, now - self.last_look);
        self.left = self.every;
        self.last_look = now;
        now >= limit
    }
}

/// Of the time, at most one part in so many is for saving.
const SAVING: u32 = 20;

/// Says when it is time to save: see [`Session::advance_saved`](crate::Session::advance_saved). It looks at the clock no more often than it
/// must.
///
/// ```
/// use std::time::Duration;
/// use smallbatch_train::SavePace;
///
/// let pace = SavePace::every(Duration::from_secs(60)); // 60 seconds from here, and from the end of each saving
/// ```
#[derive(Clone, Debug)]
pub struct SavePace {
    period: Duration,
    /// `None` is never.
    due: Option<Instant>,
    /// How many updates there are between two looks, and how many are left until the next.
    every: u32,
    left: u32,
    last_look: Instant,
}

impl SavePace {
    /// Every so often, but never more than a twentieth of the time; with zero after each update.
    pub fn every(period: Duration) -> Self {
        let now = Instant::now();
        Self {
            period,
            due: now.checked_add(period),
            every: 1,
            left: 1,
            last_look: now,
        }
    }

    /// Never: only where an observer breaks.
    pub fn never() -> Self {
        Self::every(Duration::MAX)
    }

    /// Asked after each update.
    #[inline]
    pub(crate) fn is_due(&mut self) -> bool {
        let Some(due) = self.due else {
            return false;
        };
        if self.period.is_zero() {
            return true;
        }
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        let now = Instant::now();
        self.every = pace(self.every, (now - self.last_look).as_secs_f64());
        self.left = self.every;
        self.last_look = now;
        now >= due
    }

    /// Saves, and begins to wait anew.
    pub(crate) fn saving<R>(&mut self, save: impl FnOnce() -> R) -> R {
        let begun = Instant::now();
        let saved = save();
        let end = Instant::now();
        let wait = self.period.max(SAVING * (end - begun));
        self.due = end.checked_add(wait);
        self.last_look = end;
        saved
    }
}

/// How many updates the next look may wait, if the last waited `every` and that took so many seconds.
fn pace(every: u32, seconds: f64) -> u32 {
    if seconds < GLANCE {
        (2 * every).min(1 << 10)
    } else if seconds > 4.0 * GLANCE {
        1
    } else {
        every
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_only_while_it_runs() {
        let mut watch = Stopwatch::at(3.0);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(watch.seconds(), 3.0);
        watch.start();
        std::thread::sleep(Duration::from_millis(2));
        watch.stop();
        let stopped = watch.seconds();
        assert!(stopped >= 3.002, "{stopped}");
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(watch.seconds(), stopped);
    }

    #[test]
    fn starting_twice_does_not_forget_the_first_start() {
        let mut watch = Stopwatch::at(0.0);
        watch.start();
        std::thread::sleep(Duration::from_millis(2));
        watch.start();
        assert!(watch.seconds() >= 0.002);
    }

    #[test]
    fn a_deadline_that_is_past_is_seen_at_once() {
        let watch = Stopwatch::at(5.0);
        assert!(Deadline::new(Some(5.0), &watch).is_over(&watch));
        assert!(!Deadline::new(Some(5.1), &watch).is_over(&watch));
        assert!(!Deadline::new(None, &watch).is_over(&watch));
    }

    #[test]
    fn fast_updates_are_looked_at_seldom_and_slow_ones_each_time() {
        assert_eq!(pace(1, 1e-6), 2);
        assert_eq!(pace(8, 8e-6), 16);
        assert_eq!(pace(16, 1.6e-5), 16);
        assert_eq!(pace(16, 1e-3), 1);
        assert_eq!(pace(1, 1e-3), 1);
        assert_eq!(pace(1 << 10, 0.0), 1 << 10);
    }

    #[test]
    fn time_passes_a_deadline_in_the_end() {
        let mut watch = Stopwatch::at(0.0);
        watch.start();
        let mut deadline = Deadline::new(Some(2e-3), &watch);
        while !deadline.is_over(&watch) {}
        assert!(watch.seconds() >= 2e-3);
    }

    #[test]
    fn what_takes_long_to_save_is_saved_less_often() {
        let mut pace = SavePace::every(Duration::from_millis(1));
        pace.saving(|| std::thread::sleep(Duration::from_millis(10)));
        let due = pace.due.expect("some time");
        assert!(due - Instant::now() > Duration::from_millis(100));
        let mut often = SavePace::every(Duration::ZERO);
        assert!(often.is_due());
        often.saving(|| std::thread::sleep(Duration::from_millis(1)));
        assert!(often.is_due());
        let mut seldom = SavePace::every(Duration::from_secs(3600));
        assert!((0..10_000).all(|_| !seldom.is_due()));
        let mut never = SavePace::never();
        never.saving(|| ());
        assert!(!never.is_due());
    }
}
