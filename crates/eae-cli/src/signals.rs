//! The signals that ask the program to end.

use std::io;

use crate::failure::Failure;

/// Calls `then` instead of ending the program when Ctrl-C is pressed, the program is terminated or
/// its terminal closes.
pub(crate) fn on_interrupt(then: impl FnMut() + Send + 'static) -> Result<(), Failure> {
    listen(then).map_err(|e| Failure::other(format!("cannot listen for interrupts: {e}")))
}

#[cfg(unix)]
fn listen(mut then: impl FnMut() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !outlives_its_terminal() {
        signals.add_signal(SIGHUP)?;
    }
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || signals.forever().for_each(|_| then()))?;
    Ok(())
}

#[cfg(not(unix))]
fn listen(then: impl FnMut() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(then).map_err(io::Error::other)
}

/// Returns true if the program was started with SIGHUP ignored, as `nohup` does. This is known on
/// Linux only.
#[cfg(unix)]
fn outlives_its_terminal() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hang_ups(&status))
}

/// Returns true if SIGHUP is in the set of ignored signals, a hexadecimal number in which it is the
/// lowest bit.
#[cfg(unix)]
fn ignores_hang_ups(status: &str) -> bool {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_some_and(|set| set & 1 == 1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_ignored_signals_is_read() {
        assert!(ignores_hang_ups("Name:\teae\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n"));
        assert!(!ignores_hang_ups("SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\n"));
        assert!(!ignores_hang_ups(""));
    }
}
