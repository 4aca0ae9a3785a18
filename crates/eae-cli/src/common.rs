//! The flags that all commands share.

use clap::ArgMatches;

use crate::failure::Failure;

/// The flags that all commands share.
#[derive(clap::Args)]
pub(crate) struct Common {
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Number of threads; results do not depend on it [default: RAYON_NUM_THREADS, or all cores].
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Print JSON, and nothing else, on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Sets the number of threads for a command, or for the command within it.
pub(crate) fn set_threads(mut flags: &ArgMatches) -> Result<(), Failure> {
    while let Some((_, within)) = flags.subcommand() {
        flags = within;
    }
    // Completions and manual pages have no such flag.
    let Ok(Some(&threads)) = flags.try_get_one::<usize>("threads") else { return Ok(()) };
    if !(1..=1024).contains(&threads) {
        return Err(Failure::usage(format!("--threads is {threads}; it must be between 1 and 1024")));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|e| Failure::other(format!("cannot start {threads} threads: {e}")))
}
