use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::WalkDir;

use super::FolderError;
use crate::DataError;
use crate::fingerprint::Fingerprint;

/// Extensions of supported images.
const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff"];

/// Extensions of unsupported images, which are counted and named.
const UNREAD: [&str; 18] = [
    "avif", "heic", "heif", "jxl", "jp2", "svg", "psd", "tga", "ico", "exr", "hdr", "pbm", "pgm", "ppm", "cr2", "nef",
    "arw", "dng",
];

/// The images of a folder, by name.
#[derive(Debug)]
pub(super) struct Listing {
    /// The files relative to the folder, in an order that does not depend on the system.
    pub(super) files: Vec<PathBuf>,
    pub(super) labels: Option<Vec<u8>>,
    /// The folders that the labels number.
    pub(super) classes: Option<Vec<String>>,
    /// The fingerprint of names, sizes and modification times.
    pub(super) fingerprint: u64,
}

impl Listing {
    pub(super) fn new(folder: &Path) -> Result<Self, DataError> {
        let failed = |path: &Path, reason| DataError::Read { path: path.to_path_buf(), reason };
        // Reading the entries also checks that the path is a folder.
        if folder.is_file() {
            return Err(FolderError::OneFile { path: folder.to_path_buf() }.into());
        }
        fs::read_dir(folder).map_err(|e| failed(folder, e))?;
        let visible = |name: &OsStr| !name.as_encoded_bytes().starts_with(b".");
        let walk = WalkDir::new(folder).follow_links(true).into_iter();
        let mut files = Vec::new();
        for entry in walk.filter_entry(|entry| entry.depth() == 0 || visible(entry.file_name())) {
            let path = match &entry {
                Ok(entry) if !entry.file_type().is_file() => continue,
                Ok(entry) => entry.path().to_path_buf(),
                // Skip a link to a folder that contains the link.
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => error.path().unwrap_or(folder).to_path_buf(),
            };
            if is_image(&path) {
                // A file that does not exist, such as a dangling link, is reported later as an
                // invalid image.
                let metadata = entry.ok().and_then(|entry| entry.metadata().ok());
                let within = path.strip_prefix(folder).map(Path::to_path_buf).unwrap_or(path);
                files.push((within, metadata));
            } else if let Err(error) = entry {
                return Err(failed(&path, error.into()));
            }
        }
        if files.is_empty() {
            return Err(FolderError::NoImages { folder: folder.to_path_buf() }.into());
        }
        files.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut fingerprint = Fingerprint::new();
        for (path, metadata) in &files {
            let changed = metadata.as_ref().and_then(|file| file.modified().ok()?.duration_since(UNIX_EPOCH).ok());
            let size = metadata.as_ref().map_or(0, |file| file.len());
            let changed = changed.map_or(0, |time| time.as_nanos() as u64);
            fingerprint = fingerprint.bytes(path.as_os_str().as_encoded_bytes()).word(size).word(changed);
        }
        let files: Vec<PathBuf> = files.into_iter().map(|(path, _)| path).collect();
        let (labels, classes) = labels(&files).unzip();
        Ok(Self { files, labels, classes, fingerprint: fingerprint.value() })
    }
}

fn is_image(path: &Path) -> bool {
    has_extension(path, &EXTENSIONS) || has_extension(path, &UNREAD)
}

/// Returns true if the file name has the extension of an unsupported image format.
pub(super) fn is_unread(path: &Path) -> bool {
    has_extension(path, &UNREAD)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    extension.is_some_and(|extension| extensions.iter().any(|&known| extension == known))
}

/// Returns the number of each file's folder and the names of the folders, if all files lie in
/// folders and there are at least two folders.
fn labels(files: &[PathBuf]) -> Option<(Vec<u8>, Vec<String>)> {
    let folder = |file: &PathBuf| {
        let mut parts = file.iter();
        let first = parts.next().map(OsStr::to_os_string);
        first.filter(|_| parts.next().is_some())
    };
    let folders: Option<Vec<_>> = files.iter().map(folder).collect();
    let folders = folders?;
    let names: Vec<_> = BTreeSet::from_iter(&folders).into_iter().collect();
    let numbers = folders.iter().map(|folder| u8::try_from(names.binary_search(&folder).ok()?).ok());
    let numbers = numbers.collect::<Option<Vec<u8>>>().filter(|_| names.len() > 1)?;
    Some((numbers, names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(folder: &Path, names: &[&str]) {
        for name in names {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.files.iter().map(|path| path.to_str().unwrap()).collect()
    }

    #[test]
    fn images_are_found_at_any_depth_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        touch(folder, &["b/z.JPG", "b/c/a.jpeg", "a.PNG", "b.png", "readme.txt", ".hidden/a.png", "b/.a.png", "png"]);
        assert_eq!(names(&Listing::new(folder).unwrap()), ["a.PNG", "b/c/a.jpeg", "b/z.JPG", "b.png"]);
        let error = Listing::new(&folder.join("a.PNG")).unwrap_err().to_string();
        assert!(error.ends_with("a.PNG is a single image; training needs a folder of images"), "{error}");
        let error = Listing::new(&folder.join(".hidden/none")).unwrap_err().to_string();
        assert!(error.contains("none: "), "{error}");
        fs::create_dir(folder.join("empty")).unwrap();
        let error = Listing::new(&folder.join("empty")).unwrap_err().to_string();
        assert!(
            error.ends_with("images end in .png, .jpg, .gif, .webp, .bmp or .tif and may be at any depth"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_without_cycles() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        touch(folder, &["set/a/1.png", "elsewhere/2.png"]);
        symlink(folder.join("elsewhere"), folder.join("set/b")).unwrap();
        symlink(folder.join("set"), folder.join("set/a/circle")).unwrap();
        symlink(folder.join("nowhere"), folder.join("set/a/3.png")).unwrap();
        assert_eq!(names(&Listing::new(&folder.join("set")).unwrap()), ["a/1.png", "a/3.png", "b/2.png"]);
    }

    #[test]
    fn the_fingerprint_depends_on_names_sizes_and_times() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        touch(folder, &["a.png", "b.png"]);
        let fingerprint = || Listing::new(folder).unwrap().fingerprint;
        let mut seen = vec![fingerprint()];
        assert_eq!(fingerprint(), seen[0]);
        let path = folder.join("b.png");
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(changed - std::time::Duration::from_secs(9))
            .unwrap();
        seen.push(fingerprint());
        fs::write(&path, "xy").unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
        seen.push(fingerprint());
        fs::rename(&path, folder.join("c.png")).unwrap();
        seen.push(fingerprint());
        fs::remove_file(folder.join("c.png")).unwrap();
        seen.push(fingerprint());
        assert_eq!(BTreeSet::from_iter(&seen).len(), 5, "{seen:?}");
    }

    #[test]
    fn labels_are_folders() {
        let of = |names: &[&str]| labels(&names.iter().map(PathBuf::from).collect::<Vec<_>>());
        let classes = ["cat", "dog"].map(str::to_owned).to_vec();
        assert_eq!(of(&["cat/1.png", "cat/x/2.png", "dog/1.png"]), Some((vec![0, 0, 1], classes)));
        assert_eq!(of(&["cat/1.png", "cat/2.png"]), None, "a single folder is not a label");
        assert_eq!(of(&["cat/1.png", "dog/2.png", "3.png"]), None);
        let many: Vec<String> = (0..257).map(|i| format!("{i:03}/1.png")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!((of(&many[..256]).map(|(labels, _)| labels[255]), of(&many)), (Some(255), None));
    }
}
