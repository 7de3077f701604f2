//! How far the work is, told to whoever waits; and how it learns that it should stop.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Below this part of the work its pace says nothing yet.
const EARLY: f64 = 0.02;

/// What is done in this time says nothing of the rest: it may have been found in a cache.
const RUSH: Duration = Duration::from_secs(1);

/// A pace that was watched for less time is a guess.
const WATCHED: Duration = Duration::from_secs(2);

/// A task under way is done to this part at most: nobody knows when it ends.
const NEARLY: f64 = 0.95;

/// Whoever waits for the work. Called from the thread that started it, several times a second.
pub trait Progress {
    /// How far it is.
    fn report(&mut self, _status: &Status<'_>) {}

    /// Whether to stop: asked several times a second.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Nobody waits.
impl Progress for () {}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status<'a> {
    /// The part that is done, from 0 to 1.
    pub fraction: f64,
    /// The time that the rest will take; `None` before it can be said.
    pub remaining: Option<Duration>,
    /// What is being done.
    pub message: &'a str,
}

/// The pace of some work, and from it the time that the rest will take.
#[derive(Debug)]
pub(crate) struct Pace {
    start: Instant,
    /// When the first rush was over, and the part that was done by then.
    rush: (Duration, f64),
}

impl Pace {
    /// Of work that begins now.
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            rush: (Duration::ZERO, 0.0),
        }
    }

    /// What the rest will take, when this part is done; `None` while that is a guess.
    pub(crate) fn remaining(&mut self, fraction: f64) -> Option<Duration> {
        self.at(self.start.elapsed(), fraction)
    }

    fn at(&mut self, now: Duration, fraction: f64) -> Option<Duration> {
        if now < RUSH {
            // Where nothing was found at once, the first second is work like any other.
            if fraction > 0.0 {
                self.rush = (now, fraction);
            }
            return None;
        }
        let (time, done) = (now.saturating_sub(self.rush.0), fraction - self.rush.1);
        (done > EARLY && time >= WATCHED)
            .then(|| time.as_secs_f64() * (1.0 - fraction) / done)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }
}

/// Tasks on several threads, and how far they are together.
///
/// A task under way counts by the time that it has taken, as soon as one has ended and shows how long a task of its cost takes. Without
/// that, as many tasks as there are threads would count as not begun: when the first of 32 ends on two threads, half of what was done.
#[derive(Debug)]
pub(crate) struct Tally {
    start: Instant,
    total: f64,
    done: f64,
    /// The cost of each task under way, and when it began.
    under_way: BTreeMap<usize, (f64, Duration)>,
    /// Cost and time of the tasks that ended after the first rush.
    watched: (f64, Duration),
    furthest: f64,
}

impl Tally {
    /// Of tasks that cost so much in all, beginning now.
    pub(crate) fn new(total: f64) -> Self {
        Self {
            start: Instant::now(),
            total,
            done: 0.0,
            under_way: BTreeMap::new(),
            watched: (0.0, Duration::ZERO),
            furthest: 0.0,
        }
    }

    /// A task begins.
    pub(crate) fn begin(&mut self, task: usize, cost: f64) {
        self.begin_at(self.start.elapsed(), task, cost);
    }

    /// A task ends; one that failed counts for nothing.
    pub(crate) fn end(&mut self, task: usize, succeeded: bool) {
        self.end_at(self.start.elapsed(), task, succeeded);
    }

    /// The part that is done, from 0 to 1; it never goes back.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.fraction_at(self.start.elapsed())
    }

    fn begin_at(&mut self, now: Duration, task: usize, cost: f64) {
        self.under_way.insert(task, (cost, now));
    }

    fn end_at(&mut self, now: Duration, task: usize, succeeded: bool) {
        let Some((cost, began)) = self.under_way.remove(&task).filter(|_| succeeded) else {
            return;
        };
        self.done += cost;
        if now >= RUSH {
            self.watched.0 += cost;
            self.watched.1 += now.saturating_sub(began);
        }
    }

    fn fraction_at(&mut self, now: Duration) -> f64 {
        if self.total <= 0.0 {
            return 1.0;
        }
        let (cost, time) = self.watched;
        let pace = if time.is_zero() {
            0.0
        } else {
            cost / time.as_secs_f64()
        };
        let begun = self.under_way.values().map(|(cost, began)| {
            let time = now.saturating_sub(*began).as_secs_f64();
            (pace * time).min(NEARLY * cost)
        });
        let done = self.done + begun.sum::<f64>();
        self.furthest = self.furthest.max((done / self.total).min(1.0));
        self.furthest
    }
}

/// Several pieces of work that follow each other, told as one: the fraction goes from 0 to 1 over all of them, and never back.
///
/// Each is announced with its part of the work, in any unit, and then told through this. One that contains others has
/// stages of its own: `Stages` within `Stages`. Where announcements exceed the total, the fraction waits at 1.
///
/// ```
/// use smallbatch_sweep::{Pool, Progress, Stages, Status};
///
/// struct Fractions(Vec<f64>);
/// impl Progress for Fractions {
///     fn report(&mut self, status: &Status<'_>) {
///         self.0.push(status.fraction);
///     }
/// }
///
/// let mut told = Fractions(Vec::new());
/// let mut stages = Stages::new(&mut told, 4.0);
/// for work in [1.0, 3.0] {
///     stages.begin(work);
///     Pool::new(1).map(vec![(1.0, ()); 2], &mut stages, "counting", |(), _| Ok(()));
/// }
/// assert!(told.0.is_sorted() && told.0.ends_with(&[1.0]));
/// ```
pub struct Stages<'p> {
    whole: &'p mut dyn Progress,
    pace: Pace,
    /// All the work.
    total: f64,
    /// The work of the stages before.
    before: f64,
    /// The work of the stage under way.
    stage: f64,
}

