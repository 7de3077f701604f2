//! A few threads that wait for work by spinning: for pieces of work of a microsecond.
//!
//! A step on 16 samples takes ten microseconds, and has a handful of places where every thread needs what the others have
//! computed. A pool whose threads sleep takes as long to wake them as the step takes. These spin for some tens of
//! microseconds before they sleep, so that within a training they are always awake; handing them work and waiting for it
//! costs two exchanges of a line of cache, 0.2 µs where it was measured.
//!
//! This file has the crate's only unsafe code, one expression: threads that outlive the borrow of their work cannot be
//! given it otherwise. The tests are run by Miri as well (see the workflow).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};

/// Looks before a thread that waits goes to sleep: some 50 µs.
const LOOKS: u32 = 2_000;

/// The most threads of a team.
pub(crate) const MOST: usize = 64;

type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// The calling thread and some that wait for it. They are ended when it is dropped.
pub(crate) struct Team {
    /// None for a team of one, which costs nothing.
    shared: Option<Arc<Shared>>,
    workers: Vec<JoinHandle<()>>,
    round: u64,
}

/// A line of cache of its own: the writer of one flag must not disturb the readers of another.
#[repr(align(128))]
struct Line<T>(T);

struct Shared {
    /// Counts what was handed out; a worker that sees it change looks for its work.
    round: Line<AtomicU64>,
    work: RwLock<Option<&'static Work<'static>>>,
    members: Vec<Line<Member>>,
    /// What the first panic of a round said.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    ends: AtomicBool,
}

/// What a worker says of itself.
struct Member {
    /// The round whose work it has done.
    done: AtomicU64,
    sleeps: AtomicBool,
}

impl Team {
    /// The calling thread and up to `n_threads - 1` others: no more than the processor has room for, or the system gives.
    pub(crate) fn new(n_threads: usize) -> Self {
        let room = || std::thread::available_parallelism().map_or(1, usize::from);
        let n_workers = n_threads.min(MOST).saturating_sub(1);
        let n_workers = if n_workers == 0 {
            0
        } else {
            n_workers.min(room() - 1)
        };
        if n_workers == 0 {
            return Self {
                shared: None,
                workers: Vec::new(),
                round: 0,
            };
        }
        let member = || {
            Line(Member {
                done: AtomicU64::new(0),
                sleeps: AtomicBool::new(false),
            })
        };
        let shared = Arc::new(Shared {
            round: Line(AtomicU64::new(0)),
            work: RwLock::new(None),
            members: (0..n_workers).map(|_| member()).collect(),
            panic: Mutex::new(None),
            ends: AtomicBool::new(false),
        });
        let spawn = |worker: usize| {
            let shared = Arc::clone(&shared);
            Builder::new()
                .name(format!("smallbatch-{}", worker + 1))
                .spawn(move || shared.serve(worker))
                .ok()
        };
        let workers = (0..n_workers).map_while(spawn).collect();
        Self {
            shared: Some(shared),
            workers,
            round: 0,
        }
    }

    /// How many threads there are, the calling one included.
    pub(crate) fn len(&self) -> usize {
        1 + self.workers.len()
    }

    /// `work(item)` for every item, on as many threads as there are: the first on the calling one, the second on the
    /// second and so on, and round again. On the calling thread alone where `is_worth_it` is false. Does not allocate.
    pub(crate) fn each<I: Send>(
        &mut self,
        is_worth_it: bool,
        items: impl ExactSizeIterator<Item = I>,
        work: impl Fn(I) + Sync,
    ) {
        if !is_worth_it || self.workers.is_empty() || items.len() < 2 {
            items.for_each(work);
        } else if items.len() <= 2 {
            self.share::<2, I>(items, work);
        } else if items.len() <= 8 {
            self.share::<8, I>(items, work);
        } else {
            let mut items = items;
            while items.len() > 0 {
                self.share::<MOST, I>(items.by_ref().take(MOST), &work);
            }
        }
    }

    /// The same for at most N items, which are handed over in an array.
    fn share<const N: usize, I: Send>(
        &mut self,
        items: impl Iterator<Item = I>,
        work: impl Fn(I) + Sync,
    ) {
        let mut slots: [Mutex<Option<I>>; N] = std::array::from_fn(|_| Mutex::new(None));
        for (slot, item) in slots.iter_mut().zip(items) {
            *slot.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(item);
        }
        let n_threads = self.len();
        self.run(&|thread| {
            for slot in slots.iter().skip(thread).step_by(n_threads) {
                let item = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(item) = item {
                    work(item);
                }
            }
        });
    }

