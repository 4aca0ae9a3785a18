use super::{RankResult, Ranks};

/// A single rank, which sends messages only to itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct One;

impl Ranks for One {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>> {
        Ok(vec![bytes.to_vec()])
    }

    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>> {
        assert_eq!(bytes.len(), 1, "there must be one message for each rank");
        Ok(bytes)
    }

    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>> {
        assert_eq!(root, 0, "there is only rank 0");
        Ok(bytes)
    }

    /// Prints the message and ends the process.
    fn abort(&self, code: i32, message: &str) -> ! {
        eprintln!("error: {message}");
        std::process::exit(code)
    }
}
