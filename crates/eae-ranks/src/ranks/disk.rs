use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::aside::Temporary;
use super::channels::{Call, Channels, Shared, owned};
use super::{RankError, RankResult, Ranks};

/// Ranks that take turns in one process and keep their data in files, for data larger than memory.
///
/// Each rank works on one part of the data. Only one rank works at a time. When it waits for the
/// others, its messages and what it has [set aside](crate::Typed::set_aside) are in files, so the
/// process holds about one part in memory.
#[derive(Debug)]
pub struct Disk {
    channels: Channels<Message>,
    turn: Arc<Turn>,
    folder: PathBuf,
    files: Arc<AtomicU64>,
}

/// Number of bytes from which the messages of a rank, or what it sets aside, go to a file. Shorter
/// ones stay in memory.
const LARGE: usize = 1 << 12;

#[derive(Debug, Clone)]
enum Message {
    Memory(Shared),
    /// A part of a file, which is removed after all of its receivers have read their parts.
    File(Arc<Temporary>, Range<u64>),
}

impl Disk {
    /// Runs a function on each of `size` ranks, and returns the results in the order of ranks.
    /// Files are written to a new folder in `folder`, which is removed at the end.
    ///
    /// # Errors
    ///
    /// [`RankError::Disk`] if the folder cannot be created. Errors of files are returned by the
    /// methods of the ranks.
    ///
    /// # Panics
    ///
    /// If `size` is 0, or if the function panics on any rank, after all ranks have ended.
    pub fn run<T: Send>(size: usize, folder: &Path, function: impl Fn(&Self) -> T + Sync) -> RankResult<Vec<T>> {
        assert!(size > 0, "there must be at least one rank");
        let failed = |source| RankError::Disk { path: folder.to_owned(), source };
        let temporary = tempfile::Builder::new().prefix("eae-").tempdir_in(folder).map_err(failed)?;
        let (turn, files, function) = (Arc::new(Turn::default()), Arc::new(AtomicU64::new(0)), &function);
        Ok(std::thread::scope(|scope| {
            let start = |channels| {
                let (turn, files) = (Arc::clone(&turn), Arc::clone(&files));
                let disk = Self { channels, turn, folder: temporary.path().to_owned(), files };
                scope.spawn(move || {
                    let _working = disk.turn.take();
                    function(&disk)
                })
            };
            let running: Vec<_> = Channels::between(size).into_iter().map(start).collect();
            let ended: Vec<_> = running.into_iter().map(|thread| thread.join()).collect();
            ended.into_iter().map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        }))
    }

    /// Writes messages to a new file, one after the other.
    fn write<'b>(&self, messages: impl Iterator<Item = &'b [u8]>) -> RankResult<PathBuf> {
        let path = self.folder.join(self.files.fetch_add(1, Relaxed).to_string());
        let write = || {
            let mut file = File::create(&path)?;
            messages.into_iter().try_for_each(|message| file.write_all(message))
        };
        write().map_err(|source| RankError::Disk { path: path.clone(), source })?;
        Ok(path)
    }

    /// Returns the messages of this rank, in a file if they are large together.
    fn messages(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Message>> {
        let in_memory = |bytes| Message::Memory(Arc::new(bytes));
        if bytes.iter().map(Vec::len).sum::<usize>() < LARGE {
            return Ok(bytes.into_iter().map(in_memory).collect());
        }
        let file = Arc::new(Temporary::new(self.write(bytes.iter().map(Vec::as_slice))?));
        let mut end = 0;
        let part = |bytes: Vec<u8>| {
            end += bytes.len() as u64;
            Message::File(Arc::clone(&file), end - bytes.len() as u64..end)
        };
        Ok(bytes.into_iter().map(part).collect())
    }

    /// Lets other ranks work until the messages are there, and reads them afterwards.
    fn wait(&self, call: Call, from: impl Iterator<Item = usize>) -> RankResult<Vec<Vec<u8>>> {
        self.turn.end();
        let messages: RankResult<Vec<Message>> = from.map(|from| self.channels.receive(from, call)).collect();
        self.turn.begin();
        let open = |message| match message {
            Message::Memory(bytes) => Ok(owned(bytes)),
            Message::File(file, part) => file.read_part(part),
        };
        messages?.into_iter().map(open).collect()
    }
}

