#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cpu;
mod gemm;
mod gradcheck;
mod gradients;
mod ops;
mod parts;
mod pool;
mod scalar;
mod tape;
mod var;

pub use gemm::{Cpu, Gemm};
pub use gradcheck::{GradCheck, GradCheckError, gradcheck};
pub use gradients::Gradients;
pub use ndarray;
pub use parts::{Parts, Shared};
pub use pool::Pool;
pub use scalar::Scalar;
pub use tape::{Sink, Tape};
pub use var::{Var, VarId};
