//! Downloads. They are requested together with the work that computes the data and awaited when the
//! data are needed, with a time limit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use super::Gpu;
use super::buffer::{Part, Staging};
use crate::{Error, Result};

/// Bytes that are being downloaded.
#[derive(Debug)]
pub(crate) struct Pending {
    gpu: Gpu,
    staging: Arc<Staging>,
    mapped: Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
    submission: wgpu::SubmissionIndex,
}

impl Pending {
    pub(super) fn new(gpu: &Gpu, staging: Arc<Staging>, submission: wgpu::SubmissionIndex) -> Self {
        let (send, mapped) = channel();
        staging.wgpu.map_async(wgpu::MapMode::Read, ..staging.used, move |result| {
            // The receiver may be gone.
            let _ = send.send(result);
        });
        Self { gpu: gpu.clone(), staging, mapped, submission }
    }

    /// Waits for the bytes.
    ///
    /// # Errors
    ///
    /// If the device is lost, or does not answer in time.
    pub(crate) fn wait(self) -> Result<Vec<u8>> {
        let Self { gpu, staging, mapped, submission } = self;
        let inner = &*gpu.0;
        let poll = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(inner.patience) };
        let polled = inner.device.poll(poll);
        inner.faults.check()?;
        match polled {
            Ok(_) => {}
            Err(wgpu::PollError::Timeout) => return Err(Error::Timeout(inner.patience.as_secs())),
            Err(e) => return Err(Error::Lost(e.to_string())),
        }
        // Another thread that polls may be about to deliver the result.
        match mapped.recv_timeout(inner.patience) {
            Ok(Ok(())) => {}
            Err(RecvTimeoutError::Timeout) => return Err(Error::Timeout(inner.patience.as_secs())),
            _ => return Err(Error::Lost("a download was never completed".to_owned())),
        }
        let bytes = match staging.wgpu.get_mapped_range(..staging.used) {
            Ok(view) => view.to_vec(),
            Err(e) => return Err(Error::Lost(e.to_string())),
        };
        staging.wgpu.unmap();
        gpu.count(|counts| &counts.downloaded, bytes.len() as u64);
        Ok(bytes)
    }
}

impl Gpu {
    /// Downloads a part of a buffer after all previous work is done.
    pub(crate) fn read(&self, part: &Part) -> Result<Vec<u8>> {
        let pending = self.record().submit_and_read(Some(part))?;
        pending.expect("a part is read").wait()
    }

    pub(super) fn stage(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        from: &wgpu::Buffer,
        offset: u64,
        bytes: u64,
    ) -> Result<Arc<Staging>> {
        let staging = self.staging(bytes)?;
        encoder.copy_buffer_to_buffer(from, offset, &staging.wgpu, 0, bytes);
        Ok(staging)
    }
}
