#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod activation;
mod affine;
mod atomic;
mod batch_norm;
mod bytes;
mod checksum;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod init;
pub mod kernels;
mod kind;
mod layer;
pub mod optim;
mod reshape;
mod sequential;
mod state;
mod weighted;
mod weights;
mod window;

pub use affine::Affine;
pub use atomic::{write_whole, write_whole_with};
pub use batch_norm::BatchNorm;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use init::Init;
pub use kernels::{Activation, Real};
pub use kind::Kind;
pub use layer::{CloneLayer, Layer, ShapeError};
pub use reshape::{Flatten, Unflatten};
pub use sequential::{Placed, Sequential, SequentialBuilder, Statistics};
pub use state::{Axes, Content, Entry, Tensor};
pub use weights::{Weights, WeightsError};
pub use window::Window;

// Re-exports of the crates whose types appear in public signatures.
pub use {autodiff_mini, ndarray, ndarray_rand::rand};
