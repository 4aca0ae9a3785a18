//! What the model makes, as pictures within the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eae::data::Images;
use eae::picture::{PictureError, encode_grid};
use eae::sampler::Sampler;
use eae::{Autoencoder, gallery, interpolation};
use maud::{Markup, html};
use ndarray::{ArrayView4, Axis};

use super::latent::Dimension;
use super::text::{sampler_name, with_code};

const COLUMNS: usize = 10;
/// Pixels of a picture, about: large images are fewer.
const PIXELS: usize = 400_000;
/// Dimensions that are traversed.
pub(super) const TRAVERSED: usize = 16;
const STEPS: usize = 11;

/// All of them; none for a model of what is no image.
pub(super) fn pictures(
    model: &Autoencoder<f32>,
    samplers: &[Sampler],
    held_out: &Images<f32>,
    dimensions: &[Dimension],
    seed: u64,
) -> Result<Option<Markup>, PictureError> {
    let [height, width, channels] = model.image_shape();
    if model.columns().is_some() || ![1, 3].contains(&channels) {
        return Ok(None);
    }
    let rows = |most: usize| (PIXELS / (COLUMNS * height * width)).clamp(1, most);
    let first = |count: usize| held_out.pixels.slice_axis(Axis(0), (..count.min(held_out.len())).into());

    let mut samples = Vec::new();
    // The default sampler and N(0, I): what a user gets, and what the entropy alone achieves.
    let normal = samplers[1..].iter().find(|sampler| sampler.name() == "normal");
    for (sampler, most) in [(&samplers[0], 10)].into_iter().chain(normal.map(|normal| (normal, 5))) {
        let name = sampler.name();
        let codes = sampler.sample(COLUMNS * rows(most), seed);
        let alt = format!("{} decoded draws from {name}", codes.nrows());
        samples.push(grid(model.decode(codes.view()).view(), &sampler_name(name), &alt)?);
    }
    let pairs = gallery::reconstructions(model, first(COLUMNS / 2 * rows(8)));
    let pairs = grid(
        pairs.view(),
        "Each image, and after it what comes back from its code",
        "held-out images, each followed by its reconstruction",
    )?;
    let ways = gallery::interpolations(model, first(2 * rows(8)), COLUMNS);
    let ways = match ways.is_empty() {
        true => None,
        false => Some(grid(
            ways.view(),
            "From the code of one image to that of another, on the spherical way",
            "rows of pictures between two held-out images",
        )?),
    };
    Ok(Some(html! {
        h3 { "Samples" }
        p {
            "Decoded draws by seed " (seed) ", not picked. The first picture is what `eae sample` gives by default"
            @if samples.len() > 1 { ", the second what the entropy alone achieves" }
            "."
        }
        div.grids.samples { @for picture in &samples { (picture) } }
        h3 { "Reconstructions and interpolations" }
        p { "Of held-out images." }
        div.grids { (pairs) @if let Some(ways) = ways { (ways) } }
        (traversals(model, first(1), dimensions)?)
    }))
}

/// What each dimension does to the first held-out image.
fn traversals(
    model: &Autoencoder<f32>,
    image: ArrayView4<'_, f32>,
    dimensions: &[Dimension],
) -> Result<Markup, PictureError> {
    let code = model.encode(image);
    let mut order: Vec<&Dimension> = dimensions.iter().collect();
    order.sort_by(|a, b| b.effect.total_cmp(&a.effect));
    let mut rows = Vec::new();
    for dimension in order.into_iter().take(TRAVERSED) {
        let Dimension { index, mean, sd, .. } = *dimension;
        let mut centre = code.row(0).to_owned();
        centre[index] = mean as f32;
        let row = model.decode(interpolation::traversals(centre.view(), &[index], 2.5 * sd, STEPS).view());
        let name = format!("z{}", index + 1);
        rows.push((image_tag(row.view(), STEPS, &format!("{name} from low to high"))?, name));
    }
    let few = dimensions.len() > TRAVERSED;
    Ok(html! {
        h3 { "Traversals" }
        p {
            "The first held-out image with one number of its code changed, from 2.5 standard deviations below the mean of all codes to 2.5 above. "
            "The dimensions that change the picture most come first"
            @if few { ", and only " (TRAVERSED) " of " (dimensions.len()) " are shown" }
            "."
        }
        div.traversals { @for (row, name) in &rows { div.traversal { span { (name) } (row) } } }
    })
}

fn grid(images: ArrayView4<'_, f32>, caption: &str, alt: &str) -> Result<Markup, PictureError> {
    let tag = image_tag(images, COLUMNS, alt)?;
    Ok(html! { figure.picture { (tag) figcaption { (with_code(caption)) } } })
}

/// Small images enlarged, so that the page can fit them to its width and they stay sharp.
fn image_tag(images: ArrayView4<'_, f32>, columns: usize, alt: &str) -> Result<Markup, PictureError> {
    let (count, height, width, _) = images.dim();
    let columns = columns.min(count);
    let zoom = (96 / width.max(height)).clamp(1, 3);
    let source = format!("data:image/png;base64,{}", STANDARD.encode(encode_grid(images, columns, zoom)?));
    let [wide, high] = [width * zoom * columns + columns + 1, (height * zoom + 1) * count.div_ceil(columns) + 1];
    Ok(html! { img src=(source) alt=(alt) width=(wide) height=(high) style=(format!("max-width:{wide}px")); })
}
