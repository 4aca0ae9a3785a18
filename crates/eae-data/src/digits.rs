use ndarray::{ArcArray, NdFloat};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::number::pixel;
use crate::{Idx, Images, Split};

const IMAGES: &[u8] = include_bytes!("../data/t10k-images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../data/t10k-labels-idx1-ubyte.gz");

/// Height and width of an image.
const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;
/// Number of images that are held out.
const HELD_OUT: usize = 1_000;

/// Returns 10 000 embedded handwritten digits of 28 x 28 pixels: the test half of MNIST (Y. LeCun
/// and C. Cortes, CC BY-SA 3.0). A fixed seed splits them into 9 000 for training and 1 000 held
/// out.
pub fn digits<F: NdFloat>() -> Split<F> {
    let images = Idx::parse(IMAGES).expect("the embedded file is whole");
    let labels = Idx::parse(LABELS).expect("the embedded file is whole");
    let mut places: Vec<usize> = (0..labels.bytes.len()).collect();
    // The seed is part of the data set's definition. With another seed, results would not be
    // comparable.
    places.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    let (test, train) = places.split_at(HELD_OUT);
    let [train, test] = [train, test].map(|places| {
        let pixels: ArcArray<F, _> = rows(&images.bytes, PIXELS, places).into_iter().map(pixel).collect();
        let pixels = pixels.into_shape_with_order((places.len(), SIDE, SIDE, 1)).expect("whole images");
        Images::new(pixels).labels(Some(rows(&labels.bytes, 1, places)))
    });
    Split { train, test }
}

/// Returns the rows at these places, each of `size` bytes.
fn rows(bytes: &[u8], size: usize, places: &[usize]) -> Vec<u8> {
    places.iter().flat_map(|&place| &bytes[place * size..][..size]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_split_and_complete() {
        let Split { train, test } = digits::<f32>();
        assert_eq!((train.pixels.dim(), test.pixels.dim()), ((9_000, 28, 28, 1), (1_000, 28, 28, 1)));
        let count =
            |label| [&train, &test].iter().flat_map(|s| s.labels.as_ref().unwrap()).filter(|&&l| l == label).count();
        // Counts of each digit in MNIST's test half.
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(count), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
        assert!(train.pixels.iter().all(|&x| (0.0..=1.0).contains(&x)));
        assert!((train.pixels.mean().unwrap() - 0.13).abs() < 0.01);
    }
}
