//! How far the work is, told to whoever waits; and how it learns that it should stop.

use std::time::{Duration, Instant};

/// Below this part of the work its pace says nothing yet.
const EARLY: f64 = 0.02;

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

/// What the rest will take at the pace so far.
pub(crate) fn remaining(elapsed: Duration, fraction: f64) -> Option<Duration> {
    (fraction > EARLY)
        .then(|| elapsed.as_secs_f64() * (1.0 - fraction) / fraction)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
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
    start: Instant,
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
            start: Instant::now(),
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
            remaining: remaining(self.start.elapsed(), fraction),
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
    fn the_time_left_is_that_of_all_stages() {
        let second = Duration::from_secs(1);
        assert_eq!(remaining(second, 0.01), None);
        assert_eq!(remaining(second, 0.25), Some(3 * second));
        assert_eq!(remaining(second, 1.0), Some(Duration::ZERO));
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
