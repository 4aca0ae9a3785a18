//! The [safetensors](https://github.com/huggingface/safetensors) file format, with errors that name
//! the file and the tensor.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use thiserror::Error;

use crate::Real;
use crate::atomic::write_whole;
use crate::bytes::is_single;
use crate::checksum::{self, Checksum, with_metadata};
use crate::kernels::{decode_double, decode_single, encode};

/// The tensors and the metadata of one safetensors file, in memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    /// Free text by key, which describes the weights. A file also has the entry `crc32`, a checksum
    /// of everything else in the file. It is verified when the file is read and is not included
    /// here.
    pub metadata: HashMap<String, String>,
    tensors: BTreeMap<String, Stored>,
    /// The path of the file, for messages.
    path: PathBuf,
}

#[derive(Debug, Clone, PartialEq)]
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// A reason why weights could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file could not be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system. It is part of the message and therefore not a source.
        error: io::Error,
    },
    /// The file is not a valid safetensors file.
    #[error("{}: not a valid safetensors file: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
    /// The content of the file has changed.
    #[error(
        "{}: the file is damaged: the checksum of its content is {found} but should be {expected}; use another copy \
         of the file, or, if another program has changed it, remove `crc32` from its `__metadata__`",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The checksum stored in the file.
        expected: String,
        /// The checksum of the file's content.
        found: String,
    },
    /// A tensor of the network is missing.
    #[error("{}: the tensor `{name}` is missing; the file is probably from another network", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor does not belong to the network.
    #[error("{}: the network has no tensor `{name}`; the file is probably from another network", path.display())]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor does not have the network's shape.
    #[error("{}: `{name}` has shape {found:?}, but the network needs {expected:?}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The shape in the network.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor has an unusable element type.
    #[error("{}: `{name}` holds {found}; expected {expected}", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The required type.
        expected: &'static str,
        /// The type in the file.
        found: String,
    },
    /// A tensor contains NaN or an infinity.
    #[error("{}: `{name}` holds {value} at position {position}; the training that wrote the file has diverged", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The first such value.
        value: f64,
        /// Its position in row-major order.
        position: usize,
    },
    /// A count is too large.
    #[error("{}: `{name}` is {found}; it must be below {limit}", path.display())]
    Count {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The count.
        found: u64,
        /// The smallest number that is too large.
        limit: u64,
    },
    /// A variance is negative.
    #[error("{}: `{name}` holds the variance {value} at position {position}; a variance cannot be negative", path.display())]
    Negative {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The first such value.
        value: f64,
        /// Its position in row-major order.
        position: usize,
    },
}

