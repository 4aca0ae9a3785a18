//! A training step as a whole on the device: one submission, to which the places of the images go
//! and from which four numbers come back.
//!
//! - `stepper`: the step, and what it keeps on the device;
//! - `loss`: from an objective to what the device computes;
//! - `plan`: from networks to stages, and where the device keeps their numbers;
//! - `pass`: both ways through a network, layer by layer;
//! - `terms`: the terms of the loss, and their gradients;
//! - `bank`: the memory banks;
//! - `words`: what changes from step to step;
//! - `transfer`: what goes to the device and comes back besides steps;
//! - `kernels`: what is neither product, convolution nor search.

mod bank;
mod kernels;
mod loss;
mod pass;
mod plan;
mod stepper;
mod terms;
#[cfg(test)]
mod tests;
mod transfer;
mod words;

pub use stepper::GpuStepper;
