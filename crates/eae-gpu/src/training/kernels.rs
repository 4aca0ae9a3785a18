//! What a training step needs beside products and neighbours, each kernel in a file of its own.

use crate::kernel::{Access, Kernel, Shader};
use crate::product::Curve;

/// A kernel of a training step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Small {
    Gather,
    Normalise,
    NormaliseBack,
    /// With the last layer's activation.
    SquaredError(Option<Curve>),
    Entropy,
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
            Self::SquaredError(_) => (include_str!("squared_error.wgsl"), &[Read, Read, Write, Write], 256, 1024),
            Self::Entropy => (include_str!("entropy.wgsl"), &[Read, Read, Read, Read, Read, Write], 64, 0),
            Self::Report => (include_str!("report.wgsl"), &[Read, Read, Read, Write], 256, 2048),
            Self::Adam => (include_str!("adam.wgsl"), &[Write, Write, Write, Read, Read, Read], 256, 0),
        };
        let derivative = if let Self::SquaredError(Some(curve)) = self { curve.times_derivative() } else { "v" };
        let source = source.replace("DERIVATIVE", derivative);
        Shader { source, bindings: bindings.to_vec(), threads, shared }
    }
}
