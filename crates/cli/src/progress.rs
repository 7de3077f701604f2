//! How far the work is: a bar with the time left on a terminal, now and then a line where there is none.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use smallbatch::sweep::{Progress, Status};

use crate::interruption::Interruption;
use crate::output::warn;

/// The bar's length in steps: fine enough for one to be no wider than a character.
const STEPS: u64 = 1000;

/// Without a terminal, the most time between two lines.
const QUIET: Duration = Duration::from_secs(15);

/// Shows the progress on standard error, and passes Ctrl-C on to the experiments.
pub(crate) struct Display {
    interruption: Interruption,
    /// `None` where standard error is no terminal.
    bar: Option<ProgressBar>,
    lines: Lines,
}

impl Display {
    pub(crate) fn new(interruption: Interruption) -> Self {
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
        // No ticking thread: the bar must not take time from a run that is being timed.
        if let Ok(style) = ProgressStyle::with_template("{prefix:>4} [{bar:24}] {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            interruption,
            bar: (!bar.is_hidden()).then_some(bar),
            lines: Lines::default(),
        }
    }

    /// Without a terminal, says nothing of work that takes less than a second.
    pub(crate) fn patient(mut self) -> Self {
        self.lines.last = Some((Instant::now(), String::new()));
        self
    }

    /// Takes the bar away, so that the results stand alone.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Display {
    fn report(&mut self, status: &Status<'_>) {
        if let Some(bar) = &self.bar {
            bar.set_prefix(percent(status));
            bar.set_message(described(status));
            bar.set_position((status.fraction * STEPS as f64) as u64);
        } else if let Some(line) = self.lines.next(status, Instant::now()) {
            warn(&line);
        }
    }

    fn interrupted(&self) -> bool {
        self.interruption.happened()
    }
}

/// Which reports become a line: the first of each message, but not in a rush, and one after each quiet while.
#[derive(Debug, Default)]
struct Lines {
    last: Option<(Instant, String)>,
}

impl Lines {
    fn next(&mut self, status: &Status<'_>, now: Instant) -> Option<String> {
        if let Some((at, message)) = &self.last {
            let since = now.duration_since(*at);
            let new = message != status.message && since >= Duration::from_secs(1);
            if !new && since < QUIET {
                return None;
            }
        }
        self.last = Some((now, status.message.to_owned()));
        Some(format!("{:>4} {}", percent(status), described(status)))
    }
}

fn percent(status: &Status<'_>) -> String {
    format!("{:.0}%", 100.0 * status.fraction)
}

/// The time left and what is being done: `2 min 10 s left, wine: tuning learning rates`.
fn described(status: &Status<'_>) -> String {
    match status.remaining {
        Some(remaining) => format!("{} left, {}", spoken(remaining), status.message),
        None => status.message.to_owned(),
    }
}

/// A duration as one says it: `45 s`, `2 min 10 s`, `1 h 5 min`.
pub(crate) fn spoken(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(done: f64, message: &str) -> Status<'_> {
        Status {
            fraction: done / 10.0,
            remaining: Some(Duration::from_secs(130)),
            message,
        }
    }

    #[test]
    fn times_are_spoken_in_the_units_that_matter() {
        for (seconds, text) in [
            (0.2, "0 s"),
            (59.4, "59 s"),
            (59.6, "1 min 0 s"),
            (130.0, "2 min 10 s"),
            (3599.9, "1 h 0 min"),
            (7500.0, "2 h 5 min"),
        ] {
            assert_eq!(spoken(Duration::from_secs_f64(seconds)), text);
        }
    }

    #[test]
    fn lines_are_few_and_say_what_is_done_and_what_is_left() {
        let mut lines = Lines::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs_f64(seconds);
        assert_eq!(
            lines.next(&status(1.0, "tuning"), start).as_deref(),
            Some(" 10% 2 min 10 s left, tuning")
        );
        assert_eq!(lines.next(&status(1.1, "tuning"), after(5.0)), None);
        assert!(lines.next(&status(2.0, "training"), after(6.0)).is_some());
        // A new message right after a line waits for its turn.
        assert_eq!(lines.next(&status(2.1, "timing"), after(6.5)), None);
        assert!(lines.next(&status(2.2, "timing"), after(7.1)).is_some());
        assert_eq!(lines.next(&status(3.0, "timing"), after(22.0)), None);
        assert!(lines.next(&status(3.0, "timing"), after(22.2)).is_some());
    }
}
