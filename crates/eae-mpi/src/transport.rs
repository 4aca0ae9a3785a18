//! Ranks by MPI, the only module that knows the library.

use std::cell::Cell;

use eae_ranks::{RankResult, Ranks};
use mpi::Threading;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

/// The processes that a launcher of MPI started.
///
/// MPI moves bytes and never adds numbers, because the order of its additions depends on the number
/// of processes, on the length of a message and on the library. Its counts have 32 bits, so long
/// messages go in rounds.
///
/// Only the main thread may call MPI. A communicator cannot be sent to another thread, so the
/// compiler checks this.
pub(crate) struct Mpi {
    world: SimpleCommunicator,
    /// Largest number of bytes that a process sends or receives at once.
    most: Cell<usize>,
    // Dropped last, which waits for all processes.
    _universe: Universe,
}

impl Mpi {
    /// Starts MPI. Returns `None` if the library cannot be started.
    pub(crate) fn start() -> Option<Self> {
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)?;
        let world = universe.world();
        Some(Self { world, most: Cell::new(1 << 30), _universe: universe })
    }

    /// Returns the name and version of the library.
    pub(crate) fn library() -> String {
        let version = mpi::environment::library_version().unwrap_or_default();
        version.trim_end_matches('\0').lines().next().unwrap_or("unknown").trim().to_owned()
    }

    /// Returns the number of processes on this computer.
    pub(crate) fn on_this_host(&self) -> usize {
        self.world.split_shared(self.world.rank()).size() as usize
    }

    /// Sets the largest number of bytes that a process sends or receives at once, to test messages
    /// that need several rounds.
    pub(crate) fn limit(&self, most: usize) {
        self.most.set(most);
    }

    /// Returns the largest length of a message between two processes in one round.
    fn piece(&self) -> usize {
        (self.most.get() / self.size()).max(1)
    }

    /// Returns the number of rounds for the longest message of all processes.
    fn rounds(&self, longest: usize) -> usize {
        let mut all = vec![0_u64; self.size()];
        self.world.all_gather_into(&(longest as u64), &mut all[..]);
        (all.into_iter().max().unwrap_or(0) as usize).div_ceil(self.piece())
    }
}

/// Bytes at an address that MPI accepts even if there are none.
///
/// An empty vector has the address 1, which means `MPI_IN_PLACE` in Open MPI: the call would fail,
/// or take the bytes from another place. The first byte is never used.
struct Buffer(Vec<u8>);

impl Buffer {
    fn of(bytes: &[u8]) -> Self {
        let mut buffer = Self(vec![0]);
        buffer.append(bytes);
        buffer
    }

    fn zeros(count: usize) -> Self {
        Self(vec![0; count + 1])
    }

    fn append(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn bytes(&self) -> &[u8] {
        &self.0[1..]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0[1..]
    }
}

/// Ends all processes, from any thread. MPI allows other threads no calls, but the processes end in
/// any case.
pub(crate) fn abort_everything(code: i32) -> ! {
    SimpleCommunicator::world().abort(code)
}

/// Returns the displacement of each message in a buffer.
fn displacements(counts: &[i32]) -> Vec<i32> {
    let mut next = 0;
    let place = |count: &i32| {
        next += count;
        next - count
    };
    counts.iter().map(place).collect()
}

impl Ranks for Mpi {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>> {
        let mut lengths = vec![0_u64; self.size()];
        self.world.all_gather_into(&(bytes.len() as u64), &mut lengths[..]);
        let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
        let mut gathered: Vec<Vec<u8>> = lengths.iter().map(|&length| Vec::with_capacity(length)).collect();
        let (piece, longest) = (self.piece(), lengths.iter().copied().max().unwrap_or(0));
        for round in 0..longest.div_ceil(piece) {
            let part = |length: usize| length.saturating_sub(round * piece).min(piece);
            let start = (round * piece).min(bytes.len());
            let own = Buffer::of(&bytes[start..start + part(bytes.len())]);
            let counts: Vec<i32> = lengths.iter().map(|&length| part(length) as i32).collect();
            let mut buffer = Buffer::zeros(counts.iter().map(|&count| count as usize).sum());
            let mut into = PartitionMut::new(buffer.bytes_mut(), &counts[..], displacements(&counts));
            self.world.all_gather_varcount_into(own.bytes(), &mut into);
            let mut rest = buffer.bytes();
            for (gathered, &count) in gathered.iter_mut().zip(&counts) {
                let (one, others) = rest.split_at(count as usize);
                gathered.extend_from_slice(one);
                rest = others;
            }
        }
        Ok(gathered)
    }

    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>> {
        assert_eq!(bytes.len(), self.size(), "there must be one message for each rank");
        let mut bytes = bytes;
        // What stays here needs no message.
        let own = std::mem::take(&mut bytes[self.rank()]);
        let sent: Vec<u64> = bytes.iter().map(|bytes| bytes.len() as u64).collect();
        let mut lengths = vec![0_u64; self.size()];
        self.world.all_to_all_into(&sent[..], &mut lengths[..]);
        let mut received: Vec<Vec<u8>> = lengths.iter().map(|&length| Vec::with_capacity(length as usize)).collect();
        let piece = self.piece();
        let longest = bytes.iter().map(Vec::len).max().unwrap_or(0);
        for round in 0..self.rounds(longest) {
            let part = |length: usize| length.saturating_sub(round * piece).min(piece);
            let (mut out, mut out_counts) = (Buffer::of(&[]), Vec::new());
            for bytes in &bytes {
                let (start, count) = ((round * piece).min(bytes.len()), part(bytes.len()));
                out.append(&bytes[start..start + count]);
                out_counts.push(count as i32);
            }
            let counts: Vec<i32> = lengths.iter().map(|&length| part(length as usize) as i32).collect();
            let mut buffer = Buffer::zeros(counts.iter().map(|&count| count as usize).sum());
            let from = Partition::new(out.bytes(), &out_counts[..], displacements(&out_counts));
            let mut into = PartitionMut::new(buffer.bytes_mut(), &counts[..], displacements(&counts));
            self.world.all_to_all_varcount_into(&from, &mut into);
            let mut rest = buffer.bytes();
            for (received, &count) in received.iter_mut().zip(&counts) {
                let (one, others) = rest.split_at(count as usize);
                received.extend_from_slice(one);
                rest = others;
            }
        }
        received[self.rank()] = own;
        Ok(received)
    }

    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>> {
        let root = self.world.process_at_rank(root as i32);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        let mut bytes = bytes;
        bytes.resize(length as usize, 0);
        for part in bytes.chunks_mut(self.most.get()) {
            root.broadcast_into(part);
        }
        Ok(bytes)
    }

    fn abort(&self, code: i32, message: &str) -> ! {
        eprintln!("error: rank {}: {message}", self.rank());
        self.world.abort(code)
    }
}
