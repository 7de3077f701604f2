//! The seconds of training alone. No other file of this crate reads a clock.

use std::time::Instant;

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

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
}
