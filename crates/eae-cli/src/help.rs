//! The layout of the help of commands with many flags: headings, and a short help with the flags
//! that a newcomer needs.

use clap::Command;

/// The headings in their order, with the flags under each. All other flags are under the last one.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Data", &["data", "size", "channels", "split_seed", "strict", "columns", "label", "shape", "drop_missing"]),
    ("Model", &["rows", "model", "latent"]),
    (
        "Training",
        &[
            "seeds",
            "epochs",
            "batch",
            "shards",
            "resume",
            "init",
            "config",
            "learning_rate",
            "keep_best",
            "patience",
            "device",
            "keep_every",
            "seed",
            "threads",
        ],
    ),
    ("Objective", &["objective", "lambda", "warm_up", "beta", "weight", "gradient"]),
    ("Output", &["out", "features", "tensorboard", "no_report", "quiet", "json"]),
    (
        "Advanced",
        &[
            "k",
            "mean",
            "marginal",
            "decoded",
            "bank",
            "radius",
            "draws",
            "coverage",
            "moments",
            "critic",
            "floor",
            "error_unit",
        ],
    ),
];

/// The flags that `-h` shows. `--help` shows all flags.
const FIRST: [&str; 16] = [
    "data",
    "columns",
    "label",
    "model",
    "latent",
    "rows",
    "seeds",
    "epochs",
    "batch",
    "resume",
    "init",
    "objective",
    "lambda",
    "out",
    "quiet",
    "json",
];

/// Groups the flags of `train` and `compare` under headings.
pub(crate) fn grouped(program: Command) -> Command {
    ["train", "compare"].into_iter().fold(program, |program, name| program.mut_subcommand(name, in_groups))
}

pub(crate) fn in_groups(command: Command) -> Command {
    command.mut_args(|flag| {
        if flag.is_positional() {
            return flag;
        }
        let id = flag.get_id().as_str();
        let group = GROUPS.iter().find(|(_, flags)| flags.contains(&id)).unwrap_or(&GROUPS[5]);
        let hidden = !FIRST.contains(&id);
        flag.help_heading(group.0).hide_short_help(hidden)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the headings of a help text, and its number of lines.
    fn read(help: &str) -> (Vec<&str>, usize) {
        let headings = help.lines().filter_map(|line| line.strip_suffix(':'));
        (headings.filter(|line| !line.starts_with(' ') && *line != "Examples").collect(), help.lines().count())
    }

    #[test]
    fn flags_are_under_headings_in_this_order() {
        for name in ["train", "compare"] {
            let mut program = crate::program().term_width(100);
            program.build();
            let command = program.find_subcommand_mut(name).unwrap();
            let (short, long) = (command.render_help().to_string(), command.render_long_help().to_string());
            let ((short_headings, short_lines), (headings, lines)) = (read(&short), read(&long));
            let expected = GROUPS.iter().map(|(heading, _)| *heading).filter(|heading| headings.contains(heading));
            let listed = headings.iter().copied().filter(|heading| *heading != "Options");
            assert!(listed.eq(expected), "{long}");
            assert!(short_lines < 50 && lines > short_lines && short.contains("--help"), "{short_lines}: {short}");
            assert!(short_headings.starts_with(&["Options", "Data", "Model", "Training"]), "{short}");
            assert!(!short.contains("--split-seed") && long.contains("--split-seed"));
        }
    }
}
