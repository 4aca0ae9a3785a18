//! The hidden command `fail`, with which tests check that all ranks end if one of them fails.

use std::process;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use eae_ranks::{Ranks, Typed};

use crate::failure::Failure;

/// A failure to cause.
#[derive(Args)]
pub(crate) struct Fault {
    /// Kind of the failure.
    #[arg(value_enum)]
    how: How,
    /// Rank that fails.
    #[arg(long, default_value_t = 0)]
    at: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    /// A panic on the main thread.
    Panic,
    /// A panic on a thread of the pool.
    Thread,
    /// An error that the rank shares with the others.
    Error,
    /// An error that the others do not learn.
    Alone,
    /// The process ends without a message.
    Exit,
    /// Every rank prints its process number and waits, so that one of them can be killed.
    Wait,
}

/// Fails on one rank, while the others wait for its message.
pub(crate) fn run(ranks: &dyn Ranks, fault: &Fault) -> Result<(), Failure> {
    let fails = ranks.rank() == fault.at;
    match fault.how {
        How::Panic => assert!(!fails, "a panic on the main thread"),
        How::Thread if fails => rayon::scope(|scope| scope.spawn(|_| panic!("a panic on a thread of the pool"))),
        How::Alone if fails => return Err(Failure::alone("an error that the other ranks do not know")),
        How::Exit if fails => process::exit(3),
        How::Error => {
            ranks.agree(if fails { Err("an error of one rank") } else { Ok(()) })?;
        }
        How::Wait => {
            println!("{}", process::id());
            if fails {
                loop {
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
        How::Thread | How::Alone | How::Exit => {}
    }
    ranks.all_gather(b"waits for all")?;
    Ok(())
}
