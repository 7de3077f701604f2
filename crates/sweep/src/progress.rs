//! How far the work is, told to whoever waits; and how it learns that it should stop.

use std::time::{Duration, Instant};

/// Below this part of the work its pace says nothing yet.
const EARLY: f64 = 0.02;

/// What is done in this time says nothing of the rest: it may have been found in a cache.
const RUSH: Duration = Duration::from_secs(1);

/// A pace that was watched for less time is a guess.
const WATCHED: Duration = Duration::from_secs(2);

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
            self.rush = (now, fraction);
            return None;
        }
        let (time, done) = (now.saturating_sub(self.rush.0), fraction - self.rush.1);
        (done > EARLY && time >= WATCHED)
            .then(|| time.as_secs_f64() * (1.0 - fraction) / done)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
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
    fn an_interruption_reaches_every_stage() {
        let mut log = Log {
            is_interrupted: true,
            ..Log::default()
        };
        let mut stages = Stages::new(&mut log, 1.0);
        assert!(Stages::new(&mut stages, 1.0).interrupted());
    }
}
