use std::collections::VecDeque;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use autodiff_mini::{Parts, Shared};

/// The threads of one process that compute shards of a batch, and the thread that started them.
///
/// The threads bring numbers in rounds. When all have brought theirs, the thread that started them
/// takes them, gathers those of other processes, and answers.
#[derive(Debug)]
pub(super) struct Meeting {
    state: Mutex<State>,
    /// All numbers are there, or all threads have ended.
    complete: Condvar,
    /// There is an answer or a shared result, or a thread has ended.
    answered: Condvar,
    threads: usize,
}

struct State {
    /// The numbers of the current round, of each thread.
    brought: Vec<Option<Vec<f64>>>,
    /// Number of rounds with an answer, and the last answer.
    rounds: usize,
    answer: Arc<[Vec<f64>]>,
    /// Results of the first thread, with the number of threads that have not taken them yet.
    shared: VecDeque<(Shared, usize)>,
    /// Number of shared results that all threads have taken.
    taken: usize,
    ended: usize,
    first_has_ended: bool,
    is_abandoned: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("rounds", &self.rounds).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// Unwinds a thread that waits for others in vain. It is no panic, so no hook is called.
pub(super) struct Abandoned;

/// The state in which all threads wait or have ended.
pub(super) enum Met {
    /// All have brought numbers.
    Numbers(Vec<Vec<f64>>),
    /// All have ended.
    Ended,
    /// Some have ended, and others wait for them.
    Torn,
}

impl Meeting {
    pub(super) fn new(threads: usize) -> Self {
        let state = State {
            brought: vec![None; threads],
            rounds: 0,
            answer: Arc::default(),
            shared: VecDeque::new(),
            taken: 0,
            ended: 0,
            first_has_ended: false,
            is_abandoned: false,
        };
        Self { state: Mutex::new(state), complete: Condvar::new(), answered: Condvar::new(), threads }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that holds the lock does not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for all threads.
    pub(super) fn wait(&self) -> Met {
        let mut state = self.state();
        loop {
            let waiting = state.brought.iter().flatten().count();
            if waiting + state.ended == self.threads {
                return match (waiting, state.ended) {
                    (0, _) => Met::Ended,
                    (_, 0) => Met::Numbers(
                        state.brought.iter_mut().map(|numbers| numbers.take().unwrap_or_default()).collect(),
                    ),
                    _ => Met::Torn,
                };
            }
            state = self.complete.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives all threads the numbers of all shards.
    pub(super) fn answer(&self, all: Arc<[Vec<f64>]>) {
        let mut state = self.state();
        (state.answer, state.rounds) = (all, state.rounds + 1);
        self.answered.notify_all();
    }

    /// Ends all threads that wait.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        state.is_abandoned = true;
        state.brought.fill(None);
        self.answered.notify_all();
    }

    fn end(&self, place: usize) {
        let mut state = self.state();
        state.ended += 1;
        state.first_has_ended |= place == 0;
        self.complete.notify_one();
        self.answered.notify_all();
    }

    /// Waits until `find` finds something.
    fn until<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut state = self.state();
        loop {
            if let Some(found) = find(&mut state) {
                return found;
            }
            if state.is_abandoned {
                drop(state);
                resume_unwind(Box::new(Abandoned));
            }
            state = self.answered.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// One of the threads.
#[derive(Debug)]
pub(super) struct Member {
    meeting: Arc<Meeting>,
    /// The number of the thread in this process, and that of its shard.
    place: usize,
    shard: usize,
    /// Number of shared results that the thread has asked for.
    calls: AtomicUsize,
}

impl Member {
    pub(super) fn new(meeting: &Arc<Meeting>, place: usize, shard: usize) -> Self {
        Self { meeting: Arc::clone(meeting), place, shard, calls: AtomicUsize::new(0) }
    }

    /// Returns a guard that tells the others when the thread ends, even by a panic.
    pub(super) fn attend(&self) -> impl Drop + use<'_> {
        struct Attendance<'m>(&'m Member);
        impl Drop for Attendance<'_> {
            fn drop(&mut self) {
                self.0.meeting.end(self.0.place);
            }
        }
        Attendance(self)
    }
}

impl Parts for Member {
    fn part(&self) -> usize {
        self.shard
    }