    /// `work(thread)` once on each thread, 0 being the calling one; returns when all are done.
    ///
    /// # Panics
    /// With what `work` panicked with on any of them.
    fn run(&mut self, work: &Work<'_>) {
        let Some(shared) = &self.shared else {
            return work(0);
        };
        // What a worker left when the calling thread panicked as well.
        if let Ok(mut panic) = shared.panic.lock() {
            *panic = None;
        }
        self.round += 1;
        let waits = Waits {
            shared,
            n_workers: self.workers.len(),
            round: self.round,
        };
        #[allow(unsafe_code)]
        // SAFETY: only the lifetimes of a reference are changed, so this is about how long it is used. Workers copy it out
        // of `shared.work` in the round that begins below, use it, and only then store that round in `done`; they take
        // none before the next round. `waits` blocks until each has stored this round, and takes the reference out again,
        // whether `work` returns here or unwinds. So no copy is used once this function, and with it the borrow, ends.
        let work_of_any_lifetime =
            unsafe { std::mem::transmute::<&Work<'_>, &'static Work<'static>>(work) };
        *shared.work.write().unwrap_or_else(PoisonError::into_inner) = Some(work_of_any_lifetime);
        shared.begin(self.round, &self.workers);
        work(0);
        drop(waits);
        let panic = shared.panic.lock().map_or(None, |mut panic| panic.take());
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.ends.store(true, Ordering::SeqCst);
            shared.begin(self.round + 1, &self.workers);
        }
        for worker in self.workers.drain(..) {
            // A worker catches what its work panics with, so there is nothing to be told here.
            let _ = worker.join();
        }
    }
}

/// Waits for all workers when dropped, even where the calling thread's own part of the work panics.
struct Waits<'a> {
    shared: &'a Shared,
    n_workers: usize,
    round: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        for member in self.shared.members.iter().take(self.n_workers) {
            let mut looks = 0;
            while member.0.done.load(Ordering::Acquire) != self.round {
                look_again(&mut looks);
            }
        }
        let mut work = self
            .shared
            .work
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *work = None;
    }
}

/// A pause between two looks; after some time others may have the processor.
fn look_again(looks: &mut u32) {
    *looks += 1;
    if *looks < LOOKS {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}

impl Shared {
    /// Begins a round, and wakes those that sleep.
    fn begin(&self, round: u64, workers: &[JoinHandle<()>]) {
        // Each side writes before it reads, and both in the one order of SeqCst: either the worker sees the new round
        // before it sleeps, or it is seen to sleep here.
        self.round.0.store(round, Ordering::SeqCst);
        for (member, worker) in self.members.iter().zip(workers) {
            if member.0.sleeps.load(Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
    }

    /// What a worker does until the team ends.
    fn serve(&self, worker: usize) {
        let member = &self.members[worker].0;
        let mut seen = 0;
        loop {
            seen = self.next_round(member, seen);
            if self.ends.load(Ordering::SeqCst) {
                return;
            }
            let work = *self.work.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(work) = work
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(worker + 1)))
                && let Ok(mut first) = self.panic.lock()
            {
                first.get_or_insert(panic);
            }
            member.done.store(seen, Ordering::Release);
        }
    }

    /// Waits for another round than `seen`.
    fn next_round(&self, member: &Member, seen: u64) -> u64 {
        for _ in 0..LOOKS {
            let round = self.round.0.load(Ordering::Acquire);
            if round != seen {
                return round;
            }
            std::hint::spin_loop();
        }
        member.sleeps.store(true, Ordering::SeqCst);
        loop {
            let round = self.round.0.load(Ordering::SeqCst);
            if round != seen {
                member.sleeps.store(false, Ordering::SeqCst);
                return round;
            }
            std::thread::park();
        }
    }
}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Team")
            .field("threads", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Miri is slow.
    const ROUNDS: u64 = if cfg!(miri) { 20 } else { 20_000 };

    #[test]
    fn every_item_is_worked_on_once_by_any_number_of_threads() {
        for n_threads in [1, 2, 3, 5] {
            let mut team = Team::new(n_threads);
            for n_items in [0_usize, 1, 2, 3, 8, 9, 64, 65, 130] {
                let mut items = vec![0_usize; n_items];
                team.each(true, items.iter_mut().enumerate(), |(i, item)| {
                    *item += i + 1;
                });
                assert!(items.iter().enumerate().all(|(i, &item)| item == i + 1));
            }
        }
    }

    #[test]
    fn rounds_follow_one_another() {
        let mut team = Team::new(2);
        let mut halves = [0_u64; 2];
        for round in 0..ROUNDS {
            // What the round before wrote is there, whichever thread wrote it.
            team.each(true, halves.iter_mut(), |half| {
                assert_eq!(*half, round);
                *half += 1;
            });
            halves.swap(0, 1);
        }
        assert_eq!(halves, [ROUNDS; 2]);
    }

    #[test]
    fn threads_that_sleep_wake_for_work() {
        let mut team = Team::new(2);
        let count = AtomicUsize::new(0);
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            team.each(true, 0..2, |_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(count.into_inner(), 6);
    }

    #[test]
    fn a_panic_on_any_thread_is_the_callers_and_the_team_goes_on() {
        let mut team = Team::new(2);
        for bad in 0..2 {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                team.each(true, 0..2, |item| assert_ne!(item, bad, "item {item}"));
            }));
            assert!(caught.is_err());
            let count = AtomicUsize::new(0);
            team.each(true, 0..2, |_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(count.into_inner(), 2);
        }
    }

    /// The caller's panic is the one that is told; the worker's is not left for the next round.
    #[test]
    fn panics_of_all_threads_end_with_their_round() {
        let mut team = Team::new(2);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            team.each(true, 0..2, |item| panic!("item {item}"));
        }));
        assert!(caught.is_err());
        team.each(true, 0..2, |_| {});
    }

    #[test]
    fn work_that_is_not_worth_it_stays_here() {
        let mut team = Team::new(2);
        let here = std::thread::current().id();
        team.each(false, 0..2, |_| {
            assert_eq!(std::thread::current().id(), here);
        });
    }
}
