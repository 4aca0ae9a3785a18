//! The device. This is the only module that uses wgpu, because its interface changes every few
//! months.
//!
//! - `adapters`: listing and opening adapters;
//! - `buffer`: memory in size classes, within a budget;
//! - `pipeline`: compiled kernels, each variant once;
//! - `program`: recorded work, created once and run often;
//! - `read`: downloads, with a time limit;
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

/// An open device. Clones share the device, and several threads may use it.
#[derive(Clone)]
pub struct Gpu(Arc<Inner>);

struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    adapter: Adapter,
    limits: Limits,
    /// True if kernels can be timed.
    timestamps: bool,
    /// The alignment, in bytes, of the beginning of a kernel's view of a buffer.
    alignment: u64,
    /// The longest wait for an answer.
    patience: Duration,
    faults: fault::Faults,
    pool: Arc<buffer::Pool>,
    pipelines: pipeline::Pipelines,
    /// Uniforms of recordings that are run once. They are written and submitted under one lock,
    /// because a write to a buffer takes effect before the next submission, of any thread.
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

/// Counters of the work of a device since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Number of kernels run.
    pub dispatches: u64,
    /// Number of submissions.
    pub submissions: u64,
    /// Number of bytes uploaded.
    pub uploaded: u64,
    /// Number of bytes downloaded.
    pub downloaded: u64,
    /// Number of kernels compiled.
    pub pipelines: u64,
}

impl Counts {
    /// Returns the difference to the earlier counters `before`.
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
    /// Returns the adapter.
    pub fn adapter(&self) -> &Adapter {
        &self.0.adapter
    }

    /// Returns the limits with which the device was opened.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Returns the counters.
    pub fn counts(&self) -> Counts {
        let Counters { dispatches, submissions, uploaded, downloaded, pipelines } = &self.0.counts;
        let [dispatches, submissions, uploaded, downloaded, pipelines] =
            [dispatches, submissions, uploaded, downloaded, pipelines].map(|count| count.load(Ordering::Relaxed));
        Counts { dispatches, submissions, uploaded, downloaded, pipelines }
    }

    /// Returns the number of bytes of device memory that are in use or reserved for reuse.
    pub fn memory(&self) -> u64 {
        self.0.pool.in_use()
    }

    /// Checks that the device can still be used.
    ///
    /// # Errors
    ///
    /// The first error of the device, if there was one.
    pub fn check(&self) -> Result<()> {
        self.0.faults.check()
    }

    /// Gives up the device: every later operation returns [`Error::Lost`]. This simulates a driver
    /// reset.
    pub fn destroy(&self) {
        self.0.faults.set(Error::Lost("the program gave it up".to_owned()));
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
