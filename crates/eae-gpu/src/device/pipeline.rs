//! Kernels compiled, each variant once: nothing below keeps them, and a driver takes milliseconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Gpu;
use crate::kernel::{Access, Kernel, Shader};
use crate::{Error, Result};

/// A kernel, ready to run.
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
    /// A kernel's pipeline, compiled if it is the first time.
    pub(super) fn pipeline(&self, kernel: &dyn Kernel) -> Result<Arc<Pipeline>> {
        let name = format!("{kernel:?}");
        let pipelines = &self.0.pipelines;
        // Held while it is compiled: another thread that wants the same waits, and does not compile it
        // again.
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
        // Beyond the limit some drivers return zeros, and nothing in between complains.
        for (what, need, have) in [
            ("the memory that a workgroup shares", shared, inner.limits.shared),
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
                    // Every kernel writes what it shares before it reads it.
                    zero_initialize_workgroup_memory: false,
                    ..wgpu::PipelineCompilationOptions::default()
                },
                cache: None,
            });
            Pipeline { wgpu, layout, bindings }
        })
    }
}

/// The uniform, and after it the buffers.
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

/// Without the checks at run time that guard against hostile shaders, unless they are asked for.
/// They are a second counter in every loop, and a comparison for every place in an array.
#[allow(unsafe_code)]
fn module(device: &wgpu::Device, descriptor: wgpu::ShaderModuleDescriptor<'_>, checked: bool) -> wgpu::ShaderModule {
    if checked {
        return device.create_shader_module(descriptor);
    }
    // SAFETY: the text is this crate's own. Every loop of every kernel is counted up to a number that
    // it was given or knows. Every place in a buffer is compared with the sizes in the uniform,
    // which the operation that fills it in has checked against the buffer; places in arrays are
    // constants or so compared. Nothing is divided by what may be zero. The tests run every kernel
    // both ways and compare bits.
    unsafe { device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
}
