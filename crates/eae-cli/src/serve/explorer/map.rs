use eae::data::Images;
use eae::metrics::Pca;
use ndarray::{Array2, ArrayView1, Axis, concatenate};
use serde::Serialize;

/// Largest latent dimension with a map. Principal components of longer codes take too long.
pub(in crate::serve) const MOST_MAPPED: usize = 512;

/// Map of the codes of held-out images, along their first two principal components.
#[derive(Serialize)]
pub(in crate::serve) struct Map {
    points: Vec<[f64; 2]>,
    labels: Option<Vec<u8>>,
    /// Names of the classes, indexed by label.
    classes: Option<Vec<String>>,
    /// Fraction of the variance that the map explains.
    explained: f64,
    /// Position of the code 0. With `axes`, the page computes the position of any code by itself.
    origin: [f64; 2],
    /// Displacement by a unit of each number of a code.
    axes: Vec<[f64; 2]>,
}

impl Map {
    /// Returns `None` if there are too few codes, if they are too long, or if all are equal.
    pub(super) fn new(codes: &Array2<f32>, images: &Images<f32>) -> Option<Self> {
        let latent = codes.ncols();
        let pca = (latent <= MOST_MAPPED).then(|| Pca::fit(codes.view(), 2).ok())??;
        // The projection is affine. The images of 0 and of each unit vector determine it.
        let zero = Array2::zeros((1, latent));
        let units = Array2::eye(latent);
        let known = concatenate(Axis(0), &[codes.view(), zero.view(), units.view()]).expect("rows of one length");
        let placed = pca.transform(known.view()).ok()?;
        // A code of one number has only one component.
        let place = |row: ArrayView1<'_, f64>| [row[0], row.get(1).copied().unwrap_or(0.0)];
        let mut points: Vec<[f64; 2]> = placed.outer_iter().map(place).collect();
        let mut units = points.split_off(codes.nrows());
        let origin = units.remove(0);
        let axes = units.into_iter().map(|[x, y]| [x - origin[0], y - origin[1]]).collect();
        let (labels, classes) = (images.labels.clone(), images.classes.clone());
        Some(Self { points, labels, classes, explained: pca.explained(), origin, axes })
    }
}
