//! Recorded work for the device, which is run once, or stored and run repeatedly.

use std::sync::{Arc, PoisonError};

use super::Gpu;
use super::buffer::Part;
use super::pipeline::Pipeline;
use super::read::Pending;
use crate::kernel::{Kernel, Params, groups};
use crate::{Error, Result};

/// Kernels to run in order. Each sees the writes of the previous ones.
#[derive(Debug)]
pub(crate) struct Recording<'g> {
    gpu: &'g Gpu,
    dispatches: Vec<Dispatch>,
}

#[derive(Debug)]
struct Dispatch {
    pipeline: Arc<Pipeline>,
    parts: Vec<Part>,
    params: Params,
    groups: [u32; 3],
    /// The estimated number of operations.
    work: u64,
}

/// A stored recording: everything is bound, and its uniforms are on the device.
#[derive(Debug)]
pub(crate) struct Program {
    gpu: Gpu,
    dispatches: Vec<Dispatch>,
    groups: Vec<wgpu::BindGroup>,
}

/// Distance between uniforms in bytes: the largest alignment that a device may require.
const SLOT: u64 = 256;
/// Largest number of kernels in one submission.
const MOST_DISPATCHES: usize = 512;
/// Largest number of operations in one submission, which take less than a second on a small device.
/// Drivers may reset a device after two seconds.
pub(crate) const MOST_WORK: u64 = 100_000_000_000;

impl Gpu {
    pub(crate) fn record(&self) -> Recording<'_> {
        Recording { gpu: self, dispatches: Vec::new() }
    }

    /// Returns the alignment, in bytes, of the beginning of a [`Part`].
    pub(crate) fn alignment(&self) -> u64 {
        self.0.alignment
    }
}

impl Recording<'_> {
    /// Adds a kernel with these parts as bindings, an estimate of its work, and a number of
    /// workgroups in each of some layers, whose index is `id.z`.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if the device does not support so many workgroups or such a large part.
    pub(crate) fn run(
        &mut self,
        kernel: &dyn Kernel,
        parts: &[Part],
        params: Params,
        [count, layers]: [usize; 2],
        work: u64,
    ) -> Result<()> {
        let Some([x, y, _]) = groups(count) else {
            return Err(Error::Limit { what: "a kernel's workgroups", need: count as u64, have: u32::MAX.into() });
        };
        let groups = [x, y, layers as u32];
        if groups.contains(&0) {
            return Ok(());
        }
        let pipeline = self.gpu.pipeline(kernel)?;
        assert_eq!(pipeline.bindings.len(), parts.len(), "the bindings of {kernel:?}");
        let have = self.gpu.limits().binding;
        if let Some(part) = parts.iter().find(|part| part.size > have) {
            return Err(Error::Limit { what: "a matrix that a kernel sees", need: part.size, have });
        }
        self.dispatches.push(Dispatch { pipeline, parts: parts.to_vec(), params, groups, work });
        Ok(())
    }

    /// Runs the recording in as few submissions as its work allows, without waiting.
    pub(crate) fn submit(self) -> Result<()> {
        self.submit_and_read(None).map(|_| ())
    }

    /// Runs the recording without waiting, and starts the download of a part of a buffer.
    pub(crate) fn submit_and_read(self, part: Option<&Part>) -> Result<Option<Pending>> {
        let inner = &*self.gpu.0;
        let mut uniforms = inner.uniforms.lock().unwrap_or_else(PoisonError::into_inner);
        if uniforms.is_none() {
            *uniforms = Some(inner.faults.guard(&inner.device, || uniform_buffer(&inner.device, MOST_DISPATCHES))?);
        }
        let buffer = uniforms.as_ref().expect("just made");
        let mut rest = &self.dispatches[..];
        loop {
            let (some, after) = rest.split_at(portion(rest));
            let part = if after.is_empty() { part } else { None };
            let pending = inner.faults.guard(&inner.device, || {
                inner.queue.write_buffer(buffer, 0, &uniform_bytes(some));
                let groups: Vec<_> = some.iter().map(|dispatch| bind(&inner.device, dispatch, buffer)).collect();
                self.gpu.encode(some, &groups, part, None)
            })??;
            if after.is_empty() {
                return Ok(pending);
            }
            rest = after;
        }
    }

    /// Stores the recording. Each run is one submission.
    pub(crate) fn keep(self) -> Result<Program> {
        let inner = &*self.gpu.0;
        let groups = inner.faults.guard(&inner.device, || {
            let uniforms = uniform_buffer(&inner.device, self.dispatches.len());
            inner.queue.write_buffer(&uniforms, 0, &uniform_bytes(&self.dispatches));
            self.dispatches.iter().map(|dispatch| bind(&inner.device, dispatch, &uniforms)).collect()
        })?;
        Ok(Program { gpu: self.gpu.clone(), dispatches: self.dispatches, groups })
    }
}

