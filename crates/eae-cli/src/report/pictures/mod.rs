//! Decoded images, as pictures within the page.

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
pub(super) use classes::Class;
use classes::classes;
use grid::grid;
use traversals::traversals;

const COLUMNS: usize = 10;
/// Pixels of a picture, about: large images are fewer.
const PIXELS: usize = 400_000;

/// What there is to make pictures of.
pub(super) struct Shown<'a> {
    pub(super) model: &'a Autoencoder<f32>,
    /// The default first.
    pub(super) samplers: &'a [Sampler],
    pub(super) classes: &'a [Class],
    pub(super) held_out: &'a Images<f32>,
    pub(super) dimensions: &'a [Dimension],
    /// How good the samples are.
    pub(super) draws: Option<&'a SampleReport>,
    pub(super) seed: u64,
}

/// All pictures; none for a model of what is no image.
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
        "Each image, and after it what comes back from its code",
        "held-out images, each followed by its reconstruction",
    )?;
    let ways = gallery::interpolations(model, first(2 * rows), COLUMNS);
    let ways = match ways.is_empty() {
        true => None,
        false => Some(grid(
            ways.view(),
            COLUMNS,
            "From the code of one image to that of another, on the spherical way",
            "rows of pictures between two held-out images",
        )?),
    };
    Ok(Some(html! {
        (shown.samples()?)
        (classes(model, shown.classes, seed)?)
        h3 { "Reconstructions and interpolations" }
        p { "Of held-out images." }
        div.grids { (pairs) @if let Some(ways) = ways { (ways) } }
        (traversals(model, first(1), dimensions)?)
    }))
}

impl Shown<'_> {
    /// The rows of a picture, at most so many.
    fn rows(&self, most: usize) -> usize {
        let [height, width, _] = self.model.image_shape();
        (PIXELS / (COLUMNS * height * width)).clamp(1, most)
    }

    /// What the default sampler gives, and beside it half as much from N(0, I).
    fn samples(&self) -> Result<Markup, PictureError> {
        let Shown { samplers, draws, seed, .. } = *self;
        let default = &samplers[0];
        let normal = samplers[1..].iter().find(|sampler| sampler.name() == "normal");
        let picture = |sampler: &Sampler, columns: usize, achieves: &str| {
            let images = self.model.decode(sampler.sample(columns * self.rows(10), seed).view());
            let name = sampler_name(sampler.name());
            let quality = draws.and_then(|draws| draws.samples.iter().find(|one| one.sampler == sampler.name()));
            let score = quality
                .map_or_else(String::new, |one| format!(", a Frechet distance of {}", short(one.quality.frechet)));
            let alt = format!("{} decoded draws from {}", images.len_of(Axis(0)), sampler.name());
            grid(images.view(), columns, &format!("{name}: {achieves}{score}"), &alt)
        };
        let floor = draws.and_then(|draws| draws.floor).map(|floor| floor.frechet);
        Ok(html! {
            h3 { "Samples" }
            p {
                "Decoded draws by seed " (seed) ", not picked. " code { "eae sample" } " draws from " (default) " by default."
                @if let Some(floor) = floor { " Real images in their place have a Frechet distance of " (short(floor)) "." }
            }
            @match normal {
                Some(normal) => div.samples {
                    (picture(default, COLUMNS, "what a density fitted to the codes adds")?)
                    (picture(normal, COLUMNS / 2, "what the entropy alone achieves")?)
                },
                None => (picture(default, 2 * COLUMNS, "what the entropy alone achieves")?),
            }
        })
    }
}
