//! A few threads that wait for work by spinning: for pieces of work of a microsecond.
//!
//! A step on 16 samples takes ten microseconds, and has a handful of places where every thread needs what the others have
//! computed. A pool whose threads sleep takes as long to wake them as the step takes. These spin for some tens of
//! microseconds before they sleep, so that within a training they are always awake.
//!
//! Nothing waits for a thread that has not begun. Work is *offered*; a worker *checks in* before it looks at it; and the calling
//! thread, when it has done its own items, takes the offer back from those that have not, and does their items itself. So a
//! worker that sleeps, or that the system has put aside for another process, costs nothing but its help. Only one that is put
//! aside in the middle of an item is waited for, and the team tells how long that took ([`Team::report`]).
//!
//! An offer, its acceptance and the answer are one word, in a line of cache that the two threads have to themselves beside the
//! work's address.
//!
//! This file has the crate's only unsafe code, one expression: threads that outlive the borrow of their work cannot be
//! given it otherwise. The tests are run by Miri as well (see the workflow).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// For so long a worker looks for work before it sleeps, and the calling thread for the end of an item before it lets others
/// have the processor.
const PATIENCE: Duration = Duration::from_micros(50);

/// Looks between two glances at the clock, which costs as much as a look.
const LOOKS: u32 = 64;

/// A team that gives up ([`Team::take_part`]) does so while it has waited for longer than this, and for more than one part in so
/// many of the time since the first wait began. Of a step of 100 ms it may wait for some here and there: to compute the rest of it
/// alone took a tenth of the speed (784-512-512-10 on 10,000 samples at once).
const TOO_LONG: Duration = Duration::from_millis(1);
const TOO_MUCH: u32 = 4;

/// The most threads of a team.
pub(crate) const MOST: usize = smallbatch_base::limits::MOST_STEP_THREADS;

type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// The calling thread and some that wait for it. They are ended when it is dropped.
pub(crate) struct Team {
    /// None for a team of one, which costs nothing.
    shared: Option<Arc<Shared>>,
    workers: Vec<JoinHandle<()>>,
    /// How many take part, the calling thread included.
    at_work: usize,
    gives_up: bool,
    /// When the first wait that the report counts began.
    waits_since: Option<Instant>,
    report: Report,
}

/// What the others cost for some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// How long the calling thread waited, beyond what it spins, for threads in the middle of an item.
    pub(crate) waited: Duration,
    /// How often work was offered, and how often some thread did not come for it.
    pub(crate) n_rounds: u32,
    pub(crate) n_missed: u32,
}

impl Report {
    /// Whether mostly some thread did not come.
    pub(crate) fn is_missed(&self) -> bool {
        2 * self.n_missed > self.n_rounds
    }
}

/// Lines of cache of its own: the writer of one flag must not disturb the readers of another. (Two, which processors fetch
/// together.)
#[repr(align(128))]
struct Line<T>(T);

struct Shared {
    members: Vec<Line<Member>>,
    /// What the first panic of a round said.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// A worker, as it and the calling thread see it.
struct Member {
    /// One of the words below.
    state: AtomicU8,
    sleeps: AtomicBool,
    /// What is offered. It is there from before the offer until the worker that has checked in takes it out, or the calling
    /// thread does when it has taken the offer back.
    work: Mutex<Option<&'static Work<'static>>>,
}

/// Nothing is offered, and the worker has done what was. The worker writes it when it is done, and the calling thread when it
/// takes an offer back.
const IDLE: u8 = 0;
/// The calling thread writes it.
const OFFERED: u8 = 1;
/// The worker has checked in. It writes this, over an offer that still stands. (A worker that has not begun is in this state.)
const TAKEN: u8 = 2;
/// The team ends.
const ENDED: u8 = 3;

impl Team {
    /// The calling thread and up to `n_threads - 1` others: no more than the processor has room for, or the system gives.
    pub(crate) fn new(n_threads: usize) -> Self {
        let n_workers = n_threads.min(MOST).saturating_sub(1);
        if n_workers == 0 {
            return Self::with_workers(0);
        }
        let room = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_workers(n_workers.min(room - 1))
    }

