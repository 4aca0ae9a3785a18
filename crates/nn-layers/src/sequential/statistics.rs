use super::Sequential;
use crate::{Content, Real, Tensor};

/// The running statistics of a network, as [`Sequential::statistics`] found them.
#[derive(Debug, Clone)]
pub struct Statistics<F: Real>(Vec<Statistic<F>>);

#[derive(Debug, Clone)]
enum Statistic<F: Real> {
    Array(Tensor<F>),
    Count(u64),
}

impl<F: Real> Sequential<F> {
    /// Returns the running statistics of all layers, for [`restore`](Sequential::restore). Arrays
    /// are shared, not copied.
    ///
    /// A pass in training mode moves running statistics before anybody knows whether the training
    /// step will succeed. A step that fails later can take them back:
    ///
    /// ```
    /// # use autodiff_mini::Tape;
    /// # use ndarray::array;
    /// # use nn_layers::{BatchNorm, Sequential};
    /// let mut network = Sequential::<f32>::on(&[2]).then(BatchNorm::new(2)).build()?;
    /// let before = network.statistics();
    /// let loss = network.train(Tape::new().constant(array![[1.0, f32::NAN], [3.0, 4.0]])).sum().scalar();
    /// if !loss.is_finite() {
    ///     network.restore(before);
    /// }
    /// assert!(network.state().all(|entry| !format!("{entry:?}").contains("NaN")));
    /// # Ok::<(), nn_layers::ShapeError>(())
    /// ```
    pub fn statistics(&self) -> Statistics<F> {
        // Listing the state takes a unique reference; a clone shares its arrays and costs next to nothing.
        let saved = |content: Content<'_, F>| match content {
            Content::Parameter(_) => None,
            Content::Statistic(array) => Some(Statistic::Array(array.clone())),
            Content::Count(count) => Some(Statistic::Count(*count)),
        };
        Statistics(self.clone().state().filter_map(|entry| saved(entry.content)).collect())
    }

    /// Makes the running statistics of all layers what they were when
    /// [`statistics`](Sequential::statistics) was called. Parameters stay as they are.
    ///
    /// # Panics
    ///
    /// If the statistics are those of a network of other layers.
    pub fn restore(&mut self, statistics: Statistics<F>) {
        let mut saved = statistics.0.into_iter();
        for entry in self.state() {
            match entry.content {
                Content::Parameter(_) => {}
                Content::Statistic(array) => match saved.next() {
                    Some(Statistic::Array(old)) if old.shape() == array.shape() => *array = old,
                    _ => panic!("statistics of another network: no `{}` of shape {:?}", entry.name, array.shape()),
                },
                Content::Count(count) => match saved.next() {
                    Some(Statistic::Count(old)) => *count = old,
                    _ => panic!("statistics of another network: no `{}`", entry.name),
                },
            }
        }
        assert!(saved.next().is_none(), "statistics of another network, which has more of them");
    }
}
