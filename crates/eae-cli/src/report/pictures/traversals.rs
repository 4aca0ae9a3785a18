//! Traversals: images in which one latent dimension changes.

use eae::picture::PictureError;
use eae::{Autoencoder, interpolation};
use maud::{Markup, html};
use ndarray::ArrayView4;

use super::grid::{image_tag, named_rows};
use crate::report::latent::Dimension;

/// Maximum number of dimensions to show.
const TRAVERSED: usize = 16;
const STEPS: usize = 11;

/// Shows the effect of each dimension on the first held-out image.
pub(super) fn traversals(
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
        let mut center = code.row(0).to_owned();
        center[index] = mean as f32;
        let row = model.decode(interpolation::traversals(center.view(), &[index], 2.5 * sd, STEPS).view());
        let name = format!("z{index}");
        let tag = image_tag(row.view(), STEPS, &format!("decoded images for increasing {name}"))?;
        rows.push((name, tag));
    }
    let few = dimensions.len() > TRAVERSED;
    Ok(html! {
        h3 { "Traversals" }
        p {
            "Each row changes one latent dimension of the first held-out image, from 2.5 standard deviations below the mean of all codes to 2.5 above. "
            "The dimensions with the largest effect come first"
            @if few { ", and only " (TRAVERSED) " of " (dimensions.len()) " are shown" }
            "."
        }
        (named_rows(&rows))
    })
}