impl Program {
    /// Runs the program in one submission without waiting, and starts the download of a part of a
    /// buffer.
    pub(crate) fn run(&self, part: Option<&Part>) -> Result<Option<Pending>> {
        let inner = &*self.gpu.0;
        inner.faults.guard(&inner.device, || self.gpu.encode(&self.dispatches, &self.groups, part, None))?
    }

    /// Runs the program and waits. Returns the time on the device in seconds, if the device can
    /// measure it.
    pub(crate) fn time(&self) -> Result<Option<f64>> {
        let (inner, device) = (&*self.gpu.0, &self.gpu.0.device);
        if !inner.timestamps {
            let last = self.dispatches.last().and_then(|dispatch| dispatch.parts.last());
            self.run(last.map(|part| Part { size: 4, ..part.clone() }).as_ref())?.map(Pending::wait).transpose()?;
            return Ok(None);
        }
        let descriptor = wgpu::QuerySetDescriptor { label: None, ty: wgpu::QueryType::Timestamp, count: 2 };
        let (set, to) = inner.faults.guard(device, || {
            let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
            let to = wgpu::BufferDescriptor { label: None, size: 16, usage, mapped_at_creation: false };
            (device.create_query_set(&descriptor), device.create_buffer(&to))
        })?;
        let timing = Some((&set, &to));
        let pending =
            inner.faults.guard(device, || self.gpu.encode(&self.dispatches, &self.groups, None, timing))??;
        let bytes = pending.expect("the times are read back").wait()?;
        let [start, end] = [0, 8].map(|at| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")));
        Ok(Some(end.saturating_sub(start) as f64 * f64::from(inner.queue.get_timestamp_period()) * 1e-9))
    }

    /// Returns the number of kernels.
    pub(crate) fn len(&self) -> usize {
        self.dispatches.len()
    }
}

impl Gpu {
    /// Encodes one submission: kernels, and a download or the times of the kernels.
    fn encode(
        &self,
        dispatches: &[Dispatch],
        groups: &[wgpu::BindGroup],
        part: Option<&Part>,
        timing: Option<(&wgpu::QuerySet, &wgpu::Buffer)>,
    ) -> Result<Option<Pending>> {
        let inner = &*self.0;
        let mut encoder = inner.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let timestamp_writes = timing.map(|(query_set, _)| wgpu::ComputePassTimestampWrites {
            query_set,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        });
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
        for (place, (dispatch, group)) in dispatches.iter().zip(groups).enumerate() {
            let [x, y, z] = dispatch.groups;
            pass.set_pipeline(&dispatch.pipeline.wgpu);
            pass.set_bind_group(0, group, &[place as u32 * SLOT as u32]);
            pass.dispatch_workgroups(x, y, z);
        }
        drop(pass);
        let staging = match (part, timing) {
            (_, Some((set, to))) => {
                encoder.resolve_query_set(set, 0..2, to, 0);
                Some(self.stage(&mut encoder, to, 0, 16)?)
            }
            (Some(part), None) => Some(self.stage(&mut encoder, &part.buffer.wgpu, part.offset, part.size)?),
            (None, None) => None,
        };
        let index = inner.queue.submit([encoder.finish()]);
        self.count(|counts| &counts.dispatches, dispatches.len() as u64);
        self.count(|counts| &counts.submissions, 1);
        Ok(staging.map(|staging| Pending::new(self, staging, index)))
    }
}

/// Returns the number of kernels in the next submission.
fn portion(dispatches: &[Dispatch]) -> usize {
    let mut work = 0_u64;
    let fits = |dispatch: &&Dispatch| {
        work = work.saturating_add(dispatch.work);
        work <= MOST_WORK
    };
    dispatches.iter().take(MOST_DISPATCHES).take_while(fits).count().max(1).min(dispatches.len())
}

fn uniform_buffer(device: &wgpu::Device, dispatches: usize) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
    let size = SLOT * dispatches.max(1) as u64;
    device.create_buffer(&wgpu::BufferDescriptor { label: Some("uniforms"), size, usage, mapped_at_creation: false })
}

fn uniform_bytes(dispatches: &[Dispatch]) -> Vec<u8> {
    let mut bytes = vec![0; dispatches.len() * SLOT as usize];
    for (slot, dispatch) in bytes.chunks_exact_mut(SLOT as usize).zip(dispatches) {
        slot[..size_of::<Params>()].copy_from_slice(bytemuck::cast_slice(&dispatch.params));
    }
    bytes
}

fn bind(device: &wgpu::Device, dispatch: &Dispatch, uniforms: &wgpu::Buffer) -> wgpu::BindGroup {
    let bound = |buffer, offset, size| wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size });
    let uniform = bound(uniforms, 0, wgpu::BufferSize::new(size_of::<Params>() as u64));
    let storage =
        dispatch.parts.iter().map(|part| bound(&part.buffer.wgpu, part.offset, wgpu::BufferSize::new(part.size)));
    let entries: Vec<_> = [uniform]
        .into_iter()
        .chain(storage)
        .enumerate()
        .map(|(place, resource)| wgpu::BindGroupEntry { binding: place as u32, resource })
        .collect();
    let layout = &dispatch.pipeline.layout;
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}
