//! Pictures of decoded images.

mod classes;
mod grid;
mod traversals;

use eae::data::Images;
use eae::evaluation::SampleReport;
use eae::picture::PictureError;
use eae::sampler::Sampler;
use eae::{Autoencoder, gallery};
use maud::{Markup, html};
use ndarray::Axis;

use super::latent::Dimension;
use super::number::short;
use super::text::sampler_name;
use classes::classes;
use grid::grid;
use traversals::traversals;

const COLUMNS: usize = 10;
/// Approximate number of pixels in a picture, which limits the number of large images.
const PIXELS: usize = 400_000;

/// Results that the pictures show.
pub(super) struct Shown<'a> {
    pub(super) model: &'a Autoencoder<f32>,
    /// The samplers, with the default one first.
    pub(super) samplers: &'a [Sampler],
    pub(super) classes: &'a [(u8, String, Sampler)],
    pub(super) held_out: &'a Images<f32>,
    pub(super) dimensions: &'a [Dimension],
    /// Quality of the samples.
    pub(super) draws: Option<&'a SampleReport>,
    pub(super) seed: u64,
}

/// Returns all pictures, or `None` for a model of tables or of other data that are not images.
pub(super) fn pictures(shown: &Shown<'_>) -> Result<Option<Markup>, PictureError> {
    let Shown { model, held_out, dimensions, seed, .. } = *shown;
    let [_, _, channels] = model.image_shape();
    if model.columns().is_some() || ![1, 3].contains(&channels) {
        return Ok(None);
    }
    let first = |count: usize| held_out.pixels.slice_axis(Axis(0), (..count.min(held_out.len())).into());
    let rows = shown.rows(8);
    let pairs = gallery::reconstructions(model, first(COLUMNS / 2 * rows));
    let pairs = grid(
        pairs.view(),
        COLUMNS,
        "Held-out images, each followed by its reconstruction",
        "held-out images, each followed by its reconstruction",
    )?;
    let ways = gallery::interpolations(model, first(2 * rows), COLUMNS);
    let ways = match ways.is_empty() {
        true => None,
        false => Some(grid(
            ways.view(),
            COLUMNS,
            "Spherical interpolation between the codes of two held-out images",
            "rows of pictures between two held-out images",
        )?),
    };
    Ok(Some(html! {
        (shown.samples()?)
        (classes(model, shown.classes, seed)?)
        h3 { "Reconstructions and interpolations" }
        div.grids { (pairs) @if let Some(ways) = ways { (ways) } }
        (traversals(model, first(1), dimensions)?)
    }))
}

impl Shown<'_> {
    /// Returns the number of rows in a picture, at most `most`.
    fn rows(&self, most: usize) -> usize {
        let [height, width, _] = self.model.image_shape();
        (PIXELS / (COLUMNS * height * width)).clamp(1, most)
    }

    /// Shows samples from the default sampler, with half as many from N(0, I) on the right.
    fn samples(&self) -> Result<Markup, PictureError> {
        let Shown { samplers, draws, seed, .. } = *self;
        let default = &samplers[0];
        let normal = samplers[1..].iter().find(|sampler| sampler.name() == "normal");
        let picture = |sampler: &Sampler, columns: usize, density: &str| {
            let images = self.model.decode(sampler.sample(columns * self.rows(10), seed).view());
            let name = sampler_name(sampler.name());
            let quality = draws.and_then(|draws| draws.samples.iter().find(|one| one.sampler == sampler.name()));
            let score =
                quality.map_or_else(String::new, |one| format!(", Frechet distance {}", short(one.quality.frechet)));
            let alt = format!("{} decoded draws from {}", images.len_of(Axis(0)), sampler.name());
            grid(images.view(), columns, &format!("{name}: {density}{score}"), &alt)
        };
        let floor = draws.and_then(|draws| draws.floor).map(|floor| floor.frechet);
        Ok(html! {
            h3 { "Samples" }
            p {
                "Decoded draws with seed " (seed) ", not selected by hand. " code { "eae sample" } " draws from " (default) " by default."
                @if let Some(floor) = floor { " For comparison, training images have a Frechet distance of " (short(floor)) "." }
            }
            @match normal {
                Some(normal) => div.samples {
                    (picture(default, COLUMNS, "density fitted to the codes")?)
                    (picture(normal, COLUMNS / 2, "no fitted density")?)
                },
                None => (picture(default, 2 * COLUMNS, "no fitted density")?),
            }
        })
    }
}
