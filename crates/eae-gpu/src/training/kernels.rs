//! The kernels of a training step other than products, convolutions and searches, each in a
//! separate file.

use crate::device::Recording;
use crate::kernel::{Access, Kernel, Shader, for_each, for_each_group};
use crate::product::Curve;
use crate::{GpuMatrix, Result};

/// A kernel of a training step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Small {
    Gather,
    Normalize,
    NormalizeBack,
    ColumnSums,
    /// The squared error, with the activation of the last layer.
    SquaredError(Option<Curve>),
    /// The logarithms, with the activation that produced the rows.
    Logarithms(Option<Curve>),
    Radii,
    Radius,
    /// The gradient of the coverage, with the activation that produced the features of draws.
    Coverage(Option<Curve>),
    LogRatio,
    Center,
    ColumnSquares,
    Moments,
    /// The gradient of the moments, with the activation that produced the features of draws.
    MomentsBack(Option<Curve>),
    /// The losses of the critic and of the decoder that deceives it.
    Critic,
    Copy,
    Keep,
    Report,
    Adam,
}

/// The entry point of a kernel, with the number of invocations in a workgroup.
enum Entry {
    /// One invocation per entry.
    Each(u32),
    /// One workgroup per sum, with sums of this many components.
    Sums(u32, u32),
}

impl Kernel for Small {
    fn shader(&self) -> Shader {
        use Access::{Read, Write};
        let (source, bindings, entry): (&str, &[Access], Entry) = match self {
            Self::Gather => (include_str!("gather.wgsl"), &[Read, Read, Write], Entry::Each(256)),
            Self::Normalize => {
                (include_str!("normalize.wgsl"), &[Read, Write, Write, Write, Write], Entry::Sums(64, 1))
            }
            Self::NormalizeBack => (include_str!("normalize_back.wgsl"), &[Read, Read, Write], Entry::Sums(64, 2)),
            Self::ColumnSums => (include_str!("column_sums.wgsl"), &[Read, Write], Entry::Sums(256, 1)),
            Self::SquaredError(_) => {
                (include_str!("squared_error.wgsl"), &[Read, Read, Write, Write], Entry::Sums(256, 1))
            }
            Self::Logarithms(_) => {
                (include_str!("logarithms.wgsl"), &[Read, Read, Read, Read, Read, Read, Write], Entry::Each(64))
            }
            Self::Radii => (include_str!("radii.wgsl"), &[Read, Write], Entry::Each(64)),
            Self::Radius => (include_str!("radius.wgsl"), &[Read, Read, Read, Read, Write, Write], Entry::Each(64)),
            Self::Coverage(_) => {
                (include_str!("coverage.wgsl"), &[Read, Read, Read, Read, Read, Write], Entry::Each(64))
            }
            Self::LogRatio => (include_str!("log_ratio.wgsl"), &[Read, Read, Write], Entry::Sums(256, 1)),
            Self::Center => (include_str!("center.wgsl"), &[Read, Read, Write, Write], Entry::Sums(64, 1)),
            Self::ColumnSquares => (include_str!("column_squares.wgsl"), &[Read, Write], Entry::Sums(64, 1)),
            Self::Moments => {
                (include_str!("moments.wgsl"), &[Read, Read, Read, Read, Write, Write], Entry::Sums(256, 3))
            }
            Self::MomentsBack(_) => {
                (include_str!("moments_back.wgsl"), &[Read, Read, Read, Read, Read, Read, Write], Entry::Each(256))
            }
            Self::Critic => {
                (include_str!("critic.wgsl"), &[Read, Read, Read, Read, Write, Write, Write], Entry::Sums(256, 2))
            }
            Self::Copy => (include_str!("copy.wgsl"), &[Read, Read, Write], Entry::Each(256)),
            Self::Keep => (include_str!("keep.wgsl"), &[Read, Read, Write, Write], Entry::Each(256)),
            Self::Report => {
                (include_str!("report.wgsl"), &[Read, Read, Read, Read, Read, Read, Write], Entry::Sums(256, 4))
            }
            Self::Adam => (include_str!("adam.wgsl"), &[Write, Write, Write, Read, Read, Read], Entry::Each(256)),
        };
        let (head, threads, shared) = match entry {
            Entry::Each(threads) => (for_each(threads), threads, 0),
            Entry::Sums(threads, 1) => (for_each_group(threads, "f32"), threads, 4 * threads),
            Entry::Sums(threads, width) => {
                (for_each_group(threads, &format!("vec{width}<f32>")), threads, 4 * width * threads)
            }
        };
        let derivative = match self {
            Self::SquaredError(Some(curve))
            | Self::Logarithms(Some(curve))
            | Self::Coverage(Some(curve))
            | Self::MomentsBack(Some(curve)) => curve.times_derivative(),
            _ => "v",
        };
        let source = head + &source.replace("DERIVATIVE", derivative);
        Shader { source, bindings: bindings.to_vec(), threads, shared }
    }
}

/// Records a kernel on these matrices, with a number of workgroups.
pub(super) fn run(
    recording: &mut Recording<'_>,
    kernel: Small,
    matrices: &[&GpuMatrix],
    words: &[u32],
    count: usize,
) -> Result<()> {
    let bindings: Vec<_> = matrices.iter().map(|matrix| matrix.bind().0).collect();
    let mut params = [0; 16];
    params[..words.len()].copy_from_slice(words);
    recording.run(&kernel, &bindings, params, [count, 1], count as u64 * 1024)
}
