//! The values of `--data`: the name of a data set, or the path of a file or folder.

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::folder::Folder;
use super::{Data, TableFile};

/// The kinds that can precede a path.
const KINDS: [&str; 6] = ["mnist", "cifar10", "idx", "npy", "csv", "images"];

const KNOWN: &str = "use `digits`, `images:FOLDER`, `csv:FILE`, `npy:FILE`, `idx:FILE`, `mnist:FOLDER`, \
    `cifar10:FOLDER`, or the path of a file or folder";

impl FromStr for Data {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "digits" {
            return Ok(Self::Digits);
        }
        let parts = text.split_once(':');
        if let Some((kind, path)) = parts
            && let Some(data) = of_kind(kind, home(path))
        {
            return if path.is_empty() {
                Err(format!("`{text}` needs a path after the colon; {KNOWN}"))
            } else {
                Ok(data)
            };
        }
        let path = home(text);
        if path.exists() {
            return recognized(&path);
        }
        let (given, path) = parts.map_or((text, None), |(kind, path)| (kind, Some(path)));
        let meant = match (nearest(given), path) {
            (Some("digits"), None) => " (did you mean `digits`?)".to_owned(),
            (Some(kind), Some(path)) if kind != "digits" => format!(" (did you mean `{kind}:{path}`?)"),
            _ => String::new(),
        };
        Err(format!("no such data set, file or folder{meant}; {KNOWN}"))
    }
}

fn of_kind(kind: &str, path: PathBuf) -> Option<Data> {
    Some(match kind {
        "mnist" => Data::Mnist(path),
        "cifar10" => Data::Cifar10(path),
        "idx" => Data::Idx(path),
        "npy" => Data::Table(TableFile::new(path, true)),
        "csv" => Data::Table(TableFile::new(path, false)),
        "images" => Data::Images(Folder::new(path)),
        _ => return None,
    })
}

/// Expands a leading `~`. Shells do so only at the start of a word, which the path in
/// `images:~/photos` is not.
fn home(path: &str) -> PathBuf {
    let rest = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match (rest, env::home_dir()) {
        (Some(rest), Some(home)) if !Path::new(path).exists() => home.join(rest.trim_start_matches('/')),
        _ => path.into(),
    }
}

/// Recognizes the kind of data in a file or folder.
fn recognized(path: &Path) -> Result<Data, String> {
    let shown = path.display();
    let kind = if path.is_dir() {
        let has = |names: &[&str]| names.iter().any(|name| path.join(name).exists());
        let mnist = ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte"];
        if has(&["metrics.jsonl"]) && has(&["config.toml"]) {
            return Err(format!("{shown} is a run folder, not data; {KNOWN}"));
        }
        match () {
            () if has(&mnist) || has(&["train-images.idx3-ubyte.gz"]) => "mnist",
            () if has(&["data_batch_1.bin", "data_batch_1.bin.gz"]) => "cifar10",
            () => "images",
        }
    } else {
        kind_of_file(path).ok_or_else(|| format!("the kind of data in {shown} cannot be recognized; {KNOWN}"))?
    };
    Ok(of_kind(kind, path.to_path_buf()).expect("one of the kinds"))
}

/// Returns the kind of a file by its first bytes, or else by its name.
fn kind_of_file(path: &Path) -> Option<&'static str> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(512).read_to_end(&mut start).ok()?;
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let image = |start: &[u8]| {
        let magics: [&[u8]; 6] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*"];
        magics.iter().any(|magic| start.starts_with(magic))
            || start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WEBP")
    };
    match &start[..] {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some("npy"),
        [0, 0, 8, 3 | 4, ..] => Some("idx"),
        [0x1f, 0x8b, ..] if name.ends_with(".npy") => Some("npy"),
        [0x1f, 0x8b, ..] if name.ends_with("ubyte") || name.ends_with(".idx") => Some("idx"),
        [0x1f, 0x8b, ..] => [".csv", ".tsv", ".txt"].iter().any(|end| name.ends_with(end)).then_some("csv"),
        start if image(start) => Some("images"),
        start if !start.is_empty() && !start.contains(&0) && fs::metadata(path).is_ok_and(|file| file.is_file()) => {
            let is_text = match std::str::from_utf8(start) {
                Ok(_) => true,
                // The last character may be incomplete.
                Err(problem) => problem.error_len().is_none(),
            };
            (is_text || is_like_a_table(start, name)).then_some("csv")
        }
        start if is_like_a_table(start, name) => Some("csv"),
        _ => None,
    }
}

