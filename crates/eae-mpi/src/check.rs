//! The command `check`: facts about the ranks, and a test of their messages.

use eae_ranks::{Ranks, Typed};

use crate::failure::Failure;
use crate::hosts;
use crate::transport::Mpi;

/// Prints facts about the ranks on rank 0, and tests messages of several rounds.
pub(crate) fn run(mpi: &Mpi) -> Result<(), Failure> {
    let hosts = hosts::all(mpi)?;
    let threads = mpi.all_gather_one(rayon::current_num_threads() as u64)?;
    if mpi.rank() == 0 {
        println!("library: {}", Mpi::library());
        println!("ranks: {}", mpi.size());
        for (rank, (host, threads)) in hosts.iter().zip(threads).enumerate() {
            println!("rank {rank}: {}, {}, {threads} threads", host.name, host.cpu);
        }
    }
    for most in [1, 7, 1 << 30] {
        mpi.limit(most);
        mpi.agree(test(mpi))?;
    }
    if mpi.rank() == 0 {
        println!("messages: all arrive");
        if let Some(warning) = hosts::mixed(&hosts) {
            println!("warning: {warning}");
        }
    }
    Ok(())
}

/// Sends messages of different lengths by every call and checks what arrives.
fn test(ranks: &dyn Ranks) -> Result<(), String> {
    let (rank, size) = (ranks.rank(), ranks.size());
    let text = |from: usize, to: usize| -> Vec<u8> {
        (0..3 * from + 5 * to).map(|i| (i * 31 + 7 * from + to) as u8).collect()
    };
    let arrived = |expected: Vec<Vec<u8>>, found: Vec<Vec<u8>>, call: &str| {
        if found == expected { Ok(()) } else { Err(format!("{call} delivers other bytes than were sent")) }
    };
    let failed = |error: eae_ranks::RankError| error.to_string();
    let gathered = ranks.all_gather(&text(rank, 0)).map_err(failed)?;
    arrived((0..size).map(|from| text(from, 0)).collect(), gathered, "all_gather")?;
    let sent = (0..size).map(|to| text(rank, to)).collect();
    let exchanged = ranks.all_to_all(sent).map_err(failed)?;
    arrived((0..size).map(|from| text(from, rank)).collect(), exchanged, "all_to_all")?;
    let broadcast = ranks.broadcast(size - 1, text(rank, 9)).map_err(failed)?;
    arrived(vec![text(size - 1, 9)], vec![broadcast], "broadcast")
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae_ranks::Threads;

    #[test]
    fn threads_pass() {
        assert!(Threads::run(4, |ranks| test(ranks)).into_iter().all(|result| result.is_ok()));
    }
}
