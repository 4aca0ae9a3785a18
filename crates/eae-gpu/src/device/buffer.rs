//! Device memory in size classes, reused after it is freed, within a budget of this crate. Some
//! drivers hand out more memory than they have, and the operating system kills the program when it
//! is accessed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Gpu;
use crate::{Error, Result};

/// Device memory. It returns to the pool when the last reference is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(super) wgpu: wgpu::Buffer,
    /// The size in bytes, a size class.
    size: u64,
    pool: Arc<Pool>,
}

/// A part of a buffer that a kernel can access, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) buffer: Arc<Buffer>,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

#[derive(Debug)]
pub(super) struct Pool {
    budget: u64,
    in_use: AtomicU64,
    free: Mutex<HashMap<u64, Vec<wgpu::Buffer>>>,
}

/// Memory that the CPU can read, with this number of bytes in use.
#[derive(Debug)]
pub(super) struct Staging {
    pub(super) wgpu: wgpu::Buffer,
    pub(super) used: u64,
    size: u64,
    pool: Arc<Pool>,
}

/// Number of free buffers kept per size class.
const MOST_FREE: usize = 8;

impl Pool {
    pub(super) fn new(budget: u64) -> Arc<Self> {
        Arc::new(Self { budget, in_use: AtomicU64::new(0), free: Mutex::default() })
    }

    pub(super) fn budget(&self) -> u64 {
        self.budget
    }

    pub(super) fn in_use(&self) -> u64 {
        self.in_use.load(Ordering::Relaxed)
    }

    fn free(&self) -> MutexGuard<'_, HashMap<u64, Vec<wgpu::Buffer>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves memory from the budget. Free buffers are released first if necessary.
    fn reserve(&self, bytes: u64) -> Result<()> {
        let fits = |in_use: u64| in_use.checked_add(bytes).filter(|&sum| sum <= self.budget);
        let reserve = || self.in_use.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).map(|_| ());
        if reserve().is_ok() {
            return Ok(());
        }
        let kept: u64 = self.free().drain().map(|(size, buffers)| size * buffers.len() as u64).sum();
        self.in_use.fetch_sub(kept, Ordering::Relaxed);
        reserve().map_err(|in_use| Error::OutOfMemory { bytes, in_use, budget: self.budget })
    }
}

/// Returns the smallest size class for a number of bytes: a power of two, or 1.5 times a power of
/// two.
fn class(bytes: u64) -> Option<u64> {
    let power = bytes.max(256).checked_next_power_of_two()?;
    Some(if bytes <= power / 4 * 3 { power / 4 * 3 } else { power })
}

impl Buffer {
    /// Returns the size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Gpu {
    /// Returns memory of at least this many bytes, with unspecified content.
    pub(crate) fn buffer(&self, bytes: u64) -> Result<Arc<Buffer>> {
        let inner = &*self.0;
        let limit = |need| Error::Limit { what: "a buffer", need, have: inner.limits.buffer };
        // If the size class would exceed the limit, use the exact size.
        let size = class(bytes)
            .filter(|&size| size <= inner.limits.buffer)
            .or(bytes.checked_next_multiple_of(4))
            .unwrap_or(u64::MAX);
        if size > inner.limits.buffer {
            return Err(limit(bytes));
        }
        let pool = &inner.pool;
        let free = pool.free().get_mut(&size).and_then(Vec::pop);
        let wgpu = match free {
            Some(buffer) => buffer,
            None => {
                pool.reserve(size)?;
                let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
                let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
                let made = inner.faults.guard(&inner.device, || inner.device.create_buffer(&descriptor));
                made.inspect_err(|_| {
                    pool.in_use.fetch_sub(size, Ordering::Relaxed);
                })?
            }
        };
        Ok(Arc::new(Buffer { wgpu, size, pool: Arc::clone(pool) }))
    }

    pub(super) fn staging(&self, bytes: u64) -> Result<Arc<Staging>> {
        let (device, pool) = (&self.0.device, &self.0.pool);
        let size = class(bytes).unwrap_or(bytes);
        pool.reserve(size)?;
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: Some("read"), size, usage, mapped_at_creation: false };
        let wgpu = device.create_buffer(&descriptor);
        Ok(Arc::new(Staging { wgpu, used: bytes, size, pool: Arc::clone(pool) }))
    }

    /// Writes to a buffer, before the next submission takes effect.
    pub(crate) fn write(&self, buffer: &Buffer, offset: u64, bytes: &[u8]) -> Result<()> {
        let inner = &*self.0;
        inner.faults.guard(&inner.device, || inner.queue.write_buffer(&buffer.wgpu, offset, bytes))?;
        self.count(|counts| &counts.uploaded, bytes.len() as u64);
        Ok(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut free = self.pool.free();
        let kept = free.entry(self.size).or_default();
        if kept.len() < MOST_FREE {
            kept.push(self.wgpu.clone());
        } else {
            self.pool.in_use.fetch_sub(self.size, Ordering::Relaxed);
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.pool.in_use.fetch_sub(self.size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_large_enough_and_waste_little() {
        for bytes in [1, 4, 256, 257, 384, 385, 1000, 1 << 20, (1 << 20) + 1] {
            let size = class(bytes).unwrap();
            assert!(size >= bytes && size.is_multiple_of(4) && (size <= 256 || size < 2 * bytes), "{bytes}: {size}");
        }
        assert_eq!(class(u64::MAX), None);
    }

    #[test]
    fn memory_is_reused_and_limited() {
        let gpu = Gpu::noop();
        let first = gpu.buffer(1000).unwrap();
        let in_use = gpu.memory();
        assert_eq!(in_use, 1024);
        drop(first);
        let _again = gpu.buffer(900).unwrap();
        assert_eq!(gpu.memory(), in_use);
        assert!(matches!(gpu.buffer(u64::MAX), Err(Error::Limit { .. })));
        let pool = Pool::new(1000);
        pool.reserve(900).unwrap();
        assert_eq!(pool.reserve(101), Err(Error::OutOfMemory { bytes: 101, in_use: 900, budget: 1000 }));
    }
}
