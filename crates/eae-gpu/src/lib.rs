#![doc = include_str!("../README.md")]

mod batch;
pub mod bench;
mod choice;
mod convolution;
mod device;
mod error;
mod kernel;
mod matrix;
mod neighbors;
mod product;
mod training;

pub use batch::Batch;
pub use choice::{Adapter, Choice, DeviceKind, Limits, Mode};
pub use device::{Counts, Gpu, adapters};
pub use error::{Error, Result};
pub use matrix::GpuMatrix;
pub use neighbors::{Among, GpuNeighbors, Lists};
pub use product::{GpuGemm, Layout, Product, Tile};
pub use training::{Due, Found, ReadError, Settings, Trainer};
