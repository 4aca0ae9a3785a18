//! Listing and opening adapters.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pollster::FutureExt;

use super::buffer::Pool;
use super::fault::Faults;
use super::pipeline::Pipelines;
use super::{Counters, Gpu, Inner};
use crate::{Adapter, AdapterChoice, DeviceKind, Error, Limits, Result};

/// Longest wait for an answer, longer than any single submission takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// Memory budget of software adapters, whose memory is that of the machine.
const SOFTWARE_BUDGET: u64 = 2 << 30;

/// Returns all adapters of this machine, in the order of their numbers. The list is empty if there
/// is no driver.
pub fn adapters() -> Vec<Adapter> {
    enumerate().iter().map(describe).collect()
}

impl Gpu {
    /// Opens an adapter.
    ///
    /// # Errors
    ///
    /// If there is no suitable adapter, or the driver fails.
    pub fn open(choice: &AdapterChoice) -> Result<Self> {
        let found = enumerate();
        let described: Vec<Adapter> = found.iter().map(describe).collect();
        let chosen = choice.among(&described)?;
        let (adapter, described) = (&found[chosen], described[chosen].clone());
        // Request the portable limits, raised to the adapter's limits where it has more. No
        // features are requested that kernels could come to depend on.
        let has = adapter.limits();
        let required_limits = wgpu::Limits {
            max_buffer_size: has.max_buffer_size,
            max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        let timestamps = adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("eae-gpu"),
            required_features: if timestamps { wgpu::Features::TIMESTAMP_QUERY } else { wgpu::Features::empty() },
            required_limits,
            ..wgpu::DeviceDescriptor::default()
        };
        let opened = adapter.request_device(&descriptor).block_on();
        let (device, queue) = opened.map_err(|e| Error::Refused(format!("{described} cannot be opened: {e}")))?;
        Ok(Self::over(device, queue, described, choice))
    }

    pub(super) fn over(device: wgpu::Device, queue: wgpu::Queue, adapter: Adapter, choice: &AdapterChoice) -> Self {
        let (limits, faults) = (device.limits(), Faults::watch(&device));
        let default = if adapter.kind == DeviceKind::Cpu { SOFTWARE_BUDGET } else { u64::MAX };
        Self(Arc::new(Inner {
            timestamps: device.features().contains(wgpu::Features::TIMESTAMP_QUERY),
            alignment: u64::from(limits.min_storage_buffer_offset_alignment),
            limits: of_wgpu(&limits),
            adapter,
            patience: PATIENCE,
            faults,
            pool: Pool::new(choice.budget.unwrap_or(default)),
            pipelines: Pipelines::new(choice.checked),
            uniforms: Mutex::default(),
            counts: Counters::default(),
            device,
            queue,
        }))
    }

    /// Returns a device that accepts kernels but does not run them. It needs no driver.
    #[cfg(test)]
    pub(crate) fn noop() -> Self {
        let (device, queue) = wgpu::Device::noop(&wgpu::DeviceDescriptor::default());
        let adapter = Adapter {
            name: "noop".to_owned(),
            backend: "noop".to_owned(),
            kind: DeviceKind::Other,
            driver: String::new(),
            limits: of_wgpu(&device.limits()),
        };
        Self::over(device, queue, adapter, &AdapterChoice::default())
    }

    /// Returns the same device with lower limits, for tests of the limits.
    #[doc(hidden)]
    #[must_use]
    pub fn with_limits(&self, limits: Limits, patience: Duration) -> Self {
        let Inner { device, queue, adapter, timestamps, alignment, faults, .. } = &*self.0;
        Self(Arc::new(Inner {
            device: device.clone(),
            queue: queue.clone(),
            adapter: adapter.clone(),
            limits,
            timestamps: *timestamps,
            alignment: *alignment,
            patience,
            faults: faults.clone(),
            pool: Pool::new(self.0.pool.budget()),
            pipelines: Pipelines::new(false),
            uniforms: Mutex::default(),
            counts: Counters::default(),
        }))
    }
}

fn enumerate() -> Vec<wgpu::Adapter> {
    let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    // Flags from the environment: `WGPU_VALIDATION=1` enables the driver's validation.
    let descriptor = wgpu::InstanceDescriptor {
        backends,
        flags: wgpu::InstanceFlags::empty().with_env(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    wgpu::Instance::new(descriptor).enumerate_adapters(backends).block_on()
}

fn describe(adapter: &wgpu::Adapter) -> Adapter {
    let info = adapter.get_info();
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => DeviceKind::Discrete,
        wgpu::DeviceType::IntegratedGpu => DeviceKind::Integrated,
        wgpu::DeviceType::VirtualGpu => DeviceKind::Virtual,
        wgpu::DeviceType::Cpu => DeviceKind::Cpu,
        wgpu::DeviceType::Other => DeviceKind::Other,
    };
    let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
    Adapter { name: info.name, backend: info.backend.to_string(), kind, driver, limits: of_wgpu(&adapter.limits()) }
}

fn of_wgpu(limits: &wgpu::Limits) -> Limits {
    Limits {
        buffer: limits.max_buffer_size,
        binding: limits.max_storage_buffer_binding_size,
        shared: limits.max_compute_workgroup_storage_size,
        threads: limits.max_compute_invocations_per_workgroup,
    }
}
