//! Runs of the program.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Returns the command to run `eae` with these arguments in a folder.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eae"));
    // Tests must not depend on a GPU or on the user's cache by accident.
    for name in ["EAE_GPU", "EAE_GPU_ADAPTER", "EAE_GPU_MEM_MB", "EAE_GPU_CHECKED"] {
        command.env_remove(name);
    }
    command.current_dir(folder).env("EAE_CACHE", folder.join("cache")).args(arguments);
    command
}

/// Runs `eae` with these arguments in a folder.
pub(crate) fn eae(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Runs `eae`, which must succeed.
pub(crate) fn succeeds(folder: &Path, arguments: &[&str]) -> Output {
    let output = eae(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

/// Starts `eae` without waiting for it.
pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Child {
    command(folder, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a condition holds while the program is running.
pub(crate) fn wait_until(child: &mut Child, what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(child.try_wait().unwrap().is_none(), "{what}: the program ended before");
        assert!(start.elapsed() < Duration::from_secs(120), "{what}: it did not happen within two minutes");
        sleep(Duration::from_millis(2));
    }
}

/// Waits until a file exists and is not empty.
pub(crate) fn wait_for(file: &Path, child: &mut Child) {
    let what = file.display().to_string();
    wait_until(child, &what, || fs::metadata(file).is_ok_and(|file| file.len() > 0));
}

/// Sends the signal of Ctrl-C.
#[cfg(unix)]
pub(crate) fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Parses standard output as JSON lines.
pub(crate) fn json(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the commands that the help lists.
pub(crate) fn commands(folder: &Path) -> Vec<String> {
    let help = stdout(&eae(folder, &["--help"]));
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // Indented lines continue the summary of a command.
    let first = listed.filter(|line| !line.starts_with("   "));
    let names = first.filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert!(names.len() >= 16, "{help}");
    names
}