impl Ranks for Disk {
    fn rank(&self) -> usize {
        self.channels.rank
    }

    fn size(&self) -> usize {
        self.channels.size()
    }

    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>> {
        // Every rank holds what is gathered, so it is small.
        let message = Message::Memory(Arc::new(bytes.to_vec()));
        for to in 0..self.size() {
            self.channels.send(to, Call::AllGather, message.clone())?;
        }
        drop(message);
        self.wait(Call::AllGather, 0..self.size())
    }

    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>> {
        assert_eq!(bytes.len(), self.size(), "there must be one message for each rank");
        for (to, message) in self.messages(bytes)?.into_iter().enumerate() {
            self.channels.send(to, Call::AllToAll, message)?;
        }
        self.wait(Call::AllToAll, 0..self.size())
    }

    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>> {
        if self.rank() == root {
            let message = Message::Memory(Arc::new(bytes));
            for to in 0..self.size() {
                self.channels.send(to, Call::Broadcast, message.clone())?;
            }
        }
        Ok(self.wait(Call::Broadcast, std::iter::once(root))?.remove(0))
    }

    /// Panics, which ends this rank and so all others.
    fn abort(&self, code: i32, message: &str) -> ! {
        panic!("rank {} aborts with code {code}: {message}", self.rank())
    }

    fn write_aside(&self, bytes: &[u8]) -> RankResult<Option<PathBuf>> {
        if bytes.len() < LARGE { Ok(None) } else { self.write(std::iter::once(bytes)).map(Some) }
    }
}

/// Permission to work, which one rank has at a time.
#[derive(Debug, Default)]
struct Turn {
    taken: Mutex<bool>,
    free: Condvar,
}

impl Turn {
    fn begin(&self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            taken = self.free.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken = true;
    }

    fn end(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.free.notify_one();
    }

    /// Begins a turn that ends when the result is dropped, even by a panic.
    fn take(&self) -> Working<'_> {
        self.begin();
        Working(self)
    }
}

struct Working<'t>(&'t Turn);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::{LostRank, Typed};

    #[test]
    fn large_messages_go_through_files_that_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (working, most_files) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let files = || {
            let one = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
            std::fs::read_dir(one.path()).unwrap().count()
        };
        let all = Disk::run(3, folder.path(), |ranks| {
            let me = ranks.rank() as u8;
            let alone = || {
                assert_eq!(working.fetch_add(1, Relaxed), 0, "two ranks work at the same time");
                std::thread::sleep(std::time::Duration::from_millis(5));
                working.fetch_sub(1, Relaxed);
            };
            alone();
            let aside = ranks.set_aside(vec![me; 3 * LARGE]).unwrap();
            let received = ranks.all_to_all((0..3).map(|to| vec![me; LARGE + to]).collect()).unwrap();
            alone();
            most_files.fetch_max(files(), Relaxed);
            let gathered = ranks.all_gather(&[me]).unwrap();
            let last = ranks.broadcast(2, vec![me]).unwrap();
            assert_eq!(aside.get().unwrap(), vec![me; 3 * LARGE]);
            assert_eq!(aside.take_back().unwrap(), vec![me; 3 * LARGE]);
            (received, gathered, last)
        });
        for (rank, (received, gathered, last)) in all.unwrap().into_iter().enumerate() {
            assert_eq!(received, (0..3).map(|from| vec![from; LARGE + rank]).collect::<Vec<_>>());
            assert_eq!((gathered, last), (vec![vec![0], vec![1], vec![2]], vec![2]));
        }
        assert!(most_files.into_inner() >= 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_folder_and_a_lost_rank_are_errors() {
        let missing = Path::new("/nonexistent/folder");
        assert!(matches!(Disk::run(2, missing, |_| ()), Err(RankError::Disk { .. })));
        let folder = tempfile::tempdir().unwrap();
        let results = Disk::run(3, folder.path(), |ranks| match ranks.rank() {
            0 => Ok(Vec::new()),
            _ => ranks.all_gather(b"x"),
        });
        for (rank, result) in results.unwrap().into_iter().enumerate() {
            assert!(rank == 0 || matches!(result, Err(RankError::Lost(LostRank(_)))));
        }
    }
}
