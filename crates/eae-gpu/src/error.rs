use thiserror::Error;

/// What can go wrong with a device.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The user has said so.
    #[error("the GPU is switched off by EAE_GPU=off")]
    Off,
    /// There is nothing that would be taken without being named.
    #[error(
        "no usable GPU (found: {found}); install the driver of yours, or for software Vulkan Debian's mesa-vulkan-drivers and \
         libvulkan1, and name the adapter by EAE_GPU_ADAPTER"
    )]
    NoAdapter {
        /// All there are, with why each was not taken.
        found: String,
    },
    /// No adapter is called so.
    #[error("no adapter `{wanted}` (found: {found}); name one of these, or its number")]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// All there are.
        found: String,
    },
    /// A variable of the environment says something else than it can.
    #[error("{name} is `{value}`, it must be {expected}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it could say.
        expected: &'static str,
    },
    /// The device cannot hold or do so much.
    #[error("{what} needs {need}, and the device has a limit of {have}")]
    Limit {
        /// Of what there is a limit.
        what: &'static str,
        /// How much is needed.
        need: u64,
        /// How much there can be.
        have: u64,
    },
    /// The budget that this crate keeps is spent: few drivers say so by themselves in time.
    #[error(
        "{bytes} bytes more than the {in_use} in use exceed the budget of {budget} bytes; set EAE_GPU_MEM_MB to more"
    )]
    OutOfMemory {
        /// What was asked for.
        bytes: u64,
        /// What is in use.
        in_use: u64,
        /// What may be.
        budget: u64,
    },
    /// The device is gone, and everything on it. Another can be opened.
    #[error("the device is lost: {0}")]
    Lost(String),
    /// The device has not answered in time.
    #[error("the device has not answered for {0} seconds")]
    Timeout(u64),
    /// The driver, or the layer above it, refuses something: a defect of this crate.
    #[error("the device refuses an operation: {0}")]
    Refused(String),
    /// Matrices, or other arguments, that do not fit together.
    #[error("{0}")]
    Shape(String),
    /// What came back cannot be right.
    #[error("the device gave a wrong result: {0}")]
    Corrupt(String),
    /// A network or an objective that is not trained on the device.
    #[error("{0}")]
    Unsupported(String),
}

/// With the [`enum@Error`] of this crate.
pub type Result<T> = std::result::Result<T, Error>;
