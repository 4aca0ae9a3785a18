use super::*;
use crate::Source;
use image::{GrayImage, ImageFormat, Luma, RgbImage};

/// Writes a square in one shade of gray, which identifies the image.
fn write(path: &Path, gray: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_pixel(6, 6, Luma([gray])).save_with_format(path, ImageFormat::Png).unwrap();
}

/// 25 images in two folders, with a cache and a data set that reads them.
struct Setting {
    root: tempfile::TempDir,
    images: ImageFolder,
}

impl Setting {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("images");
        (0..25).for_each(|i| write(&folder.join(format!("{}/{i:02}.png", ["a", "b"][i / 15])), 10 * i as u8));
        let images = ImageFolder { folder, side: 4, channels: Channels::Gray, split_seed: 0, strict: false };
        Self { root, images }
    }

    fn cache(&self) -> PathBuf {
        self.root.path().join("cache")
    }

    /// Loads the data set, and returns it with the number of files decoded.
    fn load(&self) -> Result<(Split<f64, Stored>, usize), DataError> {
        let mut decoded = 0;
        let split = self.images.load(&self.cache(), &mut |done, _| decoded = done)?;
        Ok((split, decoded))
    }

    fn said(&self) -> String {
        self.load().unwrap_err().to_string()
    }
}

/// Returns the shade of gray of each image, which must be uniform.
fn grays(pixels: &ndarray::Array4<f64>) -> Vec<u8> {
    let gray = |image: ndarray::ArrayView3<'_, f64>| {
        assert!(image.iter().all(|&x| x == image[[0, 0, 0]]));
        (255.0 * image[[0, 0, 0]]).round() as u8
    };
    pixels.outer_iter().map(gray).collect()
}

fn all(split: &Split<f64, Stored>) -> (Vec<u8>, Vec<u8>) {
    let train: Vec<usize> = (0..Source::<f64>::len(&split.train)).collect();
    (grays(&select(&split.train, &train).unwrap()), grays(&split.test.pixels.to_owned()))
}

#[test]
fn the_seed_determines_the_held_out_tenth() {
    let mut setting = Setting::new();
    let (split, decoded) = setting.load().unwrap();
    assert_eq!((decoded, Source::<f64>::image_shape(&split.train)), (25, [4, 4, 1]));
    let (train, test) = all(&split);
    assert_eq!((train.len(), test.len()), (23, 2));
    let mut both: Vec<u8> = train.iter().chain(&test).copied().collect();
    both.sort_unstable();
    assert_eq!(both, (0..25).map(|i| 10 * i).collect::<Vec<u8>>());
    assert!(train.is_sorted(), "images must be in the order of their names");
    let labels: Vec<u8> = test.iter().map(|&gray| u8::from(gray >= 150)).collect();
    assert_eq!(split.test.labels, Some(labels));

    setting.images.split_seed = 1;
    let (other, decoded) = setting.load().unwrap();
    assert_eq!(decoded, 0, "the cache must be reused");
    assert_ne!(all(&other).1, test);
    let fingerprint = |split: &Split<f64, Stored>| Source::<f64>::fingerprint(&split.train).unwrap();
    assert_ne!(fingerprint(&other), fingerprint(&split));
    setting.images.split_seed = 0;
    let (again, _) = setting.load().unwrap();
    assert_eq!((all(&again), fingerprint(&again)), ((train, test), fingerprint(&split)));
}

#[test]
fn the_cache_is_remade_only_after_changes() {
    let mut setting = Setting::new();
    let decoded = |setting: &Setting| setting.load().unwrap().1;
    assert_eq!((decoded(&setting), decoded(&setting)), (25, 0));
    write(&setting.images.folder.join("b/new.png"), 255);
    assert_eq!((decoded(&setting), decoded(&setting)), (26, 0));
    fs::remove_file(setting.images.folder.join("a/03.png")).unwrap();
    assert_eq!((decoded(&setting), decoded(&setting)), (25, 0));
    write(&setting.images.folder.join("a/04.png"), 99);
    assert_eq!((decoded(&setting), decoded(&setting)), (25, 0));
    assert!(all(&setting.load().unwrap().0).0.contains(&99) || all(&setting.load().unwrap().0).1.contains(&99));
    // Other settings use other cache files.
    let before = setting.images.clone();
    for images in [ImageFolder { side: 3, ..before.clone() }, ImageFolder { channels: Channels::Rgb, ..before.clone() }]
    {
        setting.images = images;
        assert_eq!((decoded(&setting), decoded(&setting)), (25, 0));
    }
    setting.images = before;
    assert_eq!(decoded(&setting), 0);

    // Damage a file, and replace another by a foreign one.
    let files = fs::read_dir(setting.cache()).unwrap().map(|file| file.unwrap().path());
    let caches: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "cache")).collect();
    assert_eq!(caches.len(), 3);
    for damage in [&b"foreign"[..], &[]] {
        for path in &caches {
            fs::write(path, damage).unwrap();
        }
        assert_eq!((decoded(&setting), decoded(&setting)), (25, 0));
    }
    let path = caches.iter().find(|path| fs::metadata(path).unwrap().len() > 100).unwrap();
    let bytes = fs::read(path).unwrap();
    fs::write(path, [&[!bytes[0]; 25 * 24], &bytes[25 * 24..]].concat()).unwrap();
    assert_eq!((decoded(&setting), decoded(&setting)), (25, 0), "held-out images are read immediately");
}

