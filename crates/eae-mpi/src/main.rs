//! Trainings, and estimates of entropy and information, over the nodes of a cluster by MPI.
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

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use eae_cli::TrainArguments;
use eae_ranks::Ranks;

use estimate::{Settings, Task};
use failure::Failure;
use transport::Mpi;

/// Train autoencoders, and estimate entropy, information and divergence, on many computers. Start
/// the program with the launcher of MPI, such as mpirun -n 4 eae-mpi entropy points.npy.
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
    Train(Box<TrainArguments>),
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
    /// Measure the time, the waiting and the bytes of an estimate, or of a training.
    Bench(bench::Bench),
    /// Fail on one rank, to test that all ranks end.
    #[command(hide = true)]
    Fail {
        #[command(flatten)]
        fault: fail::Fault,
    },
}

fn main() -> ExitCode {
    // Before MPI starts, so that a mistake in the arguments ends every process with a message.
    let matches = Arguments::command().mut_subcommand("train", eae_cli::train_help).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let Some(mpi) = Mpi::start() else {
        eprintln!("error: {} cannot be started", Mpi::library());
        return ExitCode::FAILURE;
    };
    failure::abort_on_panic();
    match run(&mpi, &arguments, &matches) {
        Ok(code) => code,
        Err(failure) => failure.end(mpi),
    }
}

fn run(mpi: &Mpi, arguments: &Arguments, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    launcher::check(mpi.size(), &Mpi::library()).map_err(Failure::common)?;
    launcher::expect(mpi.size(), arguments.ranks).map_err(Failure::common)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = || (cores / mpi.on_this_host()).max(1);
    let set = std::env::var_os("RAYON_NUM_THREADS").is_some();
    let local = share();
    let flags = matches.subcommand().map(|(_, flags)| flags);
    // `eae train` has this flag of its own.
    let of_train = flags.and_then(|flags| flags.get_one::<usize>("threads").copied());
    if let Some(threads) = arguments.threads.or(of_train).or((!set).then_some(local)) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.map_err(|error| Failure::alone(format!("cannot start {threads} threads: {error}")))?;
    }
    let (task, settings) = match &arguments.command {
        Command::Train(arguments) => {
            warn_of_mixed(mpi)?;
            let is_given =
                |flag: &str| flags.is_some_and(|flags| flags.value_source(flag) == Some(ValueSource::CommandLine));
            return Ok(eae_cli::train_over(mpi, arguments, &is_given));
        }
        Command::Check => return check::run(mpi).map(|()| ExitCode::SUCCESS),
        Command::Bench(bench) => return bench::run(mpi, bench).map(|()| ExitCode::SUCCESS),
        Command::Fail { fault } => return fail::run(mpi, fault).map(|()| ExitCode::SUCCESS),
        Command::Entropy { file, settings } => (Task::Entropy(file.clone()), settings),
        Command::Mi { files, settings } => (Task::Information(files.clone()), settings),
        Command::Divergence { p, q, settings } => (Task::Divergence([p.clone(), q.clone()]), settings),
    };
    warn_of_mixed(mpi)?;
    estimate::run(mpi, &task, settings).map(|()| ExitCode::SUCCESS)
}

/// Warns if the computers differ.
fn warn_of_mixed(mpi: &Mpi) -> Result<(), Failure> {
    if let Some(warning) = hosts::mixed(&hosts::all(mpi)?).filter(|_| mpi.rank() == 0) {
        eprintln!("warning: {warning}");
    }
    Ok(())
}
