use std::fs;
use std::io;
use std::path::{Path, PathBuf, is_separator};

use eae::data::write_npy;
use eae::picture::{self, PictureError};
use eae::{Autoencoder, run};
use ndarray::ArrayView4;

use super::{counted, csv, extension, needs_parent};
use crate::failure::Failure;

/// A file or folder for images or vectors.
pub(crate) struct Images {
    path: PathBuf,
    format: Format,
    zoom: Option<usize>,
    /// True to write [plausible](eae::data::Columns::plausible) vectors.
    plausible: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    /// One picture of all images.
    Grid,
    Npy,
    /// Text, for vectors only.
    Csv,
    /// A picture of each image.
    Folder,
}

impl Images {
    /// Checks the name, so that writing fails before the work is done. Pixels become squares of
    /// side `zoom`.
    pub(crate) fn new(out: &Path, zoom: Option<usize>) -> Result<Self, Failure> {
        if zoom == Some(0) {
            return Err(Failure::usage("--zoom is 0; it must be at least 1"));
        }
        let ends = out.as_os_str().to_string_lossy().ends_with(is_separator);
        let format = match extension(out) {
            _ if ends || out.is_dir() => Format::Folder,
            Some("png") => Format::Grid,
            Some("npy") => Format::Npy,
            Some("csv") => Format::Csv,
            _ => {
                let out = out.display();
                let problem = format!(
                    "--out is {out}; the name must end in .png, .npy or / for images, or in .csv or .npy for vectors"
                );
                return Err(Failure::usage(problem));
            }
        };
        needs_parent(out)?;
        Ok(Self { path: out.to_path_buf(), format, zoom, plausible: false })
    }

    /// Sets whether vectors are made [plausible](eae::data::Columns::plausible) before they are
    /// written.
    pub(crate) fn plausible(self, plausible: bool) -> Self {
        Self { plausible, ..self }
    }

    /// Checks the format for a model: pictures are for images, and tables for vectors. A folder for
    /// pictures must be new or empty.
    pub(crate) fn fits(&self, model: &Autoencoder<f32>) -> Result<(), Failure> {
        let problem = match (self.format, model.columns()) {
            (Format::Grid | Format::Folder, Some(_)) => {
                "but the model makes vectors; the name must end in .csv or .npy"
            }
            (Format::Csv, None) => "but the model makes images; the name must end in .png, .npy or /",
            _ => return self.has_new_folder(),
        };
        Err(Failure::usage(format!("--out is {}, {problem}", self.path.display())))
    }

    fn has_new_folder(&self) -> Result<(), Failure> {
        if self.format == Format::Folder { new_or_empty(&self.path) } else { Ok(()) }
    }

    /// Checks, before anything is decoded, that a picture of `n` images with `columns` per row is
    /// not too large.
    pub(crate) fn has_room(&self, model: &Autoencoder<f32>, n: usize, columns: usize) -> Result<(), Failure> {
        let [height, width, channels] = model.image_shape();
        let checked = match self.format {
            Format::Grid => picture::check_grid([n, height, width, channels], columns, self.zoom.unwrap_or(3)),
            // Each image is a picture of its own.
            Format::Folder => picture::check_grid([1, height, width, channels], 1, self.zoom.unwrap_or(1)),
            Format::Npy | Format::Csv => Ok(()),
        };
        checked.map_err(|problem| Failure::usage(self.with_advice(&problem)))
    }

    /// Adds the formats for any number of images to the message.
    fn with_advice(&self, problem: &PictureError) -> String {
        match (problem, self.format) {
            (PictureError::TooLarge(_), Format::Grid) => {
                let stem = self.path.with_extension("");
                let stem = stem.display();
                format!("{problem}, or write single pictures with --out {stem}/ or an array with --out {stem}.npy")
            }
            _ => problem.to_string(),
        }
    }

    /// Returns true for one picture of all images.
    pub(crate) fn is_grid(&self) -> bool {
        self.format == Format::Grid
    }

    /// Writes the images `[n, height, width, channels]` that a model has decoded, with `columns`
    /// per row of a picture, or vectors in their original units, as the decoder gives them or
    /// [`plausible`](Self::plausible).
    pub(crate) fn write(
        &self,
        model: &Autoencoder<f32>,
        images: ArrayView4<'_, f32>,
        columns: usize,
    ) -> Result<(), Failure> {
        self.fits(model)?;
        match model.columns() {
            Some(table) => {
                let rows = table.restore(images);
                csv::write(&self.path, table, &if self.plausible { table.plausible(rows) } else { rows })
            }
            None => self.write_images(images, columns),
        }
    }

