//! Estimates of entropy and information over the nodes of a cluster, by MPI.
//!
//! The results are bit-identical to those of one process for any number of ranks.

mod bench;
mod check;
mod estimate;
mod fail;
mod failure;
mod hosts;
mod launcher;
mod rows;
mod transport;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use eae_ranks::Ranks;

use estimate::{Settings, Task};
use failure::Failure;
use transport::Mpi;

/// Estimate entropy, information and divergence on many computers. Start the program with the
/// launcher of MPI, such as mpirun -n 4 eae-mpi entropy points.npy.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Stop unless there are this many ranks.
    #[arg(long, global = true)]
    ranks: Option<usize>,
    /// Number of threads of each rank [default: the cores of the computer divided by its ranks].
    #[arg(long, global = true)]
    threads: Option<usize>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Estimate the entropy of the rows of a .npy file.
    Entropy {
        /// File with one sample per row.
        file: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Estimate the mutual information between the rows of two or more .npy files.
    Mi {
        /// Files with one row per observation.
        #[arg(num_args = 2.., required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Estimate the Kullback-Leibler divergence of one distribution from another.
    Divergence {
        /// File with samples of p.
        p: PathBuf,
        /// File with samples of q.
        q: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print library, ranks, hosts and processors, and test the messages.
    Check,
    /// Measure the time, the waiting and the bytes of an estimate.
    Bench {
        #[command(flatten)]
        points: bench::Points,
    },
    /// Fail on one rank, to test that all ranks end.
    #[command(hide = true)]
    Fail {
        #[command(flatten)]
        fault: fail::Fault,
    },
}

fn main() -> ExitCode {
    // Before MPI starts, so that a mistake in the arguments ends every process with a message.
    let arguments = Arguments::parse();
    let Some(mpi) = Mpi::start() else {
        eprintln!("error: {} cannot be started", Mpi::library());
        return ExitCode::FAILURE;
    };
    failure::abort_on_panic();
    match run(&mpi, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(mpi),
    }
}

fn run(mpi: &Mpi, arguments: &Arguments) -> Result<(), Failure> {
    launcher::check(mpi.size(), &Mpi::library()).map_err(Failure::common)?;
    launcher::expect(mpi.size(), arguments.ranks).map_err(Failure::common)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = || (cores / mpi.on_this_host()).max(1);
    let set = std::env::var_os("RAYON_NUM_THREADS").is_some();
    let local = share();
    if let Some(threads) = arguments.threads.or((!set).then_some(local)) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.map_err(|error| Failure::alone(format!("cannot start {threads} threads: {error}")))?;
    }
    let (task, settings) = match &arguments.command {
        Command::Check => return check::run(mpi),
        Command::Bench { points } => return bench::run(mpi, points),
        Command::Fail { fault } => return fail::run(mpi, fault),
        Command::Entropy { file, settings } => (Task::Entropy(file.clone()), settings),
        Command::Mi { files, settings } => (Task::Information(files.clone()), settings),
        Command::Divergence { p, q, settings } => (Task::Divergence([p.clone(), q.clone()]), settings),
    };
    if let Some(warning) = hosts::mixed(&hosts::all(mpi)?).filter(|_| mpi.rank() == 0) {
        eprintln!("warning: {warning}");
    }
    estimate::run(mpi, &task, settings)
}
