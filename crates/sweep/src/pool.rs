//! One pool of threads for all trainings: each task on one thread, the results in the tasks' order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::Builder;
use std::time::Duration;

use crate::progress::{Pace, Tally};
use crate::{Error, Progress, Status};

/// How often the waiting thread looks up.
const TICK: Duration = Duration::from_millis(50);

/// How many tasks run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    n_threads: usize,
}

/// Tasks with their places.
type Queue<T> = Mutex<VecDeque<(usize, T)>>;

/// What a thread tells of the task at a place.
enum Told<R> {
    Begun(usize),
    Ended(usize, Result<R, Error>),
}

impl Pool {
    /// A pool of so many threads; at least one.
    pub fn new(n_threads: usize) -> Self {
        Self {
            n_threads: n_threads.max(1),
        }
    }

    /// As many threads as the processor runs at once.
    pub fn of_the_machine() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// How many tasks run at once.
    pub fn n_threads(&self) -> usize {
        self.n_threads
    }

    /// Does all tasks, each on one thread, begun in their order; the results are in that order, whatever the number of threads. Each task
    /// comes with its share of the work, in any unit.
    ///
    /// When `progress` interrupts, the flag that tasks are given is set: a task that sees it returns [`Error::Interrupted`], as
    /// do those that were not begun. One that is complete by then keeps its result. A task may set the flag itself, where its own
    /// failure makes the others pointless.
    ///
    /// Where the system gives fewer threads than were asked for, these do all the work; where it gives none, every result is an
    /// [`Error::Step`].
    ///
    /// ```
    /// use smallbatch_sweep::Pool;
    ///
    /// let tasks = (0..5).map(|n| (1.0, n)).collect();
    /// let squares = Pool::new(2).map(tasks, &mut (), "squaring", |n, _stop| Ok(n * n));
    /// let squares: Result<Vec<i32>, _> = squares.into_iter().collect();
    /// assert_eq!(squares?, [0, 1, 4, 9, 16]);
    /// # Ok::<(), smallbatch_sweep::Error>(())
    /// ```
    pub fn map<T: Send, R: Send>(
        &self,
        tasks: Vec<(f64, T)>,
        progress: &mut dyn Progress,
        message: &str,
        work: impl Fn(T, &AtomicBool) -> Result<R, Error> + Sync,
    ) -> Vec<Result<R, Error>> {
        let total: f64 = tasks.iter().map(|(cost, _)| cost).sum();
        let costs: Vec<f64> = tasks.iter().map(|(cost, _)| *cost).collect();
        let mut results: Vec<Result<R, Error>> =
            costs.iter().map(|_| Err(Error::Interrupted)).collect();
        let tasks = tasks.into_iter().map(|(_, task)| task).enumerate();
        let queue: Queue<T> = Mutex::new(tasks.collect());
        let stop = AtomicBool::new(progress.interrupted());
        let (send, receive) = mpsc::channel();
        let (mut pace, mut tally) = (Pace::new(), Tally::new(total));
        std::thread::scope(|scope| {
            for thread in 0..self.n_threads.min(costs.len()) {
                let (queue, stop, work, send) = (&queue, &stop, &work, send.clone());
                let spawned = Builder::new().spawn_scoped(scope, move || {
                    while !stop.load(Ordering::Relaxed) {
                        let next = queue
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .pop_front();
                        let Some((place, task)) = next else { break };
                        // The receiver outlives the threads.
                        let begun = send.send(Told::Begun(place));
                        let ended = send.send(Told::Ended(place, work(task, stop)));
                        if begun.and(ended).is_err() {
                            break;
                        }
                    }
                });
                if let Err(error) = spawned {
                    if thread == 0 {
                        let failed = || Error::step("start a thread", error.to_string());
                        results
                            .iter_mut()
                            .for_each(|result| *result = Err(failed()));
                    }
                    break;
                }
            }
            drop(send);
            loop {
                match receive.recv_timeout(TICK) {
                    Ok(Told::Begun(place)) => tally.begin(place, costs[place]),
                    Ok(Told::Ended(place, result)) => {
                        tally.end(place, result.is_ok());
                        results[place] = result;
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => break,
                }
                if progress.interrupted() {
                    stop.store(true, Ordering::Relaxed);
                }
                let fraction = tally.fraction();
                progress.report(&Status {
                    fraction,
                    remaining: pace.remaining(fraction),
                    message,
                });
            }
        });
        results
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_whatever_the_number_of_threads() {
        for n_threads in [1, 2, 7, 100] {
            let tasks = (0..40u64).map(|n| (1.0, n)).collect();
            let results = Pool::new(n_threads).map(tasks, &mut (), "", |n, _| {
                std::thread::sleep(Duration::from_micros((n * 7919) % 300));
                Ok(n)
            });
            let numbers: Vec<u64> = results.into_iter().map(Result::unwrap).collect();
            assert_eq!(numbers, (0..40).collect::<Vec<_>>());
        }
    }

    struct AfterThree(usize, Vec<f64>);

    impl Progress for AfterThree {
        fn report(&mut self, status: &Status<'_>) {
            self.1.push(status.fraction);
            self.0 += 1;
        }

        fn interrupted(&self) -> bool {
            self.0 >= 3
        }
    }

    #[test]
    fn what_was_complete_before_an_interruption_is_kept() {
        let mut progress = AfterThree(0, Vec::new());
        let tasks = (0..1000).map(|n| (1.0, n)).collect();
        let results = Pool::new(2).map(tasks, &mut progress, "", |n, stop| {
            for _ in 0..20 {
                if stop.load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(n)
        });
        let complete: Vec<i32> = results.iter().flatten().copied().collect();
        assert!(!complete.is_empty() && complete.len() < 100, "{complete:?}");
        assert!(complete.windows(2).all(|pair| pair[0] < pair[1]));
        let is_interrupted =
            |result: &Result<i32, Error>| matches!(result, Ok(_) | Err(Error::Interrupted));
        assert!(results.iter().all(is_interrupted));
        assert!(progress.1.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_task_that_fails_ends_no_other() {
        let tasks = (0..10).map(|n| (1.0, n)).collect();
        let results = Pool::new(3).map(tasks, &mut (), "", |n, _| {
            if n == 4 {
                Err(Error::step("count", "four"))
            } else {
                Ok(n)
            }
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 9);
        assert!(results[4].is_err());
    }

    #[test]
    fn a_task_can_end_the_others() {
        let tasks = (0..100).map(|n| (1.0, n)).collect();
        let results = Pool::new(1).map(tasks, &mut (), "", |n, stop| {
            stop.store(n == 4, Ordering::Relaxed);
            Ok(n)
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 5);
        assert!(matches!(results[5], Err(Error::Interrupted)));
    }

    #[test]
    fn who_has_stopped_before_gets_nothing() {
        let tasks = (0..10).map(|n| (1.0, n)).collect();
        let results = Pool::new(2).map(tasks, &mut AfterThree(3, Vec::new()), "", |n, _| Ok(n));
        assert!(results.iter().all(Result::is_err));
    }

    #[test]
    fn no_tasks_are_done_at_once() {
        let none: Vec<(f64, ())> = Vec::new();
        assert!(
            Pool::of_the_machine()
                .map(none, &mut (), "", |(), _| Ok(()))
                .is_empty()
        );
    }
}
