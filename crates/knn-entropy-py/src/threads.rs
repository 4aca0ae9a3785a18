//! Threads for an estimate, without Python's global lock, and interrupts.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use knn_entropy::{Auto, Boundary, Metric, NeighborSearch, Neighbors, Samples, SearchTask, Visit};
use ndarray::Array2;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::{PyErr, PyResult, Python, pyfunction};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Time between two looks for signals such as Ctrl-C.
const POLL: Duration = Duration::from_millis(50);

/// Number of idle pools that are kept for later calls.
const KEPT: usize = 4;

/// A pool without work, and the process that started its threads.
struct Idle {
    process: u32,
    pool: ThreadPool,
}

/// Pools for later calls, because starting threads takes longer than an estimate of a few rows.
///
/// Each call has a pool to itself. A forked process has none of the threads of its parent, so it
/// leaves the pools of its parent alone. The lock is only ever tried: if the process was forked
/// while another thread held it, it stays locked.
static IDLE: Mutex<Vec<Idle>> = Mutex::new(Vec::new());

/// Returns the number of threads that this process can use, as the operating system reports it.
#[pyfunction]
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn take(threads: usize) -> PyResult<ThreadPool> {
    if let Ok(mut idle) = IDLE.try_lock() {
        let (ours, foreign): (Vec<Idle>, Vec<Idle>) = idle.drain(..).partition(|idle| idle.process == process::id());
        *idle = ours;
        foreign.into_iter().for_each(std::mem::forget);
        if let Some(place) = idle.iter().position(|idle| idle.pool.current_num_threads() == threads) {
            return Ok(idle.swap_remove(place).pool);
        }
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|_| "knn-entropy".to_owned()).build();
    pool.map_err(|error| {
        PyRuntimeError::new_err(format!("cannot start {threads} threads: {error}; use a smaller n_jobs"))
    })
}

fn give_back(pool: ThreadPool) {
    if let Ok(mut idle) = IDLE.try_lock()
        && idle.len() < KEPT
    {
        idle.push(Idle { process: process::id(), pool });
    }
}

/// Runs `work` on a pool of `threads` threads without Python's global lock.
///
/// Meanwhile, the calling thread looks for signals. If a signal handler raises an exception, as
/// Ctrl-C does, the search that was passed to `work` stops at its next row, and the exception is
/// returned.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    threads: usize,
    work: impl FnOnce(&dyn NeighborSearch) -> knn_entropy::Result<T> + Send,
) -> PyResult<T> {
    run_with(py, threads, &Auto, work)
}

/// Runs `work` like [`run`], with a chosen search.
pub(crate) fn run_with<T: Send>(
    py: Python<'_>,
    threads: usize,
    search: &'static dyn NeighborSearch,
    work: impl FnOnce(&dyn NeighborSearch) -> knn_entropy::Result<T> + Send,
) -> PyResult<T> {
    let pool = take(threads)?;
    let search = Stoppable { search, stop: AtomicBool::new(false) };
    let (outcome, interrupt) = py.detach(|| {
        let (sender, receiver) = channel();
        pool.in_place_scope(|scope| {
            let search = &search;
            scope.spawn(move |_| {
                let outcome = catch_unwind(AssertUnwindSafe(|| work(search)));
                // The receiver waits for this message.
                sender.send(outcome).ok();
            });
            let mut interrupt = None;
            loop {
                match receiver.recv_timeout(POLL) {
                    Ok(outcome) => return (outcome, interrupt),
                    Err(RecvTimeoutError::Timeout) if interrupt.is_none() => {
                        interrupt = Python::attach(|py| py.check_signals()).err();
                        search.stop.store(interrupt.is_some(), Relaxed);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => unreachable!("the work sends its outcome"),
                }
            }
        })
    });
    give_back(pool);
    match (outcome, interrupt) {
        (_, Some(error)) => Err(error),
        (Ok(result), None) => result.map_err(value_error),
        (Err(panic), None) => resume_unwind(panic),
    }
}

/// Converts an error of the crate. Names of Rust in its text become names of Python.
pub(crate) fn value_error(error: knn_entropy::Error) -> PyErr {
    const NAMES: [(&str, &str); 5] = [
        ("`ClosePoints::Floor`", "`floor`"),
        ("`Ties::Count`", "`ties='count'`"),
        ("`Ties::Dither`", "`ties='dither'`"),
        ("`SharedRows::LeaveOut`", "`shared_rows='leave_out'`"),
        ("; pass it to `PermutationTest::orders_given`", "; pass it as `z`"),
    ];
    let text = NAMES.iter().fold(error.to_string(), |text, (rust, python)| text.replace(rust, python));
    PyValueError::new_err(with_n_neighbors(&text))
}

/// Replaces the word `k` by the name of its parameter.
fn with_n_neighbors(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let replaced = text.split_inclusive(|c: char| !is_word(c)).map(|word| match word.strip_prefix('k') {
        Some(rest) if !rest.starts_with(is_word) => format!("n_neighbors{rest}"),
        _ => word.to_owned(),
    });
    replaced.collect()
}

/// The payload of the unwinding that ends a search.
struct Interrupted;

/// Error of counts after an interrupt. Tests with many surrogates end at the first error.
const STOPPED: knn_entropy::Error = knn_entropy::Error::NoSurrogates;

/// A search that can be stopped.
///
/// Until then, it returns the neighbors of the search that it wraps. Afterwards, its results have
/// no meaning, and [`run`] returns the exception that stopped it instead.
#[derive(Debug)]
pub(crate) struct Stoppable {
    search: &'static dyn NeighborSearch,
    stop: AtomicBool,
}

impl Stoppable {
    fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }
}

