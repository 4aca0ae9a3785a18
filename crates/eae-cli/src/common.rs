//! The flags that every command takes.

use crate::failure::Failure;

/// The flags that every command takes.
#[derive(clap::Args)]
pub(crate) struct Common {
    /// Decides everything that is random.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Threads to compute with; results do not depend on it. By default all, or RAYON_NUM_THREADS.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Print JSON on standard output, and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    /// Sets the number of threads.
    pub(crate) fn apply(&self) -> Result<(), Failure> {
        let Some(threads) = self.threads else { return Ok(()) };
        if !(1..=1024).contains(&threads) {
            return Err(Failure::usage(format!("--threads is {threads}, it must be from 1 to 1024")));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.map_err(|e| Failure::other(format!("cannot start {threads} threads: {e}")))
    }
}
