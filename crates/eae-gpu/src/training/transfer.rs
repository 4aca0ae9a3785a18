//! Uploads and downloads other than those of steps.

use eae::objective::Banks;
use eae::{Autoencoder, OptimizerState};
use ndarray::{Array2, ArrayD, ArrayView2, ArrayView4, Axis};
use nn_layers::optim::AdamMoments;
use nn_layers::{Content, Entry, Sequential};

use super::critic::GpuCritic;
use super::plan::Array;
use super::stepper::GpuStepper;
use crate::{Error, Gpu, GpuMatrix, Result};

impl GpuStepper {
    /// Uploads parameters and running statistics from the model.
    pub(super) fn upload(&mut self, model: &mut Autoencoder<f32>) -> Result<()> {
        let [[_, of_parameters], [_, of_statistics]] = [&self.parameters, &self.statistics].map(GpuMatrix::shape);
        let (mut parameters, mut statistics) = (vec![0.0; of_parameters], vec![0.0; of_statistics]);
        let (mut arrays, mut running) = (self.plan.arrays.iter(), self.plan.running.iter());
        for entry in entries(model) {
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

    /// Downloads parameters and running statistics to the model.
    ///
    /// # Panics
    ///
    /// If the model has other networks.
    pub(super) fn download(&self, model: &mut Autoencoder<f32>) -> Result<()> {
        let [parameters, statistics] = [&self.parameters, &self.statistics].map(GpuMatrix::read);
        let (parameters, statistics) = (parameters?, statistics?);
        let [parameters, statistics] =
            [&parameters, &statistics].map(|matrix| matrix.as_slice().expect("in memory order"));
        let (mut arrays, mut running) = (self.plan.arrays.iter(), self.plan.running.iter());
        for entry in entries(model) {
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

    /// Downloads Adam's moments, the memory banks and the critic, in the CPU's form.
    pub(super) fn optimizer(&self) -> Result<OptimizerState<f32>> {
        let mut banks = Banks::default();
        for (to, bank) in
            [(&mut banks.codes, &self.codes), (&mut banks.features, &self.features), (&mut banks.draws, &self.drawn)]
        {
            if let Some(bank) = bank {
                *to = bank.read()?;
            }
        }
        if let Some(critic) = &self.critic {
            banks.critic = critic.download(&self.parameters)?;
        }
        let mut adam = self.adam.clone();
        if self.steps > 0 {
            let [first, second] = [&self.moments[0], &self.moments[1]].map(GpuMatrix::read);
            let (first, second) = (first?, second?);
            let [first, second] = [&first, &second].map(|matrix| matrix.as_slice().expect("in memory order"));
            let moments = |(steps, (at, shape)): (u64, &Array)| {
                let [first, second] = [first, second].map(|moments| array(shape, &moments[*at..]));
                let steps = i32::try_from(steps).unwrap_or(i32::MAX);
                (steps > 0).then_some(AdamMoments { first, second, steps })
            };
            let of_model = self.plan.arrays.iter().map(|array| (self.steps, array));
            let of_critic = self.critic.iter().flat_map(GpuCritic::trained);
            adam = adam.with_moments(of_model.chain(of_critic).map(moments).collect());
        }
        Ok(OptimizerState { adam, banks })
    }

    /// Uploads Adam's moments, the memory banks and the critic.
    ///
    /// # Errors
    ///
    /// If they belong to other networks or another objective, before anything is changed; or if the
    /// device fails.
    pub(super) fn take(&mut self, state: &OptimizerState<f32>) -> Result<()> {
        let (moments, banks) = (state.adam.moments(), &state.banks);
        for (name, bank, from) in [
            ("codes", &self.codes, &banks.codes),
            ("features", &self.features, &banks.features),
            ("draws", &self.drawn, &banks.draws),
        ] {
            bank.as_ref().map_or(Ok(()), |bank| bank.check(name, from))?;
        }
        let critic = self.critic.as_mut().map(|critic| (critic, banks.critic.clone()));
        if let Some((critic, Some(from))) = &critic {
            critic.check(from)?;
        }
        let mut all = [vec![0.0; self.plan.numbers.max(1)], vec![0.0; self.plan.numbers.max(1)]];
        let (of_model, mut steps) = (self.plan.arrays.len(), [0, 0]);
        let of_critic = critic.iter().flat_map(|(critic, _)| critic.arrays());
        for (place, ((at, shape), moments)) in self.plan.arrays.iter().chain(of_critic).zip(moments).enumerate() {
            let Some(AdamMoments { first, second, steps: made }) = moments else { continue };
            for (to, from) in all.iter_mut().zip([first, second]) {
                if from.shape() != shape {
                    let found = from.shape();
                    return Err(Error::Shape(format!("moments {place} have shape {found:?}; expected {shape:?}")));
                }
                to[*at..][..from.len()].iter_mut().zip(from).for_each(|(to, &x)| *to = x);
            }
            steps[usize::from(place >= of_model)] = *made as u64;
        }
        for (on_device, numbers) in self.moments.iter().zip(&all) {
            on_device.write(numbers)?;
        }
        for (bank, from) in
            [(&mut self.codes, &banks.codes), (&mut self.features, &banks.features), (&mut self.drawn, &banks.draws)]
        {
            bank.as_mut().map_or(Ok(()), |bank| bank.write(from))?;
        }
        if let Some((critic, from)) = critic {
            critic.restore(&self.parameters, from, steps[1])?;
        }
        self.steps = steps[0];
        Ok(())
    }
}

fn entries(model: &mut Autoencoder<f32>) -> impl Iterator<Item = Entry<'_, f32>> {
    model.networks_mut().into_iter().flat_map(Sequential::state)
}

pub(super) fn array(shape: &[usize], from: &[f32]) -> ArrayD<f32> {
    let numbers = from[..shape.iter().product()].to_vec();
    ArrayD::from_shape_vec(shape, numbers).expect("as many numbers as the shape has")
}

/// Uploads the images, in matrices that kernels can access, each with the index of its first image.
pub(super) fn resident(gpu: &Gpu, images: ArrayView2<'_, f32>) -> Result<Vec<(usize, GpuMatrix)>> {
    let rows = (gpu.limits().binding as usize / 4 / images.ncols().max(1)).max(1);
    let pieces = images.axis_chunks_iter(Axis(0), rows).enumerate();
    pieces.map(|(i, some)| Ok((i * rows, gpu.upload(some)?))).collect()
}

/// Returns images as rows.
pub(super) fn rows(images: &ArrayView4<'_, f32>) -> Array2<f32> {
    let count = images.dim().0;
    let images = images.as_standard_layout();
    let rows = images.view().into_shape_with_order((count, images.len() / count.max(1)));
    rows.expect("in memory order").to_owned()
}
