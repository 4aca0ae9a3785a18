//! Completions, manual pages and help.

use std::fs;

use crate::support::program::{commands, stdout, succeeds};

#[test]
fn the_shell_and_man_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = |arguments: &[&str]| stdout(&succeeds(folder, arguments));
    let scripts = ["bash", "zsh", "fish", "powershell", "elvish"].map(|shell| text(&["completions", shell]));
    let page = text(&["man"]);
    assert!(page.contains(".TH eae 1"), "{page}");
    text(&["man", "--out", "pages"]);
    for command in commands(folder) {
        assert!(scripts.iter().all(|script| script.contains(&command)), "{command}");
        assert!(page.contains(&format!("eae\\-{command}(1)")), "{command}");
        let own = fs::read_to_string(folder.join(format!("pages/eae-{command}.1"))).unwrap();
        assert!(own.contains("Example"), "{command}");
        let help = text(&[&command, "--help"]);
        assert!(help.contains("Example"), "{command}");
    }
    assert!(text(&["--help"]).contains("eae sample runs/digits-1"));
}
