//! What a training step needs beside products, convolutions and neighbours, each kernel in a file of its own.

use crate::device::Recording;
use crate::kernel::{Access, Kernel, Shader, groups};
use crate::product::Curve;
use crate::{Error, GpuMatrix, Result};

/// A kernel of a training step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Small {
    Gather,
    Normalise,
    NormaliseBack,
    ColumnSums,
    /// With the last layer's activation.
    SquaredError(Option<Curve>),
    /// With the activation that the rows are the values of.
    Logarithms(Option<Curve>),
    Radii,
    Radius,
    Keep,
    Report,
    Adam,
}

impl Kernel for Small {
    fn shader(&self) -> Shader {
        use Access::{Read, Write};
        let (source, bindings, threads, shared): (&str, &[Access], u32, u32) = match self {
            Self::Gather => (include_str!("gather.wgsl"), &[Read, Read, Write], 256, 0),
            Self::Normalise => (include_str!("normalise.wgsl"), &[Read, Write, Write, Write], 64, 256),
            Self::NormaliseBack => (include_str!("normalise_back.wgsl"), &[Read, Read, Write], 64, 512),
            Self::ColumnSums => (include_str!("column_sums.wgsl"), &[Read, Write], 256, 1024),
            Self::SquaredError(_) => (include_str!("squared_error.wgsl"), &[Read, Read, Write, Write], 256, 1024),
            Self::Logarithms(_) => {
                (include_str!("logarithms.wgsl"), &[Read, Read, Read, Read, Read, Read, Write], 64, 0)
            }
            Self::Radii => (include_str!("radii.wgsl"), &[Read, Write], 64, 0),
            Self::Radius => (include_str!("radius.wgsl"), &[Read, Read, Read, Read, Write, Write], 64, 0),
            Self::Keep => (include_str!("keep.wgsl"), &[Read, Read, Write], 256, 0),
            Self::Report => (include_str!("report.wgsl"), &[Read, Read, Read, Read, Read, Read, Write], 256, 4096),
            Self::Adam => (include_str!("adam.wgsl"), &[Write, Write, Write, Read, Read, Read], 256, 0),
        };
        let derivative = match self {
            Self::SquaredError(Some(curve)) | Self::Logarithms(Some(curve)) => curve.times_derivative(),
            _ => "v",
        };
        let source = source.replace("DERIVATIVE", derivative);
        Shader { source, bindings: bindings.to_vec(), threads, shared }
    }
}

/// Records one, on these matrices from their beginnings, in so many workgroups.
pub(super) fn run(
    recording: &mut Recording<'_>,
    kernel: Small,
    matrices: &[&GpuMatrix],
    words: &[u32],
    count: usize,
) -> Result<()> {
    let Some(groups) = groups(count) else {
        return Err(Error::Limit { what: "a batch", need: count as u64, have: u32::MAX.into() });
    };
    let bindings: Vec<_> = matrices.iter().map(|matrix| matrix.bind().0).collect();
    let mut params = [0; 16];
    params[..words.len()].copy_from_slice(words);
    recording.run(&kernel, &bindings, params, groups, count as u64 * 1024)
}
