//! Shell completions and manual pages.

use std::fs;
use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::print_bytes;

/// Print a script for shell completion.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae completions bash > ~/.local/share/bash-completion/completions/eae\n  eae completions zsh > \"${fpath[1]}/_eae\"\n  eae completions fish > ~/.config/fish/completions/eae.fish"
)]
pub(crate) struct Completions {
    /// Shell to complete commands and flags in.
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page, or write one for each command.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae man > eae.1 && man ./eae.1\n  eae man --out ~/.local/share/man/man1 && man eae-train"
)]
pub(crate) struct Man {
    /// Folder for the pages of all commands, eae-train.1 and so on; existing pages are replaced.
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
    written.map_err(|e| Failure::other(e).at(folder))
}
