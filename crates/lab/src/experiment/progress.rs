//! How far the experiments are, told to whoever waits; and how they learn that they should stop.

use std::time::{Duration, Instant};

/// Someone who watches the experiments: a progress bar, a log, a test.
///
/// Both methods are called from the thread that called [`run`](crate::run), many times a second, and never while a
/// timed run is under way. `()` watches nothing and never interrupts.
///
/// # Example
///
/// ```
/// use smallbatch_lab::{Progress, Status};
///
/// struct Dots;
/// impl Progress for Dots {
///     fn report(&mut self, status: &Status<'_>) {
///         eprint!("\r{:3.0} % {}", 100.0 * status.fraction(), status.message);
///     }
/// }
/// # Dots.report(&Status { done: 1.0, total: 2.0, remaining: None, message: "tuning" });
/// ```
pub trait Progress {
    /// Takes note of how far the work is.
    fn report(&mut self, _status: &Status<'_>) {}

    /// Whether to stop as soon as possible. What is complete by then is returned as results.
    fn interrupted(&self) -> bool {
        false
    }
}

impl Progress for () {}

/// How far the experiments are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status<'a> {
    /// Work done. A unit is about a billion floating-point operations of one core; only the ratio to `total` matters.
    pub done: f64,
    /// All the work, as estimated now: it grows when a grid of learning rates grows, and shrinks when runs end early.
    pub total: f64,
    /// How long the rest takes at the pace so far; `None` at the start.
    pub remaining: Option<Duration>,
    /// What is being done, such as `wine: tuning learning rates`.
    pub message: &'a str,
}

impl Status<'_> {
    /// The part of the work that is done, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        if self.total > 0.0 {
            (self.done / self.total).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// Keeps account of the work, and passes it on.
///
/// The plan is a list of stages with an estimate each. A stage's estimate is replaced by what was really done when it
/// ends, so that the total stays honest whatever the estimates were.
pub(crate) struct Ledger<'p> {
    progress: &'p mut dyn Progress,
    begun: Instant,
    /// Work of the stages that have ended.
    finished: f64,
    /// Work done in the stage under way, and its estimate.
    stage_done: f64,
    stage_estimate: f64,
    /// Estimates of the stages to come.
    to_come: f64,
    message: String,
    /// Runs made, and runs found in the cache.
    pub(crate) made: usize,
    pub(crate) reused: usize,
}

impl<'p> Ledger<'p> {
    /// A ledger of `total` units of work to come.
    pub(crate) fn new(progress: &'p mut dyn Progress, total: f64) -> Self {
        Self {
            progress,
            begun: Instant::now(),
            finished: 0.0,
            stage_done: 0.0,
            stage_estimate: 0.0,
            to_come: total,
            message: String::new(),
            made: 0,
            reused: 0,
        }
    }

    /// Ends the stage under way, and begins one for which `estimate` of the total was meant.
    pub(crate) fn stage(&mut self, message: String, estimate: f64) {
        self.finished += self.stage_done;
        self.stage_done = 0.0;
        self.stage_estimate = estimate;
        self.to_come = (self.to_come - estimate).max(0.0);
        self.message = message;
        self.tell();
    }

    /// Counts work of the stage under way.
    pub(crate) fn add(&mut self, work: f64) {
        self.stage_done += work;
        self.tell();
    }

    /// Whether to stop.
    pub(crate) fn interrupted(&self) -> bool {
        self.progress.interrupted()
    }

    /// Seconds since the ledger was opened.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Tells the watcher how far the work is.
    pub(crate) fn tell(&mut self) {
        let done = self.finished + self.stage_done;
        let total = self.finished + self.stage_done.max(self.stage_estimate) + self.to_come;
        let elapsed = self.begun.elapsed().as_secs_f64();
        // Below two per cent the pace says nothing yet.
        let remaining = (done > 0.02 * total)
            .then(|| elapsed * (total - done) / done)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        self.progress.report(&Status {
            done,
            total,
            remaining,
            message: &self.message,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log(Vec<(f64, f64, String)>);

    impl Progress for Log {
        fn report(&mut self, status: &Status<'_>) {
            self.0
                .push((status.done, status.total, status.message.to_owned()));
        }
    }

    #[test]
    fn an_estimate_gives_way_to_what_was_done() {
        let mut log = Log::default();
        let mut ledger = Ledger::new(&mut log, 10.0);
        ledger.stage("one".into(), 4.0);
        ledger.add(1.0);
        ledger.stage("two".into(), 6.0);
        ledger.add(8.0);
        let expected = [
            (0.0, 10.0, "one".to_owned()),
            (1.0, 10.0, "one".to_owned()),
            // Stage one took 1 instead of 4.
            (1.0, 7.0, "two".to_owned()),
            // Stage two took 8 instead of 6.
            (9.0, 9.0, "two".to_owned()),
        ];
        assert_eq!(log.0, expected);
    }

    #[test]
    fn the_fraction_stays_between_zero_and_one() {
        let status = |done, total| Status {
            done,
            total,
            remaining: None,
            message: "",
        };
        assert_eq!(status(0.0, 0.0).fraction(), 0.0);
        assert_eq!(status(1.0, 4.0).fraction(), 0.25);
        assert_eq!(status(5.0, 4.0).fraction(), 1.0);
    }
}
