//! Grids of images.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eae::picture::{PictureError, encode_grid};
use maud::{Markup, html};
use ndarray::ArrayView4;

use crate::report::enlarge::enlarge;
use crate::report::text::with_code;

/// Shows images in a grid with a caption.
pub(super) fn grid(
    images: ArrayView4<'_, f32>,
    columns: usize,
    caption: &str,
    alt: &str,
) -> Result<Markup, PictureError> {
    let picture = enlarge(&image_tag(images, columns, alt)?);
    Ok(html! { figure.picture { (picture) figcaption { (with_code(caption)) } } })
}

/// Shows rows of images, each with its name on the left.
pub(super) fn named_rows(rows: &[(String, Markup)]) -> Markup {
    html! {
        div.rows {
            @for (name, row) in rows { figure.row { figcaption { (name) } (enlarge(row)) } }
        }
    }
}

/// Encodes images as one picture. Small images are enlarged to stay sharp at the width of the page.
pub(super) fn image_tag(images: ArrayView4<'_, f32>, columns: usize, alt: &str) -> Result<Markup, PictureError> {
    let (count, height, width, _) = images.dim();
    let columns = columns.min(count);
    let zoom = (96 / width.max(height)).clamp(1, 3);
    let source = format!("data:image/png;base64,{}", STANDARD.encode(encode_grid(images, columns, zoom)?));
    let class = (count == columns).then_some("strip");
    let [wide, high] = [width * zoom * columns + columns + 1, (height * zoom + 1) * count.div_ceil(columns) + 1];
    Ok(
        html! { img class=[class] src=(source) alt=(alt) width=(wide) height=(high) style=(format!("max-width:{wide}px")); },
    )
}