#[test]
fn invalid_images_are_skipped_or_an_error() {
    let mut setting = Setting::new();
    let folder = setting.images.folder.clone();
    fs::write(folder.join("b/text.png"), "no image").unwrap();
    let mut jpeg = Vec::new();
    RgbImage::new(9, 9).write_to(&mut io::Cursor::new(&mut jpeg), ImageFormat::Jpeg).unwrap();
    fs::write(folder.join("a/cut.jpg"), &jpeg[..jpeg.len() - 9]).unwrap();
    for _ in 0..2 {
        // First from the files, and then from the cache.
        let (split, _) = setting.load().unwrap();
        let said = split.train.skipped().to_string();
        let start = "2 files cannot be used as images: a/cut.jpg (the end of the image is missing), b/text.png (";
        assert!(said.starts_with(start), "{said}");
        assert_eq!(Source::<f64>::len(&split.train) + split.test.len(), 25);
    }
    setting.images.strict = true;
    let cut = folder.join("a/cut.jpg");
    let expected = format!("{} cannot be used as an image: the end of the image is missing", cut.display());
    assert_eq!(setting.said(), expected, "from the cache");
    fs::remove_dir_all(setting.cache()).unwrap();
    assert_eq!(setting.said(), expected, "from the files");
    let left: Vec<_> = fs::read_dir(setting.cache()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_some_and(|e| e == "lock")), "{left:?}");
}

#[test]
fn images_are_in_memory_if_the_cache_cannot_be_written() {
    let setting = Setting::new();
    let (cached, _) = setting.load().unwrap();
    assert_eq!(cached.train.not_cached(), None);
    fs::remove_dir_all(setting.cache()).unwrap();
    fs::write(setting.cache(), "a file").unwrap();
    let (split, _) = setting.load().unwrap();
    assert!(split.train.not_cached().is_some());
    assert_eq!(split.test.pixels, cached.test.pixels);
    let all = |stored: &Stored| select::<f64>(stored, &Vec::from_iter(0..Source::<f64>::len(stored))).unwrap();
    assert_eq!(all(&split.train), all(&cached.train));
    assert_eq!(split.train.files(), cached.train.files());
    let fingerprint = |stored: &Stored| Source::<f64>::fingerprint(stored).unwrap();
    assert_eq!(fingerprint(&split.train), fingerprint(&cached.train), "a training can be resumed either way");
}

#[test]
fn too_few_images_and_wrong_sides_are_errors() {
    let mut setting = Setting::new();
    setting.images.side = 0;
    assert_eq!(setting.said(), "the side is 0; it must be from 1 to 4096");
    setting.images.side = 4;
    fs::remove_dir_all(&setting.images.folder).unwrap();
    write(&setting.images.folder.join("one.png"), 1);
    fs::write(setting.images.folder.join("two.png"), "").unwrap();
    let said = setting.said();
    let expected = "has 1 usable image; training needs at least two, one of them held out; 1 file cannot be used as an image: two.png (";
    assert!(said.contains(expected), "{said}");
    write(&setting.images.folder.join("two.png"), 2);
    let (split, _) = setting.load().unwrap();
    assert_eq!((Source::<f64>::len(&split.train), split.test.len(), split.test.labels), (1, 1, None));
}

#[test]
fn whole_folders_and_single_files() {
    let setting = Setting::new();
    let read = |setting: &Setting| setting.images.whole(&setting.cache(), &mut |_, _| ()).unwrap();
    let whole = read(&setting);
    let places = Vec::from_iter(0..25);
    assert_eq!(grays(&select(&whole, &places).unwrap()), (0..25).map(|i| 10 * i).collect::<Vec<u8>>());
    assert_eq!((whole.files()[15].as_str(), whole.labels().unwrap()[15]), ("b/15.png", 1));
    assert_eq!(whole.classes(), Some(vec!["a".to_owned(), "b".to_owned()]));
    // The names of held-out images are the names of their files.
    let (split, decoded) = setting.load().unwrap();
    assert_eq!(decoded, 0, "from the cache");
    let names = split.test.files.unwrap();
    let expected: Vec<u8> = names.iter().map(|name| 10 * name[2..4].parse::<u8>().unwrap()).collect();
    assert_eq!(grays(&split.test.pixels.to_owned()), expected);
    // An invalid image has no index.
    fs::write(setting.images.folder.join("a/03.png"), "no image").unwrap();
    let whole = read(&setting);
    assert_eq!((whole.files().len(), whole.files()[3].as_str()), (24, "a/04.png"));

    let path = setting.images.folder.join("b/20.png");
    let one = ImageFolder { folder: path.clone(), ..setting.images.clone() };
    let image = one.file::<f64>().unwrap();
    assert_eq!((grays(&image.pixels.to_owned()), image.files), (vec![200], Some(vec!["20.png".to_owned()])));
    fs::write(&path, "no image").unwrap();
    let said = one.file::<f64>().unwrap_err().to_string();
    assert!(said.starts_with(&format!("{} cannot be used as an image: ", path.display())), "{said}");
}

#[test]
fn unsupported_formats_are_counted() {
    let setting = Setting::new();
    fs::write(setting.images.folder.join("b/photo.HEIC"), "x").unwrap();
    let (split, _) = setting.load().unwrap();
    let said = split.train.skipped().to_string();
    assert!(said.ends_with("b/photo.HEIC (this format is not supported; convert the file to PNG or JPEG)"), "{said}");
}
