//! Describes a sampler for the script of a page.

use std::collections::BTreeMap;

use eae::sampler::Sampler;
use ndarray::{ArrayBase, Axis, Data, Dimension};
use serde_json::{Value, json};

use super::numbers::{Numbers, Place};
use crate::sampling;

/// Returns the description of a sampler and adds its arrays to `numbers`.
pub(super) fn described(sampler: &Sampler, numbers: &mut Numbers) -> Value {
    let mut arrays: BTreeMap<&str, Place> = BTreeMap::new();
    let mut knots = 0;
    match sampler {
        // The page treats a Gaussian as a mixture of one component.
        Sampler::Gaussian(gaussian) => {
            arrays.insert("weights", numbers.add_single([1.0]));
            arrays.insert("means", single(numbers, gaussian.mean()));
            arrays.insert("factors", page(numbers, gaussian.root()));
        }
        Sampler::Mixture(mixture) => {
            arrays.insert("weights", single(numbers, mixture.weights()));
            arrays.insert("means", single(numbers, mixture.means()));
            arrays.insert("factors", page(numbers, mixture.factors()));
        }
        // These arrays have single precision. Errors grow from layer to layer, and there is no
        // slope between knots that rounding makes equal.
        Sampler::Gaussianization(map) => {
            let [x, y, slopes] = map.knots();
            knots = x.len_of(Axis(2));
            arrays.insert("mean", single(numbers, map.mean()));
            arrays.insert("directions", single(numbers, map.scaled_directions()));
            arrays.insert("rotations", single(numbers, map.rotations()));
            arrays.insert("x", single(numbers, x));
            arrays.insert("y", single(numbers, y));
            arrays.insert("slopes", single(numbers, slopes));
        }
        _ => {}
    }
    let kind = match sampler {
        Sampler::Gaussian(_) => "mixture",
        other => other.name(),
    };
    json!({
        "name": sampling::flag(sampler), "words": sampler.to_string(), "kind": kind, "knots": knots, "arrays": arrays,
    })
}

fn single<S: Data<Elem = f64>, D: Dimension>(numbers: &mut Numbers, array: ArrayBase<S, D>) -> Place {
    numbers.add_single(array.iter().map(|&x| x as f32))
}

/// Adds an array in the precision of the page, or in single precision if 16 bits would overflow.
fn page<S: Data<Elem = f64>, D: Dimension>(numbers: &mut Numbers, array: ArrayBase<S, D>) -> Place {
    let fits = array.iter().all(|x| x.abs() < f64::from(half::f16::MAX));
    if fits { numbers.add(array.iter().map(|&x| x as f32)) } else { single(numbers, array) }
}
