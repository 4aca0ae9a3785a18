//! Writers of caches, in a file or in memory.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Skipped;
use super::cache::{Contents, MAGIC};
use crate::fingerprint::Fingerprint;

/// Writes the bytes of a cache.
#[derive(Debug)]
pub(super) struct Writer<W> {
    out: W,
    count: usize,
    fingerprint: Fingerprint,
}

impl<W: Write> Writer<W> {
    fn new(out: W) -> Self {
        Self { out, count: 0, fingerprint: Fingerprint::new() }
    }

    pub(super) fn push(&mut self, pixels: &[u8]) -> io::Result<()> {
        let check = Fingerprint::new().bytes(pixels).value();
        self.fingerprint = self.fingerprint.word(check);
        self.count += 1;
        self.out.write_all(pixels)?;
        self.out.write_all(&check.to_le_bytes())
    }

    /// Writes the metadata.
    pub(super) fn finish(
        mut self,
        listing: u64,
        image: [usize; 3],
        labels: Option<Vec<u8>>,
        skipped: Skipped,
    ) -> io::Result<W> {
        let (count, fingerprint) = (self.count, self.fingerprint.value());
        let json = serde_json::to_vec(&Contents { listing, image, labels, skipped, count, fingerprint })?;
        let check = Fingerprint::new().bytes(&json).value();
        self.out.write_all(&json)?;
        for part in [(json.len() as u64).to_le_bytes(), check.to_le_bytes(), MAGIC] {
            self.out.write_all(&part)?;
        }
        Ok(self.out)
    }
}

impl Writer<Vec<u8>> {
    pub(super) fn in_memory() -> Self {
        Self::new(Vec::new())
    }
}

impl Writer<CacheFile> {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let unfinished = path.with_extension("unfinished");
        let file = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
        Ok(Self::new(CacheFile { path: path.to_path_buf(), unfinished, file }))
    }
}

/// A cache file that is written atomically. The writer holds the file with the extension `.lock`,
/// and another program that needs the same cache waits for it.
#[derive(Debug)]
pub(super) struct CacheFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
}

impl CacheFile {
    /// Puts the finished file in its place.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.unfinished, &self.path)
    }
}

impl Write for CacheFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for CacheFile {
    /// Deletes an unfinished file, which is useless and may be large.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.unfinished);
    }
}
