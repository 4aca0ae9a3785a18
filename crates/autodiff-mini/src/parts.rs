use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// The parts of a batch that several tapes compute at the same time, as one of the tapes sees them.
///
/// Some operations need numbers of the whole batch, such as the mean in a batch normalization.
/// Every tape runs the same program on the rows of its own part, so all of them make the same calls
/// in the same order. Each call waits for the other tapes.
///
/// By convention every tape computes the loss of the *whole* batch, and the gradient flows through
/// the rows of the tape's own part. The gradient of a parameter is then the sum over the tapes,
/// without any division.
pub trait Parts: Debug + Send + Sync {
    /// Returns the number of this tape's part, from 0.
    fn part(&self) -> usize;

    /// Sends numbers to all tapes. Returns the numbers of every part, in the order of parts.
    fn gather(&self, numbers: Vec<f64>) -> Arc<[Vec<f64>]>;

    /// Returns the result of `work`, which one of the tapes in this process does for all of them.
    fn once(&self, work: &mut dyn FnMut() -> Shared) -> Shared;
}

/// A result that several tapes share.
pub type Shared = Arc<dyn Any + Send + Sync>;

impl dyn Parts {
    /// Returns the result of `work`, which one of the tapes in this process does for all of them.
    ///
    /// # Panics
    ///
    /// If the tapes ask for results of different types.
    pub fn share<T: Send + Sync + 'static>(&self, work: impl FnOnce() -> T) -> Arc<T> {
        let mut work = Some(work);
        let result = self.once(&mut || Arc::new(work.take().expect("the work is done once")()));
        result.downcast().expect("all tapes run the same program")
    }
}
