//! The device, and the only place that knows wgpu: it changes its interface every few months, so it
//! is kept in one module.
//!
//! - `adapters`: which there are, and opening one;
//! - `buffer`: memory, by size classes and within a budget;
//! - `pipeline`: kernels compiled, each variant once;
//! - `program`: what is to be done, made once and run often;
//! - `read`: what comes back, with a limit on how long that may take;
//! - `fault`: errors as values.

mod adapters;
mod buffer;
mod fault;
mod pipeline;
mod program;
mod read;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{Adapter, Error, Limits, Result};

pub use adapters::adapters;
pub(crate) use buffer::{Buffer, Part};
pub(crate) use program::{MOST_WORK, Program, Recording};

/// An open device. Clones share it; it may be used from several threads.
#[derive(Clone)]
pub struct Gpu(Arc<Inner>);

struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    adapter: Adapter,
    limits: Limits,
    /// Whether kernels can be timed.
    timestamps: bool,
    /// The alignment, in bytes, of where a kernel's view of a buffer may begin.
    alignment: u64,
    /// How long to wait for an answer.
    patience: Duration,
    faults: fault::Faults,
    pool: Arc<buffer::Pool>,
    pipelines: pipeline::Pipelines,
    /// Uniforms of recordings that are run once. Written and submitted under one lock: whatever is
    /// written to a buffer takes effect before the next submission, whosever that is.
    uniforms: Mutex<Option<wgpu::Buffer>>,
    counts: Counters,
}

#[derive(Default)]
struct Counters {
    dispatches: AtomicU64,
    submissions: AtomicU64,
    uploaded: AtomicU64,
    downloaded: AtomicU64,
    pipelines: AtomicU64,
}

/// What a device has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Kernels run.
    pub dispatches: u64,
    /// Times that work was handed over.
    pub submissions: u64,
    /// Bytes to the device.
    pub uploaded: u64,
    /// Bytes from the device.
    pub downloaded: u64,
    /// Kernels compiled.
    pub pipelines: u64,
}

impl Counts {
    /// What has been done since `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            dispatches: self.dispatches - before.dispatches,
            submissions: self.submissions - before.submissions,
            uploaded: self.uploaded - before.uploaded,
            downloaded: self.downloaded - before.downloaded,
            pipelines: self.pipelines - before.pipelines,
        }
    }
}

impl Gpu {
    /// What it is.
    pub fn adapter(&self) -> &Adapter {
        &self.0.adapter
    }

    /// What it can do, as it was opened.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// What it has done.
    pub fn counts(&self) -> Counts {
        let Counters { dispatches, submissions, uploaded, downloaded, pipelines } = &self.0.counts;
        let [dispatches, submissions, uploaded, downloaded, pipelines] =
            [dispatches, submissions, uploaded, downloaded, pipelines].map(|count| count.load(Ordering::Relaxed));
        Counts { dispatches, submissions, uploaded, downloaded, pipelines }
    }

    /// Bytes of its memory in use, or kept for the next use.
    pub fn memory(&self) -> u64 {
        self.0.pool.in_use()
    }

    /// Whether it can still be used.
    ///
    /// # Errors
    ///
    /// What has happened to it.
    pub fn check(&self) -> Result<()> {
        self.0.faults.check()
    }

    /// Gives the device up: from now on every operation ends in [`Error::Lost`]. It is what a
    /// driver that resets does.
    pub fn destroy(&self) {
        self.0.faults.set(Error::Lost("it was given up".to_owned()));
        self.0.device.destroy();
    }

    fn count(&self, counter: impl Fn(&Counters) -> &AtomicU64, by: u64) {
        counter(&self.0.counts).fetch_add(by, Ordering::Relaxed);
    }
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gpu").field(&self.0.adapter.name).finish()
    }
}
