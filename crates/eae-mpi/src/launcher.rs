//! Checks that the launcher and the library belong together.

use std::env;

/// Variables in which launchers state the number of processes.
const SIZES: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS"];

/// Returns an error if a launcher started several processes, but the library connects none of them.
/// This happens with the launcher of another MPI: each process would do the whole job alone.
pub(crate) fn check(size: usize, library: &str) -> Result<(), String> {
    check_with(size, library, |name| env::var(name).ok())
}

fn check_with(size: usize, library: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    if size > 1 {
        return Ok(());
    }
    for name in SIZES {
        let started = variable(name).and_then(|text| text.trim().parse::<usize>().ok());
        if let Some(started) = started.filter(|&started| started > 1) {
            return Err(format!(
                "the launcher started {started} processes ({name}), but MPI connects only 1 of them; this program uses {library}: \
                 start it with the launcher of this library, or build it again with the MPI of your launcher"
            ));
        }
    }
    Ok(())
}

/// Returns an error if the number of processes differs from the expected one.
pub(crate) fn expect(size: usize, expected: Option<usize>) -> Result<(), String> {
    match expected {
        Some(expected) if expected != size => Err(format!(
            "there are {size} ranks instead of {expected} (--ranks); check the number of processes of the launcher"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_that_do_not_know_each_other_are_an_error() {
        let variable = |name: &str| (name == "PMI_SIZE").then(|| "3".to_owned());
        let error = check_with(1, "Open MPI v4.1.4", variable).unwrap_err();
        assert!(error.contains("started 3 processes (PMI_SIZE)") && error.contains("Open MPI v4.1.4"));
        assert_eq!(check_with(3, "Open MPI", variable), Ok(()));
        assert_eq!(check_with(1, "Open MPI", |_| None), Ok(()));
        assert_eq!(check_with(1, "Open MPI", |_| Some("1".to_owned())), Ok(()));
    }

    #[test]
    fn the_number_of_ranks_can_be_asserted() {
        assert!(expect(2, Some(2)).is_ok() && expect(2, None).is_ok());
        assert!(expect(1, Some(4)).unwrap_err().starts_with("there are 1 ranks instead of 4"));
    }
}
