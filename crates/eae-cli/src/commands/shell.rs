//! What a shell and `man` want to know of the program.

use std::fs;
use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::print_bytes;

/// Print what makes a shell complete the commands and flags of `eae`.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae completions bash > ~/.local/share/bash-completion/completions/eae\n  eae completions zsh > \"${fpath[1]}/_eae\"\n  eae completions fish > ~/.config/fish/completions/eae.fish"
)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page of `eae`, or write those of all commands.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae man > eae.1 && man ./eae.1\n  eae man --out ~/.local/share/man/man1 && man eae-train"
)]
pub(crate) struct Man {
    /// A folder for one page of each command, as `eae-train.1`; those that are there are written
    /// anew.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &Completions, mut program: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "eae", &mut script);
    print_bytes(&script);
    Ok(())
}

pub(crate) fn man(arguments: &Man, program: Command) -> Result<(), Failure> {
    let Some(folder) = &arguments.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(program).render(&mut page).map_err(Failure::other)?;
        print_bytes(&page);
        return Ok(());
    };
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(program, folder));
    written.map_err(|e| Failure::other(format!("{}: {e}", folder.display())))
}