    /// The calling thread and so many others, if the system gives them.
    fn with_workers(n_workers: usize) -> Self {
        if n_workers == 0 {
            return Self {
                shared: None,
                workers: Vec::new(),
                at_work: 1,
                gives_up: false,
                waits_since: None,
                report: Report::default(),
            };
        }
        let member = || {
            Line(Member {
                state: AtomicU8::new(TAKEN),
                sleeps: AtomicBool::new(false),
                work: Mutex::new(None),
            })
        };
        let shared = Arc::new(Shared {
            members: (0..n_workers).map(|_| member()).collect(),
            panic: Mutex::new(None),
        });
        let spawn = |worker: usize| {
            let shared = Arc::clone(&shared);
            Builder::new()
                .name(format!("smallbatch-{}", worker + 1))
                .spawn(move || shared.serve(worker))
                .ok()
        };
        let workers: Vec<_> = (0..n_workers).map_while(spawn).collect();
        // A thread that begins allocates: after this none does.
        for member in &shared.members[..workers.len()] {
            member.0.wait();
        }
        Self {
            shared: Some(shared),
            at_work: 1 + workers.len(),
            workers,
            gives_up: false,
            waits_since: None,
            report: Report::default(),
        }
    }

    /// How many threads there are, the calling one included.
    pub(crate) fn len(&self) -> usize {
        1 + self.workers.len()
    }

    /// How many of them take part.
    pub(crate) fn at_work(&self) -> usize {
        self.at_work
    }

    /// Lets so many take part from now on, and begins a report. From now on the team gives up where it waits for long: the calling
    /// thread works alone until this is called again, or until it has done so for longer than it waited.
    pub(crate) fn take_part(&mut self, n_threads: usize) {
        self.at_work = n_threads.clamp(1, self.len());
        self.gives_up = true;
        self.waits_since = None;
        self.report = Report::default();
    }

    /// Whether the calling thread had better work alone for now.
    fn has_given_up(&self) -> bool {
        let waited = self.report.waited;
        self.gives_up
            && waited > TOO_LONG
            && self
                .waits_since
                .is_some_and(|since| waited > since.elapsed() / TOO_MUCH)
    }

    /// What the others cost since then.
    pub(crate) fn report(&self) -> Report {
        self.report
    }

    /// `work(item)` for every item, on as many threads as take part: the first on the calling one, the second on the
    /// second and so on, and round again; those whose thread does not come in time on another. On the calling thread alone
    /// where `is_worth_it` is false. Does not allocate.
    pub(crate) fn each<I: Send>(
        &mut self,
        is_worth_it: bool,
        items: impl ExactSizeIterator<Item = I>,
        work: impl Fn(I) + Sync,
    ) {
        self.each_on(is_worth_it, items, |_, item| work(item));
    }

