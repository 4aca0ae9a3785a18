use std::fmt::Display;

use bytemuck::{NoUninit, Pod};

use super::{Aside, RankError, RankResult, Ranks};

/// Messages of numbers instead of bytes, for every implementation of [`Ranks`].
///
/// All ranks must have the same byte order, as the nodes of a cluster do.
pub trait Typed: Ranks {
    /// Sends numbers to every rank, and returns those of all ranks in their order.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    fn all_gather_of<T: Pod>(&self, numbers: &[T]) -> RankResult<Vec<Vec<T>>> {
        self.all_gather(bytemuck::cast_slice(numbers))?.into_iter().map(|bytes| from_bytes(&bytes)).collect()
    }

    /// Sends one number to every rank, and returns those of all ranks in their order.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    fn all_gather_one<T: Pod>(&self, number: T) -> RankResult<Vec<T>> {
        let one = |numbers: Vec<T>| match numbers[..] {
            [number] => Ok(number),
            _ => Err(RankError::Garbled { bytes: size_of_val(&numbers[..]) }),
        };
        self.all_gather_of(&[number])?.into_iter().map(one).collect()
    }

    /// Sends `numbers[r]` to rank `r`, and returns the numbers from all ranks in their order.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    fn all_to_all_of<T: Pod>(&self, numbers: Vec<Vec<T>>) -> RankResult<Vec<Vec<T>>> {
        let bytes = numbers.into_iter().map(|numbers| to_bytes(&numbers)).collect();
        self.all_to_all(bytes)?.into_iter().map(|bytes| from_bytes(&bytes)).collect()
    }

    /// Returns the numbers that rank `root` passes.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    fn broadcast_of<T: Pod>(&self, root: usize, numbers: &[T]) -> RankResult<Vec<T>> {
        from_bytes(&self.broadcast(root, to_bytes(numbers))?)
    }

    /// Returns the sum of a count over all ranks.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    fn sum(&self, count: u64) -> RankResult<u64> {
        Ok(self.all_gather_one(count)?.into_iter().sum())
    }

    /// Returns the value of this rank if no rank has an error, and otherwise the first error on all
    /// ranks. No rank goes on alone, and none waits for a rank that has given up.
    ///
    /// # Errors
    ///
    /// [`RankError::Failed`] with the error of the first rank that has one.
    fn agree<T, E: Display>(&self, result: Result<T, E>) -> RankResult<T> {
        let message = match &result {
            Ok(_) => String::new(),
            // A message is never empty, because an empty one means success.
            Err(error) => format!("x{error}"),
        };
        let all = self.all_gather(message.as_bytes())?;
        match (all.iter().position(|message| !message.is_empty()), result) {
            (None, Ok(value)) => Ok(value),
            (failed, _) => {
                let rank = failed.unwrap_or(self.rank());
                let message = String::from_utf8_lossy(&all[rank][1..]).into_owned();
                Err(RankError::Failed { rank, message })
            }
        }
    }

    /// Keeps numbers across calls that wait for other ranks. [`Disk`](crate::Disk) writes them to
    /// a file, all others keep them in memory.
    ///
    /// # Errors
    ///
    /// [`RankError::Disk`].
    fn set_aside<T: Pod>(&self, numbers: Vec<T>) -> RankResult<Aside<T>> {
        Ok(match self.write_aside(bytemuck::cast_slice(&numbers))? {
            Some(path) => Aside::in_file(path),
            None => Aside::in_memory(numbers),
        })
    }
}

impl<R: Ranks + ?Sized> Typed for R {}

fn to_bytes<T: NoUninit>(numbers: &[T]) -> Vec<u8> {
    bytemuck::cast_slice(numbers).to_vec()
}

fn from_bytes<T: Pod>(bytes: &[u8]) -> RankResult<Vec<T>> {
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        return Err(RankError::Garbled { bytes: bytes.len() });
    }
    let mut numbers = vec![T::zeroed(); bytes.len() / size_of::<T>()];
    bytemuck::cast_slice_mut(&mut numbers).copy_from_slice(bytes);
    Ok(numbers)
}
