//! How many threads work on large data, and the work handed out to them.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use serde::{Deserialize, Serialize};

use crate::{Error, Scalar};

/// Data below this is one thread's work: 16 MB take a few milliseconds, and starting a thread costs some 50 µs.
const BYTES_A_THREAD: usize = 16 << 20;

/// How many threads fitting and transforming may use.
///
/// The results are the same to the last bit with any number of threads: sums run over shards whose size follows from the
/// shape of the data, and are merged in order. Threads live as long as one call.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, StandardScaler, Threads};
///
/// let x = DMatrix::from_fn(30, 100_000, |feature, sample| (feature + sample % 97) as f32);
/// let fit = |threads| StandardScaler::new().fit(&FitData::new(&x).threads(threads));
/// let fitted = fit(Threads::ONE)?;
/// assert_eq!(fitted, fit(Threads::AtMost(4))?);
/// assert_eq!(
///     fitted.transform(&x)?,
///     fitted.clone().threads(Threads::AtMost(3)).transform(&x)?
/// );
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Threads {
    /// One for each 16 MB of data, at most as many as the processor has: data of less than 32 MB stays on the calling
    /// thread.
    #[default]
    Automatic,
    /// At most so many, the calling one included, however small the data is; 0 is refused by what has the work to do.
    AtMost(usize),
}

impl Threads {
    /// The calling thread alone.
    pub const ONE: Self = Self::AtMost(1);

    /// Refuses 0 threads.
    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Self::AtMost(0) => Err(Error::NoThreads),
            Self::AtMost(_) | Self::Automatic => Ok(()),
        }
    }

    /// The number of threads for so many values.
    pub(crate) fn for_values<T: Scalar>(self, n_values: usize) -> Result<usize, Error> {
        self.check()?;
        Ok(match self {
            Self::AtMost(threads) => threads,
            Self::Automatic => match n_values * size_of::<T>() / BYTES_A_THREAD {
                0 | 1 => 1,
                wanted => {
                    std::thread::available_parallelism().map_or(1, |most| wanted.min(most.get()))
                }
            },
        })
    }
}

/// Works on each job, on up to so many threads, and hands the results over in the order of the jobs.
///
/// Jobs are begun in their order. After an error no further one is begun, so the error returned is that of the first job
/// that has one, as on a single thread. Nothing is allocated on a single thread. There are never more threads than the lower
/// bound of the jobs' `size_hint`.
pub(crate) fn in_order<J: Send, R: Send>(
    jobs: impl Iterator<Item = J> + Send,
    threads: usize,
    work: impl Fn(J) -> Result<R, Error> + Sync,
    mut hand_over: impl FnMut(R),
) -> Result<(), Error> {
    let threads = threads.min(jobs.size_hint().0);
    if threads <= 1 {
        for job in jobs {
            hand_over(work(job)?);
        }
        return Ok(());
    }
    let jobs = Mutex::new(jobs.enumerate());
    let failed = AtomicBool::new(false);
    let take = || {
        let mut jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.load(Ordering::Relaxed) {
            None
        } else {
            jobs.next()
        }
    };
    let work_off = || {
        let mut done = Vec::new();
        while let Some((index, job)) = take() {
            let result = work(job);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.push((index, result));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        // Where the system has no more threads to give, those there are do the work.
        let spawn = |_| Builder::new().spawn_scoped(scope, work_off).ok();
        let others: Vec<_> = (1..threads).map_while(spawn).collect();
        let mut done = work_off();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|&(index, _)| index);
    for (_, result) in done {
        hand_over(result?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_all_threads_work() {
        for threads in [1, 2, 5] {
            let seen = Mutex::new(std::collections::HashSet::new());
            let barrier = std::sync::Barrier::new(threads);
            let mut results = Vec::new();
            let work = |job: usize| {
                seen.lock()
                    .expect("no panic")
                    .insert(std::thread::current().id());
                if job < threads {
                    // Each of the first jobs waits for the others, so no thread can do two of them.
                    barrier.wait();
                }
                Ok(job * job)
            };
            in_order(0..100, threads, work, |result| results.push(result)).expect("no error");
            assert!(results.iter().copied().eq((0..100).map(|job| job * job)));
            assert_eq!(seen.lock().expect("no panic").len(), threads);
        }
    }

    #[test]
    fn the_first_error_is_returned_and_ends_the_work() {
        let refuse = |got: usize| Error::FeatureCount { expected: 0, got };
        for threads in [1, 2, 5] {
            let begun = Mutex::new(0);
            let work = |job: usize| {
                *begun.lock().expect("no panic") += 1;
                if job >= 20 { Err(refuse(job)) } else { Ok(()) }
            };
            assert_eq!(in_order(0..10_000, threads, work, drop), Err(refuse(20)));
            assert!(*begun.lock().expect("no panic") < 10_000);
        }
    }

    #[test]
    fn small_data_stays_on_one_thread() {
        assert_eq!(
            Threads::Automatic.for_values::<f32>(8 << 20),
            Ok(std::thread::available_parallelism().map_or(1, |most| most.get().min(2)))
        );
        assert_eq!(Threads::Automatic.for_values::<f32>((8 << 20) - 1), Ok(1));
        assert_eq!(Threads::Automatic.for_values::<f64>((4 << 20) - 1), Ok(1));
        assert_eq!(Threads::ONE.for_values::<f64>(1 << 40), Ok(1));
        assert_eq!(Threads::AtMost(3).for_values::<f64>(10), Ok(3));
        assert_eq!(
            Threads::AtMost(0).for_values::<f64>(10),
            Err(Error::NoThreads)
        );
    }
}
