use ndarray::{Array4, ArrayView4, ArrayViewMut4, Axis, NdFloat};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::fingerprint::Fingerprint;
use crate::number::widen;
use crate::{DataError, Images};

/// Images of one shape that are read by index: an array in memory, or [`Stored`](crate::Stored) in
/// a file that may be larger than memory. Functions that train a model or iterate over all images
/// accept a source, such as `images.view()` or `&stored`.
pub trait Source<F: NdFloat> {
    /// Returns the number of images.
    fn len(&self) -> usize;

    /// Returns the height, width and channels.
    fn image_shape(&self) -> [usize; 3];

    /// Reads the images at these indices, in this order, into `batch`
    /// `[places, height, width, channels]`.
    ///
    /// # Errors
    ///
    /// If the images are in a file that cannot be read, or that has changed.
    ///
    /// # Panics
    ///
    /// If an index is out of range, or the batch has another shape.
    fn read(&self, places: &[usize], batch: ArrayViewMut4<'_, F>) -> Result<(), DataError>;

    /// Announces the next read, so that a slow source can fetch the images in the meantime.
    fn prefetch(&self, places: &[usize]) {
        let _ = places;
    }

    /// Returns the first image with a pixel that is NaN or infinite, and that pixel. Images made
    /// from bytes have none.
    fn not_finite(&self) -> Option<(usize, F)> {
        None
    }

    /// Returns a number that other images are unlikely to have.
    ///
    /// # Errors
    ///
    /// See [`read`](Source::read).
    fn fingerprint(&self) -> Result<u64, DataError> {
        let mut fingerprint = Fingerprint::new();
        for batch in batches(self, 250) {
            fingerprint = batch?.iter().fold(fingerprint, |so_far, x| so_far.word(widen(*x).to_bits()));
        }
        Ok(fingerprint.value())
    }

    /// Returns true if there are no images.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<F: NdFloat> Source<F> for ArrayView4<'_, F> {
    fn len(&self) -> usize {
        self.len_of(Axis(0))
    }

    fn image_shape(&self) -> [usize; 3] {
        let (_, height, width, channels) = self.dim();
        [height, width, channels]
    }

    fn read(&self, places: &[usize], mut batch: ArrayViewMut4<'_, F>) -> Result<(), DataError> {
        assert_eq!(batch.len_of(Axis(0)), places.len(), "one image of the batch per index");
        for (mut to, &place) in batch.outer_iter_mut().zip(places) {
            to.assign(&self.index_axis(Axis(0), place));
        }
        Ok(())
    }

    fn not_finite(&self) -> Option<(usize, F)> {
        let mut images = self.outer_iter().enumerate();
        images.find_map(|(place, image)| image.iter().find(|x| !x.is_finite()).map(|&x| (place, x)))
    }
}

impl<F: NdFloat> Source<F> for Images<F> {
    fn len(&self) -> usize {
        Source::len(&self.pixels.view())
    }

    fn image_shape(&self) -> [usize; 3] {
        self.pixels.view().image_shape()
    }

    fn read(&self, places: &[usize], batch: ArrayViewMut4<'_, F>) -> Result<(), DataError> {
        self.pixels.view().read(places, batch)
    }

    fn not_finite(&self) -> Option<(usize, F)> {
        self.pixels.view().not_finite()
    }
}

impl<F: NdFloat, S: Source<F> + ?Sized> Source<F> for &S {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn image_shape(&self) -> [usize; 3] {
        (**self).image_shape()
    }

    fn read(&self, places: &[usize], batch: ArrayViewMut4<'_, F>) -> Result<(), DataError> {
        (**self).read(places, batch)
    }

    fn prefetch(&self, places: &[usize]) {
        (**self).prefetch(places);
    }

    fn not_finite(&self) -> Option<(usize, F)> {
        (**self).not_finite()
    }

