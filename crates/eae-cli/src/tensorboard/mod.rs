//! Event files for TensorBoard in the run folder.

#[cfg(not(feature = "tensorboard"))]
mod disabled;
#[cfg(feature = "tensorboard")]
mod events;
#[cfg(feature = "tensorboard")]
mod proto;
#[cfg(feature = "tensorboard")]
mod record;

#[cfg(not(feature = "tensorboard"))]
pub(crate) use disabled::TensorBoard;
#[cfg(feature = "tensorboard")]
pub(crate) use events::TensorBoard;
