use eae_ranks::{RankError, RankResult, Ranks};

/// A message of one rank to all others during a step.
#[derive(Debug)]
pub(super) enum Message {
    /// Numbers of the rank's shards.
    Numbers(Vec<Vec<f64>>),
    /// The shards are computed.
    Done(Done),
    /// The rank has met an error.
    Failed(String),
}

/// The end of a step on one rank.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    /// The loss, which is the same on all ranks.
    pub(super) loss: f64,
    /// True if the training shall end after this step.
    pub(super) stop: bool,
}

impl Message {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Numbers(shards) => {
                let lengths = [shards.len()].into_iter().chain(shards.iter().map(Vec::len));
                let words = lengths.map(|length| length as u64).chain(shards.iter().flatten().map(|x| x.to_bits()));
                [0].into_iter().chain(words.flat_map(u64::to_ne_bytes)).collect()
            }
            Self::Done(Done { loss, stop }) => [&[1, u8::from(*stop)][..], &loss.to_ne_bytes()].concat(),
            Self::Failed(problem) => [&[2], problem.as_bytes()].concat(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> RankResult<Self> {
        Self::parse(bytes).ok_or(RankError::Garbled { bytes: bytes.len() })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, bytes) = bytes.split_first()?;
        match kind {
            0 => {
                let mut words = bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().expect("8 bytes")));
                let count = words.next()?;
                let lengths: Vec<u64> = words.by_ref().take(usize::try_from(count).ok()?).collect();
                let numbers: Vec<f64> = words.map(f64::from_bits).collect();
                let mut rest = &numbers[..];
                let shard = |length: u64| {
                    let (shard, others) = rest.split_at_checked(length as usize)?;
                    rest = others;
                    Some(shard.to_vec())
                };
                let shards: Option<Vec<_>> = lengths.into_iter().map(shard).collect();
                Some(Self::Numbers(shards.filter(|shards| shards.len() as u64 == count)?))
            }
            1 => {
                let (stop, loss) = bytes.split_first()?;
                Some(Self::Done(Done { loss: f64::from_ne_bytes(loss.try_into().ok()?), stop: *stop != 0 }))
            }
            2 => Some(Self::Failed(String::from_utf8_lossy(bytes).into_owned())),
            _ => None,
        }
    }
}

/// Sends numbers of this rank's shards to all ranks. Returns those of all shards.
///
/// # Errors
///
/// The error of another rank, or if a rank does not send numbers.
pub(super) fn numbers(ranks: &dyn Ranks, own: Vec<Vec<f64>>) -> RankResult<Vec<Vec<f64>>> {
    if ranks.size() == 1 {
        return Ok(own);
    }
    let mut all = Vec::new();
    for (rank, message) in exchange(ranks, &Message::Numbers(own))?.into_iter().enumerate() {
        match message {
            Message::Numbers(numbers) => all.extend(numbers),
            _ => return Err(differs(rank)),
        }
    }
    Ok(all)
}

/// Tells all ranks that this one has computed its shards. Returns true if any rank wants to stop.
///
/// # Errors
///
/// The error of another rank, or if a rank is not done or has another loss.
pub(super) fn done(ranks: &dyn Ranks, own: Done) -> RankResult<bool> {
    let mut stop = false;
    for (rank, message) in exchange(ranks, &Message::Done(own))?.into_iter().enumerate() {
        match message {
            Message::Done(done) if done.loss.to_bits() == own.loss.to_bits() => stop |= done.stop,
            _ => return Err(differs(if rank == 0 { ranks.rank() } else { rank })),
        }
    }
    Ok(stop)
}

/// Tells all ranks that this one has met an error. Returns the error of the first such rank, which
/// all ranks return.
pub(super) fn failed(ranks: &dyn Ranks, problem: &dyn std::fmt::Display) -> RankError {
    match exchange(ranks, &Message::Failed(problem.to_string())) {
        Err(error) => error,
        Ok(_) => RankError::Failed { rank: ranks.rank(), message: problem.to_string() },
    }
}

fn exchange(ranks: &dyn Ranks, own: &Message) -> RankResult<Vec<Message>> {
    let all = ranks.all_gather(&own.to_bytes())?;
    let all: Vec<Message> = all.iter().map(|bytes| Message::from_bytes(bytes)).collect::<RankResult<_>>()?;
    let failure = |(rank, message): (usize, &Message)| match message {
        Message::Failed(problem) => Some(RankError::Failed { rank, message: problem.clone() }),
        _ => None,
    };
    match all.iter().enumerate().find_map(failure) {
        Some(failure) => Err(failure),
        None => Ok(all),
    }
}

/// A rank whose computation differs from that of the others.
pub(super) fn differs(rank: usize) -> RankError {
    let message = "it has computed other numbers than rank 0; use the same program and the same kind of processor for \
                   all ranks";
    RankError::Failed { rank, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae_ranks::Threads;

    #[test]
    fn messages_are_read_as_written() {
        for shards in [vec![], vec![vec![]], vec![vec![1.0, -0.0], vec![], vec![f64::INFINITY]]] {
            let bytes = Message::Numbers(shards.clone()).to_bytes();
            assert!(matches!(Message::from_bytes(&bytes), Ok(Message::Numbers(found)) if found == shards));
            for cut in 0..bytes.len() {
                // A shorter message is an error or has fewer numbers, but never a panic.
                let _ = Message::from_bytes(&bytes[..cut]);
            }
        }
        let bytes = Message::Done(Done { loss: 0.1, stop: true }).to_bytes();
        assert!(matches!(Message::from_bytes(&bytes), Ok(Message::Done(Done { loss: 0.1, stop: true }))));
        assert!(matches!(Message::from_bytes(&[9]), Err(RankError::Garbled { bytes: 1 })));
    }

    #[test]
    fn all_ranks_return_the_first_error() {
        let errors = Threads::run(4, |ranks| match ranks.rank() {
            0 => numbers(ranks, vec![vec![1.0]]).unwrap_err(),
            1 => done(ranks, Done { loss: 1.0, stop: false }).unwrap_err(),
            rank => failed(ranks, &format_args!("no image {rank}")),
        });
        assert!(errors.iter().all(|error| error.to_string() == "rank 2: no image 2"), "{errors:?}");
    }

    #[test]
    fn another_loss_is_an_error() {
        for odd in 0..3 {
            let results = Threads::run(3, |ranks| {
                let loss = if ranks.rank() == odd { 1.5 } else { 1.0 };
                done(ranks, Done { loss, stop: false })
            });
            assert!(results.iter().all(|result| result.is_err()), "{results:?}");
        }
        let stops = Threads::run(3, |ranks| done(ranks, Done { loss: 1.0, stop: ranks.rank() == 1 }).unwrap());
        assert_eq!(stops, [true; 3]);
    }
}