impl Weights {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not a safetensors file, or does not match its checksum.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|error| WeightsError::Io { path: path.to_path_buf(), error })?;
        Self::parse(&bytes, path)
    }

    /// Parses the content of a file that is in memory. Messages call it `name`.
    ///
    /// # Errors
    ///
    /// If the content is not that of a safetensors file, or does not match its checksum.
    pub fn parse(bytes: &[u8], name: impl Into<PathBuf>) -> Result<Self, WeightsError> {
        let path = name.into();
        let format = |error| not_safetensors(&path, &error);
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let file = SafeTensors::deserialize(bytes).map_err(format)?;
        let stored = |view: TensorView<'_>| Stored {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        };
        let tensors = file.tensors().into_iter().map(|(name, view)| (name, stored(view))).collect();
        let mut metadata = header.metadata().clone().unwrap_or_default();
        let written = metadata.remove(checksum::KEY);
        let weights = Self { metadata, tensors, path };
        let found = weights.checksum(&weights.sorted_metadata());
        match written {
            Some(expected) if expected != found => Err(WeightsError::Damaged { path: weights.path, expected, found }),
            _ => Ok(weights),
        }
    }

    fn sorted_metadata(&self) -> BTreeMap<&str, &str> {
        self.metadata.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect()
    }

    /// Returns the checksum of the tensors and the given metadata.
    fn checksum(&self, metadata: &BTreeMap<&str, &str>) -> String {
        let mut checksum = Checksum::of_metadata(metadata);
        for (name, Stored { dtype, shape, bytes }) in &self.tensors {
            checksum.part(name.as_bytes());
            checksum.part(dtype.to_string().as_bytes());
            checksum.number(shape.len());
            shape.iter().for_each(|&length| checksum.number(length));
            checksum.part(bytes);
        }
        checksum.finish()
    }

    /// Writes a file atomically: to a temporary file that ends in `.unfinished`, which is synced
    /// and then renamed.
    ///
    /// # Errors
    ///
    /// If the file cannot be written. An older file of that name is then untouched.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), WeightsError> {
        let path = path.as_ref();
        let bytes = self.serialized().map_err(|error| not_safetensors(path, &error))?;
        write_whole(path, &bytes).map_err(|error| WeightsError::Io { path: path.to_path_buf(), error })
    }

    /// Returns the bytes of the file that [`save`](Weights::save) writes and
    /// [`parse`](Weights::parse) reads.
    ///
    /// # Errors
    ///
    /// If the tensors cannot be represented, because of their number or size.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WeightsError> {
        self.serialized().map_err(|error| not_safetensors(Path::new("weights"), &error))
    }

    fn serialized(&self) -> Result<Vec<u8>, SafeTensorError> {
        let views = self.tensors.iter().map(|(name, stored)| {
            (
                name,
                TensorView::new(stored.dtype, stored.shape.clone(), &stored.bytes)
                    .expect("as many bytes as the shape says"),
            )
        });
        let bytes = safetensors::serialize(views, None)?;
        let mut metadata = self.sorted_metadata();
        // A checksum in the metadata is meaningless here. A file that was read has its checksum
        // removed.
        metadata.remove(checksum::KEY);
        let checksum = self.checksum(&metadata);
        metadata.insert(checksum::KEY, &checksum);
        Ok(with_metadata(&bytes, &metadata))
    }

    /// Returns the names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Returns the total number of entries of all tensors.
    pub fn element_count(&self) -> usize {
        self.tensors.values().map(|stored| stored.shape.iter().product::<usize>()).sum()
    }

    /// Returns the shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(&self.tensors.get(name)?.shape)
    }

    /// Adds an array under a name.
    pub fn insert<F: Real>(&mut self, name: impl Into<String>, array: &ArrayD<F>) {
        let dtype = if is_single::<F>() { Dtype::F32 } else { Dtype::F64 };
        let stored = Stored { dtype, shape: array.shape().to_vec(), bytes: encode(array) };
        self.tensors.insert(name.into(), stored);
    }

    /// Adds a whole number under a name, as PyTorch's 64-bit integer without axes.
    pub fn insert_count(&mut self, name: impl Into<String>, count: u64) {
        let bytes = i64::try_from(count).unwrap_or(i64::MAX).to_le_bytes().to_vec();
        self.tensors.insert(name.into(), Stored { dtype: Dtype::I64, shape: Vec::new(), bytes });
    }

    /// Returns the tensor with this name and shape. A tensor of the other precision is converted.
    ///
    /// # Errors
    ///
    /// If the tensor is missing, has another shape, or is not of finite 32- or 64-bit
    /// floating-point numbers.
    pub fn get<F: Real>(&self, name: &str, shape: &[usize]) -> Result<ArrayD<F>, WeightsError> {
        let stored = self.stored(name)?;
        let (path, name) = (self.path.clone(), name.to_owned());
        if stored.shape != shape {
            return Err(WeightsError::Shape { path, name, expected: shape.to_vec(), found: stored.shape.clone() });
        }
        let values: Vec<F> = match stored.dtype {
            Dtype::F32 => decode_single(&stored.bytes),
            Dtype::F64 => decode_double(&stored.bytes),
            found => {
                let (expected, found) = ("32- or 64-bit floating-point numbers", format!("{found:?}"));
                return Err(WeightsError::Kind { path, name, expected, found });
            }
        };
        if let Some(position) = values.iter().position(|x| !x.is_finite()) {
            return Err(WeightsError::NotFinite { path, name, value: values[position].into_f64(), position });
        }
        Ok(ArrayD::from_shape_vec(shape, values).expect("the format guarantees as many bytes as the shape says"))
    }

    /// Returns the whole number with this name.
    ///
    /// # Errors
    ///
    /// If it is missing, or is not one non-negative 64-bit integer.
    pub fn get_count(&self, name: &str) -> Result<u64, WeightsError> {
        let stored = self.stored(name)?;
        let count = match (stored.dtype, &stored.bytes[..]) {
            (Dtype::I64, &[a, b, c, d, e, f, g, h]) => u64::try_from(i64::from_le_bytes([a, b, c, d, e, f, g, h])).ok(),
            _ => None,
        };
        count.ok_or_else(|| WeightsError::Kind {
            path: self.path.clone(),
            name: name.to_owned(),
            expected: "one non-negative 64-bit integer",
            found: format!("{:?} of shape {:?}", stored.dtype, stored.shape),
        })
    }

    /// Returns the whole number with this name, which must be below `limit`.
    ///
    /// # Errors
    ///
    /// If it is missing, is not one non-negative 64-bit integer, or is not below `limit`.
    pub fn get_count_below(&self, name: &str, limit: u64) -> Result<u64, WeightsError> {
        let found = self.get_count(name)?;
        if found < limit {
            return Ok(found);
        }
        Err(WeightsError::Count { path: self.path.clone(), name: name.to_owned(), found, limit })
    }

    /// # Errors
    ///
    /// If a value of this array is negative. The message contains the name.
    pub(crate) fn refuse_negative<F: Real>(&self, name: &str, array: &ArrayD<F>) -> Result<(), WeightsError> {
        match array.iter().enumerate().find(|(_, x)| **x < F::zero()) {
            None => Ok(()),
            Some((position, value)) => {
                let (path, name, value) = (self.path.clone(), name.to_owned(), value.into_f64());
                Err(WeightsError::Negative { path, name, value, position })
            }
        }
    }

    /// # Errors
    ///
    /// If there is an unknown tensor under `prefix.`, or anywhere if the prefix is empty.
    pub(crate) fn refuse_others(&self, prefix: &str, known: &HashSet<String>) -> Result<(), WeightsError> {
        let under =
            |name: &&String| prefix.is_empty() || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
        match self.tensors.keys().filter(under).find(|name| !known.contains(*name)) {
            Some(name) => Err(WeightsError::Unexpected { path: self.path.clone(), name: name.clone() }),
            None => Ok(()),
        }
    }

    fn stored(&self, name: &str) -> Result<&Stored, WeightsError> {
        let missing = || WeightsError::Missing { path: self.path.clone(), name: name.to_owned() };
        self.tensors.get(name).ok_or_else(missing)
    }
}

fn not_safetensors(path: &Path, error: &SafeTensorError) -> WeightsError {
    WeightsError::Format { path: path.to_path_buf(), problem: error.to_string() }
}
