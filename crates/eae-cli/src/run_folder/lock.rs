//! The lock that allows only one training at a time in a folder.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use crate::failure::Failure;

/// The file that exists during a training.
pub(crate) const LOCK: &str = "training.lock";

/// The lock of a folder, which is released when it is dropped.
///
/// The lock belongs to the operating system, which releases it even if the process is killed. The
/// content of the file names the process that holds the lock.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// Held open, because closing the file releases the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder. If the file system has no locks, prints a warning and continues.
    pub(crate) fn take(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(LOCK);
        let failed = |e: io::Error| Failure::other(e).at(&path);
        loop {
            // Do not truncate the file, because its content may name another holder.
            let opened = File::options().create(true).truncate(false).read(true).write(true).open(&path);
            let mut file = opened.map_err(failed)?;
            match file.try_lock() {
                Ok(()) if !is_at(&file, &path) => continue,
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(refused(folder, &mut file)),
                Err(TryLockError::Error(problem)) => {
                    let folder = folder.display();
                    errln!("warning: cannot lock {folder} ({problem}); make sure that no other training uses it");
                }
            }
            // If the disk is full, the name cannot be written. The lock works without it.
            let _ = file.set_len(0).and_then(|()| file.write_all(holder().as_bytes()));
            return Ok(Self { path, _file: file });
        }
    }
}

impl Drop for Lock {
    /// Removes the file before the lock is released, so that the folder of a finished run has no
    /// lock file.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns false if the previous holder has removed the file since it was opened.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let identity = |file: &fs::Metadata| (file.dev(), file.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(file), Ok(there)) if identity(&file) == identity(&there))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Returns the name of this process.
fn holder() -> String {
    format!("process {} on {}", process::id(), gethostname::gethostname().to_string_lossy())
}

fn refused(folder: &Path, file: &mut File) -> Failure {
    let mut holder = String::new();
    // On some systems a locked file cannot be read. The holder is then not known.
    let named = file.take(1000).read_to_string(&mut holder).is_ok() && holder.starts_with("process ");
    let holder = if named { holder.as_str() } else { "another process" };
    Failure::other(format!("{holder} is training in {}; wait until it ends, or stop it", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        // The file of a killed process.
        fs::write(folder.path().join(LOCK), "process 1 on a machine with a long name that is not there any more")
            .unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let refused = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{} is training in ", holder())), "{refused}");
        drop(lock);
        assert!(!folder.path().join(LOCK).exists());
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn only_one_of_many_threads_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Ok(_lock) = Lock::take(folder.path()) {
                            use std::sync::atomic::Ordering::SeqCst;
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            inside.fetch_sub(1, SeqCst);
                        }
                    }
                });
            }
        });
        assert!(!folder.path().join(LOCK).exists());
    }
}
