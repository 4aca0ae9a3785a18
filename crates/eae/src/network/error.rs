use std::error::Error;
use std::fmt;

/// A layer that does not fit its input, or a network whose output has the wrong shape.
///
/// The message lists the layers up to the mistake, one per line, each with the shape of one sample
/// after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError {
    /// `encoder` or `decoder`.
    pub(super) network: &'static str,
    /// The input and each layer that fits, with their shapes.
    pub(super) shapes: Vec<(String, Vec<usize>)>,
    /// The layer that does not fit.
    pub(super) layer: Option<String>,
    /// The mistake, and a remedy.
    pub(super) problem: String,
}

impl Error for NetworkError {}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, shapes, layer, problem } = self;
        match layer {
            Some(layer) => write!(f, "`{layer}` of the {network} {problem}")?,
            None => write!(f, "the {network} {problem}")?,
        }
        let width = shapes.iter().map(|(name, _)| name).chain(layer).map(String::len).max().unwrap_or(0);
        for (name, shape) in shapes {
            write!(f, "\n  {name:width$}  {shape:?}")?;
        }
        layer.iter().try_for_each(|layer| write!(f, "\n  {layer:width$}  does not fit"))
    }
}