    /// The same where the work is told which thread does it: the calling one is 0, and each number is less than that of the
    /// items.
    pub(crate) fn each_on<I: Send>(
        &mut self,
        is_worth_it: bool,
        items: impl ExactSizeIterator<Item = I>,
        work: impl Fn(usize, I) + Sync,
    ) {
        if !is_worth_it || self.at_work == 1 || items.len() < 2 || self.has_given_up() {
            items.for_each(|item| work(0, item));
        } else if items.len() <= 2 {
            self.share::<2, I>(items, &work);
        } else if items.len() <= 8 {
            self.share::<8, I>(items, &work);
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
        work: &(impl Fn(usize, I) + Sync),
    ) {
        let mut slots: [Mutex<Option<I>>; N] = std::array::from_fn(|_| Mutex::new(None));
        let mut n_items = 0;
        for (slot, item) in slots.iter_mut().zip(items) {
            *slot.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(item);
            n_items += 1;
        }
        self.share_slots(&slots[..n_items], work);
    }

    /// The same, compiled once for all N.
    fn share_slots<I: Send>(
        &mut self,
        slots: &[Mutex<Option<I>>],
        work: &(impl Fn(usize, I) + Sync),
    ) {
        let n_items = slots.len();
        let n_threads = self.at_work.min(n_items);
        let take = |thread: usize, slot: &Mutex<Option<I>>| {
            let item = locked(slot).take();
            if let Some(item) = item {
                work(thread, item);
            }
        };
        let what_is_left = |thread: usize| slots.iter().for_each(|slot| take(thread, slot));
        let own = |thread: usize| {
            for slot in slots.iter().skip(thread).step_by(n_threads) {
                take(thread, slot);
            }
            // With one item each there is nothing to look for: a line of cache would come over in vain.
            if n_items > n_threads {
                what_is_left(thread);
            }
        };
        self.run(n_threads, &own, || what_is_left(0));
    }

    /// `work(thread)` on some threads, 0 being the calling one, which it calls in any case; and once on each other that comes
    /// before that has returned. Where one has not come, `rest` follows. Returns when all that came are done.
    ///
    /// # Panics
    /// With what `work` panicked with on any of them.
    fn run(&mut self, n_threads: usize, work: &Work<'_>, rest: impl FnOnce()) {
        let Some(shared) = &self.shared else {
            return work(0);
        };
        // What a worker left when the calling thread panicked as well.
        if let Ok(mut panic) = shared.panic.lock() {
            *panic = None;
        }
        let workers = &self.workers[..self.workers.len().min(n_threads - 1)];
        #[allow(unsafe_code)]
        // SAFETY: only the lifetimes of a reference are changed, so this is about how long it is used. Copies of it are in the
        // members' `work`, from where `Shared::serve` alone takes one to use it. It does so after it has changed the member's
        // state from OFFERED to TAKEN in one exchange, and it stores IDLE after its last use. When `offer` is dropped, which
        // is before this function, and with it the borrow, ends, whether `work` returns here or unwinds, it changes each state
        // that is still OFFERED to IDLE, in one exchange too, so that no worker can check in any more, and blocks until each
        // that is TAKEN is IDLE. States are only set to OFFERED by `Offer::new`, for the reference that it is given. So no
        // copy is used once the borrow has ended.
        let work_of_any_lifetime =
            unsafe { std::mem::transmute::<&Work<'_>, &'static Work<'static>>(work) };
        let waited = self.report.waited;
        let offer = Offer::new(shared, workers, work_of_any_lifetime, &mut self.report);
        work(0);
        if !offer.withdraw() {
            offer.report.n_missed += 1;
            rest();
        }
        drop(offer);
        let wait = self.report.waited - waited;
        if !wait.is_zero() && self.waits_since.is_none() {
            self.waits_since = Instant::now().checked_sub(wait);
        }
        let panic = locked(&shared.panic).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            for (member, worker) in shared.members.iter().zip(&self.workers) {
                member.0.tell(ENDED, worker);
            }
        }
        for worker in self.workers.drain(..) {
            // A worker catches what its work panics with, so there is nothing to be told here.
            let _ = worker.join();
        }
    }
}

/// Work that was offered to some workers. When it is dropped, even where the calling thread's own part panics, those that have
/// not begun never will, and those that have are waited for.
struct Offer<'a> {
    members: &'a [Line<Member>],
    report: &'a mut Report,
}

impl<'a> Offer<'a> {
    fn new(
        shared: &'a Shared,
        workers: &[JoinHandle<()>],
        work: &'static Work<'static>,
        report: &'a mut Report,
    ) -> Self {
        let members = &shared.members[..workers.len()];
        report.n_rounds += 1;
        // Before the first offer: from then on there must be somebody who waits.
        let offer = Self { members, report };
        for (member, worker) in members.iter().zip(workers) {
            *locked(&member.0.work) = Some(work);
            member.0.tell(OFFERED, worker);
        }
        offer
    }

