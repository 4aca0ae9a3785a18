use super::Sequential;
use crate::state::Image;
use crate::{Kind, Real};

impl<F: Real> Sequential<F> {
    /// Returns, before each layer and after the last, the image that a flat row of features
    /// represents, if any. It is known after a [`Flatten`](crate::Flatten) and before an
    /// [`Unflatten`](crate::Unflatten), and across layers that keep features.
    pub(super) fn flat_images(&self) -> Vec<Image> {
        let mut images = vec![None; self.shapes.len()];
        for (i, layer) in self.layers.iter().enumerate() {
            images[i + 1] = match layer.kind() {
                Kind::Flatten { image } => Some(image),
                Kind::Unflatten { .. } => None,
                _ => images[i].filter(|_| layer.keeps_features()),
            };
        }
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let needed = match layer.kind() {
                Kind::Unflatten { image } => Some(image),
                Kind::Flatten { .. } => None,
                _ => images[i + 1].filter(|_| layer.keeps_features()),
            };
            images[i] = images[i].or(needed);
        }
        images
    }
}
