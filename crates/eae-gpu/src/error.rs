use thiserror::Error;

/// An error of a device.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The user has switched the GPU off.
    #[error("the GPU is switched off by EAE_GPU=off")]
    Off,
    /// There is no suitable adapter.
    #[error(
        "no usable GPU (found: {found}); install the driver of your GPU, or, for software Vulkan, Debian's mesa-vulkan-drivers and \
         libvulkan1, and name the adapter in EAE_GPU_ADAPTER"
    )]
    NoAdapter {
        /// All adapters, with the reasons why they were not chosen.
        found: String,
    },
    /// No adapter has this name.
    #[error("no adapter `{wanted}` (found: {found}); name one of these, or its number")]
    NotFound {
        /// The requested adapter.
        wanted: String,
        /// All adapters.
        found: String,
    },
    /// An environment variable has an invalid value.
    #[error("{name} is `{value}`; it must be {expected}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// The value.
        value: String,
        /// The valid values.
        expected: &'static str,
    },
    /// A limit of the device is exceeded.
    #[error("{what} needs {need}, but the limit of the device is {have}")]
    Limit {
        /// The limited quantity.
        what: &'static str,
        /// The required amount.
        need: u64,
        /// The limit.
        have: u64,
    },
    /// The memory budget of this crate is exhausted. Few drivers report a lack of memory in time.
    #[error(
        "{bytes} bytes in addition to the {in_use} in use exceed the budget of {budget} bytes; increase EAE_GPU_MEM_MB"
    )]
    OutOfMemory {
        /// The requested number of bytes.
        bytes: u64,
        /// The number of bytes in use.
        in_use: u64,
        /// The budget in bytes.
        budget: u64,
    },
    /// The device is lost with all its data. Another device can be opened.
    #[error("the device is lost: {0}")]
    Lost(String),
    /// The device has not answered in time.
    #[error("the device has not answered for {0} seconds")]
    Timeout(u64),
    /// The driver, or a layer above it, rejects an operation. This is a defect of this crate.
    #[error("the device refuses an operation: {0}")]
    Refused(String),
    /// Matrices or other arguments do not fit together.
    #[error("{0}")]
    Shape(String),
    /// A result of the device is invalid.
    #[error("the device gave a wrong result: {0}")]
    Corrupt(String),
    /// The device does not support training this network or objective.
    #[error("{0}")]
    Unsupported(String),
}

/// A result with the [`enum@Error`] of this crate.
pub type Result<T> = std::result::Result<T, Error>;
