use super::Sequential;
use crate::{Content, Real, Tensor};

/// The running statistics of a network, as returned by [`Sequential::statistics`].
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
    /// A pass in training mode updates running statistics before it is known whether the training
    /// step will succeed. If the step fails later, they can be restored:
    ///
    /// ```
    /// # use autodiff_mini::Tape;
    /// # use ndarray::array;
    /// # use nn_layers::{BatchNorm, Sequential};
    /// let mut network = Sequential::<f32>::on(&[2]).then(BatchNorm::new(2)).build()?;
    /// let before = network.statistics();
    /// let (tape, x) = (Tape::new(), array![[1.0, f32::NAN], [3.0, 4.0]]);
    /// let loss = network.train(tape.constant(x)).sum().scalar();
    /// if !loss.is_finite() {
    ///     network.restore(before);
    /// }
    /// assert!(network.state().all(|entry| !format!("{entry:?}").contains("NaN")));
    /// # Ok::<(), nn_layers::ShapeError>(())
    /// ```
    pub fn statistics(&self) -> Statistics<F> {
        // Listing the state needs a unique reference. A clone shares its arrays and costs almost
        // nothing.
        let saved = |content: Content<'_, F>| match content {
            Content::Parameter(_) => None,
            Content::Statistic(array) => Some(Statistic::Array(array.clone())),
            Content::Count(count) => Some(Statistic::Count(*count)),
        };
        Statistics(self.clone().state().filter_map(|entry| saved(entry.content)).collect())
    }

    /// Restores the running statistics of all layers to their state when
    /// [`statistics`](Sequential::statistics) was called. Parameters do not change.
    ///
    /// # Panics
    ///
    /// If the statistics belong to a network with other layers.
    pub fn restore(&mut self, statistics: Statistics<F>) {
        let mut saved = statistics.0.into_iter();
        for entry in self.state() {
            match entry.content {
                Content::Parameter(_) => {}
                Content::Statistic(array) => match saved.next() {
                    Some(Statistic::Array(old)) if old.shape() == array.shape() => *array = old,
                    _ => panic!(
                        "the statistics are from another network: there is no `{}` of shape {:?}",
                        entry.name,
                        array.shape()
                    ),
                },
                Content::Count(count) => match saved.next() {
                    Some(Statistic::Count(old)) => *count = old,
                    _ => panic!("the statistics are from another network: there is no `{}`", entry.name),
                },
            }
        }
        assert!(saved.next().is_none(), "the statistics are from another network, which has more of them");
    }
}
