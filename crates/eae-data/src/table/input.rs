//! The decompressed bytes of a file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::TableProblem;

/// The content of a file.
pub(super) struct Input<'a> {
    /// The first bytes.
    pub(super) magic: Vec<u8>,
    /// All bytes, from the first one on.
    pub(super) reader: Box<dyn BufRead + 'a>,
    /// The number of bytes, if the system knows it.
    pub(super) length: Option<u64>,
}

impl Input<'static> {
    pub(super) fn open(path: &Path) -> Result<Self, TableProblem> {
        let file = File::open(path).map_err(TableProblem::Open)?;
        let length = file.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len());
        Self::new(file, length)
    }
}

impl<'a> Input<'a> {
    pub(super) fn new(reader: impl Read + 'a, length: Option<u64>) -> Result<Self, TableProblem> {
        let (magic, reader) = peek(BufReader::new(reader))?;
        if magic.starts_with(&[0x1f, 0x8b]) {
            let (magic, reader) = peek(BufReader::new(Unpacked(MultiGzDecoder::new(reader))))?;
            Ok(Self { magic, reader, length: None })
        } else {
            Ok(Self { magic, reader, length })
        }
    }
}

/// Returns the first bytes and a reader of all bytes. A pipe may return one byte at a time and
/// cannot seek, so neither `fill_buf` nor seeking is used.
fn peek<'a>(mut reader: impl BufRead + 'a) -> Result<(Vec<u8>, Box<dyn BufRead + 'a>), TableProblem> {
    let mut magic = Vec::new();
    reader.by_ref().take(6).read_to_end(&mut magic).map_err(TableProblem::Read)?;
    Ok((magic.clone(), Box::new(Cursor::new(magic).chain(reader))))
}

/// A decompressing reader whose errors mention the compression.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes).map_err(|e| io::Error::new(e.kind(), format!("broken gzip stream ({e}); pack it again")))
    }
}