    fn write_images(&self, images: ArrayView4<'_, f32>, columns: usize) -> Result<(), Failure> {
        let problem = |e: &dyn std::fmt::Display| Failure::other(e).at(&self.path);
        match self.format {
            Format::Grid => {
                let written = picture::write_grid(&self.path, images, columns, self.zoom.unwrap_or(3));
                // This error names the file itself.
                written
                    .map_err(|e| if let PictureError::Write { .. } = e { Failure::other(e) } else { Failure::usage(e) })
            }
            Format::Csv => unreachable!("images are not written as a table"),
            Format::Npy => {
                // Channels come first, as is usual for arrays of images on disk.
                let array = images.permuted_axes([0, 3, 1, 2]);
                let array = array.as_standard_layout();
                run::write_whole_with(&self.path, |file| write_npy(file, array.view())).map_err(|e| problem(&e))
            }
            Format::Folder => {
                let pictures = images.outer_iter().map(|image| picture::encode_image(image, self.zoom.unwrap_or(1)));
                write_folder(&self.path, pictures)
            }
        }
    }
}

/// Returns the shape in a file: `[n, channels, height, width]`, or `[n, columns]` for vectors.
pub(crate) fn shape(model: &Autoencoder<f32>, images: ArrayView4<'_, f32>) -> Vec<usize> {
    shape_of(model, images.dim().0)
}

/// Returns a number of images or vectors that a model decodes as text: `1 image`, `7 rows`.
pub(crate) fn how_many(model: &Autoencoder<f32>, n: usize) -> String {
    counted(n, if model.columns().is_some() { "row" } else { "image" })
}

/// Returns the shape of `n` images of a model in a file.
pub(crate) fn shape_of(model: &Autoencoder<f32>, n: usize) -> Vec<usize> {
    let [height, width, channels] = model.image_shape();
    if model.columns().is_some() { vec![n, width] } else { vec![n, channels, height, width] }
}

fn new_or_empty(folder: &Path) -> Result<(), Failure> {
    let name = folder.display();
    let problem = |what: String| Err(Failure::usage(format!("--out is {name}{what}")));
    match fs::read_dir(folder) {
        _ if folder.file_name().is_none() => problem("; choose a new folder".to_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => problem(format!(": {e}")),
        Ok(files) => match files.count() {
            0 => Ok(()),
            _ => problem(", which is not empty; choose a new folder".to_owned()),
        },
    }
}

/// Writes the pictures into a temporary folder, which is then renamed.
fn write_folder(folder: &Path, pictures: impl Iterator<Item = Result<Vec<u8>, PictureError>>) -> Result<(), Failure> {
    let problem = |e: io::Error| Failure::other(e).at(folder);
    let mut name = folder.file_name().expect("a folder with a name").to_owned();
    name.push(".unfinished");
    let parent = folder.parent().unwrap_or(Path::new(""));
    let unfinished = run::create_numbered(parent, &name.to_string_lossy()).map_err(problem)?;
    let written = pictures.enumerate().try_for_each(|(i, picture)| {
        let picture = picture.map_err(Failure::usage)?;
        fs::write(unfinished.join(format!("{i:06}.png")), picture).map_err(problem)
    });
    let written = written.and_then(|()| {
        if folder.exists() {
            // Some systems cannot rename a folder to the name of an existing empty one.
            fs::remove_dir(folder).map_err(problem)?;
        }
        fs::rename(&unfinished, folder).map_err(problem)
    });
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;
    use ndarray_npy::ReadNpyExt;

    #[test]
    fn the_name_decides_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let images = Array4::from_shape_fn((2, 3, 4, 3), |(n, y, x, c)| (n + y + x + c) as f32 / 10.0);
        let write = |name: &str| Images::new(&path(name), None).unwrap().write_images(images.view(), 1);
        write("a.npy").unwrap();
        let array = Array4::<f32>::read_npy(fs::File::open(path("a.npy")).unwrap()).unwrap();
        assert_eq!((array.shape(), array[[1, 2, 0, 3]]), (&[2, 3, 3, 4][..], images[[1, 0, 3, 2]]));
        write("a.png").unwrap();
        // An existing empty folder needs no / at its end.
        fs::create_dir(path("b")).unwrap();
        for name in ["a/", "b"] {
            write(name).unwrap();
            let second = fs::read(path(name).join("000001.png")).unwrap();
            assert_eq!(second, picture::encode_image(images.index_axis(ndarray::Axis(0), 1), 1).unwrap());
            assert_eq!(fs::read_dir(path(name)).unwrap().count(), 2);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "temporary files are left");
    }

    #[test]
    fn invalid_names_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "x").unwrap();
        let error = |out: &Path| Images::new(out, None).and_then(|out| out.has_new_folder()).unwrap_err().to_string();
        assert!(error(folder.path()).ends_with("which is not empty; choose a new folder"));
        assert!(error(&folder.path().join("x/y.png")).contains("y.png: there is no folder "));
        assert!(error(&folder.path().join("precious/")).starts_with("--out is "));
        assert!(error(Path::new("x.jpg")).contains("the name must end in .png, .npy or /"));
        assert!(
            error(Path::new("../")).contains("not empty") || error(Path::new("../")).contains("choose a new folder")
        );
    }

    #[test]
    fn a_failure_leaves_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out/");
        let gone = Images::new(&out, None).unwrap().write_images(Array4::zeros((2, 3, 3, 2)).view(), 1);
        assert!(gone.unwrap_err().to_string().contains("1 channel"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