    fn fingerprint(&self) -> Result<u64, DataError> {
        (**self).fingerprint()
    }
}

/// Returns the images at these indices, in this order.
///
/// # Errors
///
/// See [`Source::read`].
///
/// # Panics
///
/// If an index is out of range.
pub fn select<F: NdFloat>(source: &(impl Source<F> + ?Sized), places: &[usize]) -> Result<Array4<F>, DataError> {
    let [height, width, channels] = source.image_shape();
    let mut images = Array4::zeros((places.len(), height, width, channels));
    source.read(places, images.view_mut())?;
    Ok(images)
}

/// Returns all images, or the sample that [`choose`] selects, in memory.
///
/// # Errors
///
/// See [`Source::read`].
pub fn sample<F: NdFloat>(source: &(impl Source<F> + ?Sized), most: usize, seed: u64) -> Result<Array4<F>, DataError> {
    select(source, &choose(source.len(), most, seed))
}

/// Returns the indices of `count` items if there are at most `most`, and otherwise a random sample
/// of `most` indices, in order. The seed determines the sample.
pub fn choose(count: usize, most: usize, seed: u64) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let mut places = index::sample(&mut ChaCha8Rng::seed_from_u64(seed), count, most).into_vec();
    places.sort_unstable();
    places
}

/// Returns all images in order, `size` at a time. The next images are fetched while a batch is
/// processed.
pub fn batches<F: NdFloat>(
    source: &(impl Source<F> + ?Sized),
    size: usize,
) -> impl Iterator<Item = Result<Array4<F>, DataError>> {
    let count = source.len();
    let places = move |start: usize| (start..count.min(start + size)).collect::<Vec<_>>();
    (0..count).step_by(size).map(move |start| {
        let batch = select(source, &places(start))?;
        if start + size < count {
            source.prefetch(&places(start + size));
        }
        Ok(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Images<f64> {
        let pixels = Array4::from_shape_fn((601, 2, 3, 1), |(n, y, x, _)| (6 * n + 3 * y + x) as f64 / 3606.0);
        Images::new(pixels)
    }

    #[test]
    fn batches_cover_all_images() {
        let images = images();
        let parts: Vec<Array4<f64>> = batches(&images, 250).map(Result::unwrap).collect();
        assert_eq!(parts.iter().map(|part| part.dim().0).collect::<Vec<_>>(), [250, 250, 101]);
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        assert_eq!(ndarray::concatenate(Axis(0), &views).unwrap(), images.pixels);
        assert_eq!(select(&images, &[7, 600, 7]).unwrap(), images.select(&[7, 600, 7]).pixels);
    }

    #[test]
    fn a_sample_is_everything_or_a_seeded_choice() {
        let images = images();
        assert_eq!(sample(&images, 601, 3).unwrap(), images.pixels);
        let some = |seed| sample(&images, 100, seed).unwrap();
        assert!(some(1) == some(1) && some(1) != some(2));
        let firsts: Vec<f64> = some(1).index_axis(Axis(1), 0).index_axis(Axis(1), 0).iter().copied().collect();
        assert!(firsts.windows(2).all(|pair| pair[0] < pair[1]), "the sample must be in order without repetition");
    }

    #[test]
    fn fingerprints_depend_on_every_bit_and_the_order() {
        let fingerprint = |change: &dyn Fn(&mut Images<f64>)| {
            let mut images = images();
            change(&mut images);
            images.fingerprint().unwrap()
        };
        let same = fingerprint(&|_| ());
        assert_eq!(same, images().pixels.view().fingerprint().unwrap());
        let last = |images: &mut Images<f64>| images.pixels[[600, 1, 2, 0]] = images.pixels[[600, 1, 2, 0]].next_up();
        assert_ne!(fingerprint(&last), same);
        assert_ne!(fingerprint(&|images| images.pixels.swap([0, 0, 0, 0], [1, 0, 0, 0])), same);
        assert_ne!(fingerprint(&|images| *images = images.select(&(0..600).collect::<Vec<_>>())), same);
    }
}
