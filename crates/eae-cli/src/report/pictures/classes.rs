//! Samples of each class.

use eae::Autoencoder;
use eae::picture::PictureError;
use eae::sampler::Sampler;
use maud::{Markup, html};

use super::grid::{image_tag, named_rows};

/// Maximum number of classes to show.
const MOST: usize = 20;
const COLUMNS: usize = 10;

/// Shows a row of decoded draws for each class.
pub(super) fn classes(
    model: &Autoencoder<f32>,
    classes: &[(u8, String, Sampler)],
    seed: u64,
) -> Result<Markup, PictureError> {
    let mut rows = Vec::new();
    for (_, name, sampler) in classes.iter().take(MOST) {
        let images = model.decode(sampler.sample(COLUMNS, seed).view());
        let alt = format!("{COLUMNS} decoded draws of the class {name}");
        rows.push((name.clone(), image_tag(images.view(), COLUMNS, &alt)?));
    }
    let few = classes.len() > MOST;
    Ok(html! {
        @if !rows.is_empty() {
            h3 { "Samples of each class" }
            p {
                "Decoded draws from the density fitted to the codes of each class, as with " code { "eae sample --label" }
                "."
                @if few { " Only the first " (MOST) " of " (classes.len()) " classes are shown." }
            }
            (named_rows(&rows))
        }
    })
}
