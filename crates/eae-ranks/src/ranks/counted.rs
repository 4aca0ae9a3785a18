use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{RankResult, Ranks};

/// Ranks whose messages are counted.
///
/// The counts are those of a transport that sends every message directly: a byte counts once for
/// each other rank that it goes to. A library can need fewer messages, because it forwards them
/// along trees and rings, but not fewer received bytes.
#[derive(Debug)]
pub struct Counted<R> {
    ranks: R,
    traffic: Cell<Traffic>,
}

/// Messages that one rank sent to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Traffic {
    /// Number of collective calls.
    pub calls: u64,
    /// Number of messages that were not empty.
    pub messages: u64,
    /// Number of bytes in them.
    pub bytes: u64,
    /// Time in collective calls, which is time of transfer and of waiting for other ranks.
    pub waited: Duration,
}

impl<R: Ranks> Counted<R> {
    /// Starts to count.
    pub fn new(ranks: R) -> Self {
        Self { ranks, traffic: Cell::default() }
    }

    /// Returns the counts so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.get()
    }

    fn count<T>(&self, messages: impl Iterator<Item = usize>, call: impl FnOnce() -> T) -> T {
        let mut traffic = self.traffic.get();
        traffic.calls += 1;
        for bytes in messages.filter(|bytes| *bytes > 0) {
            traffic.messages += 1;
            traffic.bytes += bytes as u64;
        }
        let start = Instant::now();
        let result = call();
        traffic.waited += start.elapsed();
        self.traffic.set(traffic);
        result
    }
}

impl<R: Ranks> Ranks for Counted<R> {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn size(&self) -> usize {
        self.ranks.size()
    }

    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>> {
        self.count((1..self.size()).map(|_| bytes.len()), || self.ranks.all_gather(bytes))
    }

    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>> {
        let rank = self.rank();
        let lengths: Vec<usize> =
            bytes.iter().enumerate().filter(|(to, _)| *to != rank).map(|(_, bytes)| bytes.len()).collect();
        self.count(lengths.into_iter(), || self.ranks.all_to_all(bytes))
    }

    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>> {
        let others = if root == self.rank() { self.size() - 1 } else { 0 };
        let length = bytes.len();
        self.count((0..others).map(|_| length), || self.ranks.broadcast(root, bytes))
    }

    fn abort(&self, code: i32, message: &str) -> ! {
        self.ranks.abort(code, message)
    }

    fn write_aside(&self, bytes: &[u8]) -> RankResult<Option<PathBuf>> {
        self.ranks.write_aside(bytes)
    }
}

impl<R: Ranks + ?Sized> Ranks for &R {
    fn rank(&self) -> usize {
        (**self).rank()
    }

    fn size(&self) -> usize {
        (**self).size()
    }

    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>> {
        (**self).all_gather(bytes)
    }

    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>> {
        (**self).all_to_all(bytes)
    }

    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>> {
        (**self).broadcast(root, bytes)
    }

    fn abort(&self, code: i32, message: &str) -> ! {
        (**self).abort(code, message)
    }

    fn write_aside(&self, bytes: &[u8]) -> RankResult<Option<PathBuf>> {
        (**self).write_aside(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Threads;

    #[test]
    fn messages_to_other_ranks_are_counted() {
        let traffic = Threads::run(3, |ranks| {
            let counted = Counted::new(ranks);
            counted.all_gather(&[0; 10]).unwrap();
            counted.all_to_all((0..3).map(|to| vec![0; 100 * to]).collect()).unwrap();
            counted.broadcast(1, vec![0; 1000]).unwrap();
            counted.traffic()
        });
        for (rank, traffic) in traffic.into_iter().enumerate() {
            // To the two others: 10 bytes each, then 0, 100 and 200 without the own ones.
            let bytes = [20 + 300, 20 + 200 + 2000, 20 + 100][rank];
            let messages = [2 + 2, 2 + 1 + 2, 2 + 1][rank];
            assert_eq!((traffic.calls, traffic.messages, traffic.bytes), (3, messages, bytes));
        }
    }
}
