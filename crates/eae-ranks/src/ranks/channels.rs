//! Channels between ranks that are threads of one process.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::{LostRank, RankError, RankResult};

/// The channels of one rank, to and from every rank.
///
/// When a rank ends, its channels close. All others then get [`RankError::Lost`] instead of waiting
/// forever.
#[derive(Debug)]
pub(super) struct Channels<T> {
    pub(super) rank: usize,
    senders: Vec<Sender<Envelope<T>>>,
    receivers: Vec<Receiver<Envelope<T>>>,
}

/// The kind of a collective call, to detect ranks that call different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    AllGather,
    AllToAll,
    Broadcast,
}

#[derive(Debug)]
struct Envelope<T> {
    call: Call,
    content: T,
}

impl<T> Channels<T> {
    /// Returns the channels of each of `size` ranks.
    pub(super) fn between(size: usize) -> Vec<Self> {
        let mut all: Vec<Self> =
            (0..size).map(|rank| Self { rank, senders: Vec::new(), receivers: Vec::new() }).collect();
        for from in 0..size {
            for to in 0..size {
                let (sender, receiver) = channel();
                all[from].senders.push(sender);
                all[to].receivers.push(receiver);
            }
        }
        all
    }

    pub(super) fn size(&self) -> usize {
        self.senders.len()
    }

    pub(super) fn send(&self, to: usize, call: Call, content: T) -> RankResult<()> {
        self.senders[to].send(Envelope { call, content }).map_err(|_| RankError::Lost(LostRank(to)))
    }

    /// Waits for the next message of a rank.
    ///
    /// # Panics
    ///
    /// If the other rank made a different call.
    pub(super) fn receive(&self, from: usize, call: Call) -> RankResult<T> {
        let envelope = self.receivers[from].recv().map_err(|_| RankError::Lost(LostRank(from)))?;
        let (rank, other) = (self.rank, envelope.call);
        assert_eq!(call, other, "rank {rank} calls {call:?} and rank {from} calls {other:?}");
        Ok(envelope.content)
    }
}

/// Bytes that several ranks can share.
pub(super) type Shared = Arc<Vec<u8>>;

/// Returns the bytes, without a copy if nobody else holds them.
pub(super) fn owned(bytes: Shared) -> Vec<u8> {
    Arc::try_unwrap(bytes).unwrap_or_else(|bytes| bytes.to_vec())
}