    fn gather(&self, numbers: Vec<f64>) -> Arc<[Vec<f64>]> {
        let meeting = &self.meeting;
        let round = {
            let mut state = meeting.state();
            state.brought[self.place] = Some(numbers);
            meeting.complete.notify_one();
            state.rounds
        };
        meeting.until(|state| (state.rounds > round).then(|| Arc::clone(&state.answer)))
    }

    /// The first thread works and goes on, the others wait for its result.
    fn once(&self, work: &mut dyn FnMut() -> Shared) -> Shared {
        let meeting = &self.meeting;
        let others = meeting.threads - 1;
        if self.place == 0 {
            let result = work();
            if others > 0 {
                meeting.state().shared.push_back((Arc::clone(&result), others));
                meeting.answered.notify_all();
            }
            return result;
        }
        let call = self.calls.fetch_add(1, Relaxed);
        meeting.until(|state| {
            let at = call - state.taken;
            let Some((result, left)) = state.shared.get_mut(at) else {
                // The first thread will not have one any more.
                state.is_abandoned |= state.first_has_ended;
                return None;
            };
            let result = Arc::clone(result);
            *left -= 1;
            if *left == 0 {
                // Each thread takes results in order, so the oldest is taken by all first.
                state.shared.pop_front();
                state.taken += 1;
            }
            Some(result)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a function on threads, and answers each round with the numbers of these threads.
    fn meet<T: Send>(
        threads: usize,
        function: impl Fn(&(dyn Parts + 'static)) -> T + Sync,
    ) -> Vec<std::thread::Result<T>> {
        let (meeting, function) = (Arc::new(Meeting::new(threads)), &function);
        std::thread::scope(|scope| {
            let start = |place| {
                let member = Member::new(&meeting, place, place);
                scope.spawn(move || {
                    let _attends = member.attend();
                    function(&member)
                })
            };
            let running: Vec<_> = (0..threads).map(start).collect();
            loop {
                match meeting.wait() {
                    Met::Numbers(numbers) => meeting.answer(numbers.into()),
                    Met::Torn => meeting.abandon(),
                    Met::Ended => break,
                }
            }
            running.into_iter().map(|thread| thread.join()).collect()
        })
    }

    #[test]
    fn numbers_and_results_arrive_in_order() {
        for threads in [1, 2, 5] {
            let found = meet(threads, |parts| {
                let mut sums = Vec::new();
                for round in 0..50 {
                    let all = parts.gather(vec![(10 * round + parts.part()) as f64; parts.part()]);
                    assert!(all.iter().enumerate().all(|(part, numbers)| numbers.len() == part));
                    sums.push(all.iter().flatten().sum::<f64>());
                    // The first thread can be several results ahead of the others.
                    let shared: Vec<_> = (0..3).map(|i| parts.share(|| (round, i, parts.part()))).collect();
                    assert!((0..3).all(|i| *shared[i] == (round, i, 0)));
                }
                sums
            });
            let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
            assert!(found.iter().all(|sums| *sums == found[0]));
        }
    }

    #[test]
    fn threads_that_wait_in_vain_end() {
        for leaves in 0..3 {
            for share in [false, true] {
                let found = meet(3, |parts| {
                    parts.gather(vec![1.0]);
                    if parts.part() == leaves {
                        return 0;
                    }
                    if share { *parts.share(|| 7) } else { parts.gather(vec![2.0]).len() }
                });
                for (part, result) in found.into_iter().enumerate() {
                    // Only the first thread has results for others.
                    let expected = if part == leaves { Some(0) } else { (share && leaves > 0).then_some(7) };
                    assert_eq!(result.ok(), expected, "{part}, {leaves}");
                }
            }
        }
    }
}
