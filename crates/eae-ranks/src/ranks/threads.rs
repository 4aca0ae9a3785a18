use std::panic::resume_unwind;
use std::sync::Arc;

use super::channels::{Call, Channels, Shared, owned};
use super::{RankResult, Ranks};

/// Ranks as threads of one process, for tests.
#[derive(Debug)]
pub struct Threads {
    channels: Channels<Shared>,
}

impl Threads {
    /// Runs a function on each of `size` ranks, and returns the results in the order of ranks.
    ///
    /// # Panics
    ///
    /// If `size` is 0, or if the function panics on any rank, after all ranks have ended.
    pub fn run<T: Send>(size: usize, function: impl Fn(&Self) -> T + Sync) -> Vec<T> {
        assert!(size > 0, "there must be at least one rank");
        let function = &function;
        std::thread::scope(|scope| {
            let start = |channels| scope.spawn(move || function(&Self { channels }));
            let running: Vec<_> = Channels::between(size).into_iter().map(start).collect();
            let ended: Vec<_> = running.into_iter().map(|thread| thread.join()).collect();
            ended.into_iter().map(|result| result.unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }
}

impl Ranks for Threads {
    fn rank(&self) -> usize {
        self.channels.rank
    }

    fn size(&self) -> usize {
        self.channels.size()
    }

    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>> {
        let bytes = Arc::new(bytes.to_vec());
        for to in 0..self.size() {
            self.channels.send(to, Call::AllGather, Arc::clone(&bytes))?;
        }
        drop(bytes);
        (0..self.size()).map(|from| self.channels.receive(from, Call::AllGather).map(owned)).collect()
    }

    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>> {
        assert_eq!(bytes.len(), self.size(), "there must be one message for each rank");
        for (to, bytes) in bytes.into_iter().enumerate() {
            self.channels.send(to, Call::AllToAll, Arc::new(bytes))?;
        }
        (0..self.size()).map(|from| self.channels.receive(from, Call::AllToAll).map(owned)).collect()
    }

    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>> {
        if self.rank() == root {
            let bytes = Arc::new(bytes);
            for to in 0..self.size() {
                self.channels.send(to, Call::Broadcast, Arc::clone(&bytes))?;
            }
        }
        self.channels.receive(root, Call::Broadcast).map(owned)
    }

    /// Panics, which ends this rank and so all others.
    fn abort(&self, code: i32, message: &str) -> ! {
        panic!("rank {} aborts with code {code}: {message}", self.rank())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LostRank, RankError, Typed};

    #[test]
    fn messages_arrive_in_the_order_of_ranks() {
        for size in [1, 2, 3, 5, 8] {
            let all = Threads::run(size, |ranks| {
                let me = ranks.rank() as u8;
                let gathered = ranks.all_gather(&vec![me; ranks.rank()]).unwrap();
                let exchanged = ranks.all_to_all((0..size as u8).map(|to| vec![me, to]).collect()).unwrap();
                let root = size - 1;
                let broadcast = ranks.broadcast(root, vec![me; 3]).unwrap();
                (gathered, exchanged, broadcast)
            });
            for (rank, (gathered, exchanged, broadcast)) in all.into_iter().enumerate() {
                for from in 0..size {
                    assert_eq!(gathered[from], vec![from as u8; from]);
                    assert_eq!(exchanged[from], [from as u8, rank as u8]);
                }
                assert_eq!(broadcast, [size as u8 - 1; 3]);
            }
        }
    }

    #[test]
    fn a_rank_that_ends_early_ends_the_others() {
        let results = Threads::run(4, |ranks| match ranks.rank() {
            2 => Ok(Vec::new()),
            _ => ranks.all_gather(b"x"),
        });
        for (rank, result) in results.into_iter().enumerate() {
            assert!(rank == 2 || matches!(result, Err(RankError::Lost(LostRank(_)))));
        }
    }

    #[test]
    fn an_error_of_one_rank_is_the_error_of_all() {
        let results = Threads::run(3, |ranks| {
            ranks.agree(if ranks.rank() == 1 { Err("the file is missing") } else { Ok(ranks.rank()) })
        });
        for result in results {
            assert_eq!(result.unwrap_err().to_string(), "rank 1: the file is missing");
        }
        assert_eq!(Threads::run(3, |ranks| ranks.agree(Ok::<_, String>(ranks.rank())).unwrap()), [0, 1, 2]);
    }
}
