//! Data sets: images `[count, height, width, channels]` with values from 0 to 1; or vectors, as images of one row.

mod cifar10;
mod columns;
mod decode;
mod digits;
mod error;
mod file;
mod fingerprint;
mod folder;
mod idx;
mod mnist;
mod npy;
mod source;
mod stored;
mod table;
mod vectors;

use ndarray::{ArcArray, Axis, Ix4};

use crate::Float;

pub use cifar10::cifar10;
pub use columns::Columns;
pub use decode::{Channels, ImageProblem};
pub use digits::digits;
pub use error::DataError;
pub use file::{from_idx, from_npy};
pub use folder::ImageFolder;
pub use idx::{Idx, IdxError};
pub use mnist::mnist;
pub use npy::{Npy, NpyError};
pub(crate) use source::batches;
pub use source::{Source, choose, sample, select};
pub use stored::{Skipped, Stored};
pub use table::{
    Cell, CellProblem, ChoiceError, ChoiceProblem, Decimal, Header, Index, LineProblem, Missing, Note, Table,
    TableError, TableOptions, TableProblem, Text,
};
pub use vectors::{from_table, from_table_with, is_of_vectors};

/// Images or vectors, and what they show where that is known.
#[derive(Debug, Clone)]
pub struct Images<F> {
    /// `[count, height, width, channels]`, from 0 to 1; `[count, 1, columns, 1]`, standardised, if they are vectors.
    pub pixels: ArcArray<F, Ix4>,
    /// One for each image, or none at all.
    pub labels: Option<Vec<u8>>,
}

/// Images to train on, in memory or another [`Source`], and images held out.
#[derive(Debug, Clone)]
pub struct Split<F, T = Images<F>> {
    /// To train on.
    pub train: T,
    /// Held out, in memory.
    pub test: Images<F>,
}

impl<F: Float> Images<F> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.pixels.len_of(Axis(0))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The images at these places, in this order.
    ///
    /// # Panics
    ///
    /// If a place is out of range.
    pub fn select(&self, places: &[usize]) -> Self {
        Self {
            pixels: self.pixels.select(Axis(0), places).into_shared(),
            labels: self.labels.as_ref().map(|labels| places.iter().map(|&place| labels[place]).collect()),
        }
    }
}