/// How far it is; not whom it tells.
impl std::fmt::Debug for Stages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stages")
            .field("total", &self.total)
            .field("before", &self.before)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

impl<'p> Stages<'p> {
    /// So much work to come, in any unit.
    pub fn new(whole: &'p mut dyn Progress, total: f64) -> Self {
        Self {
            whole,
            pace: Pace::new(),
            total,
            before: 0.0,
            stage: 0.0,
        }
    }

    /// Ends the stage under way, and begins one that is so much of the work.
    pub fn begin(&mut self, work: f64) {
        self.before += self.stage;
        self.stage = work;
    }
}

impl Progress for Stages<'_> {
    fn report(&mut self, status: &Status<'_>) {
        let done = self.before + status.fraction * self.stage;
        let fraction = if self.total > 0.0 {
            (done / self.total).min(1.0)
        } else {
            1.0
        };
        self.whole.report(&Status {
            fraction,
            // A stage knows of its own rest alone.
            remaining: self.pace.remaining(fraction),
            message: status.message,
        });
    }

    fn interrupted(&self) -> bool {
        self.whole.interrupted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log {
        fractions: Vec<f64>,
        is_interrupted: bool,
    }

    impl Progress for Log {
        fn report(&mut self, status: &Status<'_>) {
            self.fractions.push(status.fraction);
        }

        fn interrupted(&self) -> bool {
            self.is_interrupted
        }
    }

    fn tell(to: &mut dyn Progress, fraction: f64) {
        to.report(&Status {
            fraction,
            remaining: None,
            message: "",
        });
    }

    #[test]
    fn stages_are_told_as_one() {
        let mut log = Log::default();
        let mut stages = Stages::new(&mut log, 8.0);
        stages.begin(2.0);
        tell(&mut stages, 0.5);
        tell(&mut stages, 1.0);
        // A stage of two stages, the second of which was longer than announced.
        stages.begin(4.0);
        let mut inner = Stages::new(&mut stages, 4.0);
        for work in [3.0, 3.0] {
            inner.begin(work);
            tell(&mut inner, 0.0);
            tell(&mut inner, 1.0);
        }
        stages.begin(2.0);
        tell(&mut stages, 0.0);
        tell(&mut stages, 1.0);
        assert_eq!(
            log.fractions,
            [0.125, 0.25, 0.25, 0.625, 0.625, 0.75, 0.75, 1.0]
        );
    }

    #[test]
    fn the_time_left_is_said_once_the_pace_is_known() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new();
        // Half of it was in a cache, and done at once: that is not the pace of the rest.
        assert_eq!(pace.at(second / 2, 0.5), None);
        assert_eq!(pace.at(3 * second / 2, 0.55), None);
        assert_eq!(pace.at(5 * second / 2, 0.51), None);
        assert_eq!(pace.at(5 * second / 2, 0.75), Some(2 * second));
        assert_eq!(pace.at(9 * second / 2, 1.0), Some(Duration::ZERO));
    }

    #[test]
    fn the_first_second_counts_where_nothing_was_found_at_once() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new();
        assert_eq!(pace.at(second / 2, 0.0), None);
        assert_eq!(pace.at(2 * second, 0.1), Some(18 * second));
    }

    #[test]
    fn time_left_is_honest_from_the_first_task_on() {
        let second = Duration::from_secs(1);
        // 30 tasks of 3 seconds on two threads, but the second thread begins with one of 2: a little less than 45 seconds.
        let total = 29.0 + 2.0 / 3.0;
        let (mut tally, mut pace) = (Tally::new(total), Pace::new());
        tally.begin_at(Duration::ZERO, 0, 1.0);
        tally.begin_at(Duration::ZERO, 1, 2.0 / 3.0);
        assert_eq!(tally.fraction_at(second), 0.0, "nothing is known yet");
        for now in 2..20 {
            let ended = match now % 3 {
                2 => 1,
                0 => 0,
                _ => continue,
            };
            let now = now * second;
            tally.end_at(now, ended, true);
            tally.begin_at(now, ended, 1.0);
            let left = pace.at(now, tally.fraction_at(now)).expect("known");
            let true_left = 1.5 * total - now.as_secs_f64();
            let ratio = left.as_secs_f64() / true_left;
            assert!((ratio - 1.0).abs() < 0.01, "{now:?}: {left:?}");
        }
        // The disease: without the task under way more than twice as much seems to be left when the first one ends.
        let left = Pace::new()
            .at(2 * second, 2.0 / 3.0 / total)
            .expect("known");
        assert!(left > 2 * (42 * second), "{left:?}");
    }

    #[test]
    fn a_fraction_never_goes_back_and_failures_count_for_nothing() {
        let second = Duration::from_secs(1);
        let mut tally = Tally::new(4.0);
        for task in 0..3 {
            tally.begin_at(Duration::ZERO, task, 1.0);
        }
        tally.end_at(2 * second, 0, true);
        // The others have taken as long as the first: nearly done, but not more.
        let nearly = (1.0 + 2.0 * NEARLY) / 4.0;
        assert_eq!(tally.fraction_at(2 * second), nearly);
        tally.end_at(3 * second, 1, false);
        assert_eq!(tally.fraction_at(3 * second), nearly);
        tally.end_at(9 * second, 2, true);
        assert_eq!(tally.fraction_at(9 * second), nearly);
        assert_eq!(Tally::new(0.0).fraction_at(second), 1.0);
    }

    #[test]
    fn an_interruption_reaches_every_stage() {
        let mut log = Log {
            is_interrupted: true,
            ..Log::default()
        };
        let mut stages = Stages::new(&mut log, 1.0);
        assert!(Stages::new(&mut stages, 1.0).interrupted());
    }
}
