#![doc = include_str!("../README.md")]

mod adapter;
mod batch;
pub mod bench;
mod convolution;
mod device;
mod error;
mod kernel;
mod matrix;
mod neighbors;
mod product;
mod training;

pub use adapter::{Adapter, AdapterChoice, DeviceKind, Limits, Mode};
pub use batch::Batch;
pub use device::{Counts, Gpu, adapters};
pub use error::{Error, Result};
pub use matrix::GpuMatrix;
pub use neighbors::{Among, GpuNeighbors, Lists};
pub use product::{GpuGemm, Product, Tile, Transposed};
pub use training::GpuStepper;
