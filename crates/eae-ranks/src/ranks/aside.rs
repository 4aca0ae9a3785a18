use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytemuck::Pod;

use super::{RankError, RankResult};

/// Numbers that a rank keeps while it waits for others, set aside by
/// [`Typed::set_aside`](crate::Typed::set_aside).
///
/// On [`Disk`](crate::Disk) they are in a file, which is removed with the value.
#[derive(Debug)]
pub struct Aside<T>(Place<T>);

#[derive(Debug)]
enum Place<T> {
    Memory(Vec<T>),
    File(Temporary),
}

impl<T: Pod> Aside<T> {
    pub(super) fn in_memory(numbers: Vec<T>) -> Self {
        Self(Place::Memory(numbers))
    }

    pub(super) fn in_file(path: PathBuf) -> Self {
        Self(Place::File(Temporary::new(path)))
    }

    /// Returns the numbers. They stay aside as well, so drop what this returns before the next call
    /// that waits for other ranks.
    ///
    /// # Errors
    ///
    /// [`RankError::Disk`].
    pub fn get(&self) -> RankResult<Cow<'_, [T]>> {
        match &self.0 {
            Place::Memory(numbers) => Ok(Cow::Borrowed(numbers)),
            Place::File(file) => file.read().map(Cow::Owned),
        }
    }

    /// Returns the numbers, which are no longer aside.
    ///
    /// # Errors
    ///
    /// [`RankError::Disk`].
    pub fn take_back(self) -> RankResult<Vec<T>> {
        match self.0 {
            Place::Memory(numbers) => Ok(numbers),
            Place::File(file) => file.read(),
        }
    }
}

/// A file that is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Temporary {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn read<T: Pod>(&self) -> RankResult<Vec<T>> {
        let length = std::fs::metadata(&self.0).map_err(|source| self.failed(source))?.len();
        self.read_part(0..length)
    }

    /// Reads some of the bytes.
    pub(super) fn read_part<T: Pod>(&self, bytes: Range<u64>) -> RankResult<Vec<T>> {
        let mut numbers = vec![T::zeroed(); (bytes.end - bytes.start) as usize / size_of::<T>()];
        let read = File::open(&self.0).and_then(|mut file| {
            file.seek(SeekFrom::Start(bytes.start))?;
            file.read_exact(bytemuck::cast_slice_mut(&mut numbers))
        });
        read.map_err(|source| self.failed(source))?;
        Ok(numbers)
    }

    fn failed(&self, source: std::io::Error) -> RankError {
        RankError::Disk { path: self.0.clone(), source }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // The folder is removed in the end, with any file that is left.
        let _ = std::fs::remove_file(&self.0);
    }
}
