use std::error::Error;
use std::fmt;

/// A layer that does not fit what comes before it, or an end that is not what it must be.
///
/// Its text has a line for each layer up to there, with the shape of one sample after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError {
    /// `encoder` or `decoder`.
    pub(super) network: &'static str,
    /// What goes in, and each layer that fits, with its shape.
    pub(super) shapes: Vec<(String, Vec<usize>)>,
    /// The layer that does not.
    pub(super) layer: Option<String>,
    /// What is wrong, and what would fit.
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