/// Returns true for a file that must be meant as a table, so that the reader says why it is none:
/// one that is empty, an archive, UTF-16 text, or has the name of a table.
fn is_like_a_table(start: &[u8], name: &str) -> bool {
    let magics: [&[u8]; 3] = [b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff"];
    let ends = [".csv", ".tsv", ".txt", ".npz", ".npy"];
    start.is_empty()
        || magics.iter().any(|magic| start.starts_with(magic))
        || ends.iter().any(|end| name.ends_with(end))
}

/// Returns the most similar name, if it differs in at most two letters.
fn nearest(given: &str) -> Option<&'static str> {
    let distance = |name: &&str| strsim::osa_distance(&given.to_lowercase(), name);
    let near = KINDS.into_iter().chain(["digits"]).min_by_key(distance)?;
    (distance(&near) <= 2 && given.len() > 2).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_after_the_folder_of_images() {
        for (data, name) in [
            ("images:some/photos", "photos"),
            ("images:/photos/2024-05", "2024-05"),
            // A name that a shell would split, and a folder without a name.
            ("images:my photos", "images"),
            ("images:/", "images"),
            ("mnist:some/photos", "mnist"),
            ("digits", "digits"),
        ] {
            assert_eq!(data.parse::<Data>().unwrap().run_name(), name, "{data}");
        }
    }

    #[test]
    fn the_kind_of_a_path_is_recognized() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["photos", "numbers", "batches", "run"] {
            fs::create_dir(at(name)).unwrap();
        }
        let webp = b"RIFF\x10\0\0\0WEBPVP8 ".as_slice();
        for (name, bytes) in [
            ("numbers/train-images-idx3-ubyte.gz", &b"x"[..]),
            ("batches/data_batch_1.bin", b"x"),
            ("run/metrics.jsonl", b""),
            ("run/config.toml", b""),
            ("rows.npy", b"\x93NUMPY\x01\0"),
            ("digits.ubyte", &[0, 0, 8, 3, 0]),
            ("rows.csv", b"a,b\n1,2\n"),
            ("rows", "größe\n1\n".as_bytes()),
            ("packed.npy.gz", &[0x1f, 0x8b, 8]),
            ("packed.csv.gz", &[0x1f, 0x8b, 8]),
            ("photo.png", b"\x89PNG\r\n"),
            ("photo.webp", webp),
            ("bytes", b"\x01\x02\0\0"),
            ("arrays.npz", b"PK\x03\x04\0\0"),
            ("empty", b""),
            ("utf-16", b"\xff\xfea\0"),
            ("latin-1.csv", b"gr\xf6\xdfe\n1\n"),
        ] {
            fs::write(at(name), bytes).unwrap();
        }
        let recognized = |name: &str| at(name).to_str().unwrap().parse::<Data>().map(|data| data.name());
        for (name, kind) in [
            ("photos", "images"),
            ("numbers", "mnist"),
            ("batches", "cifar10"),
            ("rows.npy", "npy"),
            ("digits.ubyte", "idx"),
            ("rows.csv", "csv"),
            ("rows", "csv"),
            ("packed.npy.gz", "npy"),
            ("packed.csv.gz", "csv"),
            ("photo.png", "images"),
            ("photo.webp", "images"),
            // The reader of tables says what is wrong with these.
            ("arrays.npz", "csv"),
            ("empty", "csv"),
            ("utf-16", "csv"),
            ("latin-1.csv", "csv"),
        ] {
            assert_eq!(recognized(name), Ok(kind), "{name}");
        }
        assert!(recognized("run").unwrap_err().contains("is a run folder, not data"));
        assert!(recognized("bytes").unwrap_err().contains("cannot be recognized"));
        assert!(recognized("none").unwrap_err().starts_with("no such data set, file or folder; use `digits`"));
    }

    #[test]
    fn typos_get_suggestions_and_tildes_are_expanded() {
        let error = |text: &str| text.parse::<Data>().unwrap_err();
        assert!(error("digit").contains("did you mean `digits`?"), "{}", error("digit"));
        assert!(error("image:../photos").contains("did you mean `images:../photos`?"));
        assert!(error("minst:x").contains("did you mean `mnist:x`?"));
        assert!(!error("png:x/y").contains("did you mean `images") && error("images:").contains("needs a path"));
        let home = env::home_dir().unwrap();
        assert_eq!("images:~/no photos".parse(), Ok(Data::Images(Folder::new(home.join("no photos")))));
        assert_eq!("csv:~".parse(), Ok(Data::Table(TableFile::new(home, false))));
        assert_eq!("csv:~x".parse(), Ok(Data::Table(TableFile::new("~x".into(), false))));
    }
}