    /// Takes the offer back from those who have not checked in; whether there were none.
    fn withdraw(&self) -> bool {
        let mut all_came = true;
        for member in self.members {
            all_came &= !member.0.withdraw();
        }
        all_came
    }
}

impl Drop for Offer<'_> {
    fn drop(&mut self) {
        // A second time is in vain, but where the work has panicked there was no first.
        self.withdraw();
        for member in self.members {
            self.report.waited += member.0.wait();
        }
    }
}

/// Counts looks, so that the clock is read seldom, and not at all where the wait is short.
#[derive(Default)]
struct Patience {
    looks: u32,
    since: Option<Instant>,
    is_over: bool,
}

impl Patience {
    /// Lets a little time go by, and says whether [`PATIENCE`] has.
    fn is_over(&mut self) -> bool {
        std::hint::spin_loop();
        self.looks += 1;
        if !self.is_over && self.looks.is_multiple_of(LOOKS) {
            match self.since {
                None => self.since = Some(Instant::now()),
                Some(since) => self.is_over = since.elapsed() > PATIENCE,
            }
        }
        self.is_over
    }

    /// How long the wait was, where patience is over.
    fn beyond(&self) -> Duration {
        self.since
            .filter(|_| self.is_over)
            .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// What a panic left is whole: nothing here is changed in two steps.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Member {
    /// Changes the state from the calling thread's side, and wakes the worker.
    fn tell(&self, state: u8, worker: &JoinHandle<()>) {
        // Each side writes before it reads, and both in the one order of SeqCst: either the worker sees the new state
        // before it sleeps, or it is seen to sleep here.
        self.state.store(state, Ordering::SeqCst);
        if self.sleeps.load(Ordering::SeqCst) {
            worker.thread().unpark();
        }
    }

    /// Takes an offer back; whether it still stood.
    fn withdraw(&self) -> bool {
        // Looked at first: an exchange would take the line away from a worker that is busy.
        let was_offered = self.state.load(Ordering::Acquire) == OFFERED
            && self
                .state
                .compare_exchange(OFFERED, IDLE, Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        if was_offered {
            *locked(&self.work) = None;
        }
        was_offered
    }

    /// Waits for a worker that has checked in, and says for how long, if that was longer than it spins.
    fn wait(&self) -> Duration {
        let mut patience = Patience::default();
        while self.state.load(Ordering::Acquire) == TAKEN {
            if patience.is_over() {
                std::thread::yield_now();
            }
        }
        patience.beyond()
    }

    /// Waits for an offer and checks in; false when the team ends.
    fn check_in(&self) -> bool {
        loop {
            let mut patience = Patience::default();
            while !patience.is_over() {
                match self.state.load(Ordering::Acquire) {
                    ENDED => return false,
                    OFFERED
                        if self
                            .state
                            .compare_exchange(OFFERED, TAKEN, Ordering::AcqRel, Ordering::Acquire)
                            .is_ok() =>
                    {
                        return true;
                    }
                    _ => {}
                }
            }
            self.sleeps.store(true, Ordering::SeqCst);
            // An exchange of the state for itself reads the latest one. A load would do, by the one order of SeqCst; but where the latest
            // but one was written by an operation that is not of that order, Miri lets it be read, and the worker sleeps for ever.
            let latest =
                self.state
                    .compare_exchange(IDLE, IDLE, Ordering::SeqCst, Ordering::SeqCst);
            if latest.is_ok() {
                std::thread::park();
            }
            // Woken, it spins again, even where the offer was taken back meanwhile: another follows, and to be woken for each
            // would cost the calling thread more than its work.
            self.sleeps.store(false, Ordering::SeqCst);
        }
    }
}

impl Shared {
    /// What a worker does until the team ends.
    fn serve(&self, worker: usize) {
        let member = &self.members[worker].0;
        // It was made as one that has work, which is to begin.
        member.state.store(IDLE, Ordering::Release);
        while member.check_in() {
            let work = locked(&member.work).take();
            if let Some(work) = work
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(worker + 1)))
                && let Ok(mut first) = self.panic.lock()
            {
                first.get_or_insert(panic);
            }
            member.state.store(IDLE, Ordering::Release);
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
    /// With more threads than the processor has room for many come late, or in vain.
    #[test]
    fn each_item_is_worked_on_once_where_threads_come_late() {
        let mut team = Team::with_workers(7);
        let mut counts = [0_u64; 20];
        for round in 1..=ROUNDS / 10 {
            for n_items in [2, 5, 8, 20] {
                team.each_on(true, counts[..n_items].iter_mut(), |thread, count| {
                    assert!(thread < 8 && thread < n_items);
                    *count += 1;
                });
            }
            assert_eq!(counts[..2], [4 * round; 2]);
            assert_eq!(counts[8..], [round; 12]);
        }
        // Where there is room for all, or Miri's clock stands still for them, all may come.
        let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
        if n_cores < 8 && !cfg!(miri) {
            assert!(team.report().n_missed > 0);
        }
    }

    #[test]
    fn a_thread_that_does_not_come_is_not_waited_for() {
        let mut team = Team::new(2);
        let here = std::thread::current().id();
        let mut was_alone = false;
        for _ in 0..100 {
            // It sleeps by now, and takes longer to wake than there is to do.
            std::thread::sleep(10 * PATIENCE);
            let count = AtomicUsize::new(0);
            let elsewhere = AtomicUsize::new(0);
            team.each(true, 0..2, |_| {
                count.fetch_add(1, Ordering::Relaxed);
                if std::thread::current().id() != here {
                    elsewhere.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(count.into_inner(), 2);
            let report = team.report();
            assert!(!report.is_missed() || elsewhere.into_inner() == 0);
            was_alone |= report.is_missed();
            team.take_part(2);
        }
        assert!(was_alone || team.len() == 1);
    }

    #[test]
    #[cfg_attr(miri, ignore = "its clock jumps over the sleep")]
    fn a_team_gives_up_where_it_waited_long_and_tells() {
        // On a busy machine the calling thread may be the one that is put aside: then it has not waited, and tries again.
        let gave_up = (0..50).any(|_| {
            let mut team = Team::new(2);
            if team.len() == 1 {
                return true;
            }
            team.take_part(2);
            let has_begun = AtomicBool::new(false);
            team.each(true, 0..2, |item| {
                if item == 1 {
                    has_begun.store(true, Ordering::Release);
                    std::thread::sleep(3 * TOO_LONG);
                } else {
                    while !has_begun.load(Ordering::Acquire) {
                        std::thread::yield_now();
                    }
                }
            });
            let report = team.report();
            if report.waited <= TOO_LONG || report.n_missed > 0 {
                return false;
            }
            assert!(team.has_given_up());
            let here = std::thread::current().id();
            team.each(true, 0..2, |_| {
                assert_eq!(std::thread::current().id(), here);
            });
            // It has worked alone for longer than it waited.
            std::thread::sleep(3 * TOO_MUCH * report.waited);
            assert!(!team.has_given_up());
            team.take_part(2);
            assert_eq!((team.report(), team.at_work()), (Report::default(), 2));
            assert!(!team.has_given_up());
            true
        });
        assert!(gave_up);
    }

    /// The calling thread's item panics before the other thread has come: that finds nothing any more.
    #[test]
    fn a_panic_takes_the_offer_back() {
        let mut team = Team::new(2);
        for _ in 0..20 {
            std::thread::sleep(10 * PATIENCE);
            let count = AtomicUsize::new(0);
            let caught = catch_unwind(AssertUnwindSafe(|| {
                team.each(true, 0..2, |item| {
                    assert_ne!(item, 0, "the first");
                    count.fetch_add(1, Ordering::Relaxed);
                });
            }));
            assert!(caught.is_err());
            assert!(count.into_inner() <= 1);
        }
        team.each(true, 0..2, |_| {});
    }
}
