use eae::data::Images;
use eae::metrics::Pca;
use ndarray::{Array2, ArrayView1, Axis, concatenate};
use serde::Serialize;

/// Codes of more numbers have no map: their principal components would take too long to wait for.
const MOST_MAPPED: usize = 512;

/// The first two principal components of the held-out images' codes.
#[derive(Serialize)]
pub(in crate::serve) struct Map {
    points: Vec<[f64; 2]>,
    labels: Option<Vec<u8>>,
    /// The names of the labels, by their numbers.
    classes: Option<Vec<String>>,
    /// The share of the variance that the map shows.
    explained: f64,
    /// Where the code 0 is, and how far each number of a code moves it: where any code is can be
    /// told without asking.
    origin: [f64; 2],
    axes: Vec<[f64; 2]>,
}

impl Map {
    /// None where there are too few codes or of too many numbers, or they are all the same.
    pub(super) fn new(codes: &Array2<f32>, images: &Images<f32>) -> Option<Self> {
        let latent = codes.ncols();
        let pca = (latent <= MOST_MAPPED).then(|| Pca::fit(codes.view(), 2).ok())??;
        // The way is an affine map: it is known from where it takes 0 and each unit.
        let zero = Array2::zeros((1, latent));
        let units = Array2::eye(latent);
        let known = concatenate(Axis(0), &[codes.view(), zero.view(), units.view()]).expect("rows of one length");
        let placed = pca.transform(known.view()).ok()?;
        // A code of one number has one component.
        let place = |row: ArrayView1<'_, f64>| [row[0], row.get(1).copied().unwrap_or(0.0)];
        let mut points: Vec<[f64; 2]> = placed.outer_iter().map(place).collect();
        let mut units = points.split_off(codes.nrows());
        let origin = units.remove(0);
        let axes = units.into_iter().map(|[x, y]| [x - origin[0], y - origin[1]]).collect();
        let (labels, classes) = (images.labels.clone(), images.classes.clone());
        Some(Self { points, labels, classes, explained: pca.explained(), origin, axes })
    }
}
