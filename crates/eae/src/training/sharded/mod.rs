//! Steps over batches that are cut into shards, in one process or over ranks.
//!
//! One thread computes a shard, with its own tape and its own copy of the model. All copies share
//! the parameters. Where an operation needs numbers of the whole batch, all threads wait for each
//! other ([`meeting`]), and so do the ranks ([`exchange`]). Gradients are added over shards in the
//! order of a fixed tree. So the result depends on the number of shards, but not on the ranks that
//! computed them.
//!
//! - `meeting`: numbers of all threads of a process;
//! - `exchange`: messages of all ranks;
//! - `step`: one step; `shard`: the part of it that one thread computes;
//! - `leader`, `follower`: a training over ranks, by `command`s of rank 0.

mod command;
mod exchange;
mod follower;
mod leader;
mod meeting;
mod shard;
mod step;

pub use follower::follow;
pub use leader::RankStepper;
pub(super) use step::ShardedStep;
