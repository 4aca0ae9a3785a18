//! A complete training step on the device: one submission, with the indices of the images as input
//! and eight numbers as output.
//!
//! - `stepper`: the step and its state on the device;
//! - `loss`: translation of an objective to the device;
//! - `plan`: translation of networks to stages, and the layout of their parameters on the device;
//! - `pass`: forward and backward pass of a network, layer by layer;
//! - `terms`: the terms of the loss, and their gradients;
//! - `draws`: the terms that compare decoded draws with images;
//! - `critic`: the critic of decoded draws;
//! - `bank`: the memory banks;
//! - `words`: the values that change from step to step;
//! - `transfer`: uploads and downloads other than those of steps;
//! - `kernels`: the kernels other than products, convolutions and searches.

mod bank;
mod critic;
mod draws;
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