impl NeighborSearch for Stoppable {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        let (rows, k) = (task.queries().len(), task.k());
        if self.is_stopped() {
            return Neighbors::new(Array2::zeros((rows, k)), Array2::zeros((rows, k)));
        }
        // Each row is written by one thread.
        let indices: Vec<AtomicUsize> = vec![0; rows * k].into_iter().map(AtomicUsize::new).collect();
        let distances: Vec<AtomicU64> = vec![0; rows * k].into_iter().map(AtomicU64::new).collect();
        self.find_each(task, &|row, near, radii| {
            for (j, (&index, radius)) in near.iter().zip(radii).enumerate() {
                indices[row * k + j].store(index, Relaxed);
                distances[row * k + j].store(radius.to_bits(), Relaxed);
            }
        });
        let indices = indices.into_iter().map(AtomicUsize::into_inner).collect();
        let distances = distances.into_iter().map(|bits| f64::from_bits(bits.into_inner())).collect();
        let shape = "there are k neighbors for each row";
        Neighbors::new(
            Array2::from_shape_vec((rows, k), indices).expect(shape),
            Array2::from_shape_vec((rows, k), distances).expect(shape),
        )
    }

    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        if self.is_stopped() {
            return;
        }
        self.search.find_each(task, &|row, indices, distances| {
            if self.is_stopped() {
                // Only unwinding ends a search before its last row.
                let payload: Box<dyn Any + Send> = Box::new(Interrupted);
                resume_unwind(payload);
            }
            visit(row, indices, distances);
        });
    }

    fn count_among(
        &self,
        points: &Samples<'_>,
        radii: &[f64],
        boundary: Boundary,
        metric: Metric<'_>,
        window: usize,
    ) -> knn_entropy::Result<Vec<usize>> {
        if self.is_stopped() {
            return Err(STOPPED);
        }
        self.search.count_among(points, radii, boundary, metric, window)
    }

    fn count_shells(
        &self,
        points: &Samples<'_>,
        inner: &[f64],
        outer: &[f64],
        metric: Metric<'_>,
        window: usize,
    ) -> knn_entropy::Result<Vec<(usize, usize)>> {
        if self.is_stopped() {
            return Err(STOPPED);
        }
        self.search.count_shells(points, inner, outer, metric, window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_is_replaced() {
        let text = with_n_neighbors("k is 9, a ko is k; use k, 1 + k/2, `k` or a smaller k");
        let expected = "n_neighbors is 9, a ko is n_neighbors; use n_neighbors, 1 + n_neighbors/2, `n_neighbors` or a smaller \
                        n_neighbors";
        assert_eq!(text, expected);
    }
}
