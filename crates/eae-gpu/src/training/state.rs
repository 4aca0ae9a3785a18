//! What goes to the device and comes back besides steps, in the layout in which the processor keeps it: either goes on with the
//! other's.

use ndarray::ArrayD;
use nn_layers::{Content, Sequential, Weights, WeightsError};

use super::Trainer;
use crate::{Error, GpuMatrix, Result};

/// Why a training cannot be gone on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is damaged, or of another network.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// What is kept of the steps before is damaged, or of another training.
    #[error("{0}")]
    Bank(String),
    /// The device has failed.
    #[error(transparent)]
    Device(#[from] Error),
}

impl Trainer {
    /// Takes parameters and statistics from the networks to the device.
    pub(super) fn bring(&mut self, networks: [&mut Sequential<f32>; 2]) -> Result<()> {
        let [[_, of_parameters], [_, of_statistics]] = [&self.parameters, &self.statistics].map(GpuMatrix::shape);
        let (mut parameters, mut statistics) = (vec![0.0; of_parameters], vec![0.0; of_statistics]);
        let (mut arrays, mut running) = (self.layout.arrays.iter(), self.layout.running.iter());
        for entry in networks.into_iter().flat_map(Sequential::state) {
            let (to, tensor) = match entry.content {
                Content::Parameter(tensor) => {
                    let (at, _) = arrays.next().expect("as many as the layers have");
                    (&mut parameters[*at..][..tensor.len()], tensor)
                }
                Content::Statistic(tensor) => {
                    let (at, _) = running.next().expect("as many as the layers have");
                    (&mut statistics[*at..][..tensor.len()], tensor)
                }
                Content::Count(_) => continue,
            };
            to.iter_mut().zip(tensor.iter()).for_each(|(to, &x)| *to = x);
        }
        self.parameters.write(&parameters)?;
        self.statistics.write(&statistics)
    }

    /// Brings parameters and running statistics to the networks.
    ///
    /// # Errors
    ///
    /// If the device fails.
    ///
    /// # Panics
    ///
    /// If the networks are others.
    pub fn fetch(&self, networks: [&mut Sequential<f32>; 2]) -> Result<()> {
        let [parameters, statistics] = [&self.parameters, &self.statistics].map(GpuMatrix::read);
        let (parameters, statistics) = (parameters?, statistics?);
        let [parameters, statistics] =
            [&parameters, &statistics].map(|matrix| matrix.as_slice().expect("in memory order"));
        let (mut arrays, mut running) = (self.layout.arrays.iter(), self.layout.running.iter());
        for entry in networks.into_iter().flat_map(Sequential::state) {
            let (tensor, from) = match entry.content {
                Content::Parameter(tensor) => (tensor, &parameters[arrays.next().expect("the same networks").0..]),
                Content::Statistic(tensor) => (tensor, &statistics[running.next().expect("the same networks").0..]),
                Content::Count(count) => {
                    *count = self.steps;
                    continue;
                }
            };
            *tensor = array(tensor.shape(), from).into_shared();
        }
        Ok(())
    }

    /// Puts what is kept from step to step under `prefix`: Adam's moments, as
    /// [`Adam::write`](nn_layers::optim::Adam::write) does under `{prefix}.adam`, and the codes and features of the steps before.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn write(&self, prefix: &str, weights: &mut Weights) -> Result<()> {
        for (name, ring) in [("codes", &self.codes), ("features", &self.features)] {
            if let Some(ring) = ring {
                ring.write(&format!("{prefix}.{name}"), weights)?;
            }
        }
        if self.steps == 0 {
            return Ok(());
        }
        let [first, second] = [&self.moments[0], &self.moments[1]].map(GpuMatrix::read);
        for (name, moments) in [("first", first?), ("second", second?)] {
            let moments = moments.as_slice().expect("in memory order");
            for (place, (at, shape)) in self.layout.arrays.iter().enumerate() {
                weights.insert(format!("{prefix}.adam.{place}.{name}"), &array(shape, &moments[*at..]));
                weights.insert_count(format!("{prefix}.adam.{place}.steps"), self.steps);
            }
        }
        Ok(())
    }

    /// Takes it from there.
    ///
    /// # Errors
    ///
    /// If it is damaged, or of other networks; if the device fails.
    pub fn read(&mut self, prefix: &str, weights: &Weights) -> std::result::Result<(), ReadError> {
        let mut steps = 0;
        for (name, moments) in ["first", "second"].into_iter().zip(&self.moments) {
            let mut all = vec![0.0; moments.shape()[1]];
            for (place, (at, shape)) in self.layout.arrays.iter().enumerate() {
                let name = format!("{prefix}.adam.{place}.{name}");
                if weights.shape(&name).is_none() {
                    continue;
                }
                let array: ArrayD<f32> = weights.get(&name, shape)?;
                all[*at..][..array.len()].iter_mut().zip(&array).for_each(|(to, &x)| *to = x);
                steps = weights.get_count(&format!("{prefix}.adam.{place}.steps"))?;
            }
            moments.write(&all)?;
        }
        for (name, ring) in [("codes", &mut self.codes), ("features", &mut self.features)] {
            if let Some(ring) = ring {
                ring.read(&format!("{prefix}.{name}"), weights)?;
            }
        }
        self.steps = steps;
        Ok(())
    }
}

fn array(shape: &[usize], from: &[f32]) -> ArrayD<f32> {
    let numbers = from[..shape.iter().product()].to_vec();
    ArrayD::from_shape_vec(shape, numbers).expect("as many numbers as the shape has")
}
