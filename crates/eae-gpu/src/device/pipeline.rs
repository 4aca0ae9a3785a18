//! Compiled kernels, each variant once. The layers below do not cache them, and a driver takes
//! milliseconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Gpu;
use crate::kernel::{Access, Kernel, Shader};
use crate::{Error, Result};

/// A compiled kernel.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) wgpu: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
    pub(super) bindings: Vec<Access>,
}

#[derive(Debug)]
pub(super) struct Pipelines {
    checked: bool,
    made: Mutex<HashMap<String, Arc<Pipeline>>>,
}

impl Pipelines {
    pub(super) fn new(checked: bool) -> Self {
        Self { checked, made: Mutex::default() }
    }
}

impl Gpu {
    /// Returns a kernel's pipeline, compiled on first use.
    pub(super) fn pipeline(&self, kernel: &dyn Kernel) -> Result<Arc<Pipeline>> {
        let name = format!("{kernel:?}");
        let pipelines = &self.0.pipelines;
        // The lock is held during compilation, so that another thread waits for the result instead
        // of compiling again.
        let mut made = pipelines.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = made.get(&name) {
            return Ok(Arc::clone(pipeline));
        }
        let pipeline = Arc::new(self.compile(&name, kernel.shader())?);
        self.count(|counts| &counts.pipelines, 1);
        made.insert(name, Arc::clone(&pipeline));
        Ok(pipeline)
    }

    fn compile(&self, name: &str, shader: Shader) -> Result<Pipeline> {
        let (inner, label) = (&*self.0, Some(name));
        let Shader { source, bindings, threads, shared } = shader;
        let source = format!("@group(0) @binding(0) var<uniform> p: Params;\n{source}");
        // Beyond these limits some drivers silently return zeros.
        for (what, need, have) in [
            ("the shared memory of a workgroup", shared, inner.limits.shared),
            ("a workgroup", threads, inner.limits.threads),
        ] {
            if need > have {
                return Err(Error::Limit { what, need: need.into(), have: have.into() });
            }
        }
        inner.faults.guard(&inner.device, || {
            let descriptor =
                wgpu::ShaderModuleDescriptor { label, source: wgpu::ShaderSource::Wgsl(source.as_str().into()) };
            let module = module(&inner.device, descriptor, inner.pipelines.checked);
            let entries: Vec<_> = entries(&bindings).collect();
            let descriptor = wgpu::BindGroupLayoutDescriptor { label, entries: &entries };
            let layout = inner.device.create_bind_group_layout(&descriptor);
            let descriptor = wgpu::PipelineLayoutDescriptor {
                label,
                bind_group_layouts: &[Some(&layout)],
                ..wgpu::PipelineLayoutDescriptor::default()
            };
            let wgpu = inner.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label,
                layout: Some(&inner.device.create_pipeline_layout(&descriptor)),
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Every kernel writes shared memory before it reads it.
                    zero_initialize_workgroup_memory: false,
                    ..wgpu::PipelineCompilationOptions::default()
                },
                cache: None,
            });
            Pipeline { wgpu, layout, bindings }
        })
    }
}

/// Returns the layout of the uniform and the buffers after it.
fn entries(bindings: &[Access]) -> impl Iterator<Item = wgpu::BindGroupLayoutEntry> {
    let entry = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    };
    let storage = move |(place, access): (usize, &Access)| {
        let ty = wgpu::BufferBindingType::Storage { read_only: *access == Access::Read };
        entry(place as u32 + 1, ty, false)
    };
    [entry(0, wgpu::BufferBindingType::Uniform, true)].into_iter().chain(bindings.iter().enumerate().map(storage))
}

/// Creates a shader module, without run-time checks against malicious shaders unless they are
/// requested. The checks add a counter to every loop and a comparison to every array access.
#[allow(unsafe_code)]
fn module(device: &wgpu::Device, descriptor: wgpu::ShaderModuleDescriptor<'_>, checked: bool) -> wgpu::ShaderModule {
    if checked {
        return device.create_shader_module(descriptor);
    }
    // SAFETY: the source is from this crate. Every loop of every kernel counts up to a given or
    // known number. Every buffer index is compared with the sizes in the uniform, which the
    // recording operation has checked against the buffer. Array indices are constants or compared
    // likewise. No divisor can be zero. The tests run every kernel with and without checks and
    // compare bits.
    unsafe { device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
}
