//! Reading and writing networks, with the names and layouts of PyTorch's `nn.Sequential`.

use std::collections::HashSet;

use super::Sequential;
use crate::state::Image;
use crate::{Content, Entry, Real, Weights, WeightsError};

impl<F: Real> Sequential<F> {
    /// Adds the arrays of all layers to `weights`, in PyTorch's layouts. The names are
    /// `prefix.0.weight` and so on, with the numbers that PyTorch gives to the modules of an
    /// `nn.Sequential`. With an empty prefix they are `0.weight` and so on, as in the file of a
    /// bare `nn.Sequential`.
    pub fn write(&self, prefix: &str, weights: &mut Weights) {
        // Listing the state needs a unique reference. A clone shares its arrays and costs almost
        // nothing.
        for (name, entry, [input, output]) in self.clone().entries(prefix) {
            match entry.content {
                Content::Parameter(tensor) | Content::Statistic(tensor) => {
                    weights.insert(name, &entry.axes.to_file(tensor, input, output));
                }
                Content::Count(count) => weights.insert_count(name, *count),
            }
        }
    }

    /// Reads the arrays of all layers from `weights`. The inverse of [`write`](Sequential::write).
    ///
    /// # Errors
    ///
    /// If a tensor is missing, has another shape, is not of a floating-point type or not finite, if
    /// a variance is negative, or if there is an unknown tensor under `prefix`, or anywhere if the
    /// prefix is empty. The network is then unchanged.
    pub fn read(&mut self, prefix: &str, weights: &Weights) -> Result<(), WeightsError> {
        let mut next = self.clone();
        let mut known = HashSet::new();
        for (name, entry, [input, output]) in next.entries(prefix) {
            match entry.content {
                Content::Parameter(tensor) | Content::Statistic(tensor) => {
                    let array = weights.get(&name, &entry.axes.file_shape(tensor.shape()))?;
                    if entry.name == "running_var" {
                        weights.refuse_negative(&name, &array)?;
                    }
                    *tensor = entry.axes.to_memory(array, input, output).into_shared();
                }
                Content::Count(count) => *count = weights.get_count(&name)?,
            }
            known.insert(name);
        }
        weights.refuse_others(prefix, &known)?;
        *self = next;
        Ok(())
    }

    /// Returns each entry with its name and the flat images before and after its layer.
    fn entries(&mut self, prefix: &str) -> Vec<(String, Entry<'_, F>, [Image; 2])> {
        let (numbers, images) = (self.numbers(), self.flat_images());
        let dot = if prefix.is_empty() { "" } else { "." };
        let mut entries = Vec::new();
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let (number, around) = (numbers[i], [images[i], images[i + 1]]);
            entries.extend(
                layer.state().into_iter().map(|entry| (format!("{prefix}{dot}{number}.{}", entry.name), entry, around)),
            );
        }
        entries
    }

    /// Returns the number of PyTorch's module for each layer.
    pub(super) fn numbers(&self) -> Vec<usize> {
        let mut number = 0;
        let joins = self.layers.iter().map(|layer| layer.joins_previous());
        let next = |(i, joins): (usize, bool)| {
            number += usize::from(i > 0 && !joins);
            number
        };
        joins.enumerate().map(next).collect()
    }
}
