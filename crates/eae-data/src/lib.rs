#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod array;
mod cifar10;
mod columns;
#[cfg(feature = "digits")]
mod digits;
mod error;
mod file;
mod fingerprint;
#[cfg(feature = "images")]
mod folder;
mod gzip;
mod idx;
mod images;
mod mnist;
mod npy;
mod npy_rows;
mod number;
mod source;
mod table;
mod vectors;

pub use array::{from_idx, from_npy, held_out, idx_images, npy_images};
pub use cifar10::cifar10;
pub use columns::Columns;
#[cfg(feature = "digits")]
pub use digits::digits;
pub use error::DataError;
#[cfg(feature = "images")]
pub use folder::{Channels, FolderError, ImageFolder, ImageProblem, Skipped, Stored};
pub use idx::{Idx, IdxError};
pub use images::{Images, Split};
pub use mnist::mnist;
pub use ndarray;
pub use npy::{Npy, NpyError, write_npy};
pub use npy_rows::NpyRows;
pub use source::{Source, batches, choose, sample, select};
pub use table::{
    Cell, CellProblem, ChoiceError, ChoiceProblem, Decimal, Header, Index, LineProblem, Missing, Note, Table,
    TableError, TableOptions, TableProblem, Text,
};
pub use vectors::{VectorFile, from_table, is_of_vectors, row_length};
